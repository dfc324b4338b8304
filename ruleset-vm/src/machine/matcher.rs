//! Left-hand sides: does the whole workspace match, and what did each wildcard take?
//!
//! The order of preference is sendmail's (RS-045): every wildcard first takes as little as it can,
//! and the latest one is extended first. A match that takes longer than most begins to remember what
//! has failed, so that no pair of wildcard and position is tried twice: the cost of a rule is its
//! length times the tokens.

use cf_parser::Name;

use super::glob::{Captures, Glob};
use crate::classes::{ClassId, Classes};
use crate::filter::Offer;
use crate::limits::MAX_WILDCARDS;
use crate::macros::Macros;
use crate::program::Instr;
use crate::token::{Kind, Token, TokenTable, UNKNOWN, fold};

/// What one wildcard matched: a range of the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// First token.
    pub start: usize,
    /// Behind the last token.
    pub end: usize,
}

/// What a match looks at besides the rule.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The tokens.
    pub workspace: &'a [Token],
    /// Their texts.
    pub table: &'a TokenTable,
    /// For `$=x` and `$~x`.
    pub classes: &'a Classes,
    /// For `$&x`.
    pub macros: &'a Macros,
    /// Between the atoms of a phrase.
    pub blank: Option<u8>,
}

/// Steps for each token and each instruction before failures are remembered: most matches end
/// before, and remembering costs memory to be cleared.
const PLAIN_STEPS: usize = 4;

/// Reusable memory of one match.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    choices: [Choice; MAX_WILDCARDS],
    depth: usize,
    memory: Memory,
    captures: Captures,
    /// The symbols of the workspace.
    symbols: Vec<u32>,
    /// A class has looked at a text that rules do not name: others of the same shape may match otherwise.
    pub(crate) opaque: bool,
    /// Steps taken so far: what the linearity tests count.
    pub(crate) steps: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Choice {
    pc: usize,
    start: usize,
    end: usize,
}

/// What is known to fail.
#[derive(Clone, Debug, Default)]
struct Memory {
    on: bool,
    /// Bits for each wildcard and each end of it.
    failed: Vec<u64>,
    /// Words of `failed` for each wildcard.
    row: usize,
    /// Per wildcard of the kinds `$*` and `$+`, from which end on all have failed.
    exhausted: [usize; MAX_WILDCARDS],
}

impl Memory {
    fn begin(&mut self, tokens: usize) {
        self.on = true;
        self.row = tokens / 64 + 1;
        self.failed.clear();
        self.failed.resize(self.row * MAX_WILDCARDS, 0);
        self.exhausted = [usize::MAX; MAX_WILDCARDS];
    }

    fn place(&self, wildcard: usize, end: usize) -> (usize, u64) {
        (wildcard * self.row + end / 64, 1 << (end % 64))
    }

    fn knows(&self, wildcard: usize, end: usize) -> bool {
        if !self.on {
            return false;
        }
        let (place, bit) = self.place(wildcard, end);
        self.exhausted.get(wildcard).is_some_and(|from| end >= *from)
            || self.failed.get(place).is_some_and(|word| word & bit != 0)
    }

    fn note(&mut self, wildcard: usize, end: usize) {
        if self.on {
            let (place, bit) = self.place(wildcard, end);
            if let Some(word) = self.failed.get_mut(place) {
                *word |= bit;
            }
        }
    }

    /// All ends from `first` on have failed.
    fn exhaust(&mut self, wildcard: usize, first: usize) {
        if let Some(from) = self.exhausted.get_mut(wildcard).filter(|_| self.on) {
            *from = (*from).min(first);
        }
    }
}

impl Matcher {
    /// Takes in the workspace that rules are matched against from now on.
    #[inline]
    pub(crate) fn look_at(&mut self, workspace: &[Token]) -> Offer {
        self.symbols.clear();
        self.symbols.extend(workspace.iter().map(|token| token.symbol()));
        Offer::of(workspace)
    }

