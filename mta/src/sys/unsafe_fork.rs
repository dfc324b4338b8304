//! Going on in a child process, with `fork(2)`, for which neither the standard library nor nix has a safe
//! form that leaves the parent its exit status.
#![allow(unsafe_code)]

use std::io;

use nix::libc;
use nix::unistd::{ForkResult, fork};

/// The calling process ends with `status`, without cleaning up after anything; its child returns from here. Only the
/// calling thread lives on.
///
/// # Errors
/// The system's error; there is no child then.
pub(super) fn leave_to_child(status: u8) -> io::Result<()> {
    // SAFETY: callers have started no other thread, as for daemon(3), so that no lock is held by one that the child
    // lacks.
    match unsafe { fork() }? {
        ForkResult::Child => Ok(()),
        // SAFETY: ends the process at once; what its memory stands for belongs to the child now.
        ForkResult::Parent { .. } => unsafe { libc::_exit(status.into()) },
    }
}
