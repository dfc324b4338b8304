//! Classes: words and phrases, compared without regard to case.
//!
//! Members are listed in the order of sendmail's symbol table. For matching there is an [`index`] of them.

mod index;

use std::collections::{HashMap, HashSet};

use cf_parser::Name;

use crate::token::fold;
pub(crate) use index::Walk;

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
    /// Built when the class has changed, before rules run.
    index: Option<Index>,
}

/// All classes.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    names: HashMap<Name, ClassId>,
    classes: Vec<Class>,
    /// Every word of any class as it was first written, with its place in the order of arrival.
    words: HashMap<Box<[u8]>, Arrival>,
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
        let arrival = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.entry(folded.clone()).or_insert_with(|| (arrival, word.into()));
        if let Some(class) = self.classes.get_mut(id.0) {
            class.members.insert(folded);
            class.index = None;
        }
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
        self.classes.get(id.0).is_some_and(|c| c.members.contains(fold(word).as_slice()))
    }

    /// Whether `word` is a member of the class of this name.
    #[must_use]
    pub fn has(&self, name: &[u8], word: &[u8]) -> bool {
        self.names.get(&Name::new(name)).is_some_and(|id| self.contains(*id, word))
    }

    /// Builds what rules need of every class that has changed.
    pub fn index(&mut self) {
        for class in &mut self.classes {
            if class.index.is_none() && !class.members.is_empty() {
                class.index = Index::of(&class.members);
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
        let mut words: Vec<(u32, u32, &[u8])> = class
            .members
            .iter()
            .filter_map(|folded| self.words.get(folded))
            .map(|(arrival, word)| (bucket(CLASS_SEED, word), *arrival, &**word))
            .collect();
        words.sort_unstable();
        words.into_iter().map(|(_, _, word)| word.to_vec()).collect()
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
