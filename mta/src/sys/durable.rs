//! Files that must survive a crash, and the locks that share them with other programs.
//!
//! Everything the queue does to the disk goes through here: exclusive creation, write and fsync,
//! rename with fsync of the directory, flock. Locks are flock(2), as Debian's sendmail uses.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

/// Why the disk said no; `path` is the file or directory worked on.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// No space, quota or inode left: the peer may be asked to try later (452).
    #[error("{path}: no space left")]
    Full {
        /// The file that could not grow or be made.
        path: PathBuf,
    },
    /// The file is there already.
    #[error("{path}: file exists")]
    Exists {
        /// The file that was to be created.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("{path}: no such file or directory")]
    Missing {
        /// The file looked for.
        path: PathBuf,
    },
    /// The file system or its permissions refuse.
    #[error("{path}: permission denied")]
    Denied {
        /// The file refused.
        path: PathBuf,
    },
    /// Another program holds the lock.
    #[error("{path}: locked")]
    Locked {
        /// The file whose lock is held.
        path: PathBuf,
    },
    /// Anything else.
    #[error("{path}: {source}")]
    Other {
        /// The file worked on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DiskError {
    /// Sorts a system error by what the caller can do about it.
    #[must_use]
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG) => Self::Full { path },
            Some(Errno::EEXIST) => Self::Exists { path },
            Some(Errno::ENOENT) => Self::Missing { path },
            Some(Errno::EACCES | Errno::EPERM | Errno::EROFS) => Self::Denied { path },
            Some(Errno::EAGAIN) => Self::Locked { path },
            _ => Self::Other { path, source },
        }
    }
}

/// A file with its exclusive lock; the lock ends when this is dropped.
pub type LockedFile = Flock<File>;

/// What a file looks like to the checks of the queue (QU-014, QU-043, QU-044).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Number of names.
    pub links: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Type and permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Time of the last change of the content, seconds since 1970.
    pub modified: i64,
    /// Time of the last change of the inode, seconds since 1970.
    pub changed: i64,
}

impl FileFacts {
    /// Device and inode as `major/minor/inode` (QU-021).
    #[must_use]
    pub fn identity(&self) -> Vec<u8> {
        let (major, minor) =
            (nix::sys::stat::major(self.device), nix::sys::stat::minor(self.device));
        format!("{major}/{minor}/{}", self.inode).into_bytes()
    }
}

impl From<std::fs::Metadata> for FileFacts {
    fn from(meta: std::fs::Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            links: meta.nlink(),
            uid: meta.uid(),
            gid: meta.gid(),
            mode: meta.mode(),
            size: meta.size(),
            modified: meta.mtime(),
            changed: meta.ctime(),
        }
    }
}

/// Creates a file that must not exist yet, readable and writable; `mode` is set against any umask.
///
/// # Errors
/// [`DiskError::Exists`] when the name is taken, by a symbolic link too.
pub fn create_new(path: &Path, mode: u32) -> Result<File, DiskError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(|error| DiskError::from_io(path, error))?;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
        .map_err(|error| DiskError::from_io(path, error))?;
    Ok(file)
}

/// Opens a file for reading and writing; symbolic links are refused.
///
/// # Errors
/// The system's, sorted.
pub fn open_writable(path: &Path) -> Result<File, DiskError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits() | OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| DiskError::from_io(path, error))
}

/// Opens a file for reading; symbolic links are refused.
///
/// # Errors
/// The system's, sorted.
pub fn open_readable(path: &Path) -> Result<File, DiskError> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits() | OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| DiskError::from_io(path, error))
}

/// Takes the exclusive lock without waiting.
///
/// # Errors
/// [`DiskError::Locked`] when another holds it.
pub fn lock(path: &Path, file: File) -> Result<LockedFile, DiskError> {
    Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|(_, errno)| DiskError::from_io(path, errno.into()))
}

/// Whether another program holds the lock of this file now. Taking the lock for a moment is the
/// only way to ask.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    match open_readable(path).and_then(|file| lock(path, file)) {
        Err(DiskError::Locked { .. }) => true,
        Ok(_) | Err(_) => false,
    }
}

/// Writes all bytes and forces them to stable storage.
///
/// # Errors
/// The system's, sorted.
pub fn write_synced(path: &Path, mut file: &File, bytes: &[u8]) -> Result<(), DiskError> {
    io::Write::write_all(&mut file, bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| DiskError::from_io(path, error))
}

/// Forces what was written to a file to stable storage.
///
/// # Errors
/// The system's, sorted.
pub fn sync(path: &Path, file: &File) -> Result<(), DiskError> {
    file.sync_all().map_err(|error| DiskError::from_io(path, error))
}

