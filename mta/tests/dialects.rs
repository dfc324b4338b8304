//! Files of other sendmails under their dialects (`docs/dialects.md`).

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program with the words, and the file if they end in `-C`.
fn run(words: &[&str], file: &Path, input: &str) -> (String, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(words)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { stdout, stderr, status } = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    (text, status.code().unwrap())
}

/// What is said of the file's level, and of a host whose name has no dot.
fn is_of_host(line: &str) -> bool {
    line.starts_with("Warning: .cf file is out of date")
        || line.starts_with("WARNING: local host name (")
}

/// What test mode says, from the first prompt on; nothing may be complained about.
fn talk(dialect: &str, text: &str, input: &str) -> String {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = dir.path().join("vendor.cf");
    std::fs::write(&file, text).unwrap();
    let (said, status) = run(&["--dialect", dialect, "-bt", "-C"], &file, input);
    let (messages, answers) = said.split_once("\n> ").unwrap();
    let expected =
        "ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>";
    assert_eq!(
        messages.lines().filter(|line| !is_of_host(line)).collect::<Vec<_>>().join("\n"),
        expected
    );
    assert_eq!(status, 0, "{said}");
    answers.to_owned()
}

/// The last line of each answer.
fn last_lines(answers: &str) -> Vec<&str> {
    answers.split("> ").filter_map(|answer| answer.trim_end().lines().last()).collect()
}

const MAILERS: &str = "Mlocal, P=/bin/true, F=l, A=true\nMprog, P=/bin/true, F=l, A=true\n";

#[test]
fn sun_patterns_know_the_hosts_file() {
    let text = format!(
        "V1/Sun\nDAhosts.byname\nOR\nLxnosuchkey\nS3\nR$+@$%y\t\t$@ known $1\nR$%A\t\t$@ single\n{MAILERS}"
    );
    let answers = talk("sun", &text, "3 joe@localhost\n3 joe@no.such.host\n3 localhost\n");
    assert_eq!(
        last_lines(&answers),
        [
            "3                returns: known joe",
            "3                returns: joe @ no . such . host",
            "3                returns: single",
        ]
    );
    // The vendor on the V line is enough when asked.
    assert_eq!(talk("auto", &text, "3 localhost\n"), talk("sun", &text, "3 localhost\n"));
}

#[test]
fn old_berkeley_files_load_without_a_message() {
    let text = format!(
        "ONARPA\nOW*\nODFalse\nMtcp, P=[IPC], F=m, A=IPC $h, E=\\r\\n\nS0\nR$+@$+\t$#tcp$@$2$:$1\n{MAILERS}"
    );
    let answers = talk("bsd", &text, "0 joe@b\n=M\n");
    assert!(answers.contains("returns: $# tcp $@ b $: joe\n"), "{answers}");
    assert!(answers.contains("A=TCP $h\n"), "{answers}");
}

#[test]
fn ida_databases_are_maps() {
    let text = format!(
        "Do.:%@!^=/[]\nOKP/no/such/pathtable\nS3\nR$-!$+\t\t$@ $(P $1 $@ $2 $: backbone!$1!$2 $)\n{MAILERS}"
    );
    let answers = talk("ida", &text, "3 sun!joe\n");
    assert!(answers.contains("returns: backbone ! sun ! joe\n"), "{answers}");
}

#[test]
fn what_is_not_run_is_told_and_counts() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = dir.path().join("sun.cf");
    std::fs::write(&file, "V1/Sun\nS3\nR$*@$%x\t$@ $1\n").unwrap();
    let (said, status) = run(&["--dialect", "sun", "-bt", "-C"], &file, "");
    let place = format!("{}: line 3: dialect sun: not run: mail exchangers", file.display());
    assert!(said.starts_with(&place), "{said}");
    assert_eq!(status, 70);
    let (said, status) = run(&["dialect", "sun"], &file, "");
    assert!(said.starts_with("V1/Berkeley\nS3\n#R$*@$%x\t$@ $1\n"), "{said}");
    assert_eq!(status, 70);
    let (said, status) = run(&["--dialect", "vms", "-bt", "-C"], &file, "");
    assert_eq!((said.as_str(), status), ("sendmail: no dialect vms (auto, bsd, ida, sun)\n", 64));
}

/// Old files of Berkeley (and one of another program with a local patch), where there is a collection
/// of them beside the repository.
#[test]
fn collected_files_have_only_the_messages_that_belong_to_this_host() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/cf");
    let Ok(entries) = std::fs::read_dir(&dir) else { return eprintln!("SKIPPED: no collection") };
    let mut seen = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !["386bsd", "43"].iter().any(|start| name.starts_with(start)) {
            continue;
        }
        seen += 1;
        let (said, _) = run(&["--dialect", "bsd", "-bt", "-C"], &path, "0 joe\n");
        let (messages, answers) = said.split_once("\n> ").unwrap();
        let of_file = |line: &&str| {
            ["cannot open '", "out of bounds"].iter().any(|known| line.contains(known))
        };
        let rest: Vec<&str> =
            messages.lines().filter(|line| !is_of_host(line) && !of_file(line)).collect();
        assert_eq!(rest.len(), 2, "{name}: {rest:?}");
        assert!(answers.contains("returns: $# "), "{name}: {answers}");
    }
    assert!(seen >= 8, "{seen}");
}
