//! The texts that a compiled program knows, and their symbols.

use cf_parser::names::LongNames;
use cf_parser::text::OPS;
use hashbrown::HashTable;

use super::{Kind, Look, Texts, Token, UNKNOWN, meta};
use crate::filter::{Heads, Traits};

/// Texts that rules name: built while compiling, then shared.
#[derive(Clone, Debug)]
pub struct ProgramTexts {
    pub(super) texts: Texts,
    /// The first entry of each folded text; its index is the symbol.
    symbols: HashTable<u32>,
    /// A bit for the hash of each symbol: most words of addresses are told by it to have none.
    named: Vec<u64>,
    /// How the members of classes begin.
    pub(super) heads: Heads,
    /// Operators of one character that rules name, by that character.
    pub(super) operators: Vec<Option<Token>>,
    pub(super) long_names: LongNames,
}

impl Default for ProgramTexts {
    fn default() -> Self {
        let mut texts = Texts::default();
        // Dollar operators have the first indices of every table.
        for (op, letter) in &OPS {
            let text = [b'$', *letter];
            texts.push(Kind::Meta(*op), &text, Look { flags: 0, hash: 0 });
        }
        Self {
            texts,
            symbols: HashTable::new(),
            named: vec![0; NAMED_BITS / u64::BITS as usize],
            heads: Heads::default(),
            operators: vec![None; 256],
            long_names: LongNames::default(),
        }
    }
}

/// Bits in which the hashes of symbols are noted.
const NAMED_BITS: usize = 1 << 13;

fn named_place(hash: u32) -> (usize, u64) {
    let place = hash as usize % NAMED_BITS;
    (place / u64::BITS as usize, 1 << (place % u64::BITS as usize))
}

impl ProgramTexts {
    /// Adds a text that a rule names.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        if let Kind::Meta(op) = kind {
            return meta(op);
        }
        // Most words of rules are operators.
        if let (Kind::Operator, [byte]) = (kind, text)
            && let Some(token) = self.operators.get(usize::from(*byte)).copied().flatten()
        {
            return token;
        }
        let index = u32::try_from(self.texts.entries.len()).unwrap_or(UNKNOWN);
        let look = Look::of(text);
        let hash = look.hash;
        let Self { texts, symbols, operators, .. } = self;
        let same = |symbol: &u32| {
            texts.entries.get(*symbol as usize).is_some_and(|entry| {
                entry.hash == hash && entry.text(&texts.arena).eq_ignore_ascii_case(text)
            })
        };
        let known = symbols.find(u64::from(hash), same).copied();
        let symbol = known.unwrap_or(index);
        texts.push(kind, text, look);
        if let (Kind::Operator, [byte]) = (kind, text)
            && let Some(place) = operators.get_mut(usize::from(*byte))
        {
            place.get_or_insert(Token::new(index, symbol, kind, Traits::default(), true));
        }
        if known.is_none() {
            let entries = &texts.entries;
            let rehash = |symbol: &u32| {
                entries.get(*symbol as usize).map_or(0, |entry| u64::from(entry.hash))
            };
            symbols.insert_unique(u64::from(hash), symbol, rehash);
            let (word, bit) = named_place(hash);
            if let Some(word) = self.named.get_mut(word) {
                *word |= bit;
            }
        }
        Token::new(index, symbol, kind, Traits::default(), true)
    }

    /// Adds a text, unless it has a symbol.
    pub(crate) fn name(&mut self, kind: Kind, text: &[u8]) {
        if self.symbol(text, Look::of(text).hash) == UNKNOWN {
            self.add(kind, text);
        }
    }

    /// Takes in how the members of classes begin, when all rules are known or a class has changed.
    pub(crate) fn set_heads(&mut self, heads: Heads) {
        self.heads = heads;
        for byte in 0..self.operators.len() {
            let token = self.operators.get(byte).copied().flatten();
            let token = token.map(|token| self.renewed(token));
            if let Some(place) = self.operators.get_mut(byte) {
                *place = token;
            }
        }
    }

    /// The token with what is known of classes now.
    pub(crate) fn renewed(&self, token: Token) -> Token {
        let Some(entry) = self.texts.entries.get(token.index as usize) else { return token };
        match entry.kind {
            Kind::Meta(_) => token,
            kind => {
                let classes = self.heads.of(entry.text(&self.texts.arena));
                Token::new(token.index, token.symbol(), kind, classes, true)
            }
        }
    }

    /// The long names of macros and classes, in the order of their codes.
    pub fn set_long_names(&mut self, names: LongNames) {
        self.long_names = names;
    }

    /// The bytes of one of these tokens.
    pub(crate) fn text(&self, token: Token) -> &[u8] {
        let entry = self.texts.entries.get(token.index as usize);
        entry.map_or(b"", |entry| entry.text(&self.texts.arena))
    }

    #[inline]
    pub(super) fn symbol(&self, text: &[u8], hash: u32) -> u32 {
        let (word, bit) = named_place(hash);
        if self.named.get(word).is_none_or(|word| word & bit == 0) {
            return UNKNOWN;
        }
        let same = |symbol: &u32| {
            self.texts.entries.get(*symbol as usize).is_some_and(|entry| {
                entry.hash == hash && entry.text(&self.texts.arena).eq_ignore_ascii_case(text)
            })
        };
        self.symbols.find(u64::from(hash), same).copied().unwrap_or(UNKNOWN)
    }
}
