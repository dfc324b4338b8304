//! `-Q`: the quarantine line of a control file, set, changed or removed in its text (QU-075). Pure.
//!
//! The rest of the file stays as it is, byte for byte; a new line goes in front of the sender's, as
//! the oracle puts it.

/// What an edit changed; the message of the oracle stands behind the queue id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was no reason, now there is.
    Set(Vec<u8>),
    /// Another reason than before.
    Changed {
        /// The former reason.
        from: Vec<u8>,
        /// The new one.
        to: Vec<u8>,
    },
    /// The reason was this one already.
    Already(Vec<u8>),
    /// The reason is gone.
    Removed(Vec<u8>),
    /// There was none and there is none.
    Nothing,
}

impl Change {
    /// The line of `-v`, without its end; nothing is said of [`Change::Nothing`].
    #[must_use]
    pub fn message(&self, id: &[u8]) -> Option<Vec<u8>> {
        let quote = |text: &[u8]| [b"\"", text, b"\""].concat();
        let text = match self {
            Self::Set(reason) => [b"Quarantined with ".to_vec(), quote(reason)].concat(),
            Self::Changed { from, to } => {
                [b"Quarantine changed from ".to_vec(), quote(from), b" to ".to_vec(), quote(to)]
                    .concat()
            }
            Self::Already(reason) => {
                [b"Already quarantined with ".to_vec(), quote(reason)].concat()
            }
            Self::Removed(reason) => [b"Removed quarantine of ".to_vec(), quote(reason)].concat(),
            Self::Nothing => return None,
        };
        Some([id, b": ", &text].concat())
    }

    /// Whether the file must be written.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Already(_) | Self::Nothing)
    }
}

/// The last line of `-Q -v` for one directory.
#[must_use]
pub fn summary(changes: usize) -> String {
    match changes {
        0 => "No changes".to_owned(),
        1 => "1 change".to_owned(),
        n => format!("{n} changes"),
    }
}

/// Edits a control file: `reason` is the new one, `None` removes it.
#[must_use]
pub fn edit(text: &[u8], reason: Option<&[u8]>) -> (Vec<u8>, Change) {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut former = None;
    let mut wanted = reason;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let old = line.strip_prefix(b"q");
        let ends_envelope = matches!(line.first(), Some(b'S' | b'.'));
        if (old.is_some() || ends_envelope)
            && let Some(new) = wanted.take()
        {
            out.extend_from_slice(&[b"q", new, b"\n"].concat());
        }
        match old {
            Some(old) => former = Some(old.strip_suffix(b"\n").unwrap_or(old).to_vec()),
            None => out.extend_from_slice(line),
        }
    }
    let change = match (former, reason.map(<[u8]>::to_vec)) {
        (None, None) => Change::Nothing,
        (None, Some(to)) => Change::Set(to),
        (Some(from), None) => Change::Removed(from),
        (Some(from), Some(to)) if from == to => Change::Already(to),
        (Some(from), Some(to)) => Change::Changed { from, to },
    };
    (out, change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_set_changed_and_removed() {
        // QU-075; places and texts observed.
        let check = |text: &str, reason: Option<&str>, after: &str, message: &str| {
            let (out, change) = edit(text.as_bytes(), reason.map(str::as_bytes));
            assert_eq!(String::from_utf8(out).unwrap(), after);
            let said = change.message(b"ID").unwrap_or_default();
            assert_eq!(String::from_utf8(said).unwrap(), message);
            assert_eq!(change.is_change(), text != after);
        };
        let (free, held) =
            ("V8\nFs\n$_x\nSroot\nH??q: Sx\n.\n", "V8\nFs\n$_x\nqwhy\nSroot\nH??q: Sx\n.\n");
        check(free, Some("why"), held, "ID: Quarantined with \"why\"");
        check(held, Some("why"), held, "ID: Already quarantined with \"why\"");
        check(held, None, free, "ID: Removed quarantine of \"why\"");
        check(free, None, free, "");
        let other = held.replace("why", "so");
        check(held, Some("so"), &other, "ID: Quarantine changed from \"why\" to \"so\"");
        assert_eq!(
            (summary(0), summary(1), summary(2)),
            ("No changes".into(), "1 change".into(), "2 changes".into())
        );
    }
}
