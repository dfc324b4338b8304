//! Classes `hash` and `btree`: Berkeley DB files (MAP-029, MAP-030).

use hashbrown::HashMap;
use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::bdb::{BdbError, CachedFile, Database, ReadAt};
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
    open: Option<Box<OpenFile>>,
    /// Whether keys end in a zero byte, once a hit has told (MAP-009).
    nul: Option<bool>,
    /// The round of lookups in which the file was looked at last.
    round: Option<u64>,
}

struct OpenFile {
    file: CachedFile,
    stamp: Stamp,
    /// A later change shows in the stamp: what was read may be kept.
    settled: bool,
    database: Database,
    /// What was found for the last keys.
    recent: Recent,
}

/// Values by keys, as they stand in the file with or without a zero byte.
type Recent = HashMap<Vec<u8>, Option<(Vec<u8>, bool)>>;

/// How many are kept; when there are more, all are forgotten.
const RECENT: usize = 1024;
/// Longest key and value of those, bytes.
const RECENT_BYTES: usize = 256;

/// How old a change must be for the next one to have another time for sure.
const SETTLED: Duration = Duration::from_millis(100);

/// Whether the next change of a file is sure to have another time.
fn is_settled(stamp: &Stamp) -> bool {
    SystemTime::now().duration_since(stamp.modified()).is_ok_and(|age| age > SETTLED)
}

impl OpenFile {
    fn keep(&mut self, key: &[u8], found: &Option<(Vec<u8>, bool)>) {
        let bytes = found.as_ref().map_or(0, |(value, _)| value.len()).max(key.len());
        if !self.settled || bytes > RECENT_BYTES {
            return;
        }
        if self.recent.len() >= RECENT {
            self.recent.clear();
        }
        self.recent.insert(key.to_vec(), found.clone());
    }
}

/// A file that is locked from the first page on that is not in memory: a writer holds an exclusive
/// lock for the whole build (MAP-102).
struct Locked<'a> {
    file: &'a CachedFile,
    held: Cell<bool>,
}

impl Locked<'_> {
    fn lock(&self) -> io::Result<()> {
        if !self.held.get() {
            self.file.file().lock_shared()?;
            self.held.set(true);
        }
        Ok(())
    }
}

impl ReadAt for Locked<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.lock()?;
        self.file.read_at(offset, buffer)
    }

    fn page(&self, offset: u64, length: usize) -> io::Result<Arc<[u8]>> {
        if let Some(page) = self.file.kept(offset, length) {
            return Ok(page);
        }
        self.lock()?;
        self.file.page(offset, length)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.held.get() {
            // The lock ends with the descriptor at the latest.
            let _ = self.file.file().unlock();
        }
    }
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
        self.open = Some(Box::new(open));
        Ok(())
    }

    /// Opens the file again if it was replaced or rewritten (MAP-026); looks once a round.
    fn refresh(&mut self, round: u64) -> Result<&mut OpenFile, Trouble> {
        if self.round != Some(round) || self.open.is_none() {
            let current = fs::metadata(files::path(&self.file)).ok().map(|m| Stamp::of(&m));
            let same = |open: &&OpenFile| current.is_none_or(|now| now == open.stamp);
            match self.open.as_deref().filter(same) {
                Some(open) if open.settled => {}
                Some(_) => {
                    if let Some(open) = &mut self.open {
                        open.file.forget();
                        open.recent.clear();
                        open.settled = is_settled(&open.stamp);
                    }
                }
                None => self.open = Some(Box::new(open_file(&self.file)?)),
            }
            self.round = Some(round);
        }
        self.open.as_deref_mut().ok_or(Trouble::Bad(BdbError::Unsupported("not open")))
    }

    /// Tries the key with and without a zero byte as the flags or earlier hits say.
    fn find(
        &mut self,
        common: &Common,
        key: &[u8],
        round: u64,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        if common.with_nul && common.without_nul {
            return Ok(None);
        }
        let key = key.get(..MAX_KEY).unwrap_or(key);
        let nul = self.nul;
        let open = self.refresh(round)?;
        let found = match open.recent.get(key) {
            Some(found) => found.clone(),
            None => {
                let found = search(open, key, nul).map_err(Trouble::Bad)?;
                open.keep(key, &found);
                found
            }
        };
        let Some((value, with_nul)) = found else { return Ok(None) };
        if nul.is_none() {
            // From now on keys are looked for in this form only.
            open.recent.clear();
            self.nul = Some(with_nul);
        }
        Ok(Some(value))
    }
}

fn search(
    open: &OpenFile,
    key: &[u8],
    nul: Option<bool>,
) -> Result<Option<(Vec<u8>, bool)>, BdbError> {
    let source = Locked { file: &open.file, held: Cell::new(false) };
    if nul != Some(true)
        && let Some(value) = open.database.get(&source, key)?
    {
        return Ok(Some((value, false)));
    }
    if nul != Some(false) {
        let terminated = [key, b"\0"].concat();
        if let Some(value) = open.database.get(&source, &terminated)? {
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
    let settled = is_settled(&stamp);
    Ok(OpenFile { stamp, settled, database, file: CachedFile::new(file), recent: Recent::new() })
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
        match self.find(common, &common.fold(request.key), env.round) {
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
