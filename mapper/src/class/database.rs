//! Classes `hash` and `btree`: Berkeley DB files (MAP-029, MAP-030).

use std::cell::Cell;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cf_parser::debug::Category;

use super::buckets::{Buckets, Where};
use super::recent::Recent;
use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::bdb::{BdbError, CachedFile, Database, HashedKey, ReadAt};
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
    /// The same for the system.
    path: CString,
    open: Option<Box<OpenFile>>,
    /// The form of keys, once a hit has told (MAP-009).
    form: Option<Form>,
    /// The round of lookups in which the file was looked at last.
    round: Option<u64>,
    /// Room for the key that is searched, and for what is found.
    room: Vec<u8>,
    value: Vec<u8>,
    /// Whether these are a key of this round, as it came, and its value: who asks whether there is one asks for
    /// it next.
    fits: bool,
}

struct OpenFile {
    file: CachedFile,
    stamp: Stamp,
    /// A later change shows in the stamp: what was read may be kept.
    settled: bool,
    database: Database,
    /// What was found for the last keys.
    recent: Recent,
    /// Which keys its buckets have.
    buckets: Buckets,
}

/// In which form keys stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As they are.
    Bare,
    /// With a zero byte behind them.
    Terminated,
}

/// How old a change must be for the next one to have another time for sure.
const SETTLED: Duration = Duration::from_millis(100);

/// Whether the next change of a file is sure to have another time.
fn is_settled(stamp: &Stamp) -> bool {
    SystemTime::now().duration_since(stamp.modified()).is_ok_and(|age| age > SETTLED)
}

/// A file that is locked from the first page on that is not in memory: a writer holds an exclusive
/// lock for the whole build (MAP-102). If one has been there meanwhile, no page is read: what is in memory
/// would not go with it.
struct Locked<'a> {
    file: &'a CachedFile,
    stamp: Stamp,
    held: Cell<bool>,
}

impl<'a> Locked<'a> {
    fn new(open: &'a OpenFile) -> Self {
        Self { file: &open.file, stamp: open.stamp, held: Cell::new(false) }
    }

    fn lock(&self) -> io::Result<()> {
        if !self.held.get() {
            let file = self.file.file();
            file.lock_shared()?;
            self.held.set(true);
            if Stamp::of(&file.metadata()?) != self.stamp {
                return Err(CHANGED.into());
            }
        }
        Ok(())
    }
}

/// The error of a file that is not any more what was opened; the system's own for one that a server of
/// files has lost.
const CHANGED: io::ErrorKind = io::ErrorKind::StaleNetworkFileHandle;

/// Whether a file must be opened again.
fn has_changed<T>(result: &Result<T, BdbError>) -> bool {
    matches!(result, Err(BdbError::Io(error)) if error.kind() == CHANGED)
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
#[must_use]
pub fn database_file_name(name: &[u8]) -> Vec<u8> {
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
        self.file = database_file_name(&common.file);
        self.path = CString::new(&self.file[..]).unwrap_or_default();
        self.form = match (common.with_nul, common.without_nul) {
            (true, false) => Some(Form::Terminated),
            (false, true) => Some(Form::Bare),
            _ => None,
        };
        env.check_file(&self.file).map_err(Trouble::Refused)?;
        let open = open_file(&self.file)?;
        if open.database.is_btree() != (common.class == BTREE) {
            return Err(Trouble::Bad(BdbError::Unsupported("kind of another class")));
        }
        self.open = Some(Box::new(open));
        Ok(())
    }

    /// Opens the file again if it was replaced or rewritten (MAP-026); looks once a round.
    #[inline(always)]
    fn refresh(&mut self, round: u64) -> Result<(), Trouble> {
        if self.round == Some(round) && self.open.is_some() {
            return Ok(());
        }
        self.look_at_file(round)
    }

    fn look_at_file(&mut self, round: u64) -> Result<(), Trouble> {
        let current = Stamp::now(&self.path);
        let same = |open: &&mut OpenFile| current.is_none_or(|now| now == open.stamp);
        match self.open.as_deref_mut().filter(same) {
            Some(open) if open.settled => {}
            Some(open) => {
                open.file.forget();
                open.recent.clear();
                open.buckets.clear();
                open.settled = is_settled(&open.stamp);
            }
            None => self.open = Some(Box::new(open_file(&self.file)?)),
        }
        self.round = Some(round);
        self.fits = false;
        Ok(())
    }

    /// Lets `use_value` make something of what the file has for a key, which is tried with and without a
    /// zero byte as the flags or earlier hits say.
    fn ask<T>(
        &mut self,
        common: &Common,
        key: &[u8],
        round: u64,
        use_value: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T, Trouble> {
        if common.with_nul && common.without_nul {
            return Ok(use_value(None));
        }
        self.refresh(round)?;
        if self.fits && self.room.split_last().is_some_and(|(_, last)| last == key) {
            return Ok(use_value(Some(&self.value)));
        }
        self.fits = false;
        let Some(open) = &mut self.open else {
            return Err(Trouble::Bad(BdbError::Unsupported("not open")));
        };
        let key = searched(&mut self.room, common, key);
        if let Some(found) = open.recent.get(key.bare) {
            return Ok(use_value(found));
        }
        let places = open.places(key, self.form);
        if (places.bare, places.terminated) == (Where::Nowhere, Where::Nowhere) {
            return Ok(use_value(None));
        }
        let mut found = search(open, key, places, &mut self.value);
        if has_changed(&found) {
            **open = open_file(&self.file)?;
            found = search(open, key, open.places(key, self.form), &mut self.value);
        }
        let (found, pages) = found.map_err(Trouble::Bad)?;
        if let (None, Some(form)) = (self.form, found) {
            // From now on keys are looked for in this form only.
            open.recent.clear();
            self.form = Some(form);
        }
        self.fits = found.is_some();
        let value = found.map(|_| &self.value[..]);
        if open.settled {
            open.recent.keep(key.bare, value);
            // what keys stand in a page is worth knowing when it is asked again
            if value.is_none() || pages == Pages::Kept {
                open.learn(key, self.form);
            }
        }
        Ok(use_value(value))
    }
}

/// A key as it is searched.
#[derive(Clone, Copy)]
struct Searched<'k> {
    bare: HashedKey<'k>,
    /// The same with a zero byte.
    terminated: &'k [u8],
}

