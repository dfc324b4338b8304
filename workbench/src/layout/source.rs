//! The bytes of a file by line and by piece.

use cf_parser::PlacedLine;
use cf_parser::text::Piece;

use crate::xref::{CrossReference, Entry, Places};

/// A file with what stands in it.
pub(super) struct Source<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) reference: &'a CrossReference,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8], reference: &'a CrossReference) -> Self {
        Self { bytes, reference }
    }

    fn places(&self) -> &Places {
        &self.reference.places
    }

    /// The bytes of a line with its continuations.
    pub(super) fn own(&self, entry: &Entry) -> Vec<u8> {
        let span = entry.line.span;
        let range = self.places().line(span.line).start..self.places().line(span.last_line).end;
        self.bytes.get(range).unwrap_or_default().to_vec()
    }

    /// Appends lines in between (comments and empty ones) without the blanks at their ends.
    pub(super) fn trimmed(&self, lines: std::ops::Range<u32>, out: &mut Vec<u8>) {
        let range = self.places().line(lines.start).start..self.places().line(lines.end).start;
        let mut rest = self.bytes.get(range).unwrap_or_default();
        while !rest.is_empty() {
            let (empty, behind) = rest.split_at(empty_lines(rest));
            // Blanks that keep a comment from ending stay.
            if matches!(behind.first(), Some(b' ' | b'\t')) {
                out.extend_from_slice(empty);
            } else {
                out.extend(trim_ends(empty));
            }
            let end = memchr::memchr(b'\n', behind).map_or(behind.len(), |at| at + 1);
            let (line, behind) = behind.split_at(end);
            out.extend(trim_ends(line));
            rest = behind;
        }
    }

    /// The bytes of the file that some pieces were read from; `None` if there is something between them
    /// that is no piece.
    pub(super) fn raw(
        &self,
        line: &PlacedLine,
        pieces: std::ops::Range<usize>,
    ) -> Option<&'a [u8]> {
        if pieces.is_empty() {
            return Some(&[]);
        }
        let mut end = None;
        for at in pieces.clone() {
            let start = self.places().start_of(line.place(at)?);
            if end.is_some_and(|end| end != start) {
                return None;
            }
            end = Some(start + self.len(start, line.pieces().get(at)?));
        }
        let start = self.places().start_of(line.place(pieces.start)?);
        self.bytes.get(start..end?)
    }

    /// The byte behind some pieces.
    pub(super) fn end_of(&self, line: &PlacedLine, piece: usize) -> Option<usize> {
        let start = self.places().start_of(line.place(piece)?);
        Some(start + self.len(start, line.pieces().get(piece)?))
    }

    /// How many bytes of the file a piece takes.
    fn len(&self, start: usize, piece: &Piece) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let named = |sign: usize| match rest.get(sign) {
            Some(b'{') => memchr::memchr(b'}', rest).map_or(rest.len(), |end| end + 1),
            _ => sign + 1,
        };
        match (rest, piece) {
            ([b'\\', b'#', ..], Piece::Byte(b'#')) | ([b'$', b'$', ..], _) => 2,
            ([b'$', b'&' | b'=' | b'~' | b'?', ..], _) => named(2),
            ([b'$', ..], Piece::Byte(_)) => 1,
            ([b'$', ..], _) => named(1),
            _ => 1,
        }
    }
}

/// The bytes of the lines in front that have nothing but blanks.
fn empty_lines(bytes: &[u8]) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.take_while(|line| line.trim_ascii().is_empty()).map(<[u8]>::len).sum()
}

/// The lines without the blanks at their ends.
pub(super) fn trim_ends(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.trim_ascii_end());
        if line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}
