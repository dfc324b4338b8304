//! Maps of class `fst`, and text maps with a file made of them (this program's own: no rows of sendmail's).

#![allow(clippy::expect_used)] // in the helpers, which are tests too

mod common;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::*;
use mapper::fst_map::{FstBuilder, FstError, FstFile, MadeOf, SourceStamp};
use mapper::{Columns, FileRules, MakemapEvent, MakemapOptions, MapSet};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Declares a map of a file below.
    fn map(&self, class_and_flags: &str, name: &str) -> MapSet {
        maps(&[&format!("m {class_and_flags} {}", self.path(name).display())])
    }
}

fn builder() -> FstBuilder {
    FstBuilder::new(false, Box::new(tempfile::tempfile))
}

/// Puts the file in the place of the one before, as makemap does.
fn place(builder: FstBuilder, path: &Path) {
    let rules = FileRules { create: true, ..FileRules::default() };
    let name = path.as_os_str().as_encoded_bytes();
    let open = mapper::DatabaseFile::open_for_writing(name, rules, &mut |_| ()).expect("open");
    let mut builder = Some(builder);
    let fill = &mut |file: &File| match builder.take() {
        Some(builder) => builder.write_to(file).map(|_| ()),
        None => Ok(()),
    };
    open.replace_whole([7; 20], fill).expect("replace");
}

fn compile(text: &str, path: &Path) {
    let mut builder = builder();
    let options = MakemapOptions::default();
    let mut refused = 0;
    let mut tell = |event: MakemapEvent<'_>| {
        refused += usize::from(matches!(event, MakemapEvent::Refused(_)));
    };
    mapper::makemap(b"m", &mut text.as_bytes(), &options, &mut builder, &mut tell)
        .expect("makemap");
    assert_eq!(refused, 0);
    place(builder, path);
}

/// As `makemap -T FLAGS fst TEXT <TEXT`.
fn compile_text(text: &Path, flags: &str) {
    let columns = Columns::from_flags(flags.as_bytes()).expect("flags");
    let source = SourceStamp::of(&fs::metadata(text).expect("facts"));
    let mut builder = builder();
    let bytes = fs::read(text).expect("read");
    mapper::makemap_columns(&mut &bytes[..], columns, &mut builder, &mut |_| ()).expect("makemap");
    builder.set_made_of(MadeOf { columns: Some(columns), source: Some(source) });
    place(builder, &PathBuf::from(format!("{}.fst", text.display())));
}

fn lookups(maps: &mut MapSet, questions: &[(&str, &str)]) {
    for (key, expected) in questions {
        assert_eq!(ask(maps, &mut World::default(), "m", key, ""), *expected, "{key}");
    }
}

#[test]
fn a_map_of_the_class() {
    let files = Place::new();
    compile("Foo bar\nb%1 %0 and %1\nempty- x\n", &files.path("a.fst"));
    lookups(
        &mut files.map("fst", "a"),
        &[("foo", "=bar"), ("FOO", "=bar"), ("fo", "0"), ("fooo", "0")],
    );
    lookups(&mut files.map("fst -f", "a.fst"), &[("FOO", "0"), ("foo", "=bar")]);
    lookups(&mut files.map("fst -N -O", "a"), &[("foo", "=bar")]);
    lookups(&mut files.map("fst -m -a.y", "a"), &[("FOO", "=FOO.y"), ("x", "0")]);
    assert_eq!(
        ask(&mut files.map("fst", "a"), &mut World::default(), "m", "b%1", "z"),
        "=b%1 and z"
    );
    lookups(&mut files.map("fst -o", "missing"), &[("foo", "not open")]);
    let missing = files.path("missing.fst");
    let text = format!(
        "fst map \"m\": missing map file {}: No such file or directory; 75",
        missing.display()
    );
    lookups(&mut files.map("fst", "missing"), &[("foo", &text), ("foo", "75")]);
}

#[test]
fn a_file_that_is_replaced_is_seen_in_the_next_round() {
    let files = Place::new();
    let path = files.path("a.fst");
    compile("k one\n", &path);
    let mut maps = files.map("fst", "a");
    lookups(&mut maps, &[("k", "=one")]);
    compile("k two\nl three\n", &path);
    lookups(&mut maps, &[("k", "=one"), ("l", "0")]);
    maps.begin_round();
    lookups(&mut maps, &[("k", "=two"), ("l", "=three")]);
    fs::remove_file(&path).expect("remove");
    maps.begin_round();
    lookups(&mut maps, &[("k", "=two")]);
}

