//! A file mapped into memory, to be read.
//!
//! The only `unsafe` of this crate. A mapping is a slice of bytes that somebody else can change: another
//! process that writes into the file. Nothing here relies on its bytes staying the same: whoever reads them
//! checks each value before it is used as a length or a place, so that the worst that comes of a write is a wrong
//! byte, which the checksums of the file's type tell. A file that is cut off while it is mapped is the one thing
//! that cannot be caught: touching a page behind its new end ends the process (SIGBUS). makemap makes a new file and
//! renames it, which leaves a mapping as it is; a file whose size or time has changed is mapped anew before the
//! next round of lookups.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// The bytes of a file.
#[derive(Debug)]
pub struct Mapping(Mmap);

impl Mapping {
    /// Maps a file as long as it is now.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is read-only and unmapped when this value is dropped, after all slices of it, which
        // borrow it. See above for files that change.
        unsafe { Mmap::map(file) }.map(Self)
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
