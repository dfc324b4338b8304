//! Standard output and standard error of the program.

use std::io::Write as _;

/// Writes to standard output at once; a closed one is not our trouble.
pub fn print(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.flush());
}

/// Writes to standard error.
pub fn complain(text: &[u8]) {
    let _ = std::io::stderr().lock().write_all(text);
}

/// Opens a file for appending, as a traffic log is (CMD-061); it is made if there is none.
///
/// # Errors
/// As the system gives them.
pub fn open_for_appending(path: &[u8]) -> std::io::Result<std::fs::File> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    std::fs::OpenOptions::new().append(true).create(true).open(path)
}
