//! The commands of the workbench: each a file of its own, which reads its words, lets the pure part in
//! [`workbench`] work, and prints.

mod elsewhere;
pub(super) mod explain;
pub(super) mod export;
mod output;
mod subject;

/// Exit statuses of all of them.
mod exit {
    /// Nothing found, nothing different.
    pub(in crate::cli) const SAME: u8 = 0;
    #[allow(dead_code, reason = "commands that find or compare")]
    /// Something found, something different.
    pub(in crate::cli) const DIFFERENT: u8 = 1;
    /// It could not be done; also for wrong usage.
    pub(in crate::cli) const CANNOT: u8 = 2;
}

pub(in crate::cli) use exit::CANNOT;
