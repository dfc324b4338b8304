//! Where lines come from, with the m4 package of this machine: files built of known sources are traced
//! back to sources that build them again.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use workbench::origin::{lines, shape, shapes};

const PACKAGE: &str = "/usr/share/sendmail/cf";

/// Whether m4 and the package are there; says loudly if not.
fn installed() -> bool {
    let m4 = Command::new("m4").arg("--version").stdout(Stdio::null()).status();
    let there = m4.is_ok_and(|status| status.success()) && Path::new(PACKAGE).join("m4").is_dir();
    if !there {
        let required = std::env::var_os("BANGPATH_REQUIRE_ORACLE").is_some();
        assert!(!required, "m4 or {PACKAGE} is not installed");
        eprintln!("SKIPPED: m4 or {PACKAGE} is not installed");
    }
    there
}

/// What m4 makes of a source.
fn build(mc: &[u8]) -> Vec<u8> {
    let mut child = Command::new("m4")
        .args([
            &format!("-D_CF_DIR_={PACKAGE}/"),
            "-D_NO_MAKEINFO_",
            &format!("{PACKAGE}/m4/cf.m4"),
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mc = mc.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&mc));
    let built = child.wait_with_output().unwrap().stdout;
    writer.join().unwrap().unwrap();
    built
}

/// Sources: those of the package, of the comparison with sendmail, and of the corpus where it is.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        PathBuf::from(PACKAGE).join("cf"),
        root.join("../compat-tests/mc"),
        root.join("../../shared/corpus/mc"),
    ];
    let entries = |folder: &PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = folders.iter().flat_map(entries).map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "mc"));
    files.sort();
    files
}

/// Of which the proposal does not build every line again: what it takes is not in any line, or stands
/// in a place of its own.
const NOT_EXACT: [&str; 8] = [
    "domain-maps.mc",
    "knecht.mc",
    "procmail-and-ports.mc",
    "rare-mailers.mc",
    "routed-preserving.mc",
    "strict-transport.mc",
    "ucbvax.mc",
    "with-uucp-everywhere.mc",
];

#[test]
fn known_sources_are_found_again() {
    if !installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (mut tried, mut exact) = (0, 0);
    for path in sources() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let built = build(&std::fs::read(&path).unwrap());
        let file = directory.path().join("x.cf");
        std::fs::write(&file, &built).unwrap();
        let proposed = Command::new(env!("CARGO_BIN_EXE_bangpath"))
            .args(["origin", "--mc", "-C"])
            .arg(&file)
            .output()
            .unwrap();
        let again = build(&proposed.stdout);
        let texts =
            |bytes: &[u8]| lines(bytes).into_iter().map(|line| line.text).collect::<Vec<_>>();
        let same = texts(&again) == texts(&built);
        assert_eq!(
            proposed.status.code(),
            Some(i32::from(!same)),
            "{name}: what it says of itself"
        );
        if !NOT_EXACT.contains(&&name[..]) {
            assert!(same, "{}: {}", path.display(), String::from_utf8_lossy(&proposed.stdout));
        }
        tried += 1;
        exact += usize::from(same);
    }
    eprintln!("{exact} of {tried} sources are found again");
    assert!(tried > 50);
}

#[test]
fn edits_by_hand_show() {
    if !installed() {
        return;
    }
    let mc = b"OSTYPE(`linux')\nFEATURE(`access_db')\nMAILER(`local')\nMAILER(`smtp')\nLOCAL_RULE_0\nRmine\t$@ x\n";
    let built = String::from_utf8(build(mc)).unwrap();
    let edited = built.replace("Kdequote dequote", "Kdequote dequote -s.\nDQmine");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.cf");
    std::fs::write(&file, &edited).unwrap();
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_bangpath"))
            .arg("origin")
            .args(more)
            .arg("-C")
            .arg(&file)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, report) = run(&[]);
    let number = |text: &str| edited.lines().position(|line| line == text).unwrap() + 1;
    let told = |line: usize| {
        let section = report.lines().find(|told| {
            let place = told.rsplit(".cf:").next().unwrap().split(' ').next().unwrap();
            let (first, last) = place.split_once('-').unwrap_or((place, place));
            let number = |text: &str| text.parse::<usize>().unwrap_or(0);
            told.contains(".cf:") && (number(first)..=number(last)).contains(&line)
        });
        section.unwrap_or_else(|| panic!("line {line}: {report}")).to_owned()
    };
    assert!(
        told(number("DQmine")).contains("by hand") || told(number("DQmine")).contains("LOCAL"),
        "{report}"
    );
    assert!(told(number("Kdequote dequote -s.")).contains("confDEQUOTE_OPTS"), "{report}");
    assert!(told(number("Rmine\t$@ x")).contains("LOCAL_RULE_0"), "{report}");
    assert!(told(number("C{Accept}OK RELAY")).contains("FEATURE(access_db) 8.28"), "{report}");
    assert!(matches!(status, Some(0 | 1)));
    // Without m4, shapes tell.
    let (status, report) = run(&["--no-build"]);
    assert_eq!(status, Some(0));
    for words in [
        "shaped as FEATURE(access_db)",
        "shaped as MAILER(smtp)",
        "m4/proto.m4",
        "not of the package",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
}

