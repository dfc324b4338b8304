//! Tokens and the table that holds their text.
//!
//! A token is a number. The texts that a compiled program knows stand in the program's table, case
//! folded once; the texts of the address being rewritten are added behind them and forgotten with
//! it. Two tokens are the same to a rule if their symbols are equal.

mod look;
mod plain;
mod program_texts;

use std::ops::Range;
use std::sync::Arc;

use cf_parser::names::LongNames;
use cf_parser::text::{Name, OPS, Op, Piece, Text};

use crate::classes::ClassId;
use crate::filter::Traits;
use crate::operators::class;
use look::Look;
pub(crate) use look::{HEAD, TextHash};
use plain::FirstText;
pub use program_texts::ProgramTexts;

/// A token: an index into a [`TokenTable`], the symbol that rules compare, and what filters of rules
/// ask of a workspace.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    index: u32,
    /// What rules see of the token: its symbol or, if none names it, [`UNNAMED`] and the classes it may
    /// belong to; and whether it is an [`ATOM`].
    shape: u32,
    traits: Traits,
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Token {}

impl Token {
    /// The symbol: equal for tokens that a rule takes for the same; [`UNKNOWN`] if no rule names it.
    #[inline]
    pub(crate) fn symbol(self) -> u32 {
        if self.shape & UNNAMED == 0 { self.shape & !ATOM } else { UNKNOWN }
    }

    /// `is_simple` counts where no rule names the token: see [`ODD`].
    fn new(index: u32, symbol: u32, kind: Kind, classes: Traits, is_simple: bool) -> Self {
        let named = match symbol {
            UNKNOWN => UNNAMED | classes.classes() | if is_simple { 0 } else { ODD },
            symbol => symbol,
        };
        let atom = if kind == Kind::Atom { ATOM } else { 0 };
        Self { index, shape: named | atom, traits: Traits::of_literal(symbol) | classes }
    }

    /// Whether reading the token's text again may give other tokens than for others of the same shape.
    #[inline]
    pub(crate) fn is_odd(self) -> bool {
        self.shape & (UNNAMED | ODD) == UNNAMED | ODD
    }

    #[inline]
    pub(crate) fn is_atom(self) -> bool {
        self.shape & ATOM != 0
    }

    /// What filters ask.
    #[inline]
    pub(crate) fn traits(self) -> Traits {
        self.traits
    }

    /// What rules see of the token.
    #[inline]
    pub(crate) fn shape(self) -> u32 {
        self.shape
    }

    /// Whether a member of the class can begin with the token; only classes that are indexed have
    /// members here.
    #[inline]
    pub(crate) fn may_begin(self, id: ClassId) -> bool {
        self.traits.may_begin(id)
    }

    /// Whether the workspace token `other` is this literal of a rule, whose symbol is known.
    #[inline]
    pub(crate) fn matches(self, other: Token) -> bool {
        (self.shape ^ other.shape) & !ATOM == 0
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

/// Set in shapes of tokens that no rule names; symbols are smaller.
const UNNAMED: u32 = 1 << 30;
/// Set in shapes of tokens that no rule names and that are not simple; classes have smaller bits.
const ODD: u32 = 1 << 29;
/// Set in shapes of atoms.
const ATOM: u32 = 1 << 31;

/// The code of the first long name; the one name with a smaller code.
const FIRST_LONG_NAME: usize = 0o240;
const OP_MODE_CODE: u8 = 0o202;

/// The symbol of a token that no rule names.
pub(crate) const UNKNOWN: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    /// The text looks as it is: printable ASCII, no dollar operator.
    looks_plain: bool,
    start: u32,
    end: u32,
}

impl Entry {
    #[inline]
    fn text<'a>(&self, arena: &'a [u8]) -> &'a [u8] {
        arena.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Bytes of a token on the average, rather more than less.
const TEXT_GUESS: usize = 8;

/// Texts one behind the other, and the entries that cut them.
#[derive(Clone, Debug, Default)]
struct Texts {
    arena: Vec<u8>,
    entries: Vec<Entry>,
}

impl Texts {
    #[inline]
    fn push(&mut self, kind: Kind, text: &[u8], look: Look) {
        let start = self.arena.len();
        self.arena.extend_from_slice(text);
        self.push_range(kind, start..self.arena.len(), look);
    }

