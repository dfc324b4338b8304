//! Mailbox files below a temporary directory.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use crate::config::mailer::Mailer;
use crate::delivery::testing::{Broken, Letter, World};

fn world(path: &Path) -> World {
    let file = Mailer::builtin()[1].clone();
    World::new(file, "", &[path.to_str().unwrap()])
}

fn stat(world: &World) -> String {
    let reports = world.deliver(&Letter(b"Subject: x\n\nbody\n".to_vec()));
    String::from_utf8_lossy(&reports[0].1.outcomes[0].stat).into_owned()
}

#[test]
fn messages_are_appended_with_an_empty_line_between() {
    // ML-148, AD-045
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("box");
    let world = world(&path);
    assert_eq!(stat(&world), "Sent");
    assert_eq!(stat(&world), "Sent");
    let one = b"From me\nSubject: x\n\nbody\n\n";
    assert_eq!(std::fs::read(&path).unwrap(), [&one[..], one].concat());
    assert!(world.verbose.borrow().iter().all(|line| line.ends_with("... Sent")));
}

#[test]
fn a_file_that_cannot_be_made_is_a_permanent_failure() {
    // AD-040
    let directory = tempfile::tempdir().unwrap();
    let world = world(&directory.path().join("missing/box"));
    let shown = world.show(&Letter(b"x".to_vec()));
    let path = directory.path().join("missing/box").display().to_string();
    let shown = shown.replace(&path, "PATH");
    insta::assert_snapshot!(shown, @"
    PATH: Can't create output [5.0.0]
    | 550 5.0.0 PATH... Can't create output
    ");
}

#[test]
fn links_and_executables_are_refused_unless_forgiven() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("plain"), b"").unwrap();
    symlink("plain", at("symlink")).unwrap();
    std::fs::hard_link(at("plain"), at("second")).unwrap();
    for name in ["symlink", "second"] {
        let mut world = world(&at(name));
        assert_eq!(stat(&world), "Can't create output", "{name}");
        world.settings.file_to_symlink = true;
        world.settings.file_to_hard_link = true;
        assert_eq!(stat(&world), "Sent", "{name}");
    }
}

#[test]
fn the_null_file_takes_everything() {
    assert_eq!(stat(&world(Path::new("/dev/null"))), "Sent"); // AD-040
}

#[test]
fn half_a_message_leaves_no_trace() {
    // AD-044
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("box");
    let world = world(&path);
    let reports = world.deliver(&Broken);
    assert_eq!(reports[0].1.outcomes[0].stat, b"I/O error");
    assert!(reports[0].1.outcomes[0].status.retry);
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn the_safe_directory_is_the_root_of_all_files() {
    // AD-042
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("safe");
    std::fs::create_dir(&root).unwrap();
    let root_bytes = root.as_os_str().as_bytes().to_vec();
    for path in [Path::new("/inside"), &root.join("named")] {
        let mut world = world(path);
        world.settings.safe_file_environment = Some(root_bytes.clone());
        assert_eq!(stat(&world), "Sent");
    }
    assert!(root.join("inside").exists() && root.join("named").exists());
    let mut outside = world(&directory.path().join("outside"));
    outside.settings.safe_file_environment = Some(root_bytes);
    assert_eq!(stat(&outside), "Can't create output");
}

#[test]
fn the_set_user_id_bit_names_the_writer() {
    // AD-041
    if crate::sys::users::effective_uid() != 0 {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = directory.path().join("box");
    std::fs::write(&path, b"").unwrap();
    chown(&path, Some(5), Some(60)).unwrap();
    let mut world = world(&path);
    world.settings.default_user.uid = 65534;
    world.settings.default_user.gid = 65534;
    for (mode, expected) in [(0o600, "Can't create output"), (0o4600, "Sent")] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(stat(&world), expected, "{mode:o}");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, mode);
    }
}
