//! Classes: words and phrases, compared without regard to case.
//!
//! Members are listed in the order of sendmail's symbol table. For matching there is an index of them.

mod bulk;
mod index;

use std::sync::Arc;

use cf_parser::Name;
use fst::Streamer as _;
use hashbrown::{HashMap, HashSet};

use crate::token::fold;
pub use bulk::Words;
pub(crate) use index::Walk;

use bulk::Bulk;
use index::Index;

/// A class, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub(crate) usize);

/// Buckets of sendmail's symbol table (observed by the order of `$=x` listings).
const BUCKETS: u32 = 2003;

/// What sendmail's hash starts from for words of classes (observed).
const CLASS_SEED: u32 = 1;

/// The bucket of a name in sendmail's symbol table: the order of every listing.
#[must_use]
pub fn bucket(seed: u32, name: &[u8]) -> u32 {
    name.iter()
        .fold(seed, |hash, byte| ((hash << 1) ^ u32::from(byte.to_ascii_lowercase())) % BUCKETS)
}

#[derive(Clone, Debug, Default)]
struct Class {
    /// Folded members.
    members: HashSet<Box<[u8]>>,
    /// Those of large files.
    bulk: Vec<Arc<Bulk>>,
    /// Built when the class has changed, before rules run.
    index: Option<Index>,
}

/// All classes.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    names: HashMap<Name, ClassId>,
    classes: Vec<Class>,
    /// Every word of any class as it was first written, with its place in the order of arrival.
    /// Those of large files are kept there.
    words: HashMap<Box<[u8]>, Arrival>,
    /// How many words have arrived.
    arrived: u32,
}

/// A word's place in the order of arrival, and its first spelling.
type Arrival = (u32, Box<[u8]>);

