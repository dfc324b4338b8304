//! The server's side of a conversation: a connection or standard input and output, read only when
//! there is something to read, and a bell that ends waiting.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::net::Channel;
use super::poll::{self, Interest};

/// Why a wait for input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// There is something to read, or the peer closed.
    Input,
    /// The time is over.
    Silence,
    /// The bell was rung.
    Bell,
}

/// Rung once, heard by all who wait and by all who ask later.
#[derive(Clone, Debug)]
pub struct Bell {
    reader: Arc<io::PipeReader>,
    writer: Arc<Mutex<Option<io::PipeWriter>>>,
}

impl Bell {
    /// A bell nobody has rung.
    ///
    /// # Errors
    /// No descriptors are left.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader: Arc::new(reader), writer: Arc::new(Mutex::new(Some(writer))) })
    }

    /// Rings.
    pub fn ring(&self) {
        // Closing the only writer makes the pipe readable for ever.
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Whether it was rung.
    #[must_use]
    pub fn rung(&self) -> bool {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Waits for the bell; true if it was rung within `limit`.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> bool {
        let end = Some(std::time::Instant::now() + limit);
        let watched = [(self.as_fd(), Interest::Read)];
        poll::wait(&watched, end).map_or(self.rung(), |ready| ready.contains(&true))
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// A conversation whose next input can be waited for.
pub trait Duplex: Channel {
    /// The descriptor that input comes from; none if [`Duplex::wait_input`] knows another way.
    fn input(&self) -> Option<BorrowedFd<'_>>;

    /// Waits for input, at most `limit` (`None`: without end; zero: not at all), or until `bell`.
    ///
    /// # Errors
    /// The system's error.
    fn wait_input(&self, limit: Option<Duration>, bell: Option<&Bell>) -> io::Result<Woken> {
        let now = std::time::Instant::now();
        // Beyond what a clock can show there is no limit.
        let end = limit.and_then(|limit| now.checked_add(limit));
        let Some(input) = self.input() else { return Ok(Woken::Input) };
        let mut watched = vec![(input, Interest::Read)];
        watched.extend(bell.map(|bell| (bell.as_fd(), Interest::Read)));
        let ready = poll::wait(&watched, end)?;
        Ok(match ready.as_slice() {
            [_, true] => Woken::Bell,
            [true, ..] => Woken::Input,
            _ => Woken::Silence,
        })
    }
}

impl Duplex for TcpStream {
    fn input(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

impl Duplex for UnixStream {
    fn input(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// Two descriptors, as standard input and output of `-bs`.
#[derive(Debug)]
pub struct Pipes {
    input: File,
    output: File,
}

impl Pipes {
    /// Standard input and output of this process.
    ///
    /// # Errors
    /// They are closed, or no descriptors are left.
    pub fn standard() -> io::Result<Self> {
        Ok(Self { input: super::terminal::input()?, output: super::terminal::output()? })
    }

    /// Input and output from two open descriptors.
    #[must_use]
    pub fn new(input: File, output: File) -> Self {
        Self { input, output }
    }
}

impl Channel for Pipes {
    fn send(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        let watched = [(self.output.as_fd(), Interest::Write)];
        if !poll::wait(&watched, poll::deadline_after(limit))?.contains(&true) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.output.write_all(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], limit: Duration) -> io::Result<usize> {
        let limit = (!limit.is_zero()).then_some(limit);
        if self.wait_input(limit, None)? == Woken::Silence {
            return Err(io::ErrorKind::TimedOut.into());
        }
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Duplex for Pipes {
    fn input(&self) -> Option<BorrowedFd<'_>> {
        Some(self.input.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_input_silence_or_the_bell() {
        let (here, mut there) = UnixStream::pair().unwrap();
        let bell = Bell::new().unwrap();
        let wait = |limit| here.wait_input(Some(Duration::from_millis(limit)), Some(&bell));
        assert_eq!(wait(0).unwrap(), Woken::Silence);
        assert_eq!(wait(10).unwrap(), Woken::Silence);
        there.write_all(b"x").unwrap();
        assert_eq!(wait(60_000).unwrap(), Woken::Input);
        let other = bell.clone();
        assert!(!other.rung() && !other.wait(Duration::ZERO));
        bell.ring();
        assert!(other.rung() && other.wait(Duration::from_secs(60)));
        assert_eq!(wait(60_000).unwrap(), Woken::Bell);
    }

    #[test]
    fn a_closed_peer_is_input() {
        let (here, there) = UnixStream::pair().unwrap();
        drop(there);
        assert_eq!(here.wait_input(None, None).unwrap(), Woken::Input);
    }
}
