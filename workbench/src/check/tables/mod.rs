//! Tables beside the configuration: aliases, access, mailertable and their like, each read by its reader's own
//! rules: [`mapper::makemap`], [`mapper::build_aliases`].

mod access;
mod alias_reader;
mod aliases;
mod mailertable;
mod rows;
mod simple;

pub use alias_reader::{EngineReader, PlainReader};

use std::ops::Range;

use cf_parser::Config;
use mapper::AliasReader;
use ruleset_vm::load::Configuration;

use super::catalogue;
use super::finding::Finding;
use super::outline::Outline;
use super::places::Places;
use super::{Files, finished};

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Aliases: `name: address, address`.
    Aliases,
    /// FEATURE(access_db)
    Access,
    /// FEATURE(mailertable)
    Mailertable,
    /// FEATURE(virtusertable)
    Virtusertable,
    /// FEATURE(genericstable)
    Genericstable,
    /// FEATURE(domaintable)
    Domaintable,
    /// FEATURE(authinfo)
    Authinfo,
    /// Any other text for makemap.
    Makemap,
}

/// Each kind with its name, the maps of m4 that have it, and what its file is called.
const KINDS: [(Kind, &str, &[&str], &[&str]); 8] = [
    (Kind::Aliases, "aliases", &["aliases"], &["aliases"]),
    (Kind::Access, "access", &["access"], &["access"]),
    (Kind::Mailertable, "mailertable", &["mailertable"], &["mailertable"]),
    (Kind::Virtusertable, "virtusertable", &["virtuser"], &["virtusertable", "virtuser"]),
    (Kind::Genericstable, "genericstable", &["generics", "genericstable"], &["genericstable"]),
    (Kind::Domaintable, "domaintable", &["domaintable"], &["domaintable"]),
    (Kind::Authinfo, "authinfo", &["authinfo"], &["authinfo"]),
    (Kind::Makemap, "makemap", &[], &[]),
];

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The kind of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|row| row.1)
    }

    /// The kind of the file `path`: what the configuration uses it for, else what it is called.
    #[must_use]
    pub fn of_file(path: &[u8], configuration: Option<(&Config, &Configuration)>) -> Option<Self> {
        let by_use = configuration.and_then(|(config, loaded)| used_as(path, config, loaded));
        let name =
            path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
        // `debian-access`, `access.txt`, but not `sendmail.cf`
        let by_name = || {
            let word = |byte: &u8| !byte.is_ascii_alphanumeric();
            let has = |stem: &&str| name.split(word).any(|part| part == stem.as_bytes());
            let is_cf = name.ends_with(b".cf") || name.ends_with(b".mc");
            KINDS.iter().find(|row| !is_cf && row.3.iter().any(has)).map(|row| row.0)
        };
        by_use.or_else(by_name)
    }
}

/// The kind of the map that has this file.
fn used_as(path: &[u8], config: &Config, loaded: &Configuration) -> Option<Kind> {
    let same = |word: &[u8]| {
        let word = word.strip_suffix(b".db").unwrap_or(word);
        word == path
    };
    let outline = Outline::of(config, loaded);
    let map = outline.maps.iter().find(|map| map.words.iter().any(|word| same(word)));
    if let Some(map) = map {
        let name = String::from_utf8_lossy(&map.name).to_ascii_lowercase();
        let row = KINDS.iter().find(|row| row.2.contains(&name.as_str()));
        return Some(row.map_or(Kind::Makemap, |row| row.0));
    }
    let aliases = loaded.options.all("AliasFile").any(|setting| {
        let value = loaded.macros.expand_bytes(&setting.value);
        value.split(|byte| b",: \t".contains(byte)).any(same)
    });
    aliases.then_some(Kind::Aliases)
}

/// A table to be checked.
pub struct Table<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What it is for.
    pub kind: Kind,
    /// The configuration that uses it, if it is known: its text and what the loader made of it.
    pub configuration: Option<(&'a [u8], &'a Configuration)>,
    /// Reads names of aliases.
    pub reader: &'a mut dyn AliasReader,
    /// The files that aliases name, where they can be looked at.
    pub files: Option<&'a dyn Files>,
}

/// Checks a table. The findings are in the order of the lines. Takes time in proportion to the size of the file.
#[must_use]
pub fn check(table: Table<'_>) -> Vec<Finding> {
    let places = Places::new(table.bytes);
    let findings = match table.kind {
        Kind::Aliases => aliases::check(&places, table.reader, table.files),
        kind => {
            let (rows, mut findings) = rows::read(&places);
            let cf = Cf {
                text: table.configuration.map(|(text, _)| text),
                loaded: table.configuration.map(|(_, loaded)| loaded),
            };
            for row in &rows {
                let found = match kind {
                    Kind::Access => access::row(row, &cf),
                    Kind::Mailertable => mailertable::row(row, &cf),
                    Kind::Virtusertable => simple::virtual_user(row),
                    Kind::Genericstable => simple::generic(row),
                    Kind::Domaintable => simple::domain(row),
                    Kind::Aliases | Kind::Authinfo | Kind::Makemap => Vec::new(),
                };
                findings.extend(found);
            }
            findings
        }
    };
    finished(&places, findings)
}

/// The configuration that uses a table.
struct Cf<'a> {
    text: Option<&'a [u8]>,
    loaded: Option<&'a Configuration>,
}

/// One entry.
struct Row<'a> {
    key: &'a [u8],
    key_at: Range<usize>,
    value: &'a [u8],
    value_at: Range<usize>,
}

impl Row<'_> {
    fn about_key(&self, check: &'static catalogue::Check, message: String) -> Finding {
        Finding::new(check, Some(self.key_at.clone()), message)
    }

    fn about_value(&self, check: &'static catalogue::Check, message: String) -> Finding {
        Finding::new(check, Some(self.value_at.clone()), message)
    }
}

/// Words that `error:` and its like take for an exit status (RS-096).
const ERROR_WORDS: [&str; 8] =
    ["usage", "nouser", "nohost", "unavailable", "software", "tempfail", "protocol", "config"];

/// Whether a text is an enhanced status code, `5.7.1`.
fn is_enhanced(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'.');
    let number = |part: Option<&[u8]>| {
        part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
    };
    let class = matches!(parts.next(), Some(b"2" | b"4" | b"5"));
    class && number(parts.next()) && number(parts.next()) && parts.next().is_none()
}

/// What is wrong behind `error:` of mailertable and virtusertable.
fn error_value(row: &Row<'_>, text: &[u8]) -> Option<Finding> {
    let word = text.split(|byte| byte.is_ascii_whitespace() || *byte == b':').next()?;
    let known = ERROR_WORDS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    if known || is_enhanced(word) {
        return None;
    }
    let message =
        format!("`{}` behind `error:` is no word that the rules know", super::shown(word));
    let finding = row.about_value(&catalogue::TABLE_VALUE, message);
    let near = super::suggest::nearest(word, ERROR_WORDS.iter().map(|word| word.as_bytes()));
    Some(match near {
        Some(near) => finding.help(format!("perhaps `{}`", super::shown(near))),
        None => finding
            .help(format!("write one of {}, or a code such as 5.1.1", ERROR_WORDS.join(", "))),
    })
}
