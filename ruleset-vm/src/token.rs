//! Tokens and the table that holds their text.
//!
//! A token is a number. The texts that a compiled program knows stand in the program's table, case
//! folded once; the texts of the address being rewritten are added behind them and forgotten with
//! it. Two tokens are the same to a rule if their symbols are equal.

use std::sync::Arc;

use cf_parser::text::{OPS, Op, Piece, Text};
use hashbrown::HashTable;

/// A token: an index into a [`TokenTable`], and the symbol that rules compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    index: u32,
    symbol: u32,
}

impl Token {
    /// The symbol: equal for tokens that a rule takes for the same; [`UNKNOWN`] if no rule names it.
    pub(crate) fn symbol(self) -> u32 {
        self.symbol
    }

    /// Whether the workspace token `other` is this literal of a rule.
    #[inline]
    pub(crate) fn matches(self, other: Token) -> bool {
        self.symbol == other.symbol && self.symbol != UNKNOWN
    }
}

/// What a token is, as far as rebuilding text and matching need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run of ordinary characters: two of them in a row get the blank substitute between them.
    Atom,
    /// An operator character or a quoted string.
    Operator,
    /// A dollar operator, such as the `$#` of a triple or the `$|` between two arguments.
    Meta(Op),
}

/// The symbol of a token that no rule names.
pub(crate) const UNKNOWN: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    /// Of the folded text.
    hash: u32,
    head: u32,
    start: u32,
    end: u32,
}

impl Entry {
    fn text(self, arena: &[u8]) -> &[u8] {
        arena.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The first four octets of a text, folded; 0 if it is shorter.
#[must_use]
pub(crate) fn head(text: &[u8]) -> u32 {
    text.first_chunk::<4>()
        .map_or(0, |head| u32::from_le_bytes(head.map(|b| b.to_ascii_lowercase())))
}

/// Texts one behind the other, and the entries that cut them.
#[derive(Clone, Debug, Default)]
struct Texts {
    arena: Vec<u8>,
    entries: Vec<Entry>,
}

impl Texts {
    fn push(&mut self, kind: Kind, text: &[u8], hash: u32) {
        // Positions are limited by the size of configurations and by the limits of the tokenizer.
        let position = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let start = position(self.arena.len());
        self.arena.extend_from_slice(text);
        let end = position(self.arena.len());
        let head = head(text);
        self.entries.push(Entry { kind, hash, head, start, end });
    }
}

/// Texts that rules name: built while compiling, then shared.
#[derive(Clone, Debug)]
pub struct ProgramTexts {
    texts: Texts,
    /// The first entry of each folded text; its index is the symbol.
    symbols: HashTable<u32>,
}

impl Default for ProgramTexts {
    fn default() -> Self {
        let mut texts = Texts::default();
        // Dollar operators have the first indices of every table.
        for (op, letter) in &OPS {
            texts.push(Kind::Meta(*op), &[b'$', *letter], 0);
        }
        Self { texts, symbols: HashTable::new() }
    }
}

/// A hash of the folded text (FNV-1a): what tells most texts apart before they are compared.
#[must_use]
pub(crate) fn folded_hash(text: &[u8]) -> u32 {
    text.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

/// Lower case of the ASCII letters; other octets stay.
#[must_use]
pub fn fold(text: &[u8]) -> Vec<u8> {
    text.to_ascii_lowercase()
}

/// The octet in which sendmail holds an operator: what is left of one in rebuilt text (observed).
#[must_use]
pub fn octet(op: Op) -> u8 {
    match op {
        Op::ZeroOrMore => 0x90,
        Op::OneOrMore => 0x91,
        Op::One => 0x92,
        Op::Hash => 0x96,
        Op::At => 0x97,
        Op::Colon => 0x98,
        Op::Call => 0x99,
        Op::Bar => 0x9b,
        Op::Dot => 0x9c,
        Op::HostBegin => 0x9d,
        Op::HostEnd => 0x9e,
        Op::MapBegin => 0x85,
        Op::MapEnd => 0x86,
    }
}

/// The token of a dollar operator; the same in every table.
#[must_use]
pub const fn meta(op: Op) -> Token {
    let mut index = 0;
    while index < OPS.len() {
        if OPS[index].0 as u8 == op as u8 {
            break;
        }
        index += 1;
    }
    Token { index: index as u32, symbol: index as u32 }
}

impl ProgramTexts {
    /// Adds a text that a rule names.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        if let Kind::Meta(op) = kind {
            return meta(op);
        }
        let index = u32::try_from(self.texts.entries.len()).unwrap_or(UNKNOWN);
        let hash = folded_hash(text);
        let Self { texts, symbols } = self;
        let same = |symbol: &u32| {
            texts.entries.get(*symbol as usize).is_some_and(|entry| {
                entry.hash == hash && entry.text(&texts.arena).eq_ignore_ascii_case(text)
            })
        };
        let known = symbols.find(u64::from(hash), same).copied();
        let symbol = known.unwrap_or(index);
        texts.push(kind, text, hash);
        if known.is_none() {
            let entries = &texts.entries;
            let rehash = |symbol: &u32| {
                entries.get(*symbol as usize).map_or(0, |entry| u64::from(entry.hash))
            };
            symbols.insert_unique(u64::from(hash), symbol, rehash);
        }
        Token { index, symbol }
    }

    /// The bytes of one of these tokens.
    pub(crate) fn text(&self, token: Token) -> &[u8] {
        let entry = self.texts.entries.get(token.index as usize);
        entry.map_or(b"", |entry| entry.text(&self.texts.arena))
    }

    fn symbol(&self, text: &[u8], hash: u32) -> u32 {
        let same = |symbol: &u32| {
            self.texts.entries.get(*symbol as usize).is_some_and(|entry| {
                entry.hash == hash && entry.text(&self.texts.arena).eq_ignore_ascii_case(text)
            })
        };
        self.symbols.find(u64::from(hash), same).copied().unwrap_or(UNKNOWN)
    }
}

/// The program's texts and, behind them, those of the run.
#[derive(Clone, Debug)]
pub struct TokenTable {
    program: Arc<ProgramTexts>,
    run: Texts,
}

impl TokenTable {
    /// A table with nothing of its own yet.
    #[must_use]
    pub fn new(program: Arc<ProgramTexts>) -> Self {
        Self { program, run: Texts::default() }
    }

