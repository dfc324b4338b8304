//! Writing a fresh hash file in one go.
//!
//! The number of buckets is a power of two chosen for the amount of data, so nothing is ever split.
//! The files are little-endian with 4096-byte pages, as Debian's makemap makes them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::hash::hash;

const PAGE: usize = 4096;
const HEADER: usize = 26;
/// Items longer than this are stored in pages of their own.
const MAX_ON_PAGE: usize = PAGE / 4;
/// Bytes of an off-page reference.
const REFERENCE: usize = 12;
/// Data put into a bucket on the average, bytes.
const FILL: usize = PAGE * 6 / 10;
const MAGIC: u32 = 0x0006_1561;
const VERSION: u32 = 9;
const CHARKEY_HASH: u32 = 0x5e68_8dd1;
const TYPE_META: u8 = 8;
const TYPE_OVERFLOW: u8 = 7;
const TYPE_HASH: u8 = 13;
const ITEM_KEYDATA: u8 = 1;
const ITEM_OFFPAGE: u8 = 3;

/// A second value for a key that must have one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("duplicate key")]
pub struct DuplicateKey;

/// Collects keys and values and renders the file.
#[derive(Clone, Debug, Default)]
pub struct HashWriter {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl HashWriter {
    /// Adds a key.
    ///
    /// # Errors
    /// When the key is there; its value stays.
    pub fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), DuplicateKey> {
        match self.entries.entry(key) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            std::collections::btree_map::Entry::Occupied(_) => Err(DuplicateKey),
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
        let size: usize = self.entries.iter().map(|(k, v)| on_page(k) + on_page(v) + 4).sum();
        let buckets = size.div_ceil(FILL).max(2).next_power_of_two();
        let mut contents: Vec<Vec<(&[u8], &[u8])>> = vec![Vec::new(); buckets];
        let mask = number(buckets - 1);
        for (key, value) in &self.entries {
            let bucket = usize::try_from(hash(key) & mask).unwrap_or_default();
            if let Some(content) = contents.get_mut(bucket) {
                content.push((key, value));
            }
        }
        let mut file = FileImage { pages: vec![vec![0; PAGE]; buckets + 1] };
        for (bucket, content) in contents.iter_mut().enumerate() {
            content.sort_by(|a, b| page_order(a.0, b.0));
            file.bucket(bucket + 1, content);
        }
        file.meta(buckets, self.entries.len(), uid);
        file.pages.concat()
    }
}

/// The order of keys on a page, which the library searches by halves: as byte strings, but of two
/// that begin alike the longer goes first, unless both are stored off the page (observed).
fn page_order(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    a.iter().take(common).cmp(b.iter().take(common)).then_with(|| {
        let off_page = common > MAX_ON_PAGE;
        if off_page { a.len().cmp(&b.len()) } else { b.len().cmp(&a.len()) }
    })
}

/// Bytes an item takes on its page.
fn on_page(item: &[u8]) -> usize {
    if item.len() > MAX_ON_PAGE { REFERENCE } else { item.len() + 1 }
}

/// File formats count in 32 bits; a file of more pages cannot be made in memory.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

struct FileImage {
    pages: Vec<Vec<u8>>,
}

/// A page being filled: items grow downwards from its end.
struct Filling {
    number: usize,
    previous: usize,
    offsets: Vec<usize>,
    items: Vec<Vec<u8>>,
    free: usize,
}

impl Filling {
    fn new(number: usize, previous: usize) -> Self {
        Self { number, previous, offsets: Vec::new(), items: Vec::new(), free: PAGE - HEADER }
    }

    fn push(&mut self, item: Vec<u8>) {
        let top = self.offsets.last().copied().unwrap_or(PAGE);
        self.free = self.free.saturating_sub(item.len() + 2);
        self.offsets.push(top - item.len());
        self.items.push(item);
    }
}

impl FileImage {
    fn allocate(&mut self) -> usize {
        self.pages.push(vec![0; PAGE]);
        self.pages.len() - 1
    }

