//! Runs a mailer program: environment, user, directories, pipes, captured output, how it ended.
//!
//! DIAGNOSTICS: [`ExecError`] when the program did not start; [`Ended`] says the rest. The output is
//! kept up to [`MAX_CAPTURED`] bytes, read and dropped beyond.

mod own;
mod running;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

pub use mapper::process::{Identity, Ignored, Program};
pub use own::{replace_process, run_as_sendmail};
pub use running::{Ended, Running};

/// Bytes of output kept of one program.
pub const MAX_CAPTURED: usize = 64 * 1024;

/// How the program's output is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output and standard error are captured as one stream.
    Captured,
    /// Standard output is a conversation the caller reads; standard error is captured.
    Conversation,
}

/// A mailer's program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program.
    pub program: Program,
    /// What to do with the output.
    pub output: Output,
}

/// The program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// A word, path or variable holds a NUL byte.
    #[error("NUL byte in an argument of the mailer")]
    Nul,
    /// Pipes could not be made, or fork failed: a lack of resources.
    #[error("cannot start a process: {0}")]
    Resources(io::Error),
    /// The new root directory could not be entered.
    #[error("openmailer: Cannot chroot({root}): {}", crate::sys::errors::describe(source))]
    Chroot {
        /// The directory.
        root: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The change of user, or exec itself failed.
    #[error("Cannot exec {path}: {}", crate::sys::errors::describe(source))]
    Exec {
        /// The program.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
}

impl ExecError {
    /// Whether trying again later may help: the errors that say that the machine is short of
    /// something (ML-131).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Nul => false,
            Self::Resources(_) | Self::Chroot { .. } => true,
            Self::Exec { source, .. } => crate::sys::errors::is_transient(source),
        }
    }
}

/// Starts the program.
///
/// # Errors
/// See [`ExecError`].
pub fn spawn(invocation: &Invocation) -> Result<Running, ExecError> {
    let mut command = invocation.program.command().map_err(|_| ExecError::Nul)?;
    let pipes =
        running::Pipes::attach(&mut command, invocation.output).map_err(ExecError::Resources)?;
    let child = command.spawn();
    // The parent's copies of the child's pipe ends go with the command; only then does the end of
    // the output show.
    drop(command);
    let child = child.map_err(|source| failure(invocation, source))?;
    Running::new(child, pipes).map_err(ExecError::Resources)
}

fn failure(invocation: &Invocation, source: io::Error) -> ExecError {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match source.kind() {
        io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock => ExecError::Resources(source),
        _ => match &invocation.program.root {
            // The child reports a number only; a root that is no directory explains it.
            Some(root) if !is_directory(root) => ExecError::Chroot { root: lossy(root), source },
            _ => ExecError::Exec { path: lossy(&invocation.program.path), source },
        },
    }
}

fn is_directory(path: &[u8]) -> bool {
    std::path::Path::new(OsStr::from_bytes(path)).is_dir()
}

#[cfg(test)]
mod tests;
