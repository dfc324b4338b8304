//! Room on a file system.

use std::path::Path;

use nix::sys::statvfs::statvfs;

/// Free space for ordinary users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Blocks of `block` bytes.
    pub blocks: u64,
    /// Bytes of a block.
    pub block: u64,
}

/// The free space of the file system `path` is on; `None` if it cannot be told.
#[must_use]
pub fn free(path: &Path) -> Option<Free> {
    let facts = statvfs(path).ok()?;
    Some(Free { blocks: facts.blocks_available(), block: facts.fragment_size().max(1) })
}
