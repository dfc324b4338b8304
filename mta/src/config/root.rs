//! Where the files of a configuration are that has been copied here from another machine.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Directories that are copied by themselves, so that their files lie right below the root.
const COPIED: [&str; 3] = ["etc/mail", "usr/lib", "etc"];

/// The directory that stands for `/`, or for `/etc/mail`; without one, files are where they say.
#[derive(Clone, Debug, Default)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// Files lie below `directory`.
    #[must_use]
    pub fn at(directory: &Path) -> Self {
        Self(Some(directory.to_owned()))
    }

    /// Whether files are not where they say.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.0.is_some()
    }

    /// Where the file is that the configuration calls `path`: `ROOT/etc/mail/access` or, if only the
    /// directory was copied, `ROOT/access`. For a database file (`.db`, `.fst`) the name without its ending will do. A
    /// relative path stays as it is.
    #[must_use]
    pub fn place(&self, path: &[u8]) -> Vec<u8> {
        let name = Path::new(std::ffi::OsStr::from_bytes(path));
        let (Some(root), Ok(below)) = (&self.0, name.strip_prefix("/")) else {
            return path.to_vec();
        };
        let whole = root.join(below);
        let parts = COPIED.iter().filter_map(|copied| below.strip_prefix(copied).ok());
        let mut candidates =
            std::iter::once(whole.clone()).chain(parts.map(|rest| root.join(rest)));
        let found = candidates.find(|candidate| exists(candidate)).unwrap_or(whole);
        found.as_os_str().as_bytes().to_vec()
    }
}

/// Whether there is such a file, or the database of this name.
fn exists(path: &Path) -> bool {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name).exists()
    };
    ["", ".db", ".fst"].into_iter().any(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_trees_and_single_directories() {
        let copy = tempfile::tempdir().unwrap();
        let directory = copy.path();
        std::fs::create_dir_all(directory.join("etc/mail")).unwrap();
        for file in ["etc/mail/access.db", "virtusertable", "aliases"] {
            std::fs::write(directory.join(file), "").unwrap();
        }
        let root = Root::at(directory);
        let rows = [
            ("/etc/mail/access", "etc/mail/access"),
            ("/etc/mail/virtusertable", "virtusertable"),
            ("/etc/aliases", "aliases"),
            ("/etc/mail/nowhere", "etc/mail/nowhere"),
        ];
        for (path, expected) in rows {
            let expected = directory.join(expected).as_os_str().as_bytes().to_vec();
            assert_eq!(root.place(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(root.place(b"relative"), b"relative");
        assert_eq!(Root::default().place(b"/etc/passwd"), b"/etc/passwd");
    }
}
