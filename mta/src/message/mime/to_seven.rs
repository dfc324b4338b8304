//! Eight bits to seven (AD-084): part by part, in base64 or quoted-printable.

use std::io::{self, Read, Seek};

use super::content::{ContentType, Encoding};
use super::lines::{Boundary, Lines};
use super::quoted_printable::Hides;
use super::{
    ENCODING, Sink, TYPE, VERSION, VERSION_1, base64, encoding_field, quoted_printable, trace,
};
use crate::message::envelope::{Field, value_of};
use crate::message::header::{Collector, Taken};

/// Multiparts inside each other that are converted; those inside of them are passed on as they are
/// (CF-094).
const MAX_NESTING: usize = 20;

/// Parts inside each other, multiparts or not.
const MAX_DEPTH: usize = 100;

/// The boundary of a multipart that does not say (observed).
const NO_BOUNDARY: &[u8] = b"---";

/// A part of more bytes than this is not read to its end if it clearly is binary.
const SAMPLE: usize = 4096;

/// Largest header of a part, bytes; what comes behind is passed on as body.
const MAX_PART_HEADER: usize = 64 << 10;

/// What conversions read from the configuration.
pub struct Rules<'a> {
    /// Whether a class has a word: `e` encodings that may be converted, `n` types that must not be, `q`
    /// types for quoted-printable, `s` subtypes of message/ that hold messages.
    pub class: &'a dyn Fn(&[u8], &[u8]) -> bool,
    /// `$j id $i`, for the trace field.
    pub by: &'a [u8],
    /// A `From ` at the beginning of a line is broken (flag `E`).
    pub hide_from: bool,
    /// What EBCDIC does not have is encoded, too (flag `3`).
    pub for_ebcdic: bool,
}

impl Rules<'_> {
    fn has(&self, class: &[u8], word: &[u8]) -> bool {
        (self.class)(class, word)
    }
}

/// How a part is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// How many parts it is in; none for the message itself, whose fields go to the header.
    depth: usize,
    /// Its type where it does not say is message/rfc822.
    digest: bool,
    /// Nothing in it is converted.
    keep: bool,
}

/// Converts one message.
pub struct Seven<'a, R> {
    rules: &'a Rules<'a>,
    lines: Lines<R>,
    /// The piece at hand.
    piece: Vec<u8>,
}

impl<'a, R: Read + Seek> Seven<'a, R> {
    /// A conversion of this body.
    pub fn new(rules: &'a Rules<'a>, body: R) -> Self {
        Self { rules, lines: Lines::new(body), piece: Vec::new() }
    }

    /// Writes what belongs behind the header, which was written with a [`label`](super::label) and without
    /// its encoding, and the body.
    ///
    /// # Errors
    /// When the body cannot be read or the sink does not take it.
    pub fn message(&mut self, header: &[Field], sink: &mut dyn Sink) -> io::Result<()> {
        let place = Place { depth: 0, digest: false, keep: false };
        self.part(header, place, sink)?;
        Ok(())
    }

    /// The rest of a part behind the fields of its header.
    fn part(
        &mut self,
        header: &[Field],
        place: Place,
        sink: &mut dyn Sink,
    ) -> io::Result<Boundary> {
        let encoding = value_of(header, ENCODING).and_then(Encoding::read);
        let default = match place.digest {
            true => ContentType::new(b"message", b"rfc822"),
            false => ContentType::new(b"text", b"plain"),
        };
        let kind = value_of(header, TYPE).and_then(ContentType::read).unwrap_or(default);
        let convertible =
            encoding.as_ref().is_none_or(|encoding| self.rules.has(b"e", encoding.name()));
        let keep = place.keep || !convertible || self.rules.has(b"n", &kind.name());
        let room = self.lines.boundaries.len() < MAX_NESTING && place.depth < MAX_DEPTH;
        if kind.main == b"multipart" && !keep && room {
            return self.multipart(&kind, place, sink);
        }
        if kind.main == b"message" && self.rules.has(b"s", &kind.sub) && room {
            return self.enclosed(Place { keep, ..place }, sink);
        }
        let encoding = encoding.as_ref();
        if keep || matches!(&kind.main[..], b"message" | b"multipart") {
            return self.copied(encoding, place, sink);
        }
        self.leaf(&kind, encoding, place, sink)
    }

    fn field(line: &[u8], place: Place, sink: &mut dyn Sink) -> io::Result<()> {
        if place.depth == 0 { sink.header(line) } else { sink.body(line) }
    }

    fn multipart(
        &mut self,
        kind: &ContentType,
        place: Place,
        sink: &mut dyn Sink,
    ) -> io::Result<Boundary> {
        Self::field(b"\n", place, sink)?;
        let text = Some(&kind.boundary[..]).filter(|text| !text.is_empty());
        let text = text.unwrap_or(NO_BOUNDARY).to_vec();
        self.lines.boundaries.push(text.clone());
        let mut found = self.around(sink)?;
        while found == Boundary::Next {
            sink.body(&[b"--", &text[..], b"\n"].concat())?;
            let header = self.header()?;
            let digest = kind.sub == b"digest";
            let place = Place { depth: place.depth + 1, digest, keep: place.keep };
            write_fields(&header, sink)?;
            found = self.part(&header, place, sink)?;
        }
        sink.body(&[b"--", &text[..], b"--\n"].concat())?;
        self.lines.boundaries.pop();
        self.around(sink)
    }

    /// Copies what stands around parts; it loses the eighth bit (observed).
    fn around(&mut self, sink: &mut dyn Sink) -> io::Result<Boundary> {
        self.copy_as(0x7f, sink)
    }