/// A source with these lines in front of the usual mailers.
fn shapes_of(statements: &str, mailers: &str) -> Vec<u64> {
    let built = build(format!("{statements}\nMAILER(`local')\n{mailers}").as_bytes());
    lines(&built).iter().map(|line| shape(&line.text)).collect()
}

/// The names of files in a folder of the package.
fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(PACKAGE).join(folder)).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter_map(|n| Some(n.strip_suffix(".m4")?.to_owned())).collect();
    names.sort();
    names
}

/// The table: shapes and where lines of them come from.
fn table() -> BTreeMap<u64, String> {
    let mut table = BTreeMap::new();
    let smtp = "MAILER(`smtp')\n";
    let base = build(b"MAILER(`local')\nMAILER(`smtp')\n");
    // What is commented out is set in other files.
    let out = base.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"#O "));
    for option in out {
        table.insert(shape(&[b"O ", option].concat()), "m4/proto.m4".to_owned());
    }
    for found in shapes_of("", smtp) {
        table.insert(found, "m4/proto.m4".to_owned());
    }
    let no_smtp = shapes_of("", "");
    for found in shapes_of("", smtp).into_iter().filter(|found| !no_smtp.contains(found)) {
        table.insert(found, "MAILER(smtp)".to_owned());
    }
    let mut more: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut add = |known: &BTreeMap<u64, String>, found: Vec<u64>, name: String| {
        for found in found.into_iter().filter(|found| !known.contains_key(found)) {
            let names = more.entry(found).or_default();
            if !names.contains(&name) {
                names.push(name.clone());
            }
        }
    };
    for mailer in names("mailer").iter().filter(|name| !["local", "smtp"].contains(&&name[..])) {
        let found = shapes_of("", &format!("{smtp}MAILER(`{mailer}')\n"));
        add(&table, found, format!("MAILER({mailer})"));
    }
    let access = shapes_of("FEATURE(`access_db')", smtp);
    for feature in names("feature") {
        for arguments in ["", ", `hash /x', `x', `x'"] {
            let own = format!("FEATURE(`{feature}'{arguments})");
            add(&table, shapes_of(&own, smtp), format!("FEATURE({feature})"));
            let both = shapes_of(&format!("FEATURE(`access_db')\n{own}"), smtp);
            let both = both.into_iter().filter(|found| !access.contains(found)).collect();
            add(&table, both, format!("FEATURE({feature})"));
        }
    }
    for (found, names) in more {
        let name = if names.len() > 2 { "m4/proto.m4".to_owned() } else { names.join(" or ") };
        table.insert(found, name);
    }
    table
}

#[test]
fn the_table_of_shapes() {
    if !installed() {
        return;
    }
    let made = table();
    if std::env::var_os("UPDATE_SHAPES").is_some() {
        let mut text = String::new();
        for (found, name) in &made {
            writeln!(text, "{found:016x} {name}").unwrap();
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../workbench/src/origin/shapes.txt");
        std::fs::write(path, text).unwrap();
        return;
    }
    let known = shapes();
    assert!(made.len() > 1000, "{}", made.len());
    for (found, name) in &made {
        assert_eq!(known.get(found), Some(&&name[..]), "UPDATE_SHAPES=1 writes them anew");
    }
}
