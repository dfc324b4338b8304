//! The configuration that a command is about, the machine it is meant for, and what may be asked.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use cf_parser::Name;
use mapper::{MapSet, SystemServices};
use ruleset_vm::load::{Configuration, HostFacts, read};
use workbench::engine::Engine;
use workbench::machine::{Allowed, Facts, Guarded, NotAsked};

use super::super::{embedded, facts, start, usage};
use super::elsewhere::{Elsewhere, NoNames};
use crate::config::dialect_names::{DialectChoice, SystemNames};
use crate::config::own_names;
use crate::config::reading::{ReadError, Reading, System};
use crate::config::root::Root;
use crate::sys::hostname;
use crate::sys::{config_files, users};

/// The options that say which configuration, of which machine.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Subject {
    /// The configuration [default: /etc/mail/sendmail.cf, else the one built in]
    #[arg(short = 'C', value_name = "FILE")]
    pub(super) file: Option<OsString>,
    #[command(flatten)]
    pub(super) context: Context,
}

/// Everything but the file: commands that compare files have one for both.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Context {
    /// Gives a macro a value when the file has been read, as `.D` of test mode does
    #[arg(short = 'D', value_name = "NAMEVALUE")]
    define: Vec<OsString>,
    /// Gives a macro a value before the file is read
    #[arg(short = 'M', value_name = "NAMEVALUE")]
    macros: Vec<OsString>,
    /// Sets an option; it wins over the file's
    #[arg(short = 'O', value_name = "OPTION=VALUE")]
    options: Vec<OsString>,
    /// Sets an option by its letter
    #[arg(short = 'o', value_name = "XVALUE")]
    letters: Vec<OsString>,
    /// What is known of the machine the file is for: names, classes, users, map contents, DNS answers
    /// (docs/host-facts.md)
    #[arg(long, value_name = "FILE")]
    host_facts: Vec<PathBuf>,
    /// One such fact, as a line of that file
    #[arg(long, value_name = "LINE")]
    fact: Vec<OsString>,
    /// Where the files of that machine, or its /etc/mail, have been copied to
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// What may be asked: programs, sockets, ldap, dns, or all; nothing is by default
    #[arg(long, value_name = "KINDS", default_value = "")]
    allow: String,
    /// Reads the file of another vendor's sendmail: bsd, ida, sun, or auto
    #[arg(long, value_name = "NAME")]
    dialect: Option<OsString>,
}

/// Why there is nothing to work on.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SubjectError {
    /// The configuration cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of facts cannot be read.
    #[error("{path}: {reason}")]
    NoFacts {
        /// The path.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// A fact is none.
    #[error("{path}: {error}")]
    Facts {
        /// The file, or the option.
        path: String,
        /// What is wrong.
        error: workbench::machine::FactsError,
    },
    /// Facts about a map that the configuration does not have.
    #[error("the facts have entries of map {0}, which the configuration has not")]
    NoMap(String),
    /// A word behind `--allow`.
    #[error("--allow: {0} is none of programs, sockets, ldap, dns, all")]
    Allow(String),
    /// No such dialect.
    #[error("--dialect: no dialect {0}")]
    Dialect(String),
    /// `-D` or `-M` without a name.
    #[error("-{letter}: {problem}")]
    Macro {
        /// The option.
        letter: char,
        /// What is wrong with the name.
        problem: String,
    },
}

/// A configuration to work on.
pub(in crate::cli) struct Loaded {
    /// The bytes of the file.
    pub(super) source: Vec<u8>,
    /// What reading it gave.
    pub(super) reading: Reading,
    /// What was not asked while it was read.
    pub(super) not_asked: Vec<NotAsked>,
    /// What is known of the machine.
    pub(super) facts: Arc<Facts>,
    allowed: Allowed,
    /// Where its files are.
    pub(super) root: Root,
    configuration: Arc<Configuration>,
}

impl Subject {
    /// Reads the file.
    ///
    /// # Errors
    /// See [`SubjectError`]; anything wrong within the file is a diagnostic of the reading.
    pub(super) fn read(&self) -> Result<Loaded, SubjectError> {
        let given = self.file.as_ref().map(|file| file.as_bytes());
        let here = (!self.context.is_elsewhere()).then_some(start::DEFAULT_CF);
        let found = here.filter(|path| config_files::read_regular(path).is_ok());
        match given.or(found) {
            Some(path) => self.context.read(path),
            None => self.context.read_embedded(),
        }
    }
}

