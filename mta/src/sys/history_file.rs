//! The lines entered in earlier dialogues: a file only its owner can read, in a directory only its
//! owner can write.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

use super::users;

/// Lines kept from one dialogue to the next.
pub const KEPT_LINES: usize = 1000;

/// A larger file is cut to [`KEPT_LINES`] lines.
const LARGE: u64 = 128 * 1024;

/// An open history.
#[derive(Debug)]
pub struct HistoryFile {
    file: File,
}

impl HistoryFile {
    /// Opens `directory/name`, making both where they are missing. `None` where that is not safe,
    /// above all in the home directory of somebody else (as after `sudo`): then there is no file.
    #[must_use]
    pub fn open(directory: &Path, name: &str) -> Option<Self> {
        let existing = directory.ancestors().find_map(|path| std::fs::metadata(path).ok())?;
        if !directory.is_absolute() || !is_own(&existing) {
            return None;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(directory).ok()?;
        let made = std::fs::symlink_metadata(directory).ok()?;
        if !made.is_dir() || !is_own(&made) || made.mode() & 0o022 != 0 {
            return None;
        }
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags.bits())
            .open(directory.join(name))
            .ok()?;
        let facts = file.metadata().ok()?;
        (facts.is_file() && facts.nlink() == 1 && is_own(&facts)).then_some(Self { file })
    }

    /// The last lines, oldest first.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn lines(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let size = self.file.metadata()?.len();
        self.file.seek(io::SeekFrom::Start(size.saturating_sub(LARGE)))?;
        let mut bytes = Vec::new();
        (&self.file).take(LARGE).read_to_end(&mut bytes)?;
        let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(KEPT_LINES)..];
        if size > LARGE {
            self.file.set_len(0)?;
            self.file.write_all(&[&last.join(&b'\n')[..], b"\n"].concat())?;
        }
        Ok(last.iter().map(|line| line.to_vec()).collect())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(&[line, b"\n"].concat())
    }
}

fn is_own(facts: &Metadata) -> bool {
    facts.uid() == users::effective_uid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn lines_come_back_and_only_the_owner_can_read_them() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".local/state/bangpath");
        let mut history = HistoryFile::open(&directory, "bt").unwrap();
        history.append(b"3,0 a").unwrap();
        history.append(b"=S\xff").unwrap();
        let mut again = HistoryFile::open(&directory, "bt").unwrap();
        assert_eq!(again.lines().unwrap(), [&b"3,0 a"[..], b"=S\xff"]);
        assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(directory.join("bt").metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_large_history_keeps_its_end() {
        let home = tempfile::tempdir().unwrap();
        let mut history = HistoryFile::open(home.path(), "bt").unwrap();
        let line = [b'x'; 99];
        (0..2000).for_each(|_| history.append(&line).unwrap());
        history.append(b"last").unwrap();
        let lines = history.lines().unwrap();
        assert_eq!((lines.len(), lines.last().unwrap().as_slice()), (KEPT_LINES, &b"last"[..]));
        assert_eq!(history.lines().unwrap(), lines);
        assert!(home.path().join("bt").metadata().unwrap().len() <= LARGE);
    }

    #[test]
    fn unsafe_places_have_no_history() {
        let home = tempfile::tempdir().unwrap();
        let open = || HistoryFile::open(home.path(), "bt").is_some();
        mode(home.path(), 0o777);
        assert!(!open(), "others may write in the directory");
        mode(home.path(), 0o700);
        std::os::unix::fs::symlink("/etc/passwd", home.path().join("bt")).unwrap();
        assert!(!open(), "a symbolic link");
        std::fs::remove_file(home.path().join("bt")).unwrap();
        std::fs::write(home.path().join("other"), "").unwrap();
        std::fs::hard_link(home.path().join("other"), home.path().join("bt")).unwrap();
        assert!(!open(), "a file with two names");
        assert!(HistoryFile::open(Path::new("relative"), "bt").is_none());
        if users::effective_uid() == 0 {
            std::os::unix::fs::chown(home.path(), Some(65534), None).unwrap();
            assert!(HistoryFile::open(&home.path().join("new"), "bt").is_none(), "another's home");
            assert!(!home.path().join("new").exists());
        }
    }
}
