//! A text map in memory: the file and an index of its keys.
//!
//! Keys are compared without regard to case and the first line wins. Small files are kept in a hash
//! table; large ones in a finite state transducer, which needs a fraction of the memory.

use std::collections::HashMap;

use crate::columns::Columns;

/// Files of at least so many bytes get a transducer.
const LARGE: usize = 1 << 20;

enum Keys {
    Few(HashMap<Vec<u8>, usize>),
    Many(fst::Map<Vec<u8>>),
}

/// The file and the places of its lines by key.
pub struct ColumnIndex {
    text: Vec<u8>,
    columns: Columns,
    keys: Keys,
}

impl ColumnIndex {
    /// Reads a text.
    #[must_use]
    pub fn build(text: Vec<u8>, columns: Columns) -> Self {
        let large = text.len() >= LARGE;
        Self::build_as(text, columns, large)
    }

    fn build_as(text: Vec<u8>, columns: Columns, large: bool) -> Self {
        let mut places = Vec::new();
        let mut start = 0;
        for line in text.split(|&b| b == b'\n') {
            if let Some((key, _)) = columns.cut(line) {
                places.push((key.to_ascii_lowercase(), start));
            }
            start += line.len() + 1;
        }
        let keys = if large { many(places) } else { few(places) };
        Self { text, columns, keys }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let key = key.to_ascii_lowercase();
        let start = match &self.keys {
            Keys::Few(table) => *table.get(&key)?,
            Keys::Many(map) => usize::try_from(map.get(&key)?).ok()?,
        };
        let line = self.text.get(start..)?.split(|&b| b == b'\n').next()?;
        Some(self.columns.cut(line)?.1)
    }
}

fn few(places: Vec<(Vec<u8>, usize)>) -> Keys {
    let mut table = HashMap::with_capacity(places.len());
    for (key, start) in places {
        table.entry(key).or_insert(start);
    }
    Keys::Few(table)
}

fn many(mut places: Vec<(Vec<u8>, usize)>) -> Keys {
    places.sort();
    places.dedup_by(|later, earlier| later.0 == earlier.0);
    let pairs = places.iter().map(|(key, start)| (key, u64::try_from(*start).unwrap_or(u64::MAX)));
    match fst::Map::from_iter(pairs) {
        Ok(map) => Keys::Many(map),
        // sorted and distinct keys cannot fail; a hash table serves as well
        Err(_) => few(places),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_line_wins_without_regard_to_case() {
        // MAP-035
        let columns = Columns { key: 0, value: 1, delimiter: None };
        for large in [false, true] {
            let text = b"# c d\nfoo bar\nFOO baz\nBar Qux\nlast one".to_vec();
            let index = ColumnIndex::build_as(text, columns, large);
            assert_eq!(index.get(b"Foo"), Some(&b"bar"[..]));
            assert_eq!(index.get(b"bar"), Some(&b"Qux"[..]));
            assert_eq!(index.get(b"LAST"), Some(&b"one"[..]));
            assert_eq!(index.get(b"#"), None);
            assert_eq!(index.get(b"c"), None);
        }
    }

    proptest! {
        #[test]
        fn both_indexes_agree(text in "([a-cA-C#: ]{0,6}\n){0,12}", key in "[a-c ]{0,4}",
                              key_column in 0usize..3, blank in any::<bool>()) {
            let delimiter = (!blank).then_some(b':');
            let columns = Columns { key: key_column, value: 0, delimiter };
            let text = text.into_bytes();
            let small = ColumnIndex::build_as(text.clone(), columns, false);
            let large = ColumnIndex::build_as(text, columns, true);
            prop_assert_eq!(small.get(key.as_bytes()), large.get(key.as_bytes()));
        }
    }
}
