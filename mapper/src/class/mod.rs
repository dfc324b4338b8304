//! The map classes: the trait they implement and the table of their names (MAP-029..MAP-061).

pub(crate) mod arith;
pub(crate) mod arpa;
pub(crate) mod bestmx;
mod buckets;
pub(crate) mod database;
pub(crate) mod dequote;
pub(crate) mod dns;
pub(crate) mod fst;
pub(crate) mod given;
pub(crate) mod host;
pub(crate) mod implicit;
pub(crate) mod ldap;
pub(crate) mod list;
pub(crate) mod nis;
pub(crate) mod program;
mod recent;
pub(crate) mod regex;
pub(crate) mod setters;
pub(crate) mod socket;
pub(crate) mod stab;
pub(crate) mod text;
pub(crate) mod unscannable;
pub(crate) mod user;
pub(crate) mod userdb;

use std::fs::Metadata;

use cf_parser::debug::Category;

use crate::answer::{Answer, Notice, NoticeKind};
use crate::files::{self, Refusal};
use crate::flags::{self, Common};
use crate::services::{LogLine, Services};
use crate::set::MapSet;
use crate::settings::Settings;

/// One question to a map.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The key text.
    pub(crate) key: &'a [u8],
    /// The `$@` arguments, `%1` first.
    pub(crate) args: &'a [&'a [u8]],
}

/// What a class may use while it opens or looks up.
pub(crate) struct Env<'a> {
    /// The outside world.
    pub(crate) services: &'a mut dyn Services,
    /// Messages for the user.
    pub(crate) notices: &'a mut Vec<Notice>,
    /// The options.
    pub(crate) settings: &'a Settings,
    /// The round of lookups: files are looked at once in each.
    pub(crate) round: u64,
    /// The other maps; the one being asked is not among them.
    pub(crate) maps: &'a mut MapSet,
}

impl Env<'_> {
    /// Reports an error of the configuration or the system.
    pub(crate) fn error(&mut self, text: Vec<u8>) {
        self.error_coded("554 5.3.5", text);
    }

    /// The same with another code.
    pub(crate) fn error_coded(&mut self, code: &'static str, text: Vec<u8>) {
        self.services.log(LogLine::Error(text.clone()));
        self.notices.push(Notice { kind: NoticeKind::Error, code, text });
    }

    /// Reports an error in what a user has written, with its code.
    pub(crate) fn user_error(&mut self, code: &'static str, text: Vec<u8>) {
        self.log(severity::NOTICE, Some(3), &[&text]);
        self.notices.push(Notice { kind: NoticeKind::Error, code, text });
    }

    /// Logs a line about the message if option `LogLevel` is above a number.
    pub(crate) fn log(&mut self, severity: u8, above: Option<u8>, text: &[&[u8]]) {
        self.services.log(LogLine::Text { severity, above, text: text.concat() });
    }

    /// Logs what a map of class `ldap`, `dns` or `socket` has found, or not (MAP-028, MAP-086).
    pub(crate) fn log_lookup(&mut self, text: &[&[u8]]) {
        /// What `LogLevel` must be above.
        const LOOKUPS: u8 = 9;
        self.log(severity::INFO, Some(LOOKUPS), text);
    }

    /// Tells whoever asks for this category of debugging at this level; ends its lines itself.
    pub(crate) fn trace(&mut self, category: Category, level: u8, text: impl FnOnce() -> Vec<u8>) {
        if self.maps.levels().at(category, level) {
            self.notices.push(Notice { kind: NoticeKind::Trace, code: "", text: text() });
        }
    }

    /// Checks a map file and warns of the directories it lies in.
    pub(crate) fn check_file(&mut self, name: &[u8]) -> Result<Metadata, Refusal> {
        let mut warnings = Vec::new();
        let checked = files::check(name, self.settings, &mut warnings);
        let notices =
            warnings.into_iter().map(|text| Notice { kind: NoticeKind::Warning, code: "", text });
        self.notices.extend(notices);
        checked
    }

    /// Tells the user of a transient trouble.
    pub(crate) fn message(&mut self, code: &'static str, text: Vec<u8>) {
        self.notices.push(Notice { kind: NoticeKind::Message, code, text });
    }
}

/// Severities of lines of the system log (RFC 5424, 6.2.1).
pub(crate) mod severity {
    pub(crate) const WARNING: u8 = 4;
    pub(crate) const NOTICE: u8 = 5;
    pub(crate) const INFO: u8 = 6;
}

/// How opening a map went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Ready for lookups.
    Ready,
    /// Cannot be opened, and the map is optional: not open from now on.
    Absent,
    /// Cannot be opened: every lookup fails temporarily from now on (MAP-024).
    Failed,
}

