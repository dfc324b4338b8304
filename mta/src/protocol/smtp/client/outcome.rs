//! What a reply, or its absence, means: one table from stage and code to exit value and enhanced
//! code (SM-094..SM-103).

use ruleset_vm::{Enhanced, Exit, Status};

use super::reply::Reply;

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
    /// The peer closed or reset it.
    Closed,
    /// The time allowed for the awaited reply or write has passed.
    TimedOut,
    /// Another failure, in the words of the system.
    Failed(Vec<u8>),
    /// The peer's replies exceed the limits of [`super::ReplyReader`].
    Babble,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome; `text` is the reply's text without codes.
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

/// Which codes a row is for.
enum Codes {
    One(u16),
    Class(u16),
    Any,
}

struct Row {
    stage: Stage,
    codes: Codes,
    exit: Exit,
    enhanced: Enhanced,
}

const fn row(stage: Stage, codes: Codes, exit: Exit, code: (u16, u16, u16)) -> Row {
    Row { stage, codes, exit, enhanced: Enhanced::new(code.0, code.1, code.2) }
}

/// First row that fits counts. The enhanced code is used when the peer gives none.
#[rustfmt::skip]
const MEANINGS: &[Row] = &[
    row(Stage::Greeting, Codes::Class(4), Exit::TEMPFAIL,    (4, 5, 0)),
    row(Stage::Greeting, Codes::Any,      Exit::UNAVAILABLE, (5, 5, 0)),
    row(Stage::Hello,    Codes::Class(4), Exit::TEMPFAIL,    (4, 5, 0)),
    row(Stage::Hello,    Codes::Any,      Exit::UNAVAILABLE, (5, 5, 0)),
    row(Stage::Reset,    Codes::Any,      Exit::TEMPFAIL,    (4, 5, 0)),
    row(Stage::Mail,     Codes::Class(2), Exit::OK,          (2, 1, 0)),
    row(Stage::Mail,     Codes::Class(4), Exit::TEMPFAIL,    (4, 0, 0)),
    row(Stage::Mail,     Codes::One(501), Exit::DATAERR,     (5, 5, 2)),
    row(Stage::Mail,     Codes::One(553), Exit::DATAERR,     (5, 1, 3)),
    row(Stage::Mail,     Codes::One(552), Exit::UNAVAILABLE, (5, 3, 4)),
    row(Stage::Mail,     Codes::Class(5), Exit::UNAVAILABLE, (5, 0, 0)),
    row(Stage::Mail,     Codes::Any,      Exit::PROTOCOL,    (5, 5, 1)),
    row(Stage::Rcpt,     Codes::Class(2), Exit::OK,          (2, 1, 5)),
    row(Stage::Rcpt,     Codes::Class(4), Exit::TEMPFAIL,    (4, 0, 0)),
    row(Stage::Rcpt,     Codes::One(550), Exit::NOUSER,      (5, 1, 1)),
    row(Stage::Rcpt,     Codes::One(551), Exit::NOUSER,      (5, 1, 6)),
    row(Stage::Rcpt,     Codes::One(553), Exit::NOUSER,      (5, 1, 3)),
    row(Stage::Rcpt,     Codes::One(552), Exit::UNAVAILABLE, (5, 2, 2)),
    row(Stage::Rcpt,     Codes::Class(5), Exit::UNAVAILABLE, (5, 0, 0)),
    row(Stage::Rcpt,     Codes::Any,      Exit::PROTOCOL,    (5, 5, 1)),
    row(Stage::Data,     Codes::Class(3), Exit::OK,          (2, 0, 0)),
    row(Stage::Data,     Codes::Class(4), Exit::TEMPFAIL,    (4, 0, 0)),
    row(Stage::Data,     Codes::Class(5), Exit::UNAVAILABLE, (5, 0, 0)),
    row(Stage::Data,     Codes::Any,      Exit::PROTOCOL,    (5, 5, 1)),
    row(Stage::Dot,      Codes::Class(2), Exit::OK,          (2, 0, 0)),
    row(Stage::Dot,      Codes::Class(4), Exit::TEMPFAIL,    (4, 0, 0)),
    row(Stage::Dot,      Codes::Class(5), Exit::UNAVAILABLE, (5, 0, 0)),
    row(Stage::Dot,      Codes::Any,      Exit::PROTOCOL,    (5, 5, 1)),
];

/// What `reply` to `stage` means. The enhanced code is the peer's only if it announced
/// ENHANCEDSTATUSCODES (`trusted`, SM-099).
pub(super) fn meaning(stage: Stage, reply: &Reply, trusted: bool) -> Status {
    let found = MEANINGS.iter().find(|row| {
        row.stage == stage
            && match row.codes {
                Codes::One(code) => reply.code == code,
                Codes::Class(class) => reply.class() == class,
                Codes::Any => true,
            }
    });
    let (exit, derived) =
        found.map_or((Exit::PROTOCOL, Enhanced::new(5, 5, 1)), |row| (row.exit, row.enhanced));
    let plain = Reply::text_of(reply.last_line());
    let (enhanced, text) = match reply.enhanced() {
        Some((given, rest)) if trusted && exit != Exit::PROTOCOL => (given, rest),
        _ => (derived, plain),
    };
    Status {
        exit,
        reply: Some(reply.code),
        enhanced: Some(enhanced),
        text: text.to_vec(),
        retry: exit.is_temporary(),
    }
}

/// The outcome for recipients when the connection to `peer` is lost.
pub(super) fn lost(loss: &Loss, peer: &[u8]) -> Status {
    let text = match loss {
        Loss::Closed => [b"Connection reset by ", peer].concat(),
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
