//! The configurations of `examples/cf`: each loads without a word and routes as its comments say.
//!
//! They are read by the program itself in address test mode. The same input gave the same output
//! with sendmail 8.17.1.9.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Test directories may lie anywhere; whether their parents are safe is not the question here.
const ANYWHERE: &str = "V10\nO DontBlameSendmail=MapInUnsafeDirPath,ClassFileInUnsafeDirPath,\
    GroupWritableDirPathSafe\n";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cf")
}

/// A directory with the files given, and in it the example with `/etc/mail` replaced by it.
fn site(example: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let text = fs::read_to_string(examples().join(example)).unwrap();
    let here = format!("{}/", dir.path().display());
    let text = text.replace("/etc/mail/", &here).replacen("V10\n", ANYWHERE, 1);
    fs::write(dir.path().join("test.cf"), text).unwrap();
    dir
}

/// What address test mode says about `lines`; the last line of what each one gave.
fn ask(cf: &Path, macros: &[(&str, &str)], lines: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bangpath"));
    command.arg("-C").arg(cf).arg("-bt");
    for (name, value) in macros {
        command.arg(format!("-M{{{name}}}{value}"));
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    // Of a host whose name has no dot one line is said.
    let of_host = |line: &&str| line.starts_with("WARNING: local host name (");
    let output: String =
        output.split_inclusive('\n').filter(|line| !of_host(line)).collect::<Vec<_>>().concat();
    let answers = output
        .strip_prefix("ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\n")
        .unwrap_or_else(|| panic!("{} is complained about:\n{output}", cf.display()));
    let answers = answers.strip_prefix("Enter <ruleset> <address>\n> ").unwrap();
    answers.split("\n> ").map(|text| text.lines().last().unwrap_or_default().to_owned()).collect()
}

/// Asks for every key of the table at once and compares what the last ruleset returned. A key
/// that begins with a dot is a command without an answer.
fn check(cf: &Path, macros: &[(&str, &str)], table: &[(&str, &str)]) {
    let lines: Vec<&str> = table.iter().map(|(line, _)| *line).collect();
    let answers = ask(cf, macros, &lines);
    let returned =
        |answer: &String| answer.split_once("returns:").map(|(_, s)| s.trim().to_owned());
    let mut answers = answers.iter().filter_map(returned);
    let found: Vec<(&str, String)> = lines
        .iter()
        .map(|line| match line.starts_with('.') {
            true => (*line, String::new()),
            false => (*line, answers.next().unwrap_or_default()),
        })
        .collect();
    let wanted: Vec<(&str, String)> =
        table.iter().map(|(line, answer)| (*line, (*answer).to_owned())).collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_example_loads_without_a_word() {
    let mut seen = 0;
    for entry in fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cf") {
            ask(&path, &[("stateDir", "/nonexistent"), ("user", "joe")], &["3,0 joe@localhost"]);
            seen += 1;
        }
    }
    assert!(seen >= 3);
}

#[test]
fn standalone() {
    let paths = "ucbvax decvax!ucbvax!%1\nknown gw.example.net!known!%1\nloop localhost!loop!%1\n";
    let dir = site("standalone.cf", &[("mailboxes", "guest\n"), ("paths", paths)]);
    let state = dir.path().display().to_string();
    let macros = [("stateDir", state.as_str()), ("user", "joe")];
    check(&dir.path().join("test.cf"), &macros, STANDALONE);
}

const STANDALONE: &[(&str, &str)] = &[
    ("3,0 joe", "$# local $: joe"),
    ("3,0 Joe User <joe@Localhost.>", "$# local $: joe"),
    ("3,0 joe@[127.0.0.1]", "$# local $: joe"),
    ("3,0 joe@far.example", "$# smtp $@ far . example $: joe < @ far . example >"),
    ("3,0 @a.b:joe@e.f", "$# smtp $@ e . f $: joe < @ e . f >"),
    ("3,0 decvax!joe", "$# uucp $@ decvax $: joe"),
    ("3,0 ucbvax!joe", "$# uucp $@ decvax $: ucbvax ! joe"),
    ("3,0 known!joe", "$# smtp $@ gw . example . net $: known ! joe < @ gw . example . net >"),
    ("3,0 loop!joe", "$# local $: loop ! joe"),
    ("3,0 a!b.c!d!e.f!joe", "$# smtp $@ e . f $: joe < @ e . f >"),
    ("3,0 a!b@localhost", "$# uucp $@ a $: b"),
    ("3,0 localhost!joe", "$# local $: joe"),
    ("3,0 <>", "$# local $: < >"),
    ("3,0 joe@", "$# error $@ 5 . 1 . 3 $: \"553 Host name required\""),
    ("3,0 joe@x..y", "$# error $@ 5 . 1 . 2 $: \"553 Empty part in a host name\""),
    ("5 joe+lists", "$# local $: joe"),
    ("5 Postmaster", "$# local $: joe"),
    ("5 guest", "guest"),
    ("5 nobody", "$# error $@ 5 . 1 . 1 $: \"550 User unknown\""),
    ("5 ../joe", "$# error $@ 5 . 1 . 1 $: \"550 User unknown\""),
    ("check_rcpt <a@b.c>", "OK"),
    (".D{client_addr}192.0.2.1", ""),
    ("check_rcpt <a@b.c>", "$# error $@ 5 . 7 . 1 $: \"550 Relaying denied\""),
    ("check_rcpt <b.c!a@localhost>", "$# error $@ 5 . 7 . 1 $: \"550 Relaying denied\""),
    ("check_rcpt <joe@localhost>", "OK"),
    ("3,1,internet,4 joe@a.b", "joe @ a . b"),
    ("3,1,internet,4 list:;", "list : ;"),
];

