//! Which rules of a ruleset could match a workspace, so that the cost of an address grows with the rules
//! that could, not with the rules written.
//!
//! A rule is known by what it needs of any workspace: literals and classes, a number of tokens, a first
//! and a last literal. Each token knows what it offers. Rulesets of many rules have an index besides:
//! each rule stands under the rarest of its literals.

use std::collections::HashMap;
use std::ops::BitOr;

use crate::classes::{ClassId, Classes};
use crate::program::Instr;
use crate::token::{HEAD, TextHash, Token, UNKNOWN};

/// Rulesets with more rules than this are searched through an index.
const INDEX_FROM: usize = 48;

/// What a token offers and a rule needs: bits for literals, and bits for the classes whose members can
/// begin with the token. Several literals, or classes, may share a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits(u64);

/// How many of the bits are for literals; the others are for classes.
const LITERAL_BITS: u32 = 40;
const CLASS_BITS: u32 = u64::BITS - LITERAL_BITS;

impl Traits {
    /// Of the literal with this symbol; nothing if no rule names it.
    pub(crate) const fn of_literal(symbol: u32) -> Self {
        if symbol == UNKNOWN {
            return Self(0);
        }
        // Fibonacci hashing: neighbouring symbols fall on different bits.
        let hash = symbol.wrapping_mul(0x9E37_79B9) as u64;
        Self(1 << ((hash * LITERAL_BITS as u64) >> u32::BITS))
    }

    /// The bits of classes alone.
    #[inline]
    pub(crate) fn classes(self) -> u32 {
        (self.0 >> LITERAL_BITS) as u32
    }

    fn of_class(id: ClassId) -> Self {
        Self(1 << (LITERAL_BITS + (id.0 % CLASS_BITS as usize) as u32))
    }

    /// Whether a member of the class can begin so.
    #[inline]
    pub(crate) fn may_begin(self, id: ClassId) -> bool {
        self.has_all(Self::of_class(id))
    }

    #[inline]
    fn has_all(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }
}

impl BitOr for Traits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Places in the table of beginnings.
const HEADS: usize = 4096;

/// The classes whose members begin like a text, by the first octets of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heads(Vec<Traits>);

impl Heads {
    /// Of these classes as they are now.
    pub(crate) fn of_classes(classes: &Classes, ids: &[ClassId]) -> Self {
        let mut heads = vec![Traits::default(); HEADS];
        for id in ids {
            classes.beginnings(*id, HEAD, &mut |text| {
                if let Some(place) = heads.get_mut(TextHash::of(text).place(HEADS)) {
                    *place = *place | Traits::of_class(*id);
                }
            });
        }
        Self(heads)
    }

    /// What a token offers that begins so; one that is shorter than [`HEAD`] is its own beginning.
    #[inline]
    pub(crate) fn of(&self, head: TextHash) -> Traits {
        self.0.get(head.place(HEADS)).copied().unwrap_or_default()
    }
}

/// Bits for two literals side by side.
fn pair(first: u32, second: u32) -> u64 {
    if first == UNKNOWN || second == UNKNOWN {
        return 0;
    }
    let hash = (first.wrapping_mul(0x85EB_CA6B) ^ second).wrapping_mul(0x9E37_79B9);
    1 << (hash >> 26)
}

/// What a rule needs besides traits.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Literals that stand side by side.
    pairs: u64,
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
    traits: Traits,
    pairs: u64,
    first: u32,
    last: u32,
    tokens: u32,
}

impl Offer {
    /// What these tokens offer.
    #[inline]
    pub(crate) fn of(workspace: &[Token]) -> Self {
        let symbol = |token: Option<&Token>| token.map_or(UNKNOWN, |token| token.symbol());
        let (mut traits, mut pairs) = (Traits::default(), 0);
        let mut before = UNKNOWN;
        for token in workspace {
            traits = traits | token.traits();
            pairs |= pair(before, token.symbol());
            before = token.symbol();
        }
        Self {
            traits,
            pairs,
            first: symbol(workspace.first()),
            last: symbol(workspace.last()),
            tokens: workspace.len() as u32,
        }
    }

    #[inline]
    fn has_shape(&self, shape: &Shape) -> bool {
        shape.pairs & !self.pairs == 0
            && self.tokens >= shape.least
            && self.tokens <= shape.most
            && (shape.first == UNKNOWN || shape.first == self.first)
            && (shape.last == UNKNOWN || shape.last == self.last)
    }
}

/// The rules of one ruleset by what they need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    traits: Vec<Traits>,
    shapes: Vec<Shape>,
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
        let traits = lhs.iter().fold(Traits::default(), |all, instr| match instr {
            Instr::Literal(token) => all | Traits::of_literal(token.symbol()),
            Instr::Class(id, _) => all | Traits::of_class(*id),
            _ => all,
        });
        let pairs = lhs.windows(2).fold(0, |all, two| match two {
            [Instr::Literal(first), Instr::Literal(second)] => {
                all | pair(first.symbol(), second.symbol())
            }
            _ => all,
        });
        let (first, last) = (literal(lhs.first()), literal(lhs.last()));
        self.traits.push(traits);
        self.shapes.push(Shape { pairs, first, last, least, most });
        self.index = None;
    }

    /// Builds the index, when all rules are known. `lhs` gives the left-hand side of each.
    pub(crate) fn finish<'c>(&mut self, lhs: impl Fn(usize) -> &'c [Instr]) {
        if self.traits.len() < INDEX_FROM {
            return;
        }
        let symbols = |rule: usize| {
            lhs(rule).iter().filter_map(|instr| match instr {
                Instr::Literal(token) => Some(token.symbol()),
                _ => None,
            })
        };
        let mut frequency: HashMap<u32, u32, Symbols> = HashMap::default();
        for rule in 0..self.traits.len() {
            symbols(rule).for_each(|symbol| *frequency.entry(symbol).or_default() += 1);
        }
        let mut index = Index::default();
        for rule in 0..self.traits.len() {
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
    #[inline]
    pub(crate) fn next(&self, from: usize, offer: &Offer, workspace: &[Token]) -> usize {
        match &self.index {
            None => self.scan(from, offer),
            Some(index) => self.search(index, from, offer, workspace),
        }
    }

    #[inline]
    fn scan(&self, from: usize, offer: &Offer) -> usize {
        let mut rule = from;
        while let Some(rest) = self.traits.get(rule..) {
            let Some(offset) = rest.iter().position(|traits| offer.traits.has_all(*traits)) else {
                break;
            };
            rule += offset;
            if self.shapes.get(rule).is_some_and(|shape| offer.has_shape(shape)) {
                return rule;
            }
            rule += 1;
        }
        self.traits.len()
    }

    fn could_match(&self, rule: usize, offer: &Offer) -> bool {
        self.traits.get(rule).is_some_and(|traits| offer.traits.has_all(*traits))
            && self.shapes.get(rule).is_some_and(|shape| offer.has_shape(shape))
    }

    fn search(&self, index: &Index, from: usize, offer: &Offer, workspace: &[Token]) -> usize {
        let mut best = self.first_of(&index.others, from, offer).unwrap_or(self.traits.len());
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
            .find(|rule| self.could_match(*rule, offer))
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
