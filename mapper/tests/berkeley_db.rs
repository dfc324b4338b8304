//! The Berkeley DB reader on files made by makemap and DB_File, whole and damaged.

#![allow(clippy::expect_used)] // in the helpers, which are tests too

use std::collections::BTreeMap;

use mapper::bdb::{Database, DatabaseKind, DatabaseWriter, HashedKey};
use proptest::prelude::*;

/// All fixtures, for the tests that break them.
static FIXTURES: &[&str] = &[
    "small-hash",
    "small-btree",
    "nul-hash",
    "empty-hash",
    "over-hash",
    "over-btree",
    "dup-hash",
    "dup-btree",
    "be-hash",
    "be-btree",
    "small-page-hash",
    "small-page-btree",
];

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}.db", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("fixture")
}

fn get(bytes: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    Database::open(bytes).expect("open").get(bytes, key).expect("get")
}

fn all(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| pairs.push((key.to_vec(), value.to_vec()));
    Database::open(bytes).expect("open").for_each(bytes, &mut visit).expect("walk");
    pairs
}

/// Every pair is found by its key, and the pairs are those expected.
fn check(name: &str, expected: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let bytes = fixture(name);
    for (key, value) in expected {
        assert_eq!(get(&bytes, key).as_ref(), Some(value), "{name}: {}", bstr::BStr::new(key));
    }
    assert_eq!(get(&bytes, b"no such key"), None, "{name}");
    assert_eq!(&all(&bytes).into_iter().collect::<BTreeMap<_, _>>(), expected, "{name}");
}

fn pairs<K: Into<Vec<u8>>, V: Into<Vec<u8>>>(
    rows: impl IntoIterator<Item = (K, V)>,
) -> BTreeMap<Vec<u8>, Vec<u8>> {
    rows.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

fn numbered(numbers: impl Iterator<Item = usize>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    pairs(numbers.map(|n| (format!("key{n}"), format!("val{}", n * 3))))
}

#[test]
fn small_files() {
    // MAP-029, MAP-030, MAP-096
    let rows = [("foo", "bar"), ("foo2", "b%1r%0x%%y%q"), ("bar", "Baz")];
    check("small-hash", &pairs(rows));
    check("small-btree", &pairs(rows));
    check("nul-hash", &pairs(rows.map(|(k, v)| (format!("{k}\0"), format!("{v}\0")))));
    check("empty-hash", &BTreeMap::new());
}

#[test]
fn values_off_the_page() {
    let rows = [("short", "a".to_owned()), ("long", "v".repeat(5000)), ("end", "z".to_owned())];
    check("over-hash", &pairs(rows.clone()));
    check("over-btree", &pairs(rows));
}

#[test]
fn of_duplicates_the_first() {
    // MAP-101
    for name in ["dup-hash", "dup-btree"] {
        let bytes = fixture(name);
        assert_eq!(get(&bytes, b"d"), Some(b"v0".to_vec()), "{name}");
        assert_eq!(get(&bytes, b"single"), Some(b"s".to_vec()), "{name}");
        assert_eq!(get(&bytes, b"many"), Some(b"value-number-0000".to_vec()), "{name}");
        let all = all(&bytes);
        assert_eq!(all.len(), 5 + 1 + 400, "{name}");
        let many: Vec<_> = all.iter().filter(|(key, _)| key == b"many").map(|p| &p.1[..]).collect();
        assert_eq!(many.last(), Some(&&b"value-number-0399"[..]), "{name}");
    }
}

#[test]
fn big_endian_with_long_items() {
    let mut expected = numbered(0..=300);
    expected.insert(b"long".to_vec(), b"v".repeat(9000));
    expected.insert(b"k".repeat(700), b"bigkey".to_vec());
    check("be-hash", &expected);
    check("be-btree", &expected);
}

#[test]
fn many_small_pages_and_deleted_entries() {
    let left = |last| (0..=last).filter(|n| n % 2 == 1 || *n > 100);
    check("small-page-hash", &numbered(left(200)));
    let mut expected = numbered(left(600));
    expected.insert(b"q".repeat(200), b"bigkey".to_vec());
    expected.insert(b"r".repeat(200), b"s".repeat(3000));
    check("small-page-btree", &expected);
}

#[test]
fn a_place_that_is_told_is_only_a_hint() {
    for name in ["small-page-hash", "over-hash", "dup-hash"] {
        let bytes = fixture(name);
        let database = Database::open(&bytes[..]).expect("open");
        for (key, _) in all(&bytes) {
            let expected = get(&bytes, &key);
            let hashed = HashedKey::new(&key);
            let bucket = database.bucket_of(hashed.hash()).expect("a hash file");
            let hashes = database.hashes(&bytes[..], bucket).expect("hashes");
            let own = hashes.iter().position(|hash| *hash == hashed.hash());
            for place in [own, Some(0), Some(1), Some(usize::MAX)] {
                let mut value = b"old".to_vec();
                let found = database.get_hashed(&bytes[..], hashed, place, &mut value);
                assert!(found.expect("get"), "{name}: {place:?}");
                assert_eq!(Some(&value), expected.as_ref(), "{name}: {place:?}");
            }
        }
    }
}

#[test]
fn other_files_are_refused() {
    for bytes in [&b""[..], b"short", &[0; 600], &[0xff; 600]] {
        assert!(Database::open(bytes).is_err());
    }
    let mut checksummed = fixture("small-hash");
    checksummed[26] |= 1;
    assert!(Database::open(&checksummed[..]).is_err());
}

/// The file made of these pairs.
fn written(kind: DatabaseKind, pairs: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut writer = DatabaseWriter::new(kind);
    for (key, value) in pairs {
        writer.insert(key, value).expect("new key");
        assert!(writer.insert(key, b"").is_err());
    }
    writer.render([7; 20])
}

#[test]
fn written_files_pass_the_librarys_own_check() {
    let many = (0..3000).map(|n| (format!("user{n}@example.org"), format!("value {n}")));
    let long = (1..60).map(|n| ("k".repeat(n * 97), "v".repeat(n * 211)));
    let samples = [pairs(many), pairs(long), BTreeMap::new()];
    for kind in [DatabaseKind::Hash, DatabaseKind::Btree] {
        for (index, pairs) in samples.iter().enumerate() {
            let bytes = written(kind, pairs);
            assert_eq!(&all(&bytes).into_iter().collect::<BTreeMap<_, _>>(), pairs, "{index}");
            let file = tempfile::NamedTempFile::new().expect("file");
            std::fs::write(file.path(), &bytes).expect("write");
            match std::process::Command::new("db5.3_verify").arg(file.path()).status() {
                Ok(status) => assert!(status.success(), "{kind:?} {index}"),
                Err(_) => eprintln!("skipped: db5.3_verify is not installed"),
            }
        }
    }
}

#[test]
fn pages_in_the_place_of_others_are_noticed() {
    for (name, key) in
        [("small-page-btree", "key7"), ("small-page-hash", "key7"), ("over-hash", "long")]
    {
        let mut bytes = fixture(name);
        let size = Database::open(&bytes[..]).expect("open").page_size() as usize;
        // every page behind the first is the same one now
        let page = bytes[size..2 * size].to_vec();
        bytes.chunks_mut(size).skip(2).for_each(|other| other.copy_from_slice(&page));
        let database = Database::open(&bytes[..]).expect("open");
        assert!(database.for_each(&bytes[..], &mut |_, _| ()).is_err(), "{name}");
        let _ = database.get(&bytes[..], key.as_bytes());
    }
}

/// Rows of keys with any number of values.
fn duplicates(rows: &[(Vec<u8>, Vec<Vec<u8>>)], kind: DatabaseKind) -> DatabaseWriter {
    let mut writer = DatabaseWriter::with_duplicates(kind);
    for (key, value) in rows.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v))) {
        writer.put(key, value);
    }
    writer
}

