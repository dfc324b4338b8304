//! Compiles rewriting rules and runs them: tokenizer, machine, macros, classes, triples.
//!
//! Pure: no file, clock, socket or environment. A run of a ruleset returns a result or a question
//! to a map; the caller answers and steps on.

pub mod classes;
mod compile;
pub mod crack;
mod current_header;
pub mod error_mailer;
mod filling;
mod filter;
mod lexeme;
pub mod limits;
pub mod load;
pub mod machine;
pub mod macros;
pub mod mailer;
pub mod mailer_flags;
pub mod operators;
pub mod prescan;
pub mod program;
pub mod rewriter;
mod status;
pub mod token;
pub mod trace;
pub mod triple;
pub mod validity;
pub mod visible;

pub use classes::Classes;
pub use current_header::current_header;
pub use machine::{Answer, Env, KeyStyle, KnownMaps, Machine, Outcome, Question, Request, Step};
pub use macros::Macros;
pub use program::Program;
pub use rewriter::{Lookups, NoMaps, Parsed, Rewriter, Role};
pub use status::{Enhanced, Exit, Status, split_codes};
pub use triple::{Target, Triple};
