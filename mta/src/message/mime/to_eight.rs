//! Seven bits to eight (AD-087): text/plain in base64 or quoted-printable is decoded.

use std::io::{self, Read};

use super::content::ContentType;
use super::{ENCODING, Sink, TYPE, base64, quoted_printable, trace};
use crate::message::envelope::Field;

/// Decoded lines of base64 are broken behind so many bytes (observed).
const MAX_LINE: usize = 2048;

/// What a message that is to be decoded is encoded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoding {
    is_base64: bool,
    /// As the header has it.
    name: Vec<u8>,
}

impl Decoding {
    /// Of a message with this header; none if it is not to be decoded.
    #[must_use]
    pub fn of(header: &[Field]) -> Option<Self> {
        let value = |name| {
            let field = header.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            field.map(|field| field.value.trim_ascii())
        };
        let name = value(ENCODING)?;
        let is_base64 = name.eq_ignore_ascii_case(b"base64");
        if !(is_base64 || name.eq_ignore_ascii_case(b"quoted-printable")) {
            return None;
        }
        let kind = ContentType::read(value(TYPE)?)?;
        kind.is_plain_text().then(|| Self { is_base64, name: name.to_vec() })
    }
}

/// Writes what belongs behind the header, which was written without its encoding, and the body. An empty
/// line comes behind the body, unless quoted-printable ends within a line (observed).
///
/// # Errors
/// When the body cannot be read or the sink does not take it.
pub fn decode(
    decoding: &Decoding,
    by: &[u8],
    mut body: impl Read,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    sink.header(&[ENCODING, b": 8bit\n"].concat())?;
    sink.header(&trace(&decoding.name, b"8bit", by))?;
    sink.header(b"\n")?;
    let mut decoder = match decoding.is_base64 {
        true => Decoder::Base64(base64::Decoder::default(), Breaker::default()),
        false => Decoder::Quoted(quoted_printable::Decoder::default()),
    };
    let (mut buffer, mut out, mut open) = ([0; 16 << 10], Vec::new(), false);
    loop {
        let count = match body.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        out.clear();
        match buffer.get(..count).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => decoder.push(bytes, &mut out),
            None => decoder.finish(&mut out),
        }
        open = out.last().map_or(open, |last| *last != b'\n');
        sink.body(&out)?;
        if count == 0 {
            break;
        }
    }
    if open && decoding.is_base64 {
        sink.body(b"\n")?;
    }
    sink.body(b"\n")
}

enum Decoder {
    Base64(base64::Decoder, Breaker),
    Quoted(quoted_printable::Decoder),
}

impl Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64(decoder, breaker) => {
                let mut decoded = Vec::new();
                decoder.push(bytes, &mut decoded);
                breaker.push(&decoded, out);
            }
            Self::Quoted(decoder) => decoder.push(bytes, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Self::Base64(_, breaker) = self {
            breaker.finish(out);
        }
    }
}

/// Makes CR LF a line end, and breaks long lines.
#[derive(Default)]
struct Breaker {
    column: usize,
    /// A carriage return that may be one of a line end.
    held: bool,
}

impl Breaker {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            let held = std::mem::take(&mut self.held);
            if *byte == b'\n' {
                out.push(b'\n');
                self.column = 0;
                continue;
            }
            if held {
                self.put(b'\r', out);
            }
            match byte {
                b'\r' => self.held = true,
                byte => self.put(*byte, out),
            }
        }
    }

    fn put(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.column == MAX_LINE {
            out.push(b'\n');
            self.column = 0;
        }
        out.push(byte);
        self.column += 1;
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.held) {
            self.put(b'\r', out);
        }
    }
}
