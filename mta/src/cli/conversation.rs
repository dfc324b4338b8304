//! Lines in, text out, for a dialogue that may be with a person, a program or a file: input is read
//! in blocks, and output is kept until it is large or input must be waited for.

use std::io::{self, Read, Write};

/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// Output kept at most.
const KEPT: usize = 64 * 1024;

/// Both directions of a dialogue.
pub(super) struct Conversation<R, W> {
    input: R,
    output: W,
    /// Input that was read; `next..` is not yet taken.
    block: Vec<u8>,
    next: usize,
    kept: Vec<u8>,
    /// Longest line taken at once; the rest is a line of its own.
    line_limit: usize,
}

impl<R: Read, W: Write> Conversation<R, W> {
    pub(super) fn new(input: R, output: W, line_limit: usize) -> Self {
        let (block, kept) = (Vec::with_capacity(BLOCK), Vec::with_capacity(KEPT));
        Self { input, output, block, next: 0, kept, line_limit }
    }

    /// Where to put what is to be said.
    pub(super) fn kept(&mut self) -> &mut Vec<u8> {
        &mut self.kept
    }

    /// Writes if much is kept.
    pub(super) fn relieve(&mut self) {
        if self.kept.len() >= KEPT {
            self.flush();
        }
    }

    /// Writes what is kept; a closed output is not our trouble.
    pub(super) fn flush(&mut self) {
        let _ = self.output.write_all(&self.kept).and_then(|()| self.output.flush());
        self.kept.clear();
    }

    /// The next line, its newline included where it has one; `None` at the end. What is kept is
    /// written before input is waited for.
    pub(super) fn line(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = 0;
        let end = loop {
            let rest = &self.block[self.next..];
            let window = &rest[..rest.len().min(self.line_limit)];
            match memchr::memchr(b'\n', &window[searched..]) {
                Some(at) => break searched + at + 1,
                None if window.len() == self.line_limit => break self.line_limit,
                None => searched = window.len(),
            }
            self.flush();
            if self.fill()? == 0 {
                break searched;
            }
        };
        let start = self.next;
        self.next += end;
        Ok((end > 0).then(|| &self.block[start..start + end]))
    }

    /// Reads a block behind what is not yet taken.
    fn fill(&mut self) -> io::Result<usize> {
        self.block.drain(..self.next);
        self.next = 0;
        let old = self.block.len();
        self.block.resize(old + BLOCK, 0);
        let got = loop {
            match self.input.read(&mut self.block[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.block.truncate(old + got.as_ref().copied().unwrap_or(0));
        got
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Input that comes in pieces; each read is noted in the common diary.
    struct Pieces<'a> {
        pieces: std::vec::IntoIter<&'static [u8]>,
        diary: &'a std::cell::RefCell<Vec<String>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.pieces.next().unwrap_or_default();
            self.diary.borrow_mut().push(format!("read {}", String::from_utf8_lossy(piece)));
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    struct Noted<'a>(&'a std::cell::RefCell<Vec<String>>);

    impl Write for Noted<'_> {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            if !buffer.is_empty() {
                let text = String::from_utf8_lossy(buffer).into_owned();
                self.0.borrow_mut().push(format!("write {text}"));
            }
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a dialogue does that answers every line with itself in brackets.
    fn diary(pieces: &[&'static [u8]]) -> Vec<String> {
        let diary = std::cell::RefCell::new(Vec::new());
        let input = Pieces { pieces: pieces.to_vec().into_iter(), diary: &diary };
        let mut talk = Conversation::new(input, Noted(&diary), 5);
        loop {
            talk.kept().push(b'>');
            let Some(line) = talk.line().expect("no error").map(<[u8]>::to_vec) else { break };
            talk.kept().extend([&b"["[..], line.trim_ascii_end(), b"]"].concat());
            talk.relieve();
        }
        talk.flush();
        diary.into_inner()
    }

    #[test]
    fn output_is_written_before_input_is_waited_for_and_only_then() {
        let rows: &[(&[&'static [u8]], &[&str])] = &[
            (&[], &["write >", "read "]),
            (&[b"a\n"], &["write >", "read a\n", "write [a]>", "read "]),
            (
                &[b"a\nb\n\nc"],
                &["write >", "read a\nb\n\nc", "write [a]>[b]>[]>", "read ", "write [c]>", "read "],
            ),
            (&[b"a", b"b\nc\n"], &["write >", "read a", "read b\nc\n", "write [ab]>[c]>", "read "]),
            (&[b"abcdefg\n"], &["write >", "read abcdefg\n", "write [abcde]>[fg]>", "read "]),
            (
                &[b"abcd\nabcde\n"],
                &["write >", "read abcd\nabcde\n", "write [abcd]>[abcde]>[]>", "read "],
            ),
        ];
        for (pieces, expected) in rows {
            assert_eq!(diary(pieces), *expected, "{pieces:?}");
        }
    }

    #[test]
    fn much_output_is_written_without_waiting() {
        let diary = std::cell::RefCell::new(Vec::new());
        let input = Pieces { pieces: Vec::new().into_iter(), diary: &diary };
        let mut talk = Conversation::new(input, Noted(&diary), 5);
        talk.kept().resize(KEPT - 1, b'x');
        talk.relieve();
        assert!(diary.borrow().is_empty());
        talk.kept().push(b'x');
        talk.relieve();
        assert_eq!(diary.borrow().len(), 1);
    }
}
