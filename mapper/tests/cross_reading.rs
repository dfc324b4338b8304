//! Database files of real makemap read here, and files written here read by real makemap, editmap and the
//! library's own tools (MAP-029, MAP-030, MAP-094, MAP-096, MAP-101).

#![allow(clippy::expect_used)] // in the helpers, which are tests too

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mapper::bdb::{Database, DatabaseKind, DatabaseWriter};

const KINDS: [(&str, DatabaseKind); 2] =
    [("hash", DatabaseKind::Hash), ("btree", DatabaseKind::Btree)];

/// Keys with their values.
type Rows = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// A real program; `None` where it is not installed.
fn tool(name: &str) -> Option<PathBuf> {
    let places = ["/usr/libexec/sendmail", "/usr/lib/sm.bin", "/usr/bin", "/usr/sbin"];
    let found = places.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("BANGPATH_REQUIRE_ORACLE").is_none(), "{name} is not installed");
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

fn run(program: &Path, words: &[&str], input: &[u8]) -> (bool, Vec<u8>) {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("start");
    let mut stdin = child.stdin.take().expect("stdin");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("wait");
    // a program that reads nothing closes its end
    let _ = writer.join();
    (output.status.success(), output.stdout)
}

/// What makemap is asked not to look at: the configuration of this host.
const NO_CF: [&str; 2] = ["-C", "/dev/null"];

fn rows(bytes: &[u8]) -> Rows {
    let mut rows = Rows::new();
    let database = Database::open(bytes).expect("open");
    let mut visit = |key: &[u8], value: &[u8]| {
        rows.entry(key.to_vec()).or_default().push(value.to_vec());
    };
    database.for_each(bytes, &mut visit).expect("walk");
    for (key, values) in &rows {
        let first = database.get(bytes, key).expect("get");
        assert_eq!(first.as_ref(), values.first(), "{}", bstr::BStr::new(key));
    }
    assert_eq!(database.get(bytes, b"no such key").expect("get"), None);
    rows
}

fn row(key: impl Into<Vec<u8>>, values: &[&[u8]]) -> (Vec<u8>, Vec<Vec<u8>>) {
    (key.into(), values.iter().map(|value| value.to_vec()).collect())
}

/// Rows that a line of makemap's source can hold.
fn lines() -> Rows {
    let mut rows: Rows = (0..3000)
        .map(|n| row(format!("user{n}@example.org"), &[format!("value {n}").as_bytes()]))
        .collect();
    rows.extend([
        row(b"\xe9\xff\x80".to_vec(), &[b"\xfe8-bit\x80"]),
        row("empty", &[b""]),
        row("k".repeat(500), &[&[b'v'; 480]]),
        row("wide", &[&[b'w'; 1000]]),
    ]);
    rows
}

/// Rows of every length around what stays on a page.
fn lengths() -> Rows {
    let lengths =
        [0, 1, 899, 900, 901, 1023, 1024, 1025, 4068, 4069, 4070, 4071, 8140, 8141, 20_000];
    lengths
        .iter()
        .flat_map(|&length| {
            let (key, value) = (vec![b'K'; length + 1], vec![b'V'; length]);
            [row(format!("to{length}"), &[&value]), row(key, &[length.to_string().as_bytes()])]
        })
        .collect()
}

/// Several values: few, more than a page holds, more than a page of pages, long ones.
fn duplicates() -> Rows {
    let numbered =
        |count: usize| (0..count).map(|n| format!("number {n:06}").into_bytes()).collect();
    let long = (1..20).map(|n| vec![b'l'; n * 700]).collect();
    let mut rows: Rows = lines().into_iter().take(400).collect();
    rows.extend([
        (b"few".to_vec(), numbered(3)),
        (b"equal".to_vec(), vec![b"same".to_vec(); 5]),
        (b"some".to_vec(), numbered(45)),
        (b"many".to_vec(), numbered(700)),
        (b"most".to_vec(), numbered(90_000)),
        (b"long".to_vec(), long),
        (vec![b'D'; 5000], numbered(60)),
        row("empty", &[b"", b"", b"x"]),
    ]);
    rows
}

