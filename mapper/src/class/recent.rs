//! What a database file has answered lately, kept so that its pages need not be searched again.
//!
//! As many answers as there are places: a new one takes the place of the one before it. Nothing is
//! allocated for an answer but the first time its place is used.

use crate::bdb::HashedKey;

/// Number of places; a power of two, so that the hash of a key selects one.
const PLACES: usize = 1024;
/// Longest key and value that are kept, bytes.
const MAX_BYTES: usize = 256;

/// A key and what was found.
#[derive(Clone, Default)]
struct Place {
    /// The age in which it was filled; 0 for never.
    age: u64,
    key: Vec<u8>,
    /// Whether the file has the key.
    found: bool,
    value: Vec<u8>,
}

/// The answers of one file.
pub(super) struct Recent {
    places: Vec<Place>,
    /// Only answers of this age count; it begins with 1.
    age: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { places: Vec::new(), age: 1 }
    }
}

fn place_of(key: HashedKey<'_>) -> usize {
    usize::try_from(key.hash()).unwrap_or_default() % PLACES
}

impl Recent {
    /// What was found for the key, a value or none; `None` if that is not known.
    pub(super) fn get(&self, key: HashedKey<'_>) -> Option<Option<&[u8]>> {
        let place = self.places.get(place_of(key))?;
        let known = place.age == self.age && place.key == key.bytes();
        known.then(|| place.found.then_some(&place.value[..]))
    }

    /// Keeps what was found unless it is too long.
    pub(super) fn keep(&mut self, key: HashedKey<'_>, found: Option<&[u8]>) {
        let value = found.unwrap_or_default();
        if value.len().max(key.bytes().len()) > MAX_BYTES {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Place::default());
        }
        let Some(place) = self.places.get_mut(place_of(key)) else { return };
        place.age = self.age;
        place.found = found.is_some();
        place.key.clear();
        place.key.extend_from_slice(key.bytes());
        place.value.clear();
        place.value.extend_from_slice(value);
    }

    /// Forgets all answers.
    pub(super) fn clear(&mut self) {
        self.age += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_last_until_they_are_cleared() {
        let mut recent = Recent::default();
        let (key, other) = (HashedKey::new(b"a"), HashedKey::new(b"b"));
        assert_eq!(recent.get(key), None);
        recent.keep(key, Some(b"value"));
        recent.keep(other, None);
        assert_eq!(recent.get(key), Some(Some(&b"value"[..])));
        assert_eq!(recent.get(other), Some(None));
        recent.keep(key, None);
        assert_eq!(recent.get(key), Some(None));
        recent.clear();
        assert_eq!(recent.get(key), None);
        assert_eq!(recent.get(other), None);
    }

    #[test]
    fn a_place_holds_one_answer_and_no_long_one() {
        let mut recent = Recent::default();
        let texts: Vec<String> = (0..4 * PLACES).map(|number| format!("key{number}")).collect();
        for text in &texts {
            recent.keep(HashedKey::new(text.as_bytes()), Some(text.as_bytes()));
        }
        let known = texts.iter().map(String::as_bytes).filter_map(|text| {
            let value = recent.get(HashedKey::new(text))?;
            assert_eq!(value, Some(text));
            value
        });
        let count = known.count();
        assert!(count > 0 && count <= PLACES);
        let key = HashedKey::new(b"long");
        recent.keep(key, Some(&[b'x'; MAX_BYTES + 1]));
        assert_eq!(recent.get(key), None);
    }
}
