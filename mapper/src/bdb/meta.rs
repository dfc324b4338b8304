//! Page 0 of a database file.

use std::io;

use super::{BdbError, ReadAt};

/// Bytes of the header that are read.
const META_SIZE: usize = 512;
const HASH_MAGIC: u32 = 0x0006_1561;
const BTREE_MAGIC: u32 = 0x0005_3162;
/// The bits of the header's flag byte that change the page layout: checksums, partitions.
const LAYOUT_FLAGS: u8 = 0x07;
/// Flag of databases that contain others (both classes).
const HASH_SUBDB: u32 = 0x02;
const BTREE_SUBDB: u32 = 0x20;
/// Flag of databases that keep several values for a key (both classes).
const DUPLICATES: u32 = 0x01;
/// Number of doubling steps a hash file can have.
pub(super) const SPARES: usize = 32;
/// What the hash function gives for [`CHARKEY`]: tells whether a file uses the default function.
const CHARKEY_HASH: u32 = 0x5e68_8dd1;
/// The probe key whose hash the header stores.
#[cfg(test)]
pub(super) const CHARKEY: &[u8] = b"%$sniglet^&\0";

/// Numbers of a file in its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(self.u16_of(raw))
    }

    pub(super) fn u16_of(self, raw: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        }
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        })
    }
}

/// The parameters of linear hashing.
#[derive(Clone, Debug)]
pub(super) struct HashMeta {
    pub(super) max_bucket: u32,
    pub(super) high_mask: u32,
    pub(super) low_mask: u32,
    /// Page number of a bucket = bucket + the spare of its doubling.
    pub(super) spares: [u32; SPARES],
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Hash(HashMeta),
    Btree { root: u32 },
}

#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) order: Order,
    pub(super) page_size: u32,
    /// Number of the last page: no chain is longer.
    pub(super) last_page: u32,
    /// Keys may have several values.
    pub(super) duplicates: bool,
    pub(super) kind: Kind,
}

/// Reads; what a file is too short for makes it no database.
fn read_whole(
    source: &(impl ReadAt + ?Sized),
    offset: u64,
    buffer: &mut [u8],
) -> Result<(), BdbError> {
    source.read_at(offset, buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BdbError::Unsupported("too short"),
        _ => BdbError::Io(error),
    })
}

impl Meta {
    pub(super) fn read(source: &(impl ReadAt + ?Sized)) -> Result<Self, BdbError> {
        let mut bytes = [0u8; META_SIZE];
        read_whole(source, 0, &mut bytes)?;
        let meta = Self::parse(&bytes).ok_or(BdbError::Unsupported("short header"))??;
        // so that the page number bounds the work
        let last = u64::from(meta.last_page) * u64::from(meta.page_size);
        read_whole(source, last, &mut [0])?;
        Ok(meta)
    }

    /// `None` only if a field lies outside the header, which its size excludes.
    fn parse(bytes: &[u8; META_SIZE]) -> Option<Result<Self, BdbError>> {
        let refuse = |why| Some(Err(BdbError::Unsupported(why)));
        let order = [Order::Little, Order::Big]
            .into_iter()
            .find(|o| matches!(o.u32(bytes, 12), Some(HASH_MAGIC | BTREE_MAGIC)));
        let Some(order) = order else { return refuse("bad magic number") };
        let word = |at| order.u32(bytes, at);
        let (magic, version, page_size) = (word(12)?, word(16)?, word(20)?);
        if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
            return refuse("bad page size");
        }
        if bytes[24] != 0 {
            return refuse("encrypted");
        }
        if bytes[26] & LAYOUT_FLAGS != 0 {
            return refuse("checksums or partitions");
        }
        let flags = word(48)?;
        let kind = match (magic, version) {
            (HASH_MAGIC, 8 | 9) if flags & HASH_SUBDB == 0 => {
                if word(92)? != CHARKEY_HASH {
                    return refuse("unknown hash function");
                }
                let mut spares = [0; SPARES];
                for (n, spare) in spares.iter_mut().enumerate() {
                    *spare = word(96 + 4 * n)?;
                }
                let (max_bucket, high_mask, low_mask) = (word(72)?, word(76)?, word(80)?);
                Kind::Hash(HashMeta { max_bucket, high_mask, low_mask, spares })
            }
            (BTREE_MAGIC, 9) if flags & BTREE_SUBDB == 0 => Kind::Btree { root: word(88)? },
            (HASH_MAGIC, 8 | 9) | (BTREE_MAGIC, 9) => return refuse("contains sub-databases"),
            _ => return refuse("version of another release"),
        };
        let duplicates = flags & DUPLICATES != 0;
        Some(Ok(Self { order, page_size, last_page: word(32)?, duplicates, kind }))
    }
}
