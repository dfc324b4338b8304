//! Quotes and backslashes in values of `D`, `M`, `Q` and `X` lines (CF-016, ML-002).

use crate::text::{Piece, Text};
use crate::translate::Line;

/// The escapes that stand for a control character; any other character stands for itself.
pub(crate) const ESCAPES: [(u8, u8); 4] =
    [(b'n', b'\n'), (b'r', b'\r'), (b'f', 0x0c), (b'b', 0x08)];

/// Reads a value from `from` up to an unquoted `delimiter` or the end: `"` toggles quoting and is
/// dropped, `\` takes the next character as it is. Returns the index of the delimiter (or the end).
pub(crate) fn munch(line: &Line, from: usize, delimiter: Option<u8>) -> (Text, usize) {
    let mut value = Text::new();
    let mut quoted = false;
    let mut escaped = false;
    for (at, piece) in line.text.iter().enumerate().skip(from) {
        let Piece::Byte(byte) = piece else {
            escaped = false;
            value.push(piece.clone());
            continue;
        };
        if escaped {
            escaped = false;
            let control = ESCAPES.iter().find(|(letter, _)| letter == byte).map(|(_, code)| *code);
            value.push(Piece::Byte(control.unwrap_or(*byte)));
            continue;
        }
        match *byte {
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            byte if Some(byte) == delimiter && !quoted => return (value, at),
            byte => value.push(Piece::Byte(byte)),
        }
    }
    (value, line.text.len())
}
