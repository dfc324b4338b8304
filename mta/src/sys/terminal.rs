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
