//! Pages: reading them, their header, the places of their items.

use std::cell::Cell;
use std::sync::Arc;

use super::meta::{Meta, Order};
use super::{BdbError, ReadAt};

/// Bytes of the header of every page but the first.
const HEADER: usize = 26;

/// Page types that occur in hash and B-tree files.
pub(super) mod kind {
    pub(crate) const HASH_UNSORTED: u8 = 2;
    pub(crate) const BTREE_INTERNAL: u8 = 3;
    pub(crate) const RECNO_INTERNAL: u8 = 4;
    pub(crate) const BTREE_LEAF: u8 = 5;
    pub(crate) const RECNO_LEAF: u8 = 6;
    pub(crate) const OVERFLOW: u8 = 7;
    pub(crate) const DUPLICATE_LEAF: u8 = 12;
    pub(crate) const HASH: u8 = 13;
}

/// One operation reads every page of a sound file at most so often, on the average.
const VISITS: u64 = 4;
/// Pages that may be read of the smallest file.
const BASE_VISITS: u64 = 64;

/// Reads pages of one file for one operation.
pub(super) struct Pager<'a, R: ?Sized> {
    source: &'a R,
    page_size: u32,
    last_page: u32,
    order: Order,
    /// Pages that may still be read: what a loop in a damaged file comes to.
    budget: Cell<u64>,
}

impl<'a, R: ReadAt + ?Sized> Pager<'a, R> {
    pub(super) fn new(source: &'a R, meta: &Meta) -> Self {
        let budget = Cell::new(u64::from(meta.last_page) * VISITS + BASE_VISITS);
        let (page_size, last_page, order) = (meta.page_size, meta.last_page, meta.order);
        Self { source, page_size, last_page, order, budget }
    }

    /// Number of the last page.
    pub(super) fn last_page(&self) -> u32 {
        self.last_page
    }

    pub(super) fn read(&self, number: u32) -> Result<Page, BdbError> {
        if number == 0 || number > self.last_page {
            return Err(BdbError::Damaged { page: number, what: "page number out of range" });
        }
        let Some(budget) = self.budget.get().checked_sub(1) else {
            return Err(BdbError::Damaged { page: number, what: "pages linked in a circle" });
        };
        self.budget.set(budget);
        // at most 64 KB, checked with the header
        let length = usize::try_from(self.page_size).unwrap_or_default();
        let bytes = self.source.page(u64::from(number) * u64::from(self.page_size), length)?;
        let page = Page { number, order: self.order, bytes };
        // a page of zeros is a bucket that was never written to
        if page.own_number() != number && page.kind() != 0 {
            return Err(page.damaged("page of another number"));
        }
        Ok(page)
    }
}

/// One page.
pub(super) struct Page {
    number: u32,
    order: Order,
    bytes: Arc<[u8]>,
}

impl Page {
    #[cold]
    pub(super) fn damaged(&self, what: &'static str) -> BdbError {
        BdbError::Damaged { page: self.number, what }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Bytes of the page.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    fn own_number(&self) -> u32 {
        self.order.u32(&self.bytes, 8).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> u8 {
        self.bytes.get(25).copied().unwrap_or_default()
    }

    /// Number of the next page of a chain, 0 at its end.
    pub(super) fn next(&self) -> u32 {
        self.order.u32(&self.bytes, 16).unwrap_or_default()
    }

    /// Number of items.
    pub(super) fn entries(&self) -> usize {
        self.order.u16(&self.bytes, 20).map_or(0, usize::from)
    }

    fn offset(&self, index: usize) -> Option<usize> {
        self.order.u16(&self.bytes, HEADER.checked_add(index.checked_mul(2)?)?).map(usize::from)
    }

    /// An item of a hash page: it reaches up to the one before it.
    #[inline]
    pub(super) fn hash_item(&self, index: usize) -> Result<&[u8], BdbError> {
        let place = match index.checked_sub(1) {
            None => self.offset(0).map(|start| (start, self.bytes.len())),
            Some(before) => self.offsets(before).map(|(end, start)| (start, end)),
        };
        place
            .and_then(|(start, end)| self.bytes.get(start..end))
            .ok_or_else(|| self.damaged("item outside the page"))
    }

    /// The offset at an index and the next one.
    #[inline]
    fn offsets(&self, index: usize) -> Option<(usize, usize)> {
        let at = HEADER.checked_add(index.checked_mul(2)?)?;
        let &[a, b, c, d] = self.bytes.get(at..)?.first_chunk()?;
        let number = |raw| usize::from(self.order.u16_of(raw));
        Some((number([a, b]), number([c, d])))
    }

    /// The page from an item of a B-tree page on; the item carries its own length.
    pub(super) fn btree_item(&self, index: usize) -> Result<&[u8], BdbError> {
        self.offset(index)
            .and_then(|start| self.bytes.get(start..))
            .ok_or_else(|| self.damaged("item outside the page"))
    }

    /// The data of an overflow page; its length stands where others have their free offset.
    pub(super) fn overflow_data(&self) -> Result<&[u8], BdbError> {
        let length = self.order.u16(&self.bytes, 22).map_or(0, usize::from);
        self.bytes
            .get(HEADER..HEADER + length)
            .ok_or_else(|| self.damaged("overflow data outside the page"))
    }
}
