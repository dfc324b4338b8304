//! The members of a class in the form in which rules ask for them: a way through them, byte by byte,
//! which says at each token of a phrase whether a member goes on or is complete.

use std::sync::Arc;

use hashbrown::HashSet;

use fst::raw::{Fst, Node};
use smallvec::SmallVec;

use super::bulk::Bulk;

/// Members that came one by one are a sorted list: building an automaton costs a fixed and large table,
/// which a file with its dozens of small classes would pay for each of them.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// Members that came one by one, folded and sorted.
    few: Box<[Box<[u8]>]>,
    /// Those of large files.
    many: Vec<Arc<Bulk>>,
}

impl Index {
    pub(super) fn of(members: &HashSet<Box<[u8]>>, many: &[Arc<Bulk>]) -> Self {
        let mut few: Box<[Box<[u8]>]> = members.iter().cloned().collect();
        few.sort_unstable();
        Self { few, many: many.to_vec() }
    }

    pub(super) fn walk(&self) -> Walk<'_> {
        let many = self.many.iter().map(|bulk| (&bulk.words, bulk.words.root()));
        Walk { few: &self.few, taken: 0, many: many.collect() }
    }
}

/// An automaton and a node of it.
type Reached<'a> = (&'a Fst<Vec<u8>>, Node<'a>);

/// A way through the members of one class, byte by byte.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    /// The members of the list that begin with what was taken.
    few: &'a [Box<[u8]>],
    /// How many bytes that is.
    taken: usize,
    /// The automata in which members begin so, and the node reached in each.
    many: SmallVec<[Reached<'a>; 1]>,
}

impl Walk<'_> {
    /// Takes text, without regard to case; false if no member goes on like this.
    pub(crate) fn take(&mut self, text: &[u8]) -> bool {
        text.iter().all(|byte| self.step(byte.to_ascii_lowercase()))
    }

    fn step(&mut self, byte: u8) -> bool {
        // A member that ends here sorts in front of those that go on.
        let taken = self.taken;
        let next = |word: &[u8]| word.get(taken).copied();
        let from = self.few.partition_point(|word| next(word) < Some(byte));
        let rest = self.few.get(from..).unwrap_or_default();
        self.few = &rest[..rest.partition_point(|word| next(word) == Some(byte))];
        self.taken += 1;
        self.many.retain(|(automaton, node)| match node.find_input(byte) {
            Some(index) => {
                *node = automaton.node(node.transition_addr(index));
                true
            }
            None => false,
        });
        !self.few.is_empty() || !self.many.is_empty()
    }

    /// The bytes with which some member goes on.
    fn steps(&self) -> Vec<u8> {
        let few = self.few.iter().filter_map(|word| word.get(self.taken).copied());
        let many = self.many.iter().flat_map(|(_, node)| node.transitions().map(|next| next.inp));
        let mut bytes: Vec<u8> = few.chain(many).collect();
        bytes.sort_unstable();
        bytes.dedup();
        bytes
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
        self.few.last().is_some_and(|word| word.len() > self.taken)
            || self.many.iter().any(|(_, node)| !node.is_empty())
    }

    /// Whether what was taken is a member.
    pub(crate) fn is_member(&self) -> bool {
        self.few.first().is_some_and(|word| word.len() == self.taken)
            || self.many.iter().any(|(_, node)| node.is_final())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::bulk::tests::Rows;
    use super::*;
    use proptest::prelude::*;

    /// Half of the members from a list, half from an automaton; all from the one, all from the other.
    fn divided(members: &HashSet<Box<[u8]>>) -> [Index; 3] {
        let index = |few: &[Box<[u8]>], many: &[Box<[u8]>]| {
            let few = few.iter().cloned().collect();
            let mut rows = Rows(many.iter().map(|word| word.to_vec()).collect());
            Index::of(&few, &[Arc::new(Bulk::read(&mut rows, 0).unwrap())])
        };
        let all: Vec<Box<[u8]>> = members.iter().cloned().collect();
        let (left, right) = all.split_at(all.len() / 2);
        [index(&all, &[]), index(&[], &all), index(left, right)]
    }

    proptest! {
        /// List and automaton are the same to whoever walks.
        #[test]
        fn few_and_many_agree(
            members in prop::collection::hash_set("[ab.]{1,5}", 1..20),
            text in "[abAB.]{0,6}",
        ) {
            let members = members.iter().map(|word| word.as_bytes().into()).collect();
            let walked = divided(&members).each_ref().map(|index| {
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
            prop_assert_eq!(&walked[0], &walked[2]);
        }
    }
}
