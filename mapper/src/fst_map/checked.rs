//! The bytes of an fst file, of which only what agrees with its checksum is given out.

use std::cell::Cell;
use std::ops::Range;

use super::FstError;
use super::header::Header;

/// Bytes that have a checksum together; the header is as long.
pub(super) const BLOCK: usize = 4096;
/// Bytes of a checksum.
pub(super) const SUM: usize = 4;

/// A file, the places of its parts, and which blocks have been checked.
#[derive(Debug)]
pub(super) struct Checked<D> {
    data: D,
    pub(super) keys: Range<usize>,
    pub(super) numbers: Range<usize>,
    pub(super) groups: Range<usize>,
    pub(super) values: Range<usize>,
    /// One bit for each block.
    checked: Vec<Cell<u64>>,
}

fn damaged(at: usize, what: &'static str) -> FstError {
    FstError::Damaged { at, what }
}

impl<D: AsRef<[u8]>> Checked<D> {
    /// Checks that the parts make up the file, and the checksum of the checksums.
    pub(super) fn new(data: D, header: &Header) -> Result<Self, FstError> {
        let Some([keys, numbers, groups, values]) = header.parts() else {
            return Err(damaged(0, "lengths of parts"));
        };
        let blocks = (values.end - BLOCK).div_ceil(BLOCK);
        let sums = data.as_ref().get(values.end..).unwrap_or_default();
        if sums.len() != blocks * SUM {
            return Err(damaged(0, "length of the file"));
        }
        if crc32fast::hash(sums) != header.sums_sum {
            return Err(damaged(values.end, "checksum of the checksums"));
        }
        let checked = vec![Cell::new(0); blocks.div_ceil(64)];
        Ok(Self { data, keys, numbers, groups, values, checked })
    }

    /// Bytes of the file, which lie in one of its parts, once their blocks are sound.
    #[inline]
    pub(super) fn get(&self, range: Range<usize>) -> Result<&[u8], FstError> {
        self.check_blocks(&range)?;
        self.data.as_ref().get(range.clone()).ok_or_else(|| damaged(range.start, "place outside"))
    }

    /// The bytes of a range with those of its blocks that lie in `part` as well, and where they begin.
    pub(super) fn around(
        &self,
        range: Range<usize>,
        part: &Range<usize>,
    ) -> Result<(&[u8], usize), FstError> {
        self.check_blocks(&range)?;
        let start = (range.start / BLOCK * BLOCK).max(part.start);
        let end = range.end.next_multiple_of(BLOCK).min(part.end);
        let bytes = self.data.as_ref().get(start..end);
        Ok((bytes.ok_or_else(|| damaged(start, "place outside"))?, start))
    }

    #[inline]
    fn check_blocks(&self, range: &Range<usize>) -> Result<(), FstError> {
        let first = range.start.saturating_sub(BLOCK) / BLOCK;
        let last = range.end.saturating_sub(BLOCK + 1) / BLOCK;
        for block in first..=last {
            let bit = 1 << (block % 64);
            if self.checked.get(block / 64).is_none_or(|word| word.get() & bit == 0) {
                self.check(block)?;
            }
        }
        Ok(())
    }

    /// Compares a block with its checksum.
    #[cold]
    fn check(&self, block: usize) -> Result<(), FstError> {
        let start = BLOCK.saturating_add(block.saturating_mul(BLOCK));
        let end = start.saturating_add(BLOCK).min(self.values.end);
        let data = self.data.as_ref();
        let sum_at = self.values.end.saturating_add(block.saturating_mul(SUM));
        let sum = data.get(sum_at..).and_then(|sums| sums.first_chunk());
        let (Some(bytes), Some(sum), Some(word)) =
            (data.get(start..end), sum, self.checked.get(block / 64))
        else {
            return Err(damaged(start, "place outside"));
        };
        if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
            return Err(damaged(start, "checksum of a block"));
        }
        word.set(word.get() | 1 << (block % 64));
        Ok(())
    }
}
