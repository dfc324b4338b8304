//! Addresses from a file, one a line, in batches.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};

use crate::sys::{errors, terminal};

/// A file of addresses; `-` is standard input.
pub(super) struct Addresses {
    reader: Box<dyn BufRead + Send>,
    /// Bytes of the file, if it is one.
    pub(super) size: Option<u64>,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub(super) struct NoAddresses {
    path: String,
    reason: String,
}

/// Longest line that is an address; what is longer is cut there.
const LONGEST: u64 = 64 << 10;

/// The addresses of some lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In order.
    pub(super) addresses: Vec<Vec<u8>>,
    /// Bytes of the file that they take.
    pub(super) bytes: u64,
}

impl Addresses {
    /// Opens the file.
    pub(super) fn open(path: &OsStr) -> Result<Self, NoAddresses> {
        let wrong = |error: io::Error| NoAddresses {
            path: path.to_string_lossy().into_owned(),
            reason: errors::describe(&error),
        };
        if path == "-" {
            let input = terminal::input().map_err(wrong)?;
            return Ok(Self { reader: Box::new(BufReader::new(input)), size: None });
        }
        let file = std::fs::File::open(path).map_err(wrong)?;
        let facts = file.metadata().map_err(wrong)?;
        if facts.is_dir() {
            return Err(wrong(io::ErrorKind::IsADirectory.into()));
        }
        let size = facts.is_file().then_some(facts.len());
        Ok(Self { reader: Box::new(BufReader::with_capacity(1 << 18, file)), size })
    }

    /// Batches of at most `size` addresses. An empty line, and one that begins with `# `, is none.
    pub(super) fn batches(mut self, size: usize) -> impl Iterator<Item = Batch> + Send {
        std::iter::from_fn(move || {
            let mut batch = Batch::default();
            while batch.addresses.len() < size {
                let mut line = Vec::new();
                let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
                let Ok(length @ 1..) = read else { break };
                batch.bytes += length as u64;
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.trim_ascii().is_empty() && !line.starts_with(b"# ") {
                    batch.addresses.push(line.to_vec());
                }
            }
            (batch.bytes > 0).then_some(batch)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_addresses() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a@b\r\n\n# note\n#odd\n c \nlast").unwrap();
        let addresses = Addresses::open(file.path().as_os_str()).unwrap();
        assert_eq!(addresses.size, Some(26));
        let batches: Vec<Batch> = addresses.batches(3).collect();
        let texts: Vec<&[u8]> =
            batches.iter().flat_map(|batch| &batch.addresses).map(Vec::as_slice).collect();
        assert_eq!(texts, [&b"a@b"[..], b"#odd", b" c ", b"last"]);
        assert_eq!(batches.iter().map(|batch| batch.bytes).sum::<u64>(), 26);
        assert!(Addresses::open(OsStr::new("/nonexistent")).is_err());
    }
}