/// Makes a key in `room`: cut, in lower case unless `-f`.
fn searched<'k>(room: &'k mut Vec<u8>, common: &Common, key: &[u8]) -> Searched<'k> {
    let key = key.get(..MAX_KEY).unwrap_or(key);
    room.clear();
    room.extend_from_slice(key);
    if !common.keep_case {
        room.make_ascii_lowercase();
    }
    room.push(0);
    let bare = HashedKey::new(room.get(..key.len()).unwrap_or_default());
    Searched { bare, terminated: room }
}

impl<'k> Searched<'k> {
    /// With a zero byte.
    #[inline]
    fn terminated(&self) -> HashedKey<'k> {
        self.bare.extended(self.terminated)
    }
}

/// What is known of where a key is, in each of its forms.
#[derive(Clone, Copy)]
struct Places {
    bare: Where,
    terminated: Where,
}

/// What a search has read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// Pages that were in memory.
    Kept,
    /// Others as well.
    Read,
}

impl OpenFile {
    /// What is known of a key; forms that are not searched are nowhere.
    #[inline]
    fn places(&self, key: Searched<'_>, form: Option<Form>) -> Places {
        let place = |key: HashedKey<'_>| match self.database.bucket_of(key.hash()) {
            Some(bucket) => self.buckets.find(bucket, key.hash()),
            None => Where::Unknown,
        };
        Places {
            bare: if form == Some(Form::Terminated) { Where::Nowhere } else { place(key.bare) },
            terminated: match form {
                Some(Form::Bare) => Where::Nowhere,
                _ => place(key.terminated()),
            },
        }
    }

    /// Takes in which keys the file has where this one is or is not.
    fn learn(&mut self, key: Searched<'_>, form: Option<Form>) {
        let bare = (form != Some(Form::Terminated)).then_some(key.bare);
        let terminated = (form != Some(Form::Bare)).then(|| key.terminated());
        for key in bare.into_iter().chain(terminated) {
            let bucket = self.database.bucket_of(key.hash());
            let Some(bucket) = bucket.filter(|bucket| self.buckets.has_room(*bucket)) else {
                continue;
            };
            let hashes = self.database.hashes(&Locked::new(self), bucket);
            if let Ok(hashes) = hashes {
                self.buckets.learn(bucket, &hashes);
            }
        }
    }
}

/// In which form the file has a key, and what was read for it.
type Found = (Option<Form>, Pages);

/// Puts what the file has for a key into `value`.
fn search(
    open: &OpenFile,
    key: Searched<'_>,
    places: Places,
    value: &mut Vec<u8>,
) -> Result<Found, BdbError> {
    let source = Locked::new(open);
    let mut has = |key, place| match place {
        Where::Nowhere => Ok(false),
        Where::Unknown => open.database.get_hashed(&source, key, None, value),
        Where::At(pair) => open.database.get_hashed(&source, key, Some(pair), value),
    };
    let found = if has(key.bare, places.bare)? {
        Some(Form::Bare)
    } else if places.terminated != Where::Nowhere && has(key.terminated(), places.terminated)? {
        Some(Form::Terminated)
    } else {
        None
    };
    let pages = if source.held.get() { Pages::Read } else { Pages::Kept };
    Ok((found, pages))
}

/// The answer for the value found, which ends where a zero byte is.
fn answer(common: &Common, request: Request<'_>, found: Option<&[u8]>) -> Answer {
    let Some(value) = found else { return Answer::MISS };
    let value = value.split(|&b| b == 0).next().unwrap_or_default();
    Answer::Found(interpolate::result(common, request.key, value, request.args))
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
    let buckets = Buckets::new(database.buckets());
    Ok(OpenFile {
        stamp,
        settled,
        database,
        file: CachedFile::new(file),
        recent: Recent::default(),
        buckets,
    })
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
        let answer = |found: Option<&[u8]>| answer(common, request, found);
        match self.ask(common, request.key, env.round, answer) {
            Ok(answer) => answer,
            Err(trouble) => {
                let text = explain(common, &self.file, &trouble);
                env.error(text);
                Answer::tempfail()
            }
        }
    }

    fn has_none(&mut self, common: &Common, key: &[u8], round: u64) -> bool {
        matches!(self.ask(common, key, round, |found| found.is_none()), Ok(true))
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
