//! Entries brought into the order of their keys, in bounded memory: what does not fit goes to a file, sorted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write as _};

/// Bytes of keys and values that are sorted in memory.
pub(super) const RUN: usize = 96 << 20;
/// Bytes of a record in a file in front of key and value: the line and two lengths.
const HEAD: usize = 8 + 4 + 4;

/// An entry of a map's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub(super) key: &'t [u8],
    /// The line it came from; 0 for none.
    pub(super) line: u64,
    pub(super) value: &'t [u8],
}

/// Gets the entries in their order.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Entry<'_>) -> io::Result<()>;

/// Where an entry stands in memory.
#[derive(Clone, Copy)]
struct Record {
    /// The beginning of the key, as a number that is in the same order.
    prefix: u64,
    line: u64,
    start: u32,
    key: u32,
    value: u32,
}

/// Makes files that are gone when they are closed.
pub(super) type Scratch = Box<dyn FnMut() -> io::Result<File>>;

/// Takes entries in any order.
pub(super) struct Sorter {
    scratch: Scratch,
    run: usize,
    text: Vec<u8>,
    records: Vec<Record>,
    files: Vec<File>,
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn prefix(key: &[u8]) -> u64 {
    let mut raw = [0; 8];
    raw.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(raw)
}

impl Sorter {
    /// Keeps `run` bytes in memory.
    pub(super) fn new(run: usize, scratch: Scratch) -> Self {
        Self { scratch, run, text: Vec::new(), records: Vec::new(), files: Vec::new() }
    }

    /// Adds an entry. Lines come in their order.
    pub(super) fn push(&mut self, line: u64, key: &[u8], value: &[u8]) -> io::Result<()> {
        let length = key.len() + value.len();
        if self.text.len() + length > self.run && !self.records.is_empty() {
            self.spill()?;
        }
        let number = |length: usize| u32::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge);
        let start = number(self.text.len())?;
        number(self.text.len() + length)?;
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(value);
        let (prefix, key, value) = (prefix(key), number(key.len())?, number(value.len())?);
        self.records.push(Record { prefix, line, start, key, value });
        Ok(())
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.records.sort_unstable_by(|one, other| {
            let prefixes = one.prefix.cmp(&other.prefix);
            let keys = || key_of(text, one).cmp(key_of(text, other));
            // entries without a byte stand where the next one stands
            let places =
                || (one.start, one.line, one.value).cmp(&(other.start, other.line, other.value));
            prefixes.then_with(keys).then_with(places)
        });
    }

    /// Writes what is in memory to a file.
    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut out = BufWriter::new((self.scratch)()?);
        for record in &self.records {
            out.write_all(&record.line.to_le_bytes())?;
            out.write_all(&record.key.to_le_bytes())?;
            out.write_all(&record.value.to_le_bytes())?;
            out.write_all(key_of(&self.text, record))?;
            out.write_all(value_of(&self.text, record))?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.files.push(file);
        self.text.clear();
        self.records.clear();
        Ok(())
    }

    /// Calls `visit` with all entries, in the order of keys and then of lines.
    pub(super) fn finish(mut self, visit: Visit<'_>) -> io::Result<()> {
        if self.files.is_empty() {
            self.sort();
            let text = &self.text;
            return self.records.iter().try_for_each(|record| {
                let (key, value) = (key_of(text, record), value_of(text, record));
                visit(Entry { key, line: record.line, value })
            });
        }
        self.spill()?;
        let (files, text, records) = (self.files, self.text, self.records);
        // the room is needed for the files
        drop((text, records));
        merge(files, visit)
    }
}

/// Merges sorted files, of which the first has the first lines.
fn merge(files: Vec<File>, visit: Visit<'_>) -> io::Result<()> {
    let mut runs: Vec<Run> = files.into_iter().map(|file| Run(BufReader::new(file))).collect();
    let mut heads = BinaryHeap::new();
    for (number, run) in runs.iter_mut().enumerate() {
        heads.extend(run.next()?.map(|stored| Reverse((stored, number))));
    }
    while let Some(Reverse((Stored { key, line, value }, number))) = heads.pop() {
        visit(Entry { key: &key, line, value: &value })?;
        if let Some(stored) = runs.get_mut(number).map(Run::next).transpose()?.flatten() {
            heads.push(Reverse((stored, number)));
        }
    }
    Ok(())
}

fn key_of<'t>(text: &'t [u8], record: &Record) -> &'t [u8] {
    let start = size(record.start);
    text.get(start..start + size(record.key)).unwrap_or_default()
}

fn value_of<'t>(text: &'t [u8], record: &Record) -> &'t [u8] {
    let start = size(record.start) + size(record.key);
    text.get(start..start + size(record.value)).unwrap_or_default()
}

/// An entry of a file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stored {
    key: Vec<u8>,
    line: u64,
    value: Vec<u8>,
}

/// A sorted file.
struct Run(BufReader<File>);

impl Run {
    fn next(&mut self) -> io::Result<Option<Stored>> {
        let mut head = [0; HEAD];
        if self.0.fill_buf()?.is_empty() {
            return Ok(None);
        }
        self.0.read_exact(&mut head)?;
        let [a, b, c, d, e, f, g, h, lengths @ ..] = head;
        let line = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let [a, b, c, d, e, f, g, h] = lengths;
        let mut key = vec![0; size(u32::from_le_bytes([a, b, c, d]))];
        let mut value = vec![0; size(u32::from_le_bytes([e, f, g, h]))];
        self.0.read_exact(&mut key)?;
        self.0.read_exact(&mut value)?;
        Ok(Some(Stored { key, line, value }))
    }
}
