//! Hash files: linear hashing, one chain of pages per bucket.

use std::cmp::Ordering;

use super::item::{self, Wanted};
use super::meta::{HashMeta, SPARES};
use super::page::{Page, Pager, kind};
use super::{BdbError, ReadAt};

const ITEM_KEYDATA: u8 = 1;
const ITEM_DUPLICATE: u8 = 2;
const ITEM_OFFPAGE: u8 = 3;
const ITEM_OFFDUP: u8 = 4;

/// The default hash function of versions 5 and later: FNV-1 with a zero start.
pub(super) fn hash(key: &[u8]) -> u32 {
    extend(0, key)
}

/// The hash of a key that has more bytes than the one this is the hash of.
fn extend(hash: u32, more: &[u8]) -> u32 {
    more.iter().fold(hash, |hash, &byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte))
}

/// A key with its hash, which is computed once however often it is looked for.
#[derive(Clone, Copy, Debug)]
pub struct HashedKey<'k> {
    bytes: &'k [u8],
    hash: u32,
}

impl<'k> HashedKey<'k> {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: &'k [u8]) -> Self {
        Self { bytes, hash: hash(bytes) }
    }

    /// The key of `bytes`, which begin with those of this one.
    #[must_use]
    pub fn extended(&self, bytes: &'k [u8]) -> Self {
        let more = bytes.get(self.bytes.len()..).unwrap_or_default();
        Self { bytes, hash: extend(self.hash, more) }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &'k [u8] {
        self.bytes
    }

    /// Its hash as hash files use it.
    #[must_use]
    pub fn hash(&self) -> u32 {
        self.hash
    }
}

impl HashMeta {
    #[inline]
    pub(super) fn bucket_of(&self, hash: u32) -> u32 {
        let bucket = hash & self.high_mask;
        if bucket > self.max_bucket { bucket & self.low_mask } else { bucket }
    }

    fn first_page(&self, bucket: u32) -> Result<u32, BdbError> {
        // the smallest n with 2^n > bucket: which doubling the bucket came with
        let doubling = usize::try_from(u32::BITS - bucket.leading_zeros()).unwrap_or(SPARES);
        self.spares
            .get(doubling)
            .and_then(|spare| spare.checked_add(bucket))
            .ok_or(BdbError::Damaged { page: 0, what: "bucket out of range" })
    }
}

pub(super) fn get<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    key: HashedKey<'_>,
    mut place: Option<usize>,
    value: &mut Vec<u8>,
) -> Result<bool, BdbError> {
    let mut number = meta.first_page(meta.bucket_of(key.hash()))?;
    loop {
        let page = bucket_page(pager, number)?;
        let pairs = page.entries() / 2;
        // a place in a later page of the bucket is not looked for
        if let Some(pair) = place.take().filter(|pair| *pair < pairs)
            && let [ITEM_KEYDATA, stored @ ..] = page.hash_item(pair * 2)?
            && stored == key.bytes()
        {
            return first_value(pager, &page, pair * 2 + 1, value);
        }
        let pair = match page.kind() {
            kind::HASH => search(pager, &page, pairs, key.bytes())?,
            _ => search_unsorted(pager, &page, pairs, key.bytes())?,
        };
        if let Some(pair) = pair {
            return first_value(pager, &page, pair * 2 + 1, value);
        }
        number = page.next();
        if number == 0 {
            return Ok(false);
        }
    }
}

/// Puts the value at this index, of duplicates the first, into `value`; says whether there is one.
fn first_value<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
    value: &mut Vec<u8>,
) -> Result<bool, BdbError> {
    let mut found = false;
    values(pager, page, index, &mut |first| {
        if !found {
            value.clear();
            value.extend_from_slice(first);
        }
        found = true;
        Wanted::Enough
    })?;
    Ok(found)
}

