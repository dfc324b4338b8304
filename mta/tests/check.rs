//! `bangpath check` as a command: exit statuses, forms of output, edits, sendmail's own words, tables.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the command on a machine called `mail.example.com`; what it prints, and its status.
fn check(words: &[&str], file: &Path) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(["check", "--fact", "host mail.example.com"])
        .args(words)
        .arg(file)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap())
}

const GOOD: &str = "\
V10/Berkeley
O QueueDirectory=/var/spool/mqueue
O OperatorChars=.:%@!^/[]+
O DaemonPortOptions=Name=MTA, Addr=127.0.0.1
Scanonify=3
R$*\t$: $1
Sparse=0
R$*\t$#local $: $1
Mlocal, P=/bin/mail, F=lsDFMAw5:/|@qu, A=mail -d $u
Msmtp, P=[IPC], F=mDFMuX, A=TCP $h
";

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

#[test]
fn statuses() {
    let files = Files::new();
    let good = files.write("good.cf", GOOD);
    let (said, status) = check(&[], &good);
    // the mailer smtp is a note, which does not count
    assert!(said.contains("note[BP0502]") && said.ends_with("good.cf: 1 note\n"), "{said}");
    assert_eq!(status, 0);
    let bad = files.write("bad.cf", &[GOOD, "O LogLev=9\n"].concat());
    assert_eq!(check(&[], &bad).1, 1);
    assert_eq!(check(&[], &files.0.path().join("none.cf")).1, 2);
    assert_eq!(check(&["--kind", "nothing"], &good).1, 2);
    assert_eq!(check(&["--explain", "BP9999"], &good).1, 2);
    let (said, status) = check(&["--explain", "tab-missing"], &good);
    assert!(said.starts_with("# BP0101 tab-missing\n") && status == 0, "{said}");
}

#[test]
fn objects() {
    let files = Files::new();
    let bad = files.write("bad.cf", &[GOOD, "O LogLev=9\n"].concat());
    let (said, _) = check(&["--format", "json"], &bad);
    let lines: Vec<&str> = said.lines().collect();
    let expected = "\"code\":\"BP0203\",\"column\":3,\"end_column\":9,\"end_line\":11";
    assert!(lines.iter().any(|line| line.contains(expected)), "{said}");
    let last = lines.last().unwrap();
    assert!(last.contains("\"type\":\"checked\"") && last.contains("\"warnings\":1"), "{said}");
}

#[test]
fn edits_are_made_in_the_file() {
    let files = Files::new();
    let rule = "Slocaladdr=5\nR$+ @ $+   $: $1 % $2\n";
    let bad = files.write("bad.cf", &[GOOD, "O LogLev=9\n", rule].concat());
    let (said, status) = check(&["--fix"], &bad);
    assert!(said.contains("2 mended\n"), "{said}");
    assert_eq!(status, 0, "{said}");
    let mended = [GOOD, "O LogLevel=9\n", &rule.replace("   $:", "\t$:")].concat();
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), mended);
}

#[test]
fn the_words_of_sendmail() {
    let files = Files::new();
    let bad = files.write("bad.cf", &[GOOD, "O LogLev=9\nR$* $1\nlookup\n"].concat());
    let (said, status) = check(&["--classic"], &bad);
    let path = bad.display();
    let expected = [
        format!("{path}: line 11: Option LogLev used as abbreviation for LogLevel\n"),
        format!("{path}: line 12: invalid rewrite line \"R\u{1}* \u{1}1\" (tab expected)\n"),
        format!("{path}: line 13: unknown configuration line \"lookup\"\n"),
    ];
    assert_eq!(said, expected.concat());
    assert_eq!(status, 70);
}

#[test]
fn tables_with_and_without_a_configuration() {
    let files = Files::new();
    let cf = files.write("site.cf", GOOD);
    let table = files.write("mailertable", "x.example esmtp:y.example\n");
    assert_eq!(check(&[], &table).1, 0);
    let (said, status) = check(&["-C", cf.to_str().unwrap()], &table);
    assert!(said.contains("there is no mailer `esmtp`") && status == 1, "{said}");
    // by the rules of this file everything is local
    let aliases = files.write("names", "postmaster: root\njoe@x.example: joe\n");
    let (said, status) = check(&["--kind", "aliases"], &aliases);
    assert!(said.contains("cannot alias non-local names") && status == 1, "{said}");
    let (said, status) = check(&["--kind", "aliases", "-C", cf.to_str().unwrap()], &aliases);
    assert_eq!((said.as_str(), status), ("", 0));
}

#[test]
fn files_of_a_copy() {
    let files = Files::new();
    std::fs::create_dir_all(files.0.path().join("etc/mail")).unwrap();
    let lines = "Kaccess hash /etc/mail/access\nSlocaladdr=5\nR$+\t$: $(access $1 $)\n";
    let cf = files.write("site.cf", &[GOOD, lines].concat());
    let root = files.0.path().to_str().unwrap();
    let (said, _) = check(&["--root", root], &cf);
    assert!(said.contains("the database `/etc/mail/access.db` does not exist"), "{said}");
    files.write("etc/mail/access", "x OK\n");
    let (said, _) = check(&["--root", root], &cf);
    assert!(said.contains("`/etc/mail/access` has no database"), "{said}");
    assert!(!check(&[], &cf).0.contains("access"), "files are not looked at");
}
