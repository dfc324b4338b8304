//! A database file being written: pages, their heads, items off the page.
//!
//! The files are little-endian with 4096-byte pages, as Debian's makemap makes them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::write::FileMeta;

pub(super) const PAGE: usize = 4096;
pub(super) const HEADER: usize = 26;
const TYPE_OVERFLOW: u8 = 7;
/// Bytes of neighbouring pages that are written together.
const TOGETHER: usize = 16 * PAGE;

/// File formats count in 32 bits; a file of more pages cannot be made.
pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(super) fn short(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
}

/// Something that can be written at an offset; what is passed over holds zeros.
pub trait WriteAt {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As the medium gives them.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

impl WriteAt for &File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }
}

impl WriteAt for Vec<u8> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = start.checked_add(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.resize(end.max(self.len()), 0);
        if let Some(place) = self.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }
}

/// What stands in the head of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    pub(super) previous: usize,
    pub(super) next: usize,
    pub(super) entries: usize,
    /// Lowest item, or on overflow pages the length of the data.
    pub(super) offset: usize,
    /// Height in a tree, leaves are 1.
    pub(super) level: u8,
    pub(super) kind: u8,
}

/// A page that is put together: an index behind its head, items that grow downwards from its end.
pub(super) struct Page {
    bytes: [u8; PAGE],
    entries: usize,
    top: usize,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { bytes: [0; PAGE], entries: 0, top: PAGE }
    }

    /// Overwrites part of it.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn put_u32(&mut self, at: usize, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    /// How many items the index leads to.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Adds an item that is made of these parts.
    pub(super) fn push(&mut self, parts: &[&[u8]]) {
        self.top = self.top.saturating_sub(parts.iter().map(|part| part.len()).sum());
        let mut at = self.top;
        for part in parts {
            self.put(at, part);
            at += part.len();
        }
        self.put(HEADER + 2 * self.entries, &short(self.top));
        self.entries += 1;
    }

    /// Adds an entry that leads to the item of an earlier one: the key of duplicates.
    pub(super) fn push_again(&mut self, earlier: usize) {
        let at = HEADER + 2 * earlier;
        let place = self.bytes.get(at..at + 2).and_then(|raw| raw.try_into().ok());
        self.put(HEADER + 2 * self.entries, &place.unwrap_or([0; 2]));
        self.entries += 1;
    }

    fn head(&mut self, number_of_page: usize, head: Head) {
        // log sequence number of files outside an environment
        self.put_u32(4, 1);
        self.put_u32(8, number(number_of_page));
        self.put_u32(12, number(head.previous));
        self.put_u32(16, number(head.next));
        self.put(20, &short(head.entries));
        self.put(22, &short(head.offset));
        self.put(24, &[head.level, head.kind]);
    }
}

/// The file: pages get their numbers before they are written.
pub(super) struct FileImage<'w> {
    out: &'w mut dyn WriteAt,
    pages: usize,
    /// The first page.
    first: Box<Page>,
    /// Neighbouring pages that are still to be written, from `waiting_at` on.
    waiting: Vec<u8>,
    waiting_at: usize,
    /// What went wrong first; nothing is written from then on.
    written: io::Result<()>,
}

impl<'w> FileImage<'w> {
    /// A file of one page, the first.
    pub(super) fn new(out: &'w mut dyn WriteAt) -> Self {
        let first = Box::new(Page::new());
        Self { out, pages: 1, first, waiting: Vec::new(), waiting_at: 0, written: Ok(()) }
    }

    /// Says what has become of it.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let first = std::mem::replace(&mut *self.first, Page::new());
        self.write(0, &first);
        self.flush();
        self.written
    }

    pub(super) fn allocate(&mut self) -> usize {
        self.allocate_all(1)
    }

    /// The first of so many pages that lie together.
    pub(super) fn allocate_all(&mut self, pages: usize) -> usize {
        self.pages += pages;
        self.pages - pages
    }

    fn write(&mut self, page: usize, image: &Page) {
        let expected = self.waiting_at + self.waiting.len() / PAGE;
        if page != expected || self.waiting.len() >= TOGETHER {
            self.flush();
            self.waiting_at = page;
        }
        self.waiting.extend_from_slice(&image.bytes);
    }

    fn flush(&mut self) {
        if self.written.is_ok() && !self.waiting.is_empty() {
            let offset = u64::from(number(self.waiting_at)) * u64::from(number(PAGE));
            self.written = self.out.write_at(offset, &self.waiting);
        }
        self.waiting.clear();
    }

    /// Writes a page of items.
    pub(super) fn items(&mut self, number: usize, mut page: Page, head: Head) {
        let (entries, offset) = (page.entries, page.top);
        page.head(number, Head { entries, offset, ..head });
        self.write(number, &page);
    }

    /// Writes an item to pages of its own; returns the first.
    pub(super) fn overflow(&mut self, data: &[u8]) -> usize {
        let chunks = data.chunks(PAGE - HEADER);
        let count = chunks.len();
        let first = self.allocate_all(count);
        for (index, chunk) in chunks.enumerate() {
            let number = first + index;
            let head = Head {
                previous: if index == 0 { 0 } else { number - 1 },
                next: if index + 1 == count { 0 } else { number + 1 },
                // the number of references to it
                entries: 1,
                offset: chunk.len(),
                level: 0,
                kind: TYPE_OVERFLOW,
            };
            let mut page = Page::new();
            page.head(number, head);
            page.put(HEADER, chunk);
            self.write(number, &page);
        }
        first
    }

    /// Puts a number into the first page.
    pub(super) fn put_u32(&mut self, at: usize, value: u32) {
        self.first.put_u32(at, value);
    }

    /// Writes what the first pages of all kinds have in common; to be called last.
    pub(super) fn meta(&mut self, magic: u32, kind: u8, meta: FileMeta) {
        /// The layout of hash and B-tree files since release 4.
        const VERSION: u32 = 9;
        /// The flag of files that keep duplicates, in both kinds.
        const DUPLICATES: u32 = 1;
        self.put_u32(4, 1);
        self.put_u32(12, magic);
        self.put_u32(16, VERSION);
        self.put_u32(20, number(PAGE));
        self.first.put(25, &[kind]);
        self.put_u32(32, number(self.pages - 1));
        self.put_u32(48, if meta.duplicates { DUPLICATES } else { 0 });
        self.first.put(52, &meta.uid);
    }
}
