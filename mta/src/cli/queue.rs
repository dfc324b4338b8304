//! What `-q` asks for.

use super::arguments::Arguments;
use crate::queue::selection::{Condition, Part, Selection};
use crate::queue::store::Kind;

/// What a `-q` flag asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueueFlags {
    /// Seconds between runs; `None` for one run.
    pub(super) interval: Option<u64>,
    /// Which messages.
    pub(super) selection: Selection,
}

/// Reads every `-q` flag (CMD-048..CMD-053).
///
/// # Errors
/// The text of a usage error.
pub(super) fn flags(arguments: &Arguments) -> Result<QueueFlags, String> {
    let mut out = QueueFlags::default();
    for value in arguments.all(b'q') {
        let (negated, rest) = match value.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, value),
        };
        let part = match rest.first() {
            Some(b'I') => Part::Id,
            Some(b'R') => Part::Recipient,
            Some(b'S') => Part::Sender,
            Some(b'Q' | b'L' | b'G' | b'f' | b'p') => continue,
            Some(b'-') => return Err("Invalid -q value".to_owned()),
            Some(_) => {
                let (seconds, bad) = cf_parser::options::time(rest, b'm');
                if let Some(unit) = bad.first() {
                    return Err(format!("Invalid time unit `{}'", char::from(*unit)));
                }
                out.interval = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
                continue;
            }
            None => continue,
        };
        out.selection.conditions.push(Condition { part, negated, text: rest[1..].to_vec() });
    }
    Ok(out)
}

/// `-qQ` chooses the quarantined, `-qL` the lost.
pub(super) fn kind(arguments: &Arguments) -> Kind {
    let chosen = |letter: u8| arguments.all(b'q').any(|value| value.first() == Some(&letter));
    if chosen(b'Q') {
        Kind::Quarantined
    } else if chosen(b'L') {
        Kind::Lost
    } else {
        Kind::Normal
    }
}
