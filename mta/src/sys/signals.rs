//! The signals a daemon obeys, read from a descriptor instead of interrupting anything.

use std::io;
use std::os::fd::AsFd as _;
use std::time::Instant;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::poll::{self, Interest};

/// What a signal asks for (CMD-125..CMD-127).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM, SIGINT: an orderly stop.
    Stop,
    /// SIGHUP: start again with the saved arguments.
    Restart,
    /// SIGUSR1: tell the log how things are.
    DumpState,
}

/// The requests, in the order of their signals.
const REQUESTS: [(Signal, Request); 4] = [
    (Signal::SIGTERM, Request::Stop),
    (Signal::SIGINT, Request::Stop),
    (Signal::SIGHUP, Request::Restart),
    (Signal::SIGUSR1, Request::DumpState),
];

/// Receives the signals of this process.
#[derive(Debug)]
pub struct Signals {
    descriptor: SignalFd,
}

impl Signals {
    /// Takes the signals over. To be called before other threads start, which inherit that they
    /// leave the signals alone; programs started later do not.
    ///
    /// # Errors
    /// The system's error.
    pub fn take_over() -> io::Result<Self> {
        let set: SigSet = REQUESTS.into_iter().map(|(signal, _)| signal).collect();
        set.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self { descriptor: SignalFd::with_flags(&set, flags)? })
    }

    /// The next request, or `None` at `deadline` (`None`: waits without end).
    ///
    /// # Errors
    /// The system's error.
    pub fn wait(&self, deadline: Option<Instant>) -> io::Result<Option<Request>> {
        poll::wait(&[(self.descriptor.as_fd(), Interest::Read)], deadline)?;
        let Some(info) = self.descriptor.read_signal()? else { return Ok(None) };
        let row = REQUESTS.iter().find(|(signal, _)| *signal as u32 == info.ssi_signo);
        Ok(row.map(|(_, request)| *request))
    }
}
