//! A file whose pages stay in memory between lookups.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::ReadAt;

/// Bytes of pages that are kept; then the oldest makes room for a new one.
const KEPT: usize = 128 << 20;

/// Pages of a shelf.
const SHELF: usize = 256;

/// An open file and the pages that have been read of it. Whoever holds it must forget it when the file
/// has changed.
#[derive(Debug)]
pub struct CachedFile {
    file: File,
    pages: RefCell<Pages>,
}

type Shelf = [Option<Arc<[u8]>>; SHELF];

/// Pages of one length, by number; there is a shelf where a page has been read.
#[derive(Debug, Default)]
struct Pages {
    shelves: Vec<Option<Box<Shelf>>>,
    /// The places of those that are kept.
    kept: Vec<Place>,
    bytes: usize,
    /// The place of the oldest of them, once there is no more room.
    oldest: usize,
}

/// The shelf of a page, and the place on it.
type Place = (usize, usize);

fn place(offset: u64, length: usize) -> Option<Place> {
    let number = usize::try_from(offset).ok()?.checked_div(length)?;
    Some((number / SHELF, number % SHELF))
}

impl Pages {
    #[inline]
    fn get(&self, offset: u64, length: usize) -> Option<&Arc<[u8]>> {
        let (shelf, place) = place(offset, length)?;
        let page = self.shelves.get(shelf)?.as_ref()?.get(place)?.as_ref();
        page.filter(|page| page.len() == length)
    }

    fn take(&mut self, (shelf, place): Place) -> Option<Arc<[u8]>> {
        self.shelves.get_mut(shelf)?.as_mut()?.get_mut(place)?.take()
    }

    fn put(&mut self, (shelf, place): Place, page: Arc<[u8]>) {
        if shelf >= self.shelves.len() {
            self.shelves.resize(shelf + 1, None);
        }
        if let Some(shelf) = self.shelves.get_mut(shelf) {
            let shelf = shelf.get_or_insert_with(|| Box::new([const { None }; SHELF]));
            if let Some(slot) = shelf.get_mut(place) {
                *slot = Some(page);
            }
        }
    }

    /// Reads a page, into the memory of the oldest one if that is as long and nobody has it any more.
    fn read(&mut self, file: &File, offset: u64, length: usize) -> io::Result<Arc<[u8]>> {
        let Some(at) = place(offset, length) else { return file.page(offset, length) };
        if self.bytes + length <= KEPT {
            let page = file.page(offset, length)?;
            self.kept.push(at);
            self.bytes += length;
            self.put(at, Arc::clone(&page));
            return Ok(page);
        }
        let oldest = if self.oldest < self.kept.len() { self.oldest } else { 0 };
        let old = self.kept.get(oldest).copied().and_then(|place| self.take(place));
        let old = old.filter(|page| page.len() == length);
        let page = match old {
            Some(mut old) => match Arc::get_mut(&mut old) {
                Some(room) => file.read_at(offset, room).map(|()| old),
                None => file.page(offset, length),
            },
            None => file.page(offset, length),
        }?;
        if let Some(place) = self.kept.get_mut(oldest) {
            *place = at;
            self.oldest = oldest + 1;
            self.put(at, Arc::clone(&page));
        }
        Ok(page)
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
