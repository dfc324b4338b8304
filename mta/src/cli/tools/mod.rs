//! The commands of the workbench: each a file of its own, which reads its words, lets the pure part in
//! [`workbench`] work, and prints.

mod addresses;
pub(super) mod diff;
mod elsewhere;
pub(super) mod explain;
mod output;
mod progress;
pub(super) mod replay;
mod subject;
mod test_mode_runs;

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
