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

/// Reads a body.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    /// Texts between the parts of the multiparts that are open, the outermost first.
    pub(super) boundaries: Vec<Vec<u8>>,
    position: Position,
}

/// A place in a body.
#[derive(Clone, Copy)]
pub(super) struct Position {
    /// Bytes in front of it.
    offset: i64,
    /// A line begins there.
    starts: bool,
}

impl<R: Read + Seek> Lines<R> {
    pub(super) fn new(body: R) -> Self {
        let position = Position { offset: 0, starts: true };
        Self { reader: BufReader::new(body), boundaries: Vec::new(), position }
    }

    /// The next line, or piece of a long one, instead of what `room` has; says if that is a boundary.
    pub(super) fn next(&mut self, room: &mut Vec<u8>) -> io::Result<Option<Boundary>> {
        room.clear();
        let mut limited = (&mut self.reader).take(MAX_PIECE as u64);
        limited.read_until(b'\n', room)?;
        let starts = std::mem::replace(&mut self.position.starts, room.ends_with(b"\n"));
        self.position.offset += room.len() as i64;
        Ok(match room.is_empty() {
            true => Some(Boundary::End),
            false if starts => self.boundary(room),
            false => None,
        })
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

    /// The place of the next piece.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Goes back to a place.
    pub(super) fn go_back(&mut self, to: Position) -> io::Result<()> {
        self.reader.seek_relative(to.offset - self.position.offset)?;
        self.position = to;
        Ok(())
    }
}
