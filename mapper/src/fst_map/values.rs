//! The values of an fst file.
//!
//! They stand in groups of sixteen. A value is what it has in common with the beginning of the first one of its
//! group, what with the end, and what is between: three lengths (seven bits a byte, lowest first, the high bit set
//! on all but the last) and the bytes between. The first one has nothing in common with anything.

use super::FstError;
use super::checked::Checked;
use super::header::Header;
use super::packed;

/// Values of a group.
pub(super) const GROUP: u64 = 16;
/// Bytes of the longest value, which four bytes of a length can tell.
pub(super) const MAX_VALUE: usize = 16 << 20;

/// The values of a file.
pub(super) struct Values<'f, D> {
    file: &'f Checked<D>,
    count: u64,
    number_bits: u32,
    group_bits: u32,
}

impl<'f, D: AsRef<[u8]>> Values<'f, D> {
    pub(super) fn new(file: &'f Checked<D>, header: &Header) -> Self {
        let Header { values, number_bits, group_bits, .. } = *header;
        Self { file, count: values, number_bits, group_bits }
    }

    /// Puts the value of the key of this rank into `value`.
    pub(super) fn get(&self, rank: u64, value: &mut Vec<u8>) -> Result<(), FstError> {
        value.clear();
        let number = match self.number_bits {
            0 => rank,
            bits => packed::unpack(self.file, &self.file.numbers, bits, rank)?,
        };
        if number >= self.count {
            return Err(self.damaged(0));
        }
        let group = number / GROUP;
        let start = self.place(group)?;
        let end = match (group + 1).checked_mul(GROUP).filter(|first| *first < self.count) {
            Some(_) => self.place(group + 1)?,
            None => self.file.values.end,
        };
        if end > self.file.values.end {
            return Err(self.damaged(end));
        }
        unpack(self.file.get(start..end)?, number % GROUP, value).ok_or_else(|| self.damaged(start))
    }

    /// Where a group begins.
    fn place(&self, group: u64) -> Result<usize, FstError> {
        let start = packed::unpack(self.file, &self.file.groups, self.group_bits, group)?;
        let start = usize::try_from(start).map_err(|_| self.damaged(0))?;
        Ok(self.file.values.start.saturating_add(start))
    }

    #[cold]
    fn damaged(&self, at: usize) -> FstError {
        FstError::Damaged { at: at.max(self.file.values.start), what: "values" }
    }
}

/// Puts a value of a group together; `None` if the group is broken.
fn unpack(group: &[u8], place: u64, value: &mut Vec<u8>) -> Option<()> {
    let (first, mut rest) = Item::read(group)?;
    let mut item = Item { front: 0, back: 0, ..first };
    for _ in 0..place {
        (item, rest) = Item::read(rest)?;
    }
    value.extend_from_slice(first.between.get(..item.front)?);
    value.extend_from_slice(item.between);
    value.extend_from_slice(first.between.get(first.between.len().checked_sub(item.back)?..)?);
    Some(())
}

/// A value as it stands in its group.
#[derive(Clone, Copy)]
struct Item<'g> {
    front: usize,
    back: usize,
    between: &'g [u8],
}

impl<'g> Item<'g> {
    /// The first item of `bytes` and what stands behind it.
    #[inline]
    fn read(bytes: &'g [u8]) -> Option<(Self, &'g [u8])> {
        let (front, bytes) = length(bytes)?;
        let (back, bytes) = length(bytes)?;
        let (between, bytes) = length(bytes)?;
        let (between, bytes) = bytes.split_at_checked(between)?;
        Some((Self { front, back, between }, bytes))
    }
}

/// A length and what stands behind it.
#[inline]
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes.split_first()? {
        (byte @ ..0x80, rest) => Some((usize::from(*byte), rest)),
        _ => long_length(bytes),
    }
}

#[cold]
fn long_length(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        length |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some((length, bytes));
        }
    }
    None
}

/// Writes values into memory, compressed.
#[derive(Debug, Default)]
pub(super) struct ValueList {
    pub(super) bytes: Vec<u8>,
    /// Where groups begin.
    pub(super) groups: Vec<u64>,
    pub(super) count: u64,
    /// The first value of the last group.
    first: Vec<u8>,
}

impl ValueList {
    pub(super) fn push(&mut self, value: &[u8]) {
        let opens = self.count.is_multiple_of(GROUP);
        if opens {
            self.groups.push(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX));
            self.first.clear();
        }
        self.count += 1;
        let same = |(one, other): &(&u8, &u8)| one == other;
        let front = self.first.iter().zip(value).take_while(same).count();
        let rest = self.first.len().min(value.len()) - front;
        let ends = self.first.iter().rev().zip(value.iter().rev());
        let back = ends.take(rest).take_while(same).count();
        let between = value.get(front..value.len() - back).unwrap_or_default();
        for length in [front, back, between.len()] {
            self.length(length);
        }
        self.bytes.extend_from_slice(between);
        if opens {
            self.first.extend_from_slice(value);
        }
    }

    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push((length & 0x7f) as u8);
    }
}
