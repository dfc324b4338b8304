//! What happens to mail, as typed events; log lines (and later metrics and JSON) are renderings of
//! them.
//!
//! Below every layer, so that each may report; `log` renders the lines of the system log.

pub mod json;
mod log;
pub mod map_lines;
pub mod statistics;

use ruleset_vm::Enhanced;

pub use log::{MAX_LINE, interval, lines, printable};

/// The severities of syslog that mail uses (LG-004).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing works any more; only maps of class `syslog` can say so.
    Emergency,
    /// Lost files, security.
    Alert,
    /// System errors.
    Critical,
    /// Errors.
    Error,
    /// Warnings.
    Warning,
    /// User errors, rejections, alias rebuilds.
    Notice,
    /// Normal lines.
    Info,
    /// Debugging.
    Debug,
}

impl Severity {
    const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Alert,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Notice,
        Self::Info,
        Self::Debug,
    ];

    /// The severity of a number of RFC 3164; those beyond are debugging.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Debug)
    }

    /// The number RFC 3164 gives it.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Emergency => 0,
            Self::Alert => 1,
            Self::Critical => 2,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }
}

/// The controlling address of a delivery: `ctladdr=NAME (UID/GID)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllingAddress {
    /// The address: an alias, or the local sender.
    pub address: Vec<u8>,
    /// User id; absent prints the address alone.
    pub ids: Option<(u32, u32)>,
}

/// A message was accepted (LG-007).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The envelope sender; `None` prints `<NONE>`... as given otherwise.
    pub from: Option<Vec<u8>>,
    /// Bytes of the message as received.
    pub size: u64,
    /// The message class.
    pub class: i64,
    /// Number of recipients.
    pub recipients: usize,
    /// Message-Id.
    pub message_id: Option<Vec<u8>>,
    /// `BODY=` of the submission.
    pub body_type: Option<Vec<u8>>,
    /// `$r`.
    pub protocol: Option<Vec<u8>>,
    /// `${daemon_name}`.
    pub daemon: Option<Vec<u8>>,
    /// `$_`, or `[RESPONSE]`.
    pub relay: Vec<u8>,
}

/// What became of one or more recipients in one attempt (LG-008).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The recipients, in the order of the log (sendmail names the last one first).
    pub to: Vec<Vec<u8>>,
    /// The controlling address.
    pub controlling: Option<ControllingAddress>,
    /// Seconds since the message was accepted.
    pub delay: u64,
    /// Seconds this attempt took; absent when none was made.
    pub transaction_delay: Option<u64>,
    /// Name of the mailer.
    pub mailer: Option<Vec<u8>>,
    /// Priority of the message.
    pub priority: i64,
    /// The next host, `NAME [ADDRESS]`; absent for local programs.
    pub relay: Option<Vec<u8>>,
    /// Enhanced status code.
    pub dsn: Option<Enhanced>,
    /// Quarantine reason.
    pub quarantine: Option<Vec<u8>>,
    /// Number of attempts, when it is shown.
    pub tries: Option<u32>,
    /// Reply or local rejection text, codes included (LG-010).
    pub reply: Option<Vec<u8>>,
    /// The text of `stat=` (LG-009).
    pub stat: Vec<u8>,
}

/// Something worth a log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// LG-007.
    Accepted(Box<Accepted>),
    /// LG-008.
    Delivered(Box<Delivered>),
    /// LG-005: `SYSERR(user): text`.
    SystemError {
        /// The user the process runs as.
        user: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// LG-015: `done; delay=T, ntries=N`.
    Done {
        /// Seconds since the message was accepted.
        delay: u64,
        /// Number of attempts.
        tries: u32,
    },
    /// LG-013: `NEWID: KIND: TEXT` for a message made because of this one.
    Reported {
        /// Queue id of the report.
        id: Vec<u8>,
        /// `DSN`, `postmaster notify`, `sender notify`, `return to sender`, `return receipt`.
        kind: &'static str,
        /// The reason.
        text: Vec<u8>,
    },
    /// LG-014: `NEWID: clone: owner=OWNER`.
    Cloned {
        /// Queue id of the message made of this one.
        id: Vec<u8>,
        /// Its sender: the owner of a list.
        owner: Vec<u8>,
    },
    /// LG-017: `alias A => B`.
    Alias {
        /// The alias.
        name: Vec<u8>,
        /// What it stands for.
        value: Vec<u8>,
    },
    /// Any other line, as it is.
    Text(Vec<u8>),
}

/// An event with what the log needs to place it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The message concerned; `None` prints `NOQUEUE`.
    pub id: Option<Vec<u8>>,
    /// Severity.
    pub severity: Severity,
    /// Written when `LogLevel` is greater than this; always when it is [`Event::ALWAYS`].
    pub level: i16,
    /// What happened.
    pub what: Happening,
}

impl Event {
    /// The level of what is written whatever `LogLevel` says.
    pub const ALWAYS: i16 = i16::MIN;

    /// A line of text at `severity`, written when `LogLevel` is above `level`.
    #[must_use]
    pub fn text(
        id: Option<&[u8]>,
        severity: Severity,
        level: i16,
        text: impl Into<Vec<u8>>,
    ) -> Self {
        Self { id: id.map(<[u8]>::to_vec), severity, level, what: Happening::Text(text.into()) }
    }

    /// A system error (LG-005).
    #[must_use]
    pub fn system_error(id: Option<&[u8]>, user: &[u8], text: impl Into<Vec<u8>>) -> Self {
        let what = Happening::SystemError { user: user.to_vec(), text: text.into() };
        Self { id: id.map(<[u8]>::to_vec), severity: Severity::Critical, level: 0, what }
    }

    /// A message was made of another, for the members of a list with an owner.
    #[must_use]
    pub fn cloned(original: &[u8], id: &[u8], owner: &[u8]) -> Self {
        let what = Happening::Cloned { id: id.to_vec(), owner: owner.to_vec() };
        Self { id: Some(original.to_vec()), severity: Severity::Info, level: 4, what }
    }

    /// A delivery, with the level that goes with its outcome (LG-008): sent 7, deferred 8, failed 6.
    #[must_use]
    pub fn delivered(id: &[u8], delivered: Delivered, outcome: &ruleset_vm::Status) -> Self {
        let level = match () {
            () if outcome.is_ok() => 7,
            () if outcome.retry => 8,
            () => 6,
        };
        let what = Happening::Delivered(Box::new(delivered));
        Self { id: Some(id.to_vec()), severity: Severity::Info, level, what }
    }
}

/// Takes events; the daemon's writes them to the log.
pub trait EventSink {
    /// Reports one event.
    fn report(&self, event: Event);
}

/// Takes events from any thread.
pub type Sink = dyn EventSink + Send + Sync;

/// Drops all events.
impl EventSink for () {
    fn report(&self, _event: Event) {}
}

/// Keeps the events, for tests.
impl EventSink for std::sync::Mutex<Vec<Event>> {
    fn report(&self, event: Event) {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event);
    }
}
