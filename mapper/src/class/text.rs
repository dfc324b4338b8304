//! Class `text`: a file of columns (MAP-035, MAP-113).
//!
//! It is asked in memory; or, where `makemap fst` has made a file of the text as it is now, and of the same columns,
//! beside it, that file is asked, which takes no memory.

use std::ffi::CString;
use std::fs::File;
use std::io;

use cf_parser::debug::Category;

use super::fst::{Mapped, fst_file_name};
use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::answer::EX_NOTFOUND;
use crate::column_index::ColumnIndex;
use crate::columns::{Columns, shortened};
use crate::files::{self, Refusal, Stamp};
use crate::fst_map::FstFile;
use crate::interpolate;
use crate::settings::Settings;
use crate::unsafe_mapping::Mapping;

/// Largest text map that is read, bytes.
const MAX_FILE: usize = 1 << 30;

#[derive(Default)]
struct Text {
    columns: Columns,
    /// The file, and the one that may have been made of it, for the system.
    paths: [CString; 2],
    loaded: Option<Loaded>,
    /// The round of lookups in which the files were looked at last.
    round: Option<u64>,
    /// Room for what is found.
    value: Vec<u8>,
}

/// What is asked, and the state of both files when it was loaded.
struct Loaded {
    stamps: [Option<Stamp>; 2],
    source: Source,
}

enum Source {
    /// The text in memory.
    Text(ColumnIndex),
    /// The file that was made of it.
    Compiled(FstFile<Mapping>),
}

/// Shared flags and a file name; `-k`, `-v` columns, `-z` delimiter.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Text::default(), errors),
        Err(faulty) => faulty,
    }
}

impl Text {
    fn try_open(&mut self, common: &Common, env: &mut Env<'_>) -> Result<(), Vec<u8>> {
        let title = title(common);
        let file = &common.file;
        if file.first() != Some(&b'/') {
            return Err([&title[..], b": file name must be fully qualified"].concat());
        }
        // whatever the reason (observed)
        env.check_file(file).map_err(|refusal| {
            env.trace(Category::Maps, 2, || {
                let number = match &refusal {
                    Refusal::Missing(error) => error.raw_os_error().unwrap_or(0),
                    Refusal::Unsafe(_) => 0,
                };
                format!("\tunsafe map file: {number}\n").into_bytes()
            });
            [&title[..], b": unsafe map file ", file].concat()
        })?;
        self.columns = Columns::of(common).map_err(|error| {
            [&title[..], b", file ", file, b": ", error.to_string().as_bytes()].concat()
        })?;
        self.paths =
            [file, &fst_file_name(file)].map(|name| CString::new(&name[..]).unwrap_or_default());
        env.trace(Category::Maps, 2, || {
            let delimiter = common.delimiter.map_or(b"(white space)".to_vec(), |byte| vec![byte]);
            let head = [&b"text_map_open("[..], &common.name, b", ", &file[..], b"): delimiter = "];
            [&head.concat()[..], &delimiter, b"\n"].concat()
        });
        Ok(())
    }

    /// Loads the files again if they have changed. The text is looked at for every lookup, as in sendmail; the other
    /// one once a round.
    fn refresh(&mut self, common: &Common, env: &Env<'_>) -> io::Result<()> {
        let [text, compiled] = &self.paths;
        let known = self.loaded.as_ref().filter(|_| self.round == Some(env.round));
        let compiled = match known {
            Some(loaded) => loaded.stamps[1],
            None => Stamp::now(compiled),
        };
        let stamps = [Stamp::now(text), compiled];
        self.round = Some(env.round);
        if self.loaded.as_ref().is_some_and(|loaded| loaded.stamps == stamps && stamps[0].is_some())
        {
            return Ok(());
        }
        self.loaded = None;
        let compiled = stamps[0].and_then(|source| self.compiled(common, &source, env.settings));
        self.loaded = Some(match compiled {
            Some(file) => Loaded { stamps, source: Source::Compiled(file) },
            None => self.text(&common.file, stamps)?,
        });
        Ok(())
    }

    /// The file that makemap has made of this text as it is now, if there is one that may be used.
    fn compiled(
        &self,
        common: &Common,
        source: &Stamp,
        settings: &Settings,
    ) -> Option<FstFile<Mapping>> {
        let name = fst_file_name(&common.file);
        files::check(&name, settings, &mut Vec::new()).ok()?;
        let file = Mapped::open(&name).ok()?.file;
        file.is_of(self.columns, source.source()).then_some(file)
    }

    /// The text itself.
    fn text(&self, name: &[u8], stamps: [Option<Stamp>; 2]) -> io::Result<Loaded> {
        let open = File::open(files::path(name))?;
        let stamps = [Some(Stamp::of(&open.metadata()?)), stamps[1]];
        let index = ColumnIndex::build(files::read_open(&open, MAX_FILE)?, self.columns);
        Ok(Loaded { stamps, source: Source::Text(index) })
    }

    /// Puts the value of a key into `value`; says whether there is one.
    fn find(&mut self, common: &Common, key: &[u8], env: &Env<'_>) -> io::Result<bool> {
        self.refresh(common, env)?;
        let stamps = match &self.loaded {
            Some(Loaded { source: Source::Text(index), .. }) => {
                return Ok(copy(index.get(key), &mut self.value));
            }
            Some(Loaded { source: Source::Compiled(file), stamps }) => {
                match file.get(&key.to_ascii_lowercase(), &mut self.value) {
                    Ok(found) => return Ok(found),
                    // what it was made of is still there
                    Err(_) => *stamps,
                }
            }
            None => return Ok(false),
        };
        let text = self.text(&common.file, stamps)?;
        let Source::Text(index) = &self.loaded.insert(text).source else { return Ok(false) };
        Ok(copy(index.get(key), &mut self.value))
    }
}

/// Puts what was found into `room`; says whether something was.
fn copy(found: Option<&[u8]>, room: &mut Vec<u8>) -> bool {
    room.clear();
    room.extend_from_slice(found.unwrap_or_default());
    found.is_some()
}

impl Class for Text {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        match self.try_open(common, env) {
            Ok(()) => Opening::Ready,
            Err(_) if common.optional => Opening::Absent,
            Err(text) => {
                env.error(text);
                Opening::Failed
            }
        }
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        // every lookup warns of the directories anew (observed)
        if env.settings.blame.map_in_unsafe_dir_path && env.check_file(&common.file).is_err() {
            return Answer::tempfail();
        }
        match self.find(common, shortened(request.key), env) {
            Ok(true) => {
                Answer::Found(interpolate::result(common, request.key, &self.value, request.args))
            }
            Ok(false) => Answer::NotFound { exit: EX_NOTFOUND },
            Err(_) => Answer::tempfail(),
        }
    }
}
