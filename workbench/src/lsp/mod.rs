//! A language server for configurations: messages in, messages out.
//!
//! Speaks version 3.17 of the protocol: diagnostics, hover, definition, references, highlights, symbols,
//! rename and formatting. Documents are what the editor says they are; nothing is read from disk.

mod codec;
mod document;
mod findings;
mod hover;
mod position;
mod rename;
mod server;
mod symbols;
#[cfg(test)]
mod tests;

pub use codec::{Decoder, FrameError, LARGEST, encode};
pub use server::{Server, Step};
