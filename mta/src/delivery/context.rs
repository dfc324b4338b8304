//! What a delivery is given and what it gives back.

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;

use ruleset_vm::{Enhanced, Exit, Status};

use super::cache::ConnectionCache;
use super::hosts::{HostSettings, Resolver};
use super::timeouts::Timeouts;
use crate::config::mailer::Mailer;
use crate::events::EventSink;
use crate::message::envelope::{ControllingUser, Envelope};
use crate::sys::net::Origin;
use crate::sys::program_safety::Forgiven;

/// What to do with octets above 127 in the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conversion {
    /// Passed on as they are.
    #[default]
    None,
    /// Encoded: the receiver takes 7 bits only (AD-084).
    EightToSeven,
    /// Encoded text/plain is decoded (mailer flag `9`, AD-087).
    SevenToEight,
}

/// The form a message is written in for one mailer; follows from the mailer's flags and, for SMTP,
/// from what the server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageForm {
    /// Index of the mailer, for header conditions and address rewriting.
    pub mailer: usize,
    /// End of a line.
    pub eol: Vec<u8>,
    /// A From_ line goes in front (no flag `n`).
    pub from_line: bool,
    /// It is a UUCP one, with `remote from` (flag `U`).
    pub uucp_from_line: bool,
    /// Body lines that begin with `From ` get a `>` (flag `E`).
    pub escape_from: bool,
    /// The message ends with an empty line (flag `b`).
    pub blank_line_at_end: bool,
    /// Longest line in bytes; 0 for no limit (`L=`).
    pub line_limit: usize,
    /// The eighth bit of the header is cleared (flags `6`, `7`).
    pub seven_bit_header: bool,
    /// The eighth bit of the body is cleared, after conversion (flag `7`).
    pub seven_bit_body: bool,
    /// What EBCDIC does not have is encoded in a converted body (flag `3`).
    pub for_ebcdic: bool,
    /// Conversion of the body.
    pub conversion: Conversion,
    /// Only the header is sent.
    pub header_only: bool,
}

impl MessageForm {
    /// The form for `mailer`. `from_line` is whether the transport can have one; `eight_bit` whether
    /// it takes octets above 127.
    #[must_use]
    pub fn for_mailer(mailer: &Mailer, index: usize, from_line: bool, eight_bit: bool) -> Self {
        let has = |flag| mailer.flags.has(flag);
        let conversion = match () {
            () if has(b'7') || !(eight_bit || has(b'8')) => Conversion::EightToSeven,
            () if has(b'9') => Conversion::SevenToEight,
            () => Conversion::None,
        };
        Self {
            mailer: index,
            eol: mailer.eol.clone(),
            from_line: from_line && !has(b'n'),
            uucp_from_line: has(b'U'),
            escape_from: has(b'E'),
            blank_line_at_end: has(b'b'),
            line_limit: mailer.line_limit,
            seven_bit_header: has(b'6') || has(b'7'),
            seven_bit_body: has(b'7'),
            for_ebcdic: has(b'3'),
            conversion,
            header_only: false,
        }
    }
}

/// The message, as header and body are made for one mailer elsewhere.
pub trait MessageSource {
    /// Writes the message in the given form: From_ line, header, empty line, body. Dots are not
    /// doubled.
    ///
    /// # Errors
    /// What `out` reports, or that the body cannot be read.
    fn write(&self, form: &MessageForm, out: &mut dyn io::Write) -> io::Result<()>;

    /// The size in bytes, for `SIZE=` and `M=`.
    fn size(&self) -> u64;

    /// Whether the body has octets above 127.
    fn has_8bit(&self) -> bool;
}

/// The macros bound while templates of a mailer are expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// `$h`
    pub host: &'a [u8],
    /// `$u`
    pub user: &'a [u8],
    /// `$g`
    pub sender: &'a [u8],
}

/// Expands `$` macros.
pub trait Expand {
    /// The expansion of `template` with these macros bound on top of the envelope's.
    fn expand(&self, template: &[u8], binding: &Binding<'_>) -> Vec<u8>;
}

impl<F: Fn(&[u8], &Binding<'_>) -> Vec<u8>> Expand for F {
    fn expand(&self, template: &[u8], binding: &Binding<'_>) -> Vec<u8> {
        self(template, binding)
    }
}

/// The options deliveries read; from the configuration.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// `O DefaultUser`.
    pub default_user: ControllingUser,
    /// Environment of programs (ML-102), see [`crate::config::program_environment`].
    pub environment: Vec<Vec<u8>>,
    /// Working directory of programs without `D=`; empty for the current one.
    pub queue_directory: Vec<u8>,
    /// `O TempFileMode`: mode of new mailbox files.
    pub file_mode: u32,
    /// `O SafeFileEnvironment`: files are below this directory only.
    pub safe_file_environment: Option<Vec<u8>>,
    /// DontBlameSendmail FileDeliveryToHardLink.
    pub file_to_hard_link: bool,
    /// DontBlameSendmail FileDeliveryToSymLink.
    pub file_to_symlink: bool,
    /// DontBlameSendmail, as far as it concerns mailer programs.
    pub forgiven: Forgiven,
    /// `O Timeout.*`.
    pub timeouts: Timeouts,
    /// Options about hosts.
    pub hosts: HostSettings,
    /// `O HeloName`, else `$j`.
    pub hello_name: Vec<u8>,
    /// `$j`.
    pub own_name: Vec<u8>,
    /// `O ConnectOnlyTo`: every connection goes there.
    pub connect_only_to: Option<IpAddr>,
    /// `O ClientPortOptions`.
    pub origin: Origin,
    /// `O DialDelay` in seconds; 0 for none.
    pub dial_delay: u64,
}

