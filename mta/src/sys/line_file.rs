//! A file that lines are appended to, from several threads and processes.
//!
//! DIAGNOSTICS: none once it is open, as for the system log: what cannot be written must not stop mail.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::{O_CLOEXEC, O_NOFOLLOW};

/// The file, open for appending.
#[derive(Debug)]
pub struct LineFile {
    file: File,
}

impl LineFile {
    /// The end of the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn append(path: &[u8]) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW | O_CLOEXEC)
            .open(OsStr::from_bytes(path))?;
        Ok(Self { file })
    }

    /// Standard error as it is now, also when it is exchanged later.
    ///
    /// # Errors
    /// Too many open files.
    pub fn standard_error() -> io::Result<Self> {
        Ok(Self { file: File::from(std::io::stderr().as_fd().try_clone_to_owned()?) })
    }

    /// Appends a line in one piece, so that lines of several processes do not mix.
    pub fn write(&self, line: &[u8]) {
        let _ = (&self.file).write_all(&[line, b"\n"].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        for line in ["one", "two"] {
            LineFile::append(path.as_os_str().as_bytes()).unwrap().write(line.as_bytes());
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    }
}
