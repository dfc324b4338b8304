//! Laying out a hash file.
//!
//! Which keys share a page is what the library makes of them when they come one after the other, so that
//! the file is read in the same order ([`Table`]); where the pages lie is not.

use super::entries::{Entries, Values};
use super::hash_table::{Pair, Table};
use super::image::{FileImage, Head, PAGE, Page, number, short};
use super::write::FileMeta;
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

pub(super) fn render(entries: &Entries, meta: FileMeta, file: &mut FileImage<'_>) {
    let mut table = Table::new(entries);
    entries.numbers().for_each(|entry| table.put(entry));
    // The pages of all buckets lie together, right after the first; so do those of buckets that the next
    // splits will make.
    let first = file.allocate_all(table.places());
    for bucket in 0..table.places() {
        write_bucket(file, first + bucket, entries, table.pages(bucket));
    }
    write_meta(file, &table, entries.len(), meta);
}

/// Bytes an entry takes on its page, with its places in the index.
pub(super) fn size(entries: &Entries, entry: u32) -> usize {
    on_page(entries.key(entry)) + values_on_page(entries.values(entry)) + 4
}

/// Bytes an item takes on its page.
fn on_page(item: &[u8]) -> usize {
    if item.len() > MAX_ON_PAGE { REFERENCE } else { item.len() + 1 }
}

/// Bytes of several values in one item: each with its length on both sides.
fn together(values: Values<'_>) -> usize {
    values.iter().map(|value| value.len() + 4).sum::<usize>() + 1
}

/// Bytes the values of a key take on its page.
fn values_on_page(values: Values<'_>) -> usize {
    match values.single() {
        Some(value) => on_page(value),
        None if together(values) > MAX_ON_PAGE => REFERENCE,
        None => together(values),
    }
}

/// Writes the pages of one bucket.
fn write_bucket<'t>(
    file: &mut FileImage<'_>,
    first: usize,
    entries: &Entries,
    pages: impl Iterator<Item = &'t [Pair]>,
) {
    let (mut number, mut previous) = (first, 0);
    let mut contents = pages.peekable();
    loop {
        let mut page = Page::new();
        for pair in contents.next().unwrap_or_default() {
            push(file, &mut page, entries.key(pair.entry));
            push_values(file, &mut page, entries.values(pair.entry));
        }
        let next = if contents.peek().is_some() { file.allocate() } else { 0 };
        file.items(number, page, Head { previous, next, kind: TYPE_HASH, ..Head::default() });
        if next == 0 {
            return;
        }
        (previous, number) = (number, next);
    }
}

/// Adds an item to a page.
fn push(file: &mut FileImage<'_>, page: &mut Page, data: &[u8]) {
    if data.len() <= MAX_ON_PAGE {
        return page.push(&[&[ITEM_KEYDATA], data]);
    }
    let first = number(file.overflow(data)).to_le_bytes();
    page.push(&[&[ITEM_OFFPAGE, 0, 0, 0], &first, &number(data.len()).to_le_bytes()]);
}

/// Adds the values of a key to a page: one, several in one item, or a tree's root.
fn push_values(file: &mut FileImage<'_>, page: &mut Page, values: Values<'_>) {
    if let Some(value) = values.single() {
        return push(file, page, value);
    }
    if together(values) > MAX_ON_PAGE {
        let root = number(write_leaf::duplicate_tree(file, values)).to_le_bytes();
        return page.push(&[&[ITEM_OFFDUP, 0, 0, 0], &root]);
    }
    let mut all = vec![ITEM_DUPLICATE];
    for value in values.iter() {
        let length = short(value.len());
        all.extend([&length[..], value, &length].concat());
    }
    page.push(&[&all]);
}

fn write_meta(file: &mut FileImage<'_>, table: &Table<'_>, keys: usize, meta: FileMeta) {
    file.meta(MAGIC, TYPE_META, meta);
    let words = [
        (72, table.max_bucket()),
        (76, table.high_mask()),
        (80, table.high_mask() >> 1),
        (88, number(keys)),
        (92, CHARKEY_HASH),
    ];
    words.into_iter().for_each(|(at, value)| file.put_u32(at, value));
    let doublings = usize::try_from(table.places().trailing_zeros()).unwrap_or_default();
    for doubling in 0..=doublings {
        file.put_u32(96 + 4 * doubling, 1);
    }
}
