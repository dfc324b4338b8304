//! B-tree files.

use std::cmp::Ordering;

use super::item::{self, BtreeItem, Wanted};
use super::page::{Page, Pager, kind};
use super::{BdbError, ReadAt};

pub(super) fn get<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    root: u32,
    key: &[u8],
) -> Result<Option<Vec<u8>>, BdbError> {
    let mut number = root;
    loop {
        let page = pager.read(number)?;
        match page.kind() {
            kind::BTREE_INTERNAL => number = child_for(pager, &page, key)?,
            kind::BTREE_LEAF => return value_in_leaf(pager, &page, key),
            _ => return Err(page.damaged("not a tree page")),
        }
    }
}

pub(super) fn for_each<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    root: u32,
    visit: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<(), BdbError> {
    let mut page = item::leftmost_leaf(pager, root)?;
    loop {
        for index in (0..page.entries() / 2).map(|pair| pair * 2) {
            let Some(key) = key_bytes(pager, &page, index)? else { continue };
            values(pager, &page, index + 1, &mut |value| {
                visit(&key, value);
                Wanted::More
            })?;
        }
        match page.next() {
            0 => return Ok(()),
            next => page = pager.read(next)?,
        }
    }
}

/// The last child whose key is not above `key`; the first child's key counts as lowest of all.
fn child_for<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    key: &[u8],
) -> Result<u32, BdbError> {
    let (mut low, mut high) = (0, page.entries());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let (stored, _) = item::internal_item(page, middle)?;
        if compare(pager, page, stored, key)? == Ordering::Greater {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(item::internal_item(page, low)?.1)
}

/// Keys are ordered as byte strings.
fn compare<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    stored: BtreeItem<'_>,
    key: &[u8],
) -> Result<Ordering, BdbError> {
    match stored {
        BtreeItem::Here(bytes) => Ok(bytes.cmp(key)),
        BtreeItem::Overflow { first, length } => {
            // one byte more than the key has decides
            let enough = u32::try_from(key.len()).unwrap_or(u32::MAX).saturating_add(1);
            let start = item::overflow(pager, first, length.min(enough))?;
            Ok(start.as_slice().cmp(key))
        }
        BtreeItem::Deleted | BtreeItem::Duplicates { .. } => Err(page.damaged("bad key")),
    }
}

fn key_bytes<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
) -> Result<Option<Vec<u8>>, BdbError> {
    match item::leaf_item(page, index)? {
        BtreeItem::Here(bytes) => Ok(Some(bytes.to_vec())),
        BtreeItem::Overflow { first, length } => item::overflow(pager, first, length).map(Some),
        BtreeItem::Deleted => Ok(None),
        BtreeItem::Duplicates { .. } => Err(page.damaged("bad key")),
    }
}

/// The first value of `key` in a leaf. Linear: a leaf is one page, and deleted entries would
/// disturb a search by halves.
fn value_in_leaf<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    key: &[u8],
) -> Result<Option<Vec<u8>>, BdbError> {
    let mut found = None;
    for index in (0..page.entries() / 2).map(|pair| pair * 2) {
        let stored = item::leaf_item(page, index)?;
        if matches!(stored, BtreeItem::Deleted) {
            continue;
        }
        match compare(pager, page, stored, key)? {
            Ordering::Less => {}
            Ordering::Greater => break,
            Ordering::Equal => values(pager, page, index + 1, &mut |value| {
                found = Some(value.to_vec());
                Wanted::Enough
            })?,
        }
        if found.is_some() {
            break;
        }
    }
    Ok(found)
}

fn values<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    page: &Page,
    index: usize,
    visit: &mut dyn FnMut(&[u8]) -> Wanted,
) -> Result<(), BdbError> {
    match item::leaf_item(page, index)? {
        BtreeItem::Here(value) => {
            visit(value);
        }
        BtreeItem::Overflow { first, length } => {
            visit(&item::overflow(pager, first, length)?);
        }
        BtreeItem::Duplicates { root } => item::duplicates(pager, root, visit)?,
        BtreeItem::Deleted => {}
    }
    Ok(())
}
