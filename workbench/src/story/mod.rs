//! The story of one address: what happened to it, ruleset by ruleset, as a tree of the rules that fired.

pub mod html;
pub mod json;
mod recorder;
pub mod sentence;
pub mod text;
mod why_not;

pub use recorder::Recorder;
pub(crate) use recorder::words;
pub use why_not::{Attempt, WhyNot};

use cf_parser::Span;

use crate::machine::Kind;

/// Tokens as they are shown.
pub type Words = Vec<Vec<u8>>;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A ruleset ran.
    Ruleset(Passage),
    /// A rule fired.
    Rule(Firing),
    /// A map was asked.
    Map(Asking),
    /// A macro was read with `$&`.
    Macro {
        /// Its name.
        name: Vec<u8>,
        /// Its value, if defined.
        value: Option<Vec<u8>>,
    },
    /// A ruleset was called that has no rules.
    Skipped(Vec<u8>),
    /// A rule was applied too often.
    Looping,
    /// A message for whoever runs this.
    Message(Vec<u8>),
}

/// A run of a ruleset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Its number.
    pub number: usize,
    /// Its name, or its number.
    pub name: Vec<u8>,
    /// The workspace it got.
    pub before: Words,
    /// The workspace it returned.
    pub after: Words,
    /// Rules that were compared with the workspace.
    pub tried: usize,
    /// What happened meanwhile.
    pub steps: Vec<Step>,
}

/// A rule that fired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firing {
    /// The name of its ruleset.
    pub ruleset: Vec<u8>,
    /// Its number in the ruleset, from 1.
    pub number: usize,
    /// Where it stands.
    pub span: Span,
    /// Its left-hand side.
    pub lhs: Vec<u8>,
    /// Its right-hand side.
    pub rhs: Vec<u8>,
    /// The workspace it matched.
    pub before: Words,
    /// The words of it that each wildcard took: from, up to.
    pub captures: Vec<(usize, usize)>,
    /// What it made of it; of a rule that calls other rulesets, after their work. `None` if it could not be built.
    pub after: Option<Words>,
    /// What happened meanwhile.
    pub steps: Vec<Step>,
}

/// A question to a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// The map.
    pub map: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
    /// The arguments.
    pub args: Vec<Vec<u8>>,
    /// The value, if found.
    pub value: Option<Vec<u8>>,
    /// What would have been touched, if that was not allowed: the answer means nothing.
    pub unasked: Option<Kind>,
}

/// Everything that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// In order.
    pub steps: Vec<Step>,
    /// There was more than is kept.
    pub cut: bool,
}

impl Story {
    /// Every rule that fired, in the order in which they fired.
    #[must_use]
    pub fn firings(&self) -> Vec<&Firing> {
        let mut found = Vec::new();
        collect(&self.steps, &mut found);
        found
    }

    /// The firing that made the last change of the workspace: the one behind a triple or a refusal.
    #[must_use]
    pub fn decisive(&self) -> Option<&Firing> {
        let is_triple = |firing: &&&Firing| {
            let first = firing.after.as_ref().and_then(|after| after.first());
            first.is_some_and(|word| word == b"$#")
        };
        let firings = self.firings();
        // the innermost rule that made the triple is the last of those that did so first
        firings.iter().rev().find(|firing| is_triple(firing) && !calls_made_it(firing)).copied()
    }

    /// The rule that made the workspace which the last ruleset returned; none if it returned what it got.
    #[must_use]
    pub fn settling(&self) -> Option<&Firing> {
        let passage = self.steps.iter().rev().find_map(|step| match step {
            Step::Ruleset(passage) => Some(passage),
            _ => None,
        })?;
        let mut firings = Vec::new();
        collect(&passage.steps, &mut firings);
        let made = |firing: &&Firing| {
            firing.after.as_ref() == Some(&passage.after) && !calls_made_it(firing)
        };
        firings.iter().copied().find(made).or_else(|| firings.last().copied())
    }

    /// Every question to a map, in order.
    #[must_use]
    pub fn lookups(&self) -> Vec<&Asking> {
        let mut found = Vec::new();
        lookups(&self.steps, &mut found);
        found
    }
}

fn lookups<'s>(steps: &'s [Step], found: &mut Vec<&'s Asking>) {
    for step in steps {
        match step {
            Step::Map(asking) => found.push(asking),
            Step::Rule(firing) => lookups(&firing.steps, found),
            Step::Ruleset(passage) => lookups(&passage.steps, found),
            _ => {}
        }
    }
}

/// Whether the result of a rule is that of a ruleset it called.
fn calls_made_it(firing: &Firing) -> bool {
    firing.steps.iter().any(|step| match step {
        Step::Ruleset(passage) => Some(&passage.after) == firing.after.as_ref(),
        _ => false,
    })
}

fn collect<'s>(steps: &'s [Step], found: &mut Vec<&'s Firing>) {
    for step in steps {
        match step {
            Step::Rule(firing) => {
                found.push(firing);
                collect(&firing.steps, found);
            }
            Step::Ruleset(passage) => collect(&passage.steps, found),
            _ => {}
        }
    }
}
