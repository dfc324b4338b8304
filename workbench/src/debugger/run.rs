//! A recorded run.

use std::collections::HashMap;

use cf_parser::Span;

use crate::story::{Asking, Words};

/// Something that happened, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A ruleset begins.
    Entered,
    /// A rule was compared with the workspace and does not match: so many tokens of its left-hand side match the
    /// beginning of the workspace, and use up so many words.
    Failed {
        /// Tokens of the left-hand side.
        good: usize,
        /// Words of the workspace.
        used: usize,
    },
    /// A rule matches; the words that each wildcard took, from and up to.
    Matched(Vec<(usize, usize)>),
    /// The result of a rule is the new workspace.
    Rewritten,
    /// A map is asked.
    Asked(Asking),
    /// It has answered.
    Answered(Asking),
    /// A macro was read with `$&`.
    Read {
        /// Its name.
        name: Vec<u8>,
        /// Its value, if defined.
        value: Option<Vec<u8>>,
    },
    /// A macro has another value than before.
    Set {
        /// Its name.
        name: Vec<u8>,
        /// Its value, if defined.
        value: Option<Vec<u8>>,
    },
    /// A ruleset without rules was called: its name.
    Skipped(Vec<u8>),
    /// A rule was applied too often.
    Looping,
    /// A message for whoever runs this.
    Said(Vec<u8>),
    /// A ruleset returns.
    Left,
    /// The run is over.
    Ended,
}

/// One place in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What happens.
    pub happening: Happening,
    /// How many rulesets are at work; 0 outside of all.
    pub depth: usize,
    /// The ruleset, and its rule from 0, that are at work.
    pub rule: Option<(usize, Option<usize>)>,
    /// The workspace, as an index into those of the run.
    pub(super) workspace: usize,
}

/// A rule as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// Its left-hand side, token by token.
    pub lhs: Words,
    /// Its right-hand side.
    pub rhs: Vec<u8>,
    /// Where it stands.
    pub span: Span,
}

/// What is known of a ruleset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesetText {
    /// Its name, or its number.
    pub name: Vec<u8>,
    /// Where its first rule stands.
    pub line: u32,
}

/// A run from its beginning to its end. There is always a last moment, [`Happening::Ended`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub(super) moments: Vec<Moment>,
    pub(super) workspaces: Vec<Words>,
    pub(super) rules: HashMap<(usize, usize), RuleText>,
    pub(super) rulesets: HashMap<usize, RulesetText>,
    /// Macros when it began, sorted by name.
    pub(super) macros: Vec<(Vec<u8>, Vec<u8>)>,
    /// What came of it, a sentence each.
    pub conclusion: Vec<Vec<u8>>,
    /// What is wrong with the file or with maps.
    pub troubles: Vec<Vec<u8>>,
    /// There was more than is kept.
    pub cut: bool,
}

impl Run {
    /// All of it.
    #[must_use]
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The last moment.
    #[must_use]
    pub fn last(&self) -> usize {
        self.moments.len().saturating_sub(1)
    }

    /// A moment; the last one behind the end.
    #[must_use]
    pub fn moment(&self, at: usize) -> Option<&Moment> {
        self.moments.get(at.min(self.last()))
    }

    /// The workspace at a moment.
    #[must_use]
    pub fn workspace(&self, at: usize) -> &[Vec<u8>] {
        let index = self.moment(at).map(|moment| moment.workspace);
        index.and_then(|index| self.workspaces.get(index)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rule at work.
    #[must_use]
    pub fn rule(&self, at: usize) -> Option<&RuleText> {
        let (ruleset, rule) = self.moment(at)?.rule?;
        self.rules.get(&(ruleset, rule?))
    }

    /// The name of the ruleset at work.
    #[must_use]
    pub fn ruleset(&self, at: usize) -> Option<&RulesetText> {
        self.rulesets.get(&self.moment(at)?.rule?.0)
    }

    /// The line of the file to look at: the rule's, or the first one's of the ruleset.
    #[must_use]
    pub fn line(&self, at: usize) -> Option<u32> {
        match self.rule(at) {
            Some(rule) => Some(rule.span.line),
            None => Some(self.ruleset(at)?.line).filter(|line| *line > 0),
        }
    }

    /// Whether the rule of a line is compared at a moment.
    #[must_use]
    pub fn compares(&self, at: usize, line: u32) -> bool {
        let compared = matches!(
            self.moment(at).map(|moment| &moment.happening),
            Some(Happening::Failed { .. } | Happening::Matched(_))
        );
        compared
            && self
                .rule(at)
                .is_some_and(|rule| (rule.span.line..=rule.span.last_line).contains(&line))
    }

    /// The rulesets at work, the outermost first, each as its name and the line of the rule that called the next one.
    #[must_use]
    pub fn stack(&self, at: usize) -> Vec<(&[u8], Option<u32>)> {
        let mut found = Vec::new();
        let mut depth = self.moment(at).map_or(0, |moment| moment.depth);
        for index in (0..=at.min(self.last())).rev() {
            let Some(moment) = self.moments.get(index) else { break };
            if depth == 0 {
                break;
            }
            if moment.depth == depth {
                let name = self.ruleset(index).map(|ruleset| &ruleset.name[..]);
                found.push((name.unwrap_or_default(), self.rule(index).map(|rule| rule.span.line)));
                depth -= 1;
            }
        }
        found.reverse();
        found
    }

    /// The value of a macro at a moment; `None` if it is not defined.
    #[must_use]
    pub fn macro_value(&self, at: usize, name: &[u8]) -> Option<&[u8]> {
        let passed = self.moments.get(..=at.min(self.last())).unwrap_or_default();
        let set = passed.iter().rev().find_map(|moment| match &moment.happening {
            Happening::Set { name: set, value } if set == name => Some(value.as_deref()),
            _ => None,
        });
        match set {
            Some(value) => value,
            None => {
                let found = self.macros.binary_search_by(|(known, _)| known.as_slice().cmp(name));
                found.ok().and_then(|index| self.macros.get(index)).map(|(_, value)| &value[..])
            }
        }
    }
}
