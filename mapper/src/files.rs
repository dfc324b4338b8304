//! Opening the files behind maps, with sendmail's safety checks (MAP-025, MAP-026).

use std::borrow::Cow;
use std::ffi::{CStr, OsStr};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::database_file::{READ, UnsafeDirectory, directories, permits};
use crate::fst_map::SourceStamp;
use crate::settings::Settings;

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

/// Checks a map file: others must not be able to exchange it, and its mode must allow reading, whoever asks
/// (observed). A directory that they may write in, and that `MapInUnsafeDirPath` lets pass, is told of in
/// `warnings`.
pub(crate) fn check(
    name: &[u8],
    settings: &Settings,
    warnings: &mut Vec<Vec<u8>>,
) -> Result<Metadata, Refusal> {
    let (name, blame) = (path(name), settings.blame);
    let mut exchangeable = Vec::new();
    let passable = directories::walk(name, &mut |directory| {
        if directory.world || !blame.group_writable_dir_safe {
            exchangeable.push(directory);
        }
    });
    match exchangeable.first() {
        Some(first) if !blame.map_in_unsafe_dir_path => {
            return Err(Refusal::because(first.reason()));
        }
        _ => warnings.extend(exchangeable.iter().map(UnsafeDirectory::warning)),
    }
    let links = exchangeable.is_empty() || blame.linked_map_in_writable_dir;
    let is_link = || fs::symlink_metadata(name).is_ok_and(|facts| facts.is_symlink());
    match () {
        () if !passable => return Err(Refusal::because("Permission denied")),
        () if !links && is_link() => return Err(Refusal::because("Symbolic links not allowed")),
        () => {}
    }
    let facts = fs::metadata(name).map_err(Refusal::of)?;
    let trusted = settings.trusted_user != 0 && facts.uid() == settings.trusted_user;
    match () {
        () if !facts.is_file() => Err(Refusal::because("Regular files only")),
        () if !links && facts.nlink() > 1 => Err(Refusal::because("Hard links not allowed")),
        () if !permits(&facts, trusted, READ) => Err(Refusal::because("Permission denied")),
        () => Ok(facts),
    }
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

    /// Size and time of change, by which a file that was made of this one knows it.
    pub(crate) fn source(&self) -> SourceStamp {
        SourceStamp { size: self.size, modified: self.modified }
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