fn writer(kind: DatabaseKind, rows: &Rows) -> DatabaseWriter {
    let mut writer = match rows.values().any(|values| values.len() > 1) {
        true => DatabaseWriter::with_duplicates(kind),
        false => DatabaseWriter::new(kind),
    };
    for (key, value) in rows.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v))) {
        writer.put(key, value);
    }
    writer
}

#[test]
fn files_of_makemap_are_read_here() {
    let Some(makemap) = tool("makemap") else { return };
    let directory = tempfile::tempdir().expect("directory");
    let repeated: Rows = duplicates().into_iter().filter(|(key, _)| key.len() < 1000).collect();
    let repeated: Rows = repeated
        .into_iter()
        .map(|(key, values)| (key, values.into_iter().filter(|v| v.len() < 900).collect()))
        .collect();
    for (name, _) in KINDS {
        for (flags, rows_in, end) in
            [("-e", lines(), ""), ("-eN", lines(), "\0"), ("-ed", repeated.clone(), "")]
        {
            let mut source = Vec::new();
            for (key, value) in rows_in.iter().flat_map(|(k, vs)| vs.iter().map(move |v| (k, v))) {
                source.extend([&key[..], b"\t", value, b"\n"].concat());
            }
            let map = directory.path().join(format!("{name}{flags}"));
            let map = map.to_str().expect("text");
            let words = [NO_CF[0], NO_CF[1], flags, name, map];
            assert!(run(&makemap, &words, &source).0, "{name} {flags}");
            let ended = |text: &Vec<u8>| [text, end.as_bytes()].concat();
            let expected: Rows = rows_in
                .iter()
                .map(|(key, values)| {
                    (ended(key).to_ascii_lowercase(), values.iter().map(ended).collect())
                })
                .collect();
            let bytes = std::fs::read(format!("{map}.db")).expect("read");
            assert!(rows(&bytes) == expected, "{name} {flags}");
        }
    }
}

/// The keys in the order in which a file is read.
fn order(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let database = Database::open(bytes).expect("open");
    database.for_each(bytes, &mut |key, _| keys.push(key.to_vec())).expect("walk");
    keys
}

#[test]
fn files_are_read_in_the_order_of_those_of_makemap() {
    let Some(makemap) = tool("makemap") else { return };
    let directory = tempfile::tempdir().expect("directory");
    for (name, kind) in KINDS {
        for (count, width) in [(10, 1), (150, 9), (1000, 60), (3000, 7), (9000, 150)] {
            // values of very different lengths, keys in no order
            let line = |n: usize| {
                let key = format!("{}u{n}", n.wrapping_mul(2_654_435_761) % 9973);
                (key.into_bytes(), vec![b'v'; n * 31 % width])
            };
            let mut writer = DatabaseWriter::new(kind);
            let mut source = Vec::new();
            for (key, value) in (0..count).map(line) {
                source.extend([&key[..], b"\t", &value, b"\n"].concat());
                writer.put(&key, &value);
            }
            let map = directory.path().join(format!("{name}{count}"));
            let map = map.to_str().expect("text");
            assert!(run(&makemap, &[NO_CF[0], NO_CF[1], "-e", name, map], &source).0, "{name}");
            let theirs = order(&std::fs::read(format!("{map}.db")).expect("read"));
            assert_eq!(theirs.len(), count);
            assert!(order(&writer.render([5; 20])) == theirs, "{name} {count}");
        }
    }
}

