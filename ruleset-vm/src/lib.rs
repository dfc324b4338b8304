//! Compiles rewriting rules and runs them: tokenizer, machine, macros, classes, triples.

mod status;

pub use status::{Enhanced, Exit, Status};
