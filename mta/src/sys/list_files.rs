//! Reads `.forward` and `:include:` files, and tells who else could have written them.
//!
//! The process may be root and the file may lie in a directory of a user who is not trusted. The path
//! is therefore walked on open descriptors, link by link, and rights are checked on what was opened:
//! nothing that is exchanged meanwhile makes root read what the user could not.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat};

/// Largest list read, in bytes.
pub const MAX_LIST: u64 = 16 << 20;
/// How a directory is opened that need not be readable, only searchable.
#[cfg(target_os = "linux")]
const ENTER: OFlag = OFlag::O_PATH;
#[cfg(not(target_os = "linux"))]
const ENTER: OFlag = OFlag::O_RDONLY;
/// Symbolic links followed on one path.
const MAX_LINKS: usize = 16;

/// What the checks need of a directory on the way to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Permission bits, set-id and sticky bits included.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
}

/// What the checks need of the file and the directories on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFacts {
    /// Permission bits of the file.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Whether it is a regular file.
    pub regular: bool,
    /// All directories entered, from the root on; those behind symbolic links too.
    pub directories: Vec<Place>,
}

/// The user whose rights count when this process is root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// User id.
    pub uid: u32,
    /// All groups.
    pub groups: Vec<u32>,
}

impl Reader {
    /// Whether permission bits give this user `want`, one of 4 (read) and 1 (search).
    #[must_use]
    pub fn may(&self, mode: u32, uid: u32, gid: u32, want: u32) -> bool {
        let shift = if uid == self.uid {
            6
        } else if self.groups.contains(&gid) {
            3
        } else {
            0
        };
        self.uid == 0 || (mode >> shift) & want == want
    }
}

/// An open list, not yet read.
#[derive(Debug)]
pub struct ListFile {
    /// Facts for the checks.
    pub facts: ListFacts,
    file: File,
}

impl ListFile {
    /// Opens the file at an absolute path without waiting for a writer of a pipe. `reader` is checked
    /// on every directory and the file; `None` leaves that to the kernel.
    ///
    /// # Errors
    /// The system's; a relative path and what `reader` may not read is `EACCES`.
    pub fn open(path: &[u8], reader: Option<&Reader>) -> io::Result<Self> {
        let mut directories = Vec::new();
        let file = walk(path, reader, &mut directories)?;
        let found = fstat(&file)?;
        let kind = found.st_mode & nix::libc::S_IFMT;
        let facts = ListFacts {
            mode: found.st_mode & 0o7777,
            uid: found.st_uid,
            gid: found.st_gid,
            regular: kind == nix::libc::S_IFREG,
            directories,
        };
        Ok(Self { facts, file: File::from(file) })
    }

    /// Whether this user may read the file.
    #[must_use]
    pub fn readable_by(&self, reader: &Reader) -> bool {
        reader.may(self.facts.mode, self.facts.uid, self.facts.gid, 4)
    }

