//! What is wrong with a line, in sendmail's words.

use crate::span::Span;

/// How a message counts. Observed: the first error decides the exit status of `-bt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Said in passing: a reply of an SMTP dialogue has `050` in front.
    Note,
    /// Printed as it is; the exit status stays.
    Warning,
    /// A mistake of the user: the exit status stays, unless a message is sent or an address verified.
    Mistake,
    /// An error with this `sysexits` value (64, 69, 70, 71, 72, 78).
    Error {
        /// The exit status it asks for.
        exit: u8,
        /// Reading stops here and the program ends with `exit` (`Unknown 8-bit mode`).
        fatal: bool,
    },
}

/// One message about one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where; `last_line` is the number printed.
    pub span: Span,
    /// The text behind `FILE: line N: `.
    pub text: Vec<u8>,
    /// What it does to the exit status.
    pub severity: Severity,
    /// Printed without `FILE: line N: ` in front (some warnings are).
    pub bare: bool,
}

impl Diagnostic {
    /// An error that ends in exit status 70 (`EX_SOFTWARE`), the common case.
    #[must_use]
    pub fn error(span: Span, text: impl Into<Vec<u8>>) -> Self {
        let severity = Severity::Error { exit: 70, fatal: false };
        Self { span, text: text.into(), severity, bare: false }
    }
}
