//! Opening the files behind maps, with sendmail's safety checks (MAP-025, MAP-026).

use std::borrow::Cow;
use std::ffi::{CStr, OsStr};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::settings::BlameSettings;

const GROUP_WRITE: u32 = 0o020;
const WORLD_WRITE: u32 = 0o002;

/// A path from configuration bytes.
pub(crate) fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// As the system gives them; `FileTooLarge` for a larger file.
pub(crate) fn read_bounded(name: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    read_open(&File::open(path(name))?, limit)
}

/// Reads an open file of at most `limit` bytes.
pub(crate) fn read_open(file: &File, limit: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut text)?;
    if text.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

/// Why a file must not be used.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such file.
    Missing(io::Error),
    /// It or its directory is not safe, or cannot be looked at; the text names the reason.
    Unsafe(Cow<'static, str>),
}

impl Refusal {
    fn because(reason: &'static str) -> Self {
        Self::Unsafe(Cow::Borrowed(reason))
    }

    fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(error),
            _ => Self::Unsafe(words(&error).into()),
        }
    }
}

/// Checks a map file: it must be a regular file, and unless `MapInUnsafeDirPath` is set no
/// directory named in its path may be writable for group or others, whoever asks (observed).
pub(crate) fn check(name: &[u8], blame: BlameSettings) -> Result<Metadata, Refusal> {
    let name = path(name);
    let metadata = fs::metadata(name);
    if metadata.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Refusal::because("Regular files only"));
    }
    // an unsafe directory counts before a missing file (observed)
    if !blame.map_in_unsafe_dir_path {
        let named = |directory: &&Path| !directory.as_os_str().is_empty();
        for directory in name.ancestors().skip(1).filter(named) {
            check_directory(directory, blame)?;
        }
    }
    metadata.map_err(Refusal::of)
}

fn check_directory(directory: &Path, blame: BlameSettings) -> Result<(), Refusal> {
    let metadata = fs::metadata(directory).map_err(Refusal::of)?;
    if !metadata.is_dir() {
        return Err(Refusal::because("Permission denied"));
    }
    let mode = metadata.mode();
    if mode & WORLD_WRITE != 0 {
        return Err(Refusal::because("World writable directory"));
    }
    if mode & GROUP_WRITE != 0 && !blame.group_writable_dir_safe {
        return Err(Refusal::because("Group writable directory"));
    }
    Ok(())
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Size of the file, bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// When the file was changed last.
    pub(crate) fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        let nanoseconds = u32::try_from(nanoseconds).unwrap_or_default();
        SystemTime::UNIX_EPOCH + seconds + Duration::from_nanos(nanoseconds.into())
    }

    /// The stamp of the file of this name; none if there is no such file. Made without a copy of
    /// the name, as it is asked for with every address.
    pub(crate) fn now(name: &CStr) -> Option<Self> {
        let stat = nix::sys::stat::stat(name).ok()?;
        Some(Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).ok()?,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
        })
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// The system's words for an error, without Rust's number.
pub(crate) fn reason(error: &io::Error) -> Vec<u8> {
    words(error).into_bytes()
}

fn words(error: &io::Error) -> String {
    let mut text = error.to_string();
    text.truncate(text.find(" (os error").unwrap_or(text.len()));
    text
}
