//! Class `stab`: an alias file read into memory (MAP-034).

use std::collections::HashMap;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::alias_file::{self, AliasPart, AliasReader, AliasSeverity};
use crate::files;
use crate::services::{AliasName, Services};

/// Largest alias file that is read, bytes.
const MAX_FILE: usize = 256 << 20;

/// The entries of one file.
#[derive(Default)]
pub(crate) struct Stab {
    entries: HashMap<Vec<u8>, Vec<u8>>,
}

/// Shared flags and a file name.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Stab::default(), errors),
        Err(faulty) => faulty,
    }
}

/// Lets the caller read names.
struct ByServices<'s>(&'s mut dyn Services);

impl AliasReader for ByServices<'_> {
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        self.0.alias_left(line)
    }
}

impl Class for Stab {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let Ok(text) = files::read_bounded(&common.file, MAX_FILE) else {
            return if common.optional { Opening::Absent } else { Opening::Failed };
        };
        let mut reader = ByServices(&mut *env.services);
        let built = alias_file::build(&text, common.append_duplicates, &mut reader);
        for diagnostic in &built.diagnostics {
            let text = diagnostic.render(&common.file);
            match diagnostic.severity {
                AliasSeverity::Error => env.error(text),
                AliasSeverity::Fault => env.user_error("553 5.0.0", text),
                // duplicates are told of only when a database is built (observed)
                AliasSeverity::Warning => {}
            }
        }
        env.message("", built.summary(&common.file));
        self.entries = built.entries.into_iter().map(|e| (e.name, e.value.into_owned())).collect();
        Opening::Ready
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        match self.entries.get(&common.fold(request.key)) {
            Some(value) => Answer::Found(value.clone()),
            None => Answer::MISS,
        }
    }
}
