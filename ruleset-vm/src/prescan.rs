//! The tokenizer: text into a vector of tokens (RS-001..RS-021).
//!
//! Works on text that may hold dollar operators (rules after macro expansion) and on plain bytes
//! (addresses, macro values, lookup results). Linear in the input.

use cf_parser::text::Piece;
use logos::Logos;

use crate::lexeme::Lexeme;
use crate::limits::{MAX_ATOMS, MAX_NAME, PRESCAN_BUFFER};
use crate::operators::Operators;
use crate::token::Kind;

/// How to read a text.
#[derive(Clone, Copy, Debug)]
pub struct Mode<'a> {
    /// The operators in force.
    pub operators: &'a Operators,
    /// The byte that ends the text: `,` in address lists, SP in SMTP arguments, TAB in rules, `:` behind the name of
    /// an alias.
    pub delimiter: Option<u8>,
    /// Remove RFC 822 comments; else parentheses are operators (rules at V9 and above).
    pub comments: bool,
    /// Say nothing of unbalanced input and leave it as it is.
    pub ignore: bool,
}

impl<'a> Mode<'a> {
    /// For a text by itself, such as a value or an address that nothing follows.
    #[must_use]
    pub fn of_text(operators: &'a Operators) -> Self {
        Self { operators, delimiter: None, comments: true, ignore: false }
    }
}

/// What tokenizing says; the first three and `UnbalancedClose…` repair and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// A quote without its partner; one is added.
    #[error("553 Unbalanced '\"'")]
    UnbalancedQuote,
    /// A comment without its end; it is closed.
    #[error("553 Unbalanced '('")]
    UnbalancedOpen,
    /// `<` without `>`; one is added.
    #[error("553 Unbalanced '<'")]
    UnbalancedLess,
    /// `>` without `<`; it is dropped.
    #[error("553 Unbalanced '>'")]
    UnbalancedGreater,
    /// `)` without `(`; it is dropped.
    #[error("553 Unbalanced ')'")]
    UnbalancedClose,
    /// More than 1000 tokens: nothing is returned.
    #[error("553 5.1.0 prescan: too many tokens")]
    TooManyTokens,
    /// A token of more than 256 bytes: nothing is returned.
    #[error("553 5.1.0 prescan: token too long")]
    TokenTooLong,
    /// More bytes than the work buffer takes: nothing is returned.
    #[error("553 5.1.1 Address too long")]
    AddressTooLong,
}

/// One token as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// An atom, an operator character or a quoted string.
    Word(Kind, Vec<u8>),
    /// A dollar operator.
    Piece(Piece),
}

/// The result of tokenizing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The tokens; `None` if a limit was exceeded.
    pub tokens: Option<Vec<Scanned>>,
    /// How much of the input was used, the delimiter not included.
    pub used: usize,
    /// What was wrong, in order.
    pub complaints: Vec<Complaint>,
}

/// Where the tokenizer puts what it finds.
pub(crate) trait Sink {
    /// A token of text.
    fn word(&mut self, kind: Kind, text: &[u8]);
    /// A dollar operator.
    fn piece(&mut self, piece: &Piece);
}

impl Sink for Vec<Scanned> {
    fn word(&mut self, kind: Kind, text: &[u8]) {
        self.push(Scanned::Word(kind, text.to_vec()));
    }

    fn piece(&mut self, piece: &Piece) {
        self.push(Scanned::Piece(piece.clone()));
    }
}

/// How tokenizing went.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// No limit was exceeded: the tokens count.
    pub complete: bool,
    /// As in [`Scan`].
    pub used: usize,
    /// As in [`Scan`].
    pub complaints: Vec<Complaint>,
}

/// Tokenizes plain bytes.
#[must_use]
pub fn prescan(bytes: &[u8], mode: Mode<'_>) -> Scan {
    let mut tokens = Vec::new();
    let ending = prescan_into(bytes, mode, &mut tokens, &mut Vec::new());
    scan(tokens, ending)
}

