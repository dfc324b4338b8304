//! Reading a configuration from the system: the file, its class files, users, maps.

use bstr::ByteSlice as _;
use mapper::{BlameSettings, MapError, MapSet, NoticeKind, Settings};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, LargeFile, OwnInterface,
    Surroundings, User, option_checks, read,
};

use super::default_user;
use super::dialect_names::{DialectChoice, SystemNames};
use super::own_names;
use super::program_environment;
use super::root::Root;
use crate::sys::config_files::{self, ClassFile, DirectoryTrust, RereadFile};
use crate::sys::{hostname, net, users};
use cf_parser::debug::{Category, Levels};
use cf_parser::dialect::translate;
use cf_parser::options::OptionValue;
use cf_parser::{Diagnostic, Name, Severity};

/// A configuration as it was read, and what was said about it.
pub struct Reading {
    /// The path it was read from.
    pub path: Vec<u8>,
    /// Rules, macros, classes, mailers, options.
    pub configuration: Configuration,
    /// Its maps.
    pub maps: MapSet,
    /// The expanded `K` lines, so that another set of the same maps can be made.
    pub map_lines: Vec<Vec<u8>>,
    /// Messages in the order they are printed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened (exit status 72).
    #[error("{path}: line 0: cannot open: {reason}")]
    CannotOpen {
        /// The path.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// It is a directory or a device (exit status 72).
    #[error("{path}: line 0: not a plain file")]
    NotPlain {
        /// The path.
        path: String,
    },
}

impl Reading {
    /// Reads the file at `path`, as the dialect chosen, if any.
    ///
    /// # Errors
    /// The file cannot be used at all; anything less is a diagnostic.
    pub fn of_file(
        path: &[u8],
        choice: Option<DialectChoice>,
        facts: &HostFacts,
    ) -> Result<Self, ReadError> {
        let bytes = Self::bytes_of(path)?;
        let Some(dialect) = choice.and_then(|choice| choice.of(&bytes)) else {
            return Ok(Self::of_bytes(path, &bytes, facts));
        };
        let translation = translate(dialect, &bytes, &SystemNames::new(&facts.name));
        let mut reading = Self::of_bytes(path, &translation.bytes, facts);
        reading.diagnostics.splice(0..0, translation.diagnostics);
        Ok(reading)
    }

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// The file cannot be used at all.
    pub fn bytes_of(path: &[u8]) -> Result<Vec<u8>, ReadError> {
        let shown = String::from_utf8_lossy(path).into_owned();
        config_files::read_regular(path).map_err(|error| match error {
            config_files::ConfigFileError::Io(error) => {
                ReadError::CannotOpen { path: shown, reason: crate::sys::errors::describe(&error) }
            }
            _ => ReadError::NotPlain { path: shown },
        })
    }

    /// Reads a configuration given as bytes; `path` is what messages call it.
    #[must_use]
    pub fn of_bytes(path: &[u8], bytes: &[u8], facts: &HostFacts) -> Self {
        let mut system = System { levels: facts.levels, ..System::default() };
        let (configuration, diagnostics) = read(bytes, facts, &mut system);
        system.reading(path, configuration, diagnostics)
    }

    /// Each message with its place in front, as sendmail prints it.
    pub fn messages(&self) -> impl Iterator<Item = (Vec<u8>, Severity)> + '_ {
        self.diagnostics.iter().map(|diagnostic| {
            let mut line = Vec::new();
            if !diagnostic.bare {
                line.extend_from_slice(&self.path);
                line.extend(format!(": line {}: ", diagnostic.span.last_line).into_bytes());
            }
            line.extend_from_slice(&diagnostic.text);
            (line, diagnostic.severity)
        })
    }

    /// The exit status that reading asks for: that of the first error, unless there is no mailbox
    /// database (69); 0 without errors.
    #[must_use]
    pub fn exit(&self) -> u8 {
        let errors = || {
            self.diagnostics.iter().filter_map(|diagnostic| match diagnostic.severity {
                Severity::Error { exit, .. } => Some(exit),
                Severity::Note | Severity::Warning | Severity::Mistake => None,
            })
        };
        errors().find(|exit| *exit == 69).or_else(|| errors().next()).unwrap_or(0)
    }

