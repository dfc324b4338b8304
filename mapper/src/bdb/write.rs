//! Writing a fresh database file in one go.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{write_btree, write_hash};

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
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl DatabaseWriter {
    /// An empty database.
    #[must_use]
    pub fn new(kind: DatabaseKind) -> Self {
        Self { kind, entries: BTreeMap::new() }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// When the key is there; its value stays.
    pub fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), DuplicateKey> {
        match self.entries.entry(key) {
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            Entry::Occupied(_) => Err(DuplicateKey),
        }
    }

    /// Adds a key or gives it a new value.
    pub fn replace(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.entries.insert(key, value);
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(Vec::as_slice)
    }

    /// Takes a key out; says whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some()
    }

    /// The bytes of the file. `uid` makes the file distinguishable from others for the library's
    /// cache; any bytes will do.
    #[must_use]
    pub fn render(&self, uid: [u8; 20]) -> Vec<u8> {
        match self.kind {
            DatabaseKind::Hash => write_hash::render(&self.entries, uid),
            DatabaseKind::Btree => write_btree::render(&self.entries, uid),
        }
    }
}