#[test]
fn null_client() {
    let dir = site("null-client.cf", &[]);
    check(&dir.path().join("test.cf"), &[], NULL_CLIENT);
}

const NULL_CLIENT: &[(&str, &str)] = &[
    ("3,0 joe", "$# hub $@ hub . example . com $: joe < @ example . com >"),
    ("3,0 joe@localhost", "$# hub $@ hub . example . com $: joe < @ example . com >"),
    ("3,0 joe@far.example", "$# hub $@ hub . example . com $: joe < @ far . example >"),
    ("3,0 a!b", "$# hub $@ hub . example . com $: a ! b < @ example . com >"),
    ("3,0 <>", "$# local $: < >"),
    ("3,0 joe@", "$# error $@ 5 . 1 . 3 $: \"553 Host name required\""),
    ("3,1,hub,4 joe", "joe @ example . com"),
    ("3,1,hub,4 joe@a.b", "joe @ a . b"),
    ("3,1,hub,4 <>", ""),
    (".D{client_addr}192.0.2.1", ""),
    ("check_rcpt <a@b.c>", "$# error $@ 5 . 7 . 1 $: \"550 Relaying denied\""),
];

#[test]
fn gateway() {
    let mailertable = "example.com smtp:imap.example.com\n.example.net smtp:[in.example.net]\nold.example error:closed\n";
    let access = "203.0.113 REJECT\n203.0.113.9 OK\n.evil.example REJECT\n198.51.100.9 RELAY\n";
    let files = [
        ("domains", "example.com\nexample.net\n"),
        ("inside", "192.0.2\n10.1.1.7\n"),
        ("mailertable", mailertable),
        ("access", access),
    ];
    let dir = site("gateway.cf", &files);
    check(&dir.path().join("test.cf"), &[], GATEWAY);
}

const GATEWAY: &[(&str, &str)] = &[
    ("3,0 joe", "$# local $: joe"),
    ("3,0 joe@localhost", "$# local $: joe"),
    ("3,0 joe@EXAMPLE.com.", "$# smtp $@ imap . example . com $: joe < @ EXAMPLE . com >"),
    (
        "3,0 joe@a.b.example.net",
        "$# smtp $@ [ in . example . net ] $: joe < @ a . b . example . net >",
    ),
    ("3,0 joe@example.net", "$# smtp $@ example . net $: joe < @ example . net >"),
    (
        "3,0 joe@old.example",
        "$# error $@ 5 . 1 . 2 $: \"550 Mail for this domain is not accepted\"",
    ),
    ("3,0 joe@far.example", "$# smtp $@ far . example $: joe < @ far . example >"),
    ("5 joe", "$# error $@ 5 . 1 . 1 $: \"550 User unknown\""),
    ("client 203.0.113.4", "REJECT"),
    ("client 203.0.113.9", "OK"),
    ("client 192.0.2.4", ""),
    ("check_mail <joe@x.evil.example>", "$# error $@ 5 . 7 . 1 $: \"550 Sender refused\""),
    ("check_mail <joe@good.example>", ""),
    (".D{client_addr}192.0.2.44", ""),
    ("check_rcpt <joe@x.y>", "OK"),
    (".D{client_addr}192.0.25.44", ""),
    ("check_rcpt <joe@x.y>", "$# error $@ 5 . 7 . 1 $: \"550 Relaying denied\""),
    ("check_rcpt <joe@example.com>", "OK"),
    ("check_rcpt <joe@localhost>", "OK"),
    (
        "check_rcpt <joe%x.y@example.com>",
        "$# error $@ 5 . 7 . 1 $: \"550 Routes in addresses are refused\"",
    ),
    (".D{client_addr}198.51.100.9", ""),
    ("check_rcpt <joe@x.y>", "OK"),
];
