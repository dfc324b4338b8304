//! The configuration that a command is about, the machine it is meant for, and what may be asked.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cf_parser::Name;
use cf_parser::dialect::{Translation, translate};
use mapper::{MapSet, Settings, SystemServices};
use ruleset_vm::load::{Configuration, HostFacts, read};
use workbench::engine::Engine;
use workbench::machine::{Allowed, Facts, NotAsked};

use super::super::{embedded, facts, start, usage};
use super::elsewhere::{Elsewhere, NoNames};
use crate::config::dialect_names::{DialectChoice, SystemNames};
use crate::config::own_names;
use crate::config::reading::{ReadError, Reading, System};
use crate::config::root::Root;
use crate::config::site::{Home, Site};
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
    /// Further texts of facts, and where they come from.
    #[arg(skip)]
    more: Vec<(String, Vec<u8>)>,
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
    /// Facts or a root, where a program of this machine is to work on the file.
    #[error(
        "--oracle runs a program on this machine, so neither --host-facts nor --fact nor --root will do"
    )]
    Elsewhere,
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
    /// The file in the language of sendmail 8: the same, unless a dialect was asked for.
    pub(super) text: Vec<u8>,
    /// What reading it gave.
    pub(super) reading: Reading,
    /// What was not asked while it was read.
    pub(super) not_asked: Vec<NotAsked>,
    kit: EngineKit,
}

/// What engines are made of, to be shared by threads.
pub(in crate::cli) struct EngineKit {
    configuration: Arc<Configuration>,
    settings: Settings,
    map_lines: Vec<Vec<u8>>,
    home: Home,
}

impl Subject {
    /// Reads the file.
    ///
    /// # Errors
    /// See [`SubjectError`]; anything wrong within the file is a diagnostic of the reading.
    pub(super) fn read(&self) -> Result<Loaded, SubjectError> {
        match self.path() {
            Some(path) => self.context.read(path),
            None => self.context.read_embedded(),
        }
    }

    /// The file's name and bytes, for who wants nothing but its text. With a dialect they are those of
    /// the translation.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub(super) fn bytes(&self) -> Result<(Vec<u8>, Vec<u8>), SubjectError> {
        let (path, source) = match self.path() {
            Some(path) => (path.to_vec(), Reading::bytes_of(path)?),
            None => (embedded::NAME.to_vec(), embedded::CONFIGURATION.to_vec()),
        };
        let Some(dialect) = self.context.dialect(&source)? else { return Ok((path, source)) };
        let own = self.context.own_name()?;
        let names = SystemNames::new(&own);
        Ok((path, cf_parser::dialect::translate(dialect, &source, &names).bytes))
    }

    /// Whether [`Subject::bytes`] is not what the file has.
    pub(super) fn is_translated(&self) -> bool {
        self.context.dialect.is_some() || self.path().is_none()
    }

    /// The file that is meant; `None` for the one that is built in.
    fn path(&self) -> Option<&[u8]> {
        let given = self.file.as_ref().map(|file| file.as_bytes());
        let here = (!self.context.is_elsewhere()).then_some(start::DEFAULT_CF);
        given.or_else(|| here.filter(|path| config_files::read_regular(path).is_ok()))
    }

    /// The same with other bytes in the place of the file's, which was read as `path`.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub(super) fn read_edited(&self, path: &[u8], bytes: &[u8]) -> Result<Loaded, SubjectError> {
        if path == embedded::NAME {
            return self.context.load(path, bytes.to_vec(), embedded::predefine);
        }
        self.context.load(path, bytes.to_vec(), |_| {})
    }
}

impl Context {
    /// Everything may be asked, because another program on this machine asks it.
    ///
    /// # Errors
    /// The file is another machine's: the other program would not know.
    pub(super) fn unguarded(self) -> Result<Self, SubjectError> {
        if self.is_elsewhere() {
            return Err(SubjectError::Elsewhere);
        }
        Ok(Self { allow: "all".to_owned(), ..self })
    }

    /// The flags with which sendmail takes the same overrides; for `-D` see [`Context::definitions`].
    pub(super) fn classic_flags(&self) -> Vec<OsString> {
        let groups = [("-M", &self.macros), ("-O", &self.options), ("-o", &self.letters)];
        let flags = groups.into_iter().flat_map(|(flag, values)| {
            values.iter().map(move |value| {
                let mut word = OsString::from(flag);
                word.push(value);
                word
            })
        });
        flags.collect()
    }

    /// The commands of test mode for `-D`.
    pub(super) fn definitions(&self) -> Vec<Vec<u8>> {
        self.define.iter().map(|value| [b".D", value.as_bytes()].concat()).collect()
    }

