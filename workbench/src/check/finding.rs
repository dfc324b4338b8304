//! What a check finds: where, how bad, in words, and the edit that would mend it.

use std::ops::Range;

use super::catalogue::Check;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the exit status stays 0.
    Note,
    /// Probably a mistake.
    Warning,
    /// It does not do what the line says.
    Error,
}

impl Severity {
    /// Its name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A remark that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it says.
    pub text: String,
    /// Where, in bytes of the same file.
    pub at: Option<Range<usize>>,
}

/// One replacement of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in bytes of the file.
    pub at: Range<usize>,
    /// What stands there instead.
    pub text: Vec<u8>,
}

/// An edit that can be made without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction.
    pub what: String,
    /// The replacements, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static Check,
    /// How much it matters: that of the check, or less.
    pub severity: Severity,
    /// Where, in bytes of the file; nothing for the file as a whole.
    pub at: Option<Range<usize>>,
    /// What is wrong. Octets that are not printable ASCII are shown as `\xNN`.
    pub message: String,
    /// What belongs to it.
    pub notes: Vec<Remark>,
    /// What to write instead.
    pub help: Vec<String>,
    /// sendmail's own words, where it has some.
    pub sendmail: Option<Vec<u8>>,
    /// A safe edit.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding with nothing but its message.
    #[must_use]
    pub fn new(
        check: &'static Check,
        at: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            check,
            severity: check.severity,
            at,
            message: message.into(),
            notes: Vec::new(),
            help: Vec::new(),
            sendmail: None,
            fix: None,
        }
    }

    /// Adds a remark.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(Remark { text: text.into(), at: None });
        self
    }

    /// Adds a remark about another place.
    #[must_use]
    pub fn note_at(mut self, at: Range<usize>, text: impl Into<String>) -> Self {
        self.notes.push(Remark { text: text.into(), at: Some(at) });
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// The same with another severity.
    #[must_use]
    pub fn as_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds a safe edit.
    #[must_use]
    pub fn fix(mut self, what: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { what: what.into(), edits });
        self
    }
}

/// Bytes of a file as messages show them: printable ASCII as it is, other octets as `\xNN`, and not
/// more than a line holds.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 120;
    let mut out = String::new();
    for byte in bytes.iter().take(MOST) {
        match byte {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(char::from(*byte)),
            byte => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if bytes.len() > MOST {
        out.push_str("...");
    }
    out
}
