//! Places in a file as bytes from its beginning, and as lines and columns.

use cf_parser::Span;
use memchr::memchr_iter;

/// Bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The first byte, from 0.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// Physical line of the first byte, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
}

/// Where the lines of a file begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    starts: Vec<usize>,
    len: usize,
}

impl Places {
    /// The lines of a file.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let starts = std::iter::once(0).chain(memchr_iter(b'\n', bytes).map(|at| at + 1)).collect();
        Self { starts, len: bytes.len() }
    }

    /// The byte at a line and column.
    #[must_use]
    pub fn offset(&self, line: u32, column: u32) -> usize {
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(self.len);
        let column = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
        start.saturating_add(column).min(self.len)
    }

    /// The byte where a span begins.
    #[must_use]
    pub fn start_of(&self, span: Span) -> usize {
        self.offset(span.line, span.column)
    }

    /// The bytes of a physical line (from 1) with its end.
    #[must_use]
    pub fn line(&self, line: u32) -> std::ops::Range<usize> {
        self.offset(line, 1)..self.offset(line.saturating_add(1), 1)
    }

    /// The place of bytes.
    #[must_use]
    pub fn place(&self, start: usize, end: usize) -> Place {
        let (line, column) = self.position(start);
        Place { start, end, line, column }
    }

    /// Line and column of a byte, from 1.
    #[must_use]
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (number(line), number(offset.saturating_sub(start)).saturating_add(1))
    }
}
