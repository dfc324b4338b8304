//! What a database file is made of while it is in memory: keys and values one behind the other, with an index.
//!
//! An entry takes its text and some thirty bytes, so that a database takes about the memory that its file
//! takes of the disk.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::image::number;

/// Where a key stands, with its first value behind it.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    key: u32,
    value: u32,
}

/// Where a further value stands.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    length: u32,
}

/// Keys with their values, numbered in the order in which the keys came, on which hash files depend.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    text: Vec<u8>,
    /// By number; none of keys that were taken out.
    places: Vec<Option<Place>>,
    /// The numbers, by key.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The values of a key but the first.
    further: HashMap<u32, Vec<Span>>,
}

/// A length or a number as memory counts.
fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Entries {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The number of a key.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, |&other| self.key(other) == key).copied()
    }

    /// Adds a key, which is not there.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let new = number(self.places.len());
        let place = self.store(key, value);
        self.places.push(Some(place));
        let Self { text, places, index, hasher, .. } = self;
        let hash_of = |&other: &u32| hasher.hash_one(key_at(text, places, other));
        index.insert_unique(hasher.hash_one(key), new, hash_of);
    }

    fn store(&mut self, key: &[u8], value: &[u8]) -> Place {
        let start = self.text.len();
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(value);
        Place { start, key: number(key.len()), value: number(value.len()) }
    }

    /// Gives a key a value in the place of those it has.
    pub(super) fn replace(&mut self, entry: u32, value: &[u8]) {
        self.further.remove(&entry);
        let Some(Some(place)) = self.places.get_mut(size(entry)) else { return };
        let at = place.start + size(place.key);
        if let Some(room) = self.text.get_mut(at..at + value.len())
            && value.len() <= size(place.value)
        {
            room.copy_from_slice(value);
            place.value = number(value.len());
            return;
        }
        let key = self.key(entry).to_vec();
        let place = self.store(&key, value);
        if let Some(old) = self.places.get_mut(size(entry)) {
            *old = Some(place);
        }
    }

    /// Gives a key one more value.
    pub(super) fn append(&mut self, entry: u32, value: &[u8]) {
        let span = Span { start: self.text.len(), length: number(value.len()) };
        self.text.extend_from_slice(value);
        self.further.entry(entry).or_default().push(span);
    }

    /// Takes a key out with all its values; says whether it was there.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let Self { text, places, index, hasher, further } = self;
        let is_key = |&other: &u32| key_at(text, places, other) == key;
        let Ok(found) = index.find_entry(hasher.hash_one(key), is_key) else { return false };
        let (entry, _) = found.remove();
        further.remove(&entry);
        if let Some(place) = places.get_mut(size(entry)) {
            *place = None;
        }
        true
    }

    /// The key of this number.
    pub(super) fn key(&self, entry: u32) -> &[u8] {
        key_at(&self.text, &self.places, entry)
    }

    /// The values of the key of this number.
    pub(super) fn values(&self, entry: u32) -> Values<'_> {
        let place = self.places.get(size(entry)).copied().flatten();
        let first = place.and_then(|place| {
            let at = place.start + size(place.key);
            self.text.get(at..at + size(place.value))
        });
        let further = match self.further.is_empty() {
            true => None,
            false => self.further.get(&entry),
        };
        Values {
            first: first.unwrap_or_default(),
            further: further.map(Vec::as_slice).unwrap_or_default(),
            text: &self.text,
        }
    }

    /// The numbers of all keys, in the order in which they came.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let numbered = (0..).zip(&self.places);
        numbered.filter_map(|(entry, place)| place.is_some().then_some(entry))
    }

    /// The same in the order of the keys.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.numbers().collect();
        numbers.sort_unstable_by(|&one, &other| self.key(one).cmp(self.key(other)));
        numbers
    }
}

fn key_at<'t>(text: &'t [u8], places: &[Option<Place>], entry: u32) -> &'t [u8] {
    let place = places.get(size(entry)).copied().flatten();
    place.and_then(|place| text.get(place.start..place.start + size(place.key))).unwrap_or_default()
}

/// The values of a key, in the order in which they came: more than one only where the database keeps
/// duplicates.
#[derive(Clone, Copy)]
pub(super) struct Values<'e> {
    first: &'e [u8],
    further: &'e [Span],
    text: &'e [u8],
}

impl<'e> Values<'e> {
    /// The value if there is one only.
    pub(super) fn single(self) -> Option<&'e [u8]> {
        self.further.is_empty().then_some(self.first)
    }

    pub(super) fn len(self) -> usize {
        1 + self.further.len()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'e [u8]> {
        let further = self.further.iter().map(move |span| {
            self.text.get(span.start..span.start + size(span.length)).unwrap_or_default()
        });
        std::iter::once(self.first).chain(further)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entries: &Entries) -> String {
        let one = |entry| {
            let values: Vec<&[u8]> = entries.values(entry).iter().collect();
            [entries.key(entry), b"=", &values.join(&b','), b" "].concat()
        };
        String::from_utf8_lossy(&entries.numbers().flat_map(one).collect::<Vec<u8>>()).into_owned()
    }

    #[test]
    fn keys_keep_their_order() {
        let mut entries = Entries::default();
        for (key, value) in [("b", "1"), ("a", "2"), ("c", ""), ("", "4")] {
            assert_eq!(entries.find(key.as_bytes()), None);
            entries.add(key.as_bytes(), value.as_bytes());
        }
        entries.replace(1, b"longer");
        entries.replace(1, b"short");
        entries.replace(0, b"");
        entries.append(2, b"x");
        assert_eq!(shown(&entries), "b= a=short c=,x =4 ");
        assert_eq!(entries.sorted(), [3, 1, 0, 2]);
        assert!(entries.remove(b"c") && !entries.remove(b"c"));
        entries.add(b"c", b"new");
        assert!(entries.remove(b""));
        assert_eq!(shown(&entries), "b= a=short c=new ");
        assert_eq!((entries.len(), entries.find(b"c"), entries.find(b"")), (3, Some(4), None));
        entries.append(0, b"y");
        entries.replace(0, b"z");
        assert_eq!(entries.values(0).single(), Some(&b"z"[..]));
    }
}
