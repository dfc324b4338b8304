//! Classes `hash` and `btree`: Berkeley DB files (MAP-029, MAP-030).

use std::fs::{self, File};

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::bdb::{BdbError, Database};
use crate::files::{self, Refusal, Stamp};
use crate::interpolate;
use crate::traces;

const EXTENSION: &[u8] = b".db";
/// The class whose files are B-trees; the others' are hash files.
const BTREE: &str = "btree";
/// Longest key that is searched, bytes; longer ones are cut (MAP-029).
const MAX_KEY: usize = 256;

/// Shared flags and a file name, with or without `.db`.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(DatabaseMap::default(), errors),
        Err(faulty) => faulty,
    }
}

/// A database file kept open between lookups.
#[derive(Default)]
pub(crate) struct DatabaseMap {
    file: Vec<u8>,
    open: Option<OpenFile>,
    /// Whether keys end in a zero byte, once a hit has told (MAP-009).
    nul: Option<bool>,
}

struct OpenFile {
    file: File,
    stamp: Stamp,
    database: Database,
}

/// The file behind a map: `.db` is added unless it is there.
pub(crate) fn file_name(name: &[u8]) -> Vec<u8> {
    if name.ends_with(EXTENSION) { name.to_vec() } else { [name, EXTENSION].concat() }
}

/// Why a database cannot be used.
#[derive(Debug)]
enum Trouble {
    Refused(Refusal),
    Bad(BdbError),
}

impl Trouble {
    fn trace(&self, env: &mut Env<'_>) {
        env.trace(Category::Maps, 2, || match self {
            Self::Refused(Refusal::Missing(error)) => {
                [b"\tmissing map file: ", &files::reason(error)[..], b"\n"].concat()
            }
            Self::Refused(Refusal::Unsafe(why)) => {
                [b"\tunsafe map file: ", why.as_bytes(), b"\n"].concat()
            }
            Self::Bad(_) => Vec::new(),
        });
    }
}

impl DatabaseMap {
    /// Opens without messages; for class `implicit`.
    pub(crate) fn open_quietly(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        traces::opening("hash", common, env);
        match self.try_open(common, env) {
            Ok(()) => Opening::Ready,
            Err(trouble) => {
                trouble.trace(env);
                Opening::Failed
            }
        }
    }

    fn try_open(&mut self, common: &Common, env: &mut Env<'_>) -> Result<(), Trouble> {
        self.file = file_name(&common.file);
        self.nul = match (common.with_nul, common.without_nul) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        files::check(&self.file, env.settings.blame).map_err(Trouble::Refused)?;
        let open = open_file(&self.file)?;
        if open.database.is_btree() != (common.class == BTREE) {
            return Err(Trouble::Bad(BdbError::Unsupported("kind of another class")));
        }
        self.open = Some(open);
        Ok(())
    }

    /// Opens the file again if it was replaced or rewritten (MAP-026).
    fn refresh(&mut self) -> Result<&OpenFile, Trouble> {
        let current = fs::metadata(files::path(&self.file)).ok().map(|m| Stamp::of(&m));
        let fresh = self.open.as_ref().filter(|open| current.is_none_or(|now| now == open.stamp));
        if fresh.is_none() {
            self.open = Some(open_file(&self.file)?);
        }
        self.open.as_ref().ok_or(Trouble::Bad(BdbError::Unsupported("not open")))
    }

    /// Tries the key with and without a zero byte as the flags or earlier hits say.
    fn find(&mut self, common: &Common, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        if common.with_nul && common.without_nul {
            return Ok(None);
        }
        let key = key.get(..MAX_KEY).unwrap_or(key);
        let nul = self.nul;
        let open = self.refresh()?;
        // a writer holds an exclusive lock for the whole build (MAP-102)
        open.file.lock_shared().map_err(BdbError::Io).map_err(Trouble::Bad)?;
        let found = search(open, key, nul);
        // the lock ends with the descriptor at the latest
        let _ = open.file.unlock();
        let found = found.map_err(Trouble::Bad)?;
        Ok(found.map(|(value, with_nul)| {
            self.nul = self.nul.or(Some(with_nul));
            value
        }))
    }
}

fn search(
    open: &OpenFile,
    key: &[u8],
    nul: Option<bool>,
) -> Result<Option<(Vec<u8>, bool)>, BdbError> {
    if nul != Some(true)
        && let Some(value) = open.database.get(&open.file, key)?
    {
        return Ok(Some((value, false)));
    }
    if nul != Some(false) {
        let terminated = [key, b"\0"].concat();
        if let Some(value) = open.database.get(&open.file, &terminated)? {
            return Ok(Some((value, true)));
        }
    }
    Ok(None)
}

fn open_file(name: &[u8]) -> Result<OpenFile, Trouble> {
    let io = |error| Trouble::Refused(Refusal::Missing(error));
    let file = File::open(files::path(name)).map_err(io)?;
    file.lock_shared().map_err(io)?;
    let stamp = Stamp::of(&file.metadata().map_err(io)?);
    let database = Database::open(&file);
    // the lock ends with the descriptor at the latest
    let _ = file.unlock();
    let database = database.map_err(Trouble::Bad)?;
    if !stamp.size().is_multiple_of(u64::from(database.page_size())) {
        return Err(Trouble::Bad(BdbError::Unsupported("size is no multiple of the page size")));
    }
    Ok(OpenFile { stamp, database, file })
}

impl Class for DatabaseMap {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let trouble = match self.try_open(common, env) {
            Ok(()) => return Opening::Ready,
            Err(trouble) => trouble,
        };
        trouble.trace(env);
        if common.optional {
            return Opening::Absent;
        }
        let text = explain(common, &self.file, &trouble);
        env.error(text);
        Opening::Failed
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        match self.find(common, &common.fold(request.key)) {
            Ok(None) => Answer::MISS,
            Ok(Some(value)) => {
                let value = value.split(|&b| b == 0).next().unwrap_or_default();
                Answer::Found(interpolate::result(common, request.key, value, request.args))
            }
            Err(trouble) => {
                let text = explain(common, &self.file, &trouble);
                env.error(text);
                Answer::tempfail()
            }
        }
    }
}

fn explain(common: &Common, file: &[u8], trouble: &Trouble) -> Vec<u8> {
    let title = title(common);
    match trouble {
        Trouble::Refused(Refusal::Missing(error)) => {
            [&title[..], b": missing map file ", file, b": ", &files::reason(error)].concat()
        }
        Trouble::Refused(Refusal::Unsafe(why)) => {
            [&title[..], b": unsafe map file ", file, b": ", why.as_bytes()].concat()
        }
        Trouble::Bad(BdbError::Unsupported(_)) => {
            let class = common.class.as_bytes();
            [b"Cannot open ", class, b" database ", file, b": Invalid argument"].concat()
        }
        Trouble::Bad(error) => {
            [&title[..], b": file ", file, b": ", error.to_string().as_bytes()].concat()
        }
    }
}
