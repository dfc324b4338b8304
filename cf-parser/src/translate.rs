//! The `$` translation of a logical line (CF-008), comments (CF-004) and trailing blanks (CF-006).

use crate::lines::{self, Places, Pos, RawLine};
use crate::names::LongNames;
use crate::text::{Name, Op, Piece, Text};

/// Stands for any piece that is not a byte of its own where only bytes are looked at: an octet no
/// grammar of a line gives a meaning to.
pub(crate) const CODE: u8 = 0x81;

/// A translated line: pieces, and for each its place and the byte the grammars see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Text,
    /// One byte per piece: the byte itself or [`CODE`].
    pub(crate) view: Vec<u8>,
    /// Where rows of pieces began in the line that was read.
    rows: Vec<Row>,
    places: Places,
}

/// Pieces that came of bytes in a row: the first of them, and where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    piece: usize,
    start: usize,
}

impl Line {
    /// Empties the line for another; the memory stays.
    fn renew(&mut self, places: Places, pieces: usize) {
        self.text.clear();
        self.view.clear();
        self.rows.clear();
        self.places = places;
        self.text.reserve(pieces);
        self.view.reserve(pieces);
    }

    fn push(&mut self, piece: Piece, start: usize) {
        self.rows.push(Row { piece: self.text.len(), start });
        self.view.push(if let Piece::Byte(byte) = piece { byte } else { CODE });
        self.text.push(piece);
    }

    /// Bytes in a row.
    fn push_all(&mut self, bytes: &[u8], start: usize) {
        self.rows.push(Row { piece: self.text.len(), start });
        self.view.extend_from_slice(bytes);
        self.text.extend(bytes.iter().map(|byte| Piece::Byte(*byte)));
    }

    /// A line of these bytes, in which `$` has no meaning.
    pub(crate) fn plain(bytes: &[u8]) -> Self {
        let mut line = Self::default();
        line.push_all(bytes, 0);
        line
    }

    /// Where a piece stands in the file.
    pub(crate) fn place(&self, at: usize) -> Option<Pos> {
        if at >= self.view.len() {
            return None;
        }
        let row = self.rows.partition_point(|row| row.piece <= at).checked_sub(1)?;
        let row = self.rows.get(row)?;
        Some(self.places.of(row.start + (at - row.piece)))
    }

    fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        self.view.truncate(len);
        while self.rows.last().is_some_and(|row| row.piece >= len) {
            self.rows.pop();
        }
    }

    /// Drops trailing white space, but never the first character (observed).
    fn trim_end(&mut self) {
        let end = self.view.iter().rposition(|b| !is_space(*b)).map_or(0, |at| at + 1);
        if end < self.view.len() {
            self.truncate(end.max(1));
        }
    }

    /// Takes the pieces from `from` up to `to` out of the line; those behind them are lost.
    pub(crate) fn take(&mut self, from: usize, to: usize) -> Text {
        self.text.truncate(to);
        self.text.split_off(from.min(self.text.len()))
    }

    /// The pieces from `from` up to `to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &[Piece] {
        self.text.get(from..to.max(from)).unwrap_or_default()
    }

    /// The pieces from `from` on.
    pub(crate) fn tail(&self, from: usize) -> &[Piece] {
        self.text.get(from..).unwrap_or_default()
    }
}

/// White space as C's `isspace` has it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Reads a logical line into `line`. Messages are in sendmail's words, without a line number.
pub(crate) fn translate(
    raw: RawLine<'_>,
    level: i32,
    names: &mut LongNames,
    line: &mut Line,
) -> Vec<Vec<u8>> {
    line.renew(raw.places, raw.bytes.len());
    let mut reader = Reader { raw: &raw.bytes, at: 0, names, errors: Vec::new(), line };
    let comments = level >= 3;
    while let Some((byte, start)) = reader.take() {
        match byte {
            b'\\' if comments && reader.peek() == Some(b'#') => {
                reader.at += 1;
                reader.line.push(Piece::Byte(b'#'), start);
            }
            b'#' if comments && start > 0 => reader.comment(),
            b'$' => {
                if !reader.dollar(start) {
                    break;
                }
            }
            _ => reader.run(start),
        }
    }
    let errors = reader.errors;
    line.trim_end();
    errors
}

/// The `$` translation of one value given by hand: `.D` of test mode, `-M` and `-O` of the command
/// line. Comments are not looked for.
#[must_use]
pub fn parse_text(bytes: &[u8]) -> (Text, Vec<Vec<u8>>) {
    let mut names = LongNames::default();
    let mut line = Line::default();
    let raw = lines::single(bytes);
    let mut reader = Reader { raw, at: 0, names: &mut names, errors: Vec::new(), line: &mut line };
    while let Some((byte, start)) = reader.take() {
        if byte != b'$' {
            reader.run(start);
        } else if !reader.dollar(start) {
            break;
        }
    }
    let errors = reader.errors;
    (line.text, errors)
}

