//! The members of a class in the form in which rules ask for them: a way through them, byte by byte,
//! which says at each token of a phrase whether a member goes on or is complete.

use std::collections::HashSet;

/// Classes of at most so many members are a sorted list. Building an automaton costs a fixed and large
/// table, which a file with its dozens of small classes would pay for each of them.
const FEW: usize = 512;

/// Members, folded and sorted.
#[derive(Clone)]
pub(super) enum Index {
    /// One by one.
    Few(Box<[Box<[u8]>]>),
    /// As an automaton.
    Many(fst::raw::Fst<Vec<u8>>),
}

impl Index {
    pub(super) fn of(members: &HashSet<Box<[u8]>>) -> Option<Self> {
        let mut words: Vec<&[u8]> = members.iter().map(|word| &**word).collect();
        words.sort_unstable();
        if words.len() <= FEW {
            return Some(Self::Few(words.into_iter().map(Box::from).collect()));
        }
        Some(Self::Many(fst::Set::from_iter(words).ok()?.into_fst()))
    }

    pub(super) fn walk(&self) -> Walk<'_> {
        match self {
            Self::Few(words) => Walk::Few { words, taken: 0 },
            Self::Many(members) => Walk::Many { members, node: members.root() },
        }
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let members = match self {
            Self::Few(words) => words.len(),
            Self::Many(members) => members.len(),
        };
        write!(f, "Index of {members} members")
    }
}

/// A way through the members of one class, byte by byte.
#[derive(Clone)]
pub(crate) enum Walk<'a> {
    /// The members that begin with what was taken, and how many bytes that is.
    Few { words: &'a [Box<[u8]>], taken: usize },
    /// The node reached.
    Many { members: &'a fst::raw::Fst<Vec<u8>>, node: fst::raw::Node<'a> },
}

impl Walk<'_> {
    /// Takes text, without regard to case; false if no member goes on like this.
    pub(crate) fn take(&mut self, text: &[u8]) -> bool {
        text.iter().all(|byte| self.step(byte.to_ascii_lowercase()))
    }

    fn step(&mut self, byte: u8) -> bool {
        match self {
            Self::Few { words, taken } => {
                // A member that ends here sorts in front of those that go on.
                let next = |word: &[u8]| word.get(*taken).copied();
                let from = words.partition_point(|word| next(word) < Some(byte));
                let rest = words.get(from..).unwrap_or_default();
                *words = &rest[..rest.partition_point(|word| next(word) == Some(byte))];
                *taken += 1;
                !words.is_empty()
            }
            Self::Many { members, node } => match node.find_input(byte) {
                Some(index) => {
                    *node = members.node(node.transition_addr(index));
                    true
                }
                None => false,
            },
        }
    }

    /// The bytes with which some member goes on.
    fn steps(&self) -> Vec<u8> {
        match self {
            Self::Few { words, taken } => {
                let mut bytes: Vec<u8> =
                    words.iter().filter_map(|word| word.get(*taken).copied()).collect();
                bytes.dedup();
                bytes
            }
            Self::Many { node, .. } => node.transitions().map(|next| next.inp).collect(),
        }
    }

    /// Calls `visit` with `text` and each way in which members go on from it, up to `length` bytes.
    pub(super) fn beginnings(
        &self,
        length: usize,
        text: &mut Vec<u8>,
        visit: &mut dyn FnMut(&[u8]),
    ) {
        if text.len() == length {
            return;
        }
        for byte in self.steps() {
            let mut walk = self.clone();
            if walk.step(byte) {
                text.push(byte);
                visit(text);
                walk.beginnings(length, text, visit);
                text.pop();
            }
        }
    }

    /// Whether a member goes on behind what was taken.
    pub(crate) fn goes_on(&self) -> bool {
        match self {
            // Members are sorted: one that ends here is the first.
            Self::Few { words, taken } => words.last().is_some_and(|word| word.len() > *taken),
            Self::Many { node, .. } => !node.is_empty(),
        }
    }

    /// Whether what was taken is a member.
    pub(crate) fn is_member(&self) -> bool {
        match self {
            Self::Few { words, taken } => words.first().is_some_and(|word| word.len() == *taken),
            Self::Many { node, .. } => node.is_final(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn many(members: &HashSet<Box<[u8]>>) -> Index {
        let mut words: Vec<&[u8]> = members.iter().map(|word| &**word).collect();
        words.sort_unstable();
        Index::Many(fst::Set::from_iter(words).unwrap().into_fst())
    }

    proptest! {
        /// The list and the automaton are the same to whoever walks.
        #[test]
        fn few_and_many_agree(
            members in prop::collection::hash_set("[ab.]{1,5}", 1..20),
            text in "[abAB.]{0,6}",
        ) {
            let members = members.iter().map(|word| word.as_bytes().into()).collect();
            let indexes = [Index::of(&members).unwrap(), many(&members)];
            prop_assert!(matches!(indexes[0], Index::Few(_)));
            let walked = indexes.each_ref().map(|index| {
                let mut walk = index.walk();
                let mut steps = Vec::new();
                for byte in text.bytes() {
                    if !walk.take(&[byte]) {
                        break;
                    }
                    steps.push((walk.is_member(), walk.goes_on()));
                }
                let mut beginnings = Vec::new();
                index.walk().beginnings(3, &mut Vec::new(), &mut |text| beginnings.push(text.to_vec()));
                (steps, beginnings)
            });
            prop_assert_eq!(&walked[0], &walked[1]);
        }
    }
}
