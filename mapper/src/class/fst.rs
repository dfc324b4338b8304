//! Class `fst`: map files of this program's own type, mapped into memory.

use std::ffi::CString;
use std::fs::File;

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::files::{self, Refusal, Stamp};
use crate::fst_map::{FstError, FstFile};
use crate::interpolate;
use crate::unsafe_mapping::Mapping;

const EXTENSION: &[u8] = b".fst";

/// The file behind a map: `.fst` is added unless it is there.
#[must_use]
pub fn fst_file_name(name: &[u8]) -> Vec<u8> {
    if name.ends_with(EXTENSION) { name.to_vec() } else { [name, EXTENSION].concat() }
}

/// Shared flags and a file name, with or without `.fst`. Keys have no zero byte behind them: `-N` and `-O` make no
/// difference.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(FstMap::default(), errors),
        Err(faulty) => faulty,
    }
}

/// An open file and the state it had when it was opened.
pub(super) struct Mapped {
    pub(super) stamp: Stamp,
    pub(super) file: FstFile<Mapping>,
}

impl Mapped {
    pub(super) fn open(name: &[u8]) -> Result<Self, FstError> {
        let file = File::open(files::path(name))?;
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Self { stamp, file: FstFile::open(Mapping::new(&file)?)? })
    }
}

/// A map file kept open between lookups.
#[derive(Default)]
struct FstMap {
    file: Vec<u8>,
    /// The same for the system.
    path: CString,
    open: Option<Box<Mapped>>,
    /// The round of lookups in which the file was looked at last.
    round: Option<u64>,
    /// The key that was searched last, the round and whether it was found, and its value: rules ask first whether
    /// there is an answer.
    key: Vec<u8>,
    found: Option<(u64, bool)>,
    value: Vec<u8>,
    /// Room for the key that is searched.
    folded: Vec<u8>,
}

/// Why a map cannot be used.
enum Trouble {
    Refused(Refusal),
    Bad(FstError),
}

impl From<FstError> for Trouble {
    fn from(error: FstError) -> Self {
        match error {
            FstError::Io(error) => Self::Refused(Refusal::Missing(error)),
            error => Self::Bad(error),
        }
    }
}

impl FstMap {
    fn try_open(&mut self, common: &Common, env: &mut Env<'_>) -> Result<(), Trouble> {
        self.file = fst_file_name(&common.file);
        self.path = CString::new(&self.file[..]).unwrap_or_default();
        env.check_file(&self.file).map_err(Trouble::Refused)?;
        self.open = Some(Box::new(Mapped::open(&self.file)?));
        Ok(())
    }

    /// Opens the file again if it was replaced or changed; looks at it once a round.
    fn refresh(&mut self, round: u64) -> Result<(), Trouble> {
        if self.round != Some(round) {
            let now = Stamp::now(&self.path);
            if self.open.as_ref().is_some_and(|open| now.is_some_and(|now| now != open.stamp)) {
                self.open = None;
            }
        }
        if self.open.is_none() {
            self.open = Some(Box::new(Mapped::open(&self.file)?));
        }
        self.round = Some(round);
        Ok(())
    }

    /// Looks for a key and puts what is found into `value`.
    fn find(&mut self, common: &Common, key: &[u8], round: u64) -> Result<bool, Trouble> {
        self.folded.clear();
        self.folded.extend_from_slice(key);
        if !common.keep_case {
            self.folded.make_ascii_lowercase();
        }
        if let Some((_, found)) =
            self.found.filter(|(then, _)| *then == round && self.key == self.folded)
        {
            return Ok(found);
        }
        self.found = None;
        std::mem::swap(&mut self.key, &mut self.folded);
        self.refresh(round)?;
        let Some(open) = &self.open else { return Ok(false) };
        let found = open.file.get(&self.key, &mut self.value)?;
        self.found = Some((round, found));
        Ok(found)
    }

    fn explain(&self, common: &Common, trouble: &Trouble) -> Vec<u8> {
        let (what, why) = match trouble {
            Trouble::Refused(Refusal::Missing(error)) => {
                ("missing map file ", files::reason(error))
            }
            Trouble::Refused(Refusal::Unsafe(why)) => ("unsafe map file ", why.as_bytes().to_vec()),
            Trouble::Bad(error) => ("file ", error.to_string().into_bytes()),
        };
        [&title(common)[..], b": ", what.as_bytes(), &self.file, b": ", &why].concat()
    }
}

impl Class for FstMap {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let Err(trouble) = self.try_open(common, env) else { return Opening::Ready };
        let text = self.explain(common, &trouble);
        env.trace(Category::Maps, 2, || [b"\t", &text[..], b"\n"].concat());
        if common.optional {
            return Opening::Absent;
        }
        env.error(text);
        Opening::Failed
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        match self.find(common, request.key, env.round) {
            Ok(true) => {
                Answer::Found(interpolate::result(common, request.key, &self.value, request.args))
            }
            Ok(false) => Answer::MISS,
            Err(trouble) => {
                let text = self.explain(common, &trouble);
                env.error(text);
                Answer::tempfail()
            }
        }
    }

    fn has_none(&mut self, common: &Common, key: &[u8], round: u64) -> bool {
        matches!(self.find(common, key, round), Ok(false))
    }
}