    /// An entry for what stands in the arena.
    #[inline]
    fn push_range(&mut self, kind: Kind, range: Range<usize>, look: Look) {
        // Positions are limited by the size of configurations and by the limits of the tokenizer.
        let position = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (start, end) = (position(range.start), position(range.end));
        let looks_plain = !matches!(kind, Kind::Meta(_)) && look.classes & class::LOUD == 0;
        self.entries.push(Entry { kind, looks_plain, start, end });
    }
}

/// Lower case of the ASCII letters; other octets stay.
#[must_use]
pub fn fold(text: &[u8]) -> Vec<u8> {
    text.to_ascii_lowercase()
}

/// A piece of a rule as sendmail holds it inside quotes: the octet of the operator, then the name or
/// digit behind it (observed).
#[must_use]
pub(crate) fn held(piece: &Piece) -> Vec<u8> {
    let (octet, written) = match piece {
        Piece::Byte(byte) => return vec![*byte],
        Piece::Op(op) => return vec![op.octet()],
        Piece::Macro(_) => (0x81, 1),
        Piece::Deferred(_) => (0x82, 2),
        Piece::Class(_) => (0x93, 2),
        Piece::NotClass(_) => (0x94, 2),
        Piece::Arg(_) => (0x95, 1),
        Piece::If(_) => (0x9a, 2),
    };
    let mut out = vec![octet];
    let text = cf_parser::text::write(std::slice::from_ref(piece));
    out.extend_from_slice(text.get(written..).unwrap_or_default());
    out
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
    let (index, shape) = (index as u32, index as u32);
    Token { index, shape, traits: Traits::of_literal(shape) }
}

/// The program's texts and, behind them, those of the run.
#[derive(Clone, Debug)]
pub struct TokenTable {
    program: Arc<ProgramTexts>,
    run: Texts,
    /// The program's long names and those met since, once there are any.
    long_names: Option<LongNames>,
    /// How often texts of the run were forgotten: tokens of different times must not be compared.
    generation: u64,
    /// The first text of the run, if nothing steers it.
    first: FirstText,
    /// Memory for where tokens begin.
    starts: Vec<u32>,
}

impl TokenTable {
    /// A table with nothing of its own yet.
    #[must_use]
    pub fn new(program: Arc<ProgramTexts>) -> Self {
        Self {
            program,
            run: Texts::default(),
            long_names: None,
            generation: 0,
            first: FirstText::default(),
            starts: Vec::new(),
        }
    }

    /// Forgets the run's texts; tokens of it must not be used any more.
    pub fn reset(&mut self) {
        self.run.arena.clear();
        self.run.entries.clear();
        self.first.tokens.clear();
        self.generation += 1;
    }

    /// Tokens can be compared while this stays the same.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives a long name a code, if it has none; or says that there is none left.
    pub fn meet(&mut self, name: &Name) -> Result<u8, Vec<Vec<u8>>> {
        self.long_names.get_or_insert_with(|| self.program.long_names.clone()).meet(name)
    }

    /// The long name with a code of 0200 and above (observed).
    #[must_use]
    pub fn long_name(&self, code: u8) -> &[u8] {
        if code == OP_MODE_CODE {
            return b"opMode";
        }
        let index = usize::from(code).checked_sub(FIRST_LONG_NAME);
        let names = self.long_names.as_ref().unwrap_or(&self.program.long_names);
        index.and_then(|index| names.at(index)).map_or(b"***UNDEFINED MACRO***", Name::as_bytes)
    }

    /// Adds a text of the run.
    pub fn add(&mut self, kind: Kind, text: &[u8]) -> Token {
        match (kind, text) {
            (Kind::Meta(op), _) => return meta(op),
            (Kind::Operator, [byte]) => {
                if let Some(token) = self.named_operator(*byte) {
                    return token;
                }
            }
            _ => {}
        }
        let look = Look::of(text);
        let token = self.next_token(kind, text, look);
        self.run.push(kind, text, look);
        token
    }

