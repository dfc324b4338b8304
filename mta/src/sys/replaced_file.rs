//! Files that are replaced at once: who reads them sees the old one or the new one.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use super::durable::{DiskError, create_new, remove, rename_synced, write_synced};

/// How many names are tried for the new file.
const TRIES: u32 = 100;

/// Replaces what a file contains; mode and owner stay. Of a symbolic link it is the file that it leads to.
///
/// # Errors
/// The system's; the file is as it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let failed = |error: io::Error| DiskError::from_io(path, error);
    let target = fs::canonicalize(path).map_err(failed)?;
    let facts = fs::metadata(&target).map_err(failed)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = std::process::id();
    for number in 0..TRIES {
        let temporary = target.with_file_name(format!(".{name}.{own}.{number}"));
        let file = match create_new(&temporary, 0o600) {
            Ok(file) => file,
            Err(DiskError::Exists { .. }) => continue,
            Err(error) => return Err(error),
        };
        let done = write_synced(&temporary, &file, bytes)
            .and_then(|()| {
                let same = fs::metadata(&temporary)
                    .is_ok_and(|new| (new.uid(), new.gid()) == (facts.uid(), facts.gid()));
                match same {
                    true => Ok(()),
                    false => {
                        chown(&temporary, Some(facts.uid()), Some(facts.gid())).map_err(failed)
                    }
                }
            })
            .and_then(|()| {
                let mode = Permissions::from_mode(facts.mode() & 0o7777);
                file.set_permissions(mode).map_err(failed)
            })
            .and_then(|()| rename_synced(&temporary, &target));
        if done.is_err() {
            let _ = remove(&temporary);
        }
        return done;
    }
    Err(DiskError::Exists { path: target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_change_and_mode_stays() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, b"old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left over");
    }

    #[test]
    fn what_is_not_there_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        assert!(matches!(replace(&missing, b"new"), Err(DiskError::Missing { .. })));
        assert!(!missing.exists());
    }
}
