//! Berkeley DB files, as versions 4 and 5 of that library write them: reading without the library.
//!
//! Hash (`0x061561`, versions 8 and 9) and B-tree (`0x053162`, version 9) files of either byte
//! order, with overflow and duplicate pages. Files with checksums, encryption or sub-databases are
//! refused. A damaged file gives an error, never a panic or a loop: an operation reads no
//! more pages than a small multiple of the file's. Format: observed in files made by Debian's makemap and DB_File.

mod btree;
mod cached;
mod entries;
mod hash;
mod hash_table;
mod image;
mod item;
mod meta;
mod page;
mod write;
mod write_btree;
mod write_hash;
mod write_leaf;

pub use cached::CachedFile;
pub use hash::HashedKey;
pub use image::WriteAt;
pub use write::{DatabaseKind, DatabaseWriter, DuplicateKey};

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use meta::{Kind, Meta};
use page::Pager;

/// The largest item (key or value) that is read, bytes.
const MAX_ITEM: u32 = 16 << 20;

/// What is wrong with a database file.
#[derive(Debug, thiserror::Error)]
pub enum BdbError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a Berkeley DB file, or one of a kind that is not read.
    #[error("not a supported Berkeley DB file: {0}")]
    Unsupported(&'static str),
    /// The file's structure is broken.
    #[error("page {page}: {what}")]
    Damaged {
        /// Page number.
        page: u32,
        /// What is wrong there.
        what: &'static str,
    },
}

/// Something that can be read at an offset.
pub trait ReadAt {
    /// Fills `buffer` from `offset`; fails if there is not that much.
    ///
    /// # Errors
    /// As the medium gives them.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// `length` bytes from `offset`, to be shared.
    ///
    /// # Errors
    /// As [`ReadAt::read_at`].
    fn page(&self, offset: u64, length: usize) -> io::Result<Arc<[u8]>> {
        let mut bytes = vec![0; length];
        self.read_at(offset, &mut bytes)?;
        Ok(bytes.into())
    }
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        let part = self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    meta: Meta,
}

impl Database {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file cannot be read or is not of a supported kind.
    pub fn open(source: &(impl ReadAt + ?Sized)) -> Result<Self, BdbError> {
        Ok(Self { meta: Meta::read(source)? })
    }

    /// Finds the value of `key`; of several the first.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn get(
        &self,
        source: &(impl ReadAt + ?Sized),
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, BdbError> {
        let mut value = Vec::new();
        let found = self.get_hashed(source, HashedKey::new(key), None, &mut value)?;
        Ok(found.then_some(value))
    }

    /// As [`Database::get`], but puts the value into `value` and says whether there is one. In a hash file the
    /// key is looked for first at this place of its bucket, if one is told.
    ///
    /// # Errors
    /// As [`Database::get`].
    pub fn get_hashed(
        &self,
        source: &(impl ReadAt + ?Sized),
        key: HashedKey<'_>,
        place: Option<usize>,
        value: &mut Vec<u8>,
    ) -> Result<bool, BdbError> {
        let pager = Pager::new(source, &self.meta);
        match self.meta.kind {
            Kind::Hash(ref hash) => hash::get(&pager, hash, key, place, value),
            Kind::Btree { root } => {
                let found = btree::get(&pager, root, key.bytes())?;
                Ok(found.map(|found| *value = found).is_some())
            }
        }
    }

    /// The bucket in which keys of this hash are; none if this is no hash file.
    #[must_use]
    #[inline]
    pub fn bucket_of(&self, hash: u32) -> Option<u32> {
        match &self.meta.kind {
            Kind::Hash(meta) => Some(meta.bucket_of(hash)),
            Kind::Btree { .. } => None,
        }
    }

    /// How many buckets a hash file has, if its header is right; none if this is no hash file.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        match &self.meta.kind {
            Kind::Hash(meta) => meta.max_bucket.saturating_add(1),
            Kind::Btree { .. } => 0,
        }
    }

    /// The hashes of all keys of a bucket of a hash file, in their order.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn hashes(
        &self,
        source: &(impl ReadAt + ?Sized),
        bucket: u32,
    ) -> Result<Vec<u32>, BdbError> {
        let pager = Pager::new(source, &self.meta);
        match &self.meta.kind {
            Kind::Hash(meta) => hash::hashes(&pager, meta, bucket),
            Kind::Btree { .. } => Err(BdbError::Unsupported("no hash file")),
        }
    }

    /// Calls `visit` with every key and value in the order of the file; of duplicates with each.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn for_each(
        &self,
        source: &(impl ReadAt + ?Sized),
        visit: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), BdbError> {
        let pager = Pager::new(source, &self.meta);
        match self.meta.kind {
            Kind::Hash(ref hash) => hash::for_each(&pager, hash, visit),
            Kind::Btree { root } => btree::for_each(&pager, root, visit),
        }
    }

    /// The size of the file's pages, bytes; the file's size is a multiple of it.
    #[must_use]
    pub fn page_size(&self) -> u32 {
        self.meta.page_size
    }

    /// Whether a key may have several values in this file.
    #[must_use]
    pub fn keeps_duplicates(&self) -> bool {
        self.meta.duplicates
    }

    /// The kind of file.
    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        match self.meta.kind {
            Kind::Hash(_) => DatabaseKind::Hash,
            Kind::Btree { .. } => DatabaseKind::Btree,
        }
    }

    /// Whether this is a B-tree file (else a hash file).
    #[must_use]
    pub fn is_btree(&self) -> bool {
        matches!(self.meta.kind, Kind::Btree { .. })
    }
}