#[test]
fn files_of_the_library_with_long_items_are_read_here() {
    let Some(load) = tool("db5.3_load") else { return };
    let directory = tempfile::tempdir().expect("directory");
    for (name, _) in KINDS {
        for (rows_in, words) in [(lengths(), &[][..]), (duplicates(), &["-c", "duplicates=1"])] {
            let mut source = Vec::new();
            for (key, value) in rows_in.iter().flat_map(|(k, vs)| vs.iter().map(move |v| (k, v))) {
                source.extend([escaped(key), escaped(value)].concat());
            }
            let file = directory.path().join(format!("{name}{}.db", words.len()));
            let file = file.to_str().expect("text");
            let words = [words, &["-T", "-t", name, file]].concat();
            assert!(run(&load, &words, &source).0, "{name}");
            assert!(rows(&std::fs::read(file).expect("read")) == rows_in, "{name}");
        }
    }
}

/// A line of db5.3_load's text.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    for &byte in text {
        match byte {
            b' '..=b'~' if byte != b'\\' => line.push(byte),
            _ => line.extend(format!("\\{byte:02x}").into_bytes()),
        }
    }
    line.push(b'\n');
    line
}

#[test]
fn files_written_here_are_read_by_the_library() {
    let (Some(verify), Some(dump)) = (tool("db5.3_verify"), tool("db5.3_dump")) else { return };
    let directory = tempfile::tempdir().expect("directory");
    for (name, kind) in KINDS {
        for (number, expected) in
            [lines(), lengths(), duplicates(), Rows::new()].into_iter().enumerate()
        {
            let file = directory.path().join(format!("{name}{number}.db"));
            let bytes = writer(kind, &expected).render([3; 20]);
            assert!(rows(&bytes) == expected, "{name} {number}");
            std::fs::write(&file, &bytes).expect("write");
            let file = file.to_str().expect("text");
            assert!(run(&verify, &[file], b"").0, "{name} {number}");
            let (_, text) = run(&dump, &[file], b"");
            assert!(dumped(&text) == expected, "{name} {number}");
        }
    }
}

/// Rows of db5.3_dump's hexadecimal text.
fn dumped(text: &[u8]) -> Rows {
    let bytes = |line: &[u8]| -> Vec<u8> {
        let digits: Vec<u32> = line.iter().filter_map(|d| char::from(*d).to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("byte")).collect()
    };
    let mut lines = text.split(|b| *b == b'\n').filter_map(|line| line.strip_prefix(b" "));
    let mut rows = Rows::new();
    while let (Some(key), Some(value)) = (lines.next(), lines.next()) {
        rows.entry(bytes(key)).or_default().push(bytes(value));
    }
    rows
}

#[test]
fn files_written_here_are_read_by_makemap_and_editmap() {
    let (Some(makemap), Some(editmap)) = (tool("makemap"), tool("editmap")) else { return };
    let directory = tempfile::tempdir().expect("directory");
    for (name, kind) in KINDS {
        let expected = lines();
        let map = directory.path().join(name);
        let map = map.to_str().expect("text");
        let bytes = writer(kind, &expected).render([4; 20]);
        std::fs::write(format!("{map}.db"), bytes).expect("write");
        let (fine, text) = run(&makemap, &[NO_CF[0], NO_CF[1], "-u", name, map], b"");
        assert!(fine, "{name}");
        let mut found = Rows::new();
        for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let tab = line.iter().position(|b| *b == b'\t').expect("tab");
            found.entry(line[..tab].to_vec()).or_default().push(line[tab + 1..].to_vec());
        }
        assert!(found == expected, "{name}");
        for n in (0..3000).step_by(131) {
            let key = format!("user{n}@example.org");
            let (fine, value) = run(&editmap, &[NO_CF[0], NO_CF[1], "-q", name, map, &key], b"");
            assert!(fine && value == format!("value {n}\n").as_bytes(), "{name} {key}");
        }
        // it is also changed by the real one, and read here again
        let words = [NO_CF[0], NO_CF[1], "-u", name, map, "added", "late"];
        assert!(run(&editmap, &words, b"").0, "{name}");
        let mut expected = expected;
        expected.extend([row("added", &[b"late"])]);
        assert!(rows(&std::fs::read(format!("{map}.db")).expect("read")) == expected, "{name}");
    }
}
