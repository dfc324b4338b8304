//! What leaves of both kinds of files are made of: items, items off the page, trees of duplicates.

use super::entries::Values;
use super::image::{FileImage, HEADER, Head, PAGE, Page, number, short};

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

/// Adds an item to a page. Items start at multiples of four.
pub(super) fn push(page: &mut Page, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let padding = [0; 3];
    let padding = padding.get(..length.next_multiple_of(4) - length).unwrap_or_default();
    match parts {
        [head, data] => page.push(&[head, data, padding]),
        _ => page.push(&[&parts.concat(), padding]),
    }
}

/// Bytes of an item with its index entry.
pub(super) fn size(data: &[u8]) -> usize {
    if data.len() > MAX_ON_PAGE { REFERENCE } else { (3 + data.len()).next_multiple_of(4) + 2 }
}

pub(super) fn push_data(file: &mut FileImage<'_>, page: &mut Page, data: &[u8]) {
    if data.len() > MAX_ON_PAGE {
        let reference = reference(file, data);
        return page.push(&[&reference]);
    }
    let [low, high] = short(data.len());
    push(page, &[&[low, high, ITEM_KEYDATA], data]);
}

/// An item that tells where the data is.
pub(super) fn reference(file: &mut FileImage<'_>, data: &[u8]) -> Vec<u8> {
    let first = number(file.overflow(data)).to_le_bytes();
    let length = number(data.len()).to_le_bytes();
    [&[0, 0, ITEM_OVERFLOW, 0][..], &first, &length].concat()
}

/// Adds an item that tells where the values of a key are.
pub(super) fn push_duplicates(file: &mut FileImage<'_>, page: &mut Page, values: Values<'_>) {
    let root = number(duplicate_tree(file, values)).to_le_bytes();
    page.push(&[&[0, 0, ITEM_DUPLICATES, 0], &root, &[0; 4]]);
}

/// A page of a tree of duplicates and how many values are found through it.
struct Branch {
    page: usize,
    values: usize,
}

/// Writes the values of one key as a tree of numbered records; returns its root.
pub(super) fn duplicate_tree(file: &mut FileImage<'_>, values: Values<'_>) -> usize {
    let runs = runs(values.iter().map(size));
    let pages: Vec<usize> = runs.iter().map(|_| file.allocate()).collect();
    let mut rest = values.iter();
    let mut branches = Vec::with_capacity(runs.len());
    for (index, (&count, &number)) in runs.iter().zip(&pages).enumerate() {
        let mut page = Page::new();
        rest.by_ref().take(count).for_each(|value| push_data(file, &mut page, value));
        let neighbour = |at: Option<usize>| at.and_then(|at| pages.get(at)).copied().unwrap_or(0);
        let head = Head {
            previous: neighbour(index.checked_sub(1)),
            next: neighbour(Some(index + 1)),
            level: 1,
            kind: TYPE_RECORD_LEAF,
            ..Head::default()
        };
        file.items(number, page, head);
        branches.push(Branch { page: number, values: count });
    }
    let mut level = 2;
    while branches.len() > 1 {
        branches = record_internals(file, &branches, level);
        level += 1;
    }
    branches.first().map_or(0, |root| root.page)
}

fn record_internals(file: &mut FileImage<'_>, children: &[Branch], level: u8) -> Vec<Branch> {
    /// Page number and count, with the index entry.
    const SIZE: usize = 8 + 2;
    children
        .chunks((PAGE - HEADER) / SIZE)
        .map(|chunk| {
            let number_of_page = file.allocate();
            let values = chunk.iter().map(|child| child.values).sum();
            let mut page = Page::new();
            for child in chunk {
                let words = [number(child.page), number(child.values)].map(u32::to_le_bytes);
                page.push(&[&words[0], &words[1]]);
            }
            // such a page has the number of its values where others have the page before them
            let head =
                Head { previous: values, level, kind: TYPE_RECORD_INTERNAL, ..Head::default() };
            file.items(number_of_page, page, head);
            Branch { page: number_of_page, values }
        })
        .collect()
}
