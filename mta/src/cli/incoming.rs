//! A message on standard input, piece by piece: it may be larger than memory.

use std::io::{self, BufRead, BufReader, Read as _};

use crate::sys::traffic::{self, Way};

/// Longest piece taken at once, bytes.
const CHUNK: u64 = 64 << 10;
/// How far a header is looked for.
const MAX_HEADER: usize = 16 << 20;

/// The message in queue form: lines end in LF. Unless dots are ignored, a line with one dot ends it, and of two dots at
/// the beginning of a line one goes (observed).
pub(super) struct Incoming<R> {
    input: BufReader<R>,
    ignore_dots: bool,
    line: Vec<u8>,
    /// The next piece begins a line.
    starts: bool,
    ended: bool,
}

impl<R: io::Read> Incoming<R> {
    pub(super) fn new(input: R, ignore_dots: bool) -> Self {
        let input = BufReader::new(input);
        Self { input, ignore_dots, line: Vec::new(), starts: true, ended: false }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// It cannot be read: what has come is not the message.
    pub(super) fn piece(&mut self) -> io::Result<Option<&[u8]>> {
        if self.ended {
            return Ok(None);
        }
        self.line.clear();
        let count = self.input.by_ref().take(CHUNK).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            traffic::write(Way::Heard, b"[EOF]");
            self.ended = true;
            return Ok(None);
        }
        traffic::write(Way::Heard, &self.line);
        if self.line.ends_with(b"\r\n") {
            self.line.truncate(self.line.len() - 2);
            self.line.push(b'\n');
        }
        let starts = std::mem::replace(&mut self.starts, self.line.ends_with(b"\n"));
        let dots = starts && !self.ignore_dots;
        match self.line.as_slice() {
            b"." | b".\n" if dots => {
                self.ended = true;
                Ok(None)
            }
            [b'.', rest @ ..] if dots && rest.starts_with(b".") => Ok(Some(rest)),
            line => Ok(Some(line)),
        }
    }

    /// The beginning of the message: at least its header, as far as one is looked for.
    ///
    /// # Errors
    /// As [`Incoming::piece`].
    pub(super) fn head(&mut self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        while head.len() < MAX_HEADER
            && let Some(piece) = self.piece()?
        {
            let ends = piece == b"\n" && (head.is_empty() || head.ends_with(b"\n"));
            head.extend_from_slice(piece);
            if ends {
                break;
            }
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8], ignore_dots: bool) -> (Vec<u8>, Vec<u8>) {
        let mut incoming = Incoming::new(text, ignore_dots);
        let head = incoming.head().unwrap();
        let mut rest = Vec::new();
        while let Some(piece) = incoming.piece().unwrap() {
            rest.extend_from_slice(piece);
        }
        (head, rest)
    }

    #[test]
    fn header_and_body_come_apart() {
        let parts = |text: &str, ignore_dots| {
            let (head, rest) = whole(text.as_bytes(), ignore_dots);
            (String::from_utf8(head).unwrap(), String::from_utf8(rest).unwrap())
        };
        let own = |head: &str, rest: &str| (head.to_owned(), rest.to_owned());
        assert_eq!(parts("A: b\r\n\r\nc\r\n", false), own("A: b\n\n", "c\n"));
        assert_eq!(parts("\nc", false), own("\n", "c"));
        assert_eq!(parts("A: b", false), own("A: b", ""));
        assert_eq!(parts("A: b\n\n..c\n.d\n.\nlost\n", false), own("A: b\n\n", ".c\n.d\n"));
        assert_eq!(parts("A: b\n\n..c\n.\n", true), own("A: b\n\n", "..c\n.\n"));
    }

    #[test]
    fn a_dot_in_the_middle_of_a_long_line_is_text() {
        let mut text = vec![b'x'; CHUNK as usize];
        text.extend_from_slice(b".\n");
        let (head, rest) = whole(&text, false);
        assert_eq!((head.len(), rest.len()), (text.len(), 0));
    }

    #[test]
    fn an_error_is_no_end() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
        assert!(Incoming::new(Broken, false).piece().is_err());
    }
}
