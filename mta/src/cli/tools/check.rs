//! `bangpath check`: what is wrong with a configuration, or with its tables and aliases.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use cf_parser::Severity;
use mapper::AliasReader;
use ruleset_vm::load::post_checks;
use workbench::check::tables::{EngineReader, Kind, PlainReader, Table, check as check_table};
use workbench::check::{self, FileFacts, FileKind, Files, Finding, Places, Style, catalogue};

use super::exit;
use super::output::{self, Format, Output, cannot};
use super::subject::{Loaded, Subject, SubjectError};
use crate::config::reading::Reading;
use crate::config::root::Root;
use crate::sys::{named_files, terminal};

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// What the files are: cf, aliases, access, mailertable, virtusertable, genericstable, domaintable,
    /// authinfo, makemap [default: what -C uses them for, else what they are called]
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Makes the edits that are safe
    #[arg(long)]
    fix: bool,
    /// Prints what sendmail says of the file, and ends with its exit status
    #[arg(long, conflicts_with_all = ["fix", "kind"])]
    classic: bool,
    /// Looks at the files that the configuration names, though it is not in /etc
    #[arg(long)]
    files: bool,
    /// Tells about a check, by its code or name
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
    /// Lists all checks
    #[arg(long)]
    list: bool,
    /// Configurations or tables [default: the configuration]
    #[arg(value_name = "FILE")]
    paths: Vec<OsString>,
}

/// What a file is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Configuration,
    Table(Kind),
}

/// Why a file cannot be checked.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error("--kind: no kind {0}")]
    Kind(String),
    #[error("--explain: no check {0}")]
    NoCheck(String),
    #[error("{0}: cannot be written: {1}")]
    Write(String, String),
    #[error("{0}: it is not in the file, so that nothing can be mended")]
    NoFile(String),
}

/// Runs it.
pub(in crate::cli) fn run(words: &Check) -> u8 {
    let done = if words.list {
        Ok(list())
    } else if let Some(code) = &words.explain {
        explain(code)
    } else {
        words.check_all()
    };
    done.unwrap_or_else(|error| cannot(&error))
}

fn list() -> u8 {
    for check in catalogue::all() {
        let line = format!(
            "{}  {:<8} {:<26} {}\n",
            check.code,
            check.severity.name(),
            check.name,
            check.summary
        );
        terminal::print(line.as_bytes());
    }
    exit::SAME
}

fn explain(code: &str) -> Result<u8, CheckError> {
    let found = catalogue::by_code(code).ok_or_else(|| CheckError::NoCheck(code.to_owned()))?;
    terminal::print(check::explanation(found).as_bytes());
    Ok(exit::SAME)
}

impl Check {
    fn check_all(&self) -> Result<u8, CheckError> {
        if self.paths.is_empty() {
            let loaded = self.subject.read()?;
            return self.configuration(loaded);
        }
        let given = match self.subject.file {
            Some(_) => Some(self.subject.read()?),
            None => None,
        };
        let mut worst = exit::SAME;
        for path in &self.paths {
            let path = path.as_bytes();
            let status = match self.what(path, given.as_ref())? {
                What::Configuration => self.configuration(self.subject.context.read(path)?)?,
                What::Table(kind) => self.table(path, kind, given.as_ref())?,
            };
            worst = worst.max(status);
        }
        Ok(worst)
    }

    fn what(&self, path: &[u8], given: Option<&Loaded>) -> Result<What, CheckError> {
        match self.kind.as_deref() {
            Some("cf") => return Ok(What::Configuration),
            Some(name) => {
                let kind = Kind::by_name(name).ok_or_else(|| CheckError::Kind(name.to_owned()));
                return kind.map(What::Table);
            }
            None => {}
        }
        let config = given.map(|loaded| cf_parser::parse(&loaded.text).0);
        let uses = config.as_ref().zip(given.map(|loaded| &**loaded.configuration()));
        Ok(Kind::of_file(path, uses).map_or(What::Configuration, What::Table))
    }

    /// Checks a configuration.
    fn configuration(&self, loaded: Loaded) -> Result<u8, CheckError> {
        if self.classic {
            return Ok(classic(&loaded));
        }
        let options = self.subject.context.option_texts();
        let system = SystemFiles::of(&loaded, self.files);
        let found = findings(&loaded, system.as_ref(), &options);
        let path = loaded.reading.path.clone();
        if !self.fix {
            return Ok(self.tell(&path, &loaded.text, &found, 0));
        }
        if loaded.text != loaded.source || named_files::status(&path).is_err() {
            return Err(CheckError::NoFile(shown(&path)));
        }
        let mut again = |bytes: &[u8]| {
            let read = self.subject.context.read_bytes(&path, bytes);
            read.map_or_else(
                |_| found.clone(),
                |loaded| findings(&loaded, system.as_ref(), &options),
            )
        };
        let fixed = check::apply(&loaded.source, &found, &mut again);
        if fixed.mended == 0 {
            return Ok(self.tell(&path, &loaded.text, &found, 0));
        }
        named_files::replace(&path, &fixed.bytes)
            .map_err(|error| CheckError::Write(shown(&path), error.to_string()))?;
        let left = again(&fixed.bytes);
        Ok(self.tell(&path, &fixed.bytes, &left, fixed.mended))
    }

