//! Address test mode and the tools beyond it.

pub mod answering;
pub mod bt;
pub mod compare;
pub mod debugger;
pub mod engine;
pub mod explain;
pub mod html;
pub mod json;
pub mod machine;
pub mod show;
pub mod source;
pub mod story;
pub mod traces;