impl Context {
    /// Whether the file is another machine's.
    fn is_elsewhere(&self) -> bool {
        self.root.is_some() || !self.host_facts.is_empty() || !self.fact.is_empty()
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub(super) fn read(&self, path: &[u8]) -> Result<Loaded, SubjectError> {
        let source = Reading::bytes_of(path)?;
        self.load(path, source, |_| {})
    }

    fn read_embedded(&self) -> Result<Loaded, SubjectError> {
        self.load(embedded::NAME, embedded::CONFIGURATION.to_vec(), embedded::predefine)
    }

    fn load(
        &self,
        path: &[u8],
        source: Vec<u8>,
        predefine: impl FnOnce(&mut HostFacts),
    ) -> Result<Loaded, SubjectError> {
        let facts = Arc::new(self.facts()?);
        let allowed = Allowed::of(&self.allow).map_err(SubjectError::Allow)?;
        let root = self.root.as_deref().map_or_else(Root::default, Root::at);
        let mut host = self.host(&facts, allowed)?;
        predefine(&mut host);
        let bytes = match self.dialect(&source)? {
            Some(dialect) => {
                let names = SystemNames::new(&host.name);
                cf_parser::dialect::translate(dialect, &source, &names).bytes
            }
            None => source.clone(),
        };
        let system = System::elsewhere(root.clone(), facts.services.clone());
        let mut elsewhere = Elsewhere::new(system, Arc::clone(&facts), allowed);
        let (mut configuration, diagnostics) = read(&bytes, &host, &mut elsewhere);
        for value in &self.define {
            let (name, value) = named('D', value)?;
            configuration.macros.set(&name, &value);
        }
        for (class, word) in &facts.classes {
            configuration.classes.add(&Name::new(class), word);
        }
        if !facts.classes.is_empty() {
            configuration.classes_changed();
        }
        let (mut reading, not_asked) = elsewhere.reading(path, configuration, diagnostics);
        for (name, entries) in &facts.maps {
            if !reading.maps.give(name, entries) {
                return Err(SubjectError::NoMap(String::from_utf8_lossy(name).into_owned()));
            }
        }
        let configuration = Arc::new(reading.configuration.clone());
        Ok(Loaded { source, reading, not_asked, facts, allowed, root, configuration })
    }

    fn facts(&self) -> Result<Facts, SubjectError> {
        let mut facts = Facts::default();
        for path in &self.host_facts {
            let shown = path.display().to_string();
            let text = config_files::read_regular(path.as_os_str().as_bytes());
            let text = text.map_err(|error| SubjectError::NoFacts {
                path: shown.clone(),
                reason: error.to_string(),
            })?;
            facts.add(&text).map_err(|error| SubjectError::Facts { path: shown, error })?;
        }
        for line in &self.fact {
            let path = "--fact".to_owned();
            facts.add(line.as_bytes()).map_err(|error| SubjectError::Facts { path, error })?;
        }
        if let Some(root) = &self.root
            && facts.users.is_empty()
        {
            let passwd = Root::at(root).place(b"/etc/passwd");
            if let Ok(text) = config_files::read_regular(&passwd) {
                facts.add_passwd(&text);
            }
        }
        Ok(facts)
    }

    /// What the file starts from: the facts, else this machine.
    fn host(&self, facts: &Facts, allowed: Allowed) -> Result<HostFacts, SubjectError> {
        let mut macros = facts.macros.clone();
        for value in &self.macros {
            macros.push(named('M', value)?);
        }
        let long = self.options.iter().map(|value| (b'O', value));
        let letters = self.letters.iter().map(|value| (b'o', value));
        let options = long.chain(letters);
        let options =
            options.filter_map(|(letter, value)| usage::option_text(letter, value.as_bytes()));
        let own = match &facts.host {
            Some(host) => {
                let short = host.split(|byte| *byte == b'.').next().unwrap_or_default().to_vec();
                hostname::HostIdentity {
                    node: facts.node.clone().unwrap_or(short),
                    canonical: host.clone(),
                    class_w: Vec::new(),
                }
            }
            None if allowed.has(workbench::machine::Kind::Dns) => {
                hostname::identify(&mut own_names::Asking::default())
            }
            None => hostname::identify(&mut NoNames),
        };
        Ok(HostFacts {
            name: own.canonical,
            node: facts.node.clone().unwrap_or(own.node),
            aliases: own.class_w.into_iter().chain(facts.aliases.iter().cloned()).collect(),
            date: facts::today(),
            mode: b't',
            user: users::own_name(),
            options: options.collect(),
            macros,
            processors: config_files::processors(),
            levels: cf_parser::debug::Levels::default(),
        })
    }

    fn dialect(&self, source: &[u8]) -> Result<Option<cf_parser::dialect::Dialect>, SubjectError> {
        let Some(name) = &self.dialect else { return Ok(None) };
        let wrong = || SubjectError::Dialect(name.to_string_lossy().into_owned());
        Ok(DialectChoice::by_name(name.as_bytes()).ok_or_else(wrong)?.of(source))
    }
}

impl Loaded {
    /// The configuration, to be shared.
    pub(super) fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// Services that touch only what is allowed.
    pub(super) fn services(&self) -> Guarded<SystemServices> {
        Guarded::new(SystemServices::default(), Arc::clone(&self.facts), self.allowed)
    }

    /// An engine of its own, with maps that nobody has opened yet.
    pub(super) fn engine(&self) -> Engine<SystemServices> {
        Engine::new(Arc::clone(&self.configuration), self.maps(), self.services())
    }

    /// Another set of the same maps.
    fn maps(&self) -> MapSet {
        let mut maps = MapSet::new(self.reading.maps.settings().clone());
        // what is wrong with the lines was said when they were read
        self.reading.map_lines.iter().for_each(|line| drop(maps.declare(line)));
        drop(maps.finish(self.configuration.level));
        if self.root.is_elsewhere() {
            maps.relocate(&|path| self.root.place(path));
        }
        for (name, entries) in &self.facts.maps {
            maps.give(name, entries);
        }
        maps
    }
}

/// The name in front of a macro's value, without braces, and the value.
fn named(letter: char, text: &OsString) -> Result<(Vec<u8>, Vec<u8>), SubjectError> {
    let parsed = cf_parser::parse_name(text.as_bytes());
    match parsed.name {
        Some(name) => Ok((name.as_bytes().to_vec(), parsed.rest.to_vec())),
        None => {
            let problem = parsed.errors.first().map_or(&b"a name is missing"[..], |text| text);
            let problem = String::from_utf8_lossy(problem).into_owned();
            Err(SubjectError::Macro { letter, problem })
        }
    }
}
