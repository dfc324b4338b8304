//! The user whose mail is answered, and the files of that user.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mapper::FileError;
use ruleset_vm::Exit;

use super::Failure;
use super::ledger_file::LedgerFile;
use super::request::Request;
use crate::cli::map_tools::no_kind_fits;
use crate::sys::list_files::{ListFile, Reader};
use crate::sys::users::{self, Account};
use crate::sys::{config_files, durable, errors};

const DATABASE: &[u8] = b".vacation";
const MESSAGE: &[u8] = b".vacation.msg";

/// The user whose mail is answered, and what the command line says.
pub(super) struct User<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) login: Vec<u8>,
    /// None with `-U`.
    account: Option<Account>,
}

impl<'r> User<'r> {
    pub(super) fn of(request: &'r Request<'r>) -> Result<Self, Failure> {
        let login = match request.logins.as_slice() {
            _ if request.misused => return Err(Failure::usage()),
            [login] => Some(login),
            [] if request.is_upkeep() => None,
            _ => return Err(Failure::usage()),
        };
        if request.no_account {
            if request.database.is_none() || request.message.is_none() {
                let text = b"-U requires setting both -f and -m".to_vec();
                return Err(Failure::new(Exit::NOINPUT, text));
            }
            let login = login.cloned().unwrap_or_else(users::own_name);
            return Ok(Self { request, login, account: None });
        }
        let (found, name) = match login {
            Some(login) => (users::by_name(login), login.clone()),
            None => {
                let uid = users::real_uid();
                (users::by_uid(uid), format!("uid {uid}").into_bytes())
            }
        };
        // that nobody can be asked does not mean that there is no such user
        let found = found
            .map_err(|error| Failure::error(Exit::TEMPFAIL, error.to_string().into_bytes()))?;
        let Some(account) = found else {
            let text = [b"no such user ", &name[..], b"."].concat();
            return Err(Failure::error(Exit::NOUSER, text));
        };
        let home = &account.home;
        if !home.starts_with(b"/") || !durable::is_directory(Path::new(OsStr::from_bytes(home))) {
            let text = [b"no such directory ", &home[..], b"."].concat();
            return Err(Failure::new(Exit::NOINPUT, text));
        }
        Ok(Self { request, login: account.name.clone(), account: Some(account) })
    }

    /// The path of a file that the user names; relative ones begin in the home directory.
    fn path(&self, name: &[u8]) -> Vec<u8> {
        match &self.account {
            Some(account) if !name.starts_with(b"/") => [&account.home[..], b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    fn database(&self) -> &[u8] {
        self.request.database.unwrap_or(DATABASE)
    }

    pub(super) fn ledger(&self) -> LedgerFile {
        LedgerFile::new(&self.path(self.database()))
    }

    pub(super) fn unusable(&self, error: &FileError) -> Failure {
        let why = match error {
            FileError::Io(error) if error.kind() != std::io::ErrorKind::NotFound => {
                errors::describe(error)
            }
            error => no_kind_fits(error),
        };
        let text = [self.database(), b": ", why.as_bytes()].concat();
        Failure::new(Exit::DATAERR, text)
    }

    /// The text of answers. Root reads no more of it than the user may.
    pub(super) fn text(&self) -> Result<Vec<u8>, Failure> {
        let name = self.request.message.unwrap_or(MESSAGE);
        let path = self.path(name);
        let read = match &self.account {
            Some(account) if users::effective_uid() == 0 => {
                let groups = users::groups_of(&account.name, account.gid);
                read_as(&path, Some(&Reader { uid: account.uid, groups }))
            }
            _ if path.starts_with(b"/") => read_as(&path, None),
            _ => config_files::read_regular(&path).ok(),
        };
        read.ok_or_else(|| {
            let whose = match name.starts_with(b"/") {
                true => Vec::new(),
                false => [b"~", &self.login[..], b"/"].concat(),
            };
            Failure::new(Exit::NOINPUT, [b"no ", &whose[..], name, b" file."].concat())
        })
    }
}

fn read_as(path: &[u8], reader: Option<&Reader>) -> Option<Vec<u8>> {
    let file = ListFile::open(path, reader).ok()?;
    let readable = reader.is_none_or(|reader| file.readable_by(reader));
    if !file.facts.regular || !readable {
        return None;
    }
    file.read().ok()
}