proptest! {
    /// Duplicates are read again in the order in which they were put.
    #[test]
    fn duplicates_round_trip(rows in proptest::collection::btree_map(
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..1200), 1..30), 0..12),
        tree in any::<bool>()) {
        let kind = if tree { DatabaseKind::Btree } else { DatabaseKind::Hash };
        let rows: Vec<_> = rows.into_iter().collect();
        let writer = duplicates(&rows, kind);
        let bytes = writer.render([9; 20]);
        for (key, values) in &rows {
            let found = get(&bytes, key);
            prop_assert_eq!(found.as_ref(), values.first());
        }
        let database = Database::open(&bytes[..]).expect("open");
        let read = DatabaseWriter::read(&bytes[..], &database).expect("read");
        prop_assert!(read.keeps_duplicates() && read.entries().eq(writer.entries()));
    }

    /// What is written is read again.
    #[test]
    fn round_trip(rows in proptest::collection::btree_map(
        proptest::collection::vec(any::<u8>(), 0..2000),
        proptest::collection::vec(any::<u8>(), 0..9000), 0..20), tree in any::<bool>()) {
        let kind = if tree { DatabaseKind::Btree } else { DatabaseKind::Hash };
        let bytes = written(kind, &rows);
        for (key, value) in &rows {
            let found = get(&bytes, key);
            prop_assert_eq!(found.as_ref(), Some(value));
        }
        prop_assert_eq!(all(&bytes).into_iter().collect::<BTreeMap<_, _>>(), rows);
    }

    /// A damaged file gives an error or a wrong answer, but no panic and no endless loop.
    #[test]
    fn damaged_files(
        fixture_index in 0..FIXTURES.len(),
        damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        key in prop::sample::select(vec!["foo", "key7", "many", "long", "d"]),
    ) {
        let mut bytes = fixture(FIXTURES[fixture_index]);
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(database) = Database::open(&bytes[..]) {
            let _ = database.get(&bytes[..], key.as_bytes());
            // what can be read of it is written and read again
            if let Ok(read) = DatabaseWriter::read(&bytes[..], &database) {
                let written = read.render([1; 20]);
                let database = Database::open(&written[..]).expect("open");
                let again = DatabaseWriter::read(&written[..], &database).expect("read");
                prop_assert!(again.entries().eq(read.entries()));
            }
        }
    }

    /// The same with damage where it hurts: headers and page heads.
    #[test]
    fn damaged_structure(
        fixture_index in 0..FIXTURES.len(),
        damages in proptest::collection::vec((0usize..12, 0usize..128, any::<u8>()), 1..10),
    ) {
        let mut bytes = fixture(FIXTURES[fixture_index]);
        for (page, place, byte) in damages {
            if let Some(target) = bytes.get_mut(page * 4096 + place) {
                *target = byte;
            }
        }
        if let Ok(database) = Database::open(&bytes[..]) {
            let _ = database.get(&bytes[..], b"foo");
            let _ = database.for_each(&bytes[..], &mut |_, _| {});
        }
    }
}
