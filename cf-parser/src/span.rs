//! Where a thing stands in its file.

/// The place of a logical line, or of something in it. Lines and columns count from 1; a column
/// counts bytes of the physical line it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First physical line of the logical line.
    pub line: u32,
    /// Last physical line of the logical line: the number sendmail names in its messages.
    pub last_line: u32,
    /// Byte column in the first physical line.
    pub column: u32,
}
