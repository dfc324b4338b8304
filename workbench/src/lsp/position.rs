//! Positions of the protocol: lines from 0, and characters in the units that were agreed upon.

use crate::json::{Value, json};
use crate::xref::Places;

/// The unit of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-16, which every editor knows.
    #[default]
    Utf16,
    /// Bytes of UTF-8.
    Utf8,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf16 => "utf-16",
            Self::Utf8 => "utf-8",
        }
    }

    /// How many units the bytes are. A byte that is no UTF-8 counts as one.
    fn units(self, bytes: &[u8]) -> usize {
        match self {
            Self::Utf8 => bytes.len(),
            Self::Utf16 => chars(bytes).map(|(_, units)| units).sum(),
        }
    }

    /// The byte behind this many units; the end if there are fewer.
    fn byte(self, bytes: &[u8], units: usize) -> usize {
        match self {
            Self::Utf8 => units.min(bytes.len()),
            Self::Utf16 => {
                let (mut at, mut left) = (0, units);
                for (len, of_char) in chars(bytes) {
                    if left < of_char {
                        break;
                    }
                    left -= of_char;
                    at += len;
                }
                at
            }
        }
    }
}

/// Bytes and units of UTF-16 of each character.
fn chars(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|c| (c.len_utf8(), c.len_utf16()));
        valid.chain(chunk.invalid().iter().map(|_| (1, 1)))
    })
}

/// A position in a text.
pub(super) fn position(text: &[u8], places: &Places, encoding: Encoding, offset: usize) -> Value {
    let (line, column) = places.position(offset);
    let start = places.line(line).start;
    let column = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    let before = text.get(start..(start + column).min(text.len())).unwrap_or_default();
    json!({ "line": line - 1, "character": encoding.units(before) })
}

/// A range in a text.
pub(super) fn range(
    text: &[u8],
    places: &Places,
    encoding: Encoding,
    bytes: std::ops::Range<usize>,
) -> Value {
    json!({
        "start": position(text, places, encoding, bytes.start),
        "end": position(text, places, encoding, bytes.end),
    })
}

/// The byte of a position; what is behind the end of a line is its end.
pub(super) fn offset(
    text: &[u8],
    places: &Places,
    encoding: Encoding,
    value: &Value,
) -> Option<usize> {
    let number = |name: &str| value.get(name)?.as_u64();
    let line = u32::try_from(number("line")?).ok()?.checked_add(1)?;
    let units = usize::try_from(number("character")?).ok()?;
    let range = places.line(line);
    let start = range.start;
    let bytes = text.get(range)?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    Some(start + encoding.byte(bytes, units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = "a\u{e4}\u{1f600}b\r\nx".as_bytes();
        let text = [text, b"\xff\xe4y\n"].concat();
        let places = Places::of(&text);
        for (encoding, expected) in [
            (Encoding::Utf16, [(0, 0), (1, 1), (3, 2), (7, 4), (8, 5)]),
            (Encoding::Utf8, [(0, 0), (1, 1), (3, 3), (7, 7), (8, 8)]),
        ] {
            for (byte, character) in expected {
                let value = position(&text, &places, encoding, byte);
                assert_eq!(value, json!({ "line": 0, "character": character }));
                assert_eq!(offset(&text, &places, encoding, &value), Some(byte));
            }
        }
        let second = json!({ "line": 1, "character": 3 });
        assert_eq!(offset(&text, &places, Encoding::Utf16, &second), Some(13));
        assert_eq!(position(&text, &places, Encoding::Utf16, 13), second);
        // Behind the end of a line, and of the file.
        let far = |line: u32| json!({ "line": line, "character": 99 });
        assert_eq!(offset(&text, &places, Encoding::Utf16, &far(0)), Some(8));
        assert_eq!(offset(&text, &places, Encoding::Utf16, &far(9)), Some(text.len()));
    }
}
