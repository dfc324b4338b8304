//! Waiting for several descriptors with a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What to wait for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something can be read, or the other end is closed.
    Read,
    /// Something can be written, or the other end is closed.
    Write,
}

/// Waits until one of `watched` is ready, or until `deadline`. The answer has one entry per
/// descriptor; all are `false` when the time is over.
///
/// # Errors
/// The system call failed.
pub fn wait(
    watched: &[(BorrowedFd<'_>, Interest)],
    deadline: Option<Instant>,
) -> io::Result<Vec<bool>> {
    let mut entries: Vec<PollFd<'_>> =
        watched.iter().map(|&(fd, interest)| PollFd::new(fd, flags_of(interest))).collect();
    loop {
        match poll(&mut entries, remaining(deadline)) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) if deadline.is_none_or(|end| Instant::now() < end) => {}
            Ok(_) => return Ok(entries.iter().map(|entry| entry.any() == Some(true)).collect()),
        }
    }
}

/// Waits until something can be read from `fd`, at most for `time`; whether nothing ever will, because the other end
/// is closed.
///
/// # Errors
/// The system call failed.
pub fn is_gone(fd: impl AsFd, time: Duration) -> io::Result<bool> {
    let mut entries = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    match poll(&mut entries, remaining(Instant::now().checked_add(time))) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    Ok(entries.iter().any(|entry| entry.revents().is_some_and(|seen| seen.intersects(gone))))
}

/// Makes reads and writes on `fd` return at once.
///
/// # Errors
/// The system call failed.
pub fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let now = fcntl(fd.as_fd(), FcntlArg::F_GETFL)?;
    fcntl(fd.as_fd(), FcntlArg::F_SETFL(OFlag::from_bits_retain(now) | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// The point in time `after` from now; none for a duration of zero, which means no limit in the
/// configuration.
#[must_use]
pub fn deadline_after(after: Duration) -> Option<Instant> {
    if after.is_zero() { None } else { Instant::now().checked_add(after) }
}

fn flags_of(interest: Interest) -> PollFlags {
    match interest {
        Interest::Read => PollFlags::POLLIN,
        Interest::Write => PollFlags::POLLOUT,
    }
}

/// The time left in the form `poll(2)` takes, rounded up; long waits are cut and repeated.
fn remaining(deadline: Option<Instant>) -> PollTimeout {
    let Some(end) = deadline else { return PollTimeout::NONE };
    let left = end.saturating_duration_since(Instant::now()) + Duration::from_micros(999);
    let bounded = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
    PollTimeout::try_from(bounded).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn tells_which_descriptor_is_ready() {
        let (reader, mut writer) = io::pipe().unwrap();
        let watched = [(reader.as_fd(), Interest::Read), (writer.as_fd(), Interest::Write)];
        assert_eq!(wait(&watched, None).unwrap(), [false, true]);
        writer.write_all(b"x").unwrap();
        assert_eq!(wait(&[(reader.as_fd(), Interest::Read)], None).unwrap(), [true]);
    }

    #[test]
    fn gives_up_at_the_deadline() {
        let (reader, _writer) = io::pipe().unwrap();
        let soon = deadline_after(Duration::from_millis(20));
        assert_eq!(wait(&[(reader.as_fd(), Interest::Read)], soon).unwrap(), [false]);
    }
}
