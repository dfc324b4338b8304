//! Which directories on the way to a file others may write in.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{SEARCH, permits};

/// Symbolic links followed on one path.
const MAX_LINKS: usize = 40;
const GROUP_WRITE: u32 = 0o020;
const WORLD_WRITE: u32 = 0o002;

/// A directory in which others than its owner may exchange files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsafeDirectory {
    /// As it stands in the path of the file, or in that of a link to it.
    pub path: PathBuf,
    /// Everybody may, not only its group.
    pub world: bool,
}

impl UnsafeDirectory {
    /// The warning about it, as printed.
    #[must_use]
    pub fn warning(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt as _;
        let path = self.path.as_os_str().as_bytes();
        [b"WARNING: ", self.reason().as_bytes(), b" ", path].concat()
    }

    /// Why a file below it is not used.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        if self.world { "World writable directory" } else { "Group writable directory" }
    }
}

/// Tells of the unsafe ones among the directories that the path of `file` names, from its beginning on. Says
/// whether their modes let this process through, root's privilege left aside (observed). What cannot be looked
/// at ends the walk and is for whoever opens the file to complain about.
pub(crate) fn walk(file: &Path, tell: &mut dyn FnMut(UnsafeDirectory)) -> bool {
    enter(super::directory_of(file), &mut 0, tell).unwrap_or(true)
}

fn enter(
    directory: &Path,
    links: &mut usize,
    tell: &mut dyn FnMut(UnsafeDirectory),
) -> io::Result<bool> {
    let mut path = PathBuf::new();
    let mut passable = true;
    for component in directory.components() {
        let from = path.clone();
        path.push(component);
        let facts = fs::symlink_metadata(&path)?;
        if facts.is_symlink() {
            *links += 1;
            if *links > MAX_LINKS {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            passable &= enter(&from.join(fs::read_link(&path)?), links, tell)?;
            continue;
        }
        passable &= permits(&facts, false, SEARCH);
        let world = facts.mode() & WORLD_WRITE != 0;
        if world || facts.mode() & GROUP_WRITE != 0 {
            tell(UnsafeDirectory { path: path.clone(), world });
        }
    }
    Ok(passable)
}
