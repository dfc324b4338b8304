//! `bangpath session`, `test` and `coverage` on the configurations of `examples/cf`, as they are called.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A gateway with a network inside, a domain that is its own, and a client that nobody wants.
const FACTS: &str = "\
host gate.example.com
class {Domains} example.com
class {Inside} 192.0.2
map mailertable example.com smtp:imap.example.com
map access 203.0.113 REJECT
map access evil.example REJECT
dns * nxdomain
";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cf")
}

/// What the program prints with these words, and its exit status.
fn bangpath(words: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bangpath"));
    let output = command.args(words).current_dir(examples()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap())
}

fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn words<'a>(head: &[&'a str], facts: &'a str, tail: &[&'a str]) -> Vec<&'a str> {
    [head, &["-C", "gateway.cf", "--host-facts", facts], tail].concat()
}

/// Without dates and queue ids.
fn steady(text: &str) -> String {
    let line = |line: &str| match line {
        line if line.starts_with("<<< 220 ") => "<<< 220 (greeting)".to_owned(),
        line if line.starts_with("<<< 250 2.0.0 ") => "<<< 250 2.0.0 (accepted)".to_owned(),
        line => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

const DIALOGUE: &str = "\
client pc.example.com 192.0.2.17
EHLO pc.example.com
MAIL FROM:<alice@example.com>
RCPT TO:<joe@elsewhere.example>
DATA
Subject: hello

.
QUIT
NOOP
# the world
client mx.elsewhere.example 198.51.100.3
HELO mx.elsewhere.example
MAIL FROM:<x@evil.example>
MAIL FROM:<joe@elsewhere.example>
RCPT TO:<alice@example.com>
RCPT TO:<joe@third.example>
ask check_relay mx.elsewhere.example $| 203.0.113.9
ask nonsense x
auth alice
tls OK
HELO again
QUIT
";

#[test]
fn a_dialogue_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let facts = file(dir.path(), "facts", FACTS);
    let dialogue = file(dir.path(), "dialogue", DIALOGUE);
    let (text, exit) = bangpath(&words(&["session"], &facts, &[&dialogue]));
    insta::assert_snapshot!(steady(&text));
    assert_eq!(exit, 1);
}

#[test]
fn a_session_from_options() {
    let dir = tempfile::tempdir().unwrap();
    let facts = file(dir.path(), "facts", FACTS);
    let sessions = [
        (&["198.51.100.3"][..], "alice@example.com", 0, "relayed: yes"),
        (&["198.51.100.3"], "joe@third.example", 1, "relayed: no, because RCPT TO:<joe@third"),
        (&["pc.example.com", "192.0.2.17"], "joe@third.example", 0, "relayed: yes"),
        (&["203.0.113.9"], "alice@example.com", 1, "relayed: no, because MAIL FROM:<a@b.example>"),
        // mail for the gateway itself goes to its aliases alone
        (&["local"], "root@gate.example.com", 1, "relayed: no, because RCPT TO:<root@"),
    ];
    for (client, recipient, exit, last) in sessions {
        let mut tail = vec!["--mail", "a@b.example", "--rcpt", recipient, "--client"];
        tail.extend(client);
        let (text, status) = bangpath(&words(&["session"], &facts, &tail));
        let end = text.lines().last().unwrap_or_default();
        assert!(end.starts_with(last), "{client:?} {recipient}:\n{text}");
        assert_eq!(status, exit, "{client:?} {recipient}:\n{text}");
        tail.extend(["--format", "json"]);
        let (json, _) = bangpath(&words(&["session"], &facts, &tail));
        let objects: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let conclusion = objects.last().unwrap();
        assert_eq!(conclusion["type"], "conclusion");
        assert_eq!(conclusion["relayed"], last.starts_with("relayed: yes"));
        let replies = |object: &serde_json::Value| object["replies"].as_array().unwrap().len();
        let replies: usize = objects.iter().rev().skip(1).map(replies).sum();
        assert_eq!(replies, text.lines().filter(|line| line.starts_with("<<< ")).count());
    }
}

/// What is recorded passes, on every example.
#[test]
fn recorded_tests_pass() {
    let dir = tempfile::tempdir().unwrap();
    let addresses = "alice\nalice@example.com\njoe@elsewhere.example\n@a:b@c\n<>\n\"a b\"@c\na!b\n\\alice\n(x)\na@[192.0.2.7]\n\u{e4}@b\nx\\y@z\nunbalanced<\n";
    let addresses = file(dir.path(), "addresses", addresses);
    let dialogue = file(dir.path(), "dialogue", DIALOGUE);
    for cf in ["gateway.cf", "null-client.cf", "standalone.cf"] {
        let more = "rewrite header-sender local alice\ngives nothing like it\nrules 3,0 a@b\n\
                    hook check_relay a.example $| 203.0.113.9\naccepted\n";
        let more = file(dir.path(), "more.test", more);
        let common =
            ["test", "-C", cf, "--fact", "host gate.example.com", "--fact", "dns * nxdomain"];
        let record = ["--record", "--addresses", &addresses, "--session", &dialogue, &more];
        let (recorded, exit) = bangpath(&[&common[..], &record].concat());
        assert_eq!(exit, 0, "{cf}: {recorded}");
        let path = file(dir.path(), "recorded.test", &recorded);
        let (report, exit) = bangpath(&["test", "-C", cf, &path]);
        let has_hook = cf != "null-client.cf" && cf != "standalone.cf";
        if has_hook {
            assert_eq!(report, "17 of 17 tests passed, 0 failed\n", "{cf}:\n{recorded}");
            assert_eq!(exit, 0);
        } else {
            // there is no check_relay: nothing can be expected of it
            assert!(report.ends_with("16 of 17 tests passed, 1 failed\n"), "{cf}:\n{report}");
            assert_eq!(exit, 1);
        }
        let (again, _) = bangpath(&["test", "-C", cf, "--record", &path]);
        assert_eq!(again, recorded, "{cf}");
    }
}

#[test]
fn what_fails_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "{FACTS}\nrecipient alice@example.com\nmailer smtp\nhost nowhere.example\n\n\
         hook check_relay a.example $| 203.0.113.9\naccepted\n"
    );
    let path = file(dir.path(), "a.test", &text);
    let (report, exit) = bangpath(&["test", "-C", "gateway.cf", &path]);
    assert_eq!(exit, 1);
    let report = report.replace(&*dir.path().to_string_lossy(), "");
    insta::assert_snapshot!(report);
    let (tap, _) = bangpath(&["test", "-C", "gateway.cf", "--format", "tap", &path]);
    assert!(
        tap.starts_with("TAP version 14\n1..2\nnot ok 1 - recipient alice@example.com\n"),
        "{tap}"
    );
    let (junit, _) = bangpath(&["test", "-C", "gateway.cf", "--format", "junit", &path]);
    assert!(junit.contains("<testsuites tests=\"2\" failures=\"2\" errors=\"0\">"), "{junit}");
    let (json, _) = bangpath(&["test", "-C", "gateway.cf", "--format", "json", &path]);
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["tests"], &last["failed"]), (&2.into(), &2.into()));
}

