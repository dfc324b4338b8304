//! `bangpath makemap` killed at any moment leaves the old database or the new one.

#![allow(clippy::expect_used)] // in the helpers, which are tests too

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mapper::bdb::{Database, DatabaseWriter};

const ENTRIES: usize = 4000;

/// The text of one generation: every value is its number.
fn source(generation: usize) -> Vec<u8> {
    (0..ENTRIES).flat_map(|n| format!("key{n} {generation}\n").into_bytes()).collect()
}

fn start(map: &Path, text: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(["makemap", "-C", "/dev/null", "hash"])
        .arg(map)
        .stdin(fs::File::open(text).expect("text"))
        .stderr(Stdio::null())
        .spawn()
        .expect("start")
}

/// The generation of a database that is whole.
fn generation(file: &Path) -> usize {
    let bytes = fs::read(file).expect("read");
    let database = Database::open(&bytes[..]).expect("open");
    let read = DatabaseWriter::read(&bytes[..], &database).expect("walk");
    assert_eq!(read.entries().count(), ENTRIES);
    let mut values: Vec<_> = read.entries().map(|(_, values)| values.concat()).collect();
    values.dedup();
    let [value] = values.as_slice() else { panic!("{} generations", values.len()) };
    String::from_utf8_lossy(value).parse().expect("number")
}

#[test]
fn a_killed_build_leaves_the_old_file_or_the_new_one() {
    let directory = tempfile::tempdir().expect("directory");
    let (map, text) = (directory.path().join("m"), directory.path().join("text"));
    let file = directory.path().join("m.db");
    let write = |generation| {
        fs::File::create(&text).expect("create").write_all(&source(generation)).expect("write");
    };
    write(0);
    let begun = Instant::now();
    assert!(start(&map, &text).wait().expect("wait").success());
    let whole = begun.elapsed();
    let (mut kept, mut replaced) = (0, 0);
    for round in 1..=40_u32 {
        let before = generation(&file);
        let next = before + 1;
        write(next);
        let mut child = start(&map, &text);
        std::thread::sleep(whole * round / 20);
        child.kill().expect("kill");
        child.wait().expect("wait");
        match generation(&file) {
            found if found == before => kept += 1,
            found if found == next => replaced += 1,
            other => panic!("generation {other} after {before}"),
        }
    }
    assert!(kept > 0 && replaced > 0, "{kept} kept, {replaced} replaced in {whole:?}");
    assert!(whole < Duration::from_secs(20));
}
