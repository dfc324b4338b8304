//! A process that goes to the background, and one that becomes another program.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Goes to the background: a new session, standard files on `/dev/null`; the calling process ends
/// with `status`. Only the calling thread lives on, so no other may have been started.
///
/// # Errors
/// The system's error.
pub fn detach(status: u8) -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    super::unsafe_fork::leave_to_child(status)?;
    nix::unistd::setsid()?;
    nix::unistd::dup2_stdin(&nothing)?;
    nix::unistd::dup2_stdout(&nothing)?;
    nix::unistd::dup2_stderr(&nothing)?;
    Ok(())
}

/// Becomes `program`; returns only with the reason why not.
pub fn replace_with(program: &OsStr, words: impl IntoIterator<Item = OsString>) -> io::Error {
    Command::new(program).args(words).exec()
}
