//! `makemap`: a database from a text on standard input (MAP-105..MAP-109).

use std::io::{self, Write as _};

use mapper::bdb::{DatabaseKind, DatabaseWriter};
use mapper::{
    DatabaseFile, FileError, FileRules, MakemapEvent, MakemapOptions, database_file_name,
};

use super::getopt::{FlagError, Getopt};
use super::map_tools::{EX_IOERR, Tool, fresh_uid, shown, types, warn};
use super::{complain, makemap_fst, print_line};
use crate::sys::errors::describe;

const USAGE: &[u8] =
    b"Usage: makemap [-C cffile] [-N] [-c cachesize] [-D commentchar]\n               \
      [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]\n               \
      [-u] [-v] type mapname";

/// What the command line asks for.
#[derive(Default)]
pub(super) struct Request<'w> {
    pub(super) options: MakemapOptions,
    pub(super) configuration: Option<&'w [u8]>,
    /// `-d`: the database keeps duplicates.
    pub(super) duplicates: bool,
    /// `-o`: to what is there already.
    pub(super) append: bool,
    /// `-s`: links are no question.
    pub(super) links: bool,
    pub(super) dump: bool,
    pub(super) verbose: bool,
    /// `-T`, of type `fst` only: the source is read as a map of class `text` with these flags reads it.
    pub(super) text: Option<&'w [u8]>,
}

/// The type whose files only this program knows.
const FST: &[u8] = b"fst";

/// `makemap [flags] type mapname`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let tool = Tool { program: "makemap", usage: USAGE, map: b"", type_name: b"" };
    let mut flags = Getopt::new(b"C:D:NT:c:defi:lorst:uvx", words);
    let mut request = Request::default();
    for flag in flags.by_ref() {
        match flag {
            Ok((letter @ (b'l' | b'x'), _)) => return list(letter == b'x'),
            Ok((letter, value)) => request.take(letter, value),
            Err(error) => return tool.misused(Some(error)),
        }
    }
    let [type_name, map] = flags.operands.as_slice() else { return tool.misused(None) };
    match request.run(&Tool { map, type_name, ..tool }) {
        Ok(exit) | Err(exit) => exit,
    }
}

/// `-l` and, with the ends of files' names, `-x`.
fn list(extensions: bool) -> u8 {
    for one in types() {
        let extension = format!(":{}", one.extension);
        print_line(&[one.name, if extensions { extension.as_bytes() } else { b"" }].concat());
    }
    0
}

/// Tells what becomes of a line: complaints, and with `-v` entries.
pub(super) fn tell(event: MakemapEvent<'_>, verbose: bool, out: &mut dyn io::Write) {
    match event {
        MakemapEvent::Refused(text) => complain(&text),
        MakemapEvent::Entry { key, value } if verbose => {
            // a closed standard output is not our trouble
            let _ = out.write_all(&[b"key=`", key, b"', val=`", value, b"'\n"].concat());
        }
        MakemapEvent::Entry { .. } => {}
    }
}

impl<'w> Request<'w> {
    fn take(&mut self, letter: u8, value: &'w [u8]) {
        let options = &mut self.options;
        match letter {
            b'C' => self.configuration = Some(value),
            b'D' => options.comment = value.first().copied().unwrap_or(0),
            b'N' => options.with_nul = true,
            b'T' => self.text = Some(value),
            b'd' => self.duplicates = true,
            b'e' => options.allow_empty = true,
            b'f' => options.keep_case = true,
            b'o' => self.append = true,
            b'r' => options.replace = true,
            b's' => self.links = true,
            b't' if value.is_empty() => complain(b"Invalid separator"),
            b't' => options.delimiter = value.first().copied(),
            b'u' => self.dump = true,
            b'v' => self.verbose = true,
            // `-c`: there is no cache to be sized; `-i`: no type that is missing has a stand-in.
            _ => {}
        }
    }

    fn run(&self, tool: &Tool<'_>) -> Result<u8, u8> {
        match (tool.type_name == FST, self.text) {
            (true, _) => return makemap_fst::run(self, tool),
            (false, Some(_)) => return Err(tool.misused(Some(FlagError::Unknown(b'T')))),
            (false, None) => {}
        }
        let settings = tool.settings(self.configuration)?;
        let kinds = tool.kinds()?;
        let file = database_file_name(tool.map);
        let rules = FileRules { links: self.links, create: !self.append, ..settings.rules() };
        if self.dump {
            let opened = DatabaseFile::open(&file, rules, &mut warn);
            return opened
                .and_then(|open| self.print(&open, kinds))
                .map_err(|error| tool.unusable(&error));
        }
        let open = DatabaseFile::open_for_writing(&file, rules, &mut warn);
        let open = open.map_err(|error| tool.unusable(&error))?;
        let mut database = self.start(&open, kinds).map_err(|error| tool.unusable(&error))?;
        let exit = self.fill(tool, &mut database)?;
        match open.replace(&database, fresh_uid()) {
            Ok(()) => Ok(exit),
            Err(error) => Err(tool.cannot("writing", &describe(&error))),
        }
    }

    /// The database to begin with: empty, or with `-o` what is there.
    fn start(
        &self,
        open: &DatabaseFile,
        kinds: &[DatabaseKind],
    ) -> Result<DatabaseWriter, FileError> {
        if !self.append {
            let new = kinds.first().copied().unwrap_or_default();
            return Ok(match self.duplicates {
                true => DatabaseWriter::with_duplicates(new),
                false => DatabaseWriter::new(new),
            });
        }
        let read = open.read(kinds)?;
        match self.duplicates && !read.keeps_duplicates() {
            true => Err(FileError::NotDatabase),
            false => Ok(read),
        }
    }

    fn fill(&self, tool: &Tool<'_>, database: &mut DatabaseWriter) -> Result<u8, u8> {
        let mut options = self.options.clone();
        options.replace |= self.duplicates;
        let mut source = io::stdin().lock();
        let mut out = io::BufWriter::new(io::stdout().lock());
        let mut tell = |event: MakemapEvent<'_>| tell(event, self.verbose, &mut out);
        let filled = mapper::makemap(tool.map, &mut source, &options, database, &mut tell);
        filled.map_err(|error| tool.failed(EX_IOERR, describe(&error).as_bytes()))
    }

    /// `-u`: what stands in the file.
    fn print(&self, open: &DatabaseFile, kinds: &[DatabaseKind]) -> Result<u8, FileError> {
        let (file, database) = open.database(kinds)?;
        if self.duplicates && !database.keeps_duplicates() {
            return Err(FileError::NotDatabase);
        }
        let delimiter = self.options.delimiter.unwrap_or(b'\t');
        let mut out = io::BufWriter::new(io::stdout().lock());
        let mut closed = Ok(());
        database.for_each(file, &mut |key, value| {
            if closed.is_ok() {
                let line = [shown(key), &[delimiter], shown(value), b"\n"].concat();
                closed = out.write_all(&line);
            }
        })?;
        Ok(0)
    }
}