    /// Checks a table.
    fn table(&self, path: &[u8], kind: Kind, given: Option<&Loaded>) -> Result<u8, CheckError> {
        let bytes = Reading::bytes_of(path).map_err(SubjectError::Read)?;
        let mut engine = given.map(Loaded::engine);
        let mut by_rules = engine.as_mut().map(EngineReader);
        let mut plain = PlainReader;
        let reader: &mut dyn AliasReader = match &mut by_rules {
            Some(reader) => reader,
            None => &mut plain,
        };
        let system = match given {
            Some(loaded) => SystemFiles::of(loaded, self.files),
            None => (self.files || path.starts_with(b"/etc/")).then(SystemFiles::default),
        };
        let files = system.as_ref().map(|files| files as &dyn Files);
        let configuration = given.map(|loaded| (&loaded.text[..], &**loaded.configuration()));
        let table = Table { bytes: &bytes, kind, configuration, reader, files };
        let findings = check_table(table);
        Ok(self.tell(path, &bytes, &findings, 0))
    }

    /// Prints findings; the exit status they ask for.
    fn tell(&self, path: &[u8], bytes: &[u8], findings: &[Finding], mended: usize) -> u8 {
        let source = Places::new(bytes);
        match self.output.format {
            Format::Json => {
                let objects = findings.iter().map(|finding| check::object(path, &source, finding));
                objects.for_each(|object| Output::object(&object));
                Output::object(&check::summary_object(path, findings, mended));
            }
            Format::Text => text(path, &source, findings, mended),
        }
        let bad = findings.iter().any(|finding| finding.severity > check::Severity::Note);
        if bad { exit::DIFFERENT } else { exit::SAME }
    }
}

fn text(path: &[u8], source: &Places<'_>, findings: &[Finding], mended: usize) {
    let path = String::from_utf8_lossy(path);
    let style = Style { colours: output::colour(), unicode: false };
    for finding in findings {
        let shown = check::render(&path, source, finding, style);
        terminal::print(&[shown.as_bytes(), b"\n"].concat());
    }
    if mended > 0 {
        terminal::print(format!("{path}: {mended} mended\n").as_bytes());
    }
    if let Some(summary) = check::summary(&path, findings) {
        terminal::print(summary.as_bytes());
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// What is found in a configuration.
fn findings(loaded: &Loaded, files: Option<&SystemFiles>, options: &[Vec<u8>]) -> Vec<Finding> {
    let (config, _) = cf_parser::parse(&loaded.text);
    let mut diagnostics = loaded.reading.diagnostics.clone();
    diagnostics.extend(post_checks(loaded.configuration(), CHECK_MODE));
    let maps = loaded.reading.maps.descriptions();
    check::check(check::Subject {
        bytes: &loaded.text,
        config: &config,
        configuration: loaded.configuration(),
        diagnostics: &diagnostics,
        maps: &maps,
        files: files.map(|files| files as &dyn Files),
        options,
    })
}

/// The letter of sendmail's own mode for checking configurations, `-bC`.
const CHECK_MODE: u8 = b'C';

/// What sendmail prints of the file, and its exit status (CMD-019).
fn classic(loaded: &Loaded) -> u8 {
    for (line, _) in loaded.reading.messages() {
        terminal::print(&[&line[..], b"\n"].concat());
    }
    let exit = loaded.reading.exit();
    let mut failed = 0;
    for found in post_checks(loaded.configuration(), CHECK_MODE) {
        match found.severity {
            // that there is no queue directory is said only where nothing else is wrong
            Severity::Error { exit: 78, .. } if failed == 0 => {}
            Severity::Error { exit, .. } => {
                terminal::print(&[&found.text[..], b"\n"].concat());
                failed = if failed == 0 { exit } else { failed };
            }
            Severity::Warning => terminal::print(&[&found.text[..], b"\n"].concat()),
            Severity::Note | Severity::Mistake => {}
        }
    }
    if failed == 0 { exit } else { failed }
}

/// The files of the machine that a configuration is for.
#[derive(Default)]
struct SystemFiles {
    root: Root,
}

impl SystemFiles {
    /// Those of this machine for a configuration in `/etc`, those of the copy with `--root`.
    fn of(loaded: &Loaded, asked: bool) -> Option<Self> {
        let here = loaded.reading.path.starts_with(b"/etc/");
        let root = loaded.root().clone();
        (here || asked || root.is_elsewhere()).then_some(Self { root })
    }
}

impl Files for SystemFiles {
    fn facts(&self, path: &[u8]) -> Option<FileFacts> {
        let status = named_files::status(&self.root.place(path)).ok()?;
        let kind = match (status.is_file, status.is_directory) {
            (true, _) => FileKind::File,
            (_, true) => FileKind::Directory,
            _ => FileKind::Other,
        };
        // who may write to a copy says nothing
        let mode = (!self.root.is_elsewhere()).then_some(status.mode);
        Some(FileFacts { kind, mode, modified: status.modified })
    }
}
