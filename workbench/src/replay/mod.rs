//! Yesterday's log as a test: what really happened to each recipient, against what the configuration would do now.
//!
//! [`Reader`] makes records of log lines; [`Judge`] holds each to a configuration; [`Findings`] counts, and groups what
//! differs by its cause. All are pure; a caller brings lines and an engine.
//!
//! What a log does not say is not guessed at: a difference that could come from something unknown (a name service that
//! was not asked, facts about the session that the log lacks) is *undecided*, not a difference. [`Doubt`] has the reasons.

use std::sync::Arc;

mod causes;
mod exim;
mod fields;
mod findings;
pub mod frame;
mod host;
mod journal;
mod judge;
mod postfix;
mod reader;
mod recent;
pub mod report;
mod sendmail;
mod session;

pub use causes::Decision;
pub use findings::{Cause, Example, Finding, Findings, Group, Kind, MAX_CAUSES, Tally};
pub use host::Relay;
pub use judge::{Daemon, Doubt, Judge};
pub use reader::{MAX_LINE, OPEN_MESSAGES, Reader, first_stamp};
pub use recent::Recent;
pub use session::Client;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// sendmail, or bangpath, whose lines are the same.
    Sendmail,
    /// Postfix.
    Postfix,
    /// Exim.
    Exim,
}

impl System {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sendmail => "sendmail",
            Self::Postfix => "Postfix",
            Self::Exim => "Exim",
        }
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The number of its file, as the caller counts them.
    pub file: u32,
    /// The line, from 1.
    pub line: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where its line stands.
    pub place: Place,
    /// How many times it was logged on end (`last message repeated`).
    pub times: u64,
    /// Whose log says so.
    pub system: System,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A sender was accepted.
    Accepted(Arc<Transaction>),
    /// A recipient was delivered to, or an attempt was made.
    Delivery(Delivery),
    /// A client was refused something.
    Refusal(Refusal),
}

/// A message as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The sender as logged, with its brackets.
    pub sender: Vec<u8>,
    /// The client as logged: `name [address]`, `user@localhost`.
    pub relay: Vec<u8>,
    /// `SMTP`, `ESMTP`, `ESMTPSA`; empty if the line does not say.
    pub protocol: Vec<u8>,
    /// The daemon it came through; empty if the line does not say.
    pub daemon: Vec<u8>,
    /// Recipients accepted.
    pub recipients: u32,
    /// Who the client said it was.
    pub login: Option<Login>,
    /// What is known of its TLS.
    pub tls: Option<Tls>,
}

/// `AUTH=server` of the same process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `authid=`
    pub name: Vec<u8>,
    /// `mech=`
    pub mechanism: Vec<u8>,
    /// `bits=`
    pub bits: Vec<u8>,
}

/// `STARTTLS=server` of the same process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `version=`
    pub version: Vec<u8>,
    /// `verify=`
    pub verify: Vec<u8>,
    /// `cipher=`
    pub cipher: Vec<u8>,
    /// `bits=`, the first number.
    pub bits: Vec<u8>,
}

/// Who took a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// This mailer of sendmail.
    Mailer(Vec<u8>),
    /// Another system's delivery to this host: SMTP over the network.
    Remote,
    /// Another system's delivery on its own host: a mailbox, a program, LMTP to a local socket.
    Local,
}

/// A recipient and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The queue id.
    pub id: Vec<u8>,
    /// The recipient as logged; with sendmail what it became by aliases.
    pub to: Vec<u8>,
    /// What it was before (`orig_to=` of Postfix, the address in brackets of Exim).
    pub original: Option<Vec<u8>>,
    /// Who answers for it if an alias or a list made it (`ctladdr=`).
    pub controlling: Option<Vec<u8>>,
    /// Who took it.
    pub carrier: Carrier,
    /// Where it went.
    pub relay: Option<Relay>,
    /// `dsn=`
    pub dsn: Vec<u8>,
    /// `stat=`, `status=`
    pub stat: Vec<u8>,
    /// The message, if its `from=` line has been seen.
    pub transaction: Option<Arc<Transaction>>,
}

/// What a ruleset, or a foreign system, had against something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The ruleset; of Postfix and Exim the one that would be asked.
    pub ruleset: Vec<u8>,
    /// Its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// The client.
    pub relay: Vec<u8>,
    /// What it said.
    pub verdict: Verdict,
    /// The message, if its `from=` line has been seen.
    pub transaction: Option<Arc<Transaction>>,
}

/// What a hook ruleset says (RS-095..RS-105).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Accept,
    /// Refuse with this reply: codes and text.
    Reject(Vec<u8>),
    /// Pretend to accept.
    Discard,
    /// Keep under this reason.
    Quarantine(Vec<u8>),
}
