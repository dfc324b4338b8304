//! Items that are stored off their page, and B-tree items.

use super::page::{Page, Pager, kind};
use super::{BdbError, MAX_ITEM, ReadAt};

/// An item of a B-tree or duplicate page.
pub(super) enum BtreeItem<'p> {
    /// Stored here.
    Here(&'p [u8]),
    /// Stored in a chain of overflow pages.
    Overflow { first: u32, length: u32 },
    /// A tree of duplicates.
    Duplicates { root: u32 },
    /// Deleted, still taking its place.
    Deleted,
}

const TYPE_KEYDATA: u8 = 1;
const TYPE_DUPLICATE: u8 = 2;
const TYPE_OVERFLOW: u8 = 3;
const DELETED: u8 = 0x80;

/// Reads a leaf item: length (2), type (1), data; or, off page, type at the same place, page (4)
/// and length (4) after four bytes.
pub(super) fn leaf_item(page: &Page, index: usize) -> Result<BtreeItem<'_>, BdbError> {
    parse(page, page.btree_item(index)?, 3)
}

/// Reads the key of an internal item: length (2), type (1), unused (1), page (4), count (4), data.
/// Returns the key and the child's page number.
pub(super) fn internal_item(page: &Page, index: usize) -> Result<(BtreeItem<'_>, u32), BdbError> {
    let bytes = page.btree_item(index)?;
    let child = page.order().u32(bytes, 4).ok_or_else(|| page.damaged("short item"))?;
    let type_byte = bytes.get(2).copied().unwrap_or_default();
    if type_byte & !DELETED == TYPE_KEYDATA {
        return Ok((parse(page, bytes, 12)?, child));
    }
    // the data is an off-page reference of its own
    let inner = bytes.get(12..).ok_or_else(|| page.damaged("short item"))?;
    Ok((parse(page, inner, 3)?, child))
}

fn parse<'p>(page: &Page, bytes: &'p [u8], data_at: usize) -> Result<BtreeItem<'p>, BdbError> {
    let short = || page.damaged("short item");
    let order = page.order();
    let type_byte = *bytes.get(2).ok_or_else(short)?;
    if type_byte & DELETED != 0 {
        return Ok(BtreeItem::Deleted);
    }
    match type_byte {
        TYPE_KEYDATA => {
            let length = usize::from(order.u16(bytes, 0).ok_or_else(short)?);
            let data = bytes.get(data_at..data_at + length).ok_or_else(short)?;
            Ok(BtreeItem::Here(data))
        }
        TYPE_DUPLICATE => {
            Ok(BtreeItem::Duplicates { root: order.u32(bytes, 4).ok_or_else(short)? })
        }
        TYPE_OVERFLOW => Ok(BtreeItem::Overflow {
            first: order.u32(bytes, 4).ok_or_else(short)?,
            length: order.u32(bytes, 8).ok_or_else(short)?,
        }),
        _ => Err(page.damaged("unknown item type")),
    }
}

/// Reads an item of `length` bytes from the chain of overflow pages that starts at `first`.
pub(super) fn overflow<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    first: u32,
    length: u32,
) -> Result<Vec<u8>, BdbError> {
    if length > MAX_ITEM {
        return Err(BdbError::Damaged { page: first, what: "item too long" });
    }
    let length = usize::try_from(length).unwrap_or_default();
    let mut data = Vec::new();
    let mut next = first;
    loop {
        let page = pager.read(next)?;
        if page.kind() != kind::OVERFLOW {
            return Err(page.damaged("not an overflow page"));
        }
        data.extend_from_slice(page.overflow_data()?);
        if data.len() >= length {
            data.truncate(length);
            return Ok(data);
        }
        next = page.next();
    }
}

/// Visits the items of a tree of duplicates until `visit` says to stop.
pub(super) fn duplicates<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    root: u32,
    visit: &mut dyn FnMut(&[u8]) -> Wanted,
) -> Result<(), BdbError> {
    let mut page = leftmost_leaf(pager, root)?;
    loop {
        for index in 0..page.entries() {
            let wanted = match leaf_item(&page, index)? {
                BtreeItem::Here(data) => visit(data),
                BtreeItem::Overflow { first, length } => visit(&overflow(pager, first, length)?),
                BtreeItem::Deleted => Wanted::More,
                BtreeItem::Duplicates { .. } => {
                    return Err(page.damaged("duplicates inside duplicates"));
                }
            };
            if wanted == Wanted::Enough {
                return Ok(());
            }
        }
        match page.next() {
            0 => return Ok(()),
            next => page = pager.read(next)?,
        }
    }
}

/// Whether a visitor wants further items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    Enough,
}

/// Goes down the first children to a leaf.
pub(super) fn leftmost_leaf<R: ReadAt + ?Sized>(
    pager: &Pager<'_, R>,
    root: u32,
) -> Result<Page, BdbError> {
    let mut number = root;
    loop {
        let page = pager.read(number)?;
        number = match page.kind() {
            kind::BTREE_LEAF | kind::RECNO_LEAF | kind::DUPLICATE_LEAF => return Ok(page),
            kind::BTREE_INTERNAL => internal_item(&page, 0)?.1,
            kind::RECNO_INTERNAL => page
                .order()
                .u32(page.btree_item(0)?, 0)
                .ok_or_else(|| page.damaged("short item"))?,
            _ => return Err(page.damaged("not a tree page")),
        };
    }
}
