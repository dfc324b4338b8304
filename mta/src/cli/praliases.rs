//! `praliases`: the contents of alias databases (MAP-111).

use mapper::bdb::DatabaseKind;
use mapper::{DatabaseFile, FileError, FileRules, database_file_name};

use super::getopt::Getopt;
use super::map_tools::{Tool, no_kind_fits, shown, warn};
use super::print_line;

const USAGE: &[u8] = b"usage: praliases [-C cffile] [-f aliasfile] [key ...]";

/// Classes of alias files that are shown; a file without one may be of any.
const KINDS: [(&[u8], DatabaseKind); 2] =
    [(b"hash", DatabaseKind::Hash), (b"btree", DatabaseKind::Btree)];

/// `praliases [-C cffile] [-f aliasfile] [key...]`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let tool = Tool { program: "praliases", usage: USAGE, map: b"", type_name: b"" };
    let mut flags = Getopt::new(b"C:f:", words);
    let (mut configuration, mut file) = (None, None);
    for flag in flags.by_ref() {
        match flag {
            Ok((b'C', value)) => configuration = Some(value),
            Ok((_, value)) => file = Some(value),
            Err(error) => return tool.misused(Some(error)),
        }
    }
    let names = &flags.operands;
    if let Some(file) = file {
        show(&tool, file.trim_ascii_start(), names);
        return 0;
    }
    let settings = match tool.settings(configuration) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    for list in &settings.alias_files {
        specifications(list).iter().for_each(|specification| show(&tool, specification, names));
    }
    0
}

/// The files of a value of option AliasFile. The blanks at the very end belong to the last name (observed).
fn specifications(list: &[u8]) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> =
        list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii_start).collect();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    let inner = parts.len().saturating_sub(1);
    parts.iter_mut().take(inner).for_each(|part| *part = part.trim_ascii_end());
    parts
}

/// The class, if there is one, and the path of a specification without its flags.
fn class_and_path(specification: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let colon = specification.iter().position(|byte| *byte == b':');
    let (class, mut path) = match colon {
        Some(colon) => {
            let (class, path) = specification.split_at(colon);
            (Some(class), path.get(1..).unwrap_or_default().trim_ascii_start())
        }
        None => (None, specification),
    };
    while path.starts_with(b"-") {
        let end = path.iter().position(u8::is_ascii_whitespace).unwrap_or(path.len());
        path = path.get(end..).unwrap_or_default().trim_ascii_start();
    }
    (class, path)
}

/// Prints one alias file, or of it the names that are asked for.
fn show(tool: &Tool<'_>, specification: &[u8], names: &[Vec<u8>]) {
    let (class, path) = class_and_path(specification);
    let kind = class.map(|class| KINDS.iter().find(|(name, _)| *name == class));
    let shown = match kind {
        Some(None) => {
            let text = b"Skipping non-file based alias type ";
            tool.failed(0, &[text, class.unwrap_or_default()].concat());
            return;
        }
        _ if path.is_empty() => {
            tool.failed(0, &[b"illegal alias specification: ", specification].concat());
            return;
        }
        Some(Some((_, kind))) => print(path, *kind, names),
        None => any(path, names),
    };
    if let Err(error) = shown {
        let why = match (&error, class) {
            // what is no regular file is opened all the same (observed with directories)
            (FileError::NotRegular, _) => "Is a directory".to_owned(),
            (error, None) => no_kind_fits(error),
            (error, Some(_)) => error.to_string(),
        };
        tool.failed(0, &[path, b": open: ", why.as_bytes()].concat());
    }
}

/// Tries one kind after the other.
fn any(path: &[u8], names: &[Vec<u8>]) -> Result<(), FileError> {
    let mut tried = Err(FileError::NotDatabase);
    for (_, kind) in KINDS {
        tried = print(path, kind, names);
        if !matches!(tried, Err(FileError::Io(_) | FileError::NotDatabase)) {
            break;
        }
    }
    tried
}

fn print(path: &[u8], kind: DatabaseKind, names: &[Vec<u8>]) -> Result<(), FileError> {
    let rules = FileRules { links: true, ..FileRules::default() };
    let open = DatabaseFile::open(&database_file_name(path), rules, &mut warn)?;
    let (file, database) = open.database(&[kind])?;
    let line = |key: &[u8], value: &[u8]| print_line(&[shown(key), b":", shown(value)].concat());
    if names.is_empty() {
        database.for_each(file, &mut |key, value| line(key, value))?;
    }
    for name in names {
        let terminated = [&name[..], b"\0"].concat();
        let found = match database.get(file, name)? {
            None => database.get(file, &terminated)?,
            found => found,
        };
        match found {
            Some(value) => line(name, &value),
            None => print_line(&[&name[..], b": No such key"].concat()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_cut_as_praliases_cuts_them() {
        // MAP-111
        let cut = |list: &'static str| specifications(list.as_bytes());
        assert_eq!(cut("/a , hash:/b "), [&b"/a"[..], b"hash:/b "]);
        assert_eq!(cut(", /a,,/b,"), [&b""[..], b"/a", b"", b"/b"]);
        assert!(cut("").is_empty());
        let rows = [
            ("/a", None, "/a"),
            ("hash: -o -N /a", Some("hash"), "/a"),
            ("-k 3 /a", None, "3 /a"),
            ("ldap:", Some("ldap"), ""),
        ];
        for (specification, class, path) in rows {
            let expected = (class.map(str::as_bytes), path.as_bytes());
            assert_eq!(class_and_path(specification.as_bytes()), expected);
        }
    }
}
