//! Reading configuration files and class files, with the checks sendmail makes (CF-002, CF-057).

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// Largest file read at once; class files and configurations are far smaller.
const LARGEST: u64 = 256 << 20;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// It cannot be opened or read.
    #[error("{}", super::errors::describe(.0))]
    Io(#[from] io::Error),
    /// It is not a regular file.
    #[error("Regular files only")]
    NotRegular,
    /// A directory on its path can be written by everybody.
    #[error("World writable directory")]
    UnsafeDirectory,
    /// A directory on its path can be written by its group.
    #[error("Group writable directory")]
    GroupDirectory,
}

/// The contents of a regular file.
///
/// # Errors
/// See [`ConfigFileError`].
pub fn read_regular(path: &[u8]) -> Result<Vec<u8>, ConfigFileError> {
    let path = Path::new(OsStr::from_bytes(path));
    if !fs::metadata(path)?.is_file() {
        return Err(ConfigFileError::NotRegular);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Which directories on the path of a file may be written by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryTrust {
    /// All.
    pub any: bool,
    /// Those that only their group may write in.
    pub group_writable: bool,
}

/// The contents of a class file; a large one is not read yet.
///
/// # Errors
/// See [`ConfigFileError`].
pub fn read_class_file(path: &[u8], trust: DirectoryTrust) -> Result<ClassFile, ConfigFileError> {
    let facts = check(path, trust)?;
    if facts.is_file() && facts.len() >= LARGE_CLASS_FILE {
        let file = fs::File::open(Path::new(OsStr::from_bytes(path)))?;
        return Ok(ClassFile::Large(RereadFile(file)));
    }
    read_regular(path).map(ClassFile::Bytes)
}

/// The directories of a class file's path as it is written must be safe, sticky ones too, and its mode must
/// allow reading even to root (CF-057, observed as root).
fn check(path: &[u8], trust: DirectoryTrust) -> Result<fs::Metadata, ConfigFileError> {
    let path = Path::new(OsStr::from_bytes(path));
    let facts = fs::metadata(path)?;
    if !trust.any {
        let ancestors = path.ancestors().skip(1).filter(|d| !d.as_os_str().is_empty());
        for directory in ancestors {
            let mode = fs::metadata(directory)?.mode();
            if mode & 0o002 != 0 {
                return Err(ConfigFileError::UnsafeDirectory);
            }
            if mode & 0o020 != 0 && !trust.group_writable {
                return Err(ConfigFileError::GroupDirectory);
            }
        }
    }
    if facts.is_file() && !mode_allows_reading(&facts) {
        return Err(io::Error::from_raw_os_error(nix::libc::EACCES).into());
    }
    Ok(facts)
}

/// From this size on a class file is not held in memory, bytes.
const LARGE_CLASS_FILE: u64 = 1 << 20;

/// A class file.
pub enum ClassFile {
    /// Its contents.
    Bytes(Vec<u8>),
    /// A large one.
    Large(RereadFile),
}

/// An open file that is read from its beginning more than once.
pub struct RereadFile(fs::File);

impl RereadFile {
    /// The contents from the beginning.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn contents(&mut self) -> io::Result<impl io::BufRead + '_> {
        self.0.seek(io::SeekFrom::Start(0))?;
        Ok(io::BufReader::with_capacity(64 << 10, &mut self.0).take(LARGEST))
    }
}

/// Whether the mode of a file lets this process read it, root's privilege left aside.
fn mode_allows_reading(facts: &fs::Metadata) -> bool {
    let mode = facts.mode();
    let own = nix::unistd::geteuid().as_raw() == facts.uid();
    let group = nix::unistd::getegid().as_raw() == facts.gid();
    let bit = if own {
        0o400
    } else if group {
        0o040
    } else {
        0o004
    };
    mode & bit != 0
}

/// Whether a file can be written by its group or by everybody.
#[must_use]
pub fn is_loosely_writable(path: &[u8]) -> bool {
    fs::metadata(Path::new(OsStr::from_bytes(path)))
        .is_ok_and(|facts| facts.permissions().mode() & 0o022 != 0)
}

/// The output of a program run without a shell: the words of `command` are its arguments.
///
/// # Errors
/// The program cannot be started.
pub fn program_output(command: &[u8]) -> io::Result<Vec<u8>> {
    let mut words = command
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(OsStr::from_bytes);
    let Some(program) = words.next() else { return Ok(Vec::new()) };
    let output = Command::new(program)
        .args(words)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    Ok(output.stdout)
}

/// A variable of the caller's environment.
#[must_use]
pub fn environment(name: &[u8]) -> Option<Vec<u8>> {
    std::env::var_os(OsStr::from_bytes(name)).map(|value| value.as_bytes().to_vec())
}

/// Processors on line; 1 if unknown.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
