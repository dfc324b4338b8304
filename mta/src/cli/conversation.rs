//! Lines in, text out, for a dialogue that may be with a person, a program or a file: input is read
//! in blocks, and output is kept until it is large or input must be waited for.

use std::io::{self, Write};

use crate::sys::terminal::{Got, Listening};

/// Bytes read at once, if there is much to read.
const BLOCK: usize = 64 * 1024;

/// Bytes read at once at first: what is read into must be cleared before.
const FIRST_BLOCK: usize = 4 * 1024;

/// Output kept at most.
const KEPT: usize = 64 * 1024;

/// What is said when SIGINT comes (observed).
pub(super) const INTERRUPTED: &[u8] = b"\ninterrupt\n";

/// Where input and signals come from.
pub(super) trait Ear {
    /// Waits for input or a signal.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got>;
    /// A signal that came.
    fn pending(&self) -> Option<Got>;
}

impl Ear for Listening {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        self.read(buffer)
    }

    fn pending(&self) -> Option<Got> {
        self.pending()
    }
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A line, its newline included where it has one.
    Line(&'a [u8]),
    /// SIGINT; that is said already.
    Interrupt,
    /// SIGTERM.
    Stop,
    /// No more input.
    End,
}

/// Both directions of a dialogue.
pub(super) struct Conversation<R, W> {
    input: R,
    output: W,
    /// Input that was read; `next..` is not yet taken.
    block: Vec<u8>,
    next: usize,
    /// Bytes to read next.
    room: usize,
    kept: Vec<u8>,
    /// Input has ended, also if a terminal could give more (observed).
    ended: bool,
    /// Longest line taken at once; the rest is a line of its own.
    line_limit: usize,
}

impl<R: Ear, W: Write> Conversation<R, W> {
    pub(super) fn new(input: R, output: W, line_limit: usize) -> Self {
        let (block, kept) = (Vec::with_capacity(BLOCK), Vec::with_capacity(KEPT));
        let room = FIRST_BLOCK;
        Self { input, output, block, next: 0, room, kept, ended: false, line_limit }
    }

    /// Where to put what is to be said.
    pub(super) fn kept(&mut self) -> &mut Vec<u8> {
        &mut self.kept
    }

    /// Writes what is kept; a closed output is not our trouble.
    pub(super) fn flush(&mut self) {
        let _ = self.output.write_all(&self.kept).and_then(|()| self.output.flush());
        self.kept.clear();
    }

    /// The next line. What is kept is written before input is waited for, or when it is much.
    pub(super) fn hear(&mut self) -> io::Result<Heard<'_>> {
        if self.kept.len() >= KEPT {
            self.flush();
            if let Some(signal) = self.input.pending() {
                return Ok(self.signalled(signal));
            }
        }
        let mut searched = 0;
        let end = loop {
            let rest = &self.block[self.next..];
            let window = &rest[..rest.len().min(self.line_limit)];
            match memchr::memchr(b'\n', &window[searched..]) {
                Some(at) => break searched + at + 1,
                None if window.len() == self.line_limit => break self.line_limit,
                None => searched = window.len(),
            }
            if self.ended && searched == 0 {
                return Ok(Heard::End);
            } else if self.ended {
                break searched;
            }
            self.flush();
            match self.fill()? {
                Got::Bytes(count) => self.ended = count == 0,
                signal => {
                    // A line that has only begun is forgotten (observed).
                    self.next = self.block.len();
                    return Ok(self.signalled(signal));
                }
            }
        };
        let start = self.next;
        self.next += end;
        Ok(Heard::Line(&self.block[start..start + end]))
    }

    fn signalled(&mut self, signal: Got) -> Heard<'static> {
        if signal == Got::Stop {
            return Heard::Stop;
        }
        self.kept.extend_from_slice(INTERRUPTED);
        Heard::Interrupt
    }

    /// Reads a block behind what is not yet taken.
    fn fill(&mut self) -> io::Result<Got> {
        self.block.drain(..self.next);
        self.next = 0;
        let old = self.block.len();
        self.block.resize(old + self.room, 0);
        let got = self.input.read(&mut self.block[old..]);
        let count = if let Ok(Got::Bytes(count)) = got { count } else { 0 };
        self.block.truncate(old + count);
        if count == self.room {
            self.room = BLOCK.min(2 * count);
        }
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

    impl Ear for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
            let piece = self.pieces.next().unwrap_or_default();
            self.diary.borrow_mut().push(format!("read {}", String::from_utf8_lossy(piece)));
            match piece {
                b"INT" => return Ok(Got::Interrupt),
                b"TERM" => return Ok(Got::Stop),
                _ => {}
            }
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(Got::Bytes(piece.len()))
        }

        fn pending(&self) -> Option<Got> {
            Some(Got::Interrupt)
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
    fn diary(pieces: Vec<&'static [u8]>) -> Vec<String> {
        let diary = std::cell::RefCell::new(Vec::new());
        let input = Pieces { pieces: pieces.into_iter(), diary: &diary };
        let mut talk = Conversation::new(input, Noted(&diary), 5);
        loop {
            talk.kept().push(b'>');
            let line = match talk.hear().expect("no error") {
                Heard::Line(line) => line.to_vec(),
                Heard::Interrupt => continue,
                Heard::Stop | Heard::End => break,
            };
            talk.kept().extend([&b"["[..], line.trim_ascii_end(), b"]"].concat());
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
                &["write >", "read a\nb\n\nc", "write [a]>[b]>[]>", "read ", "write [c]>"],
            ),
            (&[b"a", b"b\nc\n"], &["write >", "read a", "read b\nc\n", "write [ab]>[c]>", "read "]),
            (&[b"abcdefg\n"], &["write >", "read abcdefg\n", "write [abcde]>[fg]>", "read "]),
            (
                &[b"abcd\nabcde\n"],
                &["write >", "read abcd\nabcde\n", "write [abcd]>[abcde]>[]>", "read "],
            ),
            (
                &[b"a", b"INT", b"b\n", b"c", b"TERM"],
                &[
                    "write >",
                    "read a",
                    "read INT",
                    "write \ninterrupt\n>",
                    "read b\n",
                    "write [b]>",
                    "read c",
                    "read TERM",
                ],
            ),
        ];
        for (pieces, expected) in rows {
            assert_eq!(diary(pieces.to_vec()), *expected, "{pieces:?}");
        }
    }

    #[test]
    fn much_output_is_written_without_waiting_and_signals_are_heard_then() {
        let diary = std::cell::RefCell::new(Vec::new());
        let input = Pieces { pieces: vec![&b"a\nb\n"[..]].into_iter(), diary: &diary };
        let mut talk = Conversation::new(input, Noted(&diary), 5);
        assert_eq!(talk.hear().expect("no error"), Heard::Line(b"a\n"));
        talk.kept().resize(KEPT, b'x');
        assert_eq!(talk.hear().expect("no error"), Heard::Interrupt);
        assert_eq!(talk.kept(), INTERRUPTED);
        assert_eq!(talk.hear().expect("no error"), Heard::Line(b"b\n"));
        assert_eq!(diary.borrow().len(), 2, "one read, one write");
    }
}
