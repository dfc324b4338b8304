//! What is written is read, and what is damaged is noticed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};

use proptest::prelude::*;

use super::checked::BLOCK;
use super::*;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn scratch() -> io::Result<File> {
    tempfile::tempfile()
}

/// The file of these entries, sorted with so many bytes in memory.
fn built(rows: &[(Vec<u8>, Vec<u8>)], run: usize, replace: bool) -> (Vec<u8>, Vec<Duplicate>) {
    let mut builder = FstBuilder::with_run(run, replace, Box::new(scratch));
    for (line, (key, value)) in (1..).zip(rows) {
        builder.push(line, key, value).unwrap();
    }
    let mut file = scratch().unwrap();
    let duplicates = builder.write_to(&file).unwrap();
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    (bytes, duplicates)
}

fn get(file: &FstFile<&[u8]>, key: &[u8]) -> Result<Option<Vec<u8>>, FstError> {
    let mut value = b"left over".to_vec();
    Ok(file.get(key, &mut value)?.then_some(value))
}

fn all(file: &FstFile<&[u8]>) -> Result<Rows, FstError> {
    let mut rows = Rows::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        rows.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    };
    file.for_each(&mut visit)?;
    Ok(rows)
}

fn check(rows: &Rows) -> Vec<u8> {
    let list: Vec<_> = rows.clone().into_iter().collect();
    let (bytes, duplicates) = built(&list, 1 << 20, false);
    assert!(duplicates.is_empty());
    let file = FstFile::open(&bytes[..]).unwrap();
    assert_eq!(file.entries(), rows.len() as u64);
    assert!(all(&file).unwrap() == *rows);
    for (key, value) in rows {
        assert_eq!(get(&file, key).unwrap().as_ref(), Some(value), "{}", bstr::BStr::new(key));
        let longer = [&key[..], b"\xff"].concat();
        assert_eq!(get(&file, &longer).unwrap(), rows.get(&longer).cloned());
        let shorter = &key[..key.len() / 2];
        assert_eq!(get(&file, shorter).unwrap(), rows.get(shorter).cloned());
    }
    bytes
}

fn numbered(count: usize, value: impl Fn(usize) -> String) -> Rows {
    (0..count)
        .map(|n| (format!("user{n}@example.org").into_bytes(), value(n).into_bytes()))
        .collect()
}

#[test]
fn any_number_of_keys_and_values() {
    assert_eq!(check(&Rows::new()).len() / 4096, 1);
    check(&numbered(1, |_| "x".repeat(10_000)));
    check(&numbered(20_000, |n| format!("First.Last{n}@corp.example.org")));
    check(&numbered(20_000, |n| ["OK", "REJECT", "RELAY"][n % 3].to_owned()));
    check(&numbered(3000, |_| String::new()));
    check(&numbered(3000, |n| format!("{}", n * n % 701)));
    // nodes of every width, keys of every byte
    let wide = (0..=255_u8)
        .flat_map(|one| [vec![one], vec![one, 255 - one, b'x'], vec![b'k'; one.into()]]);
    check(&wide.map(|key| (key.clone(), key)).collect());
}

#[test]
fn the_same_values_take_no_room() {
    let plain = check(&numbered(20_000, |_| "esmtp:[192.0.2.1]".to_owned())).len();
    let few = check(&numbered(20_000, |n| format!("esmtp:[192.0.2.{}]", n % 16))).len();
    assert!(few < plain + 20_000 / 2 + 8192, "{plain} {few}");
}

#[test]
fn common_inputs_are_those_of_the_crate() {
    for input in 0..=255_u8 {
        // one transition to a node that is not right in front of it, and one that is
        let rows = [vec![b'a', input], vec![b'a', input, b'q'], vec![b'b', input], vec![input; 3]];
        check(&rows.into_iter().map(|key| (key, vec![input])).collect());
    }
}

/// The keys are a transducer that the crate reads as well.
#[test]
fn the_crate_reads_the_keys() {
    let rows = numbered(20_000, |n| n.to_string());
    let bytes = check(&rows);
    let header = Header::read(&bytes).unwrap();
    let part = header.parts().unwrap()[0].clone();
    let map = fst::Map::new(&bytes[part]).unwrap();
    assert_eq!(map.len(), rows.len());
    let mut stream = map.stream();
    for (rank, key) in (0..).zip(rows.keys()) {
        assert_eq!(fst::Streamer::next(&mut stream), Some((&key[..], rank)));
    }
    // and it is about as small as what the crate makes
    let theirs = fst::Map::from_iter(rows.keys().zip(0..)).unwrap();
    let (ours, theirs) = (map.as_fst().size(), theirs.as_fst().size());
    assert!(ours < theirs + theirs / 20, "{ours} {theirs}");
}

