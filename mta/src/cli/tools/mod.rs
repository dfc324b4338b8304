//! The commands of the workbench: each a file of its own, which reads its words, lets the pure part in
//! [`workbench`] work, and prints.

mod addresses;
pub(super) mod check;
mod conclusion;
pub(super) mod coverage;
pub(super) mod debug;
pub(super) mod diff;
pub(super) mod doc;
mod elsewhere;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod fmt;
pub(super) mod lsp;
pub(super) mod origin;
mod output;
mod player;
mod progress;
pub(super) mod replay;
pub(super) mod session;
mod subject;
pub(super) mod test;
mod test_mode_runs;
mod trials;

/// Exit statuses of all of them.
mod exit {
    /// Nothing found, nothing different.
    pub(in crate::cli) const SAME: u8 = 0;
    /// Something found, something different.
    pub(in crate::cli) const DIFFERENT: u8 = 1;
    /// It could not be done; also for wrong usage.
    pub(in crate::cli) const CANNOT: u8 = 2;
}

pub(in crate::cli) use exit::CANNOT;