    /// Whether the file is another machine's.
    fn is_elsewhere(&self) -> bool {
        let given = !self.host_facts.is_empty() || !self.fact.is_empty() || !self.more.is_empty();
        self.root.is_some() || given
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub(super) fn read(&self, path: &[u8]) -> Result<Loaded, SubjectError> {
        let source = Reading::bytes_of(path)?;
        self.load(path, source, |_| {})
    }

    /// Reads `bytes` as if they were the file at `path`.
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub(super) fn read_bytes(&self, path: &[u8], bytes: &[u8]) -> Result<Loaded, SubjectError> {
        self.load(path, bytes.to_vec(), |_| {})
    }

    /// The options of the command line, as they would stand behind the `O` of a line.
    pub(super) fn option_texts(&self) -> Vec<Vec<u8>> {
        let long = self.options.iter().map(|value| (b'O', value));
        let letters = self.letters.iter().map(|value| (b'o', value));
        long.chain(letters)
            .filter_map(|(letter, value)| usage::option_text(letter, value.as_bytes()))
            .collect()
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
        let Translation { bytes: text, diagnostics: untranslated } = match self.dialect(&source)? {
            Some(dialect) => translate(dialect, &source, &SystemNames::new(&host.name)),
            None => Translation { bytes: source.clone(), diagnostics: Vec::new() },
        };
        let system = System::elsewhere(root.clone(), facts.services.clone());
        let mut elsewhere = Elsewhere::new(system, Arc::clone(&facts), allowed);
        let (mut configuration, diagnostics) = read(&text, &host, &mut elsewhere);
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
        let diagnostics = untranslated.into_iter().chain(diagnostics).collect();
        let (mut reading, not_asked) = elsewhere.reading(path, configuration, diagnostics);
        for (name, entries) in &facts.maps {
            if !reading.maps.give(name, entries) {
                return Err(SubjectError::NoMap(String::from_utf8_lossy(name).into_owned()));
            }
        }
        let configuration = Arc::new(reading.configuration.clone());
        let settings = reading.maps.settings().clone();
        let map_lines = reading.map_lines.clone();
        let kit =
            EngineKit { configuration, settings, map_lines, home: Home { facts, allowed, root } };
        Ok(Loaded { source, text, reading, not_asked, kit })
    }

    /// Adds a text of facts that comes from `path`.
    pub(super) fn add_facts(&mut self, path: &str, text: Vec<u8>) {
        self.more.push((path.to_owned(), text));
    }

    /// The facts of the command line, one a line.
    ///
    /// # Errors
    /// A file of facts cannot be read.
    pub(super) fn fact_lines(&self) -> Result<Vec<Vec<u8>>, SubjectError> {
        let mut lines = Vec::new();
        for path in &self.host_facts {
            let text = read_facts(path)?;
            let kept = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let kept = kept.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
            lines.extend(kept.map(<[u8]>::to_vec));
        }
        lines.extend(self.fact.iter().map(|line| line.as_bytes().to_vec()));
        Ok(lines)
    }

    fn facts(&self) -> Result<Facts, SubjectError> {
        let mut facts = Facts::default();
        for path in &self.host_facts {
            let text = read_facts(path)?;
            let path = path.display().to_string();
            facts.add(&text).map_err(|error| SubjectError::Facts { path, error })?;
        }
        for (path, text) in &self.more {
            let path = path.clone();
            facts.add(text).map_err(|error| SubjectError::Facts { path, error })?;
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
            options: self.option_texts(),
            macros,
            processors: config_files::processors(),
            levels: cf_parser::debug::Levels::default(),
        })
    }

    /// The name of the machine, for the dialects that ask for it.
    fn own_name(&self) -> Result<Vec<u8>, SubjectError> {
        let host = self.facts()?.host;
        Ok(host.unwrap_or_else(|| hostname::identify(&mut NoNames).canonical))
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
        &self.kit.configuration
    }

    /// The facts about the machine.
    pub(super) fn facts(&self) -> &Facts {
        &self.kit.home.facts
    }

    /// Where the files are that it names.
    pub(super) fn root(&self) -> &Root {
        &self.kit.home.root
    }

    /// What threads make their engines of.
    pub(super) fn kit(&self) -> &EngineKit {
        &self.kit
    }

    /// An engine of its own, with maps that nobody has opened yet.
    pub(super) fn engine(&self) -> Engine<SystemServices> {
        self.kit.engine()
    }
}

impl EngineKit {
    /// The configuration.
    pub(super) fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// An engine of its own, with maps that nobody has opened yet.
    pub(super) fn engine(&self) -> Engine<SystemServices> {
        Engine::new(Arc::clone(&self.configuration), self.maps(), self.home.services())
    }

    /// Another set of the same maps.
    pub(super) fn maps(&self) -> MapSet {
        self.home.maps(&self.settings, &self.map_lines, self.configuration.level)
    }

    /// What a process would run with; it asks only what is allowed.
    pub(super) fn site(&self) -> Arc<Site> {
        let (settings, lines) = (self.settings.clone(), self.map_lines.clone());
        let configuration = Configuration::clone(&self.configuration);
        Arc::new(Site::of(configuration, lines, settings, self.home.clone()))
    }
}

fn read_facts(path: &Path) -> Result<Vec<u8>, SubjectError> {
    let text = config_files::read_regular(path.as_os_str().as_bytes());
    text.map_err(|error| SubjectError::NoFacts {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
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
