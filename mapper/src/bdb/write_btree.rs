//! Laying out a B-tree file: leaves first, then level by level up to the root in page 1.

use std::collections::BTreeMap;

use super::image::{CommonMeta, FileImage, HEADER, Head, PAGE, number};

/// Items longer than this are stored in pages of their own.
const MAX_ON_PAGE: usize = 900;
const MAGIC: u32 = 0x0005_3162;
const ROOT: usize = 1;
/// Fewest keys of a page, and the padding byte of another kind of file: defaults of the library.
const MIN_KEYS: u32 = 2;
const PADDING: u32 = 32;
const TYPE_META: u8 = 9;
const TYPE_INTERNAL: u8 = 3;
const TYPE_LEAF: u8 = 5;
const ITEM_KEYDATA: u8 = 1;
const ITEM_OVERFLOW: u8 = 3;

/// A finished page and the lowest key that leads to it.
struct Child {
    key: Vec<u8>,
    page: usize,
}

pub(super) fn render(entries: &BTreeMap<Vec<u8>, Vec<u8>>, uid: [u8; 20]) -> Vec<u8> {
    let mut file = FileImage::new(ROOT + 1);
    let mut children = write_leaves(&mut file, entries);
    let mut level = 2;
    while children.len() > 1 {
        children = write_internals(&mut file, &children, level);
        level += 1;
    }
    file.meta(&CommonMeta { magic: MAGIC, kind: TYPE_META, uid });
    file.put_u32(0, 76, MIN_KEYS);
    file.put_u32(0, 84, PADDING);
    file.put_u32(0, 88, number(ROOT));
    file.into_bytes()
}

/// Cuts `sizes` into runs that fit a page each.
fn runs(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let (mut runs, mut count, mut free) = (Vec::new(), 0, PAGE - HEADER);
    for size in sizes {
        if size > free {
            runs.push(std::mem::take(&mut count));
            free = PAGE - HEADER;
        }
        free = free.saturating_sub(size);
        count += 1;
    }
    runs.push(count);
    runs
}

fn write_leaves(file: &mut FileImage, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Child> {
    let runs = runs(entries.iter().map(|(key, value)| leaf_size(key) + leaf_size(value)));
    let single = runs.len() == 1;
    let pages: Vec<usize> =
        runs.iter().map(|_| if single { ROOT } else { file.allocate() }).collect();
    let mut pairs = entries.iter();
    let mut children = Vec::with_capacity(runs.len());
    let mut last_key: &[u8] = b"";
    for (index, (&count, &page)) in runs.iter().zip(&pages).enumerate() {
        let mut items = Vec::with_capacity(2 * count);
        for (position, (key, value)) in pairs.by_ref().take(count).enumerate() {
            if position == 0 {
                children.push(Child { key: separator(last_key, key), page });
            }
            items.push(leaf_item(file, key));
            items.push(leaf_item(file, value));
            last_key = key;
        }
        let neighbour = |at: Option<usize>| at.and_then(|at| pages.get(at)).copied().unwrap_or(0);
        let head = Head {
            previous: neighbour(index.checked_sub(1)),
            next: neighbour(Some(index + 1)),
            level: 1,
            kind: TYPE_LEAF,
            ..Head::default()
        };
        file.items(page, &items, head);
    }
    children
}

fn write_internals(file: &mut FileImage, children: &[Child], level: u8) -> Vec<Child> {
    let runs = runs(children.iter().map(|child| internal_size(&child.key)));
    let single = runs.len() == 1;
    let mut rest = children.iter();
    let mut parents = Vec::with_capacity(runs.len());
    for &count in &runs {
        let page = if single { ROOT } else { file.allocate() };
        let mut items = Vec::with_capacity(count);
        for (position, child) in rest.by_ref().take(count).enumerate() {
            // the first key of a page counts as lowest of all and is left out
            let key: &[u8] = if position == 0 { b"" } else { &child.key };
            items.push(internal_item(file, key, child.page));
            if position == 0 {
                parents.push(Child { key: child.key.clone(), page });
            }
        }
        file.items(page, &items, Head { level, kind: TYPE_INTERNAL, ..Head::default() });
    }
    parents
}

/// The shortest beginning of `key` that is above `before`.
fn separator(before: &[u8], key: &[u8]) -> Vec<u8> {
    let common = before.iter().zip(key).take_while(|(a, b)| a == b).count();
    key.get(..common + 1).unwrap_or(key).to_vec()
}

/// Items start at multiples of four.
fn padded(mut item: Vec<u8>) -> Vec<u8> {
    item.resize(item.len().next_multiple_of(4), 0);
    item
}

/// Bytes of an item on a leaf with its index entry.
fn leaf_size(data: &[u8]) -> usize {
    let bytes = if data.len() > MAX_ON_PAGE { 12 } else { (3 + data.len()).next_multiple_of(4) };
    bytes + 2
}

fn internal_size(key: &[u8]) -> usize {
    let bytes = if key.len() > MAX_ON_PAGE { 12 } else { key.len() };
    (12 + bytes).next_multiple_of(4) + 2
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

fn leaf_item(file: &mut FileImage, data: &[u8]) -> Vec<u8> {
    if data.len() > MAX_ON_PAGE {
        return reference(file, data);
    }
    padded([&short(data.len())[..], &[ITEM_KEYDATA], data].concat())
}

/// An item that tells where the data is.
fn reference(file: &mut FileImage, data: &[u8]) -> Vec<u8> {
    let first = number(file.overflow(data)).to_le_bytes();
    let length = number(data.len()).to_le_bytes();
    [&[0, 0, ITEM_OVERFLOW, 0][..], &first, &length].concat()
}

fn internal_item(file: &mut FileImage, key: &[u8], page: usize) -> Vec<u8> {
    let (kind, data) = if key.len() > MAX_ON_PAGE {
        (ITEM_OVERFLOW, reference(file, key))
    } else {
        (ITEM_KEYDATA, key.to_vec())
    };
    let page = number(page).to_le_bytes();
    let no_count = [0; 4];
    padded([&short(data.len())[..], &[kind, 0], &page, &no_count, &data].concat())
}
