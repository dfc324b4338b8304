//! What came of an address, in lines for people.

use ruleset_vm::load::Configuration;
use ruleset_vm::{Exit, Parsed, Target};
use workbench::story::sentence;

/// The triple, and what will happen to the mail.
pub(super) fn resolved(
    configuration: &Configuration,
    parsed: Option<&Parsed>,
    alias: Option<&[u8]>,
) -> Vec<Vec<u8>> {
    let closing = sentence::closing(configuration, parsed, alias);
    parsed.and_then(|parsed| triple(configuration, parsed)).into_iter().chain([closing]).collect()
}

/// What a mailer sees.
pub(super) fn rewritten(mailer: &[u8], text: &[u8], exit: Exit) -> Vec<u8> {
    let mut out = [b"For mailer ", mailer, b" it is ", text, b"."].concat();
    if exit == Exit::TEMPFAIL {
        out.extend_from_slice(b" But a map could not answer now.");
    }
    out
}

/// `mailer esmtp, host example.com, user alice@example.com`
fn triple(configuration: &Configuration, parsed: &Parsed) -> Option<Vec<u8>> {
    let triple = &parsed.triple;
    let Target::Mailer(number) = &triple.mailer else { return None };
    let mailer = configuration.mailers.get(*number);
    let mut out = [b"mailer ", mailer.map(|mailer| &mailer.name[..]).unwrap_or_default()].concat();
    if let Some(host) = &triple.host {
        out.extend([b", host ", &host[..]].concat());
    }
    out.extend([b", user ", &triple.user[..]].concat());
    Some(out)
}
