//! The configuration used when there is none: `examples/cf/standalone.cf`, compiled in.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::chown;
use std::path::PathBuf;

use ruleset_vm::load::HostFacts;

use crate::daemon::post::Post;
use crate::sys::{config_files, users};

/// The file's text.
pub(super) const CONFIGURATION: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/cf/standalone.cf"));

/// What messages call it.
pub(super) const NAME: &[u8] = b"standalone.cf (embedded)";

/// Directories that the configuration expects below the state directory, and files in it.
const DIRECTORIES: [&str; 2] = ["queue", "mail"];

/// Where state is kept: `$XDG_STATE_HOME/bangpath`, or below the home directory.
pub(super) fn state_directory() -> PathBuf {
    own_state_directory().unwrap_or_else(|| PathBuf::from("/tmp/bangpath"))
}

/// The state directory of a user who has a home.
pub(super) fn own_state_directory() -> Option<PathBuf> {
    let from = |name: &[u8]| config_files::environment(name).filter(|value| !value.is_empty());
    let path = |bytes: Vec<u8>| PathBuf::from(std::ffi::OsStr::from_bytes(&bytes));
    let state = from(b"XDG_STATE_HOME").map(|state| path(state).join("bangpath"));
    state.or_else(|| from(b"HOME").map(|home| path(home).join(".local/state/bangpath")))
}

/// Makes the state directory and tells the configuration where it is.
pub(super) fn predefine(facts: &mut HostFacts) {
    let state = state_directory();
    for directory in DIRECTORIES {
        let _ = std::fs::create_dir_all(state.join(directory));
    }
    let aliases = state.join("aliases");
    if !aliases.exists() {
        let user = String::from_utf8_lossy(&facts.user).into_owned();
        let text = format!("postmaster: {user}\nMAILER-DAEMON: postmaster\n");
        let _ = std::fs::write(&aliases, text);
    }
    facts.macros.push((b"stateDir".to_vec(), state.as_os_str().as_bytes().to_vec()));
    facts.macros.push((b"user".to_vec(), facts.user.clone()));
}

/// Gives mailboxes to the user who writes them, when that is not the one who runs this: started by
/// root, files are written as `DefaultUser`.
pub(super) fn hand_over(post: &Post, paths: &[PathBuf]) -> std::io::Result<()> {
    let user = &post.delivery.default_user;
    if users::effective_uid() != 0 || user.uid == 0 {
        return Ok(());
    }
    paths.iter().try_for_each(|path| chown(path, Some(user.uid), Some(user.gid)))
}
