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
    key.iter().fold(0, |hash: u32, &byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte))
}

impl HashMeta {
    fn bucket_of(&self, key: &[u8]) -> u32 {
        let bucket = hash(key) & self.high_mask;
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
    key: &[u8],
) -> Result<Option<Vec<u8>>, BdbError> {
    let mut found = None;
    let mut take = |page: &Page, index| {
        values(pager, page, index + 1, &mut |value| {
            found.get_or_insert_with(|| value.to_vec());
            Wanted::Enough
        })
    };
    each_page(pager, meta, meta.bucket_of(key), &mut |page| {
        let pairs = page.entries() / 2;
        if page.kind() == kind::HASH {
            let Some(pair) = search(pager, page, pairs, key)? else { return Ok(Wanted::More) };
            take(page, pair * 2)?;
            return Ok(Wanted::Enough);
        }
        for index in (0..pairs).map(|pair| pair * 2) {
            if compare(pager, page, index, key)? == Ordering::Equal {
                take(page, index)?;
                return Ok(Wanted::Enough);
            }
        }
        Ok(Wanted::More)
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
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(pager, page, middle * 2, key)? {
            Ordering::Equal => return Ok(Some(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
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
            })?;
            Ok(Wanted::More)
        })?;
    }
    Ok(())
}

/// Calls `visit` with the page and the index of the key of every pair of a bucket.
fn each_pair<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    bucket: u32,
    visit: &mut dyn FnMut(&Page, usize) -> Result<Wanted, BdbError>,
) -> Result<(), BdbError> {
    each_page(pager, meta, bucket, &mut |page| {
        for index in (0..page.entries() / 2).map(|pair| pair * 2) {
            if visit(page, index)? == Wanted::Enough {
                return Ok(Wanted::Enough);
            }
        }
        Ok(Wanted::More)
    })
}

/// Calls `visit` with every page of a bucket.
fn each_page<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    meta: &HashMeta,
    bucket: u32,
    visit: &mut dyn FnMut(&Page) -> Result<Wanted, BdbError>,
) -> Result<(), BdbError> {
    let mut number = meta.first_page(bucket)?;
    loop {
        let page = pager.read(number)?;
        // a page of zeros is a bucket that was never written to
        if !matches!(page.kind(), kind::HASH | kind::HASH_UNSORTED | 0) {
            return Err(page.damaged("not a hash page"));
        }
        if visit(&page)? == Wanted::Enough {
            return Ok(());
        }
        number = page.next();
        if number == 0 {
            return Ok(());
        }
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
pub(super) fn page_order(a: &[u8], b: &[u8], off_page: bool) -> Ordering {
    match a.iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => a.cmp(b),
        None if off_page => a.len().cmp(&b.len()),
        None => b.len().cmp(&a.len()),
    }
}

/// The key stored at `index` against `key`, in the order of pages.
fn compare<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
    key: &[u8],
) -> Result<Ordering, BdbError> {
    match page.hash_item(index)? {
        [ITEM_KEYDATA, stored @ ..] => Ok(page_order(stored, key, false)),
        _ => Ok(page_order(&key_bytes(pager, page, index)?, key, key.len() > page.size() / 4)),
    }
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
    }
}
