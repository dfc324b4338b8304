//! Files of a directory that a command fills for somebody else.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The mode of files that everybody may read, and of secret ones.
const MODES: [u32; 2] = [0o644, 0o600];

/// Makes the directory if it is not there, and says which of these files are.
///
/// # Errors
/// It cannot be made.
pub fn existing<'n>(directory: &Path, names: &[&'n str]) -> io::Result<Vec<&'n str>> {
    fs::create_dir_all(directory)?;
    Ok(names
        .iter()
        .copied()
        .filter(|name| directory.join(name).symlink_metadata().is_ok())
        .collect())
}

/// Writes a file; one that is there is replaced only if `replace`.
///
/// # Errors
/// It is there, or it cannot be written.
pub fn write(
    directory: &Path,
    name: &str,
    bytes: &[u8],
    secret: bool,
    replace: bool,
) -> io::Result<()> {
    let path = directory.join(name);
    if replace {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mode = MODES[usize::from(secret)];
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nothing_is_overwritten_unasked() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("new");
        assert!(existing(&directory, &["a", "b"]).unwrap().is_empty());
        write(&directory, "a", b"one", true, false).unwrap();
        assert_eq!(existing(&directory, &["a", "b"]).unwrap(), ["a"]);
        assert!(write(&directory, "a", b"two", false, false).is_err());
        assert_eq!(fs::read(directory.join("a")).unwrap(), b"one");
        assert_eq!(fs::metadata(directory.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
        write(&directory, "a", b"two", false, true).unwrap();
        assert_eq!(fs::read(directory.join("a")).unwrap(), b"two");
    }
}
