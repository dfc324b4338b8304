//! A file whose pages stay in memory between lookups.

use hashbrown::HashMap;
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::ReadAt;

/// Bytes of pages that are kept; when there are more, all are read anew.
const KEPT: usize = 16 << 20;

/// An open file and the pages that have been read of it. Whoever holds it must forget it when the file
/// has changed.
#[derive(Debug)]
pub struct CachedFile {
    file: File,
    pages: RefCell<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    by_offset: HashMap<u64, Arc<[u8]>>,
    bytes: usize,
}

impl CachedFile {
    /// Nothing has been read of `file`.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self { file, pages: RefCell::default() }
    }

    /// The file itself.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The page at `offset` if it has been read.
    #[must_use]
    pub fn kept(&self, offset: u64, length: usize) -> Option<Arc<[u8]>> {
        let pages = self.pages.borrow();
        pages.by_offset.get(&offset).filter(|page| page.len() == length).cloned()
    }

    /// Forgets what has been read.
    pub fn forget(&self) {
        self.pages.take();
    }
}

impl ReadAt for CachedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)
    }

    fn page(&self, offset: u64, length: usize) -> io::Result<Arc<[u8]>> {
        if let Some(page) = self.kept(offset, length) {
            return Ok(page);
        }
        let page = self.file.page(offset, length)?;
        let mut pages = self.pages.borrow_mut();
        if pages.bytes + length > KEPT {
            *pages = Pages::default();
        }
        pages.bytes += length;
        pages.by_offset.insert(offset, Arc::clone(&page));
        Ok(page)
    }
}
