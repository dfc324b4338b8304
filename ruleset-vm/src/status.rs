//! The one outcome type: what a rule's `$#error`, a mailer's exit, an SMTP reply or a queue run says
//! of a recipient or a message.
//!
//! Source: op guide, appendix on exit status; RFC 3463 for enhanced codes; exit tables observed with
//! sendmail 8.17.1.9.

use std::fmt;

/// A `sysexits(3)` value, the currency of mailers, maps and the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exit(pub u8);

impl Exit {
    /// Success.
    pub const OK: Self = Self(0);
    /// Command line usage error.
    pub const USAGE: Self = Self(64);
    /// Data format error.
    pub const DATAERR: Self = Self(65);
    /// Cannot open input.
    pub const NOINPUT: Self = Self(66);
    /// User unknown.
    pub const NOUSER: Self = Self(67);
    /// Host unknown.
    pub const NOHOST: Self = Self(68);
    /// Service unavailable.
    pub const UNAVAILABLE: Self = Self(69);
    /// Internal error.
    pub const SOFTWARE: Self = Self(70);
    /// Operating system error.
    pub const OSERR: Self = Self(71);
    /// System file missing.
    pub const OSFILE: Self = Self(72);
    /// Can't create output.
    pub const CANTCREAT: Self = Self(73);
    /// I/O error.
    pub const IOERR: Self = Self(74);
    /// Temporary failure: try again later.
    pub const TEMPFAIL: Self = Self(75);
    /// Remote protocol error.
    pub const PROTOCOL: Self = Self(76);
    /// Insufficient permission.
    pub const NOPERM: Self = Self(77);
    /// Local configuration error.
    pub const CONFIG: Self = Self(78);

    /// Whether the queue keeps a recipient that ended so (op guide: `EX_TEMPFAIL`, `EX_OSERR`,
    /// `EX_IOERR`).
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::TEMPFAIL | Self::OSERR | Self::IOERR)
    }
}

/// An RFC 3463 enhanced status code, `class.subject.detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enhanced {
    /// 2, 4 or 5; others occur in configurations and are kept.
    pub class: u16,
    /// The subject digit group.
    pub subject: u16,
    /// The detail digit group.
    pub detail: u16,
}

impl Enhanced {
    /// Builds a code from its three parts.
    #[must_use]
    pub const fn new(class: u16, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Reads `5.1.1` at the start of `text`; returns the code and the number of bytes used.
    /// The code must end at the end of the text or at white space.
    #[must_use]
    pub fn parse_prefix(text: &[u8]) -> Option<(Self, usize)> {
        let mut parts = [0u16; 3];
        let mut at = 0;
        for (index, part) in parts.iter_mut().enumerate() {
            if index > 0 {
                if text.get(at) != Some(&b'.') {
                    return None;
                }
                at += 1;
            }
            let digits =
                text[at.min(text.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 || digits > 3 {
                return None;
            }
            for &digit in &text[at..at + digits] {
                *part = *part * 10 + u16::from(digit - b'0');
            }
            at += digits;
        }
        match text.get(at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n') => {
                Some((Self::new(parts[0], parts[1], parts[2]), at))
            }
            Some(_) => None,
        }
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// The outcome of resolving or delivering, from the VM's `$#error` to the last line of a bounce.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Status {
    /// The `sysexits` value.
    pub exit: Exit,
    /// The three-digit SMTP reply code, when the outcome is (or can be told as) a reply.
    pub reply: Option<u16>,
    /// The RFC 3463 code.
    pub enhanced: Option<Enhanced>,
    /// The text without codes, one or more lines.
    pub text: Vec<u8>,
    /// Whether the queue tries again.
    pub retry: bool,
}

impl Status {
    /// Success without further words.
    pub fn ok() -> Self {
        Self { exit: Exit::OK, reply: None, enhanced: None, text: Vec::new(), retry: false }
    }

    /// An outcome from an exit value alone; `retry` follows from it.
    pub fn from_exit(exit: Exit, text: impl Into<Vec<u8>>) -> Self {
        Self { exit, reply: None, enhanced: None, text: text.into(), retry: exit.is_temporary() }
    }

    /// An outcome told as an SMTP reply; `retry` is whether the code is of the 400 class.
    pub fn from_reply(
        exit: Exit,
        reply: u16,
        enhanced: Enhanced,
        text: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            exit,
            reply: Some(reply),
            enhanced: Some(enhanced),
            text: text.into(),
            retry: (400..500).contains(&reply),
        }
    }

    /// Whether this is a success.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.exit == Exit::OK
    }
}

/// Cuts the reply code and the enhanced code in front of a message from its text.
#[must_use]
pub fn split_codes(message: &[u8]) -> (&[u8], &[u8]) {
    let rest = match message {
        [a, b, c, b' ', rest @ ..] if [a, b, c].iter().all(|d| d.is_ascii_digit()) => rest,
        _ => return (b"", message),
    };
    let text = match Enhanced::parse_prefix(rest) {
        Some((_, used)) => rest[used..].trim_ascii_start(),
        None => rest,
    };
    message.split_at(message.len() - text.len())
}
