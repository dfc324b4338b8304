//! Checks of a configuration as a whole, when it has been read (CF-013, CF-047).

use cf_parser::options::MAILBOX_DATABASES;
use cf_parser::{Diagnostic, Severity, Span};

use super::Configuration;
use crate::mailer::find;

/// What is wrong with the options as a whole; said as soon as the file has been read. A mailbox
/// database that is not known is the exit status, whatever was wrong before.
#[must_use]
pub fn option_checks(configuration: &Configuration) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let options = &configuration.options;
    let begins = |name: &str, letter: u8| {
        options.bytes(name).is_some_and(|value| {
            value.first().is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        })
    };
    if begins("SuperSafe", b'i') && !begins("DeliveryMode", b'i') {
        found.push(bare(
            "WARNING: SuperSafe=interactive should only be used with\n         \
             DeliveryMode=interactive",
            Severity::Warning,
        ));
    }
    if let Some(database) = options.bytes("MailboxDatabase")
        && !MAILBOX_DATABASES.iter().any(|known| known.as_bytes() == database)
    {
        let text =
            [b"Can't initialize mailbox database \"", &database[..], b"\": Service unavailable"];
        found.push(bare(text.concat(), error(69)));
    }
    let directory = options.bytes("HostStatusDirectory").is_some_and(|path| !path.is_empty());
    let disabled = directory && options.number("ConnectionCacheSize", 1) <= 0;
    if disabled {
        let text = "Warning: HostStatusDirectory disabled with ConnectionCacheSize = 0";
        found.push(bare(text, Severity::Warning));
    }
    if options.flag("SingleThreadDelivery", false) && (disabled || !directory) {
        let text = "Warning: HostStatusDirectory required for SingleThreadDelivery";
        found.push(bare(text, Severity::Warning));
    }
    found
}

/// What is wrong with the whole, said when it is put to work; `mode` is the letter of `-b`. The first
/// error is the exit status; test mode goes on with it.
#[must_use]
pub fn post_checks(configuration: &Configuration, mode: u8) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let options = &configuration.options;
    found.extend(cf_parser::level_check(configuration.level));
    let own = configuration.macros.value(b"j");
    if matches!(mode, b't' | b'i' | b'C') && !own.contains(&b'.') {
        let own = if own.is_empty() { b"localhost".to_vec() } else { own };
        let text = [
            b"WARNING: local host name (",
            &own[..],
            b") is not qualified; see cf/README: WHO AM I?",
        ];
        found.push(bare(text.concat(), Severity::Warning));
    }
    if find(&configuration.mailers, b"local").is_none() {
        found.push(bare("No local mailer defined", error(70)));
    }
    if mode != b't' && options.bytes("QueueDirectory").is_none_or(|path| path.is_empty()) {
        found.push(bare("QueueDirectory (Q) option must be set", error(78)));
    }
    found
}

fn error(exit: u8) -> Severity {
    Severity::Error { exit, fatal: false }
}

fn bare(text: impl Into<Vec<u8>>, severity: Severity) -> Diagnostic {
    Diagnostic { span: Span::default(), text: text.into(), severity, bare: true }
}