    /// Matches a rule against the whole workspace. True fills [`Matcher::captures`].
    #[inline]
    pub(crate) fn run(
        &mut self,
        code: &[Instr],
        glob: Option<&Glob>,
        subject: Subject<'_>,
    ) -> bool {
        if let Some(glob) = glob {
            return glob.matches(&self.symbols, &mut self.captures, &mut self.steps);
        }
        let matched = self.search(code, subject);
        self.captures.clear();
        if matched {
            for choice in self.choices.iter().take(self.depth) {
                self.captures.push(choice.start, choice.end);
            }
        }
        matched
    }

    /// What each wildcard took, left to right.
    #[inline]
    pub(crate) fn captures(&self) -> &[Capture] {
        self.captures.as_slice()
    }

    fn search(&mut self, code: &[Instr], subject: Subject<'_>) -> bool {
        let workspace = subject.workspace;
        self.depth = 0;
        self.memory.on = false;
        let patience = self.steps + (PLAIN_STEPS * (workspace.len() + code.len())) as u64;
        let (mut pc, mut at) = (0, 0);
        loop {
            self.steps += 1;
            let Some(instr) = code.get(pc) else {
                if at == workspace.len() {
                    return true;
                }
                match self.backtrack(code, subject) {
                    Some(next) => (pc, at) = next,
                    None => return false,
                }
                continue;
            };
            let end = match instr {
                Instr::Literal(literal) => match workspace.get(at) {
                    Some(token) if literal.matches(*token) => {
                        pc += 1;
                        at += 1;
                        continue;
                    }
                    _ => None,
                },
                Instr::ZeroOrMore => self.open(code, pc, at, subject),
                Instr::OneOrMore if at < workspace.len() => self.open(code, pc, at + 1, subject),
                Instr::One if at < workspace.len() => Some(at + 1),
                Instr::Class(id, _) => self.phrase(*id, at, at, subject),
                Instr::NotClass(id, _) => {
                    let token = workspace.get(at);
                    self.opaque |= token.is_some_and(|t| t.symbol() == UNKNOWN && t.may_begin(*id));
                    token.filter(|token| !member(*id, **token, subject)).map(|_| at + 1)
                }
                Instr::Nothing => {
                    pc += 1;
                    continue;
                }
                // At the end of the workspace not even an empty value matches (observed).
                Instr::Deferred(name) if at < workspace.len() => {
                    self.opaque = true;
                    if let Some(end) = deferred(name, at, subject) {
                        pc += 1;
                        at = end;
                        continue;
                    }
                    None
                }
                _ => None,
            };
            let chosen = end.filter(|end| self.choose(pc, at, *end));
            (pc, at) = match chosen {
                Some(end) => (pc + 1, end),
                None => {
                    if self.steps > patience && !self.memory.on {
                        self.memory.begin(workspace.len());
                    }
                    match self.backtrack(code, subject) {
                        Some(next) => next,
                        None => return false,
                    }
                }
            };
        }
    }

    /// `$*` and `$+`: the first end from `least` on, unless all are known to fail.
    #[inline]
    fn open(
        &mut self,
        code: &[Instr],
        pc: usize,
        least: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        if self.memory.knows(self.depth, least) {
            return None;
        }
        let end = self.reach(code, pc, least, subject);
        if end.is_none() {
            self.memory.exhaust(self.depth, least);
        }
        end
    }

    /// The first end from `least` on at which the element behind an open wildcard could match.
    #[inline]
    fn reach(
        &mut self,
        code: &[Instr],
        pc: usize,
        least: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        match code.get(pc + 1) {
            None if least <= subject.workspace.len() => Some(subject.workspace.len()),
            Some(Instr::Literal(literal)) => {
                let rest = subject.workspace.get(least..)?;
                let offset = rest.iter().position(|token| literal.matches(*token));
                self.steps += offset.unwrap_or(rest.len()) as u64;
                offset.map(|offset| least + offset)
            }
            Some(_) if least <= subject.workspace.len() => Some(least),
            _ => None,
        }
    }

    /// Takes a wildcard's possibility; false if the rest is known to fail from there.
    #[inline]
    fn choose(&mut self, pc: usize, start: usize, end: usize) -> bool {
        let wildcard = self.depth;
        let Some(place) = self.choices.get_mut(wildcard) else { return false };
        *place = Choice { pc, start, end };
        self.depth += 1;
        !self.memory.knows(wildcard, end)
    }