struct Reader<'a> {
    raw: &'a [u8],
    at: usize,
    names: &'a mut LongNames,
    errors: Vec<Vec<u8>>,
    line: &'a mut Line,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.raw.get(self.at).copied()
    }

    /// The next byte, and where it stands.
    fn take(&mut self) -> Option<(u8, usize)> {
        let start = self.at;
        let next = self.raw.get(start).copied();
        self.at += 1;
        next.map(|byte| (byte, start))
    }

    /// The byte at `start`, which has been taken, and those behind it that mean nothing at any level.
    fn run(&mut self, start: usize) {
        let steers = |byte: &u8| matches!(byte, b'$' | b'#' | b'\\');
        let behind = self.raw.get(self.at..).unwrap_or_default();
        self.at += behind.iter().position(steers).unwrap_or(behind.len());
        self.line.push_all(self.raw.get(start..self.at).unwrap_or_default(), start);
    }

    /// Skips a comment up to its line break, and drops the white space in front of it.
    fn comment(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
        self.line.trim_end();
    }

    /// Reads what stands behind a `$`. False when a name could not be used: the rest of the line
    /// is lost, as it is in the oracle, where the missing code ends the string.
    fn dollar(&mut self, start: usize) -> bool {
        let piece = match self.peek() {
            None => Piece::Byte(b'$'),
            Some(letter) => {
                self.at += 1;
                match letter {
                    b'$' => Piece::Byte(b'$'),
                    b'&' => Piece::Deferred(self.name()),
                    b'=' => Piece::Class(self.name()),
                    b'~' => Piece::NotClass(self.name()),
                    b'?' => Piece::If(self.name()),
                    b'{' => {
                        self.at -= 1;
                        let name = self.name();
                        match name.as_bytes() {
                            [letter] => one_letter(*letter),
                            _ => Piece::Macro(name),
                        }
                    }
                    letter => one_letter(letter),
                }
            }
        };
        let lost = match &piece {
            Piece::Macro(n)
            | Piece::Deferred(n)
            | Piece::Class(n)
            | Piece::NotClass(n)
            | Piece::If(n) => n.as_bytes().is_empty(),
            Piece::Byte(_) | Piece::Arg(_) | Piece::Op(_) => false,
        };
        self.line.push(piece, start);
        !lost
    }

    /// A name behind the operator; the empty name when there is none.
    fn name(&mut self) -> Name {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        if let Some(letter) = rest.first().filter(|byte| !matches!(byte, 0 | b'{')) {
            self.at += 1;
            return Name::new(&[*letter]);
        }
        let (parsed, _) = self.names.parse(rest);
        self.at += rest.len() - parsed.rest.len();
        self.errors.extend(parsed.errors);
        parsed.name.unwrap_or_else(|| Name::new(b""))
    }
}

/// `$x` and `${x}` are the same code, so `${1}` is `$1` (CF-067).
fn one_letter(letter: u8) -> Piece {
    match letter {
        b'0'..=b'9' => Piece::Arg(letter - b'0'),
        _ => Op::from_letter(letter).map_or_else(|| Piece::Macro(Name::new(&[letter])), Piece::Op),
    }
}

/// Text as bytes, where a field is no [`Text`]: operators as they are written, `$` for `$$`.
pub(crate) fn flat(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        match piece {
            Piece::Byte(byte) => out.push(*byte),
            other => out.extend(crate::text::write(std::slice::from_ref(other))),
        }
    }
    out
}

/// `shown` for whoever has no table of long names: their codes are those of names met first.
#[must_use]
pub fn in_message(text: &[Piece]) -> Vec<u8> {
    shown(text, &mut LongNames::default())
}

/// The text as the oracle shows it in messages: its octets cut to seven bits (CF-112).
pub(crate) fn shown(text: &[Piece], names: &mut LongNames) -> Vec<u8> {
    let mut out = line_octets(text, names);
    out.iter_mut().for_each(|byte| *byte &= 0x7f);
    out
}

/// `octets_of_line` for whoever has no table of long names.
#[must_use]
pub fn octets_of_line(text: &[Piece]) -> Vec<u8> {
    line_octets(text, &mut LongNames::default())
}

/// The text as the oracle holds a line that is not expanded: operators as octet 0201 and what stands
/// behind them, long names as their code, octets it could take for operators behind octet 0377.
pub(crate) fn line_octets(text: &[Piece], names: &mut LongNames) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        let (operator, name) = match piece {
            Piece::Byte(byte @ (0x80..=0x9f | 0xff)) => {
                out.extend_from_slice(&[0xff, *byte]);
                continue;
            }
            Piece::Byte(byte) => {
                out.push(*byte);
                continue;
            }
            Piece::Macro(name) => (None, name),
            Piece::Deferred(name) => (Some(b'&'), name),
            Piece::Class(name) => (Some(b'='), name),
            Piece::NotClass(name) => (Some(b'~'), name),
            Piece::If(name) => (Some(b'?'), name),
            Piece::Arg(n) => {
                out.extend_from_slice(&[0x81, b'0'.saturating_add(*n)]);
                continue;
            }
            Piece::Op(op) => {
                out.extend_from_slice(&[0x81, op.letter()]);
                continue;
            }
        };
        out.push(0x81);
        out.extend(operator);
        if !name.as_bytes().is_empty() {
            out.extend(names.code(name));
        }
    }
    out
}

