//! Address test mode and the tools beyond it.

pub mod answering;
pub mod bt;
pub mod check;
pub mod compare;
pub mod coverage;
pub mod debugger;
pub mod doc;
pub mod engine;
pub mod explain;
pub mod export;
pub mod html;
pub mod json;
pub mod layout;
pub mod lsp;
pub mod machine;
pub mod nowhere;
pub mod origin;
pub mod replay;
pub mod session;
pub mod show;
pub mod source;
pub mod story;
pub mod suite;
pub mod traces;
pub mod words;
pub mod xref;
