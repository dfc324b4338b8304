//! Opens a file for appending mail on behalf of a user, and appends to it safely.
//!
//! The process may be root and may have threads, so it cannot become the user. Instead the path is
//! walked directory by directory on open descriptors, the user's right to search, create and write is
//! checked on what was opened (never on a name that could be exchanged meanwhile), and a new file is
//! given to the user before anything is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, Flock, FlockArg, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat};
use nix::unistd::{Gid, Uid, fchown, ftruncate};

/// Whose rights count, and what is forgiven.
#[derive(Clone, Debug)]
pub struct Access {
    /// The user; its rights are checked only by a process that is root.
    pub uid: u32,
    /// All groups of the user, the first being that of new files.
    pub groups: Vec<u32>,
    /// Mode of a new file.
    pub mode: u32,
    /// Whether a file with several names is accepted.
    pub hard_links: bool,
    /// Whether the last component may be a symbolic link.
    pub symlinks: bool,
    /// The directory nothing may lead out of; no symbolic links at all below it.
    pub root: Option<Vec<u8>>,
    /// Whether this process is root: the kernel then does not check for us.
    pub privileged: bool,
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// It is no regular file, or has execute bits, several names, or is a symbolic link.
    #[error("{0}")]
    Unsafe(&'static str),
    /// It cannot be opened or created.
    #[error("cannot open: {0}")]
    Open(io::Error),
    /// Another process kept it locked.
    #[error("cannot lock")]
    Locked,
    /// Writing failed; what had been written was taken back.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

impl From<Errno> for MailboxError {
    fn from(error: Errno) -> Self {
        Self::Open(error.into())
    }
}

/// How long another writer is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(60);
const LOCK_STEP: Duration = Duration::from_millis(100);

/// An opened and locked mailbox file.
#[derive(Debug)]
pub struct MailboxFile {
    file: Flock<File>,
    directory: OwnedFd,
    created: bool,
}

impl MailboxFile {
    /// The file's status; `mode` tells set-user-ID bits.
    ///
    /// # Errors
    /// See [`MailboxError`].
    pub fn open(path: &[u8], access: &Access) -> Result<Self, MailboxError> {
        let (directory, name) = walk(path, access)?;
        let (file, created) = open_last(&directory, &name, access)?;
        check(&fstat(&file)?, created, access)?;
        let file = lock(File::from(file))?;
        Ok(Self { file, directory, created })
    }

    /// Appends what `write` writes. On an error the file gets its former length back (AD-044). The
    /// mail is on stable storage when this returns.
    ///
    /// # Errors
    /// [`MailboxError::Write`].
    pub fn append(
        mut self,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), MailboxError> {
        let before = self.file.seek(SeekFrom::End(0)).map_err(MailboxError::Write)?;
        let mode = fstat(&*self.file)?.st_mode & 0o7777;
        let written = self.write_all(write);
        if let Err(error) = written {
            let length = i64::try_from(before).unwrap_or(i64::MAX);
            let _ = ftruncate(&*self.file, length);
            return Err(MailboxError::Write(error));
        }
        // The system takes away set-user-ID bits when a file is written, but they say whose it is.
        if mode & 0o6000 != 0 {
            let _ = fchmod(&*self.file, Mode::from_bits_truncate(mode));
        }
        Ok(())
    }

    fn write_all(
        &mut self,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        {
            let mut out = io::BufWriter::new(&*self.file);
            write(&mut out)?;
            out.flush()?;
        }
        self.file.sync_data()?;
        if self.created {
            nix::unistd::fsync(&self.directory)?;
        }
        Ok(())
    }
}

/// What lies at a path, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its owner.
    pub uid: u32,
    /// How many names it has.
    pub links: u64,
    /// A regular file.
    pub regular: bool,
}

/// Looks at `path`; `None` if nothing is there.
///
/// # Errors
/// It cannot be looked at.
pub fn found(path: &[u8]) -> io::Result<Option<Found>> {
    use std::os::unix::fs::MetadataExt;
    match std::fs::symlink_metadata(std::ffi::OsStr::from_bytes(path)) {
        Ok(found) => {
            Ok(Some(Found { uid: found.uid(), links: found.nlink(), regular: found.is_file() }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes an empty mailbox with the rights of this process, as in a spool directory that users cannot write, and gives
/// it to the user. What is there stays as it is.
///
/// # Errors
/// [`MailboxError::Open`].
pub fn create(path: &[u8], access: &Access) -> Result<(), MailboxError> {
    let (directory, name) = walk(path, &Access { privileged: false, ..access.clone() })?;
    let name = Path::new(std::ffi::OsStr::from_bytes(&name));
    match make(&directory, name, OFlag::O_WRONLY | OFlag::O_CLOEXEC, access) {
        Ok(_) | Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The owner, group and mode of the file a path leads to, without opening it; used for the
/// set-user-ID rule (AD-041). Absent if there is none.
#[must_use]
pub fn owner_bits(path: &[u8], access: &Access) -> Option<(u32, u32, u32)> {
    let unchecked = Access { privileged: false, ..access.clone() };
    let (directory, name) = walk(path, &unchecked).ok()?;
    let name = Path::new(std::ffi::OsStr::from_bytes(&name));
    let found = fstatat(directory.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
    Some((found.st_uid, found.st_gid, found.st_mode & 0o7777))
}

/// The directory a path ends in, opened, and the last component.
fn walk(path: &[u8], access: &Access) -> Result<(OwnedFd, Vec<u8>), MailboxError> {
    let start: &[u8] = access.root.as_deref().unwrap_or(b"/");
    let mut components: Vec<&[u8]> =
        path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let Some(last) = components.pop() else { return Err(Errno::EISDIR.into()) };
    if access.root.is_some() && (last == b".." || components.iter().any(|part| *part == b"..")) {
        return Err(MailboxError::Unsafe("leads out of the safe directory"));
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let inner = if access.root.is_some() { flags | OFlag::O_NOFOLLOW } else { flags };
    let here =
        nix::fcntl::open(Path::new(std::ffi::OsStr::from_bytes(start)), flags, Mode::empty())?;
    let mut directory = here;
    for component in components {
        may(&directory, access, 0o1)?;
        let name = Path::new(std::ffi::OsStr::from_bytes(component));
        directory = openat(directory.as_fd(), name, inner, Mode::empty())?;
    }
    may(&directory, access, 0o1)?;
    Ok((directory, last.to_vec()))
}

/// Opens the file, or creates it and gives it to the user; tells whether it is new.
fn open_last(
    directory: &OwnedFd,
    name: &[u8],
    access: &Access,
) -> Result<(OwnedFd, bool), MailboxError> {
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    let mut flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    if !access.symlinks || access.root.is_some() {
        flags |= OFlag::O_NOFOLLOW;
    }
    for _ in 0..4 {
        match openat(directory.as_fd(), name, flags, Mode::empty()) {
            Ok(file) => return Ok((file, false)),
            Err(Errno::ELOOP) => return Err(MailboxError::Unsafe("Symbolic links not allowed")),
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
        may(directory, access, 0o3)?;
        match make(directory, name, flags, access) {
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
            Ok(file) => return Ok((file, true)),
        }
    }
    Err(Errno::ENOENT.into())
}

/// Creates a file that is not there and gives it to the user.
fn make(directory: &OwnedFd, name: &Path, flags: OFlag, access: &Access) -> Result<OwnedFd, Errno> {
    let create = flags | OFlag::O_CREAT | OFlag::O_EXCL;
    let file = openat(directory.as_fd(), name, create, Mode::from_bits_truncate(0o600))?;
    if access.privileged {
        let group = access.groups.first().map(|&gid| Gid::from_raw(gid));
        fchown(&file, Some(Uid::from_raw(access.uid)), group)?;
    }
    fchmod(&file, Mode::from_bits_truncate(access.mode & 0o777))?;
    Ok(file)
}

/// The demands on an existing file (AD-040).
fn check(found: &FileStat, created: bool, access: &Access) -> Result<(), MailboxError> {
    if found.st_mode & nix::libc::S_IFMT != nix::libc::S_IFREG {
        return Err(MailboxError::Unsafe("Regular files only"));
    }
    if created {
        return Ok(());
    }
    if found.st_mode & 0o111 != 0 {
        return Err(MailboxError::Unsafe("executable file"));
    }
    if found.st_nlink != 1 && !access.hard_links {
        return Err(MailboxError::Unsafe("hard links not allowed"));
    }
    permitted(found, access, 0o2)
}

/// Whether the user may do `wanted` (bits 4, 2, 1) with an open directory.
fn may(directory: &OwnedFd, access: &Access, wanted: u32) -> Result<(), MailboxError> {
    permitted(&fstat(directory)?, access, wanted)
}

fn permitted(found: &FileStat, access: &Access, wanted: u32) -> Result<(), MailboxError> {
    if !access.privileged || access.uid == 0 {
        return Ok(());
    }
    let shift = match () {
        () if found.st_uid == access.uid => 6,
        () if access.groups.contains(&found.st_gid) => 3,
        () => 0,
    };
    if (found.st_mode >> shift) & wanted == wanted { Ok(()) } else { Err(Errno::EACCES.into()) }
}

/// Locks exclusively, waiting a while for other writers.
fn lock(mut file: File) -> Result<Flock<File>, MailboxError> {
    let end = Instant::now() + LOCK_WAIT;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => return Ok(locked),
            Err((back, Errno::EWOULDBLOCK | Errno::EINTR)) if Instant::now() < end => {
                file = back;
                std::thread::sleep(LOCK_STEP);
            }
            Err((_, Errno::EWOULDBLOCK)) => return Err(MailboxError::Locked),
            Err((_, error)) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
