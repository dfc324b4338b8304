//! The files of `HostStatusDirectory`: one for each host, in directories by the labels of its name (QU-078..QU-081).

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK};

/// Longest file that is read.
const MAX_FILE: u64 = 16 * 1024;
/// Deepest directory that is looked into.
const MAX_DEPTH: usize = 128;

fn path(directory: &Path, place: &[Vec<u8>]) -> PathBuf {
    let mut path = directory.to_owned();
    path.extend(place.iter().map(|part| OsStr::from_bytes(part)));
    path
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK).open(path)
}

fn content(file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads the file at a place.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn read(directory: &Path, place: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    content(open(&path(directory, place))?)
}

/// Whether `directory` can hold the files: one that others may write to cannot (observed).
///
/// # Errors
/// What is wrong with it.
pub fn usable(directory: &Path) -> io::Result<()> {
    let found = fs::metadata(directory)?;
    match () {
        () if !found.is_dir() => Err(Errno::ENOTDIR.into()),
        () if found.permissions().mode() & 0o022 != 0 => Err(Errno::EACCES.into()),
        () => Ok(()),
    }
}

/// A host's file, locked; others find it locked until this is dropped.
#[derive(Debug)]
pub struct HeldFile(Flock<File>);

impl HeldFile {
    /// Replaces what is in it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut file: &File = &self.0;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text)
    }
}

/// Locks the file at a place, making it and directories below `directory`; `None` if somebody else holds it.
///
/// # Errors
/// The file or a directory cannot be made.
pub fn hold(directory: &Path, place: &[Vec<u8>]) -> io::Result<Option<HeldFile>> {
    let path = path(directory, place);
    if let Some(parent) = path.parent()
        && parent != directory
    {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(&path)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Ok(Some(HeldFile(file))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(error.into()),
    }
}

/// Writes the file at a place, as [`hold`] makes it. A file that somebody else holds is left alone.
///
/// # Errors
/// The file or a directory cannot be made.
pub fn write(directory: &Path, place: &[Vec<u8>], text: &[u8]) -> io::Result<()> {
    hold(directory, place)?.map_or(Ok(()), |file| file.write(text))
}

/// A file that was found.
#[derive(Debug)]
pub struct Found {
    /// Where it is below the directory.
    pub place: Vec<Vec<u8>>,
    /// Its whole path.
    pub path: PathBuf,
    /// What is in it.
    pub text: Vec<u8>,
    /// Another process holds it.
    pub locked: bool,
}

/// Tells of every file below `directory`, in the order of the system's lists.
pub fn for_each(directory: &Path, found: &mut dyn FnMut(Found)) {
    walk(directory, &mut Vec::new(), &mut |place, path| {
        let Ok(file) = open(path) else { return };
        let (file, locked) = match Flock::lock(file, FlockArg::LockSharedNonblock) {
            Ok(file) => (file.unlock().map_err(|(_, error)| error), false),
            Err((file, _)) => (Ok(file), true),
        };
        if let Ok(file) = file
            && let Ok(text) = content(file)
        {
            found(Found { place: place.to_vec(), path: path.to_owned(), text, locked });
        }
    });
}

/// Removes the files that have not been changed for `age`. Directories stay (observed).
pub fn purge(directory: &Path, age: Duration) {
    let now = SystemTime::now();
    walk(directory, &mut Vec::new(), &mut |_, path| {
        let changed = fs::symlink_metadata(path).and_then(|found| found.modified());
        if changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|old| old >= age)) {
            let _ = fs::remove_file(path);
        }
    });
}

fn walk(directory: &Path, place: &mut Vec<Vec<u8>>, visit: &mut dyn FnMut(&[Vec<u8>], &Path)) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        place.push(entry.file_name().as_bytes().to_vec());
        if kind.is_dir() && place.len() < MAX_DEPTH {
            walk(&entry.path(), place, visit);
        } else if kind.is_file() {
            visit(place, &entry.path());
        }
        place.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_others_write_to_are_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let set = |mode| fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode));
        let kind = |path: &Path| usable(path).map_err(|error| error.kind());
        for (mode, expected) in [(0o755, Ok(())), (0o1777, Err(io::ErrorKind::PermissionDenied))] {
            set(mode).unwrap();
            assert_eq!(kind(directory.path()), expected, "{mode:o}");
        }
        fs::write(directory.path().join("file"), "").unwrap();
        assert_eq!(kind(&directory.path().join("file")), Err(io::ErrorKind::NotADirectory));
        assert_eq!(kind(&directory.path().join("none")), Err(io::ErrorKind::NotFound));
    }

    fn place(parts: &[&str]) -> Vec<Vec<u8>> {
        parts.iter().map(|part| part.as_bytes().to_vec()).collect()
    }

    #[test]
    fn files_are_written_found_and_purged() {
        // QU-078, QU-080, QU-081
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, &place(&["com.", "a"]), b"a longer text").unwrap();
        write(root, &place(&["com.", "a"]), b"text").unwrap();
        write(root, &place(&["b"]), b"").unwrap();
        let held = File::open(root.join("b")).unwrap();
        let held = Flock::lock(held, FlockArg::LockExclusiveNonblock).unwrap();
        write(root, &place(&["b"]), b"not now").unwrap();
        let mut all = Vec::new();
        for_each(root, &mut |one| {
            all.push((one.place.join(&b'/'), one.text, one.locked));
        });
        all.sort();
        let expected =
            [(b"b".to_vec(), Vec::new(), true), (b"com./a".to_vec(), b"text".to_vec(), false)];
        assert_eq!(all, expected);
        assert!(hold(root, &place(&["b"])).unwrap().is_none());
        drop(held);
        let own = hold(root, &place(&["b"])).unwrap().unwrap();
        own.write(b"a longer text").unwrap();
        own.write(b"short").unwrap();
        assert_eq!(read(root, &place(&["b"])).unwrap(), b"short");
        drop(own);
        purge(root, Duration::from_secs(60));
        assert!(root.join("com./a").is_file());
        purge(root, Duration::ZERO);
        assert!(!root.join("b").exists() && !root.join("com./a").exists());
        assert!(root.join("com.").is_dir());
    }
}
