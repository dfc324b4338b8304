//! What the session asks of its caller, and what the caller answers.

use super::parameters::{MailParameters, RcptParameters};
use super::settings::Admission;
use ruleset_vm::Status;
use std::time::Duration;

/// What the caller is to do next. Ask again with [`super::Session::poll`] when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write these bytes; they may be held back until the next [`Action::Read`] or
    /// [`Action::Pause`], as a pipelining client expects them together.
    Reply(Vec<u8>),
    /// Flush, read from the peer, and hand the bytes to [`super::Session::feed`], or a failure to
    /// [`super::Session::lost`].
    Read(Timeout),
    /// Hand over what can be read without waiting, perhaps nothing: the next decision depends on
    /// whether the peer spoke too early (SM-008).
    Peek,
    /// Let this much time pass.
    Pause(Duration),
    /// Let this much time pass, but come back as soon as the peer sends something (greet_pause).
    AwaitSilence(Duration),
    /// Answer with [`super::Session::answer`].
    Ask(Question),
    /// The next bytes of the message: lines end in LF, hidden dots are removed.
    Body(Vec<u8>),
    /// The transaction is over without a message: drop what was collected.
    Abandon(Abandoned),
    /// Start the TLS handshake on the connection, then call [`super::Session::tls_started`].
    StartTls,
    /// Something for the log.
    Note(Note),
    /// Flush and close the connection. Every later call gives this again.
    Close,
}

/// Which of the Timeout options bounds a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Timeout.command
    Command,
    /// Timeout.datablock
    DataBlock,
    /// Timeout.auth
    Auth,
}

/// Why a transaction ended without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// `RSET`.
    Reset,
    /// `HELO` or `EHLO`.
    Hello {
        /// It was `EHLO`.
        extended: bool,
    },
    /// `QUIT`.
    Quit,
    /// The connection was closed or lost.
    Ended,
    /// The data were refused while they came in.
    Refused,
    /// The message has so many octets more than MaxMessageSize lets it.
    TooLarge {
        /// Its octets.
        size: u64,
        /// MaxMessageSize.
        limit: u64,
    },
}

/// How the peer's side of the connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// End of file or a reset.
    Closed,
    /// Nothing came within the timeout named by [`Action::Read`].
    TimedOut,
}

/// Facts for the log, in the order in which they happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A command has come: its line, and its verb if that is one (LG-023).
    Command {
        /// The line.
        line: Vec<u8>,
        /// The verb, in upper case.
        verb: Option<&'static str>,
    },
    /// `VRFY` or `EXPN`, as it was written; whether the privacy options forbid it (LG-030).
    Inquiry {
        /// The line.
        line: Vec<u8>,
        /// It is refused.
        rejected: bool,
    },
    /// `ETRN`, with its argument (LG-030).
    TurnRequested {
        /// The argument.
        node: Vec<u8>,
        /// It is refused.
        rejected: bool,
    },
    /// The argument of `HELO` is no name: its first word.
    BadHello(Vec<u8>),
    /// A recipient was refused by the session itself; the text of the reply (LG-012).
    RecipientRefused(Vec<u8>),
    /// `possible SMTP attack: command=C, count=N` (SM-061), once a limit is reached.
    Attack {
        /// `HELO/EHLO`, `VRFY`, `EXPN`, `ETRN`, `NOOP`, ...
        command: &'static str,
        /// How often it came.
        count: u32,
    },
    /// Commands are rejected from now on because the peer spoke before the greeting (SM-007).
    PreGreetingTraffic,
    /// Commands are rejected from now on because the peer spoke before the reply to this command
    /// (SM-008).
    EarlyTraffic(&'static str),
    /// A command line was too long (SM-009): its octets, as far as they were read.
    CommandTooLong(usize),
    /// An HTTP command was refused (SM-010).
    OpenProxy(Vec<u8>),
    /// One of the commands only attackers send, in lower case (SM-032).
    Intruder(Vec<u8>),
    /// BadRcptThrottle is at work (SM-062).
    RecipientFlood,
    /// The session was closed for its number of bad commands.
    TooManyBadCommands,
    /// The connection ended without `QUIT`; the command it ended in.
    LostInput(Lost),
    /// A message is refused for a CR or LF that is not part of a line end (LG-080).
    BadLineEnd {
        /// As `MAIL` gave it.
        sender: Vec<u8>,
        /// The text of the reply.
        info: Vec<u8>,
        /// It is in the header.
        in_header: bool,
    },
    /// The connection ended inside a message from this sender.
    LostMessage {
        /// As `MAIL` gave it.
        sender: Vec<u8>,
        /// How it ended.
        how: Lost,
    },
}

