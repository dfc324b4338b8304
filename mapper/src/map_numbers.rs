//! Numbers of maps by name.
//!
//! Rules ask by name, and ask often: a name that is written as it was declared is found by its ends
//! and its length, without folding and hashing it.

use hashbrown::HashMap;

/// Places of the table by the ends of names; a power of two.
const PLACES: usize = 64;

/// Names without regard to case, numbered as they came.
pub(crate) struct MapNumbers {
    by_folded: HashMap<Vec<u8>, usize>,
    /// Names as declared, by number.
    spelled: Vec<Vec<u8>>,
    /// The number of one of the names whose ends lead to this place.
    by_ends: [usize; PLACES],
}

impl Default for MapNumbers {
    fn default() -> Self {
        Self { by_folded: HashMap::new(), spelled: Vec::new(), by_ends: [usize::MAX; PLACES] }
    }
}

/// The place of a name among [`PLACES`].
fn place(name: &[u8]) -> usize {
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    (end(name.first()) + 7 * end(name.last()) + 11 * name.len()) % PLACES
}

impl MapNumbers {
    /// The number of a name; a new name gets the next one.
    pub(crate) fn add(&mut self, name: &[u8]) -> usize {
        if let Some(number) = self.get(name) {
            return number;
        }
        let number = self.spelled.len();
        self.by_folded.insert(name.to_ascii_lowercase(), number);
        self.spelled.push(name.to_vec());
        if let Some(place) = self.by_ends.get_mut(place(name)) {
            *place = number;
        }
        number
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn get(&self, name: &[u8]) -> Option<usize> {
        let likely = self.by_ends.get(place(name)).copied().unwrap_or(usize::MAX);
        match self.spelled.get(likely) {
            Some(spelled) if spelled == name => Some(likely),
            _ => self.search(name),
        }
    }

    /// Finds a name that is written otherwise than declared, or shares its place.
    #[cold]
    #[inline(never)]
    fn search(&self, name: &[u8]) -> Option<usize> {
        let mut room = [0; 64];
        match room.get_mut(..name.len()) {
            Some(folded) => {
                folded.copy_from_slice(name);
                folded.make_ascii_lowercase();
                self.by_folded.get(&*folded).copied()
            }
            None => self.by_folded.get(&name.to_ascii_lowercase()).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        let mut numbers = MapNumbers::default();
        assert_eq!(numbers.get(b""), None);
        let long = [b'x'; 100];
        // `abc` and `axc` have the same ends
        let names = [&b"Access"[..], b"abc", b"axc", b"mailertable", &long];
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.get(name), None);
            assert_eq!(numbers.add(name), number);
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.add(name), number);
            assert_eq!(numbers.get(name), Some(number));
            assert_eq!(numbers.get(&name.to_ascii_uppercase()), Some(number));
            assert_eq!(numbers.get(&name.to_ascii_lowercase()), Some(number));
        }
        assert_eq!(numbers.get(b"ac"), None);
    }
}
