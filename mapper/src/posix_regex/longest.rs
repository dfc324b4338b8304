//! The longest match from a given start, with its submatches.
//!
//! A simulation of the automaton that keeps one set of submatches per state, in order of
//! preference: states times length steps, never more.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::LookMatcher;
use regex_automata::util::primitives::StateID;

/// Start and end of a part of the text, bytes.
pub type Span = (usize, usize);

type Slots = Vec<Option<usize>>;

/// The states alive at one place, in order of preference.
struct Threads {
    order: Vec<(StateID, Slots)>,
    seen: Vec<bool>,
}

impl Threads {
    fn new(states: usize) -> Self {
        Self { order: Vec::new(), seen: vec![false; states] }
    }

    fn clear(&mut self) {
        self.order.clear();
        self.seen.fill(false);
    }

    /// Marks a state; says whether it is new.
    fn enter(&mut self, state: StateID) -> bool {
        match self.seen.get_mut(state.as_usize()) {
            Some(seen) => !std::mem::replace(seen, true),
            None => false,
        }
    }
}

/// What is still to be followed without reading a byte.
enum Follow {
    State(StateID),
    /// Puts a slot back when the branches after it are done.
    Restore(usize, Option<usize>),
}

/// Submatches of the longest match that begins at `start`.
pub(super) fn captures(
    nfa: &NFA,
    text: &[u8],
    start: usize,
    groups: usize,
) -> Option<Vec<Option<Span>>> {
    let simulation = Simulation { nfa, text, looks: LookMatcher::new() };
    let states = nfa.states().len();
    let (mut now, mut next) = (Threads::new(states), Threads::new(states));
    let mut slots = vec![None; 2 * (groups + 1)];
    simulation.follow(nfa.start_anchored(), start, &mut slots, &mut now);
    let mut best = None;
    let mut at = start;
    loop {
        for (state, slots) in &now.order {
            if matches!(nfa.state(*state), State::Match { .. }) {
                best = Some((at, slots.clone()));
                // later ones at this place are less preferred
                break;
            }
        }
        let Some(&byte) = text.get(at) else { break };
        if now.order.is_empty() {
            break;
        }
        next.clear();
        for (state, slots) in &mut now.order {
            if let Some(target) = step(nfa.state(*state), byte) {
                simulation.follow(target, at + 1, slots, &mut next);
            }
        }
        std::mem::swap(&mut now, &mut next);
        at += 1;
    }
    let (end, slots) = best?;
    Some(spans(start, end, &slots))
}

fn spans(start: usize, end: usize, slots: &[Option<usize>]) -> Vec<Option<Span>> {
    let groups = slots.chunks(2).skip(1).map(|pair| match pair {
        [Some(from), Some(to)] if from <= to => Some((*from, *to)),
        _ => None,
    });
    std::iter::once(Some((start, end))).chain(groups).collect()
}

/// Where reading `byte` leads.
pub(super) fn step(state: &State, byte: u8) -> Option<StateID> {
    match state {
        State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
        State::Sparse(sparse) => sparse.matches_byte(byte),
        State::Dense(dense) => dense.matches_byte(byte),
        _ => None,
    }
}

struct Simulation<'a> {
    nfa: &'a NFA,
    text: &'a [u8],
    looks: LookMatcher,
}

impl Simulation<'_> {
    /// Adds every state reachable from `state` without reading, with the slots on the way. `slots`
    /// is unchanged in the end.
    fn follow(&self, state: StateID, at: usize, slots: &mut Slots, threads: &mut Threads) {
        let mut stack = vec![Follow::State(state)];
        while let Some(follow) = stack.pop() {
            let state = match follow {
                Follow::State(state) => state,
                Follow::Restore(slot, old) => {
                    if let Some(place) = slots.get_mut(slot) {
                        *place = old;
                    }
                    continue;
                }
            };
            if threads.enter(state) {
                self.expand(state, at, slots, threads, &mut stack);
            }
        }
    }

    fn expand(
        &self,
        state: StateID,
        at: usize,
        slots: &mut Slots,
        threads: &mut Threads,
        stack: &mut Vec<Follow>,
    ) {
        match self.nfa.state(state) {
            State::Union { alternates } => {
                stack.extend(alternates.iter().rev().map(|&next| Follow::State(next)));
            }
            State::BinaryUnion { alt1, alt2 } => {
                stack.push(Follow::State(*alt2));
                stack.push(Follow::State(*alt1));
            }
            State::Look { look, next } => {
                if self.looks.matches(*look, self.text, at) {
                    stack.push(Follow::State(*next));
                }
            }
            State::Capture { next, slot, .. } => {
                let slot = slot.as_usize();
                if let Some(place) = slots.get_mut(slot) {
                    stack.push(Follow::Restore(slot, place.replace(at)));
                }
                stack.push(Follow::State(*next));
            }
            State::Fail => {}
            State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) | State::Match { .. } => {
                threads.order.push((state, slots.clone()));
            }
        }
    }
}
