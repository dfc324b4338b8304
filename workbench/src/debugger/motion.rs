//! Ways through a run, forward and back.

use super::run::{Happening, Run};

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// To the next thing that happens, in whichever ruleset.
    Into,
    /// To the next rule of this ruleset, or what it makes: what it calls, asks and reads is passed.
    Over,
    /// Behind the end of this ruleset; back, to the rule that called it.
    Out,
    /// To a rule that matches.
    Fires,
    /// To the rule on a line.
    Rule(u32),
    /// To a breakpoint, or all the way.
    Continue,
    /// All the way.
    All,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it happened.
    Forward,
    /// Against it.
    Back,
}

impl Run {
    /// Where a motion leads from a moment; `None` if there is nothing of that kind in this direction. `stops` says
    /// whether a breakpoint is at a moment.
    #[must_use]
    pub fn go(
        &self,
        from: usize,
        motion: Motion,
        way: Way,
        stops: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let from = from.min(self.last());
        let end = match way {
            Way::Forward => self.last(),
            Way::Back => 0,
        };
        if from == end {
            return None;
        }
        // outside of all rulesets those that run one after the other are on the way
        let depth = self.moment(from)?.depth.max(1);
        match motion {
            Motion::Into => self.seek(from, way, &|_| true),
            Motion::Over => self.seek(from, way, &|at| self.is_line(at, depth)).or(Some(end)),
            Motion::Out => self.out(from, depth, way).or(Some(end)),
            Motion::Fires => self.seek(from, way, &|at| {
                matches!(self.moments.get(at).map(|m| &m.happening), Some(Happening::Matched(_)))
            }),
            Motion::Rule(line) => self.seek(from, way, &|at| self.compares(at, line)),
            Motion::Continue => self.seek(from, way, stops).or(Some(end)),
            Motion::All => Some(end),
        }
    }

    fn seek(&self, from: usize, way: Way, wanted: &dyn Fn(usize) -> bool) -> Option<usize> {
        match way {
            Way::Forward => (from + 1..self.moments.len()).find(|at| wanted(*at)),
            Way::Back => (0..from).rev().find(|at| wanted(*at)),
        }
    }

    /// Whether a moment is one of a rule, or of a ruleset as a whole, not further inside than `depth`.
    fn is_line(&self, at: usize, depth: usize) -> bool {
        let Some(moment) = self.moments.get(at) else { return false };
        let inside = matches!(
            moment.happening,
            Happening::Asked(_)
                | Happening::Answered(_)
                | Happening::Read { .. }
                | Happening::Set { .. }
                | Happening::Skipped(_)
        );
        moment.depth <= depth && !inside
    }

    fn out(&self, from: usize, depth: usize, way: Way) -> Option<usize> {
        let is = |at: usize, happening: &Happening| {
            self.moments.get(at).is_some_and(|m| m.depth == depth && m.happening == *happening)
        };
        match way {
            Way::Forward => {
                let left = (from..self.moments.len()).find(|at| is(*at, &Happening::Left))?;
                Some((left + 1).min(self.last()))
            }
            Way::Back => {
                let entered = (0..=from).rev().find(|at| is(*at, &Happening::Entered))?;
                Some(entered.saturating_sub(1))
            }
        }
    }
}
