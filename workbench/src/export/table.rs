//! Entries of the tables beside a configuration: mailertable, virtusertable, access and so on.

use mapper::Columns;

use super::remark::Place;

/// Longest key or value that is carried over, octets: what a line of the targets' tables may have.
const MAX_FIELD: usize = 2048;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, in lower case as lookups have it.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The line of the file it was read from, from 1; 0 if that is a database.
    pub line: u32,
}

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Its entries, in their order.
    Entries(Vec<Entry>),
    /// There is no such file. An optional table of which nothing is missed.
    Absent,
    /// It cannot be read, and why.
    Unknown(Vec<u8>),
}

/// A table of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of its map.
    pub map: Vec<u8>,
    /// The file the entries come from, as it is shown.
    pub file: Vec<u8>,
    /// What is in it.
    pub contents: Contents,
}

impl Table {
    /// Its entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.contents {
            Contents::Entries(entries) => entries,
            Contents::Absent | Contents::Unknown(_) => &[],
        }
    }

    /// Where an entry stands.
    #[must_use]
    pub fn place(&self, entry: &Entry) -> Place {
        Place { file: Some(self.file.clone()), line: entry.line }
    }
}

/// The entries of a source file of `makemap`: key, blanks, value. Comments, empty lines and lines without a
/// value are passed over; of entries with the same key the first counts, as makemap has it.
#[must_use]
pub fn read_source(text: &[u8]) -> Vec<Entry> {
    let mut seen = std::collections::HashSet::new();
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    let entries = lines.filter_map(|(line, number)| entry(line, number));
    entries.filter(|entry| seen.insert(entry.key.clone())).collect()
}

/// The entries of a map of class `text`, from its columns; of entries with the same key the first counts.
#[must_use]
pub fn read_columns(text: &[u8], columns: Columns) -> Vec<Entry> {
    let mut seen = std::collections::HashSet::new();
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    let entries = lines.filter_map(|(text, line)| {
        let (key, value) = columns.cut(text).filter(|(key, _)| !key.is_empty())?;
        Some(Entry { key: key.to_ascii_lowercase(), value: value.to_vec(), line })
    });
    entries.filter(|entry| seen.insert(entry.key.clone())).collect()
}

fn entry(line: &[u8], number: u32) -> Option<Entry> {
    if matches!(line.first(), None | Some(b'#')) || line.len() > 2 * MAX_FIELD {
        return None;
    }
    let line = line.trim_ascii();
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (key, value) = line.split_at(end);
    let value = value.trim_ascii();
    let keep = !key.is_empty() && !value.is_empty();
    keep.then(|| Entry { key: key.to_ascii_lowercase(), value: value.to_vec(), line: number })
}

/// The entry of a database.
#[must_use]
pub fn of_database(key: &[u8], value: &[u8]) -> Entry {
    let without_nul = |text: &[u8]| text.strip_suffix(b"\0").unwrap_or(text).to_vec();
    let key = without_nul(key).to_ascii_lowercase();
    Entry { key, value: without_nul(value), line: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_text_maps() {
        let columns = Columns::from_flags(b"-k2 -v0 -z:").unwrap();
        let entries = read_columns(
            b"#x:y:z\nlocal:0:Example.ORG\nshort:0\nhub:1:example.org:more\n",
            columns,
        );
        let shown: Vec<_> = entries.iter().map(|e| (&e.key[..], &e.value[..], e.line)).collect();
        assert_eq!(shown, [(&b"example.org"[..], &b"local"[..], 2)]);
    }

    #[test]
    fn sources_as_makemap_reads_them() {
        let text =
            b"# comment\n\nExample.ORG\tesmtp:[hub]  \nkeyonly\n b c d \nexample.org other\n";
        let entries = read_source(text);
        let shown: Vec<_> = entries.iter().map(|e| (&e.key[..], &e.value[..], e.line)).collect();
        assert_eq!(
            shown,
            [(&b"example.org"[..], &b"esmtp:[hub]"[..], 3), (&b"b"[..], &b"c d"[..], 5)]
        );
        assert_eq!(
            of_database(b"K\0", b"v\0"),
            Entry { key: b"k".into(), value: b"v".into(), line: 0 }
        );
    }
}
