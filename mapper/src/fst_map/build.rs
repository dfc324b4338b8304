//! Making an fst file of entries in any order.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};

use hashbrown::HashMap;

use super::checked::BLOCK;
use super::header::{Header, MadeOf};
use super::key_writer::KeyWriter;
use super::packed::{bits_for, pack};
use super::sorter::{RUN, Scratch, Sorter};
use super::values::{MAX_VALUE, ValueList};

/// Values that are remembered, so that those that are the same stand once in the file: that many, of so many
/// bytes; then all are forgotten.
const REMEMBERED: usize = 1 << 16;
const REMEMBERED_BYTES: usize = 8 << 20;

/// An entry whose key has come before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Its line.
    pub line: u64,
    /// The key.
    pub key: Vec<u8>,
}

/// Collects entries and writes the file. In memory are at most 96 MiB of entries at a time, with 32 bytes for each,
/// four bytes for each key, and the compressed values.
pub struct FstBuilder {
    sorter: Sorter,
    replace: bool,
    made_of: MadeOf,
}

impl FstBuilder {
    /// Nothing is in it. Of entries with the same key the last one counts if `replace`, else the first.
    /// `scratch` makes files for what does not fit the memory; they should be gone when they are closed.
    #[must_use]
    pub fn new(replace: bool, scratch: Scratch) -> Self {
        Self::with_run(RUN, replace, scratch)
    }

    /// With so many bytes of entries in memory.
    pub(super) fn with_run(run: usize, replace: bool, scratch: Scratch) -> Self {
        Self { sorter: Sorter::new(run, scratch), replace, made_of: MadeOf::default() }
    }

    /// Notes in the file what it was made of.
    pub fn set_made_of(&mut self, made_of: MadeOf) {
        self.made_of = made_of;
    }

    /// Adds an entry. Lines come in their order; 0 stands for none.
    ///
    /// # Errors
    /// `FileTooLarge` for a value of more than 16 MiB, or what the files for entries that do not fit the memory give.
    pub fn push(&mut self, line: u64, key: &[u8], value: &[u8]) -> io::Result<()> {
        if value.len() > MAX_VALUE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.sorter.push(line, key, value)
    }

    /// Writes the file, which is empty, and returns the entries that were left out or replaced, in the order of
    /// their lines.
    ///
    /// # Errors
    /// As the files give them.
    pub fn write_to(self, file: &File) -> io::Result<Vec<Duplicate>> {
        let Self { sorter, replace, made_of } = self;
        let mut out = Summed::new(BufWriter::with_capacity(1 << 16, file))?;
        let mut parts = Parts::new(&mut out)?;
        let mut duplicates = Vec::new();
        let (mut key, mut value, mut any) = (Vec::new(), Vec::new(), false);
        sorter.finish(&mut |entry| {
            let again = any && key == entry.key;
            if again {
                duplicates.push(Duplicate { line: entry.line, key: entry.key.to_vec() });
            } else {
                if any {
                    parts.add(&key, &value)?;
                }
                any = true;
                key.clear();
                key.extend_from_slice(entry.key);
            }
            if replace || !again {
                value.clear();
                value.extend_from_slice(entry.value);
            }
            Ok(())
        })?;
        if any {
            parts.add(&key, &value)?;
        }
        let header = parts.finish(Header { made_of, ..Header::default() })?;
        out.finish(header)?;
        duplicates.sort_unstable_by_key(|duplicate| duplicate.line);
        Ok(duplicates)
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The parts of a file while they are made.
struct Parts<'o, 'f> {
    keys: KeyWriter<&'o mut Summed<'f>>,
    entries: u32,
    longest_key: usize,
    values: ValueList,
    /// The numbers of the values, by rank.
    numbers: Vec<u32>,
    /// Whether each number is its rank.
    in_order: bool,
    known: HashMap<Vec<u8>, u32>,
    known_bytes: usize,
}

impl<'o, 'f> Parts<'o, 'f> {
    fn new(out: &'o mut Summed<'f>) -> io::Result<Self> {
        Ok(Self {
            keys: KeyWriter::new(out)?,
            entries: 0,
            longest_key: 0,
            values: ValueList::default(),
            numbers: Vec::new(),
            in_order: true,
            known: HashMap::new(),
            known_bytes: 0,
        })
    }

    /// Adds the next key.
    fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let rank = self.entries;
        // numbers of values are kept in 32 bits
        self.entries = rank.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        self.longest_key = self.longest_key.max(key.len());
        self.keys.insert(key)?;
        let number = self.number_of(value);
        self.in_order &= number == rank;
        self.numbers.push(number);
        Ok(())
    }

    fn number_of(&mut self, value: &[u8]) -> u32 {
        if let Some(number) = self.known.get(value) {
            return *number;
        }
        if self.known.len() >= REMEMBERED || self.known_bytes >= REMEMBERED_BYTES {
            self.known.clear();
            self.known_bytes = 0;
        }
        // there are no more values than keys
        let number = u32::try_from(self.values.count).unwrap_or(u32::MAX);
        self.values.push(value);
        self.known.insert(value.to_vec(), number);
        self.known_bytes += value.len();
        number
    }

    /// Writes the other parts; `header` gets their lengths.
    fn finish(self, header: Header) -> io::Result<Header> {
        let (out, keys_length) = self.keys.finish()?;
        let last = self.values.count.saturating_sub(1);
        let number_bits = if self.in_order { 0 } else { bits_for(last) };
        if !self.in_order {
            pack(self.numbers.iter().map(|number| u64::from(*number)), number_bits, out)?;
        }
        let numbers_end = out.length;
        let group_bits = bits_for(wide(self.values.bytes.len()));
        pack(self.values.groups.iter().copied(), group_bits, out)?;
        let groups_end = out.length;
        out.write_all(&self.values.bytes)?;
        Ok(Header {
            entries: self.entries.into(),
            longest_key: wide(self.longest_key),
            values: self.values.count,
            number_bits,
            group_bits,
            keys_length,
            numbers_length: numbers_end - keys_length,
            groups_length: groups_end - numbers_end,
            values_length: out.length - groups_end,
            ..header
        })
    }
}

/// A file behind its header, with the checksums of its blocks.
struct Summed<'f> {
    out: BufWriter<&'f File>,
    length: u64,
    /// The block that is being filled.
    block: Vec<u8>,
    sums: Vec<u8>,
}

impl<'f> Summed<'f> {
    /// `out` stands where the header is to come.
    fn new(mut out: BufWriter<&'f File>) -> io::Result<Self> {
        out.write_all(&[0; BLOCK])?;
        Ok(Self { out, length: 0, block: Vec::with_capacity(BLOCK), sums: Vec::new() })
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.sums.extend(crc32fast::hash(&self.block).to_le_bytes());
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    /// Writes checksums and header.
    fn finish(mut self, header: Header) -> io::Result<()> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let header = Header { sums_sum: crc32fast::hash(&self.sums), ..header };
        self.out.write_all(&self.sums)?;
        self.out.rewind()?;
        self.out.write_all(&header.block())?;
        self.out.flush()
    }
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (now, _) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
        self.block.extend_from_slice(now);
        self.length += wide(now.len());
        if self.block.len() == BLOCK {
            self.end_block()?;
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
