//! What leaves of both kinds of files are made of: items, items off the page, trees of duplicates.

use super::image::{FileImage, HEADER, Head, PAGE, Slot, number};

/// Items longer than this are stored in pages of their own.
pub(super) const MAX_ON_PAGE: usize = 900;
/// Bytes of an item that tells where the data is, with its index entry.
pub(super) const REFERENCE: usize = 12 + 2;
const ITEM_KEYDATA: u8 = 1;
const ITEM_DUPLICATES: u8 = 2;
const ITEM_OVERFLOW: u8 = 3;
const TYPE_RECORD_INTERNAL: u8 = 4;
const TYPE_RECORD_LEAF: u8 = 6;

/// Cuts `sizes` into runs that fit a page each.
pub(super) fn runs(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
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

/// Items start at multiples of four.
pub(super) fn padded(mut item: Vec<u8>) -> Vec<u8> {
    item.resize(item.len().next_multiple_of(4), 0);
    item
}

pub(super) fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

/// Bytes of an item with its index entry.
pub(super) fn size(data: &[u8]) -> usize {
    if data.len() > MAX_ON_PAGE { REFERENCE } else { (3 + data.len()).next_multiple_of(4) + 2 }
}

pub(super) fn item(file: &mut FileImage, data: &[u8]) -> Vec<u8> {
    if data.len() > MAX_ON_PAGE {
        return reference(file, data);
    }
    padded([&short(data.len())[..], &[ITEM_KEYDATA], data].concat())
}

/// An item that tells where the data is.
pub(super) fn reference(file: &mut FileImage, data: &[u8]) -> Vec<u8> {
    let first = number(file.overflow(data)).to_le_bytes();
    let length = number(data.len()).to_le_bytes();
    [&[0, 0, ITEM_OVERFLOW, 0][..], &first, &length].concat()
}

/// An item that tells where the values of a key are.
pub(super) fn duplicates(file: &mut FileImage, values: &[Vec<u8>]) -> Vec<u8> {
    let root = number(duplicate_tree(file, values)).to_le_bytes();
    [&[0, 0, ITEM_DUPLICATES, 0][..], &root, &[0; 4]].concat()
}

/// A page of a tree of duplicates and how many values are found through it.
struct Branch {
    page: usize,
    values: usize,
}

/// Writes the values of one key as a tree of numbered records; returns its root.
pub(super) fn duplicate_tree(file: &mut FileImage, values: &[Vec<u8>]) -> usize {
    let runs = runs(values.iter().map(|value| size(value)));
    let pages: Vec<usize> = runs.iter().map(|_| file.allocate()).collect();
    let mut rest = values.iter();
    let mut branches = Vec::with_capacity(runs.len());
    for (index, (&count, &page)) in runs.iter().zip(&pages).enumerate() {
        let slots: Vec<Slot> =
            rest.by_ref().take(count).map(|value| Slot::Item(item(file, value))).collect();
        let neighbour = |at: Option<usize>| at.and_then(|at| pages.get(at)).copied().unwrap_or(0);
        let head = Head {
            previous: neighbour(index.checked_sub(1)),
            next: neighbour(Some(index + 1)),
            level: 1,
            kind: TYPE_RECORD_LEAF,
            ..Head::default()
        };
        file.items(page, &slots, head);
        branches.push(Branch { page, values: count });
    }
    let mut level = 2;
    while branches.len() > 1 {
        branches = record_internals(file, &branches, level);
        level += 1;
    }
    branches.first().map_or(0, |root| root.page)
}

fn record_internals(file: &mut FileImage, children: &[Branch], level: u8) -> Vec<Branch> {
    /// Page number and count, with the index entry.
    const SIZE: usize = 8 + 2;
    children
        .chunks((PAGE - HEADER) / SIZE)
        .map(|chunk| {
            let page = file.allocate();
            let values = chunk.iter().map(|child| child.values).sum();
            let slots: Vec<Slot> = chunk
                .iter()
                .map(|child| [number(child.page), number(child.values)].map(u32::to_le_bytes))
                .map(|words| Slot::Item(words.concat()))
                .collect();
            // such a page has the number of its values where others have the page before them
            let kind = TYPE_RECORD_INTERNAL;
            file.items(page, &slots, Head { previous: values, level, kind, ..Head::default() });
            Branch { page, values }
        })
        .collect()
}
