//! What a process runs with: the loaded configuration and what is derived from it once.

use std::path::PathBuf;
use std::sync::Arc;

use cf_parser::debug::Levels;
use cf_parser::text::write;
use mapper::{MapSet, Settings, SystemServices};
use ruleset_vm::load::Configuration;
use workbench::machine::{Allowed, Facts, Guarded};

use super::flags::MailerFlags;
use super::mailer::{DsnTypes, Mailer, MailerUser, RulesetPair};
use super::reading::Reading;
use super::root::Root;
use crate::message::envelope::Field;
use crate::sys::users::{self, Account, LookupError};

/// The machine that a configuration is for, where it need not be this one.
#[derive(Clone, Debug)]
pub struct Home {
    /// What is known of it.
    pub facts: Arc<Facts>,
    /// What may be asked of the outside.
    pub allowed: Allowed,
    /// Where its files are.
    pub root: Root,
}

impl Default for Home {
    /// This machine, of which everything may be asked.
    fn default() -> Self {
        Self { facts: Arc::default(), allowed: Allowed::ALL, root: Root::default() }
    }
}

impl Home {
    /// The maps that these `K` lines declare, with the contents that are known; none is open yet.
    #[must_use]
    pub fn maps(&self, settings: &Settings, lines: &[Vec<u8>], level: i32) -> MapSet {
        let mut maps = MapSet::new(settings.clone());
        // What is wrong with a line was said when the configuration was read.
        lines.iter().for_each(|line| drop(maps.declare(line)));
        drop(maps.finish(level));
        if self.root.is_elsewhere() {
            maps.relocate(&|path| self.root.place(path));
        }
        for (name, entries) in &self.facts.maps {
            maps.give(name, entries);
        }
        maps
    }

    /// Services that ask what may be asked.
    #[must_use]
    pub fn services(&self) -> Guarded<SystemServices> {
        Guarded::new(SystemServices::default(), Arc::clone(&self.facts), self.allowed)
    }
}

/// The immutable snapshot of one configuration.
#[derive(Clone, Debug)]
pub struct Site {
    /// Rules, macros, classes, options.
    pub configuration: Configuration,
    /// The mailers as delivery sees them; the same order as the configuration's.
    pub mailers: Vec<Mailer>,
    /// `H` lines as fields, checks left out.
    pub default_header: Vec<Field>,
    /// What debugging flags show on standard output, whoever works.
    pub levels: Levels,
    map_lines: Vec<Vec<u8>>,
    map_settings: Settings,
    home: Home,
}

impl Site {
    /// Derives the snapshot.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        let Reading { configuration, maps, map_lines, .. } = reading;
        Self::of(configuration, map_lines, maps.settings().clone(), Home::default())
    }

    /// The snapshot of a configuration with these `K` lines.
    #[must_use]
    pub fn of(
        configuration: Configuration,
        map_lines: Vec<Vec<u8>>,
        map_settings: Settings,
        home: Home,
    ) -> Self {
        let program = configuration.program.clone();
        let mailers = configuration.mailers.iter().map(|m| mailer(m, &program)).collect();
        let default_header = configuration.headers.iter().filter_map(field).collect();
        let levels = Levels::default();
        Self { configuration, mailers, default_header, levels, map_lines, map_settings, home }
    }

    /// A fresh set of the configuration's maps; none is open yet.
    #[must_use]
    pub fn maps(&self) -> MapSet {
        self.home.maps(&self.map_settings, &self.map_lines, self.configuration.level)
    }

    /// Whether it is the configuration of this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        !self.home.root.is_elsewhere() && self.home.facts.host.is_none()
    }

    /// Services that ask what may be asked.
    #[must_use]
    pub fn services(&self) -> Guarded<SystemServices> {
        self.home.services()
    }

    /// The user with this login name.
    ///
    /// # Errors
    /// The name service failed.
    pub fn user(&self, name: &[u8]) -> Result<Option<Account>, LookupError> {
        match self.home.facts.users.is_empty() {
            true => users::by_name(name),
            false => Ok(self.home.facts.user(name).map(account)),
        }
    }

    /// The first user with this full name; as [`users::by_full_name`].
    ///
    /// # Errors
    /// The name service failed.
    pub fn user_by_full_name(&self, name: &[u8]) -> Result<Option<Account>, LookupError> {
        let known = &self.home.facts.users;
        if known.is_empty() {
            return users::by_full_name(name);
        }
        Ok(known.iter().map(account).find(|account| users::is_called(account, name)))
    }

    /// A path option, macros expanded; `None` if unset or empty.
    #[must_use]
    pub fn path(&self, option: &str) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt as _;
        let text = self.configuration.options.text(option)?;
        let bytes = self.configuration.macros.expand_bytes(text).trim_ascii().to_vec();
        (!bytes.is_empty()).then(|| PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }

    /// The full value of a macro.
    #[must_use]
    pub fn value(&self, name: &str) -> Vec<u8> {
        self.configuration.macros.value(name.as_bytes())
    }

    /// MustQuoteChars (OPT-079).
    #[must_use]
    pub fn must_quote(&self) -> Vec<u8> {
        self.configuration.options.bytes("MustQuoteChars").unwrap_or_else(|| b".'".to_vec())
    }

    /// `DeliveryMode`: `b`, `i`, `q` or `d`.
    #[must_use]
    pub fn delivery_mode(&self) -> u8 {
        match self.configuration.options.bytes("DeliveryMode") {
            Some(value) => value.first().copied().unwrap_or(b'i'),
            None => b'b',
        }
    }
}

