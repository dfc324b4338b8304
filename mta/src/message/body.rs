//! Lines as a mailer wants them: line ends, length limit, `From ` escape, seven bits (ML-021, ML-150).
//!
//! A streaming encoder: queue form (LF) in, mailer form out, cut anywhere, at most five bytes held
//! back. Doubling dots is the SMTP client's.

/// The form of a mailer's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineForm {
    /// End of a line (E=).
    pub eol: Vec<u8>,
    /// Longest line in bytes without its end (L=); 0 for no limit. Longer lines are cut with `!` and
    /// go on behind a space.
    pub limit: usize,
    /// Lines that begin with `From ` get a `>` (flag `E`); not for headers.
    pub escape_from: bool,
    /// The eighth bit is cleared (flag `7`).
    pub seven_bit: bool,
}

impl Default for LineForm {
    /// Queue form: LF, no limit, nothing changed.
    fn default() -> Self {
        Self { eol: b"\n".to_vec(), limit: 0, escape_from: false, seven_bit: false }
    }
}

const FROM: &[u8] = b"From ";

/// Encodes the lines of one header or body.
#[derive(Clone, Debug)]
pub struct LineEncoder {
    form: LineForm,
    /// Bytes of the current output line.
    column: usize,
    /// Start of a line that may turn out to be `From `.
    start: Vec<u8>,
    at_start: bool,
    /// The byte that would fill the line: written or moved to the next once it is known whether the
    /// line ends behind it.
    last: Option<u8>,
    /// The line before was empty.
    blank: bool,
}

impl LineEncoder {
    /// An encoder at the start of a line. A limit below 3 bytes cannot be kept and counts as none.
    #[must_use]
    pub fn new(form: LineForm) -> Self {
        let form = LineForm { limit: if form.limit < 3 { 0 } else { form.limit }, ..form };
        Self { form, column: 0, start: Vec::new(), at_start: true, last: None, blank: true }
    }

    /// Appends the encoding of `chunk` to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (line, tail) = rest.split_at(end);
            self.text(line, out);
            rest = match tail.split_first() {
                Some((_, after)) => {
                    self.end_line(out);
                    after
                }
                None => tail,
            };
        }
    }

    /// Ends a last line that has no end, and with `blank_line` (flag `b`) adds an empty line unless
    /// the last one is empty.
    pub fn finish(&mut self, blank_line: bool, out: &mut Vec<u8>) {
        if !self.at_start || !self.start.is_empty() {
            self.end_line(out);
        }
        if blank_line && !self.blank {
            out.extend_from_slice(&self.form.eol);
        }
    }

    /// Ends without an end for the last line.
    pub fn break_off(&mut self, out: &mut Vec<u8>) {
        if !self.start.is_empty() {
            self.release(out);
        }
    }

    fn text(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let mut line = line;
        while self.at_start && self.form.escape_from {
            let Some((&byte, after)) = line.split_first() else { return };
            self.start.push(byte);
            line = after;
            if self.start == FROM {
                out.push(b'>');
                self.release(out);
            } else if !FROM.starts_with(&self.start) {
                self.release(out);
            }
        }
        if !line.is_empty() {
            self.at_start = false;
            self.bytes(line, out);
        }
    }

    /// The held start of the line was no `From `, or was one and has its `>`.
    fn release(&mut self, out: &mut Vec<u8>) {
        self.at_start = false;
        let start = std::mem::take(&mut self.start);
        self.bytes(&start, out);
    }

    fn bytes(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.form.limit == 0 && !self.form.seven_bit {
            self.column += text.len();
            out.extend_from_slice(text);
            return;
        }
        for &byte in text {
            let byte = if self.form.seven_bit { byte & 0x7f } else { byte };
            self.byte(byte, out);
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if let Some(last) = self.last.take() {
            out.push(b'!');
            out.extend_from_slice(&self.form.eol);
            out.extend_from_slice(&[b' ', last]);
            self.column = 2;
        }
        if self.form.limit > 0 && self.column + 1 == self.form.limit {
            self.last = Some(byte);
        } else {
            out.push(byte);
            self.column += 1;
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if !self.start.is_empty() {
            self.release(out);
        }
        if let Some(last) = self.last.take() {
            out.push(last);
            self.column += 1;
        }
        out.extend_from_slice(&self.form.eol);
        self.blank = self.column == 0;
        self.column = 0;
        self.at_start = true;
    }
}

/// The whole of a header or body in a mailer's form.
#[must_use]
pub fn encode(text: &[u8], form: &LineForm) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut encoder = LineEncoder::new(form.clone());
    encoder.push(text, &mut out);
    encoder.finish(false, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(limit: usize, escape_from: bool) -> LineForm {
        LineForm { limit, escape_from, ..LineForm::default() }
    }

    #[test]
    fn long_lines_are_cut_as_observed() {
        // ML-150: L=60 and lines of 59, 60, 61, 62 and 130 bytes.
        let cut = |length: usize| {
            let text = encode(&[vec![b'g'; length], b"\n".to_vec()].concat(), &form(60, false));
            let lengths: Vec<usize> = text.split(|&b| b == b'\n').map(<[u8]>::len).collect();
            (lengths, text)
        };
        assert_eq!(cut(59).0, [59, 0]);
        assert_eq!(cut(60).0, [60, 0]);
        assert_eq!(cut(61).0, [60, 3, 0]);
        assert_eq!(cut(62).0, [60, 4, 0]);
        assert_eq!(cut(130).0, [60, 60, 14, 0]);
        assert!(cut(61).1.ends_with(b"g!\n gg\n"));
    }

    #[test]
    fn only_body_lines_that_begin_with_from_are_escaped() {
        // Observed with flag E.
        let text = b">From \nFrom x\nFromx\nfrom x\nFrom";
        assert_eq!(encode(text, &form(0, true)), b">From \n>From x\nFromx\nfrom x\nFrom\n");
        assert_eq!(encode(text, &form(0, false)), b">From \nFrom x\nFromx\nfrom x\nFrom\n");
    }

    #[test]
    fn ends_and_bits_are_the_mailers() {
        let crlf = LineForm { eol: b"\r\n".to_vec(), seven_bit: true, ..LineForm::default() };
        assert_eq!(encode(b"a\xe9\n\nb", &crlf), b"ai\r\n\r\nb\r\n");
        let blank_end = |text: &[u8]| {
            let (mut out, mut encoder) = (Vec::new(), LineEncoder::new(LineForm::default()));
            encoder.push(text, &mut out);
            encoder.finish(true, &mut out);
            out
        };
        assert_eq!(blank_end(b"a\n"), b"a\n\n");
        assert_eq!(blank_end(b"a\n\n"), b"a\n\n");
    }

    proptest! {
        #[test]
        fn cuts_between_chunks_change_nothing(
            text in proptest::string::bytes_regex("(From |[a-z.]{0,9}|\n|\\xe9){0,40}").unwrap(),
            cuts in proptest::collection::vec(0usize..60, 0..6),
            limit in 0usize..12,
            escape_from in any::<bool>(),
        ) {
            let whole = encode(&text, &form(limit, escape_from));
            let (mut out, mut encoder) = (Vec::new(), LineEncoder::new(form(limit, escape_from)));
            let mut rest = text.as_slice();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                encoder.push(head, &mut out);
                rest = tail;
            }
            encoder.push(rest, &mut out);
            encoder.finish(false, &mut out);
            prop_assert_eq!(&out, &whole);
            if limit >= 3 && !escape_from {
                prop_assert!(whole.split(|&b| b == b'\n').all(|line| line.len() <= limit));
            }
        }
    }
}
