//! What `-q` asks for.

use super::arguments::Arguments;
use crate::daemon::post::Post;
use crate::queue::selection::{Condition, Part, Selection};
use crate::queue::store::Kind;

/// What a `-q` flag asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueueFlags {
    /// Seconds between runs; `None` for one run.
    pub(super) interval: Option<u64>,
    /// `-qp`: one runner that stays.
    pub(super) persistent: bool,
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
            Some(b'Q') if rest.len() > 1 => Part::Quarantine,
            Some(b'Q' | b'L' | b'G' | b'f') => continue,
            Some(b'-') => return Err("Invalid -q value".to_owned()),
            Some(_) => {
                out.persistent |= rest.starts_with(b"p");
                let rest = match rest.strip_prefix(b"p") {
                    Some(b"") => b"1s",
                    Some(interval) => interval,
                    None => rest,
                };
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

/// The group of `-qG` if there is none of that name (CMD-051).
pub(super) fn unknown_group(post: &Post, arguments: &Arguments) -> Option<Vec<u8>> {
    let name = arguments.all(b'q').find_map(|value| value.strip_prefix(b"G"))?;
    let groups = &post.site.configuration.queue_groups;
    let known = name.eq_ignore_ascii_case(b"mqueue")
        || groups.iter().any(|(group, _)| group.eq_ignore_ascii_case(name));
    (!known).then(|| name.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> QueueFlags {
        let given = words.iter().map(|word| (b'q', word.as_bytes().to_vec())).collect();
        flags(&Arguments { flags: given, ..Arguments::default() }).unwrap()
    }

    #[test]
    fn intervals_and_conditions() {
        // CMD-048..CMD-053, QU-070
        let table: &[(&str, Option<u64>, bool)] = &[
            ("", None, false),
            ("f", None, false),
            ("30m", Some(1800), false),
            ("2", Some(120), false),
            ("p", Some(1), true),
            ("p1h", Some(3600), true),
        ];
        for (word, interval, persistent) in table {
            let flags = read(&[word]);
            assert_eq!((flags.interval, flags.persistent), (*interval, *persistent), "{word}");
            assert!(!flags.selection.is_selective(), "{word}");
        }
        let flags = read(&["Ix", "!Qheld", "Q", "L", "Gslow"]);
        let parts: Vec<_> =
            flags.selection.conditions.iter().map(|c| (c.part, c.negated)).collect();
        assert_eq!(parts, [(Part::Id, false), (Part::Quarantine, true)]);
    }
}
