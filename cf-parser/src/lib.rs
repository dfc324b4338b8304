//! Reads `sendmail.cf` files into typed values that know file, line and column.
//!
//! Pure: bytes in, [`Config`] and diagnostics out; no file is opened and parsing never fails.

pub mod diagnostic;
pub mod item;
pub mod span;
pub mod text;

pub use diagnostic::{Diagnostic, Severity};
pub use item::{Config, Directive, Item};
pub use span::Span;
pub use text::{Name, Op, Piece, Text};
