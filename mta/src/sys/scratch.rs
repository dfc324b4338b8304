//! A file without a name, for what must be read twice and may be too large for memory.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::{O_CLOEXEC, O_TMPFILE};

use super::ids;

/// Opens a new file for reading and writing in the directory for such files (`TMPDIR`, `/tmp`); it vanishes with its
/// descriptor.
///
/// # Errors
/// The directory cannot be written.
pub fn file() -> io::Result<File> {
    let directory = std::env::temp_dir();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let unnamed = options.clone().custom_flags(O_TMPFILE | O_CLOEXEC).open(&directory);
    if unnamed.is_ok() {
        return unnamed;
    }
    // a file system that has no files without a name
    let path = directory.join(format!("bangpath.{:016x}", ids::random_u64()));
    let file = options.create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    #[test]
    fn what_is_written_can_be_read() {
        let mut file = super::file().unwrap();
        file.write_all(b"text").unwrap();
        file.rewind().unwrap();
        let mut back = String::new();
        file.read_to_string(&mut back).unwrap();
        assert_eq!(back, "text");
    }
}