impl DeliverySettings {
    /// The defaults of the options, with the given default user and own name.
    #[must_use]
    pub fn new(default_user: ControllingUser, own_name: &[u8]) -> Self {
        Self {
            default_user,
            environment: vec![b"AGENT=sendmail".to_vec()],
            queue_directory: Vec::new(),
            file_mode: 0o600,
            safe_file_environment: None,
            file_to_hard_link: false,
            file_to_symlink: false,
            forgiven: Forgiven::default(),
            timeouts: Timeouts::default(),
            hosts: HostSettings::default(),
            hello_name: own_name.to_vec(),
            own_name: own_name.to_vec(),
            connect_only_to: None,
            origin: Origin::default(),
            dial_delay: 0,
        }
    }
}

/// Everything around one delivery.
#[derive(Clone, Copy)]
pub struct DeliveryContext<'a> {
    /// The queue id, for log lines.
    pub queue_id: &'a [u8],
    /// The envelope; the group's indices point into its recipients.
    pub envelope: &'a Envelope,
    /// The mailer table.
    pub mailers: &'a [Mailer],
    /// Options.
    pub settings: &'a DeliverySettings,
    /// Macro expansion.
    pub expand: &'a dyn Expand,
    /// The sender as this mailer is told it (`$g`), empty for the null sender in SMTP.
    pub sender: &'a [u8],
    /// Whether the sender was named (`-f`, `MAIL`, error mail) and is not just the user who submitted
    /// the message: only then flags `f` and `r` pass it (ML-101).
    pub explicit_sender: bool,
    /// The local user who sent the message; runs mailers without flag `o`.
    pub sender_user: Option<&'a ControllingUser>,
    /// Name service.
    pub resolver: &'a dyn Resolver,
    /// Whether a name is one of this host (class `w`).
    pub is_own_name: &'a dyn Fn(&[u8]) -> bool,
    /// Open connections; `None` closes each after its transaction.
    pub connections: Option<&'a RefCell<ConnectionCache>>,
    /// Takes events.
    pub events: &'a dyn EventSink,
    /// Told of each connection to a server that has been made: from which address of this host.
    pub connected: &'a dyn Fn(Option<IpAddr>),
    /// Takes the lines of `-v`: `ADDR... Connecting to H via M...`, `>>> MAIL ...`, `<<< 250 ...`.
    pub verbose: &'a dyn Fn(&[u8]),
    /// Takes the lines about failures, which queue runs show and submissions do not (observed).
    pub complain: &'a dyn Fn(&[u8]),
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientOutcome {
    /// Index into the envelope's recipients.
    pub recipient: usize,
    /// The outcome.
    pub status: Status,
    /// `stat=` of the log, and what `-v` says.
    pub stat: Vec<u8>,
    /// The text the queue listing shows for a recipient that is kept.
    pub queue_text: Vec<u8>,
    /// The `Status:` field of a DSN.
    pub reported: Enhanced,
    /// `Remote-MTA:` of a DSN: the host that answered.
    pub remote_mta: Option<Vec<u8>>,
    /// `Diagnostic-Code:` of a DSN: the first line of the peer's reply.
    pub diagnostic: Option<Vec<u8>>,
    /// `reply=` of the log.
    pub reply: Option<Vec<u8>>,
    /// The verdict is about this recipient alone: a reply to its own `RCPT`.
    pub own_reply: bool,
    /// Transcript and watcher have been told already, when the reply came.
    pub told: bool,
}

/// The result of one delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// One entry per recipient of the group.
    pub outcomes: Vec<RecipientOutcome>,
    /// Lines for the session transcript of a bounce, without line ends.
    pub transcript: Vec<Vec<u8>>,
    /// A system error was reported: this exit status says so and nothing else.
    pub system_error: Option<Exit>,
    /// `relay=` of the log (LG-008); absent for local programs and files.
    pub relay: Option<Vec<u8>>,
    /// The server offered DSN (RFC 3461), so that it reports success itself.
    pub relayed_with_dsn: bool,
    /// Whether a report may quote the body: not after the peer called it too large (SM-095).
    pub body_refused: bool,
    /// The failure is that of the host, to be kept in its persistent status.
    pub host_failure: Option<Status>,
}

impl DeliveryReport {
    /// The same outcome for all of `recipients`, without the voice of another host.
    #[must_use]
    pub fn all(recipients: &[usize], status: &Status) -> Self {
        let mut report = Self::default();
        report.add_all(recipients, status);
        report
    }

    /// Adds the same outcome for all of `recipients`.
    pub fn add_all(&mut self, recipients: &[usize], status: &Status) {
        let stat = super::outcome::stat_text(status);
        self.outcomes.extend(recipients.iter().map(|&recipient| RecipientOutcome {
            recipient,
            status: status.clone(),
            stat: stat.clone(),
            queue_text: stat.clone(),
            reported: super::outcome::reported_code(status.exit),
            remote_mta: None,
            diagnostic: None,
            own_reply: false,
            told: false,
            reply: None,
        }));
    }
}
