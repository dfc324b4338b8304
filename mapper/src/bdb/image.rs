//! A database file being made in memory: pages, their heads, items off the page.
//!
//! The files are little-endian with 4096-byte pages, as Debian's makemap makes them.

use super::write::FileMeta;

pub(super) const PAGE: usize = 4096;
pub(super) const HEADER: usize = 26;
const TYPE_OVERFLOW: u8 = 7;

/// File formats count in 32 bits; a file of more pages cannot be made in memory.
pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
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

/// What an entry of a page's index leads to.
pub(super) enum Slot {
    /// An item of its own.
    Item(Vec<u8>),
    /// The item of an earlier entry: the key of duplicates.
    Same(usize),
}

/// The pages so far.
pub(super) struct FileImage {
    pages: Vec<Vec<u8>>,
}

impl FileImage {
    /// A file of so many empty pages.
    pub(super) fn new(pages: usize) -> Self {
        Self { pages: vec![vec![0; PAGE]; pages] }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.pages.concat()
    }

    pub(super) fn allocate(&mut self) -> usize {
        self.pages.push(vec![0; PAGE]);
        self.pages.len() - 1
    }

    /// Overwrites part of a page.
    pub(super) fn put(&mut self, page: usize, at: usize, bytes: &[u8]) {
        let place = self.pages.get_mut(page).and_then(|p| p.get_mut(at..at + bytes.len()));
        if let Some(place) = place {
            place.copy_from_slice(bytes);
        }
    }

    pub(super) fn put_u32(&mut self, page: usize, at: usize, value: u32) {
        self.put(page, at, &value.to_le_bytes());
    }

    pub(super) fn head(&mut self, page: usize, head: Head) {
        // log sequence number of files outside an environment
        self.put_u32(page, 4, 1);
        self.put_u32(page, 8, number(page));
        self.put_u32(page, 12, number(head.previous));
        self.put_u32(page, 16, number(head.next));
        let small = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        self.put(page, 20, &small(head.entries));
        self.put(page, 22, &small(head.offset));
        self.put(page, 24, &[head.level, head.kind]);
    }

    /// Writes a page of items, which grow downwards from its end.
    pub(super) fn items(&mut self, page: usize, slots: &[Slot], head: Head) {
        let mut top = PAGE;
        let mut places: Vec<usize> = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let place = match slot {
                Slot::Item(item) => {
                    top = top.saturating_sub(item.len());
                    self.put(page, top, item);
                    top
                }
                Slot::Same(earlier) => places.get(*earlier).copied().unwrap_or(top),
            };
            places.push(place);
            let short = u16::try_from(place).unwrap_or_default().to_le_bytes();
            self.put(page, HEADER + 2 * index, &short);
        }
        self.head(page, Head { entries: slots.len(), offset: top, ..head });
    }

    /// Writes an item to pages of its own; returns the first.
    pub(super) fn overflow(&mut self, data: &[u8]) -> usize {
        let chunks: Vec<&[u8]> = data.chunks(PAGE - HEADER).collect();
        let first = self.pages.len();
        for (index, chunk) in chunks.iter().enumerate() {
            let page = self.allocate();
            let head = Head {
                previous: if index == 0 { 0 } else { page - 1 },
                next: if index + 1 == chunks.len() { 0 } else { page + 1 },
                // the number of references to it
                entries: 1,
                offset: chunk.len(),
                level: 0,
                kind: TYPE_OVERFLOW,
            };
            self.head(page, head);
            self.put(page, HEADER, chunk);
        }
        first
    }

    /// Writes what the first pages of all kinds have in common; to be called last.
    pub(super) fn meta(&mut self, magic: u32, kind: u8, meta: FileMeta) {
        /// The layout of hash and B-tree files since release 4.
        const VERSION: u32 = 9;
        /// The flag of files that keep duplicates, in both kinds.
        const DUPLICATES: u32 = 1;
        self.put_u32(0, 4, 1);
        self.put_u32(0, 12, magic);
        self.put_u32(0, 16, VERSION);
        self.put_u32(0, 20, number(PAGE));
        self.put(0, 25, &[kind]);
        self.put_u32(0, 32, number(self.pages.len() - 1));
        self.put_u32(0, 48, if meta.duplicates { DUPLICATES } else { 0 });
        self.put(0, 52, &meta.uid);
    }
}
