//! Which ruleset calls which, and what is reached: from the compiled rules.

use std::collections::BTreeSet;

use cf_parser::Span;
use cf_parser::item::{Directive, HeaderAction};
use cf_parser::text::Op;
use ruleset_vm::program::{After, Instr, Program, Rule, Ruleset};
use ruleset_vm::token::{TokenTable, meta};

use super::Subject;
use super::hooks::{HOOKS, NUMBERED, RESOLVING};
use super::outline::Outline;

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// A ruleset by number, and the word it was called by.
    Known(usize, Vec<u8>),
    /// A name that stands for none.
    Unknown(Vec<u8>),
    /// What a wildcard matched, or a macro has.
    Dynamic,
}

/// What a ruleset does.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    /// Calls: the line of the rule, and what is called.
    pub(super) calls: Vec<(Span, Callee)>,
    /// Mailers behind `$#`; nothing where a wildcard or macro stands.
    pub(super) targets: Vec<(Span, Option<Vec<u8>>)>,
    /// Names of the maps that are asked; nothing where it is not known.
    pub(super) maps: Vec<Option<Vec<u8>>>,
}

/// The whole graph.
pub(super) struct Flow {
    /// By number.
    pub(super) sets: Vec<Set>,
    /// Numbers that an `S` line names, with its first line.
    pub(super) declared: Vec<(usize, Span)>,
    /// A rule calls what it does not name.
    pub(super) dynamic: bool,
    /// A rule takes a mailer from elsewhere.
    pub(super) dynamic_mailers: bool,
    /// Rulesets that can run.
    pub(super) reached: BTreeSet<usize>,
    /// Rulesets that resolving an address can run.
    pub(super) resolving: BTreeSet<usize>,
    pub(super) table: TokenTable,
}

impl Flow {
    pub(super) fn new(subject: &Subject<'_>, outline: &Outline<'_>) -> Self {
        let program = &subject.configuration.program;
        let table = TokenTable::new(program.texts().clone());
        let mut sets = Vec::new();
        while let Some(ruleset) = program.ruleset(sets.len()) {
            sets.push(set(ruleset, program, &table));
        }
        let calls = || sets.iter().flat_map(|set: &Set| &set.calls);
        let dynamic = calls().any(|(_, callee)| *callee == Callee::Dynamic);
        let targets = || sets.iter().flat_map(|set: &Set| &set.targets);
        let dynamic_mailers = targets().any(|(_, mailer)| mailer.is_none());
        let mut flow = Self {
            declared: declared(subject),
            sets,
            dynamic,
            dynamic_mailers,
            reached: BTreeSet::new(),
            resolving: BTreeSet::new(),
            table,
        };
        let mut roots: BTreeSet<usize> = NUMBERED.into();
        roots.extend(HOOKS.iter().filter_map(|hook| program.number(hook.name.as_bytes())));
        roots.extend(referred(subject).into_iter().map(|(number, _, _)| number));
        if flow.dynamic {
            roots.extend(outline.words.iter().filter_map(|word| program.number(word)));
        }
        flow.reached = flow.closure(&roots);
        flow.resolving = flow.closure(&RESOLVING.into());
        flow
    }

    /// The rulesets that can run when these do, they themselves included.
    pub(super) fn closure(&self, roots: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<usize> = roots.iter().copied().collect();
        while let Some(number) = todo.pop() {
            if !found.insert(number) {
                continue;
            }
            let calls = self.sets.get(number).map(|set| &set.calls);
            todo.extend(calls.into_iter().flatten().filter_map(|(_, callee)| match callee {
                Callee::Known(number, _) => Some(*number),
                _ => None,
            }));
        }
        found
    }

    /// Whether a run of this ruleset can give a triple, or is not known.
    pub(super) fn may_resolve(&self, number: usize) -> bool {
        self.closure(&[number].into()).iter().filter_map(|number| self.sets.get(*number)).any(
            |set| {
                let unknown = set.calls.iter().any(|(_, callee)| *callee == Callee::Dynamic);
                unknown || !set.targets.is_empty()
            },
        )
    }

    /// Whether an `S` line names the ruleset.
    pub(super) fn is_declared(&self, number: usize) -> bool {
        self.declared.iter().any(|(known, _)| *known == number)
    }
}

/// The numbers of `S` lines, with their lines.
fn declared(subject: &Subject<'_>) -> Vec<(usize, Span)> {
    let Subject { config, configuration, .. } = subject;
    let mut found: Vec<(usize, Span)> = Vec::new();
    for item in &config.items {
        let Directive::Ruleset(text) = &item.directive else { continue };
        let name = configuration.macros.expand_bytes(text);
        if let Some(number) = configuration.program.number(&name) {
            found.push((number, item.span));
        }
    }
    found
}

/// Rulesets that mailers and headers name: number, name, line.
pub(super) fn referred(subject: &Subject<'_>) -> Vec<(usize, Vec<u8>, Span)> {
    let program = &subject.configuration.program;
    let mut found = Vec::new();
    for item in &subject.config.items {
        let names: Vec<Vec<u8>> = match &item.directive {
            Directive::Mailer { equates, .. } => equates
                .iter()
                .filter(|equate| matches!(equate.letter, b'S' | b'R'))
                .flat_map(|equate| {
                    let value = ruleset_vm::macros::bytes(&equate.value);
                    value.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>()
                })
                .collect(),
            Directive::Header(header) => match &header.action {
                HeaderAction::Check { ruleset, .. } => vec![ruleset.clone()],
                HeaderAction::Template(_) => Vec::new(),
            },
            _ => continue,
        };
        for name in names {
            let name = name.trim_ascii().to_vec();
            if let Some(number) = program.number(&name) {
                found.push((number, name, item.span));
            }
        }
    }
    found
}

/// The code of a side of a rule.
pub(super) fn side<'r>(set: &'r Ruleset, range: &std::ops::Range<usize>) -> &'r [Instr] {
    set.code.get(range.clone()).unwrap_or_default()
}

fn set(ruleset: &Ruleset, program: &Program, table: &TokenTable) -> Set {
    let mut out = Set::default();
    for rule in &ruleset.rules {
        let rhs = side(ruleset, &rule.rhs);
        for (at, instr) in rhs.iter().enumerate() {
            let Instr::Emit(token) = instr else { continue };
            let behind = rhs.get(at + 1);
            if *token == meta(Op::Call) {
                out.calls.push((rule.span, callee(behind, program, table)));
            } else if *token == meta(Op::Hash) {
                out.targets.push((rule.span, word(behind, table)));
            } else if *token == meta(Op::MapBegin) {
                out.maps.push(word(behind, table));
            } else if *token == meta(Op::HostBegin) {
                out.maps.push(Some(b"host".to_vec()));
            }
        }
    }
    out
}

/// A literal word.
fn word(instr: Option<&Instr>, table: &TokenTable) -> Option<Vec<u8>> {
    match instr {
        Some(Instr::Emit(token)) if !table.is_meta(*token) => Some(table.text(*token).to_vec()),
        _ => None,
    }
}

fn callee(instr: Option<&Instr>, program: &Program, table: &TokenTable) -> Callee {
    let Some(name) = word(instr, table) else { return Callee::Dynamic };
    let plain = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(&name);
    match program.number(plain) {
        Some(number) => Callee::Known(number, plain.to_vec()),
        None => Callee::Unknown(plain.to_vec()),
    }
}

/// Whether a rule that fires ends its ruleset, whatever comes.
pub(super) fn ends(rule: &Rule) -> bool {
    rule.after == After::Return
}
