//! Map files of type `fst`, this program's own: keys in a finite state transducer, values in a compressed list,
//! meant to be mapped into memory.
//!
//! A file has these parts, each from the end of the one before it on; numbers are little-endian:
//!
//! | part | bytes | |
//! |---|---|---|
//! | header | 4096 | see `header.rs` |
//! | keys | | the crate `fst`'s format, version 2; a key's output is its rank |
//! | numbers | | by rank, the number of the value, packed; none if it is the rank |
//! | groups | | where every sixteenth value begins, packed |
//! | values | | see `values.rs` |
//! | checksums | 4 for each | CRC-32 of every 4096 bytes from the keys up to here; they have one in the header |
//!
//! What is asked of a file is checked before it is believed, block by block, each block once while the file is
//! open: opening reads the header and the checksums (a thousandth of the file), a lookup the blocks it needs. A
//! damaged file gives an error, never a wrong answer; a forged one, whose checksums are right, never a panic or
//! a loop.

mod build;
mod checked;
mod header;
mod key_writer;
mod keys;
mod packed;
mod sorter;
mod values;

use std::io;
use std::ops::ControlFlow;

pub use build::{Duplicate, FstBuilder};
pub use header::{MadeOf, SourceStamp};

use checked::{BLOCK, Checked, SUM};
use header::Header;
use keys::Keys;
use values::Values;

use crate::columns::Columns;

/// What is wrong with an fst file.
#[derive(Debug, thiserror::Error)]
pub enum FstError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a file of this type, or one of a later program.
    #[error("not an fst map: {0}")]
    Unsupported(&'static str),
    /// The file's contents are broken.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// Where it was noticed.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

/// Gets a key and its value, and says whether it wants more.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// An open map file.
#[derive(Debug)]
pub struct FstFile<D> {
    file: Checked<D>,
    header: Header,
}

impl<D: AsRef<[u8]>> FstFile<D> {
    /// Checks header and checksums.
    ///
    /// # Errors
    /// When it is no such file, or one that is cut off or has a broken header.
    pub fn open(data: D) -> Result<Self, FstError> {
        let header = Header::read(data.as_ref())?;
        let file = Checked::new(data, &header)?;
        Ok(Self { file, header })
    }

    /// How many keys there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.header.entries
    }

    /// What the file was made of.
    #[must_use]
    pub fn made_of(&self) -> MadeOf {
        self.header.made_of
    }

    /// Whether it was made of a text as it is now, read in these columns.
    pub(crate) fn is_of(&self, columns: Columns, source: SourceStamp) -> bool {
        self.header.made_of == MadeOf { columns: Some(columns), source: Some(source) }
    }

    fn keys(&self) -> Result<Keys<'_, D>, FstError> {
        Keys::new(&self.file, &self.header)
    }

    fn values(&self) -> Values<'_, D> {
        Values::new(&self.file, &self.header)
    }

    /// Finds the value of `key` and puts it into `value`; says whether there is one.
    ///
    /// # Errors
    /// When the file is damaged where it was looked at.
    pub fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, FstError> {
        let Some(rank) = self.keys()?.rank(key)? else { return Ok(false) };
        self.values().get(rank, value)?;
        Ok(true)
    }

    /// Whether there is a value for `key`.
    ///
    /// # Errors
    /// As [`FstFile::get`].
    pub fn contains(&self, key: &[u8]) -> Result<bool, FstError> {
        Ok(self.keys()?.rank(key)?.is_some())
    }

    /// Calls `visit` with every key and value in the order of the keys, until it breaks.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn for_each(&self, visit: Visit<'_>) -> Result<(), FstError> {
        let values = self.values();
        let mut value = Vec::new();
        self.keys()?.each(&mut |key, rank| {
            values.get(rank, &mut value)?;
            Ok(visit(key, &value))
        })
    }
}

/// Gives a file that was changed the checksums that belong to it; `None` if it has not the parts that its header
/// tells. For tests of what a forged file does.
#[doc(hidden)]
pub fn sign(file: &mut [u8]) -> Option<()> {
    let header = Header::read_unsigned(file)?;
    let end = header.parts()?[3].end;
    let (contents, sums) = file.split_at_mut_checked(end)?;
    let blocks = contents.get(BLOCK..)?.chunks(BLOCK);
    for (block, sum) in blocks.zip(sums.chunks_exact_mut(SUM)) {
        sum.copy_from_slice(&crc32fast::hash(block).to_le_bytes());
    }
    let header = Header { sums_sum: crc32fast::hash(sums), ..header };
    contents.get_mut(..BLOCK)?.copy_from_slice(&header.block());
    Some(())
}

#[cfg(test)]
mod tests;
