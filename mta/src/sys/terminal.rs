//! Standard output and standard error of the program.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;

/// Writes to standard output at once; a closed one is not our trouble.
pub fn print(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.flush());
}

/// Standard input without a buffer, for those who keep one.
///
/// # Errors
/// Too many open files.
pub fn input() -> std::io::Result<File> {
    Ok(File::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

/// Standard output without a buffer, for those who keep one.
///
/// # Errors
/// Too many open files.
pub fn output() -> std::io::Result<File> {
    Ok(File::from(std::io::stdout().as_fd().try_clone_to_owned()?))
}

/// Writes to standard error.
pub fn complain(text: &[u8]) {
    let _ = std::io::stderr().lock().write_all(text);
}

/// Opens a file for appending, as a traffic log is (CMD-061); it is made if there is none.
///
/// # Errors
/// As the system gives them.
pub fn open_for_appending(path: &[u8]) -> std::io::Result<File> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    File::options().append(true).create(true).open(path)
}
