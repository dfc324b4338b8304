//! Reads `sendmail.cf` files into typed values that know file, line and column.
//!
//! Pure: bytes in, [`Config`] and diagnostics out; no file is opened and parsing never fails.

pub mod debug;
pub mod diagnostic;
pub mod dialect;
pub mod item;
mod lines;
mod munch;
pub mod names;
mod numbers;
pub mod options;
mod placed;
pub mod predefined;
pub mod print;
mod reading;
pub mod span;
pub mod text;
mod translate;

pub use diagnostic::{Diagnostic, Severity};
pub use item::{Config, Directive, Item};
pub use names::{ParsedName, parse_name};
pub use placed::PlacedLine;
pub use print::print;
pub use reading::{Items, MAX_LEVEL, level_check, parse, parse_option};
pub use span::Span;
pub use text::{Name, Op, Piece, Text};
pub use translate::{in_message, octets, octets_of_line, parse_text};
