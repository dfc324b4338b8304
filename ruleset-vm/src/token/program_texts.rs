//! The texts that a compiled program knows, and their symbols.

use cf_parser::names::LongNames;
use cf_parser::text::OPS;

use super::{Kind, Look, TextHash, Texts, Token, UNKNOWN, meta};
use crate::filter::{Heads, Traits};

/// Texts that rules name: built while compiling, then shared.
#[derive(Clone, Debug)]
pub struct ProgramTexts {
    pub(super) texts: Texts,
    /// The first entry of each folded text; its index is the symbol.
    symbols: Symbols,
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
            texts.push(Kind::Meta(*op), &text, Look::NOTHING);
        }
        Self {
            texts,
            symbols: Symbols::default(),
            heads: Heads::default(),
            operators: vec![None; 256],
            long_names: LongNames::default(),
        }
    }
}

/// Symbols by the hash of their text: each stands in the place of that or in one behind it. At least half
/// of the places are empty, so that most words of addresses are told at one look to have no symbol.
#[derive(Clone, Debug)]
struct Symbols {
    places: Vec<(TextHash, u32)>,
    count: usize,
}

/// A place without a symbol.
const EMPTY: (TextHash, u32) = (TextHash::NOTHING, UNKNOWN);

impl Default for Symbols {
    fn default() -> Self {
        Self { places: vec![EMPTY; 1 << 10], count: 0 }
    }
}

impl Symbols {
    /// The symbol of this hash whose text is the `same`; or [`UNKNOWN`].
    #[inline]
    fn find(&self, hash: TextHash, same: impl Fn(u32) -> bool) -> u32 {
        let mut place = hash.place(self.places.len());
        loop {
            match self.places.get(place) {
                None if place > 0 => place = 0,
                None | Some((_, UNKNOWN)) => return UNKNOWN,
                Some((other, symbol)) if *other == hash && same(*symbol) => return *symbol,
                Some(_) => place += 1,
            }
        }
    }

    /// Adds a symbol that is not there.
    fn add(&mut self, hash: TextHash, symbol: u32) {
        self.count += 1;
        if self.count * 2 > self.places.len() {
            let more = vec![EMPTY; self.places.len() * 2];
            let old = std::mem::replace(&mut self.places, more);
            old.into_iter().filter(|place| *place != EMPTY).for_each(|place| self.put(place));
        }
        self.put((hash, symbol));
    }

    fn put(&mut self, (hash, symbol): (TextHash, u32)) {
        let first = hash.place(self.places.len());
        let (front, back) = self.places.split_at_mut(first);
        let free = back.iter_mut().chain(front).find(|(_, symbol)| *symbol == UNKNOWN);
        if let Some(place) = free {
            *place = (hash, symbol);
        }
    }
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
        let known = self.symbol(text, look.hash);
        let symbol = if known == UNKNOWN { index } else { known };
        self.texts.push(kind, text, look);
        if let (Kind::Operator, [byte]) = (kind, text)
            && let Some(place) = self.operators.get_mut(usize::from(*byte))
        {
            place.get_or_insert(Token::new(index, symbol, kind, Traits::default(), true));
        }
        if known == UNKNOWN {
            self.symbols.add(look.hash, symbol);
        }
        Token::new(index, symbol, kind, Traits::default(), true)
    }

    /// Adds a text, unless it has a symbol.
    pub(crate) fn name(&mut self, kind: Kind, text: &[u8]) {
        if self.symbol(text, TextHash::of(text)) == UNKNOWN {
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
                let classes = self.heads.of(Look::of(entry.text(&self.texts.arena)).head);
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
    pub(super) fn symbol(&self, text: &[u8], hash: TextHash) -> u32 {
        self.symbols.find(hash, |symbol| {
            let entry = self.texts.entries.get(symbol as usize);
            // Most are written as in the rules.
            let same = |other: &[u8]| other == text || other.eq_ignore_ascii_case(text);
            entry.is_some_and(|entry| same(entry.text(&self.texts.arena)))
        })
    }
}
