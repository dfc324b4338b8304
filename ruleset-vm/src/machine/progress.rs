//! How far a left-hand side that does not match gets.

use super::matcher::{Capture, Matcher, Subject};
use crate::program::Instr;

/// The longest part of a left-hand side, from its beginning, that matches the beginning of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many of its instructions; all of them if only tokens are left over.
    pub instructions: usize,
    /// What their wildcards took.
    pub captures: Vec<Capture>,
    /// The tokens that they have used up: the next one is where it breaks.
    pub tokens: usize,
}

/// Compares ever shorter parts of a left-hand side with the workspace.
#[must_use]
pub fn progress(lhs: &[Instr], subject: Subject<'_>) -> Progress {
    let mut matcher = Matcher::default();
    matcher.look_at(subject.workspace);
    for length in (0..=lhs.len()).rev() {
        let mut part = lhs.get(..length).unwrap_or_default().to_vec();
        // whatever is left of the workspace
        part.push(Instr::ZeroOrMore);
        if matcher.run(&part, None, subject) {
            let mut captures = matcher.captures().to_vec();
            let rest = captures.pop().unwrap_or_default();
            return Progress { instructions: length, captures, tokens: rest.start };
        }
    }
    Progress { instructions: 0, captures: Vec::new(), tokens: 0 }
}
