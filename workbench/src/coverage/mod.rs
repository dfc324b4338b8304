//! What a set of addresses reached: rules, members of classes, entries of maps.

mod annotate;
pub mod json;
mod lcov;
mod text;

pub use annotate::annotate;
pub use lcov::lcov;
pub use text::summary;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ruleset_vm::load::Configuration;
use ruleset_vm::program::Instr;
use ruleset_vm::token::fold;
use ruleset_vm::trace::{Event, Scene, Tracer};

/// Keys of one map that are told apart; further ones are only counted.
const MOST_KEYS: usize = 1 << 20;

/// How often a rule was compared with a workspace, and how often it matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCount {
    /// Compared.
    pub tried: u64,
    /// Matched.
    pub matched: u64,
}

/// The counts of a ruleset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesetCount {
    /// How often it was entered.
    pub entered: u64,
    /// Its rules in order.
    pub rules: Vec<RuleCount>,
}

/// The counts of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapCount {
    /// How often it was asked.
    pub asked: u64,
    /// How often it had an answer.
    pub answered: u64,
    /// The keys it had an answer for, as they were asked.
    pub keys: HashMap<Vec<u8>, u64>,
}

/// Counts what rules reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By number.
    rulesets: Vec<RulesetCount>,
    /// Members that matched `$=x`, in lower case, by class.
    classes: BTreeMap<Vec<u8>, HashMap<Vec<u8>, u64>>,
    maps: BTreeMap<Vec<u8>, MapCount>,
    /// The key that was asked last.
    asked: Vec<u8>,
    /// The member that is looked at.
    member: Vec<u8>,
}

impl Coverage {
    /// The counts of a ruleset; zeros for one that was never entered.
    #[must_use]
    pub fn ruleset(&self, number: usize) -> RulesetCount {
        self.rulesets.get(number).cloned().unwrap_or_default()
    }

    /// The counts of a rule.
    #[must_use]
    pub fn rule(&self, ruleset: usize, rule: usize) -> RuleCount {
        let found = self.rulesets.get(ruleset).and_then(|set| set.rules.get(rule));
        found.copied().unwrap_or_default()
    }

    /// Members that matched, by class.
    #[must_use]
    pub fn classes(&self) -> &BTreeMap<Vec<u8>, HashMap<Vec<u8>, u64>> {
        &self.classes
    }

    /// The maps that were asked.
    #[must_use]
    pub fn maps(&self) -> &BTreeMap<Vec<u8>, MapCount> {
        &self.maps
    }

    /// Adds the counts of another one.
    pub fn merge(&mut self, other: Self) {
        for (number, from) in other.rulesets.into_iter().enumerate() {
            self.in_ruleset(number, from.rules.len(), |to| {
                to.entered += from.entered;
                for (to, from) in to.rules.iter_mut().zip(&from.rules) {
                    to.tried += from.tried;
                    to.matched += from.matched;
                }
            });
        }
        for (class, members) in other.classes {
            let to = self.classes.entry(class).or_default();
            for (member, count) in members {
                *to.entry(member).or_default() += count;
            }
        }
        for (map, from) in other.maps {
            let to = self.maps.entry(map).or_default();
            to.asked += from.asked;
            to.answered += from.answered;
            for (key, count) in from.keys {
                to.count(key, count);
            }
        }
    }

    /// Counts for a ruleset, with room for so many rules.
    fn in_ruleset(&mut self, number: usize, rules: usize, count: impl FnOnce(&mut RulesetCount)) {
        if self.rulesets.len() <= number {
            self.rulesets.resize(number + 1, RulesetCount::default());
        }
        if let Some(found) = self.rulesets.get_mut(number) {
            if found.rules.len() < rules {
                found.rules.resize(rules, RuleCount::default());
            }
            count(found);
        }
    }

    fn in_rule(&mut self, number: usize, rule: usize, count: impl FnOnce(&mut RuleCount)) {
        self.in_ruleset(number, rule + 1, |set| {
            if let Some(rule) = set.rules.get_mut(rule) {
                count(rule);
            }
        });
    }

    /// The members of classes behind the wildcards of a rule that matched.
    fn members(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        let Event::Match { ruleset, rule, workspace, captures, .. } = event else { return };
        let Some(set) = scene.program.ruleset(*ruleset) else { return };
        let Some(rule) = set.rules.get(*rule) else { return };
        let wildcards = set.code.get(rule.lhs.clone()).unwrap_or_default().iter().filter(|instr| {
            matches!(
                instr,
                Instr::ZeroOrMore
                    | Instr::OneOrMore
                    | Instr::One
                    | Instr::Class(..)
                    | Instr::NotClass(..)
            )
        });
        for (instr, taken) in wildcards.zip(captures.iter()) {
            let Instr::Class(_, name) = instr else { continue };
            self.member.clear();
            let tokens = workspace.get(taken.start..taken.end).unwrap_or_default();
            scene.table.join_into(tokens.iter().copied(), None, &mut self.member);
            let member = fold(&self.member);
            let class = name.as_bytes();
            let members = match self.classes.get_mut(class) {
                Some(members) => members,
                None => self.classes.entry(class.to_vec()).or_default(),
            };
            *members.entry(member).or_default() += 1;
        }
    }

