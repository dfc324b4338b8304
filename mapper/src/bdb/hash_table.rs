//! Linear hashing as the library does it: which page a key comes to, and when a bucket is split (observed in
//! the order in which makemap prints what makemap has written).

use super::entries::Entries;
use super::hash::{hash, page_order};
use super::image::{HEADER, PAGE, number};
use super::write_hash::{self, MAX_ON_PAGE};

/// A key with its values, on a page.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// Its number among the entries.
    pub(super) entry: u32,
    hash: u32,
}

/// What lies on one page.
struct Fill {
    pairs: Vec<Pair>,
    /// How many of them, from the first on, are in the order of pages.
    ordered: usize,
    free: usize,
}

impl Fill {
    fn new() -> Self {
        Self { pairs: Vec::new(), ordered: 0, free: PAGE - HEADER }
    }

    /// `size`: bytes that the pair takes, with its places in the index.
    fn put(&mut self, pair: Pair, size: usize) {
        self.pairs.push(pair);
        self.free = self.free.saturating_sub(size);
    }

    /// Brings the pairs into the order of pages: one after the other, as the library does when they come, but all
    /// at once, while their keys are at hand.
    fn arrange(&mut self, entries: &Entries) {
        for last in self.ordered..self.pairs.len() {
            let Some((pair, before)) = self.pairs.get(..=last).and_then(<[Pair]>::split_last)
            else {
                return;
            };
            let key = entries.key(pair.entry);
            let place = before.partition_point(|other| {
                let other = entries.key(other.entry);
                page_order(other, key, other.len().min(key.len()) > MAX_ON_PAGE).is_lt()
            });
            if let Some(behind) = self.pairs.get_mut(place..=last) {
                behind.rotate_right(1);
            }
        }
        self.ordered = self.pairs.len();
    }
}

/// A hash file being filled: chains of pages, one for each bucket.
pub(super) struct Table<'e> {
    entries: &'e Entries,
    buckets: Vec<Vec<Fill>>,
    high_mask: u32,
}

impl<'e> Table<'e> {
    /// The library begins with two buckets.
    pub(super) fn new(entries: &'e Entries) -> Self {
        Self { entries, buckets: vec![vec![Fill::new()], vec![Fill::new()]], high_mask: 1 }
    }

    pub(super) fn high_mask(&self) -> u32 {
        self.high_mask
    }

    /// The number of the last bucket.
    pub(super) fn max_bucket(&self) -> u32 {
        number(self.buckets.len()).saturating_sub(1)
    }

    /// Buckets that have a place in the file, with those of the next splits.
    pub(super) fn places(&self) -> usize {
        self.buckets.len().next_power_of_two()
    }

    /// The pages of a bucket; none of one that is still to come.
    pub(super) fn pages(&mut self, bucket: usize) -> impl Iterator<Item = &[Pair]> {
        let entries = self.entries;
        self.buckets.get_mut(bucket).into_iter().flatten().map(move |page| {
            page.arrange(entries);
            &page.pairs[..]
        })
    }

    /// Puts an entry on the first page of its bucket that has more room than it needs, else on the last; a page
    /// that has to be added makes the table grow.
    pub(super) fn put(&mut self, entry: u32) {
        let pair = Pair { entry, hash: hash(self.entries.key(entry)) };
        let bucket = self.bucket_of(pair.hash);
        let Some(chain) = self.buckets.get_mut(bucket) else { return };
        let size = write_hash::size(self.entries, entry);
        let roomy = chain.iter().position(|page| size < page.free);
        let place = roomy.unwrap_or(chain.len().saturating_sub(1));
        match chain.get_mut(place).filter(|page| size <= page.free) {
            Some(page) => page.put(pair, size),
            None => {
                append(chain, pair, size);
                self.split();
            }
        }
    }

    fn bucket_of(&self, hash: u32) -> usize {
        let bucket = usize::try_from(hash & self.high_mask).unwrap_or_default();
        let earlier = usize::try_from(hash & (self.high_mask >> 1)).unwrap_or_default();
        if bucket < self.buckets.len() { bucket } else { earlier }
    }

    /// Adds a bucket and moves there what belongs to it.
    fn split(&mut self) {
        let new = self.buckets.len();
        self.buckets.push(vec![Fill::new()]);
        self.high_mask = number(self.places()).saturating_sub(1);
        let old = new & usize::try_from(self.high_mask >> 1).unwrap_or_default();
        let fresh = vec![Fill::new()];
        let pages = self.buckets.get_mut(old).map(|chain| std::mem::replace(chain, fresh));
        let entries = self.entries;
        let pairs = pages.into_iter().flatten().flat_map(|mut page| {
            page.arrange(entries);
            page.pairs
        });
        for pair in pairs {
            let bucket = self.bucket_of(pair.hash);
            let size = write_hash::size(self.entries, pair.entry);
            if let Some(chain) = self.buckets.get_mut(bucket) {
                match chain.last_mut().filter(|page| page.free >= size) {
                    Some(page) => page.put(pair, size),
                    None => append(chain, pair, size),
                }
            }
        }
    }
}

/// Puts a pair on a page of its own at the end of a chain.
fn append(chain: &mut Vec<Fill>, pair: Pair, size: usize) {
    let mut page = Fill::new();
    page.put(pair, size);
    chain.push(page);
}
