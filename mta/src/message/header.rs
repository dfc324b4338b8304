//! Splitting a message into header fields and body, line by line (AD-062, AD-063, AD-080 to AD-082,
//! AD-101, CF-066). Pure and linear in the size of the message.
//!
//! Lines come in queue form, ended by LF alone. What is no header ends the header and belongs to the
//! body; nothing is lost.

use crate::message::envelope::Field;
use crate::message::field_kind::kind_of;

/// Longest field name; a longer one ends the header (CF-066).
pub const NAME_LIMIT: usize = 100;

/// The default of MaxHeadersLength, in bytes over all fields.
pub const MAX_HEADERS_LENGTH: usize = 32_768;

/// What came of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is part of the header.
    Header,
    /// It was the empty line: the body starts with the next one.
    EndOfHeader,
    /// It ended the header and is the first piece of the body: these bytes, and the lines to come.
    Body(Vec<u8>),
    /// All fields together are longer than MaxHeadersLength; the line is not kept.
    TooLong,
}

/// Takes the lines of a message until its header ends.
#[derive(Clone, Debug)]
pub struct Collector {
    fields: Vec<Field>,
    from_line: Option<Vec<u8>>,
    length: usize,
    max_length: usize,
    seen_line: bool,
    has_8bit: bool,
    keep_from: bool,
}

impl Default for Collector {
    fn default() -> Self {
        Self::new(MAX_HEADERS_LENGTH)
    }
}

impl Collector {
    /// A collector that keeps at most `max_length` bytes of header; 0 for no limit.
    #[must_use]
    pub fn new(max_length: usize) -> Self {
        Self {
            fields: Vec::new(),
            from_line: None,
            length: 0,
            max_length: if max_length == 0 { usize::MAX } else { max_length },
            seen_line: false,
            has_8bit: false,
            keep_from: false,
        }
    }

    /// A `From ` line in front is kept, as the first of the body (SaveFromLine).
    #[must_use]
    pub fn keeping_from(self, keep_from: bool) -> Self {
        Self { keep_from, ..self }
    }

    /// Takes one line without its line end. After anything but [`Taken::Header`] or
    /// [`Taken::TooLong`] the lines belong to the body and are not for this collector.
    pub fn line(&mut self, line: &[u8]) -> Taken {
        let is_first = !std::mem::replace(&mut self.seen_line, true);
        if line.is_empty() {
            return Taken::EndOfHeader;
        }
        if is_first && line.starts_with(b"From ") {
            if self.keep_from {
                return Taken::Body([line, b"\n"].concat());
            }
            self.from_line = Some(line.to_vec());
            return Taken::Header;
        }
        let taken = match line.first() {
            Some(b' ' | b'\t') => self.continuation(line),
            _ => self.field(line),
        };
        if taken == Taken::Header {
            self.has_8bit |= !line.is_ascii();
        }
        taken
    }

    fn admit(&mut self, length: usize) -> bool {
        self.length = self.length.saturating_add(length);
        self.length <= self.max_length
    }

    fn continuation(&mut self, line: &[u8]) -> Taken {
        if self.fields.is_empty() {
            return Taken::Body([line, b"\n"].concat());
        }
        if !self.admit(line.len() + 1) {
            return Taken::TooLong;
        }
        if let Some(field) = self.fields.last_mut() {
            field.value.push(b'\n');
            field.value.extend_from_slice(line);
        }
        Taken::Header
    }

    fn field(&mut self, line: &[u8]) -> Taken {
        let Some((name, value)) = split_field(line) else {
            return Taken::Body([line, b"\n"].concat());
        };
        if name.len() > NAME_LIMIT || kind_of(name).ends_header {
            // The line joins the next one of the body (observed).
            return Taken::Body(line.to_vec());
        }
        if !self.admit(line.len() + 1) {
            return Taken::TooLong;
        }
        self.fields.push(Field {
            condition: Vec::new(),
            name: name.to_vec(),
            value: value.to_vec(),
            is_default: false,
        });
        Taken::Header
    }

    /// The fields, the `From ` line if the message began with one, and whether the header has octets
    /// above 127.
    #[must_use]
    pub fn finish(self) -> (Vec<Field>, Option<Vec<u8>>, bool) {
        (self.fields, self.from_line, self.has_8bit)
    }
}

/// Name and value of a header line, or `None` when it is none. White space between name and colon
/// goes; the value keeps its leading space.
#[must_use]
pub fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b':', line)?;
    let (name, rest) = line.split_at(at);
    let blanks = name.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let name = name.get(..name.len() - blanks)?;
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    Some((name, rest.get(1..)?))
}