/// Tokenizes plain bytes into `sink`; `room` is memory to work in.
pub(crate) fn prescan_into(
    bytes: &[u8],
    mode: Mode<'_>,
    sink: &mut impl Sink,
    room: &mut Vec<u8>,
) -> Ending {
    let mut scanner = Scanner::new(mode, sink, room);
    scanner.bytes(bytes, 0);
    scanner.finish()
}

fn scan(tokens: Vec<Scanned>, ending: Ending) -> Scan {
    let tokens = ending.complete.then_some(tokens);
    Scan { tokens, used: ending.used, complaints: ending.complaints }
}

/// Tokenizes expanded text: operators are tokens by themselves, also inside quotes they end up as
/// their two characters (RS-063).
#[must_use]
pub fn prescan_text(text: &[Piece], mode: Mode<'_>) -> Scan {
    let mut tokens = Vec::new();
    let ending = prescan_text_into(text, mode, &mut tokens, &mut Room::default());
    scan(tokens, ending)
}

/// Memory to work in.
#[derive(Debug, Default)]
pub(crate) struct Room {
    token: Vec<u8>,
    run: Vec<u8>,
}

/// [`prescan_text`] into `sink`.
pub(crate) fn prescan_text_into(
    text: &[Piece],
    mode: Mode<'_>,
    sink: &mut impl Sink,
    room: &mut Room,
) -> Ending {
    let Room { token, run } = room;
    let mut scanner = Scanner::new(mode, sink, token);
    let mut rest = text;
    loop {
        run.clear();
        run.extend(rest.iter().map_while(|piece| match piece {
            Piece::Byte(byte) => Some(*byte),
            _ => None,
        }));
        scanner.bytes(run, text.len() - rest.len());
        let Some((piece, behind)) = rest.get(run.len()..).and_then(<[Piece]>::split_first) else {
            break;
        };
        if scanner.done {
            break;
        }
        scanner.piece(piece);
        rest = behind;
    }
    scanner.finish()
}

/// What the byte before has made of the scanner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between tokens.
    Space,
    /// In an atom.
    Atom,
    /// In a quoted string.
    Quoted,
}

struct Scanner<'a, S> {
    mode: Mode<'a>,
    state: State,
    /// The token so far.
    token: &'a mut Vec<u8>,
    sink: &'a mut S,
    tokens: usize,
    complaints: Vec<Complaint>,
    backslash: bool,
    comment_depth: usize,
    angle_depth: usize,
    route: bool,
    stored: usize,
    used: usize,
    done: bool,
    failed: bool,
}

impl<'a, S: Sink> Scanner<'a, S> {
    fn new(mode: Mode<'a>, sink: &'a mut S, room: &'a mut Vec<u8>) -> Self {
        room.clear();
        Self {
            mode,
            state: State::Space,
            token: room,
            sink,
            tokens: 0,
            complaints: Vec::new(),
            backslash: false,
            comment_depth: 0,
            angle_depth: 0,
            route: false,
            stored: 0,
            used: 0,
            done: false,
            failed: false,
        }
    }

    fn bytes(&mut self, bytes: &[u8], base: usize) {
        let mut lexer = Lexeme::lexer(bytes);
        while let Some(lexeme) = lexer.next() {
            let span = lexer.span();
            let part = &bytes[span.clone()];
            if lexeme == Ok(Lexeme::Run) {
                let taken = self.before_delimiter(part);
                self.run(taken);
                self.used = base + span.start + taken.len();
                self.done = taken.len() < part.len();
            } else if let Ok(lexeme) = lexeme {
                self.used = base + span.start;
                self.steering(lexeme, part[0], &bytes[span.end..]);
                if !self.done {
                    self.used = base + span.end;
                }
            }
            if self.done || self.failed {
                return;
            }
        }
    }

