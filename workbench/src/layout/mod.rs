//! The canonical layout of a configuration file.
//!
//! Comments and empty lines stay where they are, and so does the number of every line: what changes is
//! within lines. Columns of neighbouring rules begin at the same tab stop, fields of mailers are
//! separated alike, options have their long names, blanks at the ends of lines go. Where something of
//! it would change what a line says, the line stays as it is. Linear in the size of the file.

mod equates;
mod options;
mod proof;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use cf_parser::PlacedLine;
use cf_parser::item::Directive;
use cf_parser::text::Piece;

use crate::xref::CrossReference;
use source::Source;

pub use proof::Differs;

/// Lays a file out and proves that it says the same.
///
/// # Errors
/// The result reads as another configuration: a fault of this program; there is no result then.
pub fn format(bytes: &[u8]) -> Result<Vec<u8>, Differs> {
    let plain = without_returns(bytes);
    let laid = lay_out(&plain, |_, _, _| true);
    if proof::same(bytes, &laid).is_ok() {
        return Ok(laid);
    }
    // Some line must stay as it is: which one shows alone.
    let laid = lay_out(&plain, proof::same_line);
    proof::same(bytes, &laid)?;
    Ok(laid)
}

/// The numbers of the lines that differ: a layout moves nothing to another line.
#[must_use]
pub fn changed_lines(before: &[u8], after: &[u8]) -> Vec<usize> {
    let lines = |bytes| <[u8]>::split(bytes, |byte: &u8| *byte == b'\n');
    let mut after = lines(after);
    let numbered = lines(before).enumerate();
    let changed = numbered.filter(|(_, line)| after.next().is_none_or(|new| new != *line));
    changed.map(|(index, _)| index + 1).collect()
}

/// The file without the carriage return in front of each line break, of which the parser takes one.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) if !text.ends_with(b"\r") => {
                out.extend_from_slice(text);
                out.push(b'\n');
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// Whether an operator takes a blank for a name: the `$` at the end of a line takes what is behind it.
fn names_a_blank(line: &PlacedLine) -> bool {
    line.pieces().iter().any(|piece| match piece {
        Piece::Macro(name)
        | Piece::Deferred(name)
        | Piece::Class(name)
        | Piece::NotClass(name)
        | Piece::If(name) => name.as_bytes().trim_ascii().is_empty(),
        Piece::Byte(_) | Piece::Arg(_) | Piece::Op(_) => false,
    })
}

/// Lays a file out; `may` is asked with the level, a line and its layout.
fn lay_out(bytes: &[u8], may: impl Fn(i32, &[u8], &[u8]) -> bool) -> Vec<u8> {
    let reference = CrossReference::of(bytes);
    let source = Source::new(bytes, &reference);
    let mut rows = rules::laid_out(&source);
    let mut out = Vec::with_capacity(bytes.len());
    let mut next = 1;
    for (index, entry) in reference.lines.iter().enumerate() {
        let span = entry.line.span;
        source.trimmed(next..span.line, &mut out);
        next = span.last_line.saturating_add(1);
        let laid = match &entry.line.directive {
            Some(Directive::Rule { .. }) => rows.remove(&index),
            Some(
                Directive::Mailer { .. } | Directive::QueueGroup { .. } | Directive::Milter { .. },
            ) => equates::laid_out(&source, entry),
            Some(Directive::Option(option)) => options::laid_out(&source, entry, option),
            _ => None,
        };
        let own = source.own(entry);
        let laid = laid.unwrap_or_else(|| source::trim_ends(&own));
        if !names_a_blank(&entry.line) && may(entry.line.level, &own, &laid) {
            out.extend_from_slice(&laid);
        } else {
            out.extend_from_slice(&own);
        }
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    source.trimmed(next..u32::MAX, &mut out);
    while out.ends_with(b"\n\n") {
        out.pop();
    }
    out
}