/// The text as the oracle holds it when it is expanded: an operator as one octet (and what it names).
#[must_use]
pub fn octets(text: &[Piece]) -> Vec<u8> {
    // Most texts name nothing.
    let mut names = None;
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        let (operator, name) = match piece {
            Piece::Byte(byte) => {
                out.push(*byte);
                continue;
            }
            Piece::Op(op) => {
                out.push(op.octet());
                continue;
            }
            Piece::Arg(n) => {
                out.extend_from_slice(&[0x95, b'0'.saturating_add(*n)]);
                continue;
            }
            Piece::Macro(name) => (0x81, name),
            Piece::Deferred(name) => (0x82, name),
            Piece::Class(name) => (0x93, name),
            Piece::NotClass(name) => (0x94, name),
            Piece::If(name) => (0x9a, name),
        };
        out.push(operator);
        out.extend(names.get_or_insert_with(LongNames::default).code(name));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::LogicalLines;
    use crate::text;

    fn run(bytes: &[u8], level: i32) -> (Vec<u8>, Vec<String>) {
        let raw = LogicalLines::new(bytes).next().unwrap_or_default();
        let mut line = Line::default();
        let errors = translate(raw, level, &mut LongNames::default(), &mut line);
        let errors = errors.iter().map(|e| String::from_utf8_lossy(e).into_owned()).collect();
        (text::write(&line.text), errors)
    }

    #[test]
    fn comments_and_blanks() {
        // CF-004, CF-005, CF-006; every result from the oracle.
        let cases: &[(&[u8], &[u8])] = &[
            (b"DAa b ", b"DAa b"),
            (b"DAa#b", b"DAa"),
            (b"DAa  #b", b"DAa"),
            (b"DAa\\#b", b"DAa#b"),
            (b"DA\\\\#b", b"DA\\#b"),
            (b"DA\\\\\\#b", b"DA\\\\#b"),
            (b"DAa$#b", b"DAa$#b"),
            (b"DAa$$#b", b"DAa$$"),
            (b"DA\"a#b\"", b"DA\"a"),
            (b"DAa # c\n b # d\n e", b"DAa\n b\n e"),
            (b"bx\n  # c\n b", b"bx\n b"),
            (b"\n   # foo", b"\n"),
            (b"\\#x", b"#x"),
            (b" ", b" "),
            (b"DAa\r\n b\r\n", b"DAa\n b"),
            (b"DAa\rb", b"DAa\rb"),
            (b"DAa\0b\n c", b"DAa"),
            (b"\0x\n y", b""),
            (b"b\x0c#x", b"b"),
            (b"b$=#x", b"b$=#x"),
        ];
        for (input, expect) in cases {
            let (got, errors) = run(input, 10);
            assert_eq!(got, *expect, "{}", String::from_utf8_lossy(input));
            assert!(errors.is_empty());
        }
        // CF-039: below level 3 only column 1 counts.
        assert_eq!(run(b"b\\#c#d", 2).0, b"b\\#c#d");
        assert_eq!(run(b"b$#c", 2).0, b"b$#c");
    }

    #[test]
    fn operators() {
        // CF-008
        let all = b"DAa$&xb$=xc$~xd$?xe$|f$.g$@h$:i$*j$+k$-l$>m$[n$]o$(p$)q$1$0$9$#${foo}$&{foo}";
        assert_eq!(run(all, 10).0, all);
        assert_eq!(run(b"DA${x}$={x}${1}", 10).0, b"DA$x$=x$1");
        assert_eq!(run(b"DAa$", 10).0, b"DAa$$");
        assert_eq!(run(b"DA$$$$b", 10).0, b"DA$$$$b");
        let (_, errors) = run(b"DAa$&", 10);
        assert_eq!(errors, ["Name required for macro/class"]);
        let (text, errors) = run(b"DA${foo}${foo x", 10);
        assert_eq!(text, b"DA${foo}${}");
        assert_eq!(
            errors,
            [
                "Invalid macro/class character  ",
                "Unbalanced { on foox",
                "Unable to assign macro/class ID (mid = 0xffffffff)"
            ]
        );
    }

    #[test]
    fn text_in_messages() {
        // CF-112; the codes as the oracle gives them.
        let mut names = LongNames::default();
        let raw =
            LogicalLines::new(b"b${foo}r$=x\xe4\x85${opMode}${bar}").next().unwrap_or_default();
        let mut line = Line::default();
        translate(raw, 10, &mut names, &mut line);
        assert_eq!(shown(&line.text, &mut names), b"b\x01\"r\x01=xd\x7f\x05\x01\x02\x01#");
    }
}
