//! Privileges of a program that is installed with a set-user-ID or set-group-ID bit.

use nix::unistd::{getgid, getuid, setresgid, setresuid};

/// Gives up, for good, what the user and group bits of the program have given. Root keeps everything.
///
/// # Errors
/// The system refuses, which leaves the program with privileges it must not use.
pub fn give_up() -> nix::Result<()> {
    let (user, group) = (getuid(), getgid());
    if user.is_root() {
        return Ok(());
    }
    setresgid(group, group, group)?;
    setresuid(user, user, user)
}
