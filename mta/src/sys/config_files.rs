//! Reading configuration files and class files, with the checks sendmail makes (CF-002, CF-057).

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
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

/// The contents of a class file; its directories must not be writable by everybody unless they are
/// sticky and `trust_sticky` says so.
///
/// # Errors
/// See [`ConfigFileError`].
pub fn read_class_file(path: &[u8], check_directories: bool) -> Result<Vec<u8>, ConfigFileError> {
    let bytes = read_regular(path)?;
    if check_directories {
        let path = Path::new(OsStr::from_bytes(path));
        for directory in path.ancestors().skip(1).filter(|d| !d.as_os_str().is_empty()) {
            if fs::metadata(directory)?.mode() & 0o002 != 0 {
                return Err(ConfigFileError::UnsafeDirectory);
            }
        }
    }
    Ok(bytes)
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
