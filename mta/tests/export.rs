//! `bangpath export` as a program: files, the list, exit statuses. Postfix and Exim themselves are asked in
//! `compat-tests/tests/export.rs`.

#![allow(clippy::unwrap_used)] // Helpers of tests may fail the test.

use std::path::Path;
use std::process::{Command, Output};

const GATEWAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/cf/gateway.cf");

fn export(target: &str, to: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(["export", target, "-C", GATEWAY, "--fact", "host gateway.example.com", "--to"])
        .arg(to)
        // tables are those of this directory: none
        .arg("--root")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"))
        .args(more)
        .output()
        .unwrap()
}

/// A file without the paths of this checkout.
fn written(to: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(to.join(name)).unwrap();
    text.replace(GATEWAY, "gateway.cf").replace(&*to.to_string_lossy(), "DIR")
}

#[test]
fn files_and_the_list() {
    let place = tempfile::tempdir().unwrap();
    for (target, file) in [("postfix", "main.cf"), ("exim", "exim.conf")] {
        let to = place.path().join(target);
        let output = export(target, &to, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let list = String::from_utf8(output.stdout).unwrap().replace(GATEWAY, "gateway.cf");
        let list = list.replace(&*to.to_string_lossy(), "DIR");
        insta::assert_snapshot!(format!("{target}-list"), list);
        insta::assert_snapshot!(format!("{target}-{file}"), written(&to, file));
    }
}

#[test]
fn nothing_is_overwritten_unasked() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("out");
    assert_eq!(export("exim", &to, &[]).status.code(), Some(0));
    std::fs::write(to.join("exim.conf"), "mine").unwrap();
    let refused = export("exim", &to, &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is there already"));
    assert_eq!(std::fs::read(to.join("exim.conf")).unwrap(), b"mine");
    assert_eq!(export("exim", &to, &["--force"]).status.code(), Some(0));
    assert_ne!(std::fs::read(to.join("exim.conf")).unwrap(), b"mine");
}

#[test]
fn without_the_target_nothing_is_compared() {
    let place = tempfile::tempdir().unwrap();
    let addresses = place.path().join("addresses");
    std::fs::write(&addresses, "a@b.example\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(["export", "postfix", "-C", GATEWAY, "--to"])
        .arg(place.path().join("out"))
        .args(["--check", "--addresses", "/nowhere/addresses"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !place.path().join("out").exists(),
        "the addresses are read before anything is written"
    );
}
