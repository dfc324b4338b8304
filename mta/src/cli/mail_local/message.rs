//! A message as mail.local writes it into mailboxes: a `From ` line, the length of the body in its header, an empty line
//! behind it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// A part of a line; a long one comes in several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    /// The text, without the line's end.
    pub(super) text: &'t [u8],
    /// Its line begins here.
    pub(super) starts: bool,
    /// Its line ends here, or the message does.
    pub(super) ends: bool,
}

/// Where the next piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    /// In a `Content-Length` field that came along: it is not kept.
    Dropped,
    /// In the body, behind an empty line or not.
    Body {
        empty_before: bool,
    },
}

const LENGTH_FIELD: &[u8] = b"content-length:";

/// Takes a message line by line into a file.
#[derive(Debug)]
pub(super) struct Builder {
    file: BufWriter<File>,
    place: Place,
    first: bool,
    header: u64,
    /// The empty line behind the header has been there.
    parted: bool,
    body: u64,
}

impl Builder {
    /// A message whose `From ` line names `sender` and `date`.
    pub(super) fn new(file: File, sender: &[u8], date: &[u8]) -> io::Result<Self> {
        let mut builder = Self {
            file: BufWriter::new(file),
            place: Place::Header,
            first: true,
            header: 0,
            parted: false,
            body: 0,
        };
        builder.put(&[b"From ", sender, b" ", date, b"\n"].concat())?;
        Ok(builder)
    }

    /// Takes the next part.
    pub(super) fn push(&mut self, piece: Piece<'_>) -> io::Result<()> {
        let Piece { text, starts, ends } = piece;
        let empty = starts && ends && text.is_empty();
        if starts {
            self.begin(text, empty);
            if self.is_from(text) {
                self.put(b">")?;
            }
            self.first = false;
        }
        match &mut self.place {
            Place::Dropped => return Ok(()),
            Place::Header if empty => {
                self.parted = true;
                self.place = Place::Body { empty_before: true };
                return Ok(());
            }
            Place::Body { empty_before } if ends => *empty_before = empty,
            _ => {}
        }
        self.put(text)?;
        if ends { self.put(b"\n") } else { Ok(()) }
    }

    /// Whether a line of the header belongs to a field that is dropped.
    fn begin(&mut self, text: &[u8], empty: bool) {
        let continues = text.first().is_some_and(|byte| b" \t".contains(byte));
        let head = text.get(..LENGTH_FIELD.len());
        let length = head.is_some_and(|head| head.eq_ignore_ascii_case(LENGTH_FIELD));
        self.place = match self.place {
            Place::Header if length => Place::Dropped,
            Place::Dropped if empty || !continues && !length => Place::Header,
            place => place,
        };
    }

    /// Whether a line would look like the beginning of a message.
    fn is_from(&self, text: &[u8]) -> bool {
        let exposed = match self.place {
            Place::Header => self.first,
            Place::Dropped => false,
            Place::Body { empty_before } => empty_before,
        };
        exposed && text.starts_with(b"From ")
    }

    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        let count = text.len() as u64;
        match self.place {
            Place::Body { .. } => self.body += count,
            _ => self.header += count,
        }
        self.file.write_all(text)
    }

    /// The whole message.
    pub(super) fn finish(self) -> io::Result<Message> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Message { file, header: self.header, parted: self.parted, body: self.body })
    }
}

/// A message that can be written as often as there are mailboxes.
#[derive(Debug)]
pub(super) struct Message {
    file: File,
    header: u64,
    parted: bool,
    body: u64,
}

impl Message {
    /// Writes it.
    pub(super) fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut (&self.file).take(self.header), out)?;
        writeln!(out, "Content-Length: {}", self.body)?;
        if self.parted {
            out.write_all(b"\n")?;
        }
        io::copy(&mut (&self.file).take(self.body), out)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &str) -> String {
        let file = crate::sys::scratch::file().unwrap();
        let mut builder = Builder::new(file, b"a@b", b"DATE").unwrap();
        for line in message.lines() {
            builder.push(Piece { text: line.as_bytes(), starts: true, ends: true }).unwrap();
        }
        let mut message = builder.finish().unwrap();
        let mut out = Vec::new();
        message.write(&mut Vec::new()).unwrap();
        message.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_length_of_the_body_is_in_the_header() {
        // LG-060
        let rows = [
            ("S: x\n\nbody\n", "S: x\nContent-Length: 5\n\nbody\n\n"),
            (
                "S: x\nContent-Length: 9\n more\nX: y\n\nb\n",
                "S: x\nX: y\nContent-Length: 2\n\nb\n\n",
            ),
            ("\nb\n", "Content-Length: 2\n\nb\n\n"),
            ("a\nS: x\n", "a\nS: x\nContent-Length: 0\n\n"),
            ("S: x\n\n", "S: x\nContent-Length: 0\n\n\n"),
        ];
        for (message, expected) in rows {
            assert_eq!(written(message), format!("From a@b DATE\n{expected}"), "{message:?}");
        }
    }

    #[test]
    fn lines_that_look_like_a_beginning_are_marked() {
        let message = "From joe\nS: x\nFrom y\n\nFrom a\nFrom b\n\nFrom c\n";
        let expected = "From a@b DATE\n>From joe\nS: x\nFrom y\nContent-Length: 24\n\n>From a\nFrom b\n\n>From c\n\n";
        assert_eq!(written(message), expected);
    }

    #[test]
    fn a_long_line_comes_in_parts() {
        let file = crate::sys::scratch::file().unwrap();
        let mut builder = Builder::new(file, b"a", b"D").unwrap();
        builder.push(Piece { text: b"", starts: true, ends: true }).unwrap();
        for (text, starts, ends) in
            [(&b"From "[..], true, false), (b"From ", false, false), (b"", false, true)]
        {
            builder.push(Piece { text, starts, ends }).unwrap();
        }
        let mut out = Vec::new();
        builder.finish().unwrap().write(&mut out).unwrap();
        assert_eq!(out, b"From a D\nContent-Length: 12\n\n>From From \n\n");
    }
}