    /// The exit status of an error that ends the program on the spot, if there is one.
    #[must_use]
    pub fn fatal(&self) -> Option<u8> {
        self.diagnostics.iter().find_map(|diagnostic| match diagnostic.severity {
            Severity::Error { exit, fatal: true } => Some(exit),
            _ => None,
        })
    }
}

/// The options that maps read.
fn map_settings(configuration: &Configuration) -> Settings {
    let options = &configuration.options;
    let expanded =
        |name: &str| options.text(name).map(|text| configuration.macros.expand_bytes(text));
    let mut settings = Settings::default();
    if let Some(path) = expanded("ServiceSwitchFile") {
        settings.service_switch_file = path;
    }
    if let Some(path) = expanded("HostsFile") {
        settings.hosts_file = path;
    }
    settings.alias_files = options
        .all("AliasFile")
        .filter_map(|setting| {
            // The built-in configuration names its files by macros.
            let value = configuration.macros.expand_bytes(&setting.value);
            cf_parser::options::interpret(setting.option, None, &value).value
        })
        .flat_map(|value| match value {
            OptionValue::Aliases(files) => files,
            _ => Vec::new(),
        })
        .map(|file| alias_file(file.class.as_deref(), &file.spec))
        .collect();
    let timeout = |name: &str, default| match options.timeout(name) {
        Some(time) => u32::try_from(time).unwrap_or(0),
        None => default,
    };
    settings.resolver_retrans = timeout("resolver.retrans.normal", settings.resolver_retrans);
    settings.resolver_retry = timeout("resolver.retry.normal", settings.resolver_retry);
    if let Some(value) = options.bytes("ResolverOptions") {
        let value = value.to_ascii_lowercase();
        settings.work_around_broken_aaaa =
            value.split(u8::is_ascii_whitespace).any(|w| w.ends_with(b"workaroundbrokenaaaa"));
        settings.use_search_list = !value.split(u8::is_ascii_whitespace).any(|w| w == b"-dnsrch");
    }
    settings.ldap_defaults = expanded("LDAPDefaultSpec").unwrap_or_default();
    settings.environment = program_environment::of(configuration);
    settings.user_database = expanded("UserDatabaseSpec").unwrap_or_default();
    settings.ldap_cluster = configuration.macros.value(b"sendmailMTACluster");
    settings.ldap_host = configuration.macros.value(b"j");
    settings.local_domain = configuration.macros.value(b"m");
    settings.own_names = own_names_of(configuration);
    let allows = |word: &str| options.has_word("DontBlameSendmail", word);
    settings.blame = BlameSettings {
        map_in_unsafe_dir_path: allows("MapInUnsafeDirPath"),
        linked_map_in_writable_dir: allows("LinkedMapInWritableDir"),
        group_writable_dir_safe: allows("GroupWritableDirPathSafe"),
    };
    let trusted = options.bytes("TrustedUser");
    settings.trusted_user = trusted.and_then(|user| users::number_of(&user)).unwrap_or(0);
    settings
}

