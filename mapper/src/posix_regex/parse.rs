//! Basic and extended syntax to regex-syntax's intermediate form.
//!
//! Both syntaxes go through one table of tokens; what differs is which spelling is special. GNU's
//! additions (`\w \W \s \S \b \B \< \> \` \'`, and `\+ \? \|` in basic syntax) are known.

use regex_syntax::hir::{Capture, Class, Hir, Look, Repetition};

use super::{PatternError, PatternOptions, bracket};

/// Largest repeat count (`RE_DUP_MAX`).
const MAX_REPEAT: u32 = 32_767;
/// Deepest nesting of groups and stacked repeats.
const MAX_DEPTH: usize = 250;
/// Largest product of nested repeat counts, so that the automaton stays small.
const MAX_EXPANSION: usize = 1 << 20;

/// A parsed pattern.
pub(super) struct Parsed {
    /// The back reference to group n stands in it as group `groups + n` around what matches
    /// anything: taken literally the expression matches too much.
    pub(super) hir: Hir,
    pub(super) groups: usize,
    pub(super) has_back_references: bool,
}

/// What a spelling means at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    End,
    Literal(u8),
    /// Matches nothing at all.
    Nothing,
    Any,
    OpenBracket,
    OpenGroup,
    CloseGroup,
    Alternate,
    Repeat(u32, Option<u32>),
    OpenBrace,
    Look(Look),
    Word(bool),
    Space(bool),
    BackReference(u8),
    TrailingBackslash,
}

pub(super) fn parse(pattern: &[u8], options: PatternOptions) -> Result<Parsed, PatternError> {
    let first = parse_once(pattern, options, 0)?;
    if !first.has_back_references {
        return Ok(first);
    }
    // Now it is known behind which number theirs begin.
    parse_once(pattern, options, first.groups)
}

fn parse_once(
    pattern: &[u8],
    options: PatternOptions,
    before_placeholders: usize,
) -> Result<Parsed, PatternError> {
    let mut parser = Parser {
        pattern,
        at: 0,
        options,
        groups: 0,
        depth: 0,
        open: 0,
        closed: 0,
        before_placeholders,
        has_back_references: false,
    };
    let (hir, _) = parser.alternation()?;
    match parser.token().0 {
        Token::End => Ok(Parsed {
            hir,
            groups: parser.groups,
            has_back_references: parser.has_back_references,
        }),
        _ => Err(PatternError::Parenthesis),
    }
}

struct Parser<'a> {
    pattern: &'a [u8],
    at: usize,
    options: PatternOptions,
    groups: usize,
    depth: usize,
    /// Number of groups open here.
    open: usize,
    /// The groups that a back reference may name here, a bit each: those closed before it in this
    /// branch, or in any branch of an alternation before (as glibc has it).
    closed: u16,
    before_placeholders: usize,
    has_back_references: bool,
}

/// An expression and a bound for the size of its automaton.
type Sized = (Hir, usize);

