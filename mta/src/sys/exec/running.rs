//! A running program: its input, its captured output, its end.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{MAX_CAPTURED, Output};
use crate::sys::poll::{self, Interest};

/// The longest step between two looks at a program that closed its output but still runs.
const STEP: Duration = Duration::from_millis(50);
/// How long a program told to stop is given before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an exit status.
    Exited(u8),
    /// By a signal.
    Signalled {
        /// The signal's number.
        signal: i32,
        /// Whether a core was written.
        core_dumped: bool,
    },
    /// Not within the time given; it has been stopped.
    TimedOut,
}

/// The parent's ends of the pipes.
pub(super) struct Pipes {
    input: PipeWriter,
    conversation: Option<PipeReader>,
    captured: PipeReader,
}

impl Pipes {
    /// Makes the pipes and gives `command` the other ends.
    pub(super) fn attach(command: &mut Command, output: Output) -> io::Result<Self> {
        let (child_input, input) = io::pipe()?;
        let (captured, child_errors) = io::pipe()?;
        command.stdin(child_input);
        let conversation = match output {
            Output::Captured => {
                command.stdout(child_errors.try_clone()?);
                None
            }
            Output::Conversation => {
                let (reader, child_output) = io::pipe()?;
                command.stdout(child_output);
                Some(reader)
            }
        };
        command.stderr(child_errors);
        Ok(Self { input, conversation, captured })
    }
}

/// A started program.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<PipeWriter>,
    conversation: Option<PipeReader>,
    captured: Option<PipeReader>,
    output: Vec<u8>,
}

impl Running {
    pub(super) fn new(child: Child, pipes: Pipes) -> io::Result<Self> {
        poll::set_nonblocking(&pipes.input)?;
        poll::set_nonblocking(&pipes.captured)?;
        if let Some(conversation) = &pipes.conversation {
            poll::set_nonblocking(conversation)?;
        }
        Ok(Self {
            child,
            input: Some(pipes.input),
            conversation: pipes.conversation,
            captured: Some(pipes.captured),
            output: Vec::new(),
        })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes some of `bytes` to the program's input, taking its output meanwhile so that neither
    /// side waits for the other.
    ///
    /// # Errors
    /// `BrokenPipe` when the program no longer reads, `TimedOut` at the deadline.
    pub fn write_some(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            let Some(input) = &mut self.input else { return Err(io::ErrorKind::BrokenPipe.into()) };
            match input.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => return done,
            }
            let mut watched = vec![(input.as_fd(), Interest::Write)];
            if let Some(captured) = &self.captured {
                watched.push((captured.as_fd(), Interest::Read));
            }
            let ready = poll::wait(&watched, deadline)?;
            if !ready.contains(&true) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.drain();
        }
    }

    /// Reads from the conversation (the program's standard output); 0 at its end.
    ///
    /// # Errors
    /// `TimedOut` at the deadline; `NotConnected` if the output is captured instead.
    pub fn read_some(&mut self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            let Some(conversation) = &mut self.conversation else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            match conversation.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => return done,
            }
            let mut watched = vec![(conversation.as_fd(), Interest::Read)];
            if let Some(captured) = &self.captured {
                watched.push((captured.as_fd(), Interest::Read));
            }
            let ready = poll::wait(&watched, deadline)?;
            if !ready.contains(&true) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.drain();
        }
    }

    /// Closes the program's input: it sees the end of the message.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Closes the input and waits for the end of the program, at most `limit` (`W=`; zero: no limit).
    /// The end is that of the program and of its output: a process it left behind that holds the
    /// output is waited for as well (observed). A program that outlives the limit gets SIGTERM, then
    /// SIGKILL.
    ///
    /// # Errors
    /// The process could not be waited for.
    pub fn finish(mut self, limit: Duration) -> io::Result<(Ended, Vec<u8>)> {
        let ended = self.end(limit)?;
        Ok((ended, std::mem::take(&mut self.output)))
    }

    /// [`Running::finish`] for a program that stays in place; its output is dropped.
    ///
    /// # Errors
    /// The process could not be waited for.
    pub fn end(&mut self, limit: Duration) -> io::Result<Ended> {
        self.input = None;
        self.conversation = None;
        let ended = match self.wait_until(poll::deadline_after(limit))? {
            Some(status) => ended(status),
            None => {
                self.stop()?;
                Ended::TimedOut
            }
        };
        self.drain();
        Ok(ended)
    }

    /// The status once the program ended, nothing when the deadline came first.
    fn wait_until(&mut self, deadline: Option<Instant>) -> io::Result<Option<ExitStatus>> {
        let mut step = Duration::from_millis(1);
        loop {
            if self.captured.is_none()
                && let Some(status) = self.child.try_wait()?
            {
                return Ok(Some(status));
            }
            let now = Instant::now();
            if deadline.is_some_and(|end| end <= now) {
                return Ok(None);
            }
            if let Some(captured) = &self.captured {
                poll::wait(&[(captured.as_fd(), Interest::Read)], deadline)?;
                self.drain();
                continue;
            }
            if deadline.is_none() {
                return self.child.wait().map(Some);
            }
            std::thread::sleep(deadline.map_or(step, |end| step.min(end - now)));
            step = (step * 2).min(STEP);
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let end = Instant::now() + GRACE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() >= end {
                self.child.kill()?;
                self.child.wait()?;
                break;
            }
            std::thread::sleep(STEP);
        }
        Ok(())
    }

    /// Takes what the program has written so far.
    fn drain(&mut self) {
        let mut buffer = [0; 4096];
        while let Some(captured) = &mut self.captured {
            match captured.read(&mut buffer) {
                Ok(0) => self.captured = None,
                Ok(count) => {
                    let room = MAX_CAPTURED.saturating_sub(self.output.len());
                    self.output.extend_from_slice(&buffer[..count.min(room)]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.captured = None,
            }
        }
    }
}

impl Drop for Running {
    /// A program nobody waited for is killed, so that no process is left behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        (None, Some(signal)) => Ended::Signalled { signal, core_dumped: status.core_dumped() },
        (None, None) => Ended::Exited(u8::MAX),
    }
}
