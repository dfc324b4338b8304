//! The values of an fst file.
//!
//! They stand in groups of sixteen. A value is what it has in common with the beginning of the one before it in
//! its group, what with the end, and what is between: three lengths (seven bits a byte, lowest first, the high
//! bit set on all but the last) and the bytes between.

use super::FstError;
use super::checked::Checked;
use super::header::Header;
use super::packed;

/// Values of a group.
pub(super) const GROUP: u64 = 16;
/// Bytes of the longest value.
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
        let mut rest = self.file.get(start..end)?;
        for _ in 0..=number % GROUP {
            rest = next(rest, value).ok_or_else(|| self.damaged(start))?;
        }
        Ok(())
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

/// Makes the next value of a group out of the one before it; returns what stands behind it.
#[inline]
fn next<'g>(group: &'g [u8], value: &mut Vec<u8>) -> Option<&'g [u8]> {
    let (front, group) = length(group)?;
    let (back, group) = length(group)?;
    let (between, group) = length(group)?;
    let end = value.len().checked_sub(back).filter(|end| front <= *end)?;
    if front + back + between > MAX_VALUE {
        return None;
    }
    let (between, group) = group.split_at_checked(between)?;
    if between.len() == end - front {
        value.get_mut(front..end)?.copy_from_slice(between);
    } else {
        value.splice(front..end, between.iter().copied());
    }
    Some(group)
}

#[inline]
fn length(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
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
    last: Vec<u8>,
}

impl ValueList {
    pub(super) fn push(&mut self, value: &[u8]) {
        if self.count.is_multiple_of(GROUP) {
            self.groups.push(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX));
            self.last.clear();
        }
        self.count += 1;
        let same = |(one, other): &(&u8, &u8)| one == other;
        let front = self.last.iter().zip(value).take_while(same).count();
        let rest = self.last.len().min(value.len()) - front;
        let ends = self.last.iter().rev().zip(value.iter().rev());
        let back = ends.take(rest).take_while(same).count();
        let between = value.get(front..value.len() - back).unwrap_or_default();
        for length in [front, back, between.len()] {
            self.length(length);
        }
        self.bytes.extend_from_slice(between);
        self.last.clear();
        self.last.extend_from_slice(value);
    }

    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push((length & 0x7f) as u8);
    }
}
