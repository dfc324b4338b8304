//! Address test mode and the tools beyond it.

pub mod answering;
pub mod bt;
pub mod explain;
pub mod layout;
pub mod nowhere;
pub mod show;
pub mod traces;
pub mod xref;
