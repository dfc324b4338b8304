//! Seven bits to eight (AD-087): text/plain in base64 or quoted-printable is decoded.

use std::io::{self, Read, Write};

use super::content::ContentType;
use super::{ENCODING, Sink, TYPE, base64, quoted_printable, trace};
use crate::message::envelope::{Field, value_of};

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
        let name = value_of(header, ENCODING)?.trim_ascii();
        let is_base64 = name.eq_ignore_ascii_case(b"base64");
        if !(is_base64 || name.eq_ignore_ascii_case(b"quoted-printable")) {
            return None;
        }
        let kind = ContentType::read(value_of(header, TYPE)?)?;
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
    let mut decoded = Decoded {
        decoder: match decoding.is_base64 {
            true => Decoder::Base64(base64::Decoder::default(), Breaker::default()),
            false => Decoder::Quoted(quoted_printable::Decoder::default()),
        },
        sink,
        out: Vec::new(),
        open: false,
    };
    io::copy(&mut body, &mut decoded)?;
    decoded.finish()
}

/// Writes what is decoded of what is written.
struct Decoded<'s> {
    decoder: Decoder,
    sink: &'s mut dyn Sink,
    out: Vec<u8>,
    /// The last line has no end yet.
    open: bool,
}

impl Decoded<'_> {
    fn pass_on(&mut self) -> io::Result<()> {
        self.open = self.out.last().map_or(self.open, |last| *last != b'\n');
        self.sink.body(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.decoder.finish(&mut self.out);
        self.pass_on()?;
        if self.open && matches!(self.decoder, Decoder::Base64(..)) {
            self.sink.body(b"\n")?;
        }
        self.sink.body(b"\n")
    }
}

impl Write for Decoded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.decoder.push(bytes, &mut self.out);
        self.pass_on()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
