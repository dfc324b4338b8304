//! A file whose pages stay in memory between lookups.

use hashbrown::HashMap;
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::ReadAt;

/// Bytes of pages that are kept; then the oldest makes room for a new one.
const KEPT: usize = 32 << 20;

/// An open file and the pages that have been read of it. Whoever holds it must forget it when the file
/// has changed.
#[derive(Debug)]
pub struct CachedFile {
    file: File,
    pages: RefCell<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Places in the list, by offset in the file.
    places: HashMap<u64, usize>,
    list: Vec<(u64, Arc<[u8]>)>,
    bytes: usize,
    /// The oldest, once there is no more room.
    oldest: usize,
}

impl Pages {
    fn get(&self, offset: u64, length: usize) -> Option<&Arc<[u8]>> {
        let (_, page) = self.list.get(*self.places.get(&offset)?)?;
        Some(page).filter(|page| page.len() == length)
    }

    /// Reads a page, into the memory of the oldest one if that is as long and nobody has it any more.
    fn read(&mut self, file: &File, offset: u64, length: usize) -> io::Result<Arc<[u8]>> {
        if self.bytes + length <= KEPT {
            let page = file.page(offset, length)?;
            self.places.insert(offset, self.list.len());
            self.list.push((offset, Arc::clone(&page)));
            self.bytes += length;
            return Ok(page);
        }
        let place = if self.oldest < self.list.len() { self.oldest } else { 0 };
        let Some((old, page)) = self.list.get_mut(place) else { return file.page(offset, length) };
        self.places.remove(old);
        // no page has this offset, should reading fail
        *old = u64::MAX;
        match Arc::get_mut(page).filter(|page| page.len() == length) {
            Some(room) => file.read_at(offset, room)?,
            None => {
                let new = file.page(offset, length)?;
                self.bytes = self.bytes - page.len() + length;
                *page = new;
            }
        }
        *old = offset;
        self.places.insert(offset, place);
        self.oldest = place + 1;
        Ok(Arc::clone(page))
    }
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
        self.pages.borrow().get(offset, length).cloned()
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
        self.pages.borrow_mut().read(&self.file, offset, length)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;

    #[test]
    fn the_oldest_page_makes_room() {
        const PAGE: usize = 64 << 10;
        let pages = KEPT / PAGE + 10;
        let mut file = tempfile::tempfile().unwrap();
        (0..pages).for_each(|n| file.write_all(&vec![(n % 251) as u8; PAGE]).unwrap());
        let cached = CachedFile::new(file);
        let offset = |n: usize| (n * PAGE) as u64;
        let held = cached.page(0, PAGE).unwrap();
        for round in 0..2 {
            for n in 0..pages {
                assert_eq!(cached.page(offset(n), PAGE).unwrap()[7], (n % 251) as u8, "{round}");
            }
        }
        // whoever has a page keeps it, and none is kept twice
        assert!(held.iter().all(|byte| *byte == 0));
        let kept = (0..pages).filter(|n| cached.kept(offset(*n), PAGE).is_some()).count();
        assert_eq!(kept, KEPT / PAGE);
        assert!(cached.page(offset(pages), PAGE).is_err());
        assert!(cached.kept(offset(pages), PAGE).is_none());
        cached.forget();
        assert!(cached.kept(offset(pages - 1), PAGE).is_none());
    }
}
