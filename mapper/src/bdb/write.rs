//! Writing a fresh database file in one go.

use std::collections::BTreeMap;

use super::{BdbError, Database, ReadAt, write_btree, write_hash};

/// Keys in order with their values.
pub(super) type Entries = BTreeMap<Vec<u8>, Values>;

/// What belongs to a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Its place in the order in which the keys came, on which hash files depend.
    pub(super) born: usize,
    /// In the order they came: more than one only where the database keeps duplicates.
    pub(super) list: Vec<Vec<u8>>,
}

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
    born: usize,
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
        database.for_each(source, &mut |key, value| {
            read.values(key.to_vec()).push(value.to_vec());
        })?;
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
    pub fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), DuplicateKey> {
        let values = self.values(key);
        if !values.is_empty() {
            return Err(DuplicateKey);
        }
        values.push(value);
        Ok(())
    }

    /// The values of a key, which is there afterwards.
    fn values(&mut self, key: Vec<u8>) -> &mut Vec<Vec<u8>> {
        self.born += 1;
        let new = Values { born: self.born, list: Vec::new() };
        &mut self.entries.entry(key).or_insert(new).list
    }

    /// Adds a key, or gives it a new value: a further one where the database keeps duplicates.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let keeps = self.duplicates;
        let values = self.values(key);
        if !keeps {
            values.clear();
        }
        values.push(value);
    }

    /// The value of a key, of several the first.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key)?.list.first().map(Vec::as_slice)
    }

    /// Every key in order, with its values.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &[Vec<u8>])> {
        self.entries.iter().map(|(key, values)| (&key[..], &values.list[..]))
    }

    /// Takes a key out with all its values; says whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some()
    }

    /// The bytes of the file. `uid` makes the file distinguishable from others for the library's
    /// cache; any bytes will do.
    #[must_use]
    pub fn render(&self, uid: [u8; 20]) -> Vec<u8> {
        let meta = FileMeta { uid, duplicates: self.duplicates };
        match self.kind {
            DatabaseKind::Hash => write_hash::render(&self.entries, meta),
            DatabaseKind::Btree => write_btree::render(&self.entries, meta),
        }
    }
}

/// What the first page of every kind of file tells of it.
#[derive(Clone, Copy)]
pub(super) struct FileMeta {
    pub(super) uid: [u8; 20],
    pub(super) duplicates: bool,
}