impl Classes {
    /// The number of a class, which exists (perhaps empty) from now on.
    pub fn id(&mut self, name: &Name) -> ClassId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = ClassId(self.classes.len());
        self.classes.push(Class::default());
        self.names.insert(name.clone(), id);
        id
    }

    /// Adds a word or phrase.
    pub fn add(&mut self, name: &Name, word: &[u8]) {
        let id = self.id(name);
        let folded: Box<[u8]> = fold(word).into();
        let arrival = self.arrived;
        if !self.words.contains_key(&folded) && self.in_bulk(&folded).is_none() {
            self.words.insert(folded.clone(), (arrival, word.into()));
            self.arrived = self.arrived.saturating_add(1);
        }
        if let Some(class) = self.classes.get_mut(id.0) {
            class.members.insert(folded);
            class.index = None;
        }
    }

    /// Adds the words of a large file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn add_all(&mut self, name: &Name, words: &mut dyn Words) -> std::io::Result<()> {
        let id = self.id(name);
        let bulk = Bulk::read(words, self.arrived.into())?;
        let count = u32::try_from(bulk.len()).unwrap_or(u32::MAX);
        self.arrived = self.arrived.saturating_add(count);
        if let Some(class) = self.classes.get_mut(id.0) {
            class.bulk.push(Arc::new(bulk));
            class.index = None;
        }
        Ok(())
    }

    /// The arrival of a folded word that came with a large file, and its first spelling.
    fn in_bulk(&self, folded: &[u8]) -> Option<Arrival> {
        let mut all = self.classes.iter().flat_map(|class| &class.bulk);
        all.find_map(|bulk| {
            let arrival = u32::try_from(bulk.words.get(folded)?.value()).unwrap_or(u32::MAX);
            let spelled = bulk.spellings.get(folded).cloned();
            Some((arrival, spelled.unwrap_or_else(|| folded.into())))
        })
    }

    /// Adds every member of `from` to `to` (`$=y` in a `C` line).
    pub fn copy(&mut self, to: &Name, from: &Name) {
        for word in self.list(from) {
            self.add(to, &word);
        }
    }

    /// Whether `word` is a member.
    #[must_use]
    pub fn contains(&self, id: ClassId, word: &[u8]) -> bool {
        let folded = fold(word);
        self.classes.get(id.0).is_some_and(|class| {
            class.members.contains(folded.as_slice())
                || class.bulk.iter().any(|bulk| bulk.words.contains_key(&folded))
        })
    }

    /// Whether `word` is a member of the class of this name.
    #[must_use]
    pub fn has(&self, name: &[u8], word: &[u8]) -> bool {
        self.names.get(&Name::new(name)).is_some_and(|id| self.contains(*id, word))
    }

    /// Builds what rules need of every class that has changed.
    pub fn index(&mut self) {
        for class in &mut self.classes {
            let is_empty = class.members.is_empty() && class.bulk.is_empty();
            if class.index.is_none() && !is_empty {
                class.index = Some(Index::of(&class.members, &class.bulk));
            }
        }
    }

    /// Calls `visit` with every way in which a member begins, of at most `length` bytes, and with shorter
    /// beginnings of the same.
    pub(crate) fn beginnings(&self, id: ClassId, length: usize, visit: &mut dyn FnMut(&[u8])) {
        if let Some(walk) = self.walk(id) {
            walk.beginnings(length, &mut Vec::new(), visit);
        }
    }

    /// The folded members of the class that did not come with a large file, in no order; none if there
    /// are more than `most`.
    pub(crate) fn few(&self, id: ClassId, most: usize) -> impl Iterator<Item = &[u8]> {
        let class = self.classes.get(id.0).filter(|class| class.members.len() <= most);
        class.into_iter().flat_map(|class| class.members.iter().map(|word| &**word))
    }

    /// The beginning of a way through the members; `None` if there are none.
    pub(crate) fn walk(&self, id: ClassId) -> Option<Walk<'_>> {
        Some(self.classes.get(id.0)?.index.as_ref()?.walk())
    }

    /// The members as first written, in sendmail's order.
    #[must_use]
    pub fn list(&self, name: &Name) -> Vec<Vec<u8>> {
        let Some(class) = self.names.get(name).and_then(|id| self.classes.get(id.0)) else {
            return Vec::new();
        };
        let arrival =
            |folded: &[u8]| self.words.get(folded).cloned().or_else(|| self.in_bulk(folded));
        let mut words: Vec<(u32, u32, Box<[u8]>)> = Vec::new();
        let mut note = |folded: &[u8]| {
            if let Some((arrival, word)) = arrival(folded) {
                words.push((bucket(CLASS_SEED, &word), arrival, word));
            }
        };
        class.members.iter().for_each(|folded| note(folded));
        for bulk in &class.bulk {
            let mut stream = bulk.words.stream();
            while let Some((folded, _)) = stream.next() {
                note(folded);
            }
        }
        words.sort_unstable();
        words.dedup();
        words.into_iter().map(|(_, _, word)| word.into_vec()).collect()
    }

    /// The names of all classes, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.names.keys().cloned().collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn listing_order_is_the_oracles() {
        // MC: order of `$=X` printed by 8.17.1.9 for the letters a to z.
        let mut classes = Classes::default();
        let name = Name::new(b"X");
        for letter in b'a'..=b'z' {
            classes.add(&name, &[letter]);
        }
        assert_eq!(classes.list(&name).concat(), b"bcafgdejkhinolmrspqvwtuzxy");
    }

    #[test]
    fn phrases_are_walked_without_regard_to_case() {
        let mut classes = Classes::default();
        let name = Name::new(b"X");
        classes.add(&name, b"A.b.C");
        classes.index();
        let id = classes.id(&name);
        let mut walk = classes.walk(id).unwrap();
        assert!(walk.take(b"a.B") && !walk.is_member());
        assert!(walk.take(b".c") && walk.is_member());
        assert!(!walk.take(b"."));
        assert!(classes.contains(id, b"a.b.c"));
        assert!(!classes.contains(id, b"a.b"));
        let mut beginnings = Vec::new();
        classes.beginnings(id, 2, &mut |text| beginnings.push(text.to_vec()));
        assert_eq!(beginnings, [&b"a"[..], b"a."]);
    }
}