    /// Forgets the run's texts; tokens of it must not be used any more.
    pub fn reset(&mut self) {
        self.run.arena.clear();
        self.run.entries.clear();
    }

    /// Adds a text of the run.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        if let Kind::Meta(op) = kind {
            return meta(op);
        }
        let index = self.program.texts.entries.len() + self.run.entries.len();
        let hash = folded_hash(text);
        let symbol = self.program.symbol(text, hash);
        self.run.push(kind, text, hash);
        Token { index: u32::try_from(index).unwrap_or(UNKNOWN), symbol }
    }

    #[inline]
    fn entry(&self, token: Token) -> Option<(Entry, &[u8])> {
        let index = token.index as usize;
        let known = self.program.texts.entries.len();
        let (texts, index) = match index.checked_sub(known) {
            None => (&self.program.texts, index),
            Some(index) => (&self.run, index),
        };
        texts.entries.get(index).map(|entry| (*entry, &texts.arena[..]))
    }

    /// The token's bytes as they came.
    #[must_use]
    pub fn text(&self, token: Token) -> &[u8] {
        self.entry(token).map_or(b"", |(entry, arena)| entry.text(arena))
    }

    /// What the token is.
    #[must_use]
    pub fn kind(&self, token: Token) -> Kind {
        self.entry(token).map_or(Kind::Atom, |(entry, _)| entry.kind)
    }

    /// The head of the token's text.
    pub(crate) fn head(&self, token: Token) -> u32 {
        self.entry(token).map_or(0, |(entry, _)| entry.head)
    }

    /// The token's symbol: equal for tokens that a rule takes for the same.
    #[must_use]
    pub fn symbol(&self, token: Token) -> u32 {
        token.symbol
    }

    /// Whether the workspace token `token` is the rule's literal `literal`.
    #[must_use]
    pub fn same(&self, literal: Token, token: Token) -> bool {
        literal.matches(token)
    }

    /// Rebuilds text with the operators in it, `blank` between two atoms.
    #[must_use]
    pub fn pieces(&self, tokens: &[Token], blank: u8) -> Text {
        let mut out = Text::new();
        let mut after_atom = false;
        for &token in tokens {
            let kind = self.kind(token);
            if after_atom && kind == Kind::Atom {
                out.push(Piece::Byte(blank));
            }
            match kind {
                Kind::Meta(op) => out.push(Piece::Op(op)),
                _ => out.extend(self.text(token).iter().map(|byte| Piece::Byte(*byte))),
            }
            after_atom = kind == Kind::Atom;
        }
        out
    }

    /// Rebuilds text (RS-020): tokens in a row, with `blank` between two atoms if it is given.
    #[must_use]
    pub fn join(&self, tokens: &[Token], blank: Option<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        self.join_into(tokens, blank, &mut out);
        out
    }

    /// [`TokenTable::join`] behind what `out` has.
    pub fn join_into(&self, tokens: &[Token], blank: Option<u8>, out: &mut Vec<u8>) {
        let mut after_atom = false;
        for &token in tokens {
            let Some((entry, arena)) = self.entry(token) else { continue };
            let atom = entry.kind == Kind::Atom;
            if after_atom && atom {
                out.extend(blank);
            }
            match entry.kind {
                Kind::Meta(op) => out.push(octet(op)),
                Kind::Atom | Kind::Operator => out.extend_from_slice(entry.text(arena)),
            }
            after_atom = atom;
        }
    }
}
