//! `bangpath test`: expectations of a configuration, as tests.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use workbench::suite::{self, Report, Subject as Tried, Suite, Test, judge, record};

use super::addresses::Addresses;
use super::exit;
use super::output::{Output, cannot};
use super::subject::Subject;
use super::trials::{TrialError, Trials, read};
use crate::sys::terminal;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct TestFiles {
    #[command(flatten)]
    subject: Subject,
    /// How results are printed
    #[arg(long, value_enum, default_value = "text", value_name = "text|tap|junit|json")]
    format: Format,
    /// Prints tests that expect what comes now, instead of comparing
    #[arg(long)]
    record: bool,
    /// With --record: a test for each address of this file, one a line
    #[arg(long, value_name = "FILE", requires = "record")]
    addresses: Option<PathBuf>,
    /// With --record: a test of the session in this file
    #[arg(long, value_name = "FILE", requires = "record")]
    session: Vec<PathBuf>,
    /// Files of tests (docs/test-format.md)
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: what has failed
    Text,
    /// Test Anything Protocol
    Tap,
    /// JUnit's XML, for build servers
    Junit,
    /// One JSON object a line (docs/json.md)
    Json,
}

/// Runs it: 0 if all tests pass, 1 if some fail, 2 if they cannot be tried.
pub(in crate::cli) fn run(words: &TestFiles) -> u8 {
    let result = if words.record { words.recorded() } else { words.tried() };
    result.unwrap_or_else(|error| cannot(&error))
}

impl TestFiles {
    fn tried(&self) -> Result<u8, TrialError> {
        if self.files.is_empty() {
            return Ok(cannot(&"test: no files of tests"));
        }
        let mut reports = Vec::new();
        for path in &self.files {
            let report = self.report(path)?;
            if self.format == Format::Json {
                report.results.iter().for_each(|it| Output::object(&suite::json(&report, it)));
            }
            reports.push(report);
        }
        match self.format {
            Format::Text => terminal::print(&suite::text(&reports)),
            Format::Tap => terminal::print(&suite::tap(&reports)),
            Format::Junit => terminal::print(&suite::junit::junit(&reports)),
            Format::Json => Output::object(&suite::summary_json(&reports)),
        }
        let failed = reports.iter().any(|report| report.failed() > 0);
        Ok(if failed { exit::DIFFERENT } else { exit::SAME })
    }

    fn report(&self, path: &Path) -> Result<Report, TrialError> {
        let mut trials = Trials::open(path, &self.subject, None)?;
        let tests = std::mem::take(&mut trials.suite.tests);
        let mut results = Vec::new();
        for test in &tests {
            let outcome = trials.outcome(test);
            let failures = judge(test.line, &test.expected, &outcome);
            let because = match outcome.got {
                suite::Got::Session { because, .. } => Some(because),
                _ => None,
            };
            let (line, title, rule) = (test.line, test.title(), outcome.rule);
            results.push(suite::Result { line, title, failures, rule, because });
        }
        let file = path.as_os_str().as_bytes().to_vec();
        Ok(Report { file, configuration: trials.loaded.reading.path.clone(), results })
    }

    /// Prints what is tried with what comes of it now. The facts of the command line become part of it.
    fn recorded(&self) -> Result<u8, TrialError> {
        let (suite, path) = match &self.files[..] {
            [] => (Suite::default(), PathBuf::from("-")),
            [path] => {
                let error = |error| TrialError::Suite { path: path.display().to_string(), error };
                (suite::parse(&read(path)?).map_err(error)?, path.clone())
            }
            _ => return Ok(cannot(&"test --record: one file at a time")),
        };
        let mut suite = suite;
        if let Some(path) = &self.addresses {
            let batches = Addresses::open(path.as_os_str())?.batches(usize::MAX);
            suite.tests.extend(batches.flat_map(|batch| batch.addresses).map(address));
        }
        for path in &self.session {
            let name = path.file_name().map(|name| name.as_bytes().to_vec());
            let text = read(path)?;
            let text = text.strip_suffix(b"\n").unwrap_or(&text);
            let lines = text.split(|byte| *byte == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            suite.tests.push(Test { name, ..test(Tried::Session(lines.collect())) });
        }
        if suite.tests.is_empty() {
            return Ok(cannot(&"test --record: nothing to record: FILE, --addresses or --session"));
        }
        let mut trials = Trials::of(&path, suite, &self.subject, None)?;
        let mut tests = std::mem::take(&mut trials.suite.tests);
        for test in &mut tests {
            let outcome = trials.outcome(test);
            test.expected = record(&test.subject, &outcome);
        }
        let given = self.subject.context.fact_lines()?.into_iter().map(|line| (0, line));
        let facts = trials.suite.facts.into_iter().chain(given).collect();
        terminal::print(&suite::write(&Suite { facts, tests }));
        Ok(exit::SAME)
    }
}

fn address(address: Vec<u8>) -> Test {
    test(Tried::Address { role: ruleset_vm::Role::default(), address })
}

fn test(subject: Tried) -> Test {
    Test { line: 0, name: None, subject, settings: Vec::new(), expected: Vec::new() }
}
