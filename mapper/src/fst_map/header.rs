//! The first block of an fst file.
//!
//! A magic text of 16 bytes, then numbers of 64 bits in the order of `Header`'s fields, then zeros, then a
//! CRC-32 of all that in the last four bytes.

use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;

use super::FstError;
use super::checked::BLOCK;
use super::packed::MAX_BITS;
use crate::columns::Columns;

const MAGIC: &[u8; 16] = b"bangpath fst 1\n\0";
/// Where the checksum of the header is.
const SUM_AT: usize = BLOCK - 4;
/// Numbers in the header.
const FIELDS: usize = 17;

/// Size and time of change of a text that a file was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceStamp {
    /// Bytes.
    pub size: u64,
    /// Seconds and nanoseconds of the last change.
    pub modified: (i64, i64),
}

impl SourceStamp {
    /// That of a file.
    #[must_use]
    pub fn of(facts: &Metadata) -> Self {
        Self { size: facts.size(), modified: (facts.mtime(), facts.mtime_nsec()) }
    }
}

/// What a file was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MadeOf {
    /// The columns of the text, if it was read as class `text` does.
    pub columns: Option<Columns>,
    /// The text, if it was a file that stayed the same meanwhile.
    pub source: Option<SourceStamp>,
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Number of keys.
    pub(super) entries: u64,
    /// Length of the longest key, bytes.
    pub(super) longest_key: u64,
    /// Number of values.
    pub(super) values: u64,
    /// Bits of a value's number; 0: the rank is its number.
    pub(super) number_bits: u32,
    /// Bits of the place of a group.
    pub(super) group_bits: u32,
    /// Bytes of the parts.
    pub(super) keys_length: u64,
    pub(super) numbers_length: u64,
    pub(super) groups_length: u64,
    pub(super) values_length: u64,
    /// CRC-32 of the checksums.
    pub(super) sums_sum: u32,
    pub(super) made_of: MadeOf,
}

impl Header {
    /// The places of keys, numbers, groups and values; `None` if no memory is as large.
    pub(super) fn parts(&self) -> Option<[Range<usize>; 4]> {
        let mut end = BLOCK;
        let mut part = |length: u64| {
            let start = end;
            end = start.checked_add(usize::try_from(length).ok()?)?;
            Some(start..end)
        };
        Some([
            part(self.keys_length)?,
            part(self.numbers_length)?,
            part(self.groups_length)?,
            part(self.values_length)?,
        ])
    }

    /// The header as it is written.
    pub(super) fn block(&self) -> Vec<u8> {
        let mut block = MAGIC.to_vec();
        self.fields().iter().for_each(|field| block.extend(field.to_le_bytes()));
        block.resize(SUM_AT, 0);
        let sum = crc32fast::hash(&block);
        block.extend(sum.to_le_bytes());
        block
    }

    fn fields(&self) -> [u64; FIELDS] {
        let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let MadeOf { columns, source } = self.made_of;
        let known = u64::from(columns.is_some()) | u64::from(source.is_some()) << 1;
        let columns = columns.unwrap_or_default();
        let source = source.unwrap_or(SourceStamp { size: 0, modified: (0, 0) });
        [
            self.entries,
            self.longest_key,
            self.values,
            self.number_bits.into(),
            self.group_bits.into(),
            self.keys_length,
            self.numbers_length,
            self.groups_length,
            self.values_length,
            self.sums_sum.into(),
            known,
            size(columns.key),
            size(columns.value),
            columns.delimiter.map_or(0, |delimiter| 1 + u64::from(delimiter)),
            source.size,
            source.modified.0.cast_unsigned(),
            source.modified.1.cast_unsigned(),
        ]
    }

    /// Reads and checks the header at the beginning of a file.
    pub(super) fn read(file: &[u8]) -> Result<Self, FstError> {
        let Some(block) = file.get(..BLOCK) else { return Err(FstError::Unsupported("too short")) };
        let (body, sum) = block.split_at(SUM_AT);
        let Some(fields) = body.strip_prefix(MAGIC) else {
            return Err(FstError::Unsupported("bad magic number"));
        };
        if crc32fast::hash(body).to_le_bytes() != sum {
            return Err(FstError::Damaged { at: 0, what: "checksum of the header" });
        }
        Self::parse(fields)
    }

    /// Reads a header without its checksum.
    pub(super) fn read_unsigned(file: &[u8]) -> Option<Self> {
        Self::parse(file.get(..SUM_AT)?.strip_prefix(MAGIC)?).ok()
    }

    fn parse(fields: &[u8]) -> Result<Self, FstError> {
        let mut numbers = [0; FIELDS];
        for (number, raw) in numbers.iter_mut().zip(fields.as_chunks().0) {
            *number = u64::from_le_bytes(*raw);
        }
        Self::of(&numbers).ok_or(FstError::Damaged { at: 0, what: "header" })
    }

    fn of(fields: &[u64; FIELDS]) -> Option<Self> {
        let size = |number: u64| usize::try_from(number).ok();
        let bits = |number: u64| u32::try_from(number).ok().filter(|bits| *bits <= MAX_BITS);
        let columns = Columns {
            key: size(fields[11])?,
            value: size(fields[12])?,
            delimiter: match fields[13] {
                0 => None,
                code => Some(u8::try_from(code - 1).ok()?),
            },
        };
        let modified = (fields[15].cast_signed(), fields[16].cast_signed());
        let source = SourceStamp { size: fields[14], modified };
        Some(Self {
            entries: fields[0],
            longest_key: fields[1],
            values: fields[2],
            number_bits: bits(fields[3])?,
            group_bits: bits(fields[4])?,
            keys_length: fields[5],
            numbers_length: fields[6],
            groups_length: fields[7],
            values_length: fields[8],
            sums_sum: u32::try_from(fields[9]).ok()?,
            made_of: MadeOf {
                columns: (fields[10] & 1 != 0).then_some(columns),
                source: (fields[10] & 2 != 0).then_some(source),
            },
        })
    }
}
