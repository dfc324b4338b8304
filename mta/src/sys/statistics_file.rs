//! The statistics file: added to under a lock, never made (LG-047, LG-051).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_CLOEXEC, O_NOFOLLOW};

use super::clock;
use crate::events::statistics::{FILE_SIZE, Statistics};

/// Adds counts to the file at `path`. Where there is no file nobody wants any.
///
/// # Errors
/// It cannot be opened, locked or written, or is something else.
pub fn add(path: &Path, counts: &Statistics) -> io::Result<()> {
    let opened =
        OpenOptions::new().read(true).write(true).custom_flags(O_NOFOLLOW | O_CLOEXEC).open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
    let mut statistics = decode(&mut file, path)?;
    statistics.add(counts);
    file.rewind()?;
    file.write_all(&statistics.encode())
}

/// Reads the file at `path`.
///
/// # Errors
/// It cannot be read.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_SIZE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(file: &mut File, path: &Path) -> io::Result<Statistics> {
    let mut bytes = Vec::new();
    file.take(FILE_SIZE as u64).read_to_end(&mut bytes)?;
    let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    Statistics::decode(&bytes, &path.display().to_string(), now).map_err(io::Error::other)
}

/// Takes all counts away.
///
/// # Errors
/// It cannot be written.
pub fn clear(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).truncate(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_in_a_file_that_is_there() {
        // LG-047
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("statistics");
        let mut counts = Statistics::default();
        counts.received(3, 1);
        add(&path, &counts).unwrap();
        assert!(!path.exists());
        std::fs::write(&path, b"").unwrap();
        add(&path, &counts).unwrap();
        add(&path, &counts).unwrap();
        let read = Statistics::decode(&bytes(&path).unwrap(), "", 0).unwrap();
        assert_eq!(read.mailers[3].from, 2);
        assert!(read.since > 1_700_000_000);
        clear(&path).unwrap();
        assert_eq!(bytes(&path).unwrap(), b"");
        std::fs::write(&path, b"something else").unwrap();
        assert!(add(&path, &counts).is_err());
        assert_eq!(bytes(&path).unwrap(), b"something else");
    }
}
