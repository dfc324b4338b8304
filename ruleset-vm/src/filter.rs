//! Which rules of a ruleset could match a workspace, so that the cost of an address grows with the rules
//! that could, not with the rules written.
//!
//! A rule is known by what it needs of any workspace: a number of tokens, a first and a last literal,
//! and a set of literals. Rulesets of many rules have an index besides: each rule stands under the
//! rarest of its literals.

use std::collections::HashMap;

use crate::program::Instr;
use crate::token::{Token, UNKNOWN};

/// Rulesets with more rules than this are searched through an index.
const INDEX_FROM: usize = 48;

/// What a rule needs of a workspace.
#[derive(Clone, Copy, Debug)]
struct Needs {
    /// A bit for each literal.
    literals: u64,
    /// Its first and last element, if they are literals; else [`UNKNOWN`].
    first: u32,
    last: u32,
    /// Fewest tokens.
    least: u32,
    /// Most tokens.
    most: u32,
}

/// What a workspace has to offer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offer {
    literals: u64,
    first: u32,
    last: u32,
    tokens: u32,
}

impl Offer {
    /// What these tokens offer.
    pub(crate) fn of(workspace: &[Token]) -> Self {
        let symbol = |token: Option<&Token>| token.map_or(UNKNOWN, |token| token.symbol());
        Self {
            literals: workspace.iter().fold(0, |bits, token| bits | bit(token.symbol())),
            first: symbol(workspace.first()),
            last: symbol(workspace.last()),
            tokens: u32::try_from(workspace.len()).unwrap_or(UNKNOWN),
        }
    }

    fn satisfies(&self, needs: &Needs) -> bool {
        needs.literals & !self.literals == 0
            && self.tokens >= needs.least
            && self.tokens <= needs.most
            && (needs.first == UNKNOWN || needs.first == self.first)
            && (needs.last == UNKNOWN || needs.last == self.last)
    }
}

/// The bit by which a symbol is known.
fn bit(symbol: u32) -> u64 {
    // Fibonacci hashing: neighbouring symbols fall on different bits.
    1 << (symbol.wrapping_mul(0x9E37_79B9) >> 26)
}

/// The rules of one ruleset by what they need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    needs: Vec<Needs>,
    index: Option<Index>,
}

/// Rules by their rarest literal, in order.
#[derive(Clone, Debug, Default)]
struct Index {
    by_literal: HashMap<u32, Vec<u32>, Symbols>,
    /// Rules without literals.
    others: Vec<u32>,
}

type Symbols = std::hash::BuildHasherDefault<SymbolHasher>;

/// Symbols are small numbers that come from the configuration: they need no protection.
#[derive(Clone, Copy, Debug, Default)]
struct SymbolHasher(u64);

impl std::hash::Hasher for SymbolHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Filter {
    /// Takes in the next rule.
    pub(crate) fn add(&mut self, lhs: &[Instr]) {
        let (least, most) = extent(lhs);
        let literal = |instr: Option<&Instr>| match instr {
            Some(Instr::Literal(token)) => token.symbol(),
            _ => UNKNOWN,
        };
        let literals = lhs.iter().fold(0, |bits, instr| match instr {
            Instr::Literal(token) => bits | bit(token.symbol()),
            _ => bits,
        });
        let (first, last) = (literal(lhs.first()), literal(lhs.last()));
        self.needs.push(Needs { literals, first, last, least, most });
        self.index = None;
    }

    /// Builds the index, when all rules are known. `lhs` gives the left-hand side of each.
    pub(crate) fn finish<'c>(&mut self, lhs: impl Fn(usize) -> &'c [Instr]) {
        if self.needs.len() < INDEX_FROM {
            return;
        }
        let symbols = |rule: usize| {
            lhs(rule).iter().filter_map(|instr| match instr {
                Instr::Literal(token) => Some(token.symbol()),
                _ => None,
            })
        };
        let mut frequency: HashMap<u32, u32, Symbols> = HashMap::default();
        for rule in 0..self.needs.len() {
            symbols(rule).for_each(|symbol| *frequency.entry(symbol).or_default() += 1);
        }
        let mut index = Index::default();
        for rule in 0..self.needs.len() {
            let rarest = symbols(rule).min_by_key(|symbol| frequency.get(symbol).copied());
            let number = u32::try_from(rule).unwrap_or(u32::MAX);
            match rarest {
                Some(symbol) => index.by_literal.entry(symbol).or_default().push(number),
                None => index.others.push(number),
            }
        }
        self.index = Some(index);
    }

    /// The first rule from `from` on that could match; the number of rules if there is none.
    pub(crate) fn next(&self, from: usize, offer: &Offer, workspace: &[Token]) -> usize {
        match &self.index {
            None => self.scan(from, offer),
            Some(index) => self.search(index, from, offer, workspace),
        }
    }

    fn scan(&self, from: usize, offer: &Offer) -> usize {
        let rest = self.needs.get(from..).unwrap_or_default();
        rest.iter()
            .position(|needs| offer.satisfies(needs))
            .map_or(self.needs.len(), |offset| from + offset)
    }

    fn search(&self, index: &Index, from: usize, offer: &Offer, workspace: &[Token]) -> usize {
        let mut best = self.first_of(&index.others, from, offer).unwrap_or(self.needs.len());
        for token in workspace {
            if token.symbol() == UNKNOWN {
                continue;
            }
            if let Some(rules) = index.by_literal.get(&token.symbol())
                && let Some(rule) = self.first_of(rules, from, offer)
            {
                best = best.min(rule);
            }
        }
        best
    }

    /// The first of these rules from `from` on that could match.
    fn first_of(&self, rules: &[u32], from: usize, offer: &Offer) -> Option<usize> {
        let start = rules.partition_point(|rule| (*rule as usize) < from);
        rules
            .get(start..)?
            .iter()
            .map(|rule| *rule as usize)
            .find(|rule| self.needs.get(*rule).is_some_and(|needs| offer.satisfies(needs)))
    }
}

/// Fewest and most tokens that a left-hand side can match.
fn extent(lhs: &[Instr]) -> (u32, u32) {
    let mut least: u32 = 0;
    let mut fixed = true;
    for instr in lhs {
        match instr {
            Instr::Literal(_) | Instr::One | Instr::NotClass(..) | Instr::Inert(_) => least += 1,
            Instr::OneOrMore | Instr::Class(..) => {
                least += 1;
                fixed = false;
            }
            Instr::ZeroOrMore | Instr::Deferred(_) => fixed = false,
            Instr::Nothing | Instr::Emit(_) | Instr::Copy(_) => {}
        }
    }
    (least, if fixed { least } else { u32::MAX })
}
