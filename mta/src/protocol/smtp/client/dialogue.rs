//! What was said: every line for `-v`, and the excerpt that goes into the transcript of a bounce.

use super::outcome::Verdict;

/// One line of the dialogue, without line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A command; shown as `>>> text`.
    Sent(Vec<u8>),
    /// A line of a reply, with the code of the whole reply; shown as `<<< text` in transcripts.
    Received {
        /// The code of the reply.
        code: u16,
        /// The line with its code.
        text: Vec<u8>,
        /// On the last line of a reply that decided over one recipient alone (`RCPT` refused, the
        /// final dot of LMTP): a transcript says here what became of it.
        settles: Option<Settled>,
    },
}

/// What a reply decided over one recipient alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The recipient's index in the transaction.
    pub index: usize,
    /// What became of it.
    pub verdict: Box<Verdict>,
}

impl Line {
    /// The line as `-v` shows it: commands with `>>> `, replies as received.
    #[must_use]
    pub fn verbose(&self) -> Vec<u8> {
        match self {
            Self::Sent(text) => [b">>> ", text.as_slice()].concat(),
            Self::Received { text, .. } => text.clone(),
        }
    }
}

/// The lines since the caller last took them.
pub type Dialogue = Vec<Line>;

/// Makes the transcript of a session from its dialogue: only lines of the classes 4 and 5, the first
/// behind the last command sent before it was read, and once per session the name of the peer
/// (QU-104, SM-131). The final dot is no command here, and `EHLO` may be refused unmentioned, since
/// `HELO` follows (observed).
#[derive(Clone, Debug)]
pub struct Transcript {
    peer: Vec<u8>,
    introduced: bool,
    command: Option<Vec<u8>>,
}

impl Transcript {
    /// A transcript of a session with `peer`.
    #[must_use]
    pub fn new(peer: impl Into<Vec<u8>>) -> Self {
        Self { peer: peer.into(), introduced: false, command: None }
    }

    /// Appends to `out` the transcript lines `line` gives rise to.
    pub fn note(&mut self, line: &Line, out: &mut Vec<Vec<u8>>) {
        match line {
            Line::Sent(text) if text == b"." => {}
            Line::Sent(text) => self.command = Some(text.clone()),
            Line::Received { text, .. } if self.is_told(text) => {
                if !self.introduced {
                    self.introduced = true;
                    out.push([b"... while talking to ", self.peer.as_slice(), b":"].concat());
                }
                if let Some(command) = self.command.take() {
                    out.push([b">>> ", command.as_slice()].concat());
                }
                out.push([b"<<< ", text.as_slice()].concat());
            }
            Line::Received { .. } => {}
        }
    }

    fn is_told(&self, text: &[u8]) -> bool {
        let hello = self.command.as_ref().is_some_and(|command| command.starts_with(b"EHLO "));
        match text.first() {
            Some(b'4') => true,
            Some(b'5') => !hello,
            _ => false,
        }
    }
}
