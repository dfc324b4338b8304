//! Checks of a configuration as a whole, when it has been read (CF-013, CF-047).

use cf_parser::{Diagnostic, Severity, Span};

use super::Configuration;
use crate::mailer::find;

/// What is wrong with the whole, in the order in which it is said; `mode` is the letter of `-b`.
/// The first error is the exit status; test mode goes on with it.
#[must_use]
pub fn post_checks(configuration: &Configuration, mode: u8) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let options = &configuration.options;
    let is = |name: &str, letter: u8| {
        options.bytes(name).is_some_and(|value| {
            value.first().is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        })
    };
    if is("SuperSafe", b'i') && options.bytes("DeliveryMode").is_some() && !is("DeliveryMode", b'i')
    {
        found.push(bare(
            "WARNING: SuperSafe=interactive should only be used with\n         \
             DeliveryMode=interactive",
            Severity::Warning,
        ));
    }
    found.extend(cf_parser::level_check(configuration.level));
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

fn bare(text: &str, severity: Severity) -> Diagnostic {
    Diagnostic { span: Span::default(), text: text.into(), severity, bare: true }
}
