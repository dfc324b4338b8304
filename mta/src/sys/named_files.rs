//! Files that a configuration names, looked at and replaced by tools.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What is known of a file, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// It is a regular file.
    pub is_file: bool,
    /// It is a directory.
    pub is_directory: bool,
    /// Its mode, `07777`.
    pub mode: u32,
    /// When it was changed last: seconds since 1970, nanoseconds.
    pub modified: (i64, i64),
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// What is known of a file.
///
/// # Errors
/// As the system gives them.
pub fn status(path: &[u8]) -> io::Result<FileStatus> {
    let facts = fs::metadata(path_of(path))?;
    Ok(FileStatus {
        is_file: facts.is_file(),
        is_directory: facts.is_dir(),
        mode: facts.mode() & 0o7777,
        modified: (facts.mtime(), facts.mtime_nsec()),
    })
}

/// Puts other contents into a file, all or nothing; its mode stays. A symbolic link stays one.
///
/// # Errors
/// As the system gives them: then the file is as it was.
pub fn replace(path: &[u8], contents: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path_of(path))?;
    let mut beside = path.clone().into_os_string();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        io::Write::write_all(&mut file, contents)?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // nobody else has a use for it
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn contents_are_exchanged_and_the_mode_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.cf");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(path.as_os_str().as_bytes(), b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(status(path.as_os_str().as_bytes()).unwrap().mode, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(replace(b"/nonexistent/x", b"").is_err());
    }
}