#[test]
fn coverage_of_addresses_and_tests() {
    let dir = tempfile::tempdir().unwrap();
    let facts = file(dir.path(), "facts", FACTS);
    let addresses = file(dir.path(), "addresses", "alice@example.com\njoe@elsewhere.example\n");
    let test = file(dir.path(), "a.test", "hook check_relay a.example $| 203.0.113.9\n");
    let lcov = dir.path().join("out.info");
    let tail = ["--addresses", &addresses, &test, "--lcov", lcov.to_str().unwrap()];
    let (summary, exit) = bangpath(&words(&["coverage"], &facts, &tail));
    assert_eq!(exit, 0);
    insta::assert_snapshot!(summary);
    let (json, _) = bangpath(&words(&["coverage", "--format", "json"], &facts, &tail));
    let objects: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rules: Vec<&serde_json::Value> = objects
        .iter()
        .filter(|object| object["type"] == "ruleset_coverage")
        .flat_map(|object| object["rules"].as_array().unwrap())
        .collect();
    let trace = std::fs::read_to_string(&lcov).unwrap();
    let value = |name: &str| -> usize {
        let line = trace.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().parse().unwrap()
    };
    assert_eq!(value("LF:"), rules.len());
    assert_eq!(value("LH:"), rules.iter().filter(|rule| rule["matched"] != 0).count());
    assert_eq!(trace.lines().filter(|line| line.starts_with("DA:")).count(), rules.len());
    let all = format!("{:<28} {:>9} {:>6}", "all", "", rules.len());
    assert!(summary.lines().any(|line| line.starts_with(&all)), "{summary}");
    let (annotated, _) = bangpath(&words(&["coverage", "--annotate"], &facts, &tail));
    let source = std::fs::read_to_string(examples().join("gateway.cf")).unwrap();
    assert_eq!(annotated.lines().count(), source.lines().count() + 1);
    for (line, source) in annotated.lines().skip(1).zip(source.lines()) {
        let rule = source.starts_with('R');
        assert!(line.ends_with(source.trim_end()), "{line}");
        assert_eq!(line.starts_with(' ') && line[..20].trim().is_empty(), !rule, "{line}");
    }
}

#[test]
fn what_cannot_be_done_is_2() {
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bangpath"));
        command.args(words).current_dir(examples()).output().unwrap()
    };
    for words in [
        &["test", "-C", "gateway.cf"][..],
        &["test", "-C", "gateway.cf", "/nonexistent"],
        &["test", "-C", "gateway.cf", "gateway.cf"],
        &["test", "-C", "gateway.cf", "--record"],
        &["test", "-C", "gateway.cf", "--addresses", "gateway.cf"],
        &["coverage", "-C", "gateway.cf"],
        &["coverage", "-C", "/nonexistent", "--addresses", "gateway.cf"],
        &["session", "-C", "gateway.cf", "--client", "a", "b"],
        &["session", "-C", "gateway.cf", "--tls", "colour=red", "--mail", "a"],
        &["session", "-C", "gateway.cf", "/nonexistent"],
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{words:?}");
    }
}