/// A question to the world outside. Where it is not said otherwise the answer is
/// [`Answer::Status`], success or refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The first of all: everything done before the greeting. Answer: [`Answer::Admission`].
    Connect,
    /// `HELO` or `EHLO` with an acceptable name. A refusal is the reply.
    Hello {
        /// Whether it was `EHLO`.
        extended: bool,
        /// The name given.
        name: Vec<u8>,
    },
    /// `MAIL`: resolve the sender, run check_mail, open an envelope. [`Answer::Accepted`] may name
    /// the address otherwise in the reply.
    Mail {
        /// The address as written, with its angle brackets.
        address: Vec<u8>,
        /// The parameters, syntax checked.
        parameters: MailParameters,
    },
    /// `MAIL` with parameters that are wrong: resolve the sender, which is refused first if it is refused. The
    /// envelope is not opened.
    FaultyMail {
        /// The address as written, with its angle brackets.
        address: Vec<u8>,
        /// What was read before the one that is wrong.
        parameters: MailParameters,
    },
    /// `RCPT`: resolve, run check_rcpt. [`Answer::Accepted`] may name the address otherwise and say
    /// that delivery is not tried at once.
    Rcpt {
        /// The address as written, with its angle brackets.
        address: Vec<u8>,
        /// The parameters, syntax checked.
        parameters: RcptParameters,
    },
    /// `RCPT` with parameters that are wrong: resolve the recipient, which is refused first if it cannot be resolved.
    FaultyRcpt {
        /// The address as written, with its angle brackets.
        address: Vec<u8>,
    },
    /// `DATA` (check_data, a milter's data) with this many accepted recipients.
    Data {
        /// Accepted recipients.
        recipients: u32,
    },
    /// The message is complete: make it durable or refuse it. Success is [`Answer::Queued`].
    Message(Received),
    /// `VRFY`. Success is [`Answer::Addresses`].
    Verify(Vec<u8>),
    /// `EXPN`. Success is [`Answer::Addresses`].
    Expand(Vec<u8>),
    /// `ETRN`: the status is the whole reply ([`super::replies::QUEUING_NODE`], ...).
    Etrn(Vec<u8>),
    /// check_other, for commands without a hook of their own (RS-119).
    Other {
        /// The whole command.
        command: Vec<u8>,
        /// First digit of the reply it would get.
        reply_class: u16,
    },
    /// One step of `AUTH`. Answers: [`Answer::Challenge`]; a status of success ends it well.
    Auth {
        /// The mechanism, in upper case.
        mechanism: Vec<u8>,
        /// What the peer sent, decoded; absent on the first step without an initial response.
        response: Option<Vec<u8>>,
    },
    /// The peer gave `AUTH` up; only to be noted. Answer: any status.
    AuthAborted,
}

/// What is known of a received message when it is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Bytes handed over by [`Action::Body`].
    pub size: u64,
    /// It has octets above 127.
    pub eight_bit: bool,
    /// It has a NUL byte.
    pub nul: bool,
}

/// The caller's answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Success, or the refusal to reply with. Fits every question.
    Status(Status),
    /// To [`Question::Rcpt`], [`Question::Verify`] and [`Question::Expand`]: the refusal, whose text is
    /// complete without the address.
    Refusal(Status),
    /// To [`Question::Connect`].
    Admission(Box<Admission>),
    /// To [`Question::Mail`] and [`Question::Rcpt`].
    Accepted {
        /// The address the reply names, if not the one given (that of an earlier duplicate,
        /// `MAILER-DAEMON` for a sender of comments only).
        address: Option<Vec<u8>>,
        /// The recipient will only be queued.
        will_queue: bool,
    },
    /// To [`Question::Message`]: accepted under this queue id.
    Queued(Vec<u8>),
    /// To [`Question::Verify`] and [`Question::Expand`]: one reply line each.
    Addresses(Vec<Verified>),
    /// To [`Question::Auth`]: the next challenge, not yet encoded.
    Challenge(Vec<u8>),
}

/// One line of the reply to `VRFY` or `EXPN`: `250 2.1.5 Full Name <user@host>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The address is known to be good (250); otherwise it is only passed on (252).
    pub certain: bool,
    /// Full name; empty without.
    pub full_name: Vec<u8>,
    /// The address without angle brackets.
    pub address: Vec<u8>,
}

/// The caller answered what was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the SMTP session has no question that this answers")]
pub struct UnexpectedAnswer;
