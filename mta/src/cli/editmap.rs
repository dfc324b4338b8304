//! `editmap`: looks a key up in a database, gives it a value, takes it out (MAP-110).

use mapper::bdb::{DatabaseKind, DatabaseWriter};
use mapper::{DatabaseFile, FileError, FileRules, MakemapOptions, database_file_name};

use super::getopt::Getopt;
use super::map_tools::{Tool, fresh_uid, shown, warn};
use super::print_line;
use crate::sys::errors::describe;

const USAGE: &[u8] =
    b"Usage: editmap [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ \"value ...\" ]";

const EX_UNAVAILABLE: u8 = 69;

/// What is done with the key.
enum Action<'w> {
    Query,
    Update(&'w [u8]),
    Delete,
}

/// `editmap [flags] type mapname key [value]`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let tool = Tool { program: "editmap", usage: USAGE, map: b"", type_name: b"" };
    let mut flags = Getopt::new(b"C:fquxN", words);
    let (mut options, mut configuration) = (MakemapOptions::default(), None);
    let mut actions = Vec::new();
    for flag in flags.by_ref() {
        match flag {
            Ok((b'C', value)) => configuration = Some(value),
            Ok((b'f', _)) => options.keep_case = true,
            Ok((b'N', _)) => options.with_nul = true,
            Ok((letter, _)) => actions.push(letter),
            Err(error) => return tool.misused(Some(error)),
        }
    }
    let (type_name, map, key, action) = match (actions.as_slice(), flags.operands.as_slice()) {
        ([b'q'], [type_name, map, key]) => (type_name, map, key, Action::Query),
        // further values are not looked at (observed)
        ([b'u'], [type_name, map, key, value, ..]) => (type_name, map, key, Action::Update(value)),
        ([b'x'], [type_name, map, key]) => (type_name, map, key, Action::Delete),
        _ => return tool.misused(None),
    };
    let edit = Edit { tool: Tool { map, type_name, ..tool }, options, key, action };
    match edit.run(configuration) {
        Ok(exit) | Err(exit) => exit,
    }
}

struct Edit<'w> {
    tool: Tool<'w>,
    options: MakemapOptions,
    key: &'w [u8],
    action: Action<'w>,
}

impl Edit<'_> {
    fn run(&self, configuration: Option<&[u8]>) -> Result<u8, u8> {
        let settings = self.tool.settings(configuration)?;
        let kinds = self.tool.kinds()?;
        let (file, rules) =
            (database_file_name(self.tool.map), FileRules { create: true, ..settings.rules() });
        let open = match self.action {
            Action::Query => DatabaseFile::open(&file, rules, &mut warn),
            _ => DatabaseFile::open_for_writing(&file, rules, &mut warn),
        };
        let open = open.map_err(|error| self.tool.unusable(&error))?;
        // what the system refuses here does not keep anyone from looking
        let _ = open.give_away();
        match self.action {
            Action::Query => self.query(&open, kinds).map_err(|error| self.tool.unusable(&error)),
            _ => self.change(open, kinds),
        }
    }

    /// The key as messages show it.
    fn shown_key(&self) -> Vec<u8> {
        shown(&self.options.stored_key(self.key)).to_vec()
    }

    fn query(&self, open: &DatabaseFile, kinds: &[DatabaseKind]) -> Result<u8, FileError> {
        let (file, database) = open.database(kinds)?;
        match database.get(file, &self.options.stored_key(self.key))? {
            Some(value) => {
                print_line(shown(&value));
                Ok(0)
            }
            None => {
                let text = [b"couldn't find key ", &self.shown_key()[..], b" in map "];
                Ok(self.tool.failed(EX_UNAVAILABLE, &[&text.concat(), self.tool.map].concat()))
            }
        }
    }

    fn change(&self, open: DatabaseFile, kinds: &[DatabaseKind]) -> Result<u8, u8> {
        let new = kinds.first().copied().unwrap_or_default();
        let database = match open.is_empty() {
            true => Ok(DatabaseWriter::new(new)),
            false => open.read(kinds),
        };
        let mut database = database.map_err(|error| self.tool.unusable(&error))?;
        let key = self.options.stored_key(self.key);
        let mut changed = true;
        match self.action {
            Action::Update(value) => database.put(&key, &self.options.stored_value(value)),
            _ => changed = database.remove(&key),
        }
        if !changed {
            let text = [b"key ", &self.shown_key()[..], b" doesn't exist in map ", self.tool.map];
            self.tool.failed(0, &text.concat());
        }
        // a missing file is made even when there is nothing to be taken out (observed)
        if changed || open.is_empty() {
            let replaced = open.replace(&database, fresh_uid());
            replaced.map_err(|error| self.tool.cannot("updating", &describe(&error)))?;
        }
        Ok(0)
    }
}