#[test]
fn a_damaged_file_is_a_temporary_failure() {
    let files = Place::new();
    let path = files.path("a.fst");
    let text: String = (0..3000).map(|n| format!("user{n} value {n}\n")).collect();
    compile(&text, &path);
    let sound = fs::read(&path).expect("read");
    let damaged = |bytes: &[u8], name: &str| {
        // a new file, as a mapping of the old one must stay whole
        let path = files.path(name);
        fs::write(&path, bytes).expect("write");
        let mut maps = files.map("fst", name);
        let answer = ask(&mut maps, &mut World::default(), "m", "user7", "");
        assert!(
            answer.starts_with("fst map \"m\": ") && answer.ends_with("; 75"),
            "{name}: {answer}"
        );
        answer
    };
    assert!(damaged(b"", "empty.fst").contains("too short"));
    assert!(damaged(b"user7 value 7\n", "text.fst").contains("too short"));
    assert!(damaged(&[b'x'; 9000], "other.fst").contains("bad magic number"));
    assert!(damaged(&sound[..sound.len() - 1], "cut.fst").contains("length of the file"));
    let zeroed = [&sound[..4096], &vec![0; sound.len() - 4096]].concat();
    assert!(damaged(&zeroed, "zeroed.fst").contains("checksum"));
    // of a block that is broken nothing is believed, of the others all
    for at in (4096..sound.len()).step_by(1021) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        let Ok(file) = FstFile::open(&bytes[..]) else { continue };
        let mut value = Vec::new();
        let (mut right, mut failed) = (0, 0);
        for n in 0..3000 {
            match file.get(format!("user{n}").as_bytes(), &mut value) {
                Ok(found) => {
                    assert!(found && value == format!("value {n}").as_bytes());
                    right += 1;
                }
                Err(FstError::Damaged { .. }) => failed += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(failed > 0 && right + failed == 3000);
    }
}

#[test]
fn a_text_map_uses_the_file_made_of_it() {
    let files = Place::new();
    let text = files.path("t");
    fs::write(&text, "# c\none:1:eins\nTwo:2:zwei\nONE:3:drei\n:x:y\nthree:\n").expect("write");
    let answers = [("ONE", "=eins"), ("two", "=zwei"), ("three", "68"), ("# c", "68"), ("", "68")];
    let flags = "text -k0 -v2 -z:";
    lookups(&mut files.map(flags, "t"), &answers);
    compile_text(&text, "-k0 -v2 -z:");
    // what stands in the file tells which of both is asked
    let compiled = files.path("t.fst");
    let source = SourceStamp::of(&fs::metadata(&text).expect("facts"));
    let columns = Columns::from_flags(b"-v2 -z:").expect("flags");
    let marked = || {
        let mut builder = builder();
        builder.push(1, b"one", b"compiled").expect("push");
        builder.set_made_of(MadeOf { columns: Some(columns), source: Some(source) });
        builder
    };
    let mut maps = files.map(flags, "t");
    lookups(&mut maps, &answers);
    place(marked(), &compiled);
    lookups(&mut maps, &answers);
    maps.begin_round();
    lookups(&mut maps, &[("One", "=compiled"), ("two", "68")]);
    // other columns
    lookups(&mut files.map("text -k0 -v1 -z:", "t"), &[("one", "=1")]);
    lookups(&mut files.map("text -k0 -v2", "t"), &[("one", "68")]);
    // a broken file
    let mut bytes = fs::read(&compiled).expect("read");
    bytes[4100] ^= 1;
    fs::remove_file(&compiled).expect("remove");
    fs::write(&compiled, bytes).expect("write");
    lookups(&mut files.map(flags, "t"), &answers);
    // a text that has changed since, if only its time
    fs::remove_file(&compiled).expect("remove");
    place(marked(), &compiled);
    lookups(&mut files.map(flags, "t"), &[("one", "=compiled")]);
    let earlier = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(&text).expect("open").set_modified(earlier).expect("time");
    lookups(&mut files.map(flags, "t"), &answers);
    lookups(&mut maps, &answers);
}

#[test]
fn a_file_in_an_unsafe_directory_is_not_used() {
    let files = Place::new();
    compile("foo bar\n", &files.path("a.fst"));
    fs::set_permissions(files.0.path(), fs::Permissions::from_mode(0o777)).expect("mode");
    let mut settings = settings();
    settings.blame.map_in_unsafe_dir_path = false;
    let mut maps = MapSet::new(settings);
    let path = files.path("a.fst");
    assert_eq!(maps.declare(format!("m fst {}", path.display()).as_bytes()), []);
    let text =
        format!("fst map \"m\": unsafe map file {}: World writable directory; 75", path.display());
    lookups(&mut maps, &[("foo", &text)]);
}

#[test]
fn columns_are_read_as_class_text_reads_them() {
    let errors = |flags: &str| -> Vec<String> {
        let errors = Columns::from_flags(flags.as_bytes()).expect_err(flags);
        errors.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    };
    assert_eq!(Columns::from_flags(b""), Ok(Columns::default()));
    let tabs = Columns { key: 2, value: 3, delimiter: Some(b'\t') };
    assert_eq!(Columns::from_flags(b"-k 2 -v3 -z\\t"), Ok(tabs));
    assert_eq!(errors("-kx"), ["-k should specify a number, not x"]);
    assert_eq!(errors("-k1 /a -v2"), ["no flag: /a"]);
    assert_eq!(errors("-Q"), ["Illegal option Q map "]);
}