impl Parser<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.pattern.get(self.at + ahead).copied()
    }

    /// The token here and its length.
    fn token(&self) -> (Token, usize) {
        match self.byte(0) {
            None => (Token::End, 0),
            Some(b'\\') => match self.byte(1) {
                None => (Token::TrailingBackslash, 1),
                Some(byte) => (self.escaped(byte), 2),
            },
            Some(b'.') => (Token::Any, 1),
            Some(b'[') => (Token::OpenBracket, 1),
            Some(b'*') => (Token::Repeat(0, None), 1),
            Some(b'^') if self.caret_is_anchor() => (Token::Look(Look::Start), 1),
            Some(b'$') if self.dollar_is_anchor() => (Token::Look(Look::End), 1),
            Some(byte) if !self.options.basic => (self.extended(byte), 1),
            Some(byte) => (Token::Literal(byte), 1),
        }
    }

    fn extended(&self, byte: u8) -> Token {
        match byte {
            b'(' => Token::OpenGroup,
            b')' if self.open > 0 => Token::CloseGroup,
            b'|' => Token::Alternate,
            b'+' => Token::Repeat(1, None),
            b'?' => Token::Repeat(0, Some(1)),
            b'{' => Token::OpenBrace,
            _ => Token::Literal(byte),
        }
    }

    fn escaped(&self, byte: u8) -> Token {
        let basic = self.options.basic;
        match byte {
            b'(' if basic => Token::OpenGroup,
            b')' if basic => Token::CloseGroup,
            b'{' if basic => Token::OpenBrace,
            b'|' if basic => Token::Alternate,
            b'+' if basic => Token::Repeat(1, None),
            b'?' if basic => Token::Repeat(0, Some(1)),
            b'1'..=b'9' => Token::BackReference(byte - b'0'),
            b'w' | b'W' => Token::Word(byte == b'w'),
            b's' | b'S' => Token::Space(byte == b's'),
            b'b' => Token::Look(Look::WordAscii),
            b'B' => Token::Look(Look::WordAsciiNegate),
            b'<' => Token::Look(Look::WordStartAscii),
            b'>' => Token::Look(Look::WordEndAscii),
            b'`' => Token::Look(Look::Start),
            b'\'' => Token::Look(Look::End),
            // glibc compares in upper case then, but takes an escaped letter as written (observed)
            b'a'..=b'z' if !self.options.case_sensitive => Token::Nothing,
            _ => Token::Literal(byte),
        }
    }

    /// In basic syntax only at the start of an expression.
    fn caret_is_anchor(&self) -> bool {
        let before = self.pattern.get(..self.at).unwrap_or_default();
        !self.options.basic
            || before.is_empty()
            || before.ends_with(b"\\(")
            || before.ends_with(b"\\|")
    }

    /// In basic syntax only at the end of an expression.
    fn dollar_is_anchor(&self) -> bool {
        let after = self.pattern.get(self.at + 1..).unwrap_or_default();
        !self.options.basic
            || after.is_empty()
            || after.starts_with(b"\\)")
            || after.starts_with(b"\\|")
    }

    fn alternation(&mut self) -> Result<Sized, PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternError::TooBig);
        }
        let before = self.closed;
        let (branch, mut size) = self.concatenation()?;
        let mut closed = self.closed;
        let mut branches = vec![branch];
        while let (Token::Alternate, length) = self.token() {
            self.at += length;
            self.closed = before;
            let (branch, more) = self.concatenation()?;
            closed |= self.closed;
            branches.push(branch);
            size += more;
        }
        self.closed = closed;
        self.depth -= 1;
        Ok((Hir::alternation(branches), size))
    }

    fn concatenation(&mut self) -> Result<Sized, PatternError> {
        let (mut parts, mut size) = (Vec::new(), 0usize);
        // basic syntax: a star here is itself
        let mut at_start = true;
        loop {
            let (token, length) = self.token();
            if matches!(token, Token::End | Token::Alternate | Token::CloseGroup) {
                return Ok((Hir::concat(parts), size));
            }
            let star_is_literal = at_start && self.options.basic && self.byte(0) == Some(b'*');
            let token = if star_is_literal { Token::Literal(b'*') } else { token };
            self.at += length;
            let (atom, atom_size) = self.atom(token)?;
            let anchor = matches!(token, Token::Look(Look::Start));
            at_start = at_start && anchor && self.options.basic;
            let (repeated, repeated_size) = match (anchor, at_start) {
                (_, true) => (atom, atom_size),
                (true, false) => self.unrepeated(atom)?,
                _ => self.repeats(atom, atom_size)?,
            };
            size = size.saturating_add(repeated_size);
            if size > MAX_EXPANSION {
                return Err(PatternError::TooBig);
            }
            parts.push(repeated);
        }
    }

    /// After `^` of extended syntax no repeat may stand.
    fn unrepeated(&mut self, atom: Hir) -> Result<Sized, PatternError> {
        match self.token().0 {
            Token::Repeat(..) | Token::OpenBrace => Err(PatternError::Repeat),
            _ => Ok((atom, 1)),
        }
    }

    fn atom(&mut self, token: Token) -> Result<Sized, PatternError> {
        let case_sensitive = self.options.case_sensitive;
        let class = |class| Ok((Hir::class(Class::Bytes(class)), 1));
        match token {
            Token::Literal(byte) => class(bracket::class(|b| *b == byte, case_sensitive)),
            Token::Nothing => class(bracket::class(|_| false, true)),
            Token::Any => class(bracket::class(|_| true, true)),
            Token::Word(wanted) => {
                class(bracket::class(|b| (b.is_ascii_alphanumeric() || *b == b'_') == wanted, true))
            }
            Token::Space(wanted) => {
                class(bracket::class(|b| matches!(b, b' ' | 9..=13) == wanted, true))
            }
            Token::OpenBracket => {
                let rest = self.pattern.get(self.at..).unwrap_or_default();
                let (members, used) = bracket::parse(rest, case_sensitive)?;
                self.at += used;
                class(members)
            }
            Token::Look(look) => Ok((Hir::look(look), 1)),
            Token::OpenGroup => self.group(),
            Token::Repeat(..) | Token::OpenBrace => Err(PatternError::Repeat),
            Token::BackReference(group) => self.back_reference(group),
            Token::TrailingBackslash => Err(PatternError::TrailingBackslash),
            Token::End | Token::Alternate | Token::CloseGroup => Ok((Hir::empty(), 0)),
        }
    }

    fn group(&mut self) -> Result<Sized, PatternError> {
        self.groups += 1;
        let index = u32::try_from(self.groups).map_err(|_| PatternError::TooBig)?;
        self.open += 1;
        let (inner, size) = self.alternation()?;
        let (token, length) = self.token();
        self.open -= 1;
        if token != Token::CloseGroup {
            return Err(PatternError::Parenthesis);
        }
        self.at += length;
        if index <= 9 {
            self.closed |= 1 << index;
        }
        let capture = Capture { index, name: None, sub: Box::new(inner) };
        Ok((Hir::capture(capture), size + 2))
    }

    fn back_reference(&mut self, group: u8) -> Result<Sized, PatternError> {
        if self.closed & (1 << group) == 0 {
            return Err(PatternError::BackReference);
        }
        self.has_back_references = true;
        let index = u32::try_from(self.before_placeholders + usize::from(group))
            .map_err(|_| PatternError::TooBig)?;
        let any = Hir::class(Class::Bytes(bracket::class(|_| true, true)));
        let anything = Repetition { min: 0, max: None, greedy: true, sub: Box::new(any) };
        let sub = Box::new(Hir::repetition(anything));
        Ok((Hir::capture(Capture { index, name: None, sub }), 3))
    }

    /// Applies the repeats that follow an atom; they may be stacked.
    fn repeats(&mut self, mut atom: Hir, mut size: usize) -> Result<Sized, PatternError> {
        for _ in 0..MAX_DEPTH {
            let (token, length) = self.token();
            let (min, max) = match token {
                Token::Repeat(min, max) => {
                    self.at += length;
                    (min, max)
                }
                Token::OpenBrace => {
                    self.at += length;
                    self.interval()?
                }
                _ => return Ok((atom, size)),
            };
            let times = usize::try_from(max.unwrap_or(min).max(1)).unwrap_or(usize::MAX);
            size = size.saturating_mul(times);
            if size > MAX_EXPANSION {
                return Err(PatternError::TooBig);
            }
            atom = Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(atom) });
        }
        Err(PatternError::TooBig)
    }

    /// `n}`, `n,}`, `n,m}`, `,m}`; in basic syntax the end is `\}`.
    fn interval(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let min = self.number()?;
        let bounds = if self.byte(0) == Some(b',') {
            self.at += 1;
            (min.unwrap_or(0), self.number()?)
        } else {
            let count = match (min, self.byte(0)) {
                (Some(count), _) => count,
                (None, None) => return Err(PatternError::Brace),
                (None, Some(_)) => return Err(PatternError::BraceContent),
            };
            (count, Some(count))
        };
        let end: &[u8] = if self.options.basic { b"\\}" } else { b"}" };
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        if !rest.starts_with(end) {
            let cut_short = rest.is_empty() || rest == b"\\";
            return Err(if cut_short { PatternError::Brace } else { PatternError::BraceContent });
        }
        self.at += end.len();
        match bounds {
            (min, Some(max)) if max < min => Err(PatternError::BraceContent),
            (min, max) if min.max(max.unwrap_or(0)) > MAX_REPEAT => {
                let _ = (min, max);
                Err(PatternError::TooBig)
            }
            bounds => Ok(bounds),
        }
    }

    fn number(&mut self) -> Result<Option<u32>, PatternError> {
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = rest.iter().take(digits).fold(0u32, |number, digit| {
            number.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
        });
        self.at += digits;
        Ok((digits > 0).then_some(number))
    }
}
