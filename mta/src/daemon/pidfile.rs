//! The pid file: line 1 the process id, line 2 the command line (CMD-129).

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A pid file that is removed with this value, if it is still ours.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    content: Vec<u8>,
}

impl PidFile {
    /// Writes the file, in place of one left by a process before. A symbolic link is not followed.
    ///
    /// # Errors
    /// The system's error.
    pub fn write(path: &Path, pid: u32, argv: &[Vec<u8>]) -> io::Result<Self> {
        let mut content = format!("{pid}\n").into_bytes();
        content.extend(argv.join(&b' '));
        content.push(b'\n');
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
        file.write_all(&content)?;
        Ok(Self { path: path.to_owned(), content })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if fs::read(&self.path).is_ok_and(|now| now == self.content) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_and_gone_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        fs::write(&path, "999\nold\n").unwrap();
        let argv = ["/usr/sbin/sendmail", "-bd", "-q1h"].map(|word| word.as_bytes().to_vec());
        let file = PidFile::write(&path, 42, &argv).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"42\n/usr/sbin/sendmail -bd -q1h\n"); // CMD-129
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn the_file_of_another_process_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let first = PidFile::write(&path, 42, &[]).unwrap();
        let second = PidFile::write(&path, 43, &[]).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }
}
