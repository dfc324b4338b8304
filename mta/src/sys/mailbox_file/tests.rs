//! Real files below a temporary directory.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

fn access() -> Access {
    Access {
        uid: crate::sys::users::effective_uid(),
        groups: vec![crate::sys::users::effective_gid()],
        mode: 0o600,
        hard_links: false,
        symlinks: false,
        root: None,
        privileged: false,
    }
}

fn append(path: &Path, access: &Access, text: &[u8]) -> Result<(), MailboxError> {
    MailboxFile::open(path.as_os_str().as_bytes(), access)?.append(&mut |out| out.write_all(text))
}

#[test]
fn a_new_file_gets_the_mode_and_then_grows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("box");
    append(&path, &access(), b"one\n").unwrap();
    append(&path, &access(), b"two\n").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn an_error_while_writing_takes_everything_back() {
    // AD-044
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("box");
    append(&path, &access(), b"before\n").unwrap();
    let file = MailboxFile::open(path.as_os_str().as_bytes(), &access()).unwrap();
    let error = file.append(&mut |out| {
        out.write_all(&[b'x'; 100_000])?;
        Err(io::Error::other("body lost"))
    });
    assert!(matches!(error, Err(MailboxError::Write(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"before\n");
}

#[test]
fn unsafe_files_are_refused() {
    // AD-040
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (name, mode) in [("exec", 0o701), ("plain", 0o600), ("linked", 0o600)] {
        std::fs::write(at(name), b"").unwrap();
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::hard_link(at("linked"), at("second")).unwrap();
    symlink("plain", at("symlink")).unwrap();
    std::fs::create_dir(at("directory")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), Mode::from_bits_truncate(0o600)).unwrap();
    for name in ["exec", "linked", "symlink", "directory", "fifo", "missing/box"] {
        assert!(append(&at(name), &access(), b"x").is_err(), "{name}");
    }
    assert!(append(&at("plain"), &access(), b"x").is_ok());
    let forgiving = Access { hard_links: true, symlinks: true, ..access() };
    assert!(append(&at("linked"), &forgiving, b"x").is_ok());
    assert!(append(&at("symlink"), &forgiving, b"y").is_ok());
    assert_eq!(std::fs::read(at("plain")).unwrap(), b"xy");
}

#[test]
fn nothing_leads_out_of_the_safe_directory() {
    // AD-042
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("safe");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    symlink("..", root.join("up")).unwrap();
    let inside = Access { root: Some(root.as_os_str().as_bytes().to_vec()), ..access() };
    let try_path = |path: &str| append(Path::new(path), &inside, b"x");
    assert!(try_path("/sub/box").is_ok());
    assert!(root.join("sub/box").exists());
    for path in ["/../out", "/sub/../../out", "/up/out"] {
        assert!(try_path(path).is_err(), "{path}");
    }
}

#[test]
fn rights_of_the_user_count_when_root_writes() {
    if crate::sys::users::effective_uid() != 0 {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path();
    std::fs::set_permissions(base, std::fs::Permissions::from_mode(0o755)).unwrap();
    let user = Access { uid: 65534, groups: vec![65534], privileged: true, ..access() };
    // No right to create in the directory.
    assert!(append(&base.join("box"), &user, b"x").is_err());
    std::fs::create_dir(base.join("open")).unwrap();
    std::os::unix::fs::chown(base.join("open"), Some(65534), None).unwrap();
    append(&base.join("open/box"), &user, b"x").unwrap();
    assert_eq!(std::fs::metadata(base.join("open/box")).unwrap().uid(), 65534);
    // A file of another user, closed and open to all.
    std::fs::write(base.join("roots"), b"").unwrap();
    for (mode, good) in [(0o600, false), (0o644, false), (0o666, true)] {
        std::fs::set_permissions(base.join("roots"), std::fs::Permissions::from_mode(mode))
            .unwrap();
        assert_eq!(append(&base.join("roots"), &user, b"x").is_ok(), good, "{mode:o}");
    }
    // A directory that cannot be searched.
    std::fs::set_permissions(base, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(append(&base.join("open/box"), &user, b"x").is_err());
}
