//! `O` lines: the long name, as the table of options has it.

use cf_parser::item::OptionLine;
use cf_parser::options;
use cf_parser::text::Piece;

use super::source::{Source, trim_ends};
use crate::xref::Entry;

/// The line; `None` for an option that has no long name, or a letter without a value, which would look
/// as if it were switched off.
pub(super) fn laid_out(source: &Source<'_>, entry: &Entry, option: &OptionLine) -> Option<Vec<u8>> {
    let line = &entry.line;
    let name = options::name(option.option);
    if name.is_empty() || option.short && option.value.is_empty() {
        return None;
    }
    let value = if option.short {
        2
    } else {
        let equals = |piece: &Piece| *piece == Piece::Byte(b'=');
        let equals = line.pieces().iter().position(equals)?;
        let behind = line.pieces().get(equals + 1..)?;
        equals + 1 + behind.iter().take_while(|piece| **piece == Piece::Byte(b' ')).count()
    };
    let mut out = b"O ".to_vec();
    out.extend_from_slice(name.as_bytes());
    if let Some(suboption) = &option.suboption {
        out.push(b'.');
        out.extend_from_slice(suboption);
    }
    out.push(b'=');
    // What stands behind the value is a comment, or nothing.
    let places = &source.reference.places;
    let start = match line.place(value) {
        Some(place) => places.start_of(place),
        None => source.end_of(line, line.pieces().len().checked_sub(1)?)?,
    };
    let rest = source.bytes.get(start..places.line(line.span.last_line).end)?;
    out.extend_from_slice(rest);
    Some(trim_ends(&out))
}