    fn in_map(&mut self, map: &[u8], count: impl FnOnce(&mut MapCount)) {
        if let Some(counts) = self.maps.get_mut(map) {
            return count(counts);
        }
        count(self.maps.entry(map.to_vec()).or_default());
    }
}

impl MapCount {
    fn count(&mut self, key: Vec<u8>, by: u64) {
        if let Some(count) = self.keys.get_mut(&key) {
            *count += by;
        } else if self.keys.len() < MOST_KEYS {
            self.keys.insert(key, by);
        }
    }
}

impl Tracer for Coverage {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Enter { ruleset, .. } => self.in_ruleset(*ruleset, 0, |set| set.entered += 1),
            Event::Try { ruleset, rule, .. } => {
                self.in_rule(*ruleset, *rule, |count| count.tried += 1);
            }
            Event::Match { ruleset, rule, .. } => {
                self.in_rule(*ruleset, *rule, |count| count.matched += 1);
                self.members(scene, event);
            }
            Event::Asked { map, key, .. } => {
                self.in_map(map, |counts| counts.asked += 1);
                self.asked.clear();
                self.asked.extend_from_slice(key);
            }
            Event::Answered { map, value: Some(_) } => {
                let key = std::mem::take(&mut self.asked);
                self.in_map(map, |counts| {
                    counts.answered += 1;
                    counts.count(key, 1);
                });
            }
            _ => {}
        }
    }
}

/// The totals of a ruleset, as all reports have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesetLine {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub name: Vec<u8>,
    /// How often it was entered.
    pub entered: u64,
    /// Its rules.
    pub rules: usize,
    /// How many of them were tried.
    pub tried: usize,
    /// How many of them matched.
    pub matched: usize,
}

/// One line for each ruleset that has rules, in the order of the file.
#[must_use]
pub fn rulesets(coverage: &Coverage, configuration: &Configuration) -> Vec<RulesetLine> {
    let program = &configuration.program;
    let mut found = Vec::new();
    for number in 0..program.count() {
        let Some(set) = program.ruleset(number) else { continue };
        let Some(first) = set.rules.first() else { continue };
        let counts = coverage.ruleset(number);
        let many = |wanted: fn(&RuleCount) -> bool| {
            counts.rules.iter().take(set.rules.len()).filter(|count| wanted(count)).count()
        };
        let line = RulesetLine {
            number,
            name: program.name(number),
            entered: counts.entered,
            rules: set.rules.len(),
            tried: many(|count| count.tried > 0),
            matched: many(|count| count.matched > 0),
        };
        found.push((first.span.line, line));
    }
    found.sort_by_key(|(line, _)| *line);
    found.into_iter().map(|(_, line)| line).collect()
}

/// A class that some rule looks at: its name, its members in lower case, and how often each matched.
#[must_use]
pub fn classes(coverage: &Coverage, configuration: &Configuration) -> Vec<ClassLine> {
    let mut names = BTreeSet::new();
    let program = &configuration.program;
    for set in (0..program.count()).filter_map(|number| program.ruleset(number)) {
        names.extend(set.code.iter().filter_map(|instr| match instr {
            Instr::Class(_, name) => Some(name),
            _ => None,
        }));
    }
    let line = |name: &cf_parser::Name| {
        let matched = coverage.classes().get(name.as_bytes());
        let count = |member: &[u8]| matched.and_then(|m| m.get(member)).copied().unwrap_or(0);
        let mut members: Vec<(Vec<u8>, u64)> = configuration
            .classes
            .list(name)
            .iter()
            .map(|member| fold(member))
            .map(|member| (member.clone(), count(&member)))
            .collect();
        members.sort();
        members.dedup();
        ClassLine { name: name.as_bytes().to_vec(), members }
    };
    names.into_iter().map(line).collect()
}

/// See [`classes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassLine {
    /// The name, without braces.
    pub name: Vec<u8>,
    /// The members, sorted, each with its count.
    pub members: Vec<(Vec<u8>, u64)>,
}

impl ClassLine {
    /// How many members matched.
    #[must_use]
    pub fn matched(&self) -> usize {
        self.members.iter().filter(|(_, count)| *count > 0).count()
    }
}

/// Keys of maps whose contents are known, by map.
pub type KnownEntries = BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>;

/// The known keys of a map, each with how often it answered; case does not count.
#[must_use]
pub fn entries<'k>(
    coverage: &Coverage,
    map: &[u8],
    known: &'k KnownEntries,
) -> Vec<(&'k [u8], u64)> {
    let Some(keys) = known.get(map) else { return Vec::new() };
    let mut counts: HashMap<Vec<u8>, u64> = HashMap::new();
    for (key, count) in coverage.maps().get(map).into_iter().flat_map(|map| &map.keys) {
        *counts.entry(fold(key)).or_default() += count;
    }
    let count = |key: &[u8]| counts.get(&fold(key)).copied().unwrap_or(0);
    keys.iter().map(|key| (key.as_slice(), count(key))).collect()
}

/// Part of a whole in percent, rounded down; 100 of nothing.
#[must_use]
pub fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}
