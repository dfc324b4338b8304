//! Entries of the journal's export format (`journalctl -o export`) as lines of a log.

/// Longest entry that is kept, bytes; what is longer is passed over.
const MAX_ENTRY: usize = 1 << 20;

/// Collects the fields of an entry line by line.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// Fields have come, and the entry is not at its end.
    inside: bool,
    program: Vec<u8>,
    process: Vec<u8>,
    message: Vec<u8>,
    /// A field whose value has control characters: its name, and what has come of length, value and end.
    binary: Option<(Vec<u8>, Vec<u8>)>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) program: Vec<u8>,
    pub(super) process: Vec<u8>,
    pub(super) text: Vec<u8>,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is no part of an entry.
    No,
    /// It is one.
    Yes,
    /// It ends one.
    Entry(Entry),
}

impl Journal {
    pub(super) fn line(&mut self, line: &[u8]) -> Taken {
        if self.binary.is_some() {
            self.more(line);
            return Taken::Yes;
        }
        if !self.inside {
            // each entry begins with its cursor
            self.inside = line.starts_with(b"__CURSOR=");
            return if self.inside { Taken::Yes } else { Taken::No };
        }
        if line.is_empty() {
            let Self { program, process, message, .. } = std::mem::take(self);
            return Taken::Entry(Entry { program, process, text: message });
        }
        match line.iter().position(|byte| *byte == b'=') {
            Some(at) => {
                let (name, value) = line.split_at(at);
                self.field(name, value.get(1..).unwrap_or_default());
            }
            None => self.binary = Some((line.to_vec(), Vec::new())),
        }
        Taken::Yes
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"SYSLOG_IDENTIFIER" => self.program = value.to_vec(),
            b"_COMM" if self.program.is_empty() => self.program = value.to_vec(),
            b"SYSLOG_PID" => self.process = value.to_vec(),
            b"_PID" if self.process.is_empty() => self.process = value.to_vec(),
            b"MESSAGE" => self.message = value.to_vec(),
            _ => {}
        }
    }

    /// Eight octets of length, the value, a line feed, cut at line feeds.
    fn more(&mut self, line: &[u8]) {
        let Some((name, mut bytes)) = self.binary.take() else { return };
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
            self.binary = Some((name, bytes));
            return;
        };
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > MAX_ENTRY {
            // nothing that any log has: give up on the entry
            *self = Self::default();
        } else if rest.len() > length {
            let value = rest.get(..length).unwrap_or_default().to_vec();
            self.field(&name, &value);
        } else {
            self.binary = Some((name, bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let mut export = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nSYSLOG_IDENTIFIER=sm-mta\n_PID=7\nMESSAGE=ID: x=y\n\n".to_vec();
        export.extend_from_slice(b"__CURSOR=s=2\n_COMM=sendmail\nMESSAGE\n");
        export.extend_from_slice(&10u64.to_le_bytes());
        export.extend_from_slice(b"a\nb\n\tc\ndef\n_PID=8\n\nno entry\n");
        let mut journal = Journal::default();
        let mut found = Vec::new();
        for line in export.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
            found.push(journal.line(line));
        }
        let entries: Vec<_> = found
            .iter()
            .filter_map(|taken| match taken {
                Taken::Entry(entry) => {
                    Some((&entry.program[..], &entry.process[..], &entry.text[..]))
                }
                _ => None,
            })
            .collect();
        let expected: [(&[u8], &[u8], &[u8]); 2] =
            [(b"sm-mta", b"7", b"ID: x=y"), (b"sendmail", b"8", b"a\nb\n\tc\ndef")];
        assert_eq!(entries, expected);
        assert_eq!(found.last(), Some(&Taken::No));
    }
}