/// One declared map's class-specific part.
pub(crate) trait Class: Send {
    /// Opens the map; called once, before the first lookup.
    fn open(&mut self, _common: &Common, _env: &mut Env<'_>) -> Opening {
        Opening::Ready
    }

    /// Answers one key.
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer;

    /// The system's words about why an optional map is not open, where the class keeps them.
    fn trouble(&self) -> &[u8] {
        b""
    }

    /// The connection to a directory that is shared with other maps.
    fn login(&self) -> Option<&ldap::Login> {
        None
    }

    /// Whether the answer of [`Class::lookup`] surely is [`Answer::MISS`], with nothing to say. Classes
    /// that need the environment, and keys with which something goes wrong, are left to that.
    fn has_none(&mut self, _common: &Common, _key: &[u8], _round: u64) -> bool {
        false
    }
}

/// What declaring a map gave.
pub(crate) struct Declared {
    /// The map, or none when the line is too faulty to use it.
    pub(crate) class: Option<Box<dyn Class>>,
    /// Complaints, in order.
    pub(crate) errors: Vec<Vec<u8>>,
}

impl Declared {
    /// A usable map without complaints.
    pub(crate) fn ok(class: impl Class + 'static) -> Self {
        Self::with(class, Vec::new())
    }

    /// A usable map, perhaps with complaints.
    pub(crate) fn with(class: impl Class + 'static, errors: Vec<Vec<u8>>) -> Self {
        Self { class: Some(Box::new(class)), errors }
    }

    /// An unusable map.
    pub(crate) fn faulty(errors: Vec<Vec<u8>>) -> Self {
        Self { class: None, errors }
    }
}

/// Reads a class's arguments. `maps` are the maps declared before (for `sequence`).
pub(crate) type Declare = fn(&mut Common, &[u8], &MapSet) -> Declared;

/// One map class.
pub(crate) struct ClassRow {
    /// Its name on the `K` line.
    pub(crate) name: &'static str,
    /// Reader of its arguments.
    pub(crate) declare: Declare,
}

/// All classes of Debian's build, in the order of the reference, and this program's own.
pub(crate) static CLASSES: &[ClassRow] = &[
    ClassRow { name: "hash", declare: database::declare },
    ClassRow { name: "btree", declare: database::declare },
    ClassRow { name: "implicit", declare: implicit::declare },
    ClassRow { name: "stab", declare: stab::declare },
    ClassRow { name: "text", declare: text::declare },
    ClassRow { name: "user", declare: user::declare },
    ClassRow { name: "userdb", declare: userdb::declare },
    ClassRow { name: "host", declare: host::declare },
    ClassRow { name: "dns", declare: dns::declare },
    ClassRow { name: "bestmx", declare: bestmx::declare },
    ClassRow { name: "dequote", declare: dequote::declare },
    ClassRow { name: "regex", declare: regex::declare },
    ClassRow { name: "program", declare: program::declare },
    ClassRow { name: "sequence", declare: list::declare_sequence },
    ClassRow { name: "switch", declare: list::declare_switch },
    ClassRow { name: "macro", declare: setters::declare_macro },
    ClassRow { name: "arith", declare: arith::declare },
    ClassRow { name: "arpa", declare: arpa::declare },
    ClassRow { name: "syslog", declare: setters::declare_syslog },
    ClassRow { name: "null", declare: setters::declare_null },
    ClassRow { name: "socket", declare: socket::declare },
    ClassRow { name: "ldap", declare: ldap::declare },
    ClassRow { name: "nis", declare: nis::declare_nis },
    ClassRow { name: "nisplus", declare: nis::declare_nisplus },
    ClassRow { name: "fst", declare: fst::declare },
];

/// The row of a class; case does not count (observed).
pub(crate) fn by_name(name: &[u8]) -> Option<&'static ClassRow> {
    CLASSES.iter().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name))
}

/// Reads the shared flags and insists on a file name (MAP-005).
pub(crate) fn parse_with_file(
    common: &mut Common,
    arguments: &[u8],
) -> Result<Vec<Vec<u8>>, Declared> {
    let mut errors = flags::parse(common, arguments);
    if common.file.is_empty() {
        errors.push(no_file_name(common));
        return Err(Declared::faulty(errors));
    }
    Ok(errors)
}

/// `No file name for CLASS map NAME`.
fn no_file_name(common: &Common) -> Vec<u8> {
    [b"No file name for ", common.class.as_bytes(), b" map ", &common.name[..]].concat()
}

/// The beginning of messages about one map: `CLASS map "NAME"`.
pub(crate) fn title(common: &Common) -> Vec<u8> {
    [common.class.as_bytes(), b" map \"", &common.name[..], b"\""].concat()
}
