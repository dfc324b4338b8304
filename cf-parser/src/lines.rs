//! Physical to logical lines: continuations, line ends, NUL bytes (CF-005, CF-006).

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pos {
    /// Physical line, from 1.
    pub(crate) line: u32,
    /// Byte column in it, from 1.
    pub(crate) column: u32,
}

/// The places of the bytes of a logical line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// First physical line.
    line: u32,
    /// Where each physical line behind the first begins.
    joints: Vec<usize>,
}

impl Places {
    /// The place in the file of the byte at `at`.
    pub(crate) fn of(&self, at: usize) -> Pos {
        let before = self.joints.partition_point(|start| *start <= at);
        let start = before.checked_sub(1).and_then(|last| self.joints.get(last));
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let column = at.saturating_sub(start.copied().unwrap_or(0));
        Pos {
            line: self.line.saturating_add(number(before)),
            column: number(column).saturating_add(1),
        }
    }
}

/// One logical line before `$` is read: the bytes up to the last continuation, inner line breaks
/// kept, carriage returns before a line break dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawLine<'a> {
    /// The bytes: those of the file, unless lines had to be joined.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Where they stand.
    pub(crate) places: Places,
    /// Last physical line.
    pub(crate) last_line: u32,
}

impl RawLine<'_> {
    /// First physical line.
    pub(crate) fn line(&self) -> u32 {
        self.places.line
    }

    /// Appends a physical line.
    fn join(&mut self, physical: &[u8]) {
        let bytes = self.bytes.to_mut();
        bytes.push(b'\n');
        self.places.joints.push(bytes.len());
        bytes.extend_from_slice(physical);
    }
}

/// Iterates over the logical lines of a file but comments, of which nothing is ever looked at.
#[derive(Clone, Debug)]
pub(crate) struct LogicalLines<'a> {
    rest: &'a [u8],
    line: u32,
    /// Somewhere in the file: most have none.
    has_nul: bool,
}

impl<'a> LogicalLines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, line: 0, has_nul: memchr(0, bytes).is_some() }
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

    /// Takes the next physical line that is no comment nor its continuation.
    fn physical_behind_comments(&mut self) -> Option<&'a [u8]> {
        loop {
            let physical = self.physical()?;
            if physical.first() != Some(&b'#') {
                return Some(physical);
            }
            while self.is_continued() {
                self.physical()?;
            }
        }
    }

    /// The bytes in front of a NUL, and whether there is one (observed: what stands behind a NUL is
    /// lost, continuations included).
    fn up_to_nul(&self, physical: &'a [u8]) -> (&'a [u8], bool) {
        match Some(physical).filter(|_| self.has_nul).and_then(|line| memchr(0, line)) {
            Some(end) => (physical.get(..end).unwrap_or_default(), true),
            None => (physical, false),
        }
    }

    fn is_continued(&self) -> bool {
        matches!(self.rest.first(), Some(b' ' | b'\t'))
    }
}

impl<'a> Iterator for LogicalLines<'a> {
    type Item = RawLine<'a>;

    fn next(&mut self) -> Option<RawLine<'a>> {
        let first = self.physical_behind_comments()?;
        let (first, mut cut) = self.up_to_nul(first);
        let places = Places { line: self.line, joints: Vec::new() };
        let bytes = Cow::Borrowed(first);
        let mut out = RawLine { bytes, places, last_line: self.line };
        while self.is_continued() {
            let physical = self.physical()?;
            if !cut {
                let behind;
                (behind, cut) = self.up_to_nul(physical);
                out.join(behind);
            }
            out.last_line = self.line;
        }
        Some(out)
    }
}

/// The bytes up to the first NUL or line break: what a single line given by hand (command line,
/// test mode) holds.
pub(crate) fn single(bytes: &[u8]) -> &[u8] {
    let end = memchr2(0, b'\n', bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
