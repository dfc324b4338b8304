//! Laying out a B-tree file: leaves first, then level by level up to the root in page 1.

use super::entries::{Entries, Values};
use super::image::{FileImage, Head, PAGE, Page, number, short};
use super::write::FileMeta;
use super::write_leaf::{self, MAX_ON_PAGE, reference};

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
/// A key with its values may take so much of a page; the values of larger ones lie in a tree of their own.
const MAX_DUPLICATES: usize = PAGE / 4;

/// A finished page and the lowest key that leads to it.
struct Child {
    key: Vec<u8>,
    page: usize,
}

pub(super) fn render(entries: &Entries, meta: FileMeta, file: &mut FileImage<'_>) {
    let root = file.allocate();
    debug_assert_eq!(root, ROOT);
    let mut children = write_leaves(file, entries);
    let mut level = 2;
    while children.len() > 1 {
        children = write_internals(file, &children, level);
        level += 1;
    }
    file.meta(MAGIC, TYPE_META, meta);
    file.put_u32(76, MIN_KEYS);
    file.put_u32(84, PADDING);
    file.put_u32(88, number(ROOT));
}

/// Bytes of a key with its values on a leaf; `None` if the values lie in a tree of their own.
fn entry_size(key: &[u8], values: Values<'_>) -> Option<usize> {
    let index_of_key = 2;
    let data: usize = values.iter().map(|value| write_leaf::size(value) + index_of_key).sum();
    let size = write_leaf::size(key) - index_of_key + data;
    (values.len() == 1 || size <= MAX_DUPLICATES).then_some(size)
}

fn write_leaves(file: &mut FileImage<'_>, entries: &Entries) -> Vec<Child> {
    let sorted = entries.sorted();
    let pair = |&entry: &u32| (entries.key(entry), entries.values(entry));
    let size = |(key, values): (&[u8], Values<'_>)| {
        entry_size(key, values).unwrap_or_else(|| write_leaf::size(key) + write_leaf::REFERENCE)
    };
    let runs = write_leaf::runs(sorted.iter().map(pair).map(size));
    let single = runs.len() == 1;
    let pages: Vec<usize> =
        runs.iter().map(|_| if single { ROOT } else { file.allocate() }).collect();
    let mut pairs = sorted.iter().map(pair);
    let mut children = Vec::with_capacity(runs.len());
    let mut last_key: &[u8] = b"";
    for (index, (&count, &number)) in runs.iter().zip(&pages).enumerate() {
        let mut page = Page::new();
        for (position, (key, values)) in pairs.by_ref().take(count).enumerate() {
            if position == 0 {
                children.push(Child { key: separator(last_key, key), page: number });
            }
            push(file, &mut page, key, values);
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
        file.items(number, page, head);
    }
    children
}

/// Adds a key and its values to a page: pairs whose keys are one item, or the key and a tree.
fn push(file: &mut FileImage<'_>, page: &mut Page, key: &[u8], values: Values<'_>) {
    let place = page.entries();
    write_leaf::push_data(file, page, key);
    if entry_size(key, values).is_none() {
        return write_leaf::push_duplicates(file, page, values);
    }
    for (nth, value) in values.iter().enumerate() {
        if nth > 0 {
            page.push_again(place);
        }
        write_leaf::push_data(file, page, value);
    }
}

fn write_internals(file: &mut FileImage<'_>, children: &[Child], level: u8) -> Vec<Child> {
    let runs = write_leaf::runs(children.iter().map(|child| internal_size(&child.key)));
    let single = runs.len() == 1;
    let mut rest = children.iter();
    let mut parents = Vec::with_capacity(runs.len());
    for &count in &runs {
        let number = if single { ROOT } else { file.allocate() };
        let mut page = Page::new();
        for (position, child) in rest.by_ref().take(count).enumerate() {
            // the first key of a page counts as lowest of all and is left out
            let key: &[u8] = if position == 0 { b"" } else { &child.key };
            push_internal(file, &mut page, key, child.page);
            if position == 0 {
                parents.push(Child { key: child.key.clone(), page: number });
            }
        }
        file.items(number, page, Head { level, kind: TYPE_INTERNAL, ..Head::default() });
    }
    parents
}

/// The shortest beginning of `key` that is above `before`.
fn separator(before: &[u8], key: &[u8]) -> Vec<u8> {
    let common = before.iter().zip(key).take_while(|(a, b)| a == b).count();
    key.get(..common + 1).unwrap_or(key).to_vec()
}

fn internal_size(key: &[u8]) -> usize {
    let bytes = if key.len() > MAX_ON_PAGE { 12 } else { key.len() };
    (12 + bytes).next_multiple_of(4) + 2
}

fn push_internal(file: &mut FileImage<'_>, page: &mut Page, key: &[u8], child: usize) {
    let off_page = (key.len() > MAX_ON_PAGE).then(|| reference(file, key));
    let (kind, data) = match &off_page {
        Some(reference) => (ITEM_OVERFLOW, reference.as_slice()),
        None => (ITEM_KEYDATA, key),
    };
    let no_count = [0; 4];
    let child = number(child).to_le_bytes();
    let head = [&short(data.len())[..], &[kind, 0], &child, &no_count].concat();
    write_leaf::push(page, &[&head, data]);
}
