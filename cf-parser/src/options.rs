//! The options: one table for the reader, the command line and the documentation, and what a value
//! means.

mod document;
mod ldap;
mod lists;
mod ports;
mod table;
mod timeouts;
mod values;
mod words;

pub use document::options_markdown;
pub use ldap::{LDAP_DEREF, LDAP_METHOD, LDAP_SCOPE, LdapFlag, LdapFlags, ldap_word};
pub use lists::{AliasFile, MilterOption, MilterStage, Switch};
pub use ports::{PortItem, PortKey};
pub use table::OPTIONS;
pub use timeouts::{TIMEOUTS, TimeoutSpec, Unit};
pub use values::{MAILBOX_DATABASES, OptionValue, boolean, octal, time};
pub use words::{DONT_BLAME, PRIVACY};

use crate::diagnostic::Severity;

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Row of the reference: `OPT-` and this number.
    pub id: u16,
    /// Long name; empty for the two that have a letter only.
    pub name: &'static str,
    /// Letter of the old form.
    pub letter: Option<u8>,
    /// How the value is read.
    pub kind: Kind,
    /// When macros in the value are expanded.
    pub expansion: Expansion,
    /// What holds without a line, for people.
    pub default: &'static str,
    /// Name in m4 files; empty when there is none.
    pub m4: &'static str,
    /// May be set by users without losing privileges (OPT-011).
    pub safe: bool,
    /// Known to the reference build; others are `unknown option name`.
    pub built: bool,
    /// What it does, in a line.
    pub summary: &'static str,
}

/// When macros in a value are expanded (OPT-009).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// Never.
    Never,
    /// When the line is read.
    Read,
    /// When the value is used.
    Late,
}

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OPT-005
    Bool,
    /// OPT-006
    Int,
    /// An integer of 64 bits.
    Long,
    /// `a/b`
    Slash,
    /// OPT-007
    Octal,
    /// OPT-008, with the default unit.
    Time(u8),
    /// One character.
    Char,
    /// One of these letters, at the beginning of the value.
    Letter(&'static str),
    /// Any of these letters.
    Letters(&'static str),
    /// One of these words by its first letter; the first stands for all other values.
    Word(&'static [&'static str]),
    /// Anything.
    Text,
    /// Text with quotes and backslashes taken out when the line is read.
    Template,
    /// Words separated by commas or semicolons.
    List,
    /// OPT-017
    Aliases,
    /// `user[:group]`
    User,
    /// A group.
    Group,
    /// OPT-041
    MacroDefinition,
    /// OPT-066
    SortOrder,
    /// OPT-072
    NoRecipient,
    /// OPT-100
    Address,
    /// OPT-137
    MailboxDatabase,
    /// OPT-113
    LdapSpec,
    /// OPT-181
    SmtpUtf8,
    /// OPT-242..OPT-258
    Privacy,
    /// OPT-259..OPT-283
    DontBlame,
    /// OPT-032
    Resolver,
    /// OPT-288
    SslOptions,
    /// OPT-213..OPT-241
    Timeout,
    /// OPT-053
    QueueTimeout,
    /// OPT-285, OPT-286
    Milter,
    /// OPT-184..OPT-211
    Ports,
}

/// A message about a value, in sendmail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text behind `FILE: line N: `.
    pub text: Vec<u8>,
    /// What it does to the exit status.
    pub severity: Severity,
    /// Printed without `FILE: line N: `.
    pub bare: bool,
}

/// What a value means: the value, when it can be used, and what there is to say about it. A value
/// may come with messages (`Invalid time unit`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpreted {
    /// The value; `None` leaves the option as it was.
    pub value: Option<OptionValue>,
    /// In the order they are printed.
    pub messages: Vec<Message>,
}

/// Most messages about one value: what is wrong in a thousand places needs no more said.
const MAX_MESSAGES: usize = 1000;

impl Interpreted {
    fn of(value: OptionValue) -> Self {
        Self { value: Some(value), messages: Vec::new() }
    }

