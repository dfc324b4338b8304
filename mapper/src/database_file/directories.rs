//! Which directories on the way to a file others may write in.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
        let whose: &[u8] = if self.world { b"World" } else { b"Group" };
        let path = self.path.as_os_str().as_bytes();
        [b"WARNING: ", whose, b" writable directory ", path].concat()
    }
}

/// Tells of the unsafe ones among the directories that the path of `file` names, from its beginning on.
/// What cannot be looked at is for whoever opens the file to complain about.
pub(super) fn walk(file: &Path, tell: &mut dyn FnMut(UnsafeDirectory)) {
    // an error only ends the walk
    let _ = enter(super::directory_of(file), &mut 0, tell);
}

fn enter(
    directory: &Path,
    links: &mut usize,
    tell: &mut dyn FnMut(UnsafeDirectory),
) -> io::Result<()> {
    let mut path = PathBuf::new();
    for component in directory.components() {
        let from = path.clone();
        path.push(component);
        let facts = fs::symlink_metadata(&path)?;
        if facts.is_symlink() {
            *links += 1;
            if *links > MAX_LINKS {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            enter(&from.join(fs::read_link(&path)?), links, tell)?;
            continue;
        }
        let world = facts.mode() & WORLD_WRITE != 0;
        if world || facts.mode() & GROUP_WRITE != 0 {
            tell(UnsafeDirectory { path: path.clone(), world });
        }
    }
    Ok(())
}
