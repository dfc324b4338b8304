//! Left-hand sides: does the whole workspace match, and what did each wildcard take?
//!
//! The order of preference is sendmail's (RS-045): every wildcard first takes as little as it can,
//! and the latest one is extended first. What has failed once is remembered, so that no pair of
//! wildcard and position is tried twice: the cost of a rule is its length times the tokens.

use crate::classes::{ClassId, Classes};
use crate::limits::MAX_WILDCARDS;
use crate::macros::Macros;
use crate::program::Instr;
use crate::token::{Token, TokenTable, fold};

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

/// Reusable memory of one match.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    choices: Vec<Choice>,
    /// Per wildcard, ends from which the rest of the rule is known to fail.
    failed: Vec<Vec<bool>>,
    /// Per wildcard of the kinds `$*` and `$+`, from which end on all have failed.
    exhausted: Vec<usize>,
    /// Steps taken so far: what the linearity tests count.
    pub(crate) steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    pc: usize,
    start: usize,
    end: usize,
}

/// Where matching goes on, or that it cannot.
type Next = Option<(usize, usize)>;

impl Matcher {
    /// Matches `code` against the whole workspace. True fills [`Matcher::captures`].
    pub(crate) fn run(&mut self, code: &[Instr], subject: Subject<'_>) -> bool {
        self.choices.clear();
        self.failed.clear();
        self.exhausted.clear();
        let (mut pc, mut at) = (0, 0);
        loop {
            self.steps += 1;
            if pc == code.len() && at == subject.workspace.len() {
                return true;
            }
            let next = match code.get(pc) {
                Some(instr) => self.forward(instr, pc, at, subject),
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

    fn forward(&mut self, instr: &Instr, pc: usize, at: usize, subject: Subject<'_>) -> Next {
        let token = subject.workspace.get(at).copied();
        match instr {
            Instr::Literal(literal) => {
                subject.table.same(*literal, token?).then_some((pc + 1, at + 1))
            }
            Instr::Nothing => Some((pc + 1, at)),
            // At the end of the workspace not even an empty value matches (observed).
            Instr::Deferred(name) => {
                token?;
                deferred(name.as_bytes(), at, subject).map(|end| (pc + 1, end))
            }
            Instr::NotClass(id, _) => {
                if subject.classes.contains(*id, subject.table.text(token?)) {
                    return None;
                }
                self.choose(pc, at, at + 1, subject)
            }
            Instr::One => token.and_then(|_| self.choose(pc, at, at + 1, subject)),
            Instr::OneOrMore => token.and_then(|_| self.choose(pc, at, at + 1, subject)),
            Instr::ZeroOrMore => self.choose(pc, at, at, subject),
            Instr::Class(id, _) => {
                let end = phrase(*id, at, at, subject)?;
                self.choose(pc, at, end, subject)
            }
            Instr::Inert(_) | Instr::Emit(_) | Instr::Copy(_) => None,
        }
    }

    /// Takes a wildcard's first possibility, unless the rest is known to fail from there.
    fn choose(&mut self, pc: usize, start: usize, end: usize, subject: Subject<'_>) -> Next {
        let wildcard = self.choices.len();
        if wildcard >= MAX_WILDCARDS {
            return None;
        }
        if self.failed.len() <= wildcard {
            self.failed.push(vec![false; subject.workspace.len() + 1]);
            self.exhausted.push(usize::MAX);
        }
        self.choices.push(Choice { pc, start, end });
        if self.knows_failure(wildcard, end) { None } else { Some((pc + 1, end)) }
    }

    fn knows_failure(&self, wildcard: usize, end: usize) -> bool {
        self.exhausted.get(wildcard).is_some_and(|from| end >= *from)
            || self.failed.get(wildcard).and_then(|f| f.get(end)).copied().unwrap_or(true)
    }

    /// Extends the latest wildcard that can be extended.
    fn backtrack(&mut self, code: &[Instr], subject: Subject<'_>) -> Next {
        while let Some(choice) = self.choices.pop() {
            let wildcard = self.choices.len();
            if let Some(seen) = self.failed.get_mut(wildcard).and_then(|f| f.get_mut(choice.end)) {
                *seen = true;
            }
            let end = self.extend(code.get(choice.pc), choice, wildcard, subject);
            if let Some(end) = end {
                self.choices.push(Choice { end, ..choice });
                return Some((choice.pc + 1, end));
            }
        }
        None
    }

    /// The next longer possibility of a wildcard from which the rest is not known to fail.
    fn extend(
        &mut self,
        instr: Option<&Instr>,
        choice: Choice,
        wildcard: usize,
        subject: Subject<'_>,
    ) -> Option<usize> {
        match instr {
            Some(Instr::ZeroOrMore | Instr::OneOrMore) => {
                let limit = self.exhausted.get(wildcard).copied().unwrap_or(usize::MAX);
                let end = choice.end + 1;
                if end <= subject.workspace.len() && end < limit {
                    return Some(end);
                }
                let first = choice.start + usize::from(instr == Some(&Instr::OneOrMore));
                if let Some(from) = self.exhausted.get_mut(wildcard) {
                    *from = (*from).min(first);
                }
                None
            }
            Some(Instr::Class(id, _)) => {
                let mut end = choice.end;
                loop {
                    self.steps += 1;
                    end = phrase(*id, choice.start, end, subject)?;
                    if !self.knows_failure(wildcard, end) {
                        return Some(end);
                    }
                }
            }
            _ => None,
        }
    }
}

/// The end of the shortest member of a class that begins at `start` and ends behind `longer_than`.
fn phrase(id: ClassId, start: usize, longer_than: usize, subject: Subject<'_>) -> Option<usize> {
    for end in start + 1..=subject.workspace.len() {
        let text = subject.table.join(&subject.workspace[start..end], subject.blank);
        if end > longer_than && subject.classes.contains(id, &text) {
            return Some(end);
        }
        if !subject.classes.may_begin(id, &text) {
            return None;
        }
    }
    None
}

/// Matches the value of a macro token by token (RS-038); an undefined macro matches nothing.
pub(super) fn deferred(name: &[u8], at: usize, subject: Subject<'_>) -> Option<usize> {
    let value = subject.macros.get(&cf_parser::Name::new(name));
    let value = value.map_or_else(Vec::new, |text| crate::macros::bytes(text));
    let mut rest = value.as_slice();
    let mut end = at;
    while !rest.is_empty() {
        let text = subject.table.text(*subject.workspace.get(end)?);
        let head = rest.get(..text.len())?;
        if fold(head) != fold(text) {
            return None;
        }
        rest = &rest[text.len()..];
        end += 1;
    }
    Some(end)
}
