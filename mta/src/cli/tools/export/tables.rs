//! The tables and alias files of a configuration, read.

use mapper::MapDescription;
use mapper::bdb::Database;
use workbench::export::recognise::TABLES;
use workbench::export::site::AliasText;
use workbench::export::table::{Contents, Entry, Table, of_database, read_columns, read_source};

use super::super::subject::Loaded;
use crate::sys::config_files;

/// Classes whose files have entries that can be listed.
const LISTED: [&str; 5] = ["hash", "btree", "implicit", "text", "fst"];

/// All tables that features have.
pub(super) fn read(loaded: &Loaded) -> Vec<Table> {
    let maps = loaded.reading.maps.descriptions();
    let wanted = maps.iter().filter(|map| {
        TABLES.iter().any(|(name, _)| name.as_bytes().eq_ignore_ascii_case(&map.name))
    });
    wanted.map(|map| table(map, loaded)).collect()
}

fn table(map: &MapDescription, loaded: &Loaded) -> Table {
    let given = loaded.facts().maps.iter().find(|(name, _)| name.eq_ignore_ascii_case(&map.name));
    if let Some((_, entries)) = given {
        let entries = entries.iter().map(|(key, value)| Entry {
            key: key.to_ascii_lowercase(),
            value: value.clone(),
            line: 0,
        });
        let contents = Contents::Entries(entries.collect());
        return Table { map: map.name.clone(), file: b"facts".to_vec(), contents };
    }
    let (file, contents) = if LISTED.contains(&map.class) {
        from_files(map)
    } else {
        let why = format!("a map of class {}: its entries are not in a file", map.class);
        (map.file.clone(), Contents::Unknown(why.into_bytes()))
    };
    Table { map: map.name.clone(), file, contents }
}

/// From the source beside a database, for it has lines; else from the database.
fn from_files(map: &MapDescription) -> (Vec<u8>, Contents) {
    let bare = map.file.strip_suffix(b".db").unwrap_or(&map.file);
    if let Ok(text) = config_files::read_regular(bare) {
        let entries = match map.columns {
            Some(columns) => read_columns(&text, columns),
            None => read_source(&text),
        };
        return (bare.to_vec(), Contents::Entries(entries));
    }
    let database = [bare, b".db"].concat();
    let bytes = match config_files::read_regular(&database) {
        Ok(bytes) => bytes,
        Err(config_files::ConfigFileError::Io(error))
            if error.kind() == std::io::ErrorKind::NotFound =>
        {
            return (bare.to_vec(), Contents::Absent);
        }
        Err(error) => return (database, Contents::Unknown(error.to_string().into_bytes())),
    };
    let mut entries = Vec::new();
    let read = Database::open(&bytes[..]).and_then(|found| {
        found.for_each(&bytes[..], &mut |key, value| {
            // the entry that says that a database is whole
            if key != b"@" && key != b"@\0" {
                entries.push(of_database(key, value));
            }
        })
    });
    match read {
        Ok(()) => {
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            (database, Contents::Entries(entries))
        }
        Err(error) => (database, Contents::Unknown(error.to_string().into_bytes())),
    }
}

/// The texts of alias files, and what has none.
pub(super) fn aliases(loaded: &Loaded) -> (Vec<AliasText>, Vec<(Vec<u8>, String)>) {
    let (mut texts, mut unread) = (Vec::new(), Vec::new());
    for spec in &loaded.reading.maps.settings().alias_files {
        let (class, path) = class_and_path(spec);
        if !LISTED.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(class)) {
            let why =
                format!("aliases of class {} are not in a file", String::from_utf8_lossy(class));
            unread.push((spec.clone(), why));
            continue;
        }
        let place = loaded.root().place(path);
        match config_files::read_regular(&place) {
            Ok(text) => texts.push(AliasText { file: place, text }),
            Err(error) => unread.push((path.to_vec(), error.to_string())),
        }
    }
    (texts, unread)
}

/// `[class:][-flags ]path`
fn class_and_path(spec: &[u8]) -> (&[u8], &[u8]) {
    let spec = spec.trim_ascii();
    let (class, rest) = match spec.iter().position(|byte| *byte == b':') {
        Some(colon) if !spec.starts_with(b"/") => {
            (&spec[..colon], spec.get(colon + 1..).unwrap_or_default())
        }
        _ => (&b"implicit"[..], spec),
    };
    let mut words = rest
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty() && !word.starts_with(b"-"));
    (class, words.next_back().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_files() {
        let rows: [(&[u8], &[u8], &[u8]); 3] = [
            (b"/etc/mail/aliases", b"implicit", b"/etc/mail/aliases"),
            (b"hash: -f /etc/aliases", b"hash", b"/etc/aliases"),
            (b"ldap:", b"ldap", b""),
        ];
        for (spec, class, path) in rows {
            assert_eq!(class_and_path(spec), (class, path));
        }
    }
}