/// The members of class `w` in lower case.
fn own_names_of(configuration: &Configuration) -> Vec<Vec<u8>> {
    let names = configuration.classes.list(&cf_parser::Name::new(b"w"));
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn complaint(error: MapError) -> Complaint {
    let exit = error.exit();
    Complaint::error(error.text, exit)
}

/// One file of option AliasFile as [`MapSet`] takes it.
fn alias_file(class: Option<&[u8]>, spec: &[u8]) -> Vec<u8> {
    match class {
        Some(class) => [class, b":", spec].concat(),
        None => spec.to_vec(),
    }
}

/// The running system as the loader asks it.
#[derive(Default)]
pub struct System {
    maps: MapSet,
    map_lines: Vec<Vec<u8>>,
    levels: Levels,
    /// Where the files of the configuration are.
    root: Root,
    /// Sources of services that are known without a file.
    services: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
}

impl System {
    /// A system whose files lie elsewhere, and that knows sources of services.
    #[must_use]
    pub fn elsewhere(root: Root, services: Vec<(Vec<u8>, Vec<Vec<u8>>)>) -> Self {
        Self { root, services, ..Self::default() }
    }

    /// What has been read with this system.
    #[must_use]
    pub fn reading(
        self,
        path: &[u8],
        configuration: Configuration,
        mut diagnostics: Vec<Diagnostic>,
    ) -> Reading {
        let Self { mut maps, map_lines, .. } = self;
        let own_names = own_names_of(&configuration);
        maps.set_settings(Settings { own_names, ..maps.settings().clone() });
        diagnostics.extend(option_checks(&configuration));
        Reading { path: path.to_vec(), configuration, maps, map_lines, diagnostics }
    }

    /// The interfaces of this host, their names by `service`.
    pub fn interfaces_by(
        loopback_names: bool,
        service: &mut dyn hostname::NameService,
    ) -> Vec<OwnInterface> {
        hostname::named_interfaces(loopback_names, service)
            .into_iter()
            .map(|named| OwnInterface {
                address: hostname::bracketed_address(named.interface.address.into()),
                names: named.names,
                flags: named.interface.flags,
            })
            .collect()
    }

    /// A map as it has been declared, for those who want to see it.
    fn trace_map(&self, name: &[u8]) -> Option<Complaint> {
        let wanted = self.levels.at(Category::Options, 5);
        wanted.then(|| self.maps.declaration(name).map(Complaint::bare))?
    }
}

/// A large class file as the loader reads it.
struct Reread(RereadFile);

impl LargeFile for Reread {
    fn open(&mut self) -> std::io::Result<Box<dyn std::io::BufRead + '_>> {
        Ok(Box::new(self.0.contents()?))
    }
}

impl Surroundings for System {
    fn class_file(&mut self, path: &[u8], blame: ClassFileBlame) -> Result<ClassText, Complaint> {
        let trust = DirectoryTrust {
            any: blame.unsafe_directories || self.root.is_elsewhere(),
            group_writable: blame.group_directories,
        };
        let found =
            config_files::read_class_file(&self.root.place(path), trust).map_err(|error| {
                let text = [b"cannot open '", path, b"': ", error.to_string().as_bytes()].concat();
                Complaint::error(text, 71)
            })?;
        Ok(match found {
            ClassFile::Bytes(bytes) => ClassText::Bytes(bytes),
            ClassFile::Large(file) => ClassText::Large(Box::new(Reread(file))),
        })
    }

    fn class_program(&mut self, command: &[u8]) -> Result<Vec<u8>, Complaint> {
        Ok(config_files::program_output(command).unwrap_or_default())
    }

    fn class_schema(&mut self, name: &Name, cluster: &[u8], host: &[u8]) -> Vec<u8> {
        [b"ldap:", &mapper::schema::class(name.as_bytes(), cluster, host)[..]].concat()
    }

