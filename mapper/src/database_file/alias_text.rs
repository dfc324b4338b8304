//! The text behind an alias database, as newaliases opens it (MAP-103).

use std::fs::{self, File, Metadata, TryLockError};
use std::os::unix::fs::MetadataExt as _;

use nix::unistd::geteuid;

use super::{FileError, FileRules, OWNER, READ, UnsafeDirectory, directories};
use crate::files;

/// What option `DontBlameSendmail` allows of alias files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AliasTextRules {
    /// `GroupWritableAliasFile`.
    pub group_writable: bool,
    /// `WorldWritableAliasFile`.
    pub world_writable: bool,
    /// `LinkedAliasFileInWritableDir`.
    pub linked: bool,
}

/// Largest alias file, bytes.
const MAX_TEXT: usize = 256 << 20;

/// An alias file that has passed the checks, locked while this value lives so that one program at a time
/// builds from it.
#[derive(Debug)]
pub struct AliasText {
    /// Its contents.
    pub text: Vec<u8>,
    _lock: File,
}

impl AliasText {
    /// Reads a file. `warn` is called with the unsafe directories on the path of a symbolic link, which are
    /// an error.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(
        name: &[u8],
        allowed: AliasTextRules,
        rules: FileRules,
        warn: &mut dyn FnMut(UnsafeDirectory),
    ) -> Result<Self, FileError> {
        let path = files::path(name);
        if !allowed.linked && fs::symlink_metadata(path)?.is_symlink() {
            let mut found = 0;
            let _ = directories::walk(path, &mut |directory| {
                found += 1;
                warn(directory);
            });
            if found > 0 {
                return Err(FileError::SymbolicLink);
            }
        }
        check(&fs::metadata(path)?, allowed, rules)?;
        let file = File::open(path)?;
        check(&file.metadata()?, allowed, rules)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileError::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self { text: files::read_open(&file, MAX_TEXT)?, _lock: file })
    }
}

fn check(facts: &Metadata, allowed: AliasTextRules, rules: FileRules) -> Result<(), FileError> {
    let mode = facts.mode();
    match () {
        () if !facts.is_file() => Err(FileError::NotRegular),
        () if mode & 0o020 != 0 && !allowed.group_writable => Err(FileError::GroupWritable),
        () if mode & 0o002 != 0 && !allowed.world_writable => Err(FileError::WorldWritable),
        // root reads what its owner may read (observed)
        () if geteuid().is_root() && mode >> OWNER & READ == 0 => Err(FileError::Denied),
        () if !geteuid().is_root() && !rules.permit(facts, READ) => Err(FileError::Denied),
        () => Ok(()),
    }
}
