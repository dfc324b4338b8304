//! Tokens and the table that holds their text.
//!
//! A token is a number. The texts that a compiled program knows stand in the program's table, case
//! folded once; the texts of the address being rewritten are added behind them and forgotten with
//! it. Two tokens are the same to a rule if their symbols are equal.

use std::collections::HashMap;
use std::sync::Arc;

use cf_parser::text::{OPS, Op, Piece, Text};

/// A token: an index into a [`TokenTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u32);

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
const UNKNOWN: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    symbol: u32,
    text: Box<[u8]>,
}

/// Texts that rules name: built while compiling, then shared.
#[derive(Clone, Debug)]
pub struct ProgramTexts {
    entries: Vec<Entry>,
    symbols: HashMap<Box<[u8]>, u32>,
}

impl Default for ProgramTexts {
    fn default() -> Self {
        let entries = OPS
            .iter()
            .zip(0u32..)
            .map(|((op, letter), symbol)| Entry {
                kind: Kind::Meta(*op),
                symbol,
                text: Box::new([b'$', *letter]),
            })
            .collect();
        Self { entries, symbols: HashMap::new() }
    }
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
pub fn meta(op: Op) -> Token {
    let index = OPS.iter().position(|(o, _)| *o == op).unwrap_or(0);
    Token(u32::try_from(index).unwrap_or(0))
}

impl ProgramTexts {
    /// Adds a text that a rule names.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        if let Kind::Meta(op) = kind {
            return meta(op);
        }
        let next = u32::try_from(self.entries.len()).unwrap_or(UNKNOWN);
        let symbol = *self.symbols.entry(fold(text).into()).or_insert(next);
        self.entries.push(Entry { kind, symbol, text: text.into() });
        Token(next)
    }

    /// The symbol of one of this table's tokens.
    #[must_use]
    pub fn symbol_of(&self, token: Token) -> u32 {
        self.entries.get(token.0 as usize).map_or(UNKNOWN, |entry| entry.symbol)
    }

    fn symbol(&self, text: &[u8]) -> u32 {
        self.symbols.get(fold(text).as_slice()).copied().unwrap_or(UNKNOWN)
    }
}

/// The program's texts and, behind them, those of the run.
#[derive(Clone, Debug)]
pub struct TokenTable {
    program: Arc<ProgramTexts>,
    run: Vec<Entry>,
}

impl TokenTable {
    /// A table with nothing of its own yet.
    #[must_use]
    pub fn new(program: Arc<ProgramTexts>) -> Self {
        Self { program, run: Vec::new() }
    }

    /// Forgets the run's texts; tokens of it must not be used any more.
    pub fn reset(&mut self) {
        self.run.clear();
    }

    /// Adds a text of the run.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        if let Kind::Meta(op) = kind {
            return meta(op);
        }
        let next = self.program.entries.len() + self.run.len();
        let symbol = self.program.symbol(text);
        self.run.push(Entry { kind, symbol, text: text.into() });
        Token(u32::try_from(next).unwrap_or(0))
    }

    fn entry(&self, token: Token) -> Option<&Entry> {
        let index = token.0 as usize;
        let known = self.program.entries.len();
        if index < known { self.program.entries.get(index) } else { self.run.get(index - known) }
    }

    /// The token's bytes as they came.
    #[must_use]
    pub fn text(&self, token: Token) -> &[u8] {
        self.entry(token).map_or(b"", |entry| &entry.text)
    }

    /// What the token is.
    #[must_use]
    pub fn kind(&self, token: Token) -> Kind {
        self.entry(token).map_or(Kind::Atom, |entry| entry.kind)
    }

    /// The token's symbol: equal for tokens that a rule takes for the same.
    #[must_use]
    pub fn symbol(&self, token: Token) -> u32 {
        self.entry(token).map_or(UNKNOWN, |entry| entry.symbol)
    }

    /// Whether the workspace token `token` is the rule's literal `literal`.
    #[must_use]
    pub fn same(&self, literal: Token, token: Token) -> bool {
        self.symbol(literal) == self.symbol(token) && self.symbol(token) != UNKNOWN
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
        let mut after_atom = false;
        for &token in tokens {
            let atom = self.kind(token) == Kind::Atom;
            if after_atom && atom {
                out.extend(blank);
            }
            match self.kind(token) {
                Kind::Meta(op) => out.push(octet(op)),
                Kind::Atom | Kind::Operator => out.extend_from_slice(self.text(token)),
            }
            after_atom = atom;
        }
        out
    }
}
