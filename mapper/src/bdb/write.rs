//! Writing a fresh database file in one go.

use std::io;

use super::entries::Entries;
use super::image::{FileImage, WriteAt};
use super::{BdbError, Database, ReadAt, write_btree, write_hash};

/// The kinds of database files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DatabaseKind {
    /// Class `hash`.
    #[default]
    Hash,
    /// Class `btree`.
    Btree,
}

/// A second value for a key that must have one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("duplicate key")]
pub struct DuplicateKey;

/// Collects keys and values and renders the file, of [`DatabaseKind::Hash`] by default.
#[derive(Clone, Debug, Default)]
pub struct DatabaseWriter {
    kind: DatabaseKind,
    duplicates: bool,
    entries: Entries,
}

impl DatabaseWriter {
    /// An empty database with one value for each key.
    #[must_use]
    pub fn new(kind: DatabaseKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// An empty database that keeps every value of a key.
    #[must_use]
    pub fn with_duplicates(kind: DatabaseKind) -> Self {
        Self { kind, duplicates: true, ..Self::default() }
    }

    /// Everything that stands in a file.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(source: &(impl ReadAt + ?Sized), database: &Database) -> Result<Self, BdbError> {
        let (kind, duplicates) = (database.kind(), database.keeps_duplicates());
        let mut read = Self { kind, duplicates, ..Self::default() };
        database.for_each(source, &mut |key, value| read.keep(key, value))?;
        Ok(read)
    }

    /// Whether a key may have several values.
    #[must_use]
    pub fn keeps_duplicates(&self) -> bool {
        self.duplicates
    }

    /// Adds a key.
    ///
    /// # Errors
    /// When the key is there; its value stays.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<(), DuplicateKey> {
        if self.entries.find(key).is_some() {
            return Err(DuplicateKey);
        }
        self.entries.add(key, value);
        Ok(())
    }

    /// Adds a value to those of a key, which may be a new one.
    fn keep(&mut self, key: &[u8], value: &[u8]) {
        match self.entries.find(key) {
            Some(entry) => self.entries.append(entry, value),
            None => self.entries.add(key, value),
        }
    }

    /// Adds a key, or gives it a new value: a further one where the database keeps duplicates.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        match self.entries.find(key) {
            Some(entry) if self.duplicates => self.entries.append(entry, value),
            Some(entry) => self.entries.replace(entry, value),
            None => self.entries.add(key, value),
        }
    }

    /// The value of a key, of several the first.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.values(self.entries.find(key)?).iter().next()
    }

    /// Every key in order, with its values.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
        let sorted = self.entries.sorted().into_iter();
        sorted.map(|entry| (self.entries.key(entry), self.entries.values(entry).iter().collect()))
    }

    /// Takes a key out with all its values; says whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key)
    }

    /// The bytes of the file. `uid` makes the file distinguishable from others for the library's
    /// cache; any bytes will do.
    #[must_use]
    pub fn render(&self, uid: [u8; 20]) -> Vec<u8> {
        let mut bytes = Vec::new();
        // memory takes whatever is written to it
        let _ = self.write_to(uid, &mut bytes);
        bytes
    }

    /// Writes the file page by page, each of them once. `uid` as for [`DatabaseWriter::render`].
    ///
    /// # Errors
    /// As the medium gives them.
    pub fn write_to(&self, uid: [u8; 20], out: &mut dyn WriteAt) -> io::Result<()> {
        let meta = FileMeta { uid, duplicates: self.duplicates };
        let mut file = FileImage::new(out);
        match self.kind {
            DatabaseKind::Hash => write_hash::render(&self.entries, meta, &mut file),
            DatabaseKind::Btree => write_btree::render(&self.entries, meta, &mut file),
        }
        file.finish()
    }
}

/// What the first page of every kind of file tells of it.
#[derive(Clone, Copy)]
pub(super) struct FileMeta {
    pub(super) uid: [u8; 20],
    pub(super) duplicates: bool,
}