    /// A run up to a delimiter in it that ends the text.
    fn before_delimiter<'b>(&self, run: &'b [u8]) -> &'b [u8] {
        let Some(delimiter) = self.mode.delimiter else { return run };
        if self.comment_depth > 0 || self.state == State::Quoted || self.angle_depth > 0 {
            return run;
        }
        let end = memchr::memchr(delimiter, run).unwrap_or(run.len());
        run.get(..end).unwrap_or(run)
    }

    /// A run of bytes none of which steers the scanner.
    fn run(&mut self, part: &[u8]) {
        if self.comment_depth > 0 && !self.backslash {
            return;
        }
        let mut part = part;
        if self.backslash
            && let Some((first, rest)) = part.split_first()
        {
            if !self.take_escaped(*first) && self.comment_depth == 0 {
                self.plain(*first);
            }
            part = rest;
        }
        if self.comment_depth > 0 {
            return;
        }
        let operators = self.mode.operators;
        let is_operator = |byte: &u8| operators.contains(*byte);
        while !part.is_empty() && !self.failed {
            let end = match self.state {
                State::Quoted => part.len(),
                _ => part.iter().position(is_operator).unwrap_or(part.len()),
            };
            let (atom, rest) = part.split_at(end);
            if !atom.is_empty() {
                if self.state == State::Space {
                    self.state = State::Atom;
                }
                self.push_all(atom);
            }
            part = rest;
            if let Some((operator, rest)) = rest.split_first().filter(|_| !self.failed) {
                self.operator(*operator);
                part = rest;
            }
        }
    }

    /// An ordinary byte: in a quoted string, an operator, or part of an atom.
    fn plain(&mut self, byte: u8) {
        match self.state {
            State::Quoted => self.push(byte),
            _ if self.mode.operators.contains(byte) => self.operator(byte),
            State::Atom => self.push(byte),
            State::Space => {
                self.state = State::Atom;
                self.push(byte);
            }
        }
    }

    /// The byte behind a backslash (RS-005, RS-006). True if it has been dealt with.
    #[inline]
    fn take_escaped(&mut self, byte: u8) -> bool {
        self.backslash && self.escaped(byte)
    }

    fn escaped(&mut self, byte: u8) -> bool {
        self.backslash = false;
        if self.comment_depth > 0 {
            return true;
        }
        if byte == b'!' && self.state != State::Quoted {
            return false;
        }
        self.push(b'\\');
        self.push(byte);
        true
    }

    fn steering(&mut self, lexeme: Lexeme, byte: u8, rest: &[u8]) {
        if self.is_delimiter(byte) {
            return;
        }
        if self.take_escaped(byte) {
            return;
        }
        if lexeme == Lexeme::Backslash {
            self.backslash = true;
            if self.comment_depth == 0 && self.state == State::Space {
                self.state = State::Atom;
            }
            return;
        }
        if self.state == State::Quoted {
            self.push(byte);
            if lexeme == Lexeme::Quote {
                self.end_token(Kind::Operator);
                self.state = State::Space;
            }
            return;
        }
        match lexeme {
            Lexeme::Open if self.mode.comments => self.comment_depth += 1,
            Lexeme::Close if self.mode.comments => self.close_comment(),
            _ if self.comment_depth > 0 => {}
            Lexeme::Less => {
                self.angle_depth += 1;
                self.route |= rest.iter().find(|b| !is_space(**b)) == Some(&b'@');
                self.operator(byte);
            }
            Lexeme::Greater => self.close_angle(),
            Lexeme::Space => {
                self.end_token(Kind::Atom);
                self.state = State::Space;
            }
            Lexeme::Quote => {
                self.end_token(Kind::Atom);
                self.state = State::Quoted;
                self.push(byte);
            }
            _ => self.operator(byte),
        }
    }

    /// Whether `byte` ends the text here; repairs an open angle in a list (RS-010, RS-012).
    fn is_delimiter(&mut self, byte: u8) -> bool {
        if self.mode.delimiter != Some(byte)
            || self.comment_depth > 0
            || self.state == State::Quoted
        {
            return false;
        }
        if self.angle_depth == 0 {
            self.done = true;
            return true;
        }
        if byte == b',' && !self.route && !self.mode.ignore {
            while self.angle_depth > 0 && !self.failed {
                self.complaints.push(Complaint::UnbalancedLess);
                // A backslash before the end protects the bracket that is added.
                if !self.take_escaped(b'>') {
                    self.close_angle();
                }
            }
            self.done = true;
            return true;
        }
        false
    }

    fn close_comment(&mut self) {
        if self.comment_depth > 0 {
            self.comment_depth -= 1;
            if self.comment_depth == 0 {
                self.end_token(Kind::Atom);
                self.state = State::Space;
            }
        } else if self.mode.ignore {
            self.end_token(Kind::Atom);
            self.state = State::Space;
        } else {
            self.complaints.push(Complaint::UnbalancedClose);
        }
    }

    fn close_angle(&mut self) {
        if self.angle_depth > 0 {
            self.angle_depth -= 1;
        } else if !self.mode.ignore {
            self.complaints.push(Complaint::UnbalancedGreater);
            self.route = false;
            return;
        }
        self.route = false;
        self.operator(b'>');
    }

    fn operator(&mut self, byte: u8) {
        self.end_token(Kind::Atom);
        self.state = State::Space;
        self.push(byte);
        self.end_token(Kind::Operator);
    }

    fn piece(&mut self, piece: &Piece) {
        self.used += 1;
        if self.comment_depth > 0 {
            return;
        }
        if self.state == State::Quoted || self.backslash {
            if std::mem::take(&mut self.backslash) {
                self.push(b'\\');
            }
            for byte in crate::token::held(piece) {
                self.push(byte);
            }
            return;
        }
        self.end_token(Kind::Atom);
        self.state = State::Space;
        self.room_for_token();
        if !self.failed {
            self.stored += 2;
            self.tokens += 1;
            self.sink.piece(piece);
        }
    }

    fn push_all(&mut self, bytes: &[u8]) {
        if self.stored + self.token.len() + bytes.len() + 4 > PRESCAN_BUFFER {
            bytes.iter().for_each(|byte| self.push(*byte));
            return;
        }
        self.token.extend_from_slice(bytes);
    }

    fn push(&mut self, byte: u8) {
        // Rules have room enough (observed).
        if !self.mode.ignore && self.stored + self.token.len() + 5 > PRESCAN_BUFFER {
            self.fail(Complaint::AddressTooLong);
            return;
        }
        self.token.push(byte);
    }

    #[inline]
    fn end_token(&mut self, kind: Kind) {
        if !self.token.is_empty() && !self.failed {
            self.put_token(kind);
        }
    }

    fn put_token(&mut self, kind: Kind) {
        self.room_for_token();
        if self.token.len() > MAX_NAME {
            self.fail(Complaint::TokenTooLong);
        }
        if !self.failed {
            self.stored += self.token.len() + 1;
            let kind = match self.token.first() {
                // Octets of sendmail's operator codes count as operators where text is rebuilt.
                Some(0x80..0xa0) => Kind::Operator,
                _ => kind,
            };
            self.tokens += 1;
            self.sink.word(kind, self.token);
            self.token.clear();
        }
    }

    fn room_for_token(&mut self) {
        if self.tokens >= MAX_ATOMS {
            self.fail(Complaint::TooManyTokens);
        }
    }

    fn fail(&mut self, complaint: Complaint) {
        if !self.failed {
            self.complaints.push(complaint);
        }
        self.failed = true;
    }

    fn finish(mut self) -> Ending {
        if !self.done && !self.failed {
            self.close_open_ends();
        }
        if !self.failed {
            let kind = if self.state == State::Quoted { Kind::Operator } else { Kind::Atom };
            self.end_token(kind);
        }
        Ending { complete: !self.failed, used: self.used, complaints: self.complaints }
    }

    /// Repairs what is open at the end of the input (RS-011): the closing character is taken as if it
    /// stood there, so that a backslash before it protects it and one more is needed (observed).
    fn close_open_ends(&mut self) {
        while !self.mode.ignore && !self.failed {
            let (complaint, closer) = if self.state == State::Quoted {
                (Complaint::UnbalancedQuote, b'"')
            } else if self.comment_depth > 0 {
                (Complaint::UnbalancedOpen, b')')
            } else if self.angle_depth > 0 {
                (Complaint::UnbalancedLess, b'>')
            } else {
                break;
            };
            self.complaints.push(complaint);
            if self.take_escaped(closer) {
                continue;
            }
            match closer {
                b'"' => {
                    self.push(closer);
                    self.end_token(Kind::Operator);
                    self.state = State::Space;
                }
                b')' => self.close_comment(),
                _ => self.close_angle(),
            }
        }
        self.backslash = false;
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
