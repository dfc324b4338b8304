//! Rulesets that get what the one before left (RS-079, RS-082): the machine goes on by itself, so that a
//! recording can reach over all of them.

use super::{Env, Frame, Machine, Outcome, Step};
use crate::limits::MAX_RULESETS;
use crate::status::Exit;
use crate::token::Token;

/// Rulesets still to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// Their numbers, each one more than it is, from the low end on; 0 behind the last.
    packed: u64,
}

/// Bits for one number.
const BITS: u32 = 8;
/// Rulesets that find room.
const MOST: usize = (u64::BITS / BITS) as usize;

const _: () = assert!(MAX_RULESETS < 1 << BITS);

impl Chain {
    pub(super) fn of(rulesets: &[usize]) -> Self {
        debug_assert!(rulesets.len() <= MOST);
        let packed =
            rulesets.iter().rev().fold(0, |packed, number| packed << BITS | (*number as u64 + 1));
        Self { packed }
    }

    /// Takes the next ruleset out.
    pub(super) fn next(&mut self) -> Option<usize> {
        let number = (self.packed & ((1 << BITS) - 1)).checked_sub(1)?;
        self.packed >>= BITS;
        Some(number as usize)
    }

    /// What tells it from others.
    pub(super) fn key(self) -> [u32; 2] {
        [self.packed as u32, (self.packed >> u32::BITS) as u32]
    }
}

/// Rulesets one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rulesets {
    pub(super) first: usize,
    pub(super) then: Chain,
}

impl Rulesets {
    /// At most eight follow the first.
    pub(crate) fn new(first: usize, then: &[usize]) -> Self {
        Self { first, then: Chain::of(then) }
    }
}

impl Machine {
    /// Begins rulesets, at most eight behind the first, each with what the one before left; the first
    /// step says that the first is entered. The outcome is that of the last; its status is a temporary
    /// failure if any of them came to one.
    pub fn start(&mut self, first: usize, then: &[usize], workspace: Vec<Token>) {
        self.begin(Rulesets::new(first, then), workspace);
    }

    /// [`Machine::start`].
    pub(super) fn begin(&mut self, rulesets: Rulesets, workspace: Vec<Token>) {
        self.frames.clear();
        self.recordings.stop();
        self.answer = None;
        self.work = 0;
        self.chain = rulesets.then;
        self.chain_failed = false;
        self.frames.push(Frame::new(rulesets.first, workspace));
    }

    /// A ruleset of the chain has ended. `None` if the next one was entered.
    pub(super) fn done(&mut self, mut outcome: Outcome, env: &mut Env<'_>) -> Option<Step> {
        let Some(next) = self.chain.next() else {
            if self.chain_failed {
                outcome.exit = Exit::TEMPFAIL;
            }
            return Some(Step::Done(outcome));
        };
        self.chain_failed |= outcome.exit == Exit::TEMPFAIL;
        self.work = 0;
        self.frames.push(Frame::new(next, outcome.workspace));
        self.announce_entry(env);
        None
    }
}
