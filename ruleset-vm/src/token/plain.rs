//! Texts that nothing steers, as most addresses are: cut in one pass, and taken whole where their text is
//! wanted again.

use super::look::Look;
use super::{Kind, Token, TokenTable};
use crate::limits::MAX_NAME;
use crate::operators::{Operators, class};

/// A text with which the arena begins.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstText {
    pub(super) tokens: Vec<Token>,
    /// Where each token begins, with the end of the last one.
    starts: Vec<u32>,
}

impl FirstText {
    /// Takes what is in `starts`.
    pub(super) fn set(&mut self, tokens: &[Token], starts: &mut Vec<u32>) {
        self.tokens.clear();
        self.tokens.extend_from_slice(tokens);
        std::mem::swap(&mut self.starts, starts);
    }
}

impl TokenTable {
    /// Adds the tokens of a text in which nothing steers the scanner, and which is too short for any
    /// limit, as most addresses are. False if it is not so: `out` is of no use then.
    pub(crate) fn add_plain(
        &mut self,
        text: &[u8],
        operators: &Operators,
        out: &mut Vec<Token>,
    ) -> bool {
        if text.len() >= MAX_NAME {
            return false;
        }
        let (base, known, before) = (self.run.arena.len(), self.run.entries.len(), out.len());
        self.run.arena.extend_from_slice(text);
        self.starts.clear();
        let mut at = 0;
        while at < text.len() {
            self.starts.push(at as u32);
            let Some((token, end)) = self.plain_token(text, at, base, operators) else {
                self.run.arena.truncate(base);
                self.run.entries.truncate(known);
                return false;
            };
            out.push(token);
            at = end;
        }
        if base == 0 {
            self.starts.push(at as u32);
            self.first.set(out.get(before..).unwrap_or_default(), &mut self.starts);
        }
        true
    }

    /// The token at `start` of a text that stands in the arena from `base` on, and where it ends; `None`
    /// if something steers there.
    #[inline(always)]
    fn plain_token(
        &mut self,
        text: &[u8],
        start: usize,
        base: usize,
        operators: &Operators,
    ) -> Option<(Token, usize)> {
        let rest = text.get(start..)?;
        let first = *rest.first()?;
        let classes = operators.octet(first).classes;
        if classes & (class::STEERS | class::OPERATOR) == class::OPERATOR {
            let named = self.named_operator(first);
            let token = named.unwrap_or_else(|| self.add(Kind::Operator, &[first]));
            return Some((token, start + 1));
        }
        let (look, length) = Look::of_atom(rest, operators);
        if look.classes & class::STEERS != 0 {
            return None;
        }
        let token = self.next_token(Kind::Atom, rest.get(..length)?, look);
        self.run.push_range(Kind::Atom, base + start..base + start + length, look);
        Some((token, start + length))
    }

    /// The texts of tokens one behind the other, as [`TokenTable::join`] has them, and where each begins
    /// in `out`; the end of the last one is the last place. True if all are known to be of a text that
    /// nothing steers.
    pub(crate) fn texts_into(
        &self,
        tokens: &[Token],
        out: &mut Vec<u8>,
        starts: &mut Vec<u32>,
    ) -> bool {
        // Mostly they are an address that was cut in one pass.
        if out.is_empty()
            && !tokens.is_empty()
            && tokens == self.first.tokens
            && let Some(end) = self.first.starts.last()
        {
            starts.extend_from_slice(&self.first.starts);
            out.extend_from_slice(self.run.arena.get(..*end as usize).unwrap_or_default());
            return true;
        }
        let place = |out: &Vec<u8>| u32::try_from(out.len()).unwrap_or(u32::MAX);
        starts.reserve(tokens.len() + 1);
        for token in tokens {
            starts.push(place(out));
            self.put_text(*token, out);
        }
        starts.push(place(out));
        false
    }
}
