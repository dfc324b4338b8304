//! Left-hand sides: does the whole workspace match, and what did each wildcard take?
//!
//! The order of preference is sendmail's (RS-045): every wildcard first takes as little as it can,
//! and the latest one is extended first. A match that takes longer than most begins to remember what
//! has failed, so that no pair of wildcard and position is tried twice: the cost of a rule is its
//! length times the tokens.

use cf_parser::Name;

use crate::classes::{ClassId, Classes};
use crate::limits::MAX_WILDCARDS;
use crate::macros::Macros;
use crate::program::Instr;
use crate::token::{Kind, Token, TokenTable, fold};

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
    choices: Vec<Choice>,
    memory: Memory,
    /// Steps taken so far: what the linearity tests count.
    pub(crate) steps: u64,
}

#[derive(Clone, Copy, Debug)]
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

/// Where matching goes on, or that it cannot.
type Next = Option<(usize, usize)>;

impl Matcher {
    /// Matches `code` against the whole workspace. True fills [`Matcher::captures`].
    pub(crate) fn run(&mut self, code: &[Instr], subject: Subject<'_>) -> bool {
        self.choices.clear();
        self.memory.on = false;
        let tokens = subject.workspace.len();
        let patience = self.steps + (PLAIN_STEPS * (tokens + code.len())) as u64;
        let (mut pc, mut at) = (0, 0);
        loop {
            self.steps += 1;
            if self.steps > patience && !self.memory.on {
                self.memory.begin(tokens);
            }
            let next = match code.get(pc) {
                Some(instr) => self.forward(instr, code, pc, at, subject),
                None if at == tokens => return true,
                None => None,
            };
            match next.or_else(|| self.backtrack(code, subject)) {
                Some((new_pc, new_at)) => (pc, at) = (new_pc, new_at),
                None => return false,
            }
        }
    }

    /// What each wildcard took, left to right.
    pub(crate) fn captures(&self) -> impl Iterator<Item = Capture> + '_ {
        self.choices.iter().map(|choice| Capture { start: choice.start, end: choice.end })
    }

    #[inline]
    fn forward(
        &mut self,
        instr: &Instr,
        code: &[Instr],
        pc: usize,
        at: usize,
        subject: Subject<'_>,
    ) -> Next {
        let token = subject.workspace.get(at).copied();
        match instr {
            Instr::Literal(literal) => literal.matches(token?).then_some((pc + 1, at + 1)),
            Instr::Nothing => Some((pc + 1, at)),
            // At the end of the workspace not even an empty value matches (observed).
            Instr::Deferred(name) => {
                token?;
                deferred(name, at, subject).map(|end| (pc + 1, end))
            }
            Instr::NotClass(id, _) => {
                if member(*id, token?, subject) {
                    return None;
                }
                self.choose(pc, at, at + 1)
            }
            Instr::One => {
                token?;
                self.choose(pc, at, at + 1)
            }
            Instr::OneOrMore => self.open(code, pc, at, at + 1, subject),
            Instr::ZeroOrMore => self.open(code, pc, at, at, subject),
            Instr::Class(id, _) => {
                let end = self.phrase(*id, at, at, subject)?;
                self.choose(pc, at, end)
            }
            Instr::Inert(_) | Instr::Emit(_) | Instr::Copy(_) => None,
        }
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
        let rest = subject.workspace.get(least..)?;
        match code.get(pc + 1) {
            None => Some(subject.workspace.len()),
            Some(Instr::Literal(literal)) => {
                let offset = rest.iter().position(|token| literal.matches(*token));
                self.steps += offset.unwrap_or(rest.len()) as u64;
                offset.map(|offset| least + offset)
            }
            Some(_) => Some(least),
        }
    }

    /// `$*` and `$+`: the first end from `least` on.
    #[inline]
    fn open(
        &mut self,
        code: &[Instr],
        pc: usize,
        start: usize,
        least: usize,
        subject: Subject<'_>,
    ) -> Next {
        let wildcard = self.choices.len();
        if self.memory.knows(wildcard, least) {
            return None;
        }
        match self.reach(code, pc, least, subject) {
            Some(end) => self.choose(pc, start, end),
            None => {
                self.memory.exhaust(wildcard, least);
                None
            }
        }
    }

    /// Takes a wildcard's first possibility, unless the rest is known to fail from there.
    #[inline]
    fn choose(&mut self, pc: usize, start: usize, end: usize) -> Next {
        let wildcard = self.choices.len();
        if wildcard >= MAX_WILDCARDS {
            return None;
        }
        self.choices.push(Choice { pc, start, end });
        if self.memory.knows(wildcard, end) { None } else { Some((pc + 1, end)) }
    }

    /// Extends the latest wildcard that can be extended.
    fn backtrack(&mut self, code: &[Instr], subject: Subject<'_>) -> Next {
        while let Some(choice) = self.choices.pop() {
            self.steps += 1;
            let wildcard = self.choices.len();
            self.memory.note(wildcard, choice.end);
            if let Some(end) = self.extend(code, choice, wildcard, subject) {
                self.choices.push(Choice { end, ..choice });
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
            Some(Instr::Class(id, _)) => {
                let mut end = choice.end;
                loop {
                    end = self.phrase(*id, choice.start, end, subject)?;
                    if !self.memory.knows(wildcard, end) {
                        return Some(end);
                    }
                }
            }
            _ => None,
        }
    }

    /// The end of the shortest member of a class that begins at `start` and ends behind
    /// `longer_than`.
    fn phrase(
        &mut self,
        id: ClassId,
        start: usize,
        longer_than: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        let first = *subject.workspace.get(start)?;
        if !subject.classes.may_begin_with(id, subject.table.head(first)) {
            return None;
        }
        let mut walk = subject.classes.walk(id)?;
        let mut after_atom = false;
        for (end, token) in subject.workspace.iter().enumerate().skip(start) {
            self.steps += 1;
            let atom = subject.table.kind(*token) == Kind::Atom;
            if let Some(blank) = subject.blank.filter(|_| atom && after_atom)
                && !walk.take(&[blank])
            {
                return None;
            }
            if !take_token(&mut walk, *token, subject.table) {
                return None;
            }
            if end >= longer_than && walk.is_member() {
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
        Kind::Meta(op) => walk.take(&[crate::token::octet(op)]),
        Kind::Atom | Kind::Operator => walk.take(table.text(token)),
    }
}

/// Whether one token is a member of a class.
fn member(id: ClassId, token: Token, subject: Subject<'_>) -> bool {
    subject.classes.may_begin_with(id, subject.table.head(token))
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
