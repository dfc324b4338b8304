//! What the caller fixes for a whole connection: names, offers, privacy, limits, the peer.

use ruleset_vm::Status;
use std::time::Duration;

/// The fixed part of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Own name, `$j`: in the replies to `HELO`, `EHLO`, `QUIT` and in 421 replies.
    pub hostname: Vec<u8>,
    /// Text of the greeting, SmtpGreetingMessage after macro expansion; `ESMTP` becomes its second
    /// word (SM-001). Several lines give several reply lines.
    pub greeting: Vec<u8>,
    /// Name and version said when there is no help file, `Sendmail 8.17.1.9` (SM-026).
    pub program: Vec<u8>,
    /// Content of the help file, `topic TAB text` lines with their macros expanded.
    pub help: Option<Vec<u8>>,
    /// Limits and sizes.
    pub limits: Limits,
    /// PrivacyOptions.
    pub privacy: Privacy,
    /// AllowBogusHELO: `HELO` without or with an impossible name is accepted.
    pub allow_bogus_hello: bool,
    /// SoftBounce: replies of the 500 class to `MAIL`, `RCPT` and the message become 400 (SM-139).
    pub soft_bounce: bool,
    /// A ruleset check_other exists, and is to be asked about unknown and argument-free commands.
    pub check_other: bool,
}

impl Settings {
    /// Defaults of an untouched configuration for the host `hostname`.
    #[must_use]
    pub fn new(hostname: impl Into<Vec<u8>>) -> Self {
        let hostname = hostname.into();
        let mut greeting = hostname.clone();
        greeting.extend_from_slice(b" Sendmail");
        Self {
            hostname,
            greeting,
            program: b"Sendmail".to_vec(),
            help: None,
            limits: Limits::default(),
            privacy: Privacy::default(),
            allow_bogus_hello: false,
            soft_bounce: false,
            check_other: false,
        }
    }
}

/// Counts after which a peer is slowed, refused or sent away (op guide 4.6). 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// MaxMessageSize, bytes as stored (lines end in one byte).
    pub message_size: u64,
    /// MaxRecipientsPerMessage.
    pub recipients: u32,
    /// BadRcptThrottle: refused recipients after which each further `RCPT` waits a second.
    pub bad_recipients: u32,
    /// BadRcptShutdown: refused recipients after which the next `RCPT` closes the session.
    pub shutdown_recipients: u32,
    /// BadRcptShutdownGood: per cent of refused recipients below which it does not.
    pub shutdown_percent: u32,
    /// Bad commands before the session is closed.
    pub bad_commands: u32,
    /// `NOOP` and the like (MaxNOOPCommands).
    pub noop: u32,
    /// `HELO` and `EHLO`.
    pub hello: u32,
    /// `VRFY` and `EXPN`.
    pub verify: u32,
    /// `ETRN`.
    pub etrn: u32,
    /// `AUTH`: the mechanisms the SASL library knows and one more (SM-067); with Debian's 12.
    pub auth: u32,
    /// MaxDaemonChildren is set: a peer at twice a limit is sent away, not slowed (SM-061).
    pub close_at_twice: bool,
    /// DeliverByMin in seconds; negative: DELIVERBY is not offered.
    pub deliver_by_min: i64,
    /// RejectNUL: a message with a NUL byte is refused.
    pub reject_nul: bool,
    /// EightBitMode strict: 8-bit data without `BODY=8BITMIME` is refused.
    pub reject_eight_bit: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 0,
            recipients: 0,
            bad_recipients: 0,
            shutdown_recipients: 0,
            shutdown_percent: 0,
            bad_commands: 25,
            noop: 20,
            hello: 3,
            verify: 6,
            etrn: 8,
            auth: 12,
            close_at_twice: false,
            deliver_by_min: 0,
            reject_nul: false,
            reject_eight_bit: false,
        }
    }
}

/// The PrivacyOptions that concern a dialogue (OPT-243..OPT-257).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// `needmailhelo`
    pub need_mail_hello: bool,
    /// `needexpnhelo`
    pub need_expn_hello: bool,
    /// `needvrfyhelo`
    pub need_vrfy_hello: bool,
    /// `noexpn`
    pub no_expn: bool,
    /// `novrfy`
    pub no_vrfy: bool,
    /// `noetrn`
    pub no_etrn: bool,
    /// `noverb`
    pub no_verb: bool,
    /// `noreceipts`
    pub no_receipts: bool,
}

/// What is offered to one peer: the build, DaemonPortOptions modifiers and srv_features
/// (RS-137..RS-139) together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// `PIPELINING` (`p`).
    pub pipelining: bool,
    /// `8BITMIME`.
    pub eight_bit_mime: bool,
    /// `DSN` (`d`): SendMimeErrors; noreceipts withdraws it.
    pub dsn: bool,
    /// `ETRN` (`e`).
    pub etrn: bool,
    /// `EXPN` (`x`).
    pub expn: bool,
    /// `VERB` (`b`).
    pub verb: bool,
    /// SASL mechanisms (`a`), in the order announced; none: no `AUTH`.
    pub auth: Vec<Vec<u8>>,
    /// Authentication is required before `MAIL` (`l`, modifier `a`).
    pub auth_required: bool,
    /// `STARTTLS`.
    pub starttls: StartTls,
    /// Input before the replies to `HELO`, `EHLO` and `DATA` is allowed (`F`).
    pub early_input: bool,
    /// HTTP commands end the session even after `EHLO` (`h`).
    pub refuse_http: bool,
    /// Bare CR in the message (`u`, `U`, `u2`).
    pub bare_cr: BareEnd,
    /// Bare LF in the message (`g`, `G`, `g2`).
    pub bare_lf: BareEnd,
    /// A line with one dot ends the message however the line before ends (`O`).
    pub lenient_end: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            pipelining: true,
            eight_bit_mime: true,
            dsn: true,
            etrn: true,
            expn: true,
            verb: true,
            auth: Vec::new(),
            auth_required: false,
            starttls: StartTls::Unavailable,
            early_input: false,
            refuse_http: false,
            bare_cr: BareEnd::Refuse,
            bare_lf: BareEnd::Refuse,
            lenient_end: false,
        }
    }
}

/// Whether TLS can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// Offered.
    Offered,
    /// Known, but there is no usable certificate: 454 (SM-119).
    Unavailable,
    /// Switched off for this peer (modifier `S`, srv_features `S`): 503.
    Disabled,
}

/// What becomes of half a line end inside a message (RS-139).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareEnd {
    /// 421, and the connection is closed.
    Refuse,
    /// It is kept: CR as a byte, LF as a line end.
    Accept,
    /// It becomes a space.
    Space,
}

/// The other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Name or bracketed address, `host.example.com`.
    pub name: Vec<u8>,
    /// `$_`-like text for replies: `host.example.com [192.0.2.1]`, with -bs `root@localhost`.
    pub display: Vec<u8>,
}

/// The outcome of everything done before the greeting: check_relay, tcp wrappers, srv_features,
/// greet_pause, a milter's connect (SM-002).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// What this peer is offered.
    pub features: Features,
    /// The session is refused: the greeting stays 220, but commands of substance get this reply
    /// (SM-003, RS-102).
    pub refusal: Option<Status>,
    /// Silence required before the greeting (RS-132).
    pub greet_pause: Option<Duration>,
}