#[test]
fn first_or_last_of_the_same_key() {
    let rows: Vec<_> = [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5"), ("b", "6")]
        .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .to_vec();
    for run in [1, 4, 1000] {
        for (replace, expected) in [(false, ["2", "1", "4"]), (true, ["5", "6", "4"])] {
            let (bytes, duplicates) = built(&rows, run, replace);
            let lines: Vec<_> = duplicates.iter().map(|one| (one.line, &one.key[..])).collect();
            assert_eq!(lines, [(3, &b"b"[..]), (5, b"a"), (6, b"b")]);
            let found = all(&FstFile::open(&bytes[..]).unwrap()).unwrap();
            let found: Vec<_> =
                found.values().map(|value| String::from_utf8_lossy(value)).collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_it_was_made_of_is_kept() {
    let columns = Columns { key: 3, value: 1, delimiter: Some(0) };
    let source = SourceStamp { size: 77, modified: (-5, 999_999_999) };
    for made_of in [
        MadeOf::default(),
        MadeOf { columns: Some(Columns::default()), source: None },
        MadeOf { columns: Some(columns), source: Some(source) },
    ] {
        let mut builder = FstBuilder::new(false, Box::new(scratch));
        builder.set_made_of(made_of);
        let mut file = scratch().unwrap();
        builder.write_to(&file).unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let open = FstFile::open(&bytes[..]).unwrap();
        assert_eq!(open.made_of(), made_of);
        assert_eq!(open.is_of(columns, source), made_of.columns == Some(columns));
    }
}

#[test]
fn a_file_that_is_cut_off_is_not_opened() {
    let bytes = check(&numbered(2000, |n| n.to_string()));
    for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        assert!(FstFile::open(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert!(FstFile::open(&longer[..]).is_err());
}

#[test]
fn every_broken_byte_is_noticed_where_it_counts() {
    let rows = numbered(2000, |n| format!("value {}", n % 1500));
    let sound = check(&rows);
    for at in (0..sound.len()).step_by(61) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        let Ok(file) = FstFile::open(&bytes[..]) else { continue };
        assert!(all(&file).is_err(), "{at}");
        for (key, value) in rows.iter().step_by(17) {
            if let Ok(found) = get(&file, key) {
                assert_eq!(found.as_ref(), Some(value), "{at}");
            }
        }
    }
}

#[test]
fn the_last_one_of_many_empty_entries_counts() {
    let mut rows = vec![(Vec::new(), Vec::new()); 60];
    rows.push((Vec::new(), b"value".to_vec()));
    let (bytes, duplicates) = built(&rows, 1000, true);
    assert_eq!(duplicates.len(), 60);
    assert_eq!(
        get(&FstFile::open(&bytes[..]).unwrap(), b"").unwrap().as_deref(),
        Some(&b"value"[..])
    );
}

proptest! {
    #[test]
    fn round_trip(rows in proptest::collection::vec(
        (proptest::collection::vec(any::<u8>(), 0..12), proptest::collection::vec(b'a'..b'd', 0..40)), 0..80),
        run in 1_usize..2000) {
        let (bytes, duplicates) = built(&rows, run, true);
        let expected: Rows = rows.iter().cloned().collect();
        prop_assert_eq!(duplicates.len(), rows.len() - expected.len());
        let file = FstFile::open(&bytes[..]).unwrap();
        prop_assert_eq!(all(&file).unwrap(), expected.clone());
        for (key, value) in &expected {
            let found = get(&file, key).unwrap();
            prop_assert_eq!(found.as_ref(), Some(value));
        }
        // the same in one run
        prop_assert_eq!(built(&rows, 1 << 20, true).0, bytes);
    }

    /// Broken files with the right checksums neither panic nor go on for ever.
    #[test]
    fn forged_files(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
                    key in "user[0-9]{1,3}@example.org") {
        let mut bytes = built(&numbered(500, |n| format!("v{}", n % 300)).into_iter().collect::<Vec<_>>(),
                              1 << 20, false).0;
        let contents = BLOCK..bytes.len();
        for (at, byte) in changes {
            let place = contents.start + at.index(contents.len());
            bytes[place] = byte;
        }
        prop_assert!(sign(&mut bytes).is_some());
        let file = FstFile::open(&bytes[..]).unwrap();
        let _ = get(&file, key.as_bytes());
        let _ = all(&file);
    }
}

#[test]
fn a_root_beyond_everything_is_damage() {
    let rows: Vec<_> = (0..100).map(|n| (format!("key{n}").into_bytes(), b"v".to_vec())).collect();
    let (mut bytes, _) = built(&rows, 1 << 20, false);
    let end = FstFile::open(&bytes[..]).unwrap().file.keys.end;
    for root in [u64::MAX, u64::MAX - 1, 1 << 40] {
        bytes[end - 8..end].copy_from_slice(&root.to_le_bytes());
        sign(&mut bytes).unwrap();
        let file = FstFile::open(&bytes[..]).unwrap();
        assert!(get(&file, b"key1").is_err() && all(&file).is_err(), "{root}");
    }
}
