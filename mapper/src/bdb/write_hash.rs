//! Laying out a hash file.
//!
//! The number of buckets is a power of two chosen for the amount of data, so nothing is ever split.

use std::collections::BTreeMap;

use super::hash::{hash, page_order};
use super::image::{CommonMeta, FileImage, HEADER, Head, PAGE, number};

/// Items longer than this are stored in pages of their own.
const MAX_ON_PAGE: usize = PAGE / 4;
/// Bytes of an off-page reference.
const REFERENCE: usize = 12;
/// Data put into a bucket on the average, bytes.
const FILL: usize = PAGE * 6 / 10;
const MAGIC: u32 = 0x0006_1561;
const CHARKEY_HASH: u32 = 0x5e68_8dd1;
const TYPE_META: u8 = 8;
const TYPE_HASH: u8 = 13;
const ITEM_KEYDATA: u8 = 1;
const ITEM_OFFPAGE: u8 = 3;

pub(super) fn render(entries: &BTreeMap<Vec<u8>, Vec<u8>>, uid: [u8; 20]) -> Vec<u8> {
    let size: usize = entries.iter().map(|(k, v)| on_page(k) + on_page(v) + 4).sum();
    let buckets = size.div_ceil(FILL).max(2).next_power_of_two();
    let mut contents: Vec<Vec<(&[u8], &[u8])>> = vec![Vec::new(); buckets];
    let mask = number(buckets - 1);
    for (key, value) in entries {
        let bucket = usize::try_from(hash(key) & mask).unwrap_or_default();
        if let Some(content) = contents.get_mut(bucket) {
            content.push((key, value));
        }
    }
    let mut file = FileImage::new(buckets + 1);
    for (bucket, content) in contents.iter_mut().enumerate() {
        content.sort_by(|a, b| page_order(a.0, b.0, a.0.len().min(b.0.len()) > MAX_ON_PAGE));
        write_bucket(&mut file, bucket + 1, content);
    }
    write_meta(&mut file, buckets, entries.len(), uid);
    file.into_bytes()
}

/// Bytes an item takes on its page.
fn on_page(item: &[u8]) -> usize {
    if item.len() > MAX_ON_PAGE { REFERENCE } else { item.len() + 1 }
}

/// Writes the pairs of one bucket, in page order, into as many pages as they need.
fn write_bucket(file: &mut FileImage, first: usize, content: &[(&[u8], &[u8])]) {
    let (mut page, mut previous) = (first, 0);
    let (mut items, mut free) = (Vec::new(), PAGE - HEADER);
    for (key, value) in content {
        let needed = on_page(key) + on_page(value) + 4;
        if needed > free {
            let next = file.allocate();
            let head = Head { previous, next, kind: TYPE_HASH, ..Head::default() };
            file.items(page, &items, head);
            (previous, page) = (page, next);
            items.clear();
            free = PAGE - HEADER;
        }
        free -= needed;
        items.push(item(file, key));
        items.push(item(file, value));
    }
    file.items(page, &items, Head { previous, kind: TYPE_HASH, ..Head::default() });
}

/// An item as it stands on its page.
fn item(file: &mut FileImage, data: &[u8]) -> Vec<u8> {
    if data.len() <= MAX_ON_PAGE {
        return [&[ITEM_KEYDATA], data].concat();
    }
    let first = number(file.overflow(data)).to_le_bytes();
    [&[ITEM_OFFPAGE, 0, 0, 0][..], &first, &number(data.len()).to_le_bytes()].concat()
}

fn write_meta(file: &mut FileImage, buckets: usize, entries: usize, uid: [u8; 20]) {
    file.meta(&CommonMeta { magic: MAGIC, kind: TYPE_META, uid });
    let high = number(buckets - 1);
    for (at, value) in [(72, high), (76, high), (80, high >> 1), (88, number(entries))] {
        file.put_u32(0, at, value);
    }
    file.put_u32(0, 92, CHARKEY_HASH);
    // all buckets lie together, right after this page
    let doublings = usize::try_from(buckets.trailing_zeros()).unwrap_or_default();
    for doubling in 0..=doublings {
        file.put_u32(0, 96 + 4 * doubling, 1);
    }
}
