//! What exists before the first line of a file: the macros and classes with a meaning of their own,
//! in two tables that the loader, the names of the reader and the documentation read.

mod classes;
mod document;
mod macros;

pub use classes::{CLASSES, ClassSpec};
pub use document::macros_markdown;
pub use macros::MACROS;

/// A macro that sendmail sets, or that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacroSpec {
    /// Row of the reference: `MC-` and this number.
    pub id: u16,
    /// Name without braces.
    pub name: &'static str,
    /// Its value when the first line is read.
    pub start: Start,
    /// What code a name of more than one character has.
    pub code: Code,
    /// Who sets it, and when.
    pub set: &'static str,
    /// What it is.
    pub summary: &'static str,
}

/// The value of a macro when the first line of the file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Undefined.
    Undefined,
    /// This text.
    Text(&'static str),
    /// The version of sendmail whose behaviour this is.
    Version,
    /// The name of this host.
    HostName,
    /// The name of this host behind its first dot; undefined if it has none.
    Domain,
    /// The node name of the system.
    Node,
    /// The date in the form of RFC 822.
    Date,
    /// The letter of the operation mode.
    Mode,
}

/// How the one-byte code of a long name comes about (CF-070).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// When the name is met, the next of the table of 96.
    WhenMet,
    /// Before the file is read, from the same table.
    Early,
    /// A code that is not of the table.
    Fixed(u8),
}

#[cfg(test)]
mod tests;
