//! Patterns with back references (`\\1`): no automaton can match them, so this engine tries one way
//! after the other, and gives up after a number of steps that no honest pattern needs.
//!
//! It walks the same automaton as [`super::longest`]. The part of it that stands for a back reference
//! matches anything; here it is jumped over, and the text must repeat the group instead.

use std::collections::HashSet;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::LookMatcher;
use regex_automata::util::primitives::StateID;

use super::longest::{Span, step};

/// Most states visited for one text; some tens of milliseconds.
pub(super) const MAX_STEPS: usize = 1 << 18;

/// The engine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a regular expression with back references takes too many steps")]
pub struct TooManySteps;

type Slots = Box<[Option<u32>]>;

/// A way not tried yet.
struct Way {
    state: StateID,
    at: usize,
    slots: Slots,
}

/// What can still come of a way: where it stands, and the parts of the text that back references
/// depend on.
type Prospect = (StateID, usize, Vec<Option<u32>>);

/// The automaton of a pattern with back references.
pub(super) struct BackReferences<'a> {
    pub(super) nfa: &'a NFA,
    pub(super) groups: usize,
    pub(super) case_sensitive: bool,
}

impl BackReferences<'_> {
    /// The leftmost longest match: the whole and then each group. No match begins before `start`.
    pub(super) fn captures(
        &self,
        text: &[u8],
        start: usize,
    ) -> Result<Option<Vec<Option<Span>>>, TooManySteps> {
        let mut steps = 0;
        for start in start..=text.len() {
            let found = self.longest_from(text, start, &mut steps)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn longest_from(
        &self,
        text: &[u8],
        start: usize,
        steps: &mut usize,
    ) -> Result<Option<Vec<Option<Span>>>, TooManySteps> {
        let slots = vec![None; 2 * (self.groups + 1)].into_boxed_slice();
        let mut ways = vec![Way { state: self.nfa.start_anchored(), at: start, slots }];
        let mut tried: HashSet<Prospect> = HashSet::new();
        let mut best: Option<(usize, Slots)> = None;
        while let Some(way) = ways.pop() {
            *steps += 1;
            if *steps > MAX_STEPS {
                return Err(TooManySteps);
            }
            if matches!(self.nfa.state(way.state), State::Match { .. }) {
                if best.as_ref().is_none_or(|(end, _)| *end < way.at) {
                    let whole = way.at == text.len();
                    best = Some((way.at, way.slots));
                    if whole {
                        break;
                    }
                }
                continue;
            }
            self.go_on(text, way, &mut ways, &mut tried);
        }
        Ok(best.map(|(end, slots)| self.spans(start, end, &slots)))
    }

    /// Puts what follows a state on the heap of ways, the preferred one on top.
    fn go_on(&self, text: &[u8], way: Way, ways: &mut Vec<Way>, tried: &mut HashSet<Prospect>) {
        let Way { state, at, mut slots } = way;
        let mut push = |state: StateID, at: usize, slots: Slots| {
            ways.push(Way { state, at, slots });
        };
        match self.nfa.state(state) {
            State::Union { alternates } => {
                if tried.insert((state, at, self.depended_on(&slots))) {
                    alternates.iter().rev().for_each(|next| push(*next, at, slots.clone()));
                }
            }
            State::BinaryUnion { alt1, alt2 } => {
                if tried.insert((state, at, self.depended_on(&slots))) {
                    push(*alt2, at, slots.clone());
                    push(*alt1, at, slots);
                }
            }
            State::Look { look, next } => {
                if LookMatcher::new().matches(*look, text, at) {
                    push(*next, at, slots);
                }
            }
            State::Capture { next, group_index, slot, .. } => {
                if group_index.as_usize() > self.groups {
                    let group = group_index.as_usize() - self.groups;
                    let behind = self.behind_group(*next, group_index.as_usize());
                    if let Some((end, next)) = self.repeated(text, at, group, &slots).zip(behind) {
                        push(next, end, slots);
                    }
                    return;
                }
                if let Some(place) = slots.get_mut(slot.as_usize()) {
                    *place = u32::try_from(at).ok();
                }
                push(*next, at, slots);
            }
            State::Fail | State::Match { .. } => {}
            state @ (State::ByteRange { .. } | State::Sparse(_) | State::Dense(_)) => {
                if let Some(next) = text.get(at).and_then(|byte| step(state, *byte)) {
                    push(next, at + 1, slots);
                }
            }
        }
    }

    /// The groups a back reference can name are the first nine.
    fn depended_on(&self, slots: &Slots) -> Vec<Option<u32>> {
        slots.iter().skip(2).take(18).copied().collect()
    }

    /// Where the text that repeats a group ends; a group that has no part yet matches nothing.
    fn repeated(&self, text: &[u8], at: usize, group: usize, slots: &Slots) -> Option<usize> {
        let place = |slot: usize| usize::try_from((*slots.get(slot)?)?).ok();
        let part = text.get(place(2 * group)?..place(2 * group + 1)?)?;
        let end = at + part.len();
        let here = text.get(at..end)?;
        let same = if self.case_sensitive { here == part } else { here.eq_ignore_ascii_case(part) };
        same.then_some(end)
    }

    /// The state behind the end of a group that stands for a back reference: `.*` and the end.
    fn behind_group(&self, inside: StateID, group: usize) -> Option<StateID> {
        let mut seen = HashSet::new();
        let mut open = vec![inside];
        while let Some(state) = open.pop() {
            if !seen.insert(state) {
                continue;
            }
            match self.nfa.state(state) {
                State::Capture { next, group_index, .. } if group_index.as_usize() == group => {
                    return Some(*next);
                }
                State::Union { alternates } => open.extend(alternates.iter()),
                State::BinaryUnion { alt1, alt2 } => open.extend([*alt1, *alt2]),
                _ => {}
            }
        }
        None
    }

    fn spans(&self, start: usize, end: usize, slots: &Slots) -> Vec<Option<Span>> {
        let place = |slot: Option<u32>| slot.and_then(|place| usize::try_from(place).ok());
        let groups = slots.chunks(2).skip(1).take(self.groups).map(|pair| match pair {
            [from, to] => place(*from).zip(place(*to)).filter(|(from, to)| from <= to),
            _ => None,
        });
        std::iter::once(Some((start, end))).chain(groups).collect()
    }
}
