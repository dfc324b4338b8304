//! The signals a daemon or a dialogue obeys, read from a descriptor instead of interrupting anything.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use super::poll::{self, Interest};

/// What a signal asks for (CMD-125..CMD-127).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// An orderly stop.
    Stop,
    /// Start again with the saved arguments.
    Restart,
    /// Tell the log how things are.
    DumpState,
    /// Leave what is being done, go on with the next.
    Interrupt,
}

/// Has this process obey a request as if it had come from outside.
///
/// # Errors
/// The system's error.
pub fn ask_self(request: Request) -> io::Result<()> {
    match DAEMON.iter().find(|(_, asked)| *asked == request) {
        Some((signal, _)) => Ok(kill(Pid::this(), *signal)?),
        None => Ok(()),
    }
}

/// Which signal asks what.
type Requests = &'static [(Signal, Request)];

const DAEMON: Requests = &[
    (Signal::SIGTERM, Request::Stop),
    (Signal::SIGINT, Request::Stop),
    (Signal::SIGHUP, Request::Restart),
    (Signal::SIGUSR1, Request::DumpState),
];

/// Address test mode (observed); other signals do what they do to any program.
const DIALOGUE: Requests = &[
    (Signal::SIGTERM, Request::Stop),
    (Signal::SIGINT, Request::Interrupt),
    (Signal::SIGUSR1, Request::DumpState),
];

/// A full screen, which is to be left before the program ends.
const SCREEN: Requests = &[
    (Signal::SIGTERM, Request::Stop),
    (Signal::SIGINT, Request::Stop),
    (Signal::SIGHUP, Request::Stop),
    (Signal::SIGQUIT, Request::Stop),
];

/// Receives the signals of this process.
#[derive(Debug)]
pub struct Signals {
    descriptor: SignalFd,
    requests: Requests,
}

impl Signals {
    /// Takes the signals of a daemon over. To be called before other threads start, which inherit
    /// that they leave the signals alone; programs of mailers do not (`exec`).
    ///
    /// # Errors
    /// The system's error.
    pub fn take_over() -> io::Result<Self> {
        Self::of(DAEMON)
    }

    /// Takes the signals of a dialogue over, as [`Signals::take_over`].
    ///
    /// # Errors
    /// The system's error.
    pub fn of_dialogue() -> io::Result<Self> {
        Self::of(DIALOGUE)
    }

    /// Takes the signals that end a program with a full screen over, as [`Signals::take_over`].
    ///
    /// # Errors
    /// The system's error.
    pub fn of_screen() -> io::Result<Self> {
        Self::of(SCREEN)
    }

    fn of(requests: Requests) -> io::Result<Self> {
        let set: SigSet = requests.iter().map(|(signal, _)| *signal).collect();
        set.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self { descriptor: SignalFd::with_flags(&set, flags)?, requests })
    }

    /// The next request, or `None` at `deadline` (`None`: waits without end).
    ///
    /// # Errors
    /// The system's error.
    pub fn wait(&self, deadline: Option<Instant>) -> io::Result<Option<Request>> {
        poll::wait(&[(self.as_fd(), Interest::Read)], deadline)?;
        self.pending()
    }

    /// The next request, if there is one already.
    ///
    /// # Errors
    /// The system's error.
    pub fn pending(&self) -> io::Result<Option<Request>> {
        let Some(info) = self.descriptor.read_signal()? else { return Ok(None) };
        let row = self.requests.iter().find(|(signal, _)| *signal as u32 == info.ssi_signo);
        Ok(row.map(|(_, request)| *request))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
