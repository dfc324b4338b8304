//! What makemap, editmap and praliases have in common: the types of databases, the lines of sendmail.cf they
//! read, the words they complain with (MAP-106, MAP-109).

use mapper::bdb::DatabaseKind::{self, Btree, Hash};
use mapper::{FileError, FileRules, UnsafeDirectory};

use super::complain;
use super::getopt::FlagError;
use super::start::DEFAULT_CF;
use crate::sys::config_files::{self, ConfigFileError};
use crate::sys::{ids, users};

pub(super) const EX_USAGE: u8 = 64;
const UNKNOWN_TYPE: &str = "Unknown database type";
const EX_NOINPUT: u8 = 66;
const EX_CANTCREAT: u8 = 73;
pub(super) const EX_IOERR: u8 = 74;

/// One type of database.
pub(super) struct Type {
    pub(super) name: &'static [u8],
    /// The end of its files' names as `makemap -x` shows it.
    pub(super) extension: &'static str,
    /// The kinds of files it may be, that of a new one first; or, if it is not built in, how those who build
    /// call it.
    made: Result<&'static [DatabaseKind], &'static str>,
}

const fn built(
    name: &'static [u8],
    extension: &'static str,
    kinds: &'static [DatabaseKind],
) -> Type {
    Type { name, extension, made: Ok(kinds) }
}

const fn absent(name: &'static [u8], define: &'static str) -> Type {
    Type { name, extension: "", made: Err(define) }
}

/// Every type whose name is known.
const TYPES: [Type; 5] = [
    built(b"hash", "db", &[Hash]),
    built(b"btree", "db", &[Btree]),
    built(b"implicit", "", &[Hash, Btree]),
    absent(b"dbm", "NDBM"),
    absent(b"cdb", "CDB"),
];

impl Type {
    /// What a new file is made as; none if the type is not built in.
    pub(super) fn new_kind(&self) -> Option<DatabaseKind> {
        self.made.ok()?.first().copied()
    }
}

/// The types that can be used.
pub(super) fn types() -> impl Iterator<Item = &'static Type> {
    TYPES.iter().filter(|one| one.made.is_ok())
}

/// One of the programs, working on a map.
pub(super) struct Tool<'a> {
    pub(super) program: &'static str,
    pub(super) usage: &'static [u8],
    /// The map as the command line names it.
    pub(super) map: &'a [u8],
    pub(super) type_name: &'a [u8],
}

impl Tool<'_> {
    /// `PROGRAM: TEXT` on standard error; returns `exit`.
    pub(super) fn failed(&self, exit: u8, text: &[u8]) -> u8 {
        complain(&[self.program.as_bytes(), b": ", text].concat());
        exit
    }

    /// The map cannot be opened.
    pub(super) fn cannot_open(&self, why: &str) -> u8 {
        let head = [b"error opening type ", self.type_name, b" map ", self.map, b": "].concat();
        self.failed(EX_CANTCREAT, &[&head, why.as_bytes()].concat())
    }

    /// The map cannot be opened, or it is damaged, which is no fault of the command line.
    pub(super) fn unusable(&self, error: &FileError) -> u8 {
        match error {
            FileError::Damaged(_) | FileError::DamagedFst(_) => {
                self.cannot("reading", &error.to_string())
            }
            error if self.type_name == b"implicit" => self.cannot_open(&no_kind_fits(error)),
            _ => self.cannot_open(&error.to_string()),
        }
    }

    /// Something goes wrong with an open map.
    pub(super) fn cannot(&self, what: &str, why: &str) -> u8 {
        let head = [b"error ", what.as_bytes(), b" map ", self.map, b": "].concat();
        self.failed(EX_IOERR, &[&head, why.as_bytes()].concat())
    }

    /// The kinds of files of the map's type.
    pub(super) fn kinds(&self) -> Result<&'static [DatabaseKind], u8> {
        match TYPES.iter().find(|known| known.name == self.type_name).map(|known| known.made) {
            Some(Ok(kinds)) => Ok(kinds),
            Some(Err(define)) => {
                let type_name = String::from_utf8_lossy(self.type_name);
                let text = format!("Need to recompile with -D{define} for {type_name} support");
                Err(self.failed(EX_CANTCREAT, text.as_bytes()))
            }
            None => Err(self.cannot_open(UNKNOWN_TYPE)),
        }
    }

    /// Tells how the program is used, after what is wrong with a flag.
    pub(super) fn misused(&self, error: Option<FlagError>) -> u8 {
        if let Some(error) = error {
            self.failed(EX_USAGE, error.to_string().as_bytes());
        }
        complain(self.usage);
        EX_USAGE
    }

    /// Reads the configuration, by default sendmail's.
    pub(super) fn settings(&self, file: Option<&[u8]>) -> Result<ToolSettings, u8> {
        let file = file.unwrap_or(DEFAULT_CF);
        match config_files::read_regular(file) {
            Ok(text) => Ok(ToolSettings::read(&text)),
            // sendmail's finds no lines in it
            Err(ConfigFileError::NotRegular) => Ok(ToolSettings::default()),
            Err(error) => {
                let text = [file, b": ", error.to_string().as_bytes()].concat();
                Err(self.failed(EX_NOINPUT, &text))
            }
        }
    }
}

