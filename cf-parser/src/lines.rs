//! Physical to logical lines: continuations, line ends, NUL bytes (CF-005, CF-006).

use memchr::{memchr, memchr2};

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pos {
    /// Physical line, from 1.
    pub(crate) line: u32,
    /// Byte column in it, from 1.
    pub(crate) column: u32,
}

/// One logical line before `$` is read: the bytes up to the last continuation, inner line breaks
/// kept, carriage returns before a line break dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawLine {
    /// The bytes with their places.
    pub(crate) bytes: Vec<(u8, Pos)>,
    /// First physical line.
    pub(crate) line: u32,
    /// Last physical line.
    pub(crate) last_line: u32,
}

/// Iterates over the logical lines of a file.
#[derive(Clone, Debug)]
pub(crate) struct LogicalLines<'a> {
    rest: &'a [u8],
    line: u32,
}

impl<'a> LogicalLines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, line: 0 }
    }

    /// Takes the next physical line, without its end.
    fn physical(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.line = self.line.saturating_add(1);
        let (line, rest) = match memchr(b'\n', self.rest) {
            Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl Iterator for LogicalLines<'_> {
    type Item = RawLine;

    fn next(&mut self) -> Option<RawLine> {
        let mut physical = self.physical()?;
        let mut out = RawLine { line: self.line, ..RawLine::default() };
        let mut cut = false;
        loop {
            cut = cut || append(&mut out.bytes, physical, self.line);
            out.last_line = self.line;
            if !matches!(self.rest.first(), Some(b' ' | b'\t')) {
                return Some(out);
            }
            if !cut {
                let column = u32::try_from(physical.len()).unwrap_or(u32::MAX).saturating_add(1);
                out.bytes.push((b'\n', Pos { line: self.line, column }));
            }
            physical = self.physical()?;
        }
    }
}

/// Appends one physical line; true when a NUL ends the logical line here (observed: what stands
/// behind a NUL is lost, continuations included).
fn append(out: &mut Vec<(u8, Pos)>, physical: &[u8], line: u32) -> bool {
    let end = memchr(0, physical);
    if out.is_empty() && physical.first() == Some(&b'#') {
        // Of a comment nothing but its beginning is ever looked at.
        out.push((b'#', Pos { line, column: 1 }));
        return true;
    }
    out.reserve(physical.len());
    for (at, byte) in physical.iter().take(end.unwrap_or(usize::MAX)).enumerate() {
        let column = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        out.push((*byte, Pos { line, column }));
    }
    end.is_some()
}

/// The bytes up to the first NUL or line break: what a single line given by hand (command line,
/// test mode) holds.
pub(crate) fn single(bytes: &[u8]) -> &[u8] {
    let end = memchr2(0, b'\n', bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