    fn say(&mut self, text: impl Into<Vec<u8>>, severity: Severity, bare: bool) {
        if self.messages.len() >= MAX_MESSAGES {
            return;
        }
        // Shown in seven bits, as the oracle does.
        let text = text.into().iter().map(|b| b & 0x7f).collect();
        self.messages.push(Message { text, severity, bare });
    }

    fn error(&mut self, text: impl Into<Vec<u8>>) {
        self.say(text, Severity::Error { exit: 70, fatal: false }, false);
    }

    fn refuse(text: impl Into<Vec<u8>>) -> Self {
        let mut refused = Self::default();
        refused.error(text);
        refused
    }
}

/// Reads a value. `value` is what the line gives, macros expanded where [`OptionSpec::expansion`]
/// says `Read`. What only the host knows (users, groups, services, addresses) comes back as text.
/// Linear in the length of the value.
#[must_use]
pub fn interpret(option: usize, suboption: Option<&[u8]>, value: &[u8]) -> Interpreted {
    let Some(spec) = OPTIONS.get(option) else { return Interpreted::default() };
    match spec.kind {
        Kind::Timeout => timeouts::interpret(suboption, value),
        Kind::QueueTimeout => timeouts::queue_timeout(value),
        Kind::Milter => lists::milter(suboption, value),
        Kind::Ports => ports::interpret(value),
        Kind::List => Interpreted::of(OptionValue::List(lists::split(value, b",;"))),
        Kind::Aliases => Interpreted::of(OptionValue::Aliases(lists::aliases(value))),
        Kind::Privacy => words::privacy(value),
        Kind::DontBlame => words::dont_blame(value),
        Kind::Resolver => lists::resolver(value),
        Kind::SslOptions => lists::ssl(spec.name, value),
        Kind::LdapSpec => ldap::interpret(value),
        Kind::Letters(letters) => lists::letters(spec.name, letters, value),
        kind => values::interpret(spec, kind, value),
    }
}

/// What a long name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The option of that name.
    Exact(usize),
    /// The only option whose name begins so.
    Abbreviation(usize),
    /// The first two options whose names begin so.
    Ambiguous(usize, usize),
    /// No option.
    Unknown,
}

/// Looks a long name up, in any case, in full or abbreviated (OPT-001, OPT-003).
#[must_use]
pub fn by_name(name: &[u8]) -> Found {
    let built = || OPTIONS.iter().enumerate().filter(|(_, o)| o.built);
    let full = |o: &OptionSpec| !name.is_empty() && o.name.as_bytes().eq_ignore_ascii_case(name);
    if let Some((at, _)) = built().find(|(_, o)| full(o)) {
        return Found::Exact(at);
    }
    let begins = |o: &OptionSpec| {
        o.name.as_bytes().get(..name.len()).is_some_and(|p| p.eq_ignore_ascii_case(name))
    };
    let mut matches = built().filter(|(_, o)| begins(o)).map(|(at, _)| at);
    match (matches.next(), matches.next()) {
        (Some(first), Some(second)) => Found::Ambiguous(first, second),
        (Some(only), None) => Found::Abbreviation(only),
        (None, _) => Found::Unknown,
    }
}

/// The option of a letter (OPT-002).
#[must_use]
pub fn by_letter(letter: u8) -> Option<usize> {
    OPTIONS.iter().position(|o| o.built && o.letter == Some(letter))
}

/// The long name of an option; empty for an index out of range.
#[must_use]
pub fn name(option: usize) -> &'static str {
    OPTIONS.get(option).map_or("", |o| o.name)
}

/// Whether a suboption means anything to this option (OPT-004).
#[must_use]
pub fn takes_suboption(option: usize) -> bool {
    OPTIONS.get(option).is_some_and(|o| matches!(o.kind, Kind::Timeout | Kind::Milter))
}

/// Whether quotes and backslashes are taken out of the value when the line is read.
pub(crate) fn is_template(option: usize) -> bool {
    OPTIONS.get(option).is_some_and(|o| o.kind == Kind::Template)
}

/// Whether an option sets the queue directory, which must come before `Q` lines.
pub(crate) fn is_queue_directory(option: usize) -> bool {
    name(option) == "QueueDirectory"
}

#[cfg(test)]
mod tests;
