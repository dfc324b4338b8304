//! Rules: their columns.

use std::collections::HashMap;

use cf_parser::item::Directive;
use cf_parser::text::Piece;

use super::source::Source;
use crate::xref::{Entry, sides};

/// Columns of a tab.
const TAB: usize = 8;

/// Where right-hand sides begin, if the left-hand sides leave room.
const RIGHT: usize = 24;

/// Where comments begin, likewise.
const COMMENT: usize = 56;

/// Right-hand sides begin no further right than this because of a neighbour.
const WIDEST_LEFT: usize = 48;

/// Comments begin no further right than this because of a neighbour.
const WIDEST_RIGHT: usize = 80;

/// A rule in its columns.
struct Row<'a> {
    index: usize,
    line: u32,
    left: &'a [u8],
    right: &'a [u8],
    comment: &'a [u8],
    /// Lines that it has for nothing but blanks.
    breaks: usize,
}

/// The rules whose text stands on one line each, laid out, by their index in the file.
pub(super) fn laid_out(source: &Source<'_>) -> HashMap<usize, Vec<u8>> {
    let mut out = HashMap::new();
    let mut block: Vec<Row<'_>> = Vec::new();
    for (index, entry) in source.reference.lines.iter().enumerate() {
        let Some(row) = row(source, index, entry) else { continue };
        if block.last().is_some_and(|last| last.line + 1 != row.line) {
            lay_out(&block, &mut out);
            block.clear();
        }
        block.push(row);
    }
    lay_out(&block, &mut out);
    out
}

fn row<'a>(source: &Source<'a>, index: usize, entry: &Entry) -> Option<Row<'a>> {
    let line = &entry.line;
    let Some(Directive::Rule { lhs, rhs, .. }) = &line.directive else { return None };
    let [left, right] = sides(line, lhs.len(), rhs.len());
    // A `$` in front of a tab is lost, but messages show it.
    let between = line.pieces().get(left.end..right.start)?;
    if between.iter().any(|piece| *piece != Piece::Byte(b'\t'))
        || matches!(line.pieces().get(right.end), Some(Piece::Macro(_)))
    {
        return None;
    }
    let end = source.end_of(line, right.end.checked_sub(1)?)?;
    let line_end = source.reference.places.line(line.span.last_line).end;
    let left = source.raw(line, left)?;
    let right = source.raw(line, right)?;
    let behind = source.bytes.get(end..line_end)?;
    let comment = behind.trim_ascii();
    if [left, right, comment].iter().any(|part| part.contains(&b'\n')) {
        return None;
    }
    let breaks = behind.iter().filter(|byte| **byte == b'\n').count();
    Some(Row { index, line: line.span.line, left, right, comment, breaks })
}

fn lay_out(block: &[Row<'_>], out: &mut HashMap<usize, Vec<u8>>) {
    let left = stop(block.iter().map(|row| row.left.len() + 1), RIGHT, WIDEST_LEFT);
    let end_of = |row: &Row<'_>| left.max(stop_behind(row.left.len() + 1)) + row.right.len();
    let commented = block.iter().filter(|row| !row.comment.is_empty());
    let right = stop(commented.map(end_of), COMMENT, WIDEST_RIGHT);
    for row in block {
        let mut line = vec![b'R'];
        line.extend_from_slice(row.left);
        tabs(line.len(), left, &mut line);
        line.extend_from_slice(row.right);
        if !row.comment.is_empty() {
            tabs(end_of(row), right, &mut line);
            line.extend_from_slice(row.comment);
        }
        line.extend(std::iter::repeat_n(b'\n', row.breaks.max(1)));
        out.insert(row.index, line);
    }
}

/// The tab stop behind a column.
fn stop_behind(column: usize) -> usize {
    (column / TAB + 1) * TAB
}

/// The tab stop behind the widest of these columns that leave it at most at `widest`; `least` if that
/// is further right.
fn stop(columns: impl Iterator<Item = usize>, least: usize, widest: usize) -> usize {
    columns.map(stop_behind).filter(|stop| *stop <= widest).fold(least, usize::max)
}

/// Tabs from a column to a tab stop, one at least.
fn tabs(from: usize, to: usize, out: &mut Vec<u8>) {
    let count = to.saturating_sub(from).div_ceil(TAB).max(1);
    out.extend(std::iter::repeat_n(b'\t', count));
}
