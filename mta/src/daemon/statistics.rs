//! Counting for the statistics file: kept in memory, written when a session, a submission or a delivery ends.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::events::statistics::Statistics;
use crate::sys::statistics_file;

/// The counts of this process that are not in the file yet.
#[derive(Debug, Default)]
pub struct Counting {
    /// `StatusFile`.
    path: Option<PathBuf>,
    counts: Mutex<Statistics>,
}

impl Counting {
    /// Counts for the file at `path`; nothing is counted without one.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, counts: Mutex::default() }
    }

    /// Counts something.
    pub(super) fn count(&self, what: impl FnOnce(&mut Statistics)) {
        if self.path.is_some() {
            what(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Writes to the file what has come together. Errors are nobody's trouble, as in sendmail.
    pub fn save(&self) {
        let Some(path) = &self.path else { return };
        let counts =
            std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        if !counts.is_empty() {
            let _ = statistics_file::add(path, &counts);
        }
    }
}
