//! Database files as the programs that build them open and replace them (MAP-025, MAP-095, MAP-102).

#![allow(clippy::expect_used)] // in the helpers, which are tests too

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use mapper::bdb::{Database, DatabaseKind, DatabaseWriter};
use mapper::{DatabaseFile, FileError, FileRules};

const CREATE: FileRules = FileRules {
    create: true,
    trusted_user: 0,
    links: false,
    group_directories: false,
    refuse_unsafe: false,
};

/// A directory that only its owner may write in, below one of which the same is not sure.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("list").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn open(path: &Path, rules: FileRules) -> Result<DatabaseFile, FileError> {
    let name = path.as_os_str().as_encoded_bytes();
    DatabaseFile::open_for_writing(name, rules, &mut |_| ())
}

fn filled(rows: usize, value: &str) -> DatabaseWriter {
    let mut database = DatabaseWriter::new(DatabaseKind::Hash);
    for n in 0..rows {
        database.put(format!("key{n}").as_bytes(), value.as_bytes());
    }
    database
}

fn build(path: &Path, rules: FileRules, rows: usize, value: &str) {
    let open = open(path, rules).expect("open");
    open.replace(&filled(rows, value), [7; 20]).expect("replace");
}

fn value(path: &Path) -> Vec<u8> {
    let file = File::open(path).expect("open");
    let database = Database::open(&file).expect("database");
    database.get(&file, b"key0").expect("get").expect("found")
}

#[test]
fn a_new_file_takes_the_place_of_the_old_one() {
    let place = Place::new();
    let map = place.path("m.db");
    build(&map, CREATE, 3, "old");
    assert_eq!(fs::metadata(&map).expect("facts").mode() & 0o777, 0o640);
    fs::set_permissions(&map, Permissions::from_mode(0o604)).expect("mode");
    let before = File::open(&map).expect("open");
    let time = SystemTime::now() + Duration::from_secs(100);
    File::options().write(true).open(&map).expect("open").set_modified(time).expect("time");
    build(&map, CREATE, 3, "new");
    assert_eq!(value(&map), b"new");
    assert_eq!(fs::metadata(&map).expect("facts").mode() & 0o777, 0o604);
    assert_eq!(place.names(), ["m.db"]);
    // who has the old file open has all of it, and sees by its time that it is over
    let database = Database::open(&before).expect("database");
    assert_eq!(database.get(&before, b"key2").expect("get").expect("found"), b"old");
    assert!(before.metadata().expect("facts").modified().expect("time") > time);
}

#[test]
fn readers_never_see_half_a_file() {
    let place = Place::new();
    let map = place.path("m.db");
    build(&map, CREATE, 2000, "0");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                let file = File::open(&map).expect("open");
                let database = Database::open(&file).expect("database");
                let read = DatabaseWriter::read(&file, &database).expect("read");
                let value = read.get(b"key0").expect("value").to_vec();
                let value = String::from_utf8(value).expect("text");
                assert!(read.entries().eq(filled(2000, &value).entries()));
                seen += 1;
            }
            seen
        });
        for n in 0..20 {
            build(&map, CREATE, 2000, &n.to_string());
        }
        over.store(true, Ordering::Relaxed);
        assert!(reader.join().expect("reader") > 0);
    });
}

#[test]
fn builders_wait_for_each_other() {
    let place = Place::new();
    let map = place.path("m.db");
    build(&map, CREATE, 1, "first");
    let slow = open(&map, CREATE).expect("open");
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            // what is appended to is what the slow one leaves
            let open = open(&map, CREATE).expect("open");
            let mut database = open.read(&[DatabaseKind::Hash]).expect("read");
            assert_eq!(database.get(b"key0"), Some(&b"slow"[..]));
            database.put(b"more", b"1");
            open.replace(&database, [8; 20]).expect("replace");
        });
        std::thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished());
        slow.replace(&filled(1, "slow"), [9; 20]).expect("replace");
    });
    let file = File::open(&map).expect("open");
    let database = Database::open(&file).expect("database");
    assert!(database.get(&file, b"more").expect("get").is_some());
}

#[test]
fn links_are_refused_or_kept() {
    let place = Place::new();
    let (map, link, hard) = (place.path("m.db"), place.path("l.db"), place.path("h.db"));
    build(&map, CREATE, 1, "a");
    symlink("m.db", &link).expect("link");
    assert!(matches!(open(&link, CREATE), Err(FileError::SymbolicLink)));
    let links = FileRules { links: true, ..CREATE };
    build(&link, links, 1, "b");
    assert!(fs::symlink_metadata(&link).expect("facts").is_symlink());
    assert_eq!(value(&map), b"b");
    fs::hard_link(&map, &hard).expect("link");
    assert!(matches!(open(&hard, CREATE), Err(FileError::HardLink)));
    build(&hard, links, 1, "c");
    assert_eq!((value(&map), fs::metadata(&map).expect("facts").nlink()), (b"c".to_vec(), 2));
    symlink("nowhere.db", place.path("d.db")).expect("link");
    let dangling = open(&place.path("d.db"), links).expect_err("refused");
    assert_eq!(dangling.to_string(), "File exists");
}

#[test]
fn files_that_cannot_be_used() {
    let place = Place::new();
    let refused = |name: &str, rules| {
        open(&place.path(name), rules).map_or_else(|error| error.to_string(), |_| "opened".into())
    };
    assert_eq!(refused("none/m.db", CREATE), "No such file or directory");
    assert_eq!(refused("m.db", FileRules::default()), "No such file or directory");
    fs::create_dir(place.path("d.db")).expect("directory");
    assert_eq!(refused("d.db", CREATE), "Regular files only");
    fs::create_dir(place.path("all")).expect("directory");
    fs::set_permissions(place.path("all"), Permissions::from_mode(0o777)).expect("mode");
    let strict = FileRules { refuse_unsafe: true, ..CREATE };
    assert_eq!(refused("all/m.db", strict), "Permission denied");
    assert_eq!(refused("all/m.db", CREATE), "opened");
    for (mode, expected) in
        [(0o600, "opened"), (0o400, "Permission denied"), (0o046, "Permission denied")]
    {
        fs::write(place.path("m.db"), b"").expect("write");
        fs::set_permissions(place.path("m.db"), Permissions::from_mode(mode)).expect("mode");
        assert_eq!(refused("m.db", CREATE), expected, "{mode:o}");
    }
    for junk in [&b""[..], b"junk", &[0; 8192]] {
        fs::set_permissions(place.path("m.db"), Permissions::from_mode(0o600)).expect("mode");
        fs::write(place.path("m.db"), junk).expect("write");
        let open = open(&place.path("m.db"), CREATE).expect("open");
        let read = open.read(&[DatabaseKind::Hash]).expect_err("junk");
        assert_eq!(read.to_string(), "Invalid argument");
    }
}
