//! Runs a mailer program: environment, user, directories, pipes, captured output, how it ended.
//!
//! DIAGNOSTICS: [`ExecError`] when the program did not start; [`Ended`] says the rest. The output is
//! kept up to [`MAX_CAPTURED`] bytes, read and dropped beyond.

mod own;
mod running;
mod unsafe_child;

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

pub use own::{replace_process, run_as_sendmail};
pub use running::{Ended, Running};

/// Bytes of output kept of one program.
pub const MAX_CAPTURED: usize = 64 * 1024;

/// The user a program runs as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// That of this process.
    #[default]
    Unchanged,
    /// User, group and group list are set for good.
    Full {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// All groups, `gid` among them; resolved by the caller.
        groups: Vec<u32>,
    },
    /// Flag `S` with `U=`: real user id and group list stay, the group and the effective user id are
    /// set (ML-024).
    EffectiveOnly {
        /// Effective user id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Identity {
    fn groups(&self) -> impl Iterator<Item = u32> + '_ {
        let groups: &[u32] = match self {
            Self::Unchanged | Self::EffectiveOnly { .. } => &[],
            Self::Full { groups, .. } => groups,
        };
        groups.iter().copied()
    }
}

/// How the program's output is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output and standard error are captured as one stream.
    Captured,
    /// Standard output is a conversation the caller reads; standard error is captured.
    Conversation,
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The file to execute; no search path is used.
    pub path: Vec<u8>,
    /// The argument vector with the program's name in front.
    pub argv: Vec<Vec<u8>>,
    /// The complete environment, `NAME=value` each (ML-102).
    pub environment: Vec<Vec<u8>>,
    /// The user.
    pub identity: Identity,
    /// The directory to chroot to.
    pub root: Option<Vec<u8>>,
    /// Working directories, tried in order.
    pub directories: Vec<Vec<u8>>,
    /// Increment of the nice value.
    pub nice: i32,
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
    let mut command = build(invocation)?;
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
        io::ErrorKind::InvalidInput => ExecError::Nul,
        io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock => ExecError::Resources(source),
        _ => match &invocation.root {
            // The child reports a number only; a root that is no directory explains it.
            Some(root) if !is_directory(root) => ExecError::Chroot { root: lossy(root), source },
            _ => ExecError::Exec { path: lossy(&invocation.path), source },
        },
    }
}

fn is_directory(path: &[u8]) -> bool {
    std::path::Path::new(OsStr::from_bytes(path)).is_dir()
}

fn build(invocation: &Invocation) -> Result<Command, ExecError> {
    // Without a slash the standard library would search PATH, which sendmail does not.
    let path = if invocation.path.contains(&b'/') {
        invocation.path.clone()
    } else {
        [b"./", invocation.path.as_slice()].concat()
    };
    let mut command = Command::new(OsStr::from_bytes(&path));
    let mut words = invocation.argv.iter().map(|word| OsStr::from_bytes(word));
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    command.args(words).env_clear().stdin(Stdio::null());
    for variable in &invocation.environment {
        if let Some(at) = variable.iter().position(|&byte| byte == b'=') {
            let (name, value) = variable.split_at(at);
            command.env(OsStr::from_bytes(name), OsStr::from_bytes(&value[1..]));
        }
    }
    unsafe_child::attach(&mut command, preparation(invocation)?);
    Ok(command)
}

fn preparation(invocation: &Invocation) -> Result<unsafe_child::Preparation, ExecError> {
    let c_string = |bytes: &Vec<u8>| CString::new(bytes.clone()).map_err(|_| ExecError::Nul);
    Ok(unsafe_child::Preparation {
        root: invocation.root.as_ref().map(c_string).transpose()?,
        nice: invocation.nice,
        identity: invocation.identity.clone(),
        directories: invocation.directories.iter().map(c_string).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests;
