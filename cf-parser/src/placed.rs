//! Lines with the places of what stands in them, for tools that show or change a file.

use crate::item::Directive;
use crate::span::Span;
use crate::text::Piece;
use crate::translate::Line;

/// A logical line as it was read, whether it was understood or not. Lines of comments and empty lines
/// are none.
#[derive(Clone, Debug)]
pub struct PlacedLine {
    /// Where it stands.
    pub span: Span,
    /// The level in force: comments within lines exist from 3 on.
    pub level: i32,
    /// What it says; `None` when it was not understood.
    pub directive: Option<Directive>,
    pub(crate) line: Line,
}

impl PlacedLine {
    /// The line with `$` read, its comments and the blanks at its end left out. The first piece is the
    /// letter of its kind.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.line.text
    }

    /// Where the piece at `at` begins; `None` behind the last.
    #[must_use]
    pub fn place(&self, at: usize) -> Option<Span> {
        let place = self.line.place(at)?;
        Some(Span { line: place.line, last_line: self.span.last_line, column: place.column })
    }
}
