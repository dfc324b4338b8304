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

/// Runs makemap on a source; returns the exit status, standard output and standard error.
fn makemap(words: &[&str], source: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bangpath"))
        .args(["makemap", "-C", "/dev/null"])
        .args(words)
        .stdin(fs::File::open(source).expect("open"))
        .output()
        .expect("run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let errors = text(&output.stderr);
    let lines = errors.lines().filter(|line| !line.starts_with("WARNING: World writable"));
    let errors = lines.map(|line| format!("{line}\n")).collect();
    (output.status.code(), text(&output.stdout), errors)
}

#[test]
fn files_of_type_fst_are_built_printed_and_added_to() {
    let directory = tempfile::tempdir().expect("directory");
    let source = directory.path().join("source");
    let map = directory.path().join("m");
    let map = map.to_str().expect("text");
    let write = |text: &str| fs::write(&source, text).expect("write");
    let run = |words: &[&str]| makemap(&[words, &["fst", map]].concat(), &source);
    let fine = (Some(0), String::new(), String::new());
    let printed = |text: &str| assert_eq!(run(&["-u"]), (Some(0), text.to_owned(), String::new()));

    write("b 2\nA 1\n# c\nB 3\n  lead x\nnoval\n");
    let errors = format!(
        "makemap: {map}: line 5: syntax error (leading space)\n\
        makemap: {map}: line 6: no RHS for LHS noval\n\
        makemap: {map}: line 4: key b: duplicate key\n"
    );
    assert_eq!(run(&[]), (Some(65), String::new(), errors));
    printed("a\t1\nb\t2\n");
    write("b 2\nA 1\nB 3\n");
    assert_eq!(run(&["-rNv"]).1, "key=`b', val=`2'\nkey=`a', val=`1'\nkey=`b', val=`3'\n");
    printed("a\t1\nb\t3\n");
    write("c:4\nB:\n");
    assert_eq!(run(&["-oefrt:"]), fine);
    printed("B\t\na\t1\nb\t3\nc\t4\n");

    let (exit, _, errors) = run(&["-d"]);
    let expected = format!(
        "makemap: error opening type fst map {map}: A key has one value in files of this type\n"
    );
    assert_eq!((exit, errors), (Some(73), expected));
    assert_eq!(run(&["-oT", "-k0"]).0, Some(64));
    assert_eq!(run(&["-T", "-kx"]).2, "makemap: -T: -k should specify a number, not x\n");
    // of other types it is no flag, as in sendmail
    let (exit, _, errors) = makemap(&["-T", "-k0", "hash", map], &source);
    assert!(exit == Some(64) && errors.starts_with("makemap: invalid option -- 'T'\n"), "{errors}");

    // damaged, and gone: the file stays as it was
    let file = format!("{map}.fst");
    let mut bytes = fs::read(&file).expect("read");
    bytes[4100] ^= 1;
    fs::write(&file, &bytes).expect("write");
    assert_eq!(run(&["-u"]).0, Some(74));
    assert_eq!(run(&["-o"]).0, Some(74));
    assert_eq!(fs::read(&file).expect("read"), bytes);
    let (exit, _, errors) = makemap(&["fst", map], directory.path());
    assert!(exit == Some(74) && errors.contains("Is a directory"), "{errors}");
    assert_eq!(fs::read(&file).expect("read"), bytes);
    let entries = fs::read_dir(directory.path()).expect("list");
    assert_eq!(entries.count(), 2, "something is left over");
}

#[test]
fn a_text_is_compiled_for_maps_of_its_columns() {
    use mapper::fst_map::{FstFile, SourceStamp};
    let directory = tempfile::tempdir().expect("directory");
    let text = directory.path().join("t");
    fs::write(&text, "one:1\nOne:2\n:3\n").expect("write");
    let name = text.to_str().expect("text");
    let words = ["-T", "-v1 -z:", "fst", name];
    assert_eq!(makemap(&words, &text), (Some(0), String::new(), String::new()));
    let made_of = || {
        let bytes = fs::read(format!("{name}.fst")).expect("read");
        let file = FstFile::open(&bytes[..]).expect("open");
        assert_eq!(file.entries(), 1);
        file.made_of()
    };
    let columns = mapper::Columns { key: 0, value: 1, delimiter: Some(b':') };
    let stamp = SourceStamp::of(&fs::metadata(&text).expect("facts"));
    assert_eq!((made_of().columns, made_of().source), (Some(columns), Some(stamp)));
    // what comes through a pipe could be anything
    let shell = "cat \"$1\" | \"$0\" makemap -C /dev/null -T '-v1 -z:' fst \"$1\"";
    let status = Command::new("sh")
        .args(["-c", shell, env!("CARGO_BIN_EXE_bangpath"), name])
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("run").success());
    assert_eq!((made_of().columns, made_of().source), (Some(columns), None));
}