    /// Extends the latest wildcard that can be extended: where matching goes on.
    fn backtrack(&mut self, code: &[Instr], subject: Subject<'_>) -> Option<(usize, usize)> {
        while let Some(wildcard) = self.depth.checked_sub(1) {
            self.steps += 1;
            self.depth = wildcard;
            let choice = *self.choices.get(wildcard)?;
            self.memory.note(wildcard, choice.end);
            if let Some(end) = self.extend(code, choice, wildcard, subject) {
                self.choices.get_mut(wildcard)?.end = end;
                self.depth = wildcard + 1;
                return Some((choice.pc + 1, end));
            }
        }
        None
    }

    /// The next longer possibility of a wildcard from which the rest is not known to fail.
    fn extend(
        &mut self,
        code: &[Instr],
        choice: Choice,
        wildcard: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        match code.get(choice.pc) {
            Some(instr @ (Instr::ZeroOrMore | Instr::OneOrMore)) => {
                let end = self.reach(code, choice.pc, choice.end + 1, subject);
                if let Some(end) = end.filter(|end| !self.memory.knows(wildcard, *end)) {
                    return Some(end);
                }
                // What is known to fail here was known by an earlier start: so are all longer ends.
                let first = choice.start + usize::from(matches!(instr, Instr::OneOrMore));
                self.memory.exhaust(wildcard, first);
                None
            }
            Some(Instr::Class(id, _)) => self.phrase(*id, choice.start, choice.end, subject),
            _ => None,
        }
    }

    /// The end of the shortest member of a class that begins at `start`, ends behind `longer_than` and
    /// is not known to fail there.
    fn phrase(
        &mut self,
        id: ClassId,
        start: usize,
        longer_than: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        if !subject.workspace.get(start)?.may_begin(id) {
            return None;
        }
        let wildcard = self.depth;
        let mut walk = subject.classes.walk(id)?;
        let mut after_atom = false;
        for (end, token) in subject.workspace.iter().enumerate().skip(start) {
            self.steps += 1;
            if !walk.goes_on() {
                return None;
            }
            self.opaque |= token.symbol() == UNKNOWN;
            let atom = subject.table.kind(*token) == Kind::Atom;
            if let Some(blank) = subject.blank.filter(|_| atom && after_atom)
                && !walk.take(&[blank])
            {
                return None;
            }
            if !take_token(&mut walk, *token, subject.table) {
                return None;
            }
            if end >= longer_than && walk.is_member() && !self.memory.knows(wildcard, end + 1) {
                return Some(end + 1);
            }
            after_atom = atom;
        }
        None
    }
}

/// Takes what [`TokenTable::join`] makes of the token.
fn take_token(walk: &mut crate::classes::Walk<'_>, token: Token, table: &TokenTable) -> bool {
    match table.kind(token) {
        Kind::Meta(op) => walk.take(&[op.octet()]),
        Kind::Atom | Kind::Operator => walk.take(table.text(token)),
    }
}

/// Whether one token is a member of a class.
fn member(id: ClassId, token: Token, subject: Subject<'_>) -> bool {
    token.may_begin(id)
        && subject
            .classes
            .walk(id)
            .is_some_and(|mut walk| walk.take(subject.table.text(token)) && walk.is_member())
}

/// Matches the value of a macro token by token (RS-038); an undefined macro matches nothing.
pub(super) fn deferred(name: &Name, at: usize, subject: Subject<'_>) -> Option<usize> {
    let value = subject.macros.get(name);
    let value = value.map_or_else(Vec::new, |text| crate::macros::bytes(text));
    let mut rest = value.as_slice();
    let mut end = at;
    while !rest.is_empty() {
        let text = subject.table.text(*subject.workspace.get(end)?);
        let head = rest.get(..text.len())?;
        if fold(head) != fold(text) {
            return None;
        }
        rest = rest.get(text.len()..)?;
        end += 1;
    }
    Some(end)
}
