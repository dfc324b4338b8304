//! What a caller learns: verdicts of recipients, the outcome of a transaction, a refusal, a loss.

use ruleset_vm::{Enhanced, Exit, Status};

use super::ehlo::Offers;
use super::reply::Reply;
use super::transaction::DeliverBy;

/// The point of the dialogue a reply belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The greeting of the peer.
    Greeting,
    /// `EHLO`, `HELO` or `LHLO`.
    Hello,
    /// `RSET` in front of a further transaction.
    Reset,
    /// `MAIL`
    Mail,
    /// `RCPT`
    Rcpt,
    /// `DATA`
    Data,
    /// The final dot.
    Dot,
}

impl Stage {
    /// The name in `H: SMTP NAME protocol error: text`.
    #[must_use]
    pub fn protocol_name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Hello => "HELO",
            Self::Reset => "RSET",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA-1",
            Self::Dot => "DATA-2",
        }
    }
}

/// How the connection was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The peer closed it in order: end of file. A deferral for it has no words after `Deferred`
    /// when `MAIL`, `RCPT` or the final dot waited for a reply (observed).
    Closed,
    /// The peer reset it, or it broke while we wrote.
    Reset,
    /// The time allowed for the awaited reply or write has passed.
    TimedOut,
    /// Another failure, in the words of the system.
    Failed(Vec<u8>),
    /// The peer's replies exceed the limits of [`super::ReplyReader`].
    Babble,
}

impl Loss {
    /// The line a transcript gets for it, without line end.
    #[must_use]
    pub fn transcript(&self, peer: &[u8]) -> Vec<u8> {
        [b"451 4.4.1 reply: read error from ", peer].concat()
    }
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome; `text` is that of the reply's first line, without codes. A message accepted by
    /// LMTP has no text (observed).
    pub status: Status,
    /// The reply it follows from, if one was received; its lines are what logs, queue files and
    /// reports quote.
    pub reply: Option<Reply>,
    /// The command the reply answered.
    pub stage: Stage,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// One verdict per recipient, in the order of the transaction.
    pub recipients: Vec<Verdict>,
    /// First line of the reply that accepted each recipient.
    pub accepted: Vec<Option<Vec<u8>>>,
    /// Set when the failure is the host's, to be kept in its persistent status (SM-098).
    pub host: Option<Status>,
    /// Whether a report may quote the body: not after the peer called it too large (SM-095).
    pub return_body: bool,
    /// The transaction ended in a code the protocol does not allow here; the log gets
    /// `PEER: SMTP STAGE protocol error: TEXT`.
    pub protocol_error: bool,
}

/// The peer does not take part: no transaction was begun, another host may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub stage: Stage,
    /// The outcome for a recipient if there is no other host.
    pub status: Status,
    /// The reply, if one was received.
    pub reply: Option<Reply>,
}

/// The outcome for recipients when the connection to `peer` is lost.
pub(super) fn lost(loss: &Loss, peer: &[u8]) -> Status {
    let text = match loss {
        Loss::Closed | Loss::Reset => [b"Connection reset by ", peer].concat(),
        Loss::TimedOut => [b"Connection timed out with ", peer].concat(),
        Loss::Failed(words) => words.clone(),
        Loss::Babble => [b"Endless reply from ", peer].concat(),
    };
    Status {
        exit: Exit::TEMPFAIL,
        reply: None,
        enhanced: Some(Enhanced::new(4, 4, 2)),
        text,
        retry: true,
    }
}

/// An address of ours the peer cannot be told.
pub(super) fn unsendable(stage: Stage) -> Verdict {
    let status = Status::from_reply(
        Exit::DATAERR,
        553,
        Enhanced::new(5, 1, 3),
        b"Address contains control characters".to_vec(),
    );
    Verdict { status, reply: None, stage }
}

/// RFC 2852: with mode `R` a peer that does not deliver in time must not get the message (SM-104).
/// The transcript gets the line `554 5.4.7 TEXT`.
pub(super) fn too_late(by: Option<DeliverBy>, offers: &Offers) -> Option<Verdict> {
    let by = by.filter(|by| by.mode == b'R')?;
    let text = match offers.deliver_by {
        None => b"Server does not support Deliver By".to_vec(),
        Some(least) if i128::from(by.seconds) < i128::from(least) => {
            format!("Message can't be delivered in time; {} < {least}", by.seconds).into_bytes()
        }
        Some(_) => return None,
    };
    let status = Status::from_reply(Exit::UNAVAILABLE, 554, Enhanced::new(5, 4, 7), text);
    Some(Verdict { status, reply: None, stage: Stage::Mail })
}
