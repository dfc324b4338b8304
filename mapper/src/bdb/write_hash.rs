//! Laying out a hash file.
//!
//! Which keys share a page is what the library makes of them when they come one after the other, so that
//! the file is read in the same order ([`Table`]); where the pages lie is not.

use super::hash_table::{Pair, Table};
use super::image::{FileImage, Head, PAGE, Slot, number};
use super::write::{Entries, FileMeta};
use super::write_leaf;

/// Items longer than this are stored in pages of their own.
pub(super) const MAX_ON_PAGE: usize = PAGE / 4;
/// Bytes of an off-page reference.
const REFERENCE: usize = 12;
const MAGIC: u32 = 0x0006_1561;
const CHARKEY_HASH: u32 = 0x5e68_8dd1;
const TYPE_META: u8 = 8;
const TYPE_HASH: u8 = 13;
const ITEM_KEYDATA: u8 = 1;
const ITEM_DUPLICATE: u8 = 2;
const ITEM_OFFPAGE: u8 = 3;
const ITEM_OFFDUP: u8 = 4;

pub(super) fn render(entries: &Entries, meta: FileMeta) -> Vec<u8> {
    let mut order: Vec<_> = entries.iter().collect();
    order.sort_by_key(|(_, values)| values.born);
    let mut table = Table::new();
    for (key, values) in order {
        let size = on_page(key) + values_on_page(&values.list) + 4;
        table.put(Pair::new(key, &values.list, size));
    }
    // The pages of all buckets lie together, right after the first; so do those of buckets that the next
    // splits will make.
    let mut file = FileImage::new(table.places() + 1);
    for bucket in 0..table.places() {
        write_bucket(&mut file, bucket + 1, &table, bucket);
    }
    write_meta(&mut file, &table, entries.len(), meta);
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

/// Writes the pages of one bucket.
fn write_bucket(file: &mut FileImage, first: usize, table: &Table<'_>, bucket: usize) {
    let (mut page, mut previous) = (first, 0);
    let mut contents = table.pages(bucket).peekable();
    loop {
        let mut slots = Vec::new();
        for pair in contents.next().unwrap_or_default() {
            slots.push(Slot::Item(item(file, pair.key)));
            slots.push(Slot::Item(values_item(file, pair.values)));
        }
        let next = if contents.peek().is_some() { file.allocate() } else { 0 };
        file.items(page, &slots, Head { previous, next, kind: TYPE_HASH, ..Head::default() });
        if next == 0 {
            return;
        }
        (previous, page) = (page, next);
    }
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

fn write_meta(file: &mut FileImage, table: &Table<'_>, keys: usize, meta: FileMeta) {
    file.meta(MAGIC, TYPE_META, meta);
    let words = [
        (72, table.max_bucket()),
        (76, table.high_mask()),
        (80, table.high_mask() >> 1),
        (88, number(keys)),
        (92, CHARKEY_HASH),
    ];
    words.into_iter().for_each(|(at, value)| file.put_u32(0, at, value));
    let doublings = usize::try_from(table.places().trailing_zeros()).unwrap_or_default();
    for doubling in 0..=doublings {
        file.put_u32(0, 96 + 4 * doubling, 1);
    }
}