/// A user of another machine, whose shell nobody knows.
fn account(user: &workbench::machine::User) -> Account {
    Account {
        name: user.name.clone(),
        uid: user.uid,
        gid: user.gid,
        gecos: user.gecos.clone(),
        home: user.home.clone(),
        shell: b"/bin/sh".to_vec(),
    }
}

/// A mailer of the rule machine as delivery wants it.
fn mailer(from: &ruleset_vm::mailer::Mailer, program: &ruleset_vm::Program) -> Mailer {
    let pair = |pair: ruleset_vm::mailer::RulesetPair| RulesetPair {
        envelope: (pair.envelope > 0).then(|| program.name(pair.envelope)),
        header: (pair.header > 0).then(|| program.name(pair.header)),
    };
    let count = |value: i64| usize::try_from(value).unwrap_or(0);
    Mailer {
        name: from.name.clone(),
        path: from.path.clone(),
        argv: from.argv.iter().map(|word| write(word)).collect(),
        flags: MailerFlags::parse(&from.flags.sorted()),
        sender: pair(from.sender),
        recipient: pair(from.recipient),
        eol: from.eol.clone(),
        max_size: u64::try_from(from.max_size).unwrap_or(0),
        line_limit: count(from.line_limit),
        max_messages: count(from.max_messages),
        max_recipients: count(from.max_recipients),
        directory: from.directory.as_ref().map(|text| write(text)),
        root: from.root.as_ref().map(|text| write(text)),
        user: from.uid.map(|uid| MailerUser { uid, gid: from.gid }),
        nice: i32::try_from(from.nice).unwrap_or(0),
        charset: from.charset.clone(),
        types: DsnTypes {
            mta: from.types.mta.clone(),
            address: from.types.address.clone(),
            diagnostic: from.types.diagnostic.clone(),
        },
        wait: from.wait,
        queue_group: from.queue_group.clone(),
    }
}

/// An `H` line that adds a field.
fn field(header: &cf_parser::item::Header) -> Option<Field> {
    use cf_parser::item::{HeaderAction, HeaderCondition};
    let HeaderAction::Template(template) = &header.action else { return None };
    let condition = match &header.condition {
        HeaderCondition::Always => Vec::new(),
        HeaderCondition::MailerFlags(flags) => flags.clone(),
        HeaderCondition::MacroSet(name) => {
            let mut text = b"$".to_vec();
            name.write(&mut text);
            text
        }
    };
    let value = marked(template);
    Some(Field { condition, name: header.name.clone(), value, is_default: true })
}

/// A template with the octet 0201 in front of macros, as queue files have it (QU-035).
fn marked(template: &[cf_parser::Piece]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in template {
        match piece {
            cf_parser::Piece::Byte(byte) => out.push(*byte),
            other => {
                let text = write(std::slice::from_ref(other));
                out.push(0x81);
                out.extend_from_slice(text.get(1..).unwrap_or_default());
            }
        }
    }
    out
}
