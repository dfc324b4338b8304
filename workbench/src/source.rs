//! The text of a configuration by lines, to show what stands where.

use cf_parser::Span;

/// The lines of a file.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the file is called.
    name: Vec<u8>,
    bytes: Vec<u8>,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Source {
    /// The file `name` with these bytes.
    #[must_use]
    pub fn new(name: &[u8], bytes: &[u8]) -> Self {
        let ends = memchr::memchr_iter(b'\n', bytes).map(|end| end + 1);
        let starts = std::iter::once(0).chain(ends).filter(|start| *start < bytes.len()).collect();
        Self { name: name.to_vec(), bytes: bytes.to_vec(), starts }
    }

    /// What the file is called.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// A line, from 1, without its end; empty if there is no such line.
    #[must_use]
    pub fn line(&self, number: u32) -> &[u8] {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let Some(start) = index.and_then(|index| self.starts.get(index)) else { return b"" };
        let rest = self.bytes.get(*start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The same with another line in the place of one; all lines are kept as they are otherwise, with their ends.
    #[must_use]
    pub fn with_line(&self, number: u32, text: &[u8]) -> Self {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let Some(start) = index.and_then(|index| self.starts.get(index)) else {
            return self.clone();
        };
        let (head, tail) = self.bytes.split_at(*start);
        let rest = tail.get(self.line(number).len()..).unwrap_or_default();
        Self::new(&self.name, &[head, text, rest].concat())
    }

    /// The lines of a logical line.
    pub fn lines(&self, span: Span) -> impl Iterator<Item = &[u8]> {
        (span.line..=span.last_line.max(span.line)).map(|number| self.line(number))
    }

    /// `FILE:LINE`
    #[must_use]
    pub fn place(&self, line: u32) -> Vec<u8> {
        [&self.name, format!(":{line}").as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_number() {
        let source = Source::new(b"x.cf", b"one\r\n\ttwo\n\nlast");
        assert_eq!(source.len(), 4);
        assert_eq!([source.line(1), source.line(2), source.line(3)], [&b"one"[..], b"\ttwo", b""]);
        assert_eq!([source.line(4), source.line(5), source.line(0)], [&b"last"[..], b"", b""]);
        let span = Span { line: 1, last_line: 2, column: 1 };
        assert_eq!(source.lines(span).count(), 2);
        assert_eq!(source.place(4), b"x.cf:4");
        assert_eq!(source.with_line(1, b"1").bytes(), b"1\r\n\ttwo\n\nlast");
        assert_eq!(source.with_line(4, b"").bytes(), b"one\r\n\ttwo\n\n");
        assert_eq!(source.with_line(5, b"x").bytes(), source.bytes());
    }
}
