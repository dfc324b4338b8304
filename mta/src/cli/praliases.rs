//! `praliases`: the contents of an alias database.

use mapper::bdb::Database;

use super::{complain, print_line};
use crate::sys::config_files;

/// The database shown without `-f`.
const DEFAULT_FILE: &[u8] = b"/etc/mail/aliases";

/// `praliases [-f file] [name...]`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let (file, names) = match words {
        [flag, file, names @ ..] if flag.as_slice() == b"-f" => (file.as_slice(), names),
        names => (DEFAULT_FILE, names),
    };
    let path = [file, b".db"].concat();
    let entries = match entries(&path) {
        Ok(entries) => entries,
        Err(reason) => {
            complain(&[b"praliases: ", &path[..], b": open: ", reason.as_bytes()].concat());
            return 1;
        }
    };
    if names.is_empty() {
        entries.iter().for_each(|(key, value)| print_line(&[&key[..], b":", value].concat()));
    }
    let mut exit = 0;
    for name in names {
        match entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            Some((key, value)) => print_line(&[&key[..], b":", value].concat()),
            None => {
                print_line(&[&name[..], b": No such key"].concat());
                exit = 1;
            }
        }
    }
    exit
}

/// An alias and its value.
type Entry = (Vec<u8>, Vec<u8>);

/// Keys and values of a database, without the zero byte behind each.
fn entries(path: &[u8]) -> Result<Vec<Entry>, String> {
    let bytes = config_files::read_regular(path).map_err(|error| error.to_string())?;
    let database = Database::open(&bytes[..]).map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
    let mut entries = Vec::new();
    database
        .for_each(&bytes[..], &mut |key, value| entries.push((text(key), text(value))))
        .map_err(|error| error.to_string())?;
    Ok(entries)
}
