//! Address test mode and the tools beyond it.

pub mod answering;
pub mod bt;
pub mod engine;
pub mod explain;
pub mod export;
pub mod json;
pub mod machine;
pub mod show;
pub mod source;
pub mod story;
pub mod traces;