    /// Overwrites part of a page.
    fn put(&mut self, page: usize, at: usize, bytes: &[u8]) {
        let place = self.pages.get_mut(page).and_then(|p| p.get_mut(at..at + bytes.len()));
        if let Some(place) = place {
            place.copy_from_slice(bytes);
        }
    }

    fn put_u32(&mut self, page: usize, at: usize, value: u32) {
        self.put(page, at, &value.to_le_bytes());
    }

    /// Writes the head of a page.
    fn head(
        &mut self,
        page: usize,
        previous: usize,
        next: usize,
        counts: (usize, usize),
        kind: u8,
    ) {
        // log sequence number of files outside an environment
        self.put_u32(page, 4, 1);
        self.put_u32(page, 8, number(page));
        self.put_u32(page, 12, number(previous));
        self.put_u32(page, 16, number(next));
        let small = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        self.put(page, 20, &small(counts.0));
        self.put(page, 22, &small(counts.1));
        self.put(page, 25, &[kind]);
    }

    /// Writes the pairs of one bucket, in page order, into as many pages as they need.
    fn bucket(&mut self, first: usize, content: &[(&[u8], &[u8])]) {
        let mut page = Filling::new(first, 0);
        for (key, value) in content {
            if on_page(key) + on_page(value) + 4 > page.free {
                let next = self.allocate();
                let number = page.number;
                self.flush(page, next);
                page = Filling::new(next, number);
            }
            let (key, value) = (self.item(key), self.item(value));
            page.push(key);
            page.push(value);
        }
        self.flush(page, 0);
    }

    fn flush(&mut self, page: Filling, next: usize) {
        let lowest = page.offsets.last().copied().unwrap_or(PAGE);
        let counts = (page.items.len(), lowest);
        self.head(page.number, page.previous, next, counts, TYPE_HASH);
        for (index, (offset, item)) in page.offsets.iter().zip(&page.items).enumerate() {
            let short = u16::try_from(*offset).unwrap_or_default().to_le_bytes();
            self.put(page.number, HEADER + 2 * index, &short);
            self.put(page.number, *offset, item);
        }
    }

    /// An item as it stands on its page; a long one is written to pages of its own.
    fn item(&mut self, data: &[u8]) -> Vec<u8> {
        if data.len() <= MAX_ON_PAGE {
            return [&[ITEM_KEYDATA], data].concat();
        }
        let chunks: Vec<&[u8]> = data.chunks(PAGE - HEADER).collect();
        let first = self.pages.len();
        for (index, chunk) in chunks.iter().enumerate() {
            let page = self.allocate();
            let previous = if index == 0 { 0 } else { page - 1 };
            let next = if index + 1 == chunks.len() { 0 } else { page + 1 };
            self.head(page, previous, next, (1, chunk.len()), TYPE_OVERFLOW);
            self.put(page, HEADER, chunk);
        }
        let mut reference = vec![ITEM_OFFPAGE, 0, 0, 0];
        reference.extend_from_slice(&number(first).to_le_bytes());
        reference.extend_from_slice(&number(data.len()).to_le_bytes());
        reference
    }

    fn meta(&mut self, buckets: usize, entries: usize, uid: [u8; 20]) {
        let last = self.pages.len() - 1;
        self.put_u32(0, 4, 1);
        self.put_u32(0, 12, MAGIC);
        self.put_u32(0, 16, VERSION);
        self.put_u32(0, 20, number(PAGE));
        self.put(0, 25, &[TYPE_META]);
        self.put_u32(0, 32, number(last));
        self.put(0, 52, &uid);
        let high = number(buckets - 1);
        for (at, value) in [(72, high), (76, high), (80, high >> 1), (88, number(entries))] {
            self.put_u32(0, at, value);
        }
        self.put_u32(0, 92, CHARKEY_HASH);
        // all buckets lie together, right after this page
        let doublings = usize::try_from(buckets.trailing_zeros()).unwrap_or_default();
        for doubling in 0..=doublings {
            self.put_u32(0, 96 + 4 * doubling, 1);
        }
    }
}