/// What the programs take from a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ToolSettings {
    /// The values of option TrustedUser, of which the last one counts.
    trusted_users: Vec<Vec<u8>>,
    /// The values of option AliasFile.
    pub(super) alias_files: Vec<Vec<u8>>,
}

impl ToolSettings {
    /// Reads the lines of options that begin `O name` and, of the letters, `OA`. Nothing else is looked at, no
    /// continuation either (observed).
    fn read(text: &[u8]) -> Self {
        let mut settings = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            let Some(option) = line.strip_prefix(b"O") else { continue };
            let (name, value) = match option.strip_prefix(b" ") {
                Some(long) => {
                    let Some(equals) = long.iter().position(|byte| *byte == b'=') else { continue };
                    let (name, value) = long.split_at(equals);
                    (name.trim_ascii_end(), value.get(1..).unwrap_or_default())
                }
                None => (option.get(..1).unwrap_or_default(), option.get(1..).unwrap_or_default()),
            };
            let value = value.trim_ascii_start();
            if name.eq_ignore_ascii_case(b"TrustedUser") {
                settings.trusted_users.push(value.to_vec());
            } else if name.eq_ignore_ascii_case(b"AliasFile") || name == b"A" {
                settings.alias_files.push(value.to_vec());
            }
        }
        settings
    }

    /// The rules for files that are made for the trusted user.
    pub(super) fn rules(&self) -> FileRules {
        FileRules { trusted_user: self.trusted_user(), ..FileRules::default() }
    }

    /// The number of the trusted user, 0 for none; complains about values that name nobody.
    fn trusted_user(&self) -> u32 {
        let mut last = 0;
        for value in &self.trusted_users {
            last = users::number_of(value).unwrap_or_else(|| {
                complain(&[b"TrustedUser: unknown user ", &value[..]].concat());
                0
            });
        }
        last
    }
}

/// Why a file that may be of several kinds cannot be opened.
pub(super) fn no_kind_fits(error: &FileError) -> String {
    match error {
        FileError::Io(_) | FileError::NotDatabase => UNKNOWN_TYPE.to_owned(),
        _ => error.to_string(),
    }
}

/// Warns of a directory in which others may exchange files.
pub(super) fn warn(directory: UnsafeDirectory) {
    complain(&directory.warning());
}

/// The text in front of the first zero byte, which is what is printed of keys and values.
pub(super) fn shown(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The identity of a new database file.
pub(super) fn fresh_uid() -> [u8; 20] {
    let mut uid = [0; 20];
    ids::fill_random(&mut uid);
    uid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_line_by_line() {
        // MAP-109
        let read = |text: &str| ToolSettings::read(text.as_bytes()).trusted_user();
        for text in ["O TrustedUser=7", "O trusteduser = 7\n", "O TrustedUser=9\nO TrustedUser=7x"]
        {
            assert_eq!(read(text), 7, "{text}");
        }
        for text in
            ["OTrustedUser=7", "O  TrustedUser=7", " O TrustedUser=7", "O Trusted\n  User=7"]
        {
            assert_eq!(read(text), 0, "{text}");
        }
        let files =
            ToolSettings::read(b"OA/a\nO AliasFile= hash:/b\n#OA/c\nKx hash /d\n").alias_files;
        assert_eq!(files, [&b"/a"[..], b"hash:/b"]);
    }
}
