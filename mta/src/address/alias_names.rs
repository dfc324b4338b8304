//! The names of an alias file, read by the rules of the configuration (AD-003, AD-004, AD-005).

use mapper::{AliasName, AliasPart, AliasSeverity};
use ruleset_vm::Target;

use super::worker::Worker;

/// What the worker has had to say of an address, by its severity: what sendmail itself finds wrong with its
/// configuration is an error, what it finds wrong with an address is not (observed).
pub fn complaints(worker: &mut Worker) -> Vec<(AliasSeverity, Vec<u8>)> {
    let severity = |text: &[u8]| match text.starts_with(b"buildaddr:") {
        true => AliasSeverity::Error,
        false => AliasSeverity::Fault,
    };
    let messages = worker.take_messages().into_iter();
    let texts = messages.map(|message| ruleset_vm::split_codes(&message).1.to_vec());
    texts.map(|text| (severity(&text), text)).collect()
}

/// The name with which a line begins: the user part of a local address.
pub fn left(worker: &mut Worker, line: &[u8]) -> (AliasName, AliasPart) {
    worker.take_messages();
    let parsed = worker.parse_first(line, b':');
    let complaints = complaints(worker);
    let Some(parsed) = parsed else {
        return (AliasName::Illegal, AliasPart { text: line.to_vec(), complaints });
    };
    let text = line.get(..parsed.used).unwrap_or(line).trim_ascii().to_vec();
    let mailer = match parsed.triple.mailer {
        Target::Mailer(index) => worker.site.mailers.get(index),
        Target::Error(_) => None,
    };
    let name = match mailer.filter(|mailer| mailer.flags.has(b'A')) {
        None => AliasName::NotLocal,
        Some(mailer) if mailer.flags.has(b'u') => AliasName::Local(parsed.triple.user),
        Some(_) => AliasName::Local(parsed.triple.user.to_ascii_lowercase()),
    };
    (name, AliasPart { text, complaints })
}
