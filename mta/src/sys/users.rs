//! Users and groups of the system, and the shells that make a user one who may run programs.
//!
//! Look-ups go through the name service and may block.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::unistd::{self, Gid, Group, Uid, User};

/// An entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: Vec<u8>,
    /// Numeric user id.
    pub uid: u32,
    /// Login group.
    pub gid: u32,
    /// The GECOS field.
    pub gecos: Vec<u8>,
    /// Home directory.
    pub home: Vec<u8>,
    /// Login shell; empty if the entry has none.
    pub shell: Vec<u8>,
}

impl Account {
    /// The name of the person: what stands in front of the first comma of the GECOS field, `&` being
    /// the login name.
    #[must_use]
    pub fn full_name(&self) -> Vec<u8> {
        mapper::full_name(&self.gecos, &self.name)
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            name: user.name.into_bytes(),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            gecos: user.gecos.into_bytes(),
            home: user.dir.as_os_str().as_bytes().to_vec(),
            shell: user.shell.as_os_str().as_bytes().to_vec(),
        }
    }
}

/// The user database could not be asked: a temporary condition.
#[derive(Debug, thiserror::Error)]
#[error("cannot look up {what}: {source}")]
pub struct LookupError {
    /// What was looked for.
    pub what: String,
    /// The system's answer.
    pub source: Errno,
}

fn failed(what: &dyn std::fmt::Display, source: Errno) -> LookupError {
    LookupError { what: what.to_string(), source }
}

/// The user called `name`. A name that is no text or holds a NUL does not exist.
///
/// # Errors
/// The name service failed.
pub fn by_name(name: &[u8]) -> Result<Option<Account>, LookupError> {
    let Some(text) = usable(name) else { return Ok(None) };
    match User::from_name(text) {
        Ok(user) => Ok(user.map(Account::from)),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        Err(error) => Err(failed(&text, error)),
    }
}

/// The user with the number `uid`.
///
/// # Errors
/// The name service failed.
pub fn by_uid(uid: u32) -> Result<Option<Account>, LookupError> {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(user) => Ok(user.map(Account::from)),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        Err(error) => Err(failed(&uid, error)),
    }
}

/// The first user of the database with this full name; case and the number of blanks do not count. Reads all
/// of the database.
///
/// # Errors
/// None so far: a database that cannot be listed has nobody.
pub fn by_full_name(name: &[u8]) -> Result<Option<Account>, LookupError> {
    Ok(super::unsafe_user_list::find(|user| is_called(user, name)))
}

/// Whether this is the full name of a user; case and the number of blanks do not count.
#[must_use]
pub fn is_called(user: &Account, name: &[u8]) -> bool {
    let wanted = words(name);
    !wanted.is_empty() && words(&user.full_name()) == wanted
}

/// The words of a name in lower case.
fn words(name: &[u8]) -> Vec<Vec<u8>> {
    let words = name.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.map(<[u8]>::to_ascii_lowercase).collect()
}

/// The number of a user given by number, of which only the digits in front count, or by name; `None` if nobody
/// has that name or it cannot be asked for.
#[must_use]
pub fn number_of(user: &[u8]) -> Option<u32> {
    let digits = user.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 {
        let number = std::str::from_utf8(user.get(..digits)?).ok()?;
        return Some(number.parse().unwrap_or(0));
    }
    Some(by_name(user).ok()??.uid)
}

/// The number of the group called `name`.
///
/// # Errors
/// The name service failed.
pub fn group_by_name(name: &[u8]) -> Result<Option<u32>, LookupError> {
    let Some(text) = usable(name) else { return Ok(None) };
    match Group::from_name(text) {
        Ok(group) => Ok(group.map(|group| group.gid.as_raw())),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        Err(error) => Err(failed(&text, error)),
    }
}