    #[inline]
    fn named_operator(&self, byte: u8) -> Option<Token> {
        self.program.operators.get(usize::from(byte)).copied().flatten()
    }

    /// The token that the next entry of the run stands for.
    #[inline]
    fn next_token(&self, kind: Kind, text: &[u8], look: Look) -> Token {
        let index = self.program.texts.entries.len() + self.run.entries.len();
        let symbol = self.program.symbol(text, look.hash);
        let classes = self.program.heads.of(look.head);
        let is_simple = kind == Kind::Atom && look.classes & class::ODD == 0;
        Token::new(u32::try_from(index).unwrap_or(UNKNOWN), symbol, kind, classes, is_simple)
    }

    #[inline]
    fn entry(&self, token: Token) -> Option<(&Entry, &[u8])> {
        let index = token.index as usize;
        let known = self.program.texts.entries.len();
        let (texts, index) = match index.checked_sub(known) {
            None => (&self.program.texts, index),
            Some(index) => (&self.run, index),
        };
        texts.entries.get(index).map(|entry| (entry, &texts.arena[..]))
    }

    /// The token's bytes as they came.
    #[must_use]
    pub fn text(&self, token: Token) -> &[u8] {
        self.entry(token).map_or(b"", |(entry, arena)| entry.text(arena))
    }

    /// The token's bytes if all are printable and it is no dollar operator.
    #[inline]
    #[must_use]
    pub fn plain_text(&self, token: Token) -> Option<&[u8]> {
        let (entry, arena) = self.entry(token)?;
        entry.looks_plain.then(|| entry.text(arena))
    }

    /// Whether the token is a dollar operator.
    #[must_use]
    pub fn is_meta(&self, token: Token) -> bool {
        (token.index as usize) < OPS.len()
    }

    /// What the token is.
    #[must_use]
    pub fn kind(&self, token: Token) -> Kind {
        self.entry(token).map_or(Kind::Atom, |(entry, _)| entry.kind)
    }

    /// The token's symbol: equal for tokens that a rule takes for the same.
    #[must_use]
    pub fn symbol(&self, token: Token) -> u32 {
        token.symbol()
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
        self.join_cut(tokens, blank, usize::MAX)
    }

    /// [`TokenTable::join`] cut at `limit` bytes; a blank that comes next still finds room (observed).
    #[must_use]
    pub fn join_cut(&self, tokens: &[Token], blank: Option<u8>, limit: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(tokens.len() * TEXT_GUESS);
        self.join_within(tokens.iter().copied(), blank, limit, &mut out);
        out
    }

    /// [`TokenTable::join`] behind what `out` has.
    pub fn join_into(
        &self,
        tokens: impl IntoIterator<Item = Token>,
        blank: Option<u8>,
        out: &mut Vec<u8>,
    ) {
        self.join_within(tokens, blank, usize::MAX, out);
    }

    /// The token's text as [`TokenTable::join`] has it.
    #[inline(always)]
    pub(crate) fn put_text(&self, token: Token, out: &mut Vec<u8>) {
        let Some((entry, arena)) = self.entry(token) else { return };
        match entry.text(arena) {
            text if token.is_atom() => out.extend_from_slice(text),
            [byte] => out.push(*byte),
            text => match entry.kind {
                Kind::Meta(op) => out.push(op.octet()),
                _ => out.extend_from_slice(text),
            },
        }
    }

    fn join_within(
        &self,
        tokens: impl IntoIterator<Item = Token>,
        blank: Option<u8>,
        limit: usize,
        out: &mut Vec<u8>,
    ) {
        let mut after_atom = false;
        for token in tokens {
            let atom = token.is_atom();
            if after_atom && atom {
                out.extend(blank);
                if out.len() > limit {
                    return;
                }
            }
            self.put_text(token, out);
            if out.len() > limit {
                out.truncate(limit);
                return;
            }
            after_atom = atom;
        }
    }
}