    /// A message inside of the message.
    fn enclosed(&mut self, place: Place, sink: &mut dyn Sink) -> io::Result<Boundary> {
        Self::field(b"\n", place, sink)?;
        let header = self.header()?;
        write_fields(&header, sink)?;
        if value_of(&header, VERSION).is_none() {
            sink.body(VERSION_1)?;
        }
        let place = Place { depth: place.depth + 1, digest: false, keep: place.keep };
        self.part(&header, place, sink)
    }

    /// Copies up to the next boundary.
    fn copy(&mut self, sink: &mut dyn Sink) -> io::Result<Boundary> {
        self.copy_as(0xff, sink)
    }

    fn copy_as(&mut self, mask: u8, sink: &mut dyn Sink) -> io::Result<Boundary> {
        let mut open = false;
        loop {
            match self.lines.next(&mut self.piece)? {
                Some(found) => {
                    if open {
                        sink.body(b"\n")?;
                    }
                    return Ok(found);
                }
                None => {
                    self.piece.iter_mut().for_each(|byte| *byte &= mask);
                    sink.body(&self.piece)?;
                }
            }
            open = !self.piece.ends_with(b"\n");
        }
    }

    /// A part as it is, with its encoding.
    fn copied(
        &mut self,
        encoding: Option<&Encoding>,
        place: Place,
        sink: &mut dyn Sink,
    ) -> io::Result<Boundary> {
        if let Some(encoding) = encoding {
            Self::field(&encoding_field(encoding.name()), place, sink)?;
        }
        Self::field(b"\n", place, sink)?;
        self.copy(sink)
    }

    fn leaf(
        &mut self,
        kind: &ContentType,
        encoding: Option<&Encoding>,
        place: Place,
        sink: &mut dyn Sink,
    ) -> io::Result<Boundary> {
        let (size, high) = self.sample()?;
        if high == 0 {
            return self.copied(encoding, place, sink);
        }
        let quoted = self.rules.has(b"q", &kind.name()) || self.rules.has(b"q", &kind.main);
        let is_binary = encoding.is_some_and(|encoding| encoding.is(b"binary"));
        let new = match (is_binary || high > size / 8) && !quoted {
            true => &b"base64"[..],
            false => b"quoted-printable",
        };
        Self::field(&encoding_field(new), place, sink)?;
        Self::field(&trace(b"8bit", new, self.rules.by), place, sink)?;
        Self::field(b"\n", place, sink)?;
        if new == b"base64" { self.in_base64(sink) } else { self.quoted(sink) }
    }

    /// How many bytes the part has, and how many of them are above 127; of a part that clearly is binary
    /// not all are counted (observed).
    fn sample(&mut self) -> io::Result<(usize, usize)> {
        let begin = self.lines.position();
        let (mut size, mut high) = (0, 0);
        while self.lines.next(&mut self.piece)?.is_none() {
            size += self.piece.len();
            high += self.piece.iter().filter(|byte| !byte.is_ascii()).count();
            if size > SAMPLE && high > size / 4 {
                break;
            }
        }
        self.lines.go_back(begin)?;
        Ok((size, high))
    }

    /// The line break in front of a boundary belongs to that.
    fn in_base64(&mut self, sink: &mut dyn Sink) -> io::Result<Boundary> {
        let (mut encoder, mut out) = (base64::Encoder::default(), Vec::new());
        let mut open_end = false;
        loop {
            out.clear();
            match self.lines.next(&mut self.piece)? {
                Some(found) => {
                    if open_end && found == Boundary::End {
                        encoder.push(b"\r\n", &mut out);
                    }
                    encoder.finish(&mut out);
                    sink.body(&out)?;
                    return Ok(found);
                }
                None => {
                    if std::mem::replace(&mut open_end, self.piece.ends_with(b"\n")) {
                        encoder.push(b"\r\n", &mut out);
                    }
                    let text = self.piece.strip_suffix(b"\n").unwrap_or(&self.piece);
                    encoder.push(text, &mut out);
                    sink.body(&out)?;
                }
            }
        }
    }

    fn quoted(&mut self, sink: &mut dyn Sink) -> io::Result<Boundary> {
        let Rules { hide_from: from, for_ebcdic: not_ebcdic, .. } = *self.rules;
        let mut encoder = quoted_printable::Encoder::new(Hides { from, not_ebcdic });
        let mut out = Vec::new();
        loop {
            out.clear();
            let found = self.lines.next(&mut self.piece)?;
            match found {
                Some(_) => encoder.finish(&mut out),
                None => encoder.push(&self.piece, &mut out),
            }
            sink.body(&out)?;
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// The header of a part; a line that is no field ends it and stays where it is.
    fn header(&mut self) -> io::Result<Vec<Field>> {
        let mut collector = Collector::new(MAX_PART_HEADER).keeping_from(true);
        let mut line = Vec::new();
        loop {
            let begin = self.lines.position();
            line.clear();
            let is_text = loop {
                let is_text = self.lines.next(&mut self.piece)?.is_none();
                line.extend_from_slice(&self.piece);
                let ends = line.ends_with(b"\n") || line.len() >= MAX_PART_HEADER;
                if !is_text || ends {
                    break is_text;
                }
            };
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let taken = if is_text { collector.line(text) } else { Taken::TooLong };
            match taken {
                Taken::Header => {}
                Taken::EndOfHeader => break,
                Taken::Body(_) | Taken::TooLong => {
                    self.lines.go_back(begin)?;
                    break;
                }
            }
        }
        Ok(collector.finish().0)
    }
}

/// The fields of a part but its encoding.
fn write_fields(header: &[Field], sink: &mut dyn Sink) -> io::Result<()> {
    for field in header.iter().filter(|field| !field.is_named(ENCODING)) {
        sink.body(&[&field.name[..], b":", &field.value, b"\n"].concat())?;
    }
    Ok(())
}
