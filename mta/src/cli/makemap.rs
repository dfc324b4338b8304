//! `makemap`: a database from a text on standard input (MAP-105..MAP-108).

use std::io::Read as _;

use mapper::MakemapOptions;
use mapper::bdb::{Database, DatabaseKind, DatabaseWriter};

use super::aliases::fresh_uid;
use super::{complain, print, print_line};
use crate::sys::config_files;
use crate::sys::errors::describe;

const USAGE: &[u8] =
    b"Usage: makemap [-C cffile] [-N] [-c cachesize] [-D commentchar]\n               \
      [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]\n               \
      [-u] [-v] type mapname";

/// The names of the types, as `-l` lists them.
const TYPES: [(&[u8], &[u8], DatabaseKind); 3] = [
    (b"hash", b"db", DatabaseKind::Hash),
    (b"btree", b"db", DatabaseKind::Btree),
    (b"implicit", b"", DatabaseKind::Hash),
];

/// Largest source text, bytes.
const MAX_SOURCE: u64 = 1 << 30;

const EX_USAGE: u8 = 64;
const EX_CANTCREAT: u8 = 73;
const EX_IOERR: u8 = 74;

/// What the command line asks for.
struct Request {
    options: MakemapOptions,
    /// `-o`: to what is there already.
    append: bool,
    dump: bool,
    list: bool,
    /// `-x`: lists the types with the ends of their files' names.
    extensions: bool,
    verbose: bool,
    operands: Vec<Vec<u8>>,
}

/// `makemap [flags] type mapname`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let Some(request) = parse(words) else {
        complain(USAGE);
        return EX_USAGE;
    };
    if request.list || request.extensions {
        for (name, extension, _) in TYPES {
            match request.list {
                true => print_line(name),
                false => print_line(&[name, b":", extension].concat()),
            }
        }
        return 0;
    }
    let [type_name, name] = request.operands.as_slice() else {
        complain(USAGE);
        return EX_USAGE;
    };
    let failed = |reason: &str| {
        let head = [b"makemap: error opening type ", &type_name[..], b" map ", name, b": "];
        complain(&[&head.concat(), reason.as_bytes()].concat());
        EX_CANTCREAT
    };
    let Some((_, _, kind)) = TYPES.iter().find(|(known, ..)| *known == type_name.as_slice()) else {
        return failed("Unknown database type");
    };
    let path = match name.ends_with(b".db") {
        true => name.clone(),
        false => [name, &b".db"[..]].concat(),
    };
    if request.dump {
        let visit = &mut |key: &[u8], value: &[u8]| print(&[key, b"\t", value, b"\n"].concat());
        return for_each(&path, visit).map_or_else(|reason| failed(&reason), |()| 0);
    }
    let mut text = Vec::new();
    if std::io::stdin().lock().take(MAX_SOURCE).read_to_end(&mut text).is_err() {
        return EX_IOERR;
    }
    let mut database = DatabaseWriter::new(*kind);
    if request.append {
        let visit = &mut |key: &[u8], value: &[u8]| database.replace(key.to_vec(), value.to_vec());
        if let Err(reason) = for_each(&path, visit) {
            return failed(&reason);
        }
    } else if let Err(error) = mapper::write_database(&path, &database, fresh_uid()) {
        // That it cannot be written is told before what is wrong with the text.
        return failed(&describe(&error));
    }
    let report = mapper::makemap(name, &text, &request.options, &mut database);
    if request.verbose {
        for (key, value) in &report.entries {
            print_line(&[b"key=`", &key[..], b"', val=`", value, b"'"].concat());
        }
    }
    report.errors.iter().for_each(|error| complain(error));
    match mapper::write_database(&path, &database, fresh_uid()) {
        Ok(()) => report.exit,
        Err(error) => failed(&describe(&error)),
    }
}

/// Reads flags and operands; `None` for wrong use.
fn parse(words: &[Vec<u8>]) -> Option<Request> {
    let mut request = Request {
        options: MakemapOptions::default(),
        append: false,
        dump: false,
        list: false,
        extensions: false,
        verbose: false,
        operands: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix(b"-").filter(|rest| !rest.is_empty()) else {
            request.operands.push(word.clone());
            request.operands.extend(words.cloned());
            break;
        };
        let mut letters = letters.iter();
        while let Some(letter) = letters.next() {
            let options = &mut request.options;
            match letter {
                b'N' => options.with_nul = true,
                b'e' => options.allow_empty = true,
                b'f' => options.keep_case = true,
                b'r' => options.replace = true,
                b'u' => request.dump = true,
                b'l' => request.list = true,
                b'x' => request.extensions = true,
                b'v' => request.verbose = true,
                b'o' => request.append = true,
                // Duplicate keys are not kept, and unsafe directories are no question here.
                b'd' | b's' => {}
                b'C' | b'c' | b'D' | b'i' | b't' => {
                    let rest = letters.as_slice();
                    let value = if rest.is_empty() { words.next()?.as_slice() } else { rest };
                    match letter {
                        b'D' => options.comment = *value.first()?,
                        b't' => options.delimiter = Some(*value.first()?),
                        _ => {}
                    }
                    break;
                }
                _ => return None,
            }
        }
    }
    Some(request)
}

/// Calls `visit` with every key and value of a database.
fn for_each(path: &[u8], visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), String> {
    let bytes = config_files::read_regular(path).map_err(|error| match error {
        config_files::ConfigFileError::Io(error) => describe(&error),
        other => other.to_string(),
    })?;
    let database = Database::open(&bytes[..]).map_err(|error| error.to_string())?;
    database.for_each(&bytes[..], visit).map_err(|error| error.to_string())
}