/// The groups the user called `name` is a member of, with `gid` among them; only `gid` when the
/// user is unknown. Resolved before a process is started, because the name service is not safe
/// between fork and exec.
#[must_use]
pub fn groups_of(name: &[u8], gid: u32) -> Vec<u32> {
    let listed = CString::new(name)
        .ok()
        .and_then(|name| unistd::getgrouplist(&name, Gid::from_raw(gid)).ok());
    listed.map_or_else(|| vec![gid], |groups| groups.into_iter().map(Gid::as_raw).collect())
}

/// The effective user id of this process.
#[must_use]
pub fn effective_uid() -> u32 {
    unistd::geteuid().as_raw()
}

/// The real user id of this process.
#[must_use]
pub fn real_uid() -> u32 {
    unistd::getuid().as_raw()
}

/// The login name of who has started this process; empty if there is none.
#[must_use]
pub fn own_name() -> Vec<u8> {
    by_uid(real_uid()).ok().flatten().map_or_else(Vec::new, |found| found.name)
}

/// The effective group id of this process.
#[must_use]
pub fn effective_gid() -> u32 {
    unistd::getegid().as_raw()
}

/// The line of `/etc/shells` that lets every shell pass (AD-035).
pub const ANY_SHELL: &[u8] = b"/SENDMAIL/ANY/SHELL/";

/// Whether `shell` may be the shell of a user whose `.forward` names programs or files: listed in
/// `/etc/shells`, or that file lists [`ANY_SHELL`].
#[must_use]
pub fn is_valid_shell(shell: &[u8]) -> bool {
    let listed = std::fs::read("/etc/shells").ok();
    shell_is_listed(shell, listed.as_deref())
}

/// The rule of [`is_valid_shell`] on the content of the file; without a file the shells of
/// `getusershell(3)` count.
fn shell_is_listed(shell: &[u8], listed: Option<&[u8]>) -> bool {
    let Some(listed) = listed else { return [&b"/bin/sh"[..], b"/bin/csh"].contains(&shell) };
    listed
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|byte| matches!(byte, b'#' | b' ' | b'\t')).next())
        .filter(|line| line.starts_with(b"/"))
        .any(|line| line == shell || line == ANY_SHELL)
}

/// A name that can be given to the name service.
fn usable(name: &[u8]) -> Option<&str> {
    if name.is_empty() || name.contains(&0) {
        return None;
    }
    OsStr::from_bytes(name).to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_and_nonsense_is_not() {
        let root = by_name(b"root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(by_uid(0).unwrap().unwrap().name, b"root");
        for name in [&b"no-such-user-here"[..], b"", b"ro\0ot", b"\xff\xfe"] {
            assert_eq!(by_name(name).unwrap(), None, "{name:?}");
        }
        assert_eq!(group_by_name(b"root").unwrap(), Some(0));
        assert_eq!(groups_of(b"no-such-user-here", 7), [7]);
    }

    #[test]
    fn full_names_are_compared_by_words() {
        // AD-046; root's full name is root everywhere
        assert_eq!(by_full_name(b" ROOT").unwrap().map(|user| user.uid), Some(0));
        assert_eq!(by_full_name(b"").unwrap(), None);
        assert_eq!(words(b"Alice  Example"), words(b"alice example "));
    }

    #[test]
    fn shells_are_lines_of_the_file() {
        // AD-035
        let listed = b"# comment\n/bin/sh\n/bin/dash # d\nrel\n";
        for (shell, expected) in
            [(&b"/bin/sh"[..], true), (b"/bin/dash", true), (b"rel", false), (b"/bin/false", false)]
        {
            assert_eq!(shell_is_listed(shell, Some(listed)), expected, "{shell:?}");
        }
        assert!(shell_is_listed(b"/bin/false", Some(b"/SENDMAIL/ANY/SHELL/\n")));
        assert!(shell_is_listed(b"/bin/sh", None) && !shell_is_listed(b"/bin/zsh", None));
    }
}