/// The pair of this key in a page whose keys are in order.
fn search<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    pairs: usize,
    key: &[u8],
) -> Result<Option<usize>, BdbError> {
    let (mut low, mut high) = (0, pairs);
    let mut met_off_page = is_off_page(page, key);
    while low < high {
        let middle = low + (high - low) / 2;
        let order = match page.hash_item(middle * 2)? {
            [ITEM_KEYDATA, stored @ ..] => page_order(stored, key, false),
            _ => {
                met_off_page = true;
                compare_other(pager, page, middle * 2, key)?
            }
        };
        match order {
            Ordering::Equal => return Ok(Some(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    // Where keys on the page and off it begin alike, their order is the one they came in (observed).
    if met_off_page { search_unsorted(pager, page, pairs, key) } else { Ok(None) }
}

/// Whether a key of this length is stored off its page.
fn is_off_page(page: &Page, key: &[u8]) -> bool {
    key.len() > page.size() / 4
}

/// The pair of this key in a page whose keys are in no order.
fn search_unsorted<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    pairs: usize,
    key: &[u8],
) -> Result<Option<usize>, BdbError> {
    for pair in 0..pairs {
        let found = match page.hash_item(pair * 2)? {
            [ITEM_KEYDATA, stored @ ..] => stored == key,
            _ => compare_other(pager, page, pair * 2, key)? == Ordering::Equal,
        };
        if found {
            return Ok(Some(pair));
        }
    }
    Ok(None)
}

pub(super) fn for_each<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    visit: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<(), BdbError> {
    // a damaged header may claim more buckets than there are pages
    let buckets = meta.max_bucket.min(pager.last_page());
    for bucket in 0..=buckets {
        each_pair(pager, meta, bucket, &mut |page, index| {
            let key = key_bytes(pager, page, index)?;
            values(pager, page, index + 1, &mut |value| {
                visit(&key, value);
                Wanted::More
            })
        })?;
    }
    Ok(())
}

/// The hashes of all keys of a bucket.
pub(super) fn hashes<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    bucket: u32,
) -> Result<Vec<u32>, BdbError> {
    let mut hashes = Vec::new();
    each_pair(pager, meta, bucket, &mut |page, index| {
        hashes.push(match page.hash_item(index)? {
            [ITEM_KEYDATA, key @ ..] => hash(key),
            _ => hash(&key_bytes(pager, page, index)?),
        });
        Ok(())
    })?;
    Ok(hashes)
}

/// Calls `visit` with the page and the index of the key of every pair of a bucket.
fn each_pair<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    bucket: u32,
    visit: &mut dyn FnMut(&Page, usize) -> Result<(), BdbError>,
) -> Result<(), BdbError> {
    let mut number = meta.first_page(bucket)?;
    loop {
        let page = bucket_page(pager, number)?;
        for index in (0..page.entries() / 2).map(|pair| pair * 2) {
            visit(&page, index)?;
        }
        number = page.next();
        if number == 0 {
            return Ok(());
        }
    }
}

/// Reads a page of a bucket.
fn bucket_page<R: ReadAt + ?Sized>(pager: &Pager<'_, R>, number: u32) -> Result<Page, BdbError> {
    let page = pager.read(number)?;
    // a page of zeros is a bucket that was never written to
    match page.kind() {
        kind::HASH | kind::HASH_UNSORTED | 0 if page.entries().is_multiple_of(2) => Ok(page),
        kind::HASH | kind::HASH_UNSORTED | 0 => Err(page.damaged("a key without a value")),
        _ => Err(page.damaged("not a hash page")),
    }
}

fn off_page(page: &Page, bytes: &[u8]) -> Result<(u32, u32), BdbError> {
    let order = page.order();
    order.u32(bytes, 4).zip(order.u32(bytes, 8)).ok_or_else(|| page.damaged("short off-page item"))
}

fn key_bytes<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
) -> Result<Vec<u8>, BdbError> {
    let bytes = page.hash_item(index)?;
    match bytes {
        [ITEM_KEYDATA, key @ ..] => Ok(key.to_vec()),
        [ITEM_OFFPAGE, ..] => {
            let (first, length) = off_page(page, bytes)?;
            item::overflow(pager, first, length)
        }
        _ => Err(page.damaged("unknown key type")),
    }
}

/// The order of keys on a page, which the library searches by halves: as byte strings, but of two
/// that begin alike the longer goes first, unless both are stored off the page (observed).
#[inline]
pub(super) fn page_order(a: &[u8], b: &[u8], off_page: bool) -> Ordering {
    // most keys differ in their first eight bytes, which compare as one number
    if let (Some(a), Some(b)) = (a.first_chunk::<8>(), b.first_chunk::<8>())
        && a != b
    {
        return u64::from_be_bytes(*a).cmp(&u64::from_be_bytes(*b));
    }
    match a.iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => a.cmp(b),
        None if off_page => a.len().cmp(&b.len()),
        None => b.len().cmp(&a.len()),
    }
}

/// The key stored at `index`, off its page, against `key`, in the order of pages.
#[cold]
fn compare_other<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
    key: &[u8],
) -> Result<Ordering, BdbError> {
    Ok(page_order(&key_bytes(pager, page, index)?, key, is_off_page(page, key)))
}

/// Visits the values of a key: one, or its duplicates.
fn values<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
    visit: &mut dyn FnMut(&[u8]) -> Wanted,
) -> Result<(), BdbError> {
    let bytes = page.hash_item(index)?;
    match bytes {
        [ITEM_KEYDATA, value @ ..] => {
            visit(value);
            Ok(())
        }
        [ITEM_OFFPAGE, ..] => {
            let (first, length) = off_page(page, bytes)?;
            visit(&item::overflow(pager, first, length)?);
            Ok(())
        }
        [ITEM_DUPLICATE, duplicates @ ..] => on_page_duplicates(page, duplicates, visit),
        [ITEM_OFFDUP, ..] => {
            let root = page.order().u32(bytes, 4).ok_or_else(|| page.damaged("short item"))?;
            item::duplicates(pager, root, visit)
        }
        _ => Err(page.damaged("unknown value type")),
    }
}

/// Duplicates kept in one item: length (2), data, length (2), repeated.
fn on_page_duplicates(
    page: &Page,
    mut rest: &[u8],
    visit: &mut dyn FnMut(&[u8]) -> Wanted,
) -> Result<(), BdbError> {
    while !rest.is_empty() {
        let length = page.order().u16(rest, 0).map(usize::from);
        let data = length.and_then(|length| rest.get(2..2 + length));
        let data = data.ok_or_else(|| page.damaged("short duplicate"))?;
        if visit(data) == Wanted::Enough {
            return Ok(());
        }
        rest = rest.get(data.len() + 4..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_the_probe_key() {
        assert_eq!(hash(super::super::meta::CHARKEY), 0x5e68_8dd1);
        let short = HashedKey::new(b"%$sniglet^&");
        assert_eq!(short.extended(super::super::meta::CHARKEY).hash(), 0x5e68_8dd1);
    }
}
