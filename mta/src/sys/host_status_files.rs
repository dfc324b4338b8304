//! The files of `HostStatusDirectory`: one for each host, in directories by the labels of its name (QU-078..QU-081).

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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

/// Writes the file at a place, making directories below `directory`. A file that another process holds is left alone.
///
/// # Errors
/// The file or a directory cannot be made.
pub fn write(directory: &Path, place: &[Vec<u8>], text: &[u8]) -> io::Result<()> {
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
    let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => file,
        Err((_, Errno::EWOULDBLOCK)) => return Ok(()),
        Err((_, error)) => return Err(error.into()),
    };
    file.set_len(0)?;
    file.write_all(text)
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
        drop(held);
        purge(root, Duration::from_secs(60));
        assert!(root.join("com./a").is_file());
        purge(root, Duration::ZERO);
        assert!(!root.join("b").exists() && !root.join("com./a").exists());
        assert!(root.join("com.").is_dir());
    }
}
