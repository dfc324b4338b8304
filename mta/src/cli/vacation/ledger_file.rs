//! The file of a ledger: opened with the checks of makemap, locked while it is changed, replaced in one step.

use mapper::bdb::DatabaseKind::{self, Btree, Hash};
use mapper::{DatabaseFile, FileError, FileRules, database_file_name};

use super::ledger::Ledger;
use crate::cli::map_tools::fresh_uid;
use crate::sys::users;

const KINDS: [DatabaseKind; 2] = [Hash, Btree];

/// A database by its path, with or without `.db`.
pub(super) struct LedgerFile {
    path: Vec<u8>,
    rules: FileRules,
}

impl LedgerFile {
    pub(super) fn new(path: &[u8]) -> Self {
        // Links are the user's own affair, but root must not be led away from a home directory.
        let links = users::effective_uid() != 0;
        let rules =
            FileRules { create: true, links, group_directories: true, ..FileRules::default() };
        Self { path: database_file_name(path), rules }
    }

    /// Visits every entry; a file that is missing has none.
    pub(super) fn for_each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), FileError> {
        let open = match DatabaseFile::open(&self.path, self.rules, &mut |_| ()) {
            Err(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(());
            }
            open => open?,
        };
        if open.is_empty() {
            return Ok(());
        }
        let (file, database) = open.database(&KINDS)?;
        Ok(database.for_each(file, visit)?)
    }

    /// Lets `change` work on what the file has, or on nothing if it is to be `fresh`, and writes it if that returns
    /// true. Others wait meanwhile.
    pub(super) fn change(
        &self,
        fresh: bool,
        change: impl FnOnce(&mut Ledger) -> bool,
    ) -> Result<(), FileError> {
        let open = || DatabaseFile::open_for_writing(&self.path, self.rules, &mut |_| ());
        let mut file = open()?;
        if file.begin()? {
            file = open()?;
        }
        let mut ledger = Ledger::default();
        if !fresh && !file.is_empty() {
            ledger.database = file.read(&KINDS)?;
        }
        if change(&mut ledger) {
            file.replace(&ledger.database, fresh_uid())?;
        }
        Ok(())
    }
}
