//! `M`, `Q` and `X` lines: a comma and a blank between fields, the first field at the second tab stop,
//! fields on lines of their own two tabs in.

use cf_parser::PlacedLine;
use cf_parser::text::Piece;

use super::source::Source;
use crate::xref::Entry;

/// Where the first field begins, if the name leaves room.
const FIRST_FIELD: usize = 16;

/// The line; `None` where a comment stands in it or it is not understood.
pub(super) fn laid_out(source: &Source<'_>, entry: &Entry) -> Option<Vec<u8>> {
    let line = &entry.line;
    let len = line.pieces().len();
    // A comment within the line is no piece.
    let name_end = (1..len).find(|at| is_gap(line, *at)).unwrap_or(len);
    let mut out = source.raw(line, 0..name_end)?.to_vec();
    let mut at = name_end;
    while at < len {
        let field = (at..len).find(|at| !is_gap(line, *at)).unwrap_or(len);
        let gap = source.bytes.get(source.end_of(line, at - 1)?..start(source, line, field)?)?;
        if field == len {
            break;
        }
        separate(at == name_end, gap, &mut out)?;
        let end = value_end(line, field)?;
        out.extend_from_slice(source.raw(line, field..end)?);
        at = end;
    }
    let last = source.end_of(line, len.checked_sub(1)?)?;
    let behind = source.bytes.get(last..source.reference.places.line(line.span.last_line).end)?;
    if !behind.trim_ascii().is_empty() {
        return None;
    }
    out.extend(std::iter::repeat_n(b'\n', behind.iter().filter(|b| **b == b'\n').count()));
    Some(out)
}

fn start(source: &Source<'_>, line: &PlacedLine, at: usize) -> Option<usize> {
    match line.place(at) {
        Some(place) => Some(source.reference.places.start_of(place)),
        None => source.end_of(line, at.checked_sub(1)?),
    }
}

/// Commas and blanks between fields.
fn is_gap(line: &PlacedLine, at: usize) -> bool {
    matches!(line.pieces().get(at), Some(Piece::Byte(byte)) if *byte == b',' || byte.is_ascii_whitespace())
}

/// Writes what separates a field from what is in front of it; `None` if there is a comment in the gap.
fn separate(first: bool, gap: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if !gap.iter().all(|byte| *byte == b',' || byte.is_ascii_whitespace()) {
        return None;
    }
    out.push(b',');
    let breaks = gap.iter().filter(|byte| **byte == b'\n').count();
    if breaks > 0 {
        // Lines in between must not end the line.
        out.extend(std::iter::repeat_n(*b"\n\t", breaks).flatten());
        out.push(b'\t');
    } else if first {
        let tabs = FIRST_FIELD.saturating_sub(out.len()).div_ceil(8).max(1);
        out.extend(std::iter::repeat_n(b'\t', tabs));
    } else {
        out.push(b' ');
    }
    Some(())
}

/// Where the value of the field at `field` ends: at an unquoted comma, or with the line.
fn value_end(line: &PlacedLine, field: usize) -> Option<usize> {
    let equals = line.pieces().get(field..)?.iter().position(|p| *p == Piece::Byte(b'='))?;
    let (mut quoted, mut escaped) = (false, false);
    let from = field + equals + 1;
    for (at, piece) in line.pieces().iter().enumerate().skip(from) {
        match piece {
            _ if escaped => escaped = false,
            Piece::Byte(b'\\') => escaped = true,
            Piece::Byte(b'"') => quoted = !quoted,
            Piece::Byte(b',') if !quoted => return Some(at),
            _ => {}
        }
    }
    Some(line.pieces().len())
}
