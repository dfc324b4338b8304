//! The bytes of a file by lines: from lines and columns to bytes and back, and where in a line a text
//! stands.

use std::ops::Range;

use cf_parser::Span;

/// A file and where its lines begin.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Where each physical line begins.
    starts: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Reads the lines of a file.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let starts = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', bytes).map(|end| end + 1))
            .collect();
        Self { bytes, starts }
    }

    /// How many physical lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        let open = self.starts.last().is_some_and(|start| *start < self.bytes.len());
        self.starts.len() - usize::from(!open)
    }

    /// Where the physical line of this number (from 1) stands, without its end.
    #[must_use]
    pub fn line(&self, number: u32) -> Range<usize> {
        let index = (number as usize).saturating_sub(1);
        let Some(&start) = self.starts.get(index) else {
            return self.bytes.len()..self.bytes.len();
        };
        let end = self.starts.get(index + 1).map_or(self.bytes.len(), |next| next - 1);
        let end = end.max(start);
        let text = self.bytes.get(start..end).unwrap_or_default();
        start..start + text.strip_suffix(b"\r").unwrap_or(text).len()
    }

    /// The bytes of a range.
    #[must_use]
    pub fn text(&self, at: Range<usize>) -> &'a [u8] {
        self.bytes.get(at).unwrap_or_default()
    }

    /// The bytes of a physical line.
    #[must_use]
    pub fn line_text(&self, number: u32) -> &'a [u8] {
        self.text(self.line(number))
    }

    /// Where a logical line stands, from its first byte to its last; nothing for the file as a whole.
    #[must_use]
    pub fn logical(&self, span: Span) -> Option<Range<usize>> {
        if span.line == 0 {
            return None;
        }
        Some(self.line(span.line).start..self.line(span.last_line.max(span.line)).end)
    }

    /// Line and byte column (both from 1) of a byte.
    #[must_use]
    pub fn position(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (number(line), number(at.saturating_sub(start)).saturating_add(1))
    }

    /// Where `text` first stands in a logical line, as a whole word if it ends in a letter or digit;
    /// the first physical line if it does not.
    #[must_use]
    pub fn find(&self, span: Span, text: &[u8]) -> Option<Range<usize>> {
        let whole = self.logical(span)?;
        let found = self.find_in(whole, text);
        Some(found.unwrap_or_else(|| self.line(span.line)))
    }

    /// Where `text` first stands in a range, as a whole word if it ends in a letter or digit.
    #[must_use]
    pub fn find_in(&self, within: Range<usize>, text: &[u8]) -> Option<Range<usize>> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let line = self.text(within.clone());
        // an operator and its one letter are no word
        let bound = text.last().is_some_and(is_word) && text.first().is_some_and(is_word);
        memchr::memmem::find_iter(line, text)
            .find(|at| {
                let before = at.checked_sub(1).and_then(|at| line.get(at));
                let behind = line.get(at + text.len());
                !bound || !(before.is_some_and(is_word) || behind.is_some_and(is_word))
            })
            .map(|at| within.start + at..within.start + at + text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let source = Places::new(b"ab\r\n\nlast $x word");
        assert_eq!(source.lines(), 3);
        assert_eq!((source.line(1), source.line(2), source.line(3)), (0..2, 4..4, 5..17));
        assert_eq!(source.line(9), 17..17);
        assert_eq!((source.position(0), source.position(6)), ((1, 1), (3, 2)));
        assert_eq!(Places::new(b"").lines(), 0);
        assert_eq!(Places::new(b"a\n").lines(), 1);
    }

    #[test]
    fn words_are_found_whole() {
        let span = Span { line: 1, last_line: 1, column: 1 };
        let source = Places::new(b"Rab a $ab");
        assert_eq!(source.find(span, b"a"), Some(4..5));
        assert_eq!(source.find(span, b"$a"), Some(6..8));
        assert_eq!(source.find(span, b"zz"), Some(0..9));
        assert_eq!(source.find(Span::default(), b"a"), None);
    }
}
