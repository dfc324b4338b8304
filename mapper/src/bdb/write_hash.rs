//! Laying out a hash file.
//!
//! The number of buckets is a power of two chosen for the amount of data, so nothing is ever split.

use super::hash::{hash, page_order};
use super::image::{FileImage, HEADER, Head, PAGE, Slot, number};
use super::write::{Entries, FileMeta};
use super::write_leaf;

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
const ITEM_DUPLICATE: u8 = 2;
const ITEM_OFFPAGE: u8 = 3;
const ITEM_OFFDUP: u8 = 4;

/// What a key stands with on its page.
type Pair<'e> = (&'e [u8], &'e [Vec<u8>]);

pub(super) fn render(entries: &Entries, meta: FileMeta) -> Vec<u8> {
    let size: usize = entries.iter().map(|(k, v)| on_page(k) + values_on_page(v) + 4).sum();
    let buckets = size.div_ceil(FILL).max(2).next_power_of_two();
    let mut contents: Vec<Vec<Pair<'_>>> = vec![Vec::new(); buckets];
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
    write_meta(&mut file, buckets, entries.len(), meta);
    file.into_bytes()
}

/// Bytes an item takes on its page.
fn on_page(item: &[u8]) -> usize {
    if item.len() > MAX_ON_PAGE { REFERENCE } else { item.len() + 1 }
}

/// Bytes of several values in one item: each with its length on both sides.
fn together(values: &[Vec<u8>]) -> usize {
    values.iter().map(|value| value.len() + 4).sum::<usize>() + 1
}

/// Bytes the values of a key take on its page.
fn values_on_page(values: &[Vec<u8>]) -> usize {
    match values {
        [value] => on_page(value),
        _ if together(values) > MAX_ON_PAGE => REFERENCE,
        _ => together(values),
    }
}

/// Writes the pairs of one bucket, in page order, into as many pages as they need.
fn write_bucket(file: &mut FileImage, first: usize, content: &[Pair<'_>]) {
    let (mut page, mut previous) = (first, 0);
    let (mut items, mut free) = (Vec::new(), PAGE - HEADER);
    for (key, values) in content {
        let needed = on_page(key) + values_on_page(values) + 4;
        if needed > free {
            let next = file.allocate();
            let head = Head { previous, next, kind: TYPE_HASH, ..Head::default() };
            file.items(page, &items, head);
            (previous, page) = (page, next);
            items.clear();
            free = PAGE - HEADER;
        }
        free -= needed;
        items.push(Slot::Item(item(file, key)));
        items.push(Slot::Item(values_item(file, values)));
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

/// The values of a key as they stand on its page: one, several in one item, or a tree's root.
fn values_item(file: &mut FileImage, values: &[Vec<u8>]) -> Vec<u8> {
    if let [value] = values {
        return item(file, value);
    }
    if together(values) > MAX_ON_PAGE {
        let root = number(write_leaf::duplicate_tree(file, values)).to_le_bytes();
        return [&[ITEM_OFFDUP, 0, 0, 0][..], &root].concat();
    }
    let mut all = vec![ITEM_DUPLICATE];
    for value in values {
        let length = write_leaf::short(value.len());
        all.extend([&length[..], value, &length].concat());
    }
    all
}

fn write_meta(file: &mut FileImage, buckets: usize, entries: usize, meta: FileMeta) {
    file.meta(MAGIC, TYPE_META, meta);
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
