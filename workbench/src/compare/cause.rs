//! Why two configurations give an address different results: the first event in which their ways part.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use cf_parser::Span;
use ruleset_vm::program::Program;
use ruleset_vm::token::{Token, TokenTable};
use ruleset_vm::trace::{Event, Scene, Tracer};

use crate::show::Look;

/// The rules of a program by their texts.
#[derive(Debug)]
pub struct RuleTexts {
    /// For each ruleset, for each rule a hash of its text.
    hashes: Vec<Vec<u64>>,
}

impl RuleTexts {
    /// Those of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let table = TokenTable::new(Arc::clone(program.texts()));
        let look = Look::default();
        let sets = (0..).map_while(|number| program.ruleset(number));
        let hashes = sets.map(|set| {
            let text = |rule| {
                let rule: &ruleset_vm::program::Rule = rule;
                let lhs = set.code.get(rule.lhs.clone()).unwrap_or_default();
                hash(&(look.instructions(lhs, &table), look.right_side(set, rule, &table)))
            };
            set.rules.iter().map(text).collect()
        });
        Self { hashes: hashes.collect() }
    }

    fn get(&self, rule: RuleNumber) -> u64 {
        let set = self.hashes.get(rule.ruleset);
        set.and_then(|set| set.get(rule.rule)).copied().unwrap_or_default()
    }

    /// The rule of a ruleset that has the text of another program's rule.
    #[must_use]
    pub fn twin(&self, ruleset: usize, of: RuleNumber, other: &Self) -> Option<RuleNumber> {
        let wanted = other.get(of);
        let rule = self.hashes.get(ruleset)?.iter().position(|hash| *hash == wanted)?;
        Some(RuleNumber { ruleset, rule })
    }
}

pub(super) fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A rule by its place in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleNumber {
    /// The ruleset.
    pub ruleset: usize,
    /// Which rule of it, from 0.
    pub rule: usize,
}

impl RuleNumber {
    /// Where the rule stands.
    #[must_use]
    pub fn span(self, program: &Program) -> Option<Span> {
        Some(program.ruleset(self.ruleset)?.rules.get(self.rule)?.span)
    }
}

/// What happened on one side, as far as it can be compared.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    Rule { rule: RuleNumber, text: u64, before: u64 },
    Map { name: Vec<u8>, what: u64 },
    Macro { name: Vec<u8>, what: u64 },
}

impl Mark {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rule { text, before, .. }, Self::Rule { text: t, before: b, .. }) => {
                text == t && before == b
            }
            (Self::Map { name, what }, Self::Map { name: n, what: w })
            | (Self::Macro { name, what }, Self::Macro { name: n, what: w }) => {
                name == n && what == w
            }
            _ => false,
        }
    }
}

/// Events that are kept: no address of ordinary length has so many.
const MOST_MARKS: usize = 10_000;

/// Notes what happens on one side.
#[derive(Default)]
pub struct Trail<'t> {
    texts: Option<&'t RuleTexts>,
    marks: Vec<Mark>,
    asked: u64,
}

impl<'t> Trail<'t> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(texts: &'t RuleTexts) -> Self {
        Self { texts: Some(texts), marks: Vec::new(), asked: 0 }
    }

    pub(super) fn note(&mut self, mark: Mark) {
        if self.marks.len() < MOST_MARKS {
            self.marks.push(mark);
        }
    }
}

fn workspace_hash(workspace: &[Token], table: &TokenTable) -> u64 {
    let mut hasher = DefaultHasher::new();
    for token in workspace {
        table.text(*token).hash(&mut hasher);
    }
    hasher.finish()
}

impl Tracer for Trail<'_> {
    fn wants_rulesets(&self) -> bool {
        false
    }

    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Match { ruleset, rule, workspace, .. } => {
                let rule = RuleNumber { ruleset: *ruleset, rule: *rule };
                let before = workspace_hash(workspace, scene.table);
                let text = self.texts.map_or(0, |texts| texts.get(rule));
                self.note(Mark::Rule { rule, text, before });
            }
            Event::Asked { key, args, .. } => self.asked = hash(&(key, args)),
            Event::Answered { map, value } => {
                let what = hash(&(self.asked, value));
                self.note(Mark::Map { name: map.to_vec(), what });
            }
            Event::Macro { name, value } => {
                self.note(Mark::Macro { name: name.to_vec(), what: hash(value) });
            }
            _ => {}
        }
    }
}

/// Why results differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Another rule fired, or none.
    Rules {
        /// The rule of the first side.
        old: Option<RuleNumber>,
        /// That of the second.
        new: Option<RuleNumber>,
    },
    /// A map answers otherwise.
    Map(Vec<u8>),
    /// A macro has another value.
    Macro(Vec<u8>),
    /// The same rules fired: what is around them differs, such as the flags of a mailer.
    Around,
    /// The outputs of test mode part in this ruleset, for all that can be seen from outside.
    Ruleset(Vec<u8>),
}

impl Cause {
    /// Of the ways of both.
    #[must_use]
    pub fn of(old: Trail<'_>, new: Trail<'_>) -> Self {
        let (old, new) = (old.marks, new.marks);
        let same = old.iter().zip(&new).take_while(|(old, new)| old.is_like(new)).count();
        let rule = |marks: &[Mark]| {
            marks.get(same..)?.iter().find_map(|mark| match mark {
                Mark::Rule { rule, .. } => Some(*rule),
                _ => None,
            })
        };
        match (old.get(same), new.get(same)) {
            (None, None) => Self::Around,
            (Some(Mark::Map { name, .. }), Some(Mark::Map { name: other, .. }))
                if name == other =>
            {
                Self::Map(name.clone())
            }
            (Some(Mark::Macro { name, .. }), Some(Mark::Macro { name: other, .. }))
                if name == other =>
            {
                Self::Macro(name.clone())
            }
            _ => Self::Rules { old: rule(&old), new: rule(&new) },
        }
    }
}
