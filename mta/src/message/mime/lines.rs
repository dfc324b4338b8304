//! A body in pieces of lines, and the boundaries between its parts.

use std::io::{self, BufRead, BufReader, Read, Seek};

/// Longest piece of a line, bytes.
const MAX_PIECE: usize = 2048;

/// What stands between parts; which of the open ones it is does not matter (observed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// Another part comes.
    Next,
    /// No other part comes.
    Last,
    /// The body ends.
    End,
}

/// A line, or a piece of a long one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// It is in the room; with its line end, if that comes behind it.
    Text,
    /// A boundary stood there.
    Boundary(Boundary),
}

/// Reads a body.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    /// Texts between the parts of the multiparts that are open, the outermost first.
    pub(super) boundaries: Vec<Vec<u8>>,
    at_start: bool,
}

/// A place to come back to.
pub(super) struct Mark {
    read: i64,
    at_start: bool,
}

impl<R: Read + Seek> Lines<R> {
    pub(super) fn new(body: R) -> Self {
        Self { reader: BufReader::new(body), boundaries: Vec::new(), at_start: true }
    }

    /// The next piece instead of what `room` has.
    pub(super) fn next(&mut self, room: &mut Vec<u8>) -> io::Result<Piece> {
        room.clear();
        let mut limited = (&mut self.reader).take(MAX_PIECE as u64);
        limited.read_until(b'\n', room)?;
        let starts = std::mem::replace(&mut self.at_start, room.ends_with(b"\n"));
        if room.is_empty() {
            return Ok(Piece::Boundary(Boundary::End));
        }
        let boundary = if starts { self.boundary(room) } else { None };
        Ok(boundary.map_or(Piece::Text, Piece::Boundary))
    }

    fn boundary(&self, line: &[u8]) -> Option<Boundary> {
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        let is = |text: &[u8]| self.boundaries.iter().any(|boundary| boundary == text);
        match line.strip_suffix(b"--") {
            _ if is(line) => Some(Boundary::Next),
            Some(line) if is(line) => Some(Boundary::Last),
            _ => None,
        }
    }

    /// A place to come back to, from which on what is read is to be counted by [`Mark::count`].
    pub(super) fn mark(&self) -> Mark {
        Mark { read: 0, at_start: self.at_start }
    }

    /// Goes back to a place.
    pub(super) fn go_back(&mut self, mark: &Mark) -> io::Result<()> {
        self.at_start = mark.at_start;
        self.reader.seek_relative(-mark.read)
    }
}

impl Mark {
    /// Something was read from there on.
    pub(super) fn count(&mut self, piece: &[u8]) {
        self.read += piece.len() as i64;
    }
}
