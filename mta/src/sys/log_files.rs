//! Log files: plain or compressed with gzip, or standard input, read line by line.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// What is read at once.
const BUFFER: usize = 1 << 16;
/// With this a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A log that is open.
pub struct LogFile {
    reader: Box<dyn BufRead + Send>,
    /// Its size on the disk, if it has one.
    size: Option<u64>,
}

impl LogFile {
    /// The file at `path`, or standard input for `-`. Bytes that are read of it are added to `read`, as they stand on the
    /// disk.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &[u8], read: Arc<AtomicU64>) -> io::Result<Self> {
        let (file, size): (Box<dyn Read + Send>, _) = if path == b"-" {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(OsStr::from_bytes(path))?;
            let facts = file.metadata()?;
            if facts.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Box::new(file), facts.is_file().then_some(facts.len()))
        };
        let mut plain = BufReader::with_capacity(BUFFER, Counted { inner: file, read });
        let compressed = plain.fill_buf()?.starts_with(&GZIP);
        let reader: Box<dyn BufRead + Send> = match compressed {
            true => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain))),
            false => Box::new(plain),
        };
        Ok(Self { reader, size })
    }

    /// Its size on the disk; none for what is no plain file.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// What comes next, as much as is there without taking it.
    ///
    /// # Errors
    /// The system's error, or that it is no sound gzip file.
    pub fn beginning(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// The next line without its end, in place of what is in `line`; of longer ones the first `limit` bytes. `false` at
    /// the end.
    ///
    /// # Errors
    /// The system's error, or that it is no sound gzip file.
    pub fn line(&mut self, line: &mut Vec<u8>, limit: usize) -> io::Result<bool> {
        line.clear();
        let mut any = false;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let room = limit.saturating_sub(line.len());
            line.extend_from_slice(part.get(..room).unwrap_or(part));
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn lines(content: &[u8], limit: usize) -> io::Result<Vec<String>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let read = Arc::new(AtomicU64::new(0));
        let mut log = LogFile::open(file.path().as_os_str().as_bytes(), read.clone())?;
        let (mut line, mut found) = (Vec::new(), Vec::new());
        while log.line(&mut line, limit)? {
            found.push(String::from_utf8_lossy(&line).into_owned());
        }
        assert_eq!((read.load(Ordering::Relaxed), log.size()), (content.len() as u64, log.size()));
        Ok(found)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_compressed_lines() {
        let text = b"one\n\ntwo\nlast";
        assert_eq!(lines(text, 99).unwrap(), ["one", "", "two", "last"]);
        // as logrotate makes them when it appends
        let members = [gzip(b"one\n\ntw"), gzip(b"o\nlast")].concat();
        assert_eq!(lines(&members, 99).unwrap(), ["one", "", "two", "last"]);
        assert_eq!(lines(b"", 99).unwrap(), [""; 0]);
        assert_eq!(lines(b"longer\nx\n", 4).unwrap(), ["long", "x"]);
    }

    #[test]
    fn broken_files_are_errors() {
        let mut broken = gzip(&[b'x'; 1000]);
        broken.truncate(15);
        assert!(lines(&broken, 99).is_err());
        assert!(LogFile::open(b"/nowhere/log", Arc::default()).is_err());
        assert!(LogFile::open(b"/", Arc::default()).is_err());
    }
}