/// A whole message taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The header fields in order.
    pub fields: Vec<Field>,
    /// The `From ` line in front, without its line end.
    pub from_line: Option<Vec<u8>>,
    /// The body.
    pub body: Vec<u8>,
    /// Fields were dropped because the header was longer than allowed.
    pub header_too_long: bool,
}

/// Takes a whole message in queue form apart.
#[must_use]
pub fn split(text: &[u8], max_length: usize) -> Message {
    let mut collector = Collector::new(max_length);
    let mut message = Message::default();
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        match collector.line(line) {
            Taken::Header => continue,
            Taken::TooLong => message.header_too_long = true,
            Taken::EndOfHeader => break,
            Taken::Body(first) => {
                message.body = first;
                break;
            }
        }
    }
    message.body.extend_from_slice(rest);
    (message.fields, message.from_line, _) = collector.finish();
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, fields: &[(&str, &str)], body: &str) {
        let message = split(text.as_bytes(), 0);
        let found: Vec<(String, String)> = message
            .fields
            .iter()
            .map(|f| {
                (String::from_utf8_lossy(&f.name).into(), String::from_utf8_lossy(&f.value).into())
            })
            .collect();
        let expected: Vec<(String, String)> =
            fields.iter().map(|&(n, v)| (n.into(), v.into())).collect();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(String::from_utf8_lossy(&message.body), body, "{text:?}");
    }

    #[test]
    fn headers_end_where_the_oracle_ends_them() {
        // AD-063
        check(
            "A : b\nB\t: c\nC:d\nD:\te\n\nb\n",
            &[("A", " b"), ("B", " c"), ("C", "d"), ("D", "\te")],
            "b\n",
        );
        check("A: b\n c\n\td\n\n", &[("A", " b\n c\n\td")], "");
        check("A: b\n \n\t\nB: c\n\nb\n", &[("A", " b\n \n\t"), ("B", " c")], "b\n");
        // AD-080
        check("A: b\nbad line\nE: f\n\nb\n", &[("A", " b")], "bad line\nE: f\n\nb\n");
        check(": b\nA: x\n", &[], ": b\nA: x\n");
        check(" lead\nA: b\n", &[], " lead\nA: b\n");
        check("\n lead\n", &[], " lead\n");
        check("F\u{1}o: c\nA: b\n", &[], "F\u{1}o: c\nA: b\n");
        // AD-101: only the first line may be a From line.
        check("From x y\nA: b\nFrom y\nC: d\n", &[("A", " b")], "From y\nC: d\n");
        check(">From x\nA: b\n", &[], ">From x\nA: b\n");
        // AD-078, CF-066: the line that ends the header so loses its line end.
        check("A: b\nText:\nB: c\n", &[("A", " b")], "Text:B: c\n");
        let long = "X".repeat(101);
        check(&format!("{long}: v\nFoo: x\n"), &[], &format!("{long}: vFoo: x\n"));
        let fits = "X".repeat(100);
        check(&format!("{fits}: v\n"), &[(&fits, " v")], "");
    }

    #[test]
    fn the_header_is_bounded() {
        // AD-082
        let text = format!("A: b\nB: {}\n\nbody\n", "x".repeat(100));
        let message = split(text.as_bytes(), 50);
        assert!(message.header_too_long);
        assert_eq!((message.fields.len(), message.body.as_slice()), (1, b"body\n".as_slice()));
    }

    proptest::proptest! {
        #[test]
        fn no_byte_of_a_message_is_lost(text in "(From x\n)?([a-c:]{0,4}[ \t]?[a-c: ]{0,4}\n){0,8}") {
            let message = split(text.as_bytes(), 0);
            let mut whole: Vec<u8> = message.from_line.iter().flat_map(|l| [l.as_slice(), b"\n"].concat()).collect();
            for field in &message.fields {
                whole.extend_from_slice(&[field.name.as_slice(), b":", &field.value, b"\n"].concat());
            }
            whole.extend_from_slice(&message.body);
            // Blanks before a colon go, and the empty line between header and body.
            let letters = |text: &[u8]| -> Vec<u8> {
                text.iter().copied().filter(|b| !b" \t\n".contains(b)).collect()
            };
            proptest::prop_assert_eq!(letters(&whole), letters(text.as_bytes()));
        }
    }
}
