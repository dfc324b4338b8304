//! "The left hand side of rewriting rules contains a pattern": tries everything, the shortest first.

use std::ops::Range;

use super::reader::{File, Part};
use super::{Token, Undecided};

/// What the wildcards took, left to right, or `None` if the pattern does not match.
pub(crate) type Found = Option<Vec<Range<usize>>>;

pub(crate) struct Matching<'a> {
    pub(crate) file: &'a File,
    pub(crate) workspace: &'a [Token],
    /// How many steps are left before it is given up.
    pub(crate) patience: &'a mut u64,
}

impl Matching<'_> {
    /// Matches `pattern` against the whole workspace.
    pub(crate) fn whole(&mut self, pattern: &[Part]) -> Result<Found, Undecided> {
        let mut taken = Vec::new();
        Ok(self.from(pattern, 0, &mut taken)?.then_some(taken))
    }

    /// Matches `pattern` against what begins at `at`; `taken` is what stands to the left.
    fn from(
        &mut self,
        pattern: &[Part],
        at: usize,
        taken: &mut Vec<Range<usize>>,
    ) -> Result<bool, Undecided> {
        self.spend(1)?;
        let workspace = self.workspace;
        let Some((part, rest)) = pattern.split_first() else { return Ok(at == workspace.len()) };
        let token = workspace.get(at);
        match part {
            // "Normal words are simply matched directly."
            Part::Literal(word) => match token {
                Some(token) if token.eq_ignore_ascii_case(word) => self.from(rest, at + 1, taken),
                _ => Ok(false),
            },
            // "Match zero tokens"
            Part::Nothing => self.from(rest, at, taken),
            // "Match zero or more tokens"
            Part::ZeroOrMore => self.one_of(at..=workspace.len(), rest, at, taken),
            // "Match one or more tokens"
            Part::OneOrMore => self.one_of(at + 1..=workspace.len(), rest, at, taken),
            // "Match exactly one token"
            Part::One => match token {
                Some(_) => self.one_of(at + 1..=at + 1, rest, at, taken),
                None => Ok(false),
            },
            // "Match any phrase in class x"
            Part::Class(class) => {
                for end in at + 1..=workspace.len() {
                    self.spend(end - at)?;
                    let phrase = self.file.join(&workspace[at..end]);
                    if self.file.in_class(class, &phrase)
                        && self.one_of(end..=end, rest, at, taken)?
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            // "Match any word not in class x"
            Part::NotClass(class) => match token {
                Some(token) if !self.file.in_class(class, token) => {
                    self.one_of(at + 1..=at + 1, rest, at, taken)
                }
                _ => Ok(false),
            },
            // Its text, up to the end of a token; at the end of the workspace not even an empty one
            // matches (observed).
            Part::Macro(name) => match (token, self.macro_end(name, at)) {
                (Some(_), Some(end)) => self.from(rest, end, taken),
                _ => Ok(false),
            },
            Part::Argument(_) => Err(Undecided::NotUnderstood),
        }
    }

    /// A wildcard that begins at `at` ends at one of `ends`: the first with which the rest matches.
    fn one_of(
        &mut self,
        ends: std::ops::RangeInclusive<usize>,
        rest: &[Part],
        at: usize,
        taken: &mut Vec<Range<usize>>,
    ) -> Result<bool, Undecided> {
        for end in ends {
            taken.push(at..end);
            if self.from(rest, end, taken)? {
                return Ok(true);
            }
            taken.pop();
        }
        Ok(false)
    }

    fn spend(&mut self, steps: usize) -> Result<(), Undecided> {
        *self.patience = self.patience.checked_sub(steps as u64).ok_or(Undecided::TooLong)?;
        Ok(())
    }

    /// Where the macro's value ends if the workspace goes on with it; some token has to end there.
    fn macro_end(&self, name: &[u8], at: usize) -> Option<usize> {
        let value = self.file.macro_value(name);
        // A token has at least one byte, so that the value has no more tokens than bytes.
        let last = self.workspace.len().min(at + value.len());
        (at..=last).find(|end| self.workspace[at..*end].concat().eq_ignore_ascii_case(value))
    }
}