    fn class_lookup(
        &mut self,
        name: &Name,
        key: &[u8],
        spec: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        let mut words = spec.splitn(2, |byte| *byte == b':');
        let class = words.next().unwrap_or_default();
        let argument = words.next().unwrap_or_default();
        let shown = [b"fileclass: F{", name.as_bytes(), b"}: "].concat();
        // The map of an F line is of no use to anybody else and bears the name of the class.
        let ldap_defaults = self.maps.settings().ldap_defaults.clone();
        let mut maps = MapSet::new(Settings { ldap_defaults, ..Settings::default() });
        let errors = maps.declare_for_class(name.as_bytes(), class, argument);
        if let Some(error) = errors.into_iter().next() {
            let text = if error.text.ends_with(b"not available") {
                [&shown[..], b"class ", class, b" not available"].concat()
            } else {
                error.text
            };
            return Err(vec![Complaint::error(text, 70)]);
        }
        let mut services = mapper::SystemServices::default();
        let context = mapper::LookupContext::default();
        let lookup = maps.lookup(name.as_bytes(), key, &[], &context, &mut services);
        let failed = match lookup.answer {
            mapper::Answer::Found(value) => return Ok(Some(value)),
            mapper::Answer::Temporary { .. } => true,
            _ => false,
        };
        let mut opening = lookup.notices.iter().take(lookup.opening);
        let at_open = opening.any(|told| told.kind != NoticeKind::Warning);
        let told = lookup.notices.into_iter().filter(|told| told.kind != NoticeKind::Warning);
        let mut complaints: Vec<Complaint> =
            told.map(|notice| Complaint::error(notice.text, 71)).collect();
        if complaints.is_empty() && !failed {
            return Ok(None);
        }
        let mut words = b"map open failed".to_vec();
        if !at_open {
            words = b"map lookup failed".to_vec();
            // the words of the last trouble are the system's, as far as sendmail knows
            if let Some(trouble) = complaints.last() {
                let colon = trouble.text.rfind(b": ").unwrap_or(trouble.text.len());
                words.extend_from_slice(trouble.text.get(colon..).unwrap_or_default());
            }
        }
        complaints.push(Complaint::error([&shown[..], &words].concat(), 70));
        Err(complaints)
    }

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        self.map_lines.push(line.to_vec());
        let mut complaints: Vec<Complaint> = Vec::new();
        for (level, text) in [2, 3].into_iter().zip(MapSet::declaring(line)) {
            let wanted = self.levels.at(Category::Maps, level);
            complaints.extend(text.filter(|_| wanted).map(Complaint::bare));
        }
        let errors = self.maps.declare(line);
        complaints.extend(errors.into_iter().map(complaint));
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        complaints.extend(self.trace_map(&line[..end]));
        complaints
    }

    fn end_of_file(&mut self, configuration: &Configuration) -> Vec<Complaint> {
        let known = self.maps.descriptions();
        let mut settings = map_settings(configuration);
        // The system is asked for users only where programs will run.
        if known.iter().any(|map| map.class == "program") {
            let user = default_user::of(configuration);
            settings.default_user = Some((user.uid, user.gid));
        }
        settings.services.clone_from(&self.services);
        if self.root.is_elsewhere() {
            settings.service_switch_file = self.root.place(&settings.service_switch_file);
            settings.hosts_file = self.root.place(&settings.hosts_file);
            // who may write in the directories of a copy says nothing about those of the original
            settings.blame = BlameSettings::ALL;
        }
        self.maps.set_settings(settings);
        let errors = self.maps.finish(configuration.level);
        if self.root.is_elsewhere() {
            self.maps.relocate(&|path| self.root.place(path));
        }
        let mut complaints: Vec<Complaint> = errors.into_iter().map(complaint).collect();
        // With alias files the sequence of them has been shown at their option.
        let shown = !self.maps.settings().alias_files.is_empty();
        for name in [&b"host"[..], b"aliases.files", b"aliases"] {
            if known.iter().all(|known| known.name != name) && !(shown && name == b"aliases.files")
            {
                complaints.extend(self.trace_map(name));
            }
        }
        complaints
    }

    fn declare_alias_map(&mut self, class: Option<&[u8]>, spec: &[u8]) -> Vec<Complaint> {
        let found = self.maps.declare_alias_file(&alias_file(class, spec));
        found.into_iter().map(complaint).collect()
    }

    fn ldap_defaults(&mut self, spec: &[u8]) {
        self.maps.set_settings(Settings {
            ldap_defaults: spec.to_vec(),
            ..self.maps.settings().clone()
        });
    }

    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        config_files::environment(name)
    }

    fn user(&mut self, name: &[u8]) -> Option<User> {
        let account = users::by_name(name).ok().flatten()?;
        Some(User { name: account.name, uid: account.uid, gid: account.gid })
    }

    fn interfaces(&mut self, loopback_names: bool) -> Vec<OwnInterface> {
        Self::interfaces_by(loopback_names, &mut own_names::Asking::default())
    }

    fn service(&mut self, name: &[u8]) -> bool {
        net::service_port(name).is_some()
    }

    fn host(&mut self, name: &[u8], v6: bool) -> bool {
        hostname::is_known(name, v6, &mut own_names::Asking::default())
    }

    fn group(&mut self, name: &[u8]) -> Option<u32> {
        users::group_by_name(name).ok().flatten()
    }
}
