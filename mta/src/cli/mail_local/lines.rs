//! Lines of any length, in parts.

use std::io::{self, BufRead};

use super::message::Piece;

/// Bytes of one part.
const PART: u64 = 64 * 1024;

/// Reads lines that end with LF or CRLF.
pub(super) struct Lines<R> {
    input: R,
    part: Vec<u8>,
    starts: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, part: Vec::new(), starts: true }
    }

    /// The next part; `None` at the end of the input. Whether a last line had an end is told beside it.
    pub(super) fn next(&mut self) -> io::Result<Option<(Piece<'_>, bool)>> {
        self.part.clear();
        let mut limited = io::Read::take(&mut self.input, PART);
        if limited.read_until(b'\n', &mut self.part)? == 0 {
            // an end in the middle of a line ends that line
            let open = !std::mem::replace(&mut self.starts, true);
            let last = Piece { text: b"", starts: false, ends: true };
            return Ok(open.then_some((last, false)));
        }
        let (text, ended) = match self.part.as_slice() {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => (text, true),
            text => (text, false),
        };
        let starts = std::mem::replace(&mut self.starts, ended);
        Ok(Some((Piece { text, starts, ends: ended }, ended)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_ends_with_the_input() {
        let mut lines = Lines::new(&b"a\r\n\nb"[..]);
        let mut read = Vec::new();
        while let Some((piece, ended)) = lines.next().unwrap() {
            read.push((piece.text.to_vec(), piece.starts, piece.ends, ended));
        }
        let expected = [
            (b"a".to_vec(), true, true, true),
            (Vec::new(), true, true, true),
            (b"b".to_vec(), true, false, false),
            (Vec::new(), false, true, false),
        ];
        assert_eq!(read, expected);
    }
}
