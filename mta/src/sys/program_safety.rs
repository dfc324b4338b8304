//! What a program is that shall be run, and whether others than its owner could exchange it (ML-152).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{AccessFlags, access};

/// What `O DontBlameSendmail` forgives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgiven {
    /// RunProgramInUnsafeDirPath.
    pub directory: bool,
    /// RunWritableProgram.
    pub writable: bool,
    /// TrustStickyBit.
    pub sticky: bool,
}

/// Why the program at `path` is unsafe, in the words of the log; nothing if it is safe. Directories
/// are looked at first, from the root; a group's right to write counts as much as that of all.
#[must_use]
pub fn danger(path: &[u8], forgiven: Forgiven) -> Option<String> {
    let path = Path::new(OsStr::from_bytes(path));
    if !forgiven.directory
        && let Some(reason) = directory_danger(path, forgiven)
    {
        return Some(reason);
    }
    match mode_of(path) {
        Err(error) => Some(super::errors::describe(&error)),
        Ok(mode) if !forgiven.writable => {
            writers(mode, &["Group", "World"]).map(|whose| format!("{whose} writable file"))
        }
        Ok(_) => None,
    }
}

/// Why the directories above `path` are unsafe; nothing if they are not.
#[must_use]
pub fn directory_danger(path: &Path, forgiven: Forgiven) -> Option<String> {
    let mut directories: Vec<&Path> = path.ancestors().skip(1).collect();
    directories.reverse();
    for directory in directories.iter().filter(|one| !one.as_os_str().is_empty()) {
        let mode = match mode_of(directory) {
            Ok(mode) => mode,
            Err(error) => return Some(super::errors::describe(&error)),
        };
        if mode & 0o1000 != 0 && forgiven.sticky {
            continue;
        }
        if let Some(whose) = writers(mode, &["World", "Group"]) {
            return Some(format!("{whose} writable directory"));
        }
    }
    None
}

/// What kind of a thing a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A regular file.
    pub regular: bool,
    /// This process may execute it.
    pub executable: bool,
}

/// The kind of what is at `path`; `None` if nothing is, or it cannot be reached.
#[must_use]
pub fn kind_of(path: &[u8]) -> Option<Kind> {
    let path = Path::new(OsStr::from_bytes(path));
    let found = std::fs::metadata(path).ok()?;
    let executable = access(path, AccessFlags::X_OK).is_ok();
    Some(Kind { regular: found.is_file(), executable })
}

fn mode_of(path: &Path) -> io::Result<u32> {
    std::fs::metadata(path).map(|found| found.mode() & 0o7777)
}

/// The first of `names` (`World`, `Group`) that may write.
fn writers(mode: u32, names: &[&'static str]) -> Option<&'static str> {
    let may = |name: &str| mode & if name == "World" { 0o002 } else { 0o020 } != 0;
    names.iter().copied().find(|name| may(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn writable_files_and_directories_are_unsafe() {
        // ML-152
        let directory = tempfile::tempdir_in("/var/lib").or_else(|_| tempfile::tempdir()).unwrap();
        let below_root = directory.path().starts_with("/var/lib");
        let at = directory.path().join("bin");
        std::fs::create_dir(&at).unwrap();
        let program = at.join("mailer");
        std::fs::write(&program, b"").unwrap();
        let check = |directory_mode: u32, mode: u32, forgiven| {
            std::fs::set_permissions(&at, std::fs::Permissions::from_mode(directory_mode)).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
            danger(program.as_os_str().as_bytes(), forgiven)
        };
        let strict = Forgiven::default();
        // Elsewhere a parent directory may be open to all, as /tmp is.
        let base = Forgiven { directory: !below_root, ..strict };
        assert_eq!(check(0o755, 0o755, base), None);
        assert_eq!(check(0o755, 0o777, base).as_deref(), Some("Group writable file"));
        assert_eq!(check(0o755, 0o757, base).as_deref(), Some("World writable file"));
        assert_eq!(check(0o755, 0o777, Forgiven { writable: true, ..base }), None);
        assert_eq!(check(0o777, 0o755, Forgiven { directory: true, ..strict }), None);
        if below_root {
            assert_eq!(check(0o775, 0o755, strict).as_deref(), Some("Group writable directory"));
            assert_eq!(check(0o1777, 0o755, strict).as_deref(), Some("World writable directory"));
            assert_eq!(check(0o1777, 0o755, Forgiven { sticky: true, ..strict }), None);
        }
        let missing = danger(b"/no/such/program", strict);
        assert_eq!(missing.as_deref(), Some("No such file or directory"));
    }
}
