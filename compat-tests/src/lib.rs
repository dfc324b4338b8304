//! Differential tests against real sendmail.
//!
//! The *oracle* (real sendmail) and *bangpath* run the same scripts in the same small [`world`]; what
//! they print, leave in files and exit with is [munged](munge) and compared. See `README.md` for how
//! to run one case and how to record the goldens again.

pub mod addresses;
pub mod bt;
pub mod compare;
pub mod config;
pub mod delivery_status;
pub mod diff;
pub mod golden;
pub mod mdcase;
pub mod munge;
pub mod mutate;
pub mod questions;
pub mod subject;
pub mod suite;
pub mod sweep;
pub mod world;

/// How many of 1000 transcripts must be equal at least, by family of tests. To be raised, never lowered.
/// Whole configurations are held to nearly all; the hand-written cases, which look for the corners, to
/// what has been reached: their differences are listed in `known-differences.txt`.
pub const MIN_EQUAL_PER_MILLE: &[(&str, usize)] = &[
    ("configurations", 999),
    ("written", 999),
    ("platforms", 999),
    ("collected", 999),
    ("bt", 995),
    ("sh", 970),
    // Replies of servers, and of sessions that are played.
    ("served sessions", 997),
    ("sessions", 995),
    // Random ones: what is rare and known comes up in some.
    ("dialogues", 985),
    ("submissions", 920),
];

/// The row of [`MIN_EQUAL_PER_MILLE`]; all for a family without one.
pub fn floor_per_mille(family: &str) -> usize {
    MIN_EQUAL_PER_MILLE.iter().find(|(name, _)| *name == family).map_or(1000, |(_, floor)| *floor)
}

/// What can go wrong in the harness itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be used.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A case file does not have the documented form.
    #[error("{file}:{line}: {text}")]
    Case {
        /// The case file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        text: String,
    },
    /// A program that the harness needs failed or is missing.
    #[error("{0}")]
    Tool(String),
    /// Reports that bangpath has written are not as RFC 3464 wants them.
    #[error("malformed reports:\n{}", .0.join("\n"))]
    Reports(Vec<String>),
}

/// Results of the harness.
pub type Result<T> = std::result::Result<T, Error>;

/// Names the path in an I/O error.
pub fn at<T>(path: &std::path::Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|source| Error::Io { path: path.display().to_string(), source })
}
