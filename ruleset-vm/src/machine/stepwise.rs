//! A left-hand side matched one step after the other in sendmail's order, for those who want to see
//! every comparison (RS-078). What rules run with is the matcher; this one remembers no
//! failures, so it is bounded in steps instead.

use super::matcher::{Capture, Subject, deferred};
use crate::program::Instr;
use crate::token::Token;

/// Steps after which nothing more is told of a match.
pub const MAX_STEPS: usize = 100_000;

/// One step.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// An element of the rule is compared with a token.
    Advance(Option<&'a Instr>, Option<Token>),
    /// A wildcard is asked to take the token behind what it has.
    Backup(&'a Instr, Option<Token>),
    /// What a class wildcard would take up to this token is no member.
    Extend(&'a Instr, Token),
    /// It is one.
    Member,
    /// The value of a macro is compared.
    Macro {
        /// Its name.
        name: &'a [u8],
        /// Its value, if defined.
        value: Option<Vec<u8>>,
    },
}

#[derive(Clone, Copy)]
struct Choice {
    pc: usize,
    start: usize,
    end: usize,
}

struct Walk<'a, 'f> {
    code: &'a [Instr],
    subject: Subject<'a>,
    choices: Vec<Choice>,
    steps: usize,
    tell: &'f mut dyn FnMut(Step<'a>),
}

/// What a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule matches; what its wildcards took.
    Matches(Vec<Capture>),
    /// It does not.
    Fails,
    /// There were too many steps.
    Unknown,
}

/// Tells every step of matching `code` against the whole workspace.
pub fn walk<'a>(
    code: &'a [Instr],
    subject: Subject<'a>,
    tell: &mut dyn FnMut(Step<'a>),
) -> Verdict {
    let mut walk = Walk { code, subject, choices: Vec::new(), steps: 0, tell };
    let (mut pc, mut at) = (0, 0);
    while (pc < code.len() || at < subject.workspace.len()) && walk.steps < MAX_STEPS {
        walk.step(Step::Advance(code.get(pc), subject.workspace.get(at).copied()));
        let next = code.get(pc).and_then(|instr| walk.forward(instr, pc, at));
        match next.or_else(|| walk.back()) {
            Some(next) => (pc, at) = next,
            None if walk.steps < MAX_STEPS => return Verdict::Fails,
            None => return Verdict::Unknown,
        }
    }
    if pc < code.len() || at < subject.workspace.len() {
        return Verdict::Unknown;
    }
    let taken = |choice: &Choice| Capture { start: choice.start, end: choice.end };
    Verdict::Matches(walk.choices.iter().map(taken).collect())
}

impl<'a> Walk<'a, '_> {
    fn step(&mut self, step: Step<'a>) {
        self.steps += 1;
        (self.tell)(step);
    }

    fn forward(&mut self, instr: &'a Instr, pc: usize, at: usize) -> Option<(usize, usize)> {
        let token = self.subject.workspace.get(at).copied();
        let table = self.subject.table;
        let end = match instr {
            Instr::Literal(literal) => {
                return table.same(*literal, token?).then_some((pc + 1, at + 1));
            }
            Instr::Nothing => return Some((pc + 1, at)),
            Instr::Deferred(name) => {
                token?;
                let value = self.subject.macros.get(name).map(|text| crate::macros::bytes(text));
                self.step(Step::Macro { name: name.as_bytes(), value });
                return deferred(name, at, self.subject).map(|end| (pc + 1, end));
            }
            Instr::NotClass(id, _) if self.subject.classes.contains(*id, table.text(token?)) => {
                return None;
            }
            Instr::NotClass(..) | Instr::One | Instr::OneOrMore => token.map(|_| at + 1)?,
            Instr::ZeroOrMore => at,
            Instr::Class(..) => self.member(instr, at, at)?,
            Instr::Inert(_) | Instr::Emit(_) | Instr::Copy(_) => return None,
        };
        self.choices.push(Choice { pc, start: at, end });
        Some((pc + 1, end))
    }

    /// Extends the latest wildcard that can be extended.
    fn back(&mut self) -> Option<(usize, usize)> {
        while let Some(choice) = self.choices.pop() {
            let instr = self.code.get(choice.pc)?;
            let token = self.subject.workspace.get(choice.end).copied();
            self.step(Step::Backup(instr, token));
            let end = match instr {
                Instr::ZeroOrMore | Instr::OneOrMore => token.map(|_| choice.end + 1),
                Instr::Class(..) => self.member(instr, choice.start, choice.end),
                _ => None,
            };
            if let Some(end) = end {
                self.choices.push(Choice { end, ..choice });
                return Some((choice.pc + 1, end));
            }
        }
        None
    }

    /// The end of the shortest member that begins at `start` and takes the token at `end`.
    fn member(&mut self, instr: &'a Instr, start: usize, end: usize) -> Option<usize> {
        let Instr::Class(id, _) = instr else { return None };
        let Subject { workspace, table, classes, blank, .. } = self.subject;
        for end in end..workspace.len() {
            let phrase = workspace.get(start..=end)?;
            // A phrase costs its length to look up.
            self.steps += phrase.len();
            if self.steps >= MAX_STEPS {
                return None;
            }
            if classes.contains(*id, &table.join(phrase, blank)) {
                self.step(Step::Member);
                return Some(end + 1);
            }
            self.step(Step::Extend(instr, *phrase.last()?));
        }
        None
    }
}