/// Forces the names in a directory to stable storage.
///
/// # Errors
/// The system's, sorted.
pub fn sync_directory(path: &Path) -> Result<(), DiskError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| DiskError::from_io(path, error))
}

/// Renames within one file system, replacing the target, and forces both directories to disk.
///
/// # Errors
/// The system's, sorted.
pub fn rename_synced(from: &Path, to: &Path) -> Result<(), DiskError> {
    std::fs::rename(from, to).map_err(|error| DiskError::from_io(from, error))?;
    let (old, new) = (from.parent(), to.parent());
    if let Some(directory) = new {
        sync_directory(directory)?;
    }
    match old {
        Some(directory) if old != new => sync_directory(directory),
        _ => Ok(()),
    }
}

/// Gives a file a second name; the name must be free.
///
/// # Errors
/// The system's, sorted.
pub fn hard_link(from: &Path, to: &Path) -> Result<(), DiskError> {
    std::fs::hard_link(from, to).map_err(|error| DiskError::from_io(to, error))
}

/// Removes a name; a name that is gone already is no error.
///
/// # Errors
/// The system's, sorted.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DiskError::from_io(path, error))
        }
        _ => Ok(()),
    }
}

/// What a name stands for; symbolic links are not followed.
///
/// # Errors
/// The system's, sorted.
pub fn facts(path: &Path) -> Result<FileFacts, DiskError> {
    std::fs::symlink_metadata(path)
        .map(FileFacts::from)
        .map_err(|error| DiskError::from_io(path, error))
}

/// What an open file is.
///
/// # Errors
/// The system's, sorted.
pub fn file_facts(path: &Path, file: &File) -> Result<FileFacts, DiskError> {
    file.metadata().map(FileFacts::from).map_err(|error| DiskError::from_io(path, error))
}

/// Whether this is a directory (through symbolic links, which queue paths may be).
#[must_use]
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Makes a directory the one that relative paths begin at; whether that was possible.
#[must_use]
pub fn work_in(path: &Path) -> bool {
    nix::unistd::chdir(path).is_ok()
}

/// The names in a directory, one by one; memory does not grow with the directory.
///
/// # Errors
/// The system's, sorted; an entry that cannot be read ends the iteration.
pub fn names(path: &Path) -> Result<impl Iterator<Item = OsString> + use<>, DiskError> {
    let entries = std::fs::read_dir(path).map_err(|error| DiskError::from_io(path, error))?;
    Ok(entries.map_while(Result::ok).map(|entry| entry.file_name()))
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// [`DiskError::Other`] when it is longer.
pub fn read_bounded(path: &Path, file: &File, limit: u64) -> Result<Vec<u8>, DiskError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let count = file
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| DiskError::from_io(path, error))?;
    if count as u64 > limit {
        let source = io::Error::new(io::ErrorKind::FileTooLarge, "file too large");
        return Err(DiskError::Other { path: path.to_owned(), source });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_what_can_be_done() {
        let sort = |errno: Errno| DiskError::from_io(Path::new("/q/df"), errno.into());
        assert!(matches!(sort(Errno::ENOSPC), DiskError::Full { .. }));
        assert!(matches!(sort(Errno::EDQUOT), DiskError::Full { .. }));
        assert!(matches!(sort(Errno::EROFS), DiskError::Denied { .. }));
        assert!(matches!(sort(Errno::EWOULDBLOCK), DiskError::Locked { .. }));
        assert!(matches!(sort(Errno::EIO), DiskError::Other { .. }));
    }

    #[test]
    fn a_lock_is_exclusive_and_ends_with_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("qf");
        let held = lock(&path, create_new(&path, 0o600).unwrap()).unwrap();
        assert!(is_locked(&path));
        let second = open_writable(&path).and_then(|file| lock(&path, file));
        assert!(matches!(second, Err(DiskError::Locked { .. })));
        drop(held);
        assert!(!is_locked(&path));
    }

    #[test]
    fn creation_is_exclusive_and_follows_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("df");
        std::os::unix::fs::symlink("/nonexistent", &path).unwrap();
        assert!(matches!(create_new(&path, 0o600), Err(DiskError::Exists { .. })));
        assert!(open_readable(&path).is_err());
    }

    #[test]
    fn reading_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("qf");
        std::fs::write(&path, b"12345").unwrap();
        let read = |limit| read_bounded(&path, &open_readable(&path).unwrap(), limit);
        assert_eq!(read(5).unwrap(), b"12345");
        assert!(read(4).is_err());
    }
}