    /// The content, at most [`MAX_LIST`] bytes of it.
    ///
    /// # Errors
    /// The system's; a larger file is `EFBIG`.
    pub fn read(self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file.take(MAX_LIST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > MAX_LIST {
            return Err(Errno::EFBIG.into());
        }
        Ok(content)
    }
}

fn walk(path: &[u8], reader: Option<&Reader>, directories: &mut Vec<Place>) -> io::Result<OwnedFd> {
    if path.first() != Some(&b'/') || path.contains(&0) {
        return Err(Errno::EACCES.into());
    }
    let flags = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let enter = flags | OFlag::O_DIRECTORY | ENTER;
    let mut stack = vec![nix::fcntl::open("/", enter, Mode::empty())?];
    note_directory(stack.last(), reader, directories)?;
    let mut rest = components(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == b".." {
            if stack.len() > 1 {
                stack.pop();
            }
            continue;
        }
        let Some(here) = stack.last() else { return Err(Errno::ENOENT.into()) };
        let name = Path::new(OsStr::from_bytes(&name));
        let last = rest.is_empty();
        let read = flags | OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let wanted = if last { read } else { enter };
        match openat(here.as_fd(), name, wanted, Mode::empty()) {
            Ok(opened) if last => return Ok(opened),
            Ok(opened) => {
                note_directory(Some(&opened), reader, directories)?;
                stack.push(opened);
            }
            Err(Errno::ELOOP | Errno::ENOTDIR) if links < MAX_LINKS => {
                links += 1;
                let target = readlinkat(here.as_fd(), name)
                    .map_err(|error| if error == Errno::EINVAL { Errno::ENOTDIR } else { error })?
                    .into_vec();
                if target.first() == Some(&b'/') {
                    stack.truncate(1);
                }
                for part in components(&target).into_iter().rev() {
                    rest.push_front(part);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    // The path ended in a directory.
    stack.pop().ok_or_else(|| Errno::ENOENT.into())
}

fn components(path: &[u8]) -> VecDeque<Vec<u8>> {
    path.split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .map(<[u8]>::to_vec)
        .collect()
}

fn note_directory(
    directory: Option<&OwnedFd>,
    reader: Option<&Reader>,
    directories: &mut Vec<Place>,
) -> io::Result<()> {
    let Some(directory) = directory else { return Ok(()) };
    let found: FileStat = fstat(directory)?;
    let mode = found.st_mode & 0o7777;
    if reader.is_some_and(|reader| !reader.may(mode, found.st_uid, found.st_gid, 1)) {
        return Err(Errno::EACCES.into());
    }
    directories.push(Place { mode, uid: found.st_uid });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn reader(uid: u32) -> Reader {
        Reader { uid, groups: vec![uid] }
    }

    #[test]
    fn rights_are_those_of_the_first_class_that_fits() {
        for (mode, uid, gid, user, expected) in [
            (0o600, 7, 7, 7, true),
            (0o044, 7, 7, 7, false),
            (0o040, 1, 7, 7, true),
            (0o004, 1, 7, 7, false),
            (0o004, 1, 1, 7, true),
            (0o000, 1, 1, 0, true),
        ] {
            assert_eq!(
                reader(user).may(mode, uid, gid, 4),
                expected,
                "{mode:o} {uid} {gid} {user}"
            );
        }
    }

    #[test]
    fn links_are_followed_and_their_directories_noted() {
        // AD-025, AD-032
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/list"), b"bob\n").unwrap();
        std::fs::set_permissions(at("real"), std::fs::Permissions::from_mode(0o751)).unwrap();
        symlink("real/../real", at("dir")).unwrap();
        symlink(at("dir/list"), at("link")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let open = |name: &str| ListFile::open(at(name).as_os_str().as_bytes(), None);
        let found = open("link").unwrap();
        assert!(found.facts.regular);
        assert!(found.facts.directories.iter().any(|place| place.mode == 0o751));
        assert_eq!(found.read().unwrap(), b"bob\n");
        let error = |name: &str| open(name).map(|_| ()).unwrap_err().raw_os_error().unwrap();
        assert_eq!(error("missing"), Errno::ENOENT as i32);
        assert_eq!(error("loop"), Errno::ELOOP as i32);
        assert_eq!(error("link/x"), Errno::ENOTDIR as i32);
        assert!(!open("real").unwrap().facts.regular);
        assert_eq!(
            ListFile::open(b"real/list", None).map(|_| ()).unwrap_err().raw_os_error(),
            Some(Errno::EACCES as i32)
        );
    }

    #[test]
    fn directories_closed_to_the_reader_stop_the_walk() {
        let top = tempfile::tempdir().unwrap();
        std::fs::set_permissions(top.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let list = top.path().join("list");
        std::fs::write(&list, b"bob\n").unwrap();
        let opened = ListFile::open(list.as_os_str().as_bytes(), Some(&reader(65_000)));
        assert_eq!(opened.map(|_| ()).unwrap_err().raw_os_error(), Some(Errno::EACCES as i32));
    }

    #[test]
    fn large_files_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("big");
        File::create(&path).unwrap().set_len(MAX_LIST + 1).unwrap();
        let found = ListFile::open(path.as_os_str().as_bytes(), None).unwrap();
        assert_eq!(found.read().unwrap_err().raw_os_error(), Some(Errno::EFBIG as i32));
    }
}
