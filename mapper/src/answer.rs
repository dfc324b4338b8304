//! What a lookup gives back: the answer, and the messages the user gets to see.

/// A `sysexits(3)` value as maps report it; `/map` prints it in parentheses.
pub type ExitCode = u8;

/// Success.
pub const EX_OK: ExitCode = 0;
/// Malformed key (class `arpa`).
pub const EX_DATAERR: ExitCode = 65;
/// No such user (class `user`).
pub const EX_NOUSER: ExitCode = 67;
/// No such host; also "not found" of classes `text`, `dns`, `null`.
pub const EX_NOTFOUND: ExitCode = 68;
/// The service said no for good.
pub const EX_UNAVAILABLE: ExitCode = 69;
/// An internal error.
pub const EX_SOFTWARE: ExitCode = 70;
/// The system is in trouble.
pub const EX_OSERR: ExitCode = 71;
/// A system file is missing.
pub const EX_OSFILE: ExitCode = 72;
/// A temporary failure.
pub const EX_TEMPFAIL: ExitCode = 75;
/// A peer broke its protocol (class `socket`).
pub const EX_PROTOCOL: ExitCode = 76;
/// Bad configuration (arguments missing, program not found).
pub const EX_CONFIG: ExitCode = 78;

/// The answer of a map to one key (MAP-115, MAP-116).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The value: `%n` replaced and `-a` text appended.
    Found(Vec<u8>),
    /// No match; the exit code tells why (0, 67, 68, ...). The rule's `$:` default applies.
    NotFound {
        /// 0 for most classes, 67 for users, 68 for hosts and text files.
        exit: ExitCode,
    },
    /// The map could not be asked now.
    Temporary {
        /// 75 in every known case.
        exit: ExitCode,
        /// The envelope message: `NAME map: lookup (KEY): deferred` (RS-068).
        text: Vec<u8>,
        /// KEY followed by the map's `-T` text; replaces the key even if the rule has a default.
        /// Without it the default applies.
        substitute: Option<Vec<u8>>,
        /// Whether the ruleset gets status 75: not when the map has `-t` (observed: `-T` alone
        /// does not prevent it).
        sets_status: bool,
    },
    /// The map is declared but not usable: an optional file (`-o`) is absent, or its line was
    /// faulty. In rules this is "no match"; `/map` says `Map named "X" not open`.
    NotOpen,
    /// There is no such map (RS-060; `/map` says `Map named "X" not found`).
    NoSuchMap,
}

impl Answer {
    /// "No match" with exit code 0.
    pub(crate) const MISS: Self = Self::NotFound { exit: EX_OK };

    /// A temporary failure as a class reports it; the set fills in the rule-level parts.
    pub(crate) fn tempfail() -> Self {
        Self::Temporary { exit: EX_TEMPFAIL, text: Vec::new(), substitute: None, sets_status: true }
    }

    /// The code `/map` prints.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        match self {
            Self::Found(_) | Self::NotOpen | Self::NoSuchMap => EX_OK,
            Self::NotFound { exit } | Self::Temporary { exit, .. } => *exit,
        }
    }
}

/// How a message made during a lookup is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// An error of the configuration or the system: counted as one, and shown to the user.
    Error,
    /// Progress or a transient trouble shown to the user, as `NAME: Name server timeout`.
    Message,
    /// What address test mode shows, and nobody else (observed).
    Warning,
    /// A debugging flag has asked for it: its newlines are its own.
    Trace,
}

/// A message made during a lookup (MAP-024), to be printed by `-bt` or put in the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub kind: NoticeKind,
    /// Reply code and enhanced code as sendmail's transcript has them (`451 4.3.0`). Address test
    /// mode does not print them.
    pub code: &'static str,
    /// The text without code or newline.
    pub text: Vec<u8>,
}

/// The outcome of one lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The answer.
    pub answer: Answer,
    /// What to show, in order.
    pub notices: Vec<Notice>,
    /// How many of them, from the first, are about the opening of the map.
    pub opening: usize,
    /// The map was not asked, because of `-D`.
    pub deferred: bool,
}

/// A complaint about a `K` line, in sendmail's words without the `FILE: line N: ` prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", bstr::BStr::new(.text))]
pub struct MapError {
    /// The text.
    pub text: Vec<u8>,
    /// The name of the map, empty when the line has none.
    pub map: Vec<u8>,
}

impl MapError {
    /// The exit status that the complaint asks for: another one where the system has had a word in it.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        if self.text.starts_with(NO_SECRET) { EX_OSERR } else { EX_SOFTWARE }
    }
}

/// The password of an LDAP map cannot be read.
pub(crate) const NO_SECRET: &[u8] = b"LDAP map: cannot open secret ";
