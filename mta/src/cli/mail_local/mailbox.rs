//! One delivery of mail.local: the mailbox of a user, its locks, and the words for what goes wrong.

use ruleset_vm::Exit;

use super::message::Message;
use crate::sys::dot_lock::DotLock;
use crate::sys::errors::describe;
use crate::sys::mailbox_file::{self, Access, MailboxError, MailboxFile};
use crate::sys::users::{self, Account};

/// Where mailboxes are.
const SPOOL: &[u8] = b"/var/mail/";

/// Where `-D` lets users be looked up: in the system, or in a directory, of which there is none here.
pub(super) const DATABASES: [&[u8]; 2] = [b"pw", b"ldap"];

/// Why a user did not get a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// Reply and enhanced code in LMTP.
    pub(super) code: &'static str,
    pub(super) text: Vec<u8>,
}

impl Failure {
    fn permanent(text: Vec<u8>) -> Self {
        Self { exit: Exit::UNAVAILABLE, code: "550 5.2.0", text }
    }

    pub(super) fn temporary(text: Vec<u8>) -> Self {
        Self { exit: Exit::TEMPFAIL, code: "451 4.3.0", text }
    }

    pub(super) fn unknown(name: &[u8]) -> Self {
        let text = [name, b": User unknown"].concat();
        Self { code: "550 5.1.1", ..Self::permanent(text) }
    }
}

/// How deliveries are made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules<'w> {
    /// `-h`: the file in the home directory that takes the mail.
    pub(super) home_file: Option<&'w [u8]>,
    /// `-D`: users are looked up where nobody can be asked.
    pub(super) no_database: bool,
    /// `-b`: a user over quota is no temporary failure.
    pub(super) quota_is_final: bool,
}

/// The user called `name`.
pub(super) fn user(name: &[u8], rules: Rules<'_>) -> Result<Account, Failure> {
    let found = if rules.no_database { None } else { users::by_name(name).ok() };
    match found {
        Some(Some(account)) => Ok(account),
        Some(None) => Err(Failure::unknown(name)),
        None => {
            let text = b": User database failure; retry later";
            Err(Failure::temporary([name, text].concat()))
        }
    }
}

/// Appends the message to the mailbox of the user called `name`.
pub(super) fn deliver(name: &[u8], message: &mut Message, rules: Rules<'_>) -> Result<(), Failure> {
    let account = user(name, rules)?;
    let path = match rules.home_file {
        None if name.contains(&b'/') => {
            return Err(Failure::permanent([name, b": Invalid mailbox path"].concat()));
        }
        None => [SPOOL, name].concat(),
        Some(_) if account.home.is_empty() => {
            return Err(Failure::permanent([name, b": User missing home directory"].concat()));
        }
        Some(file) => [&account.home[..], b"/", file].concat(),
    };
    let access = Access {
        uid: account.uid,
        groups: vec![account.gid],
        mode: 0o600,
        hard_links: false,
        symlinks: false,
        root: None,
        privileged: users::effective_uid() == 0,
    };
    let say = |error: &MailboxError| failure(name, &path, error, rules);
    let _lock = prepare(name, &path, &access, rules)?;
    let file = MailboxFile::open(&path, &access).map_err(|error| say(&error))?;
    file.append(&mut |out| message.write(out)).map_err(|error| say(&error))
}

/// Looks at what is there, takes the lock file, and makes a mailbox in the spool directory if there is none. A lock file in
/// a home directory would be made there with root's rights; the lock of the file itself has to do.
fn prepare(
    name: &[u8],
    path: &[u8],
    access: &Access,
    rules: Rules<'_>,
) -> Result<Option<DotLock>, Failure> {
    let found = mailbox_file::found(path).map_err(|error| {
        let text = format!(": lstat: {}", describe(&error));
        Failure::permanent([path, text.as_bytes()].concat())
    })?;
    if let Some(found) = &found {
        let trouble = match found {
            found if found.links != 1 => Some("too many links".to_owned()),
            found if !found.regular => Some("irregular file".to_owned()),
            found if found.uid != access.uid => Some(format!("wrong ownership ({})", found.uid)),
            _ => None,
        };
        if let Some(trouble) = trouble {
            return Err(Failure::permanent([path, b": ", trouble.as_bytes()].concat()));
        }
    }
    if rules.home_file.is_some() {
        return Ok(None);
    }
    let lock = DotLock::take(path).map_err(|_| not_locked(name))?;
    if found.is_none() {
        let made = mailbox_file::create(path, access);
        made.map_err(|error| {
            let MailboxError::Open(error) = error else {
                return failure(name, path, &error, rules);
            };
            let text = format!(": {}", describe(&error));
            Failure::permanent([b"Create ", path, text.as_bytes()].concat())
        })?;
    }
    Ok(Some(lock))
}

fn not_locked(name: &[u8]) -> Failure {
    Failure::temporary([b"lockmailbox ", name, b" failed; error code 75 "].concat())
}

fn failure(name: &[u8], path: &[u8], error: &MailboxError, rules: Rules<'_>) -> Failure {
    match error {
        MailboxError::Unsafe(why) => Failure::permanent([path, b": ", why.as_bytes()].concat()),
        MailboxError::Open(source) if source.kind() == std::io::ErrorKind::NotFound => {
            let text = b": lstat: file changed after open";
            Failure::permanent([path, &text[..]].concat())
        }
        MailboxError::Open(source) => {
            let text = [b"Append ", path, b": ", describe(source).as_bytes()].concat();
            Failure::permanent(text)
        }
        MailboxError::Locked => not_locked(name),
        MailboxError::Write(source) => {
            let text = [b"Write ", path, b": ", describe(source).as_bytes()].concat();
            match source.raw_os_error() {
                Some(nix::libc::EDQUOT) if rules.quota_is_final => {
                    Failure { code: "552 5.2.2", ..Failure::permanent(text) }
                }
                _ => Failure { code: "450 4.2.0", ..Failure::temporary(text) },
            }
        }
    }
}
