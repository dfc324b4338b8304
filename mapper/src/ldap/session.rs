//! One connection to a directory server: requests out, messages in.

use std::io;

use super::message::{self, Reply, Search};
use super::{ber, result_code};
use crate::services::{Services, Stream};

/// A message may have so many octets.
const MAX_MESSAGE: usize = 8 << 20;
/// Octets read at a time.
const CHUNK: usize = 16 << 10;

/// Why a server gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot be reached, or not any more.
    Closed,
    /// It has not answered in time.
    Late,
    /// It speaks otherwise.
    Malformed,
    /// It has given this code.
    Code(i32),
}

impl Fault {
    /// libldap's and the system's words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Closed => "Can't contact LDAP server",
            Self::Late => "Connection timed out",
            Self::Malformed => "Decoding error",
            Self::Code(code) => result_code::words(code),
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) fn ends_session(self) -> bool {
        !matches!(self, Self::Code(code) if code != result_code::UNAVAILABLE)
    }
}

/// Whether more of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The rest.
    More,
    /// Nothing more.
    Enough,
}

/// Until when an answer must be there, in seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(u64);

impl Deadline {
    pub(crate) fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    pub(crate) fn after(services: &mut dyn Services, seconds: u32) -> Self {
        Self(services.now().saturating_add(u64::from(seconds)))
    }
}

pub(crate) struct Session {
    /// None once it could not be protected.
    stream: Option<Box<dyn Stream>>,
    received: Vec<u8>,
    /// How much of it has been read.
    read: usize,
    last_id: u32,
}

impl Session {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: Some(stream), received: Vec::new(), read: 0, last_id: 0 }
    }

    /// Logs in.
    pub(crate) fn bind(
        &mut self,
        version: u32,
        name: &[u8],
        password: &[u8],
        services: &mut dyn Services,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        let id = self.send(&message::bind(version, name, password))?;
        self.answer(id, services, deadline, |_| Wanted::More)
    }

    /// Asks the server to go on with TLS. [`Fault::Code`]: it will not, and the connection stays as it is.
    pub(crate) fn ask_for_tls(
        &mut self,
        services: &mut dyn Services,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        let id = self.send(&message::start_tls())?;
        self.answer(id, services, deadline, |_| Wanted::More)?;
        // what somebody in between has put behind the answer must not count as protected
        if self.read < self.received.len() { Err(Fault::Malformed) } else { Ok(()) }
    }

    /// Protects the connection from here on by what `secure` makes of it.
    pub(crate) fn protect(
        &mut self,
        secure: impl FnOnce(Box<dyn Stream>) -> io::Result<Box<dyn Stream>>,
    ) -> io::Result<()> {
        let stream = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        self.stream = Some(secure(stream)?);
        Ok(())
    }

    /// Sends a question; its answer is to be read with [`Self::answer`].
    pub(crate) fn ask(&mut self, search: &Search<'_>) -> Result<u32, Fault> {
        self.send(&message::search(search))
    }

    /// Hands each entry of an answer out as it comes in, until its end or until there is enough.
    pub(crate) fn answer(
        &mut self,
        id: u32,
        services: &mut dyn Services,
        deadline: Deadline,
        mut take: impl FnMut(message::Entry<'_>) -> Wanted,
    ) -> Result<(), Fault> {
        loop {
            let content = self.receive(services, deadline)?;
            match answer_to(id, &content)? {
                Some(Reply::Entry(entry)) if take(entry) == Wanted::Enough => {
                    // a server that is lost is noticed with the next question
                    let _ = self.send(&message::abandon(id));
                    return Ok(());
                }
                Some(Reply::Done(0)) => return Ok(()),
                Some(Reply::Done(code)) => return Err(Fault::Code(code)),
                _ => {}
            }
        }
    }

    fn send(&mut self, operation: &[u8]) -> Result<u32, Fault> {
        self.last_id += 1;
        let wrapped = message::wrap(self.last_id, operation);
        let stream = self.stream.as_mut().ok_or(Fault::Closed)?;
        let sent = stream.write_all(&wrapped).and_then(|()| stream.flush());
        sent.map(|()| self.last_id).map_err(|_| Fault::Closed)
    }

    /// The content of the next message.
    fn receive(
        &mut self,
        services: &mut dyn Services,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Fault> {
        loop {
            let unread = self.received.get(self.read..).unwrap_or_default();
            // libldap takes what is no message for the end of the connection (observed)
            let header = ber::header(unread).map_err(|_| Fault::Closed)?;
            if unread.first().is_some_and(|tag| *tag != ber::SEQUENCE) {
                return Err(Fault::Closed);
            }
            if let Some((_, start, length)) = header {
                if length > MAX_MESSAGE {
                    return Err(Fault::Closed);
                }
                if let Some(content) = unread.get(start..start + length) {
                    let content = content.to_vec();
                    self.read += start + length;
                    return Ok(content);
                }
            }
            self.fill(services, deadline)?;
        }
    }

    /// Reads once more.
    fn fill(&mut self, services: &mut dyn Services, deadline: Deadline) -> Result<(), Fault> {
        self.received.drain(..self.read);
        self.read = 0;
        let left = deadline.0.saturating_sub(services.now());
        if left == 0 {
            return Err(Fault::Late);
        }
        let limit = u32::try_from(left).unwrap_or(u32::MAX);
        let stream = self.stream.as_mut().ok_or(Fault::Closed)?;
        stream.set_limit(limit).map_err(|_| Fault::Closed)?;
        let mut chunk = [0u8; CHUNK];
        match stream.read(&mut chunk) {
            Ok(0) => Err(Fault::Closed),
            Ok(count) => {
                self.received.extend_from_slice(chunk.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => Ok(()),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(Fault::Late),
                _ => Err(Fault::Closed),
            },
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // whoever cannot hear it need not
        let _ = self.send(&message::unbind());
    }
}

/// What a message says to this request; none if it belongs to another one.
fn answer_to(id: u32, content: &[u8]) -> Result<Option<Reply<'_>>, Fault> {
    let (about, reply) = message::parse(content).ok_or(Fault::Malformed)?;
    match reply {
        // the server ends the connection
        Reply::Done(code) if about == 0 => Err(Fault::Code(code)),
        reply => Ok((u32::try_from(about) == Ok(id)).then_some(reply)),
    }
}
