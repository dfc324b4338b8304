//! `bangpath coverage`: what addresses and tests reach of a configuration.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use mapper::SystemServices;
use ruleset_vm::{Role, Target};
use workbench::coverage::{self, Coverage, KnownEntries};
use workbench::engine::Engine;
use workbench::source::Source;
use workbench::unanswered::Unanswered;

use super::addresses::Addresses;
use super::exit;
use super::output::{Format, Output, cannot};
use super::progress::Progress;
use super::subject::{Loaded, Subject};
use super::trials::{Counts, TrialError, Trials};
use crate::sys::{config_files, parallel, terminal};

/// Addresses that a worker takes at once.
const BATCH: usize = 512;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct CoverageOf {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Addresses, one a line, to be resolved as recipients; - for standard input
    #[arg(long, value_name = "FILE")]
    addresses: Option<PathBuf>,
    /// Each address is also rewritten for its mailer, as sender and recipient, in envelope and header
    #[arg(long, requires = "addresses")]
    rewrite: bool,
    /// Prints the source with counts in the margin
    #[arg(long)]
    annotate: bool,
    /// Writes a tracefile for lcov and genhtml
    #[arg(long, value_name = "FILE")]
    lcov: Option<PathBuf>,
    /// Files of tests (docs/test-format.md)
    #[arg(value_name = "FILE")]
    tests: Vec<PathBuf>,
}

/// Runs it.
pub(in crate::cli) fn run(words: &CoverageOf) -> u8 {
    words.run().unwrap_or_else(|error| cannot(&error))
}

impl CoverageOf {
    fn run(&self) -> Result<u8, TrialError> {
        if self.addresses.is_none() && self.tests.is_empty() {
            return Ok(cannot(&"coverage: neither --addresses nor files of tests"));
        }
        let loaded = self.subject.read()?;
        let mut total = Coverage::default();
        let counts = Counts::default();
        let mut known = known_entries(&loaded);
        for path in &self.tests {
            let mut trials = Trials::open(path, &self.subject, Some(counts.clone()))?;
            for (map, keys) in known_entries(&trials.loaded) {
                known.entry(map).or_default().extend(keys);
            }
            for test in std::mem::take(&mut trials.suite.tests) {
                trials.outcome(&test);
            }
        }
        total.merge(counts.take());
        if let Some(path) = &self.addresses {
            total.merge(self.of_addresses(path, &loaded)?);
        }
        self.print(&total, &loaded, &known)
    }

    fn print(
        &self,
        total: &Coverage,
        loaded: &Loaded,
        known: &KnownEntries,
    ) -> Result<u8, TrialError> {
        let configuration = loaded.configuration();
        let source = Source::new(&loaded.reading.path, &loaded.source);
        if let Some(path) = &self.lcov {
            let file = std::path::absolute(std::ffi::OsStr::from_bytes(&loaded.reading.path));
            let file = file.unwrap_or_default();
            let text = coverage::lcov(total, configuration, file.as_os_str().as_bytes());
            let written = File::create(path).and_then(|mut file| file.write_all(&text));
            written.map_err(|source| failed(path, source))?;
        }
        if self.output.format == Format::Json {
            coverage::json::objects(total, configuration, known).iter().for_each(Output::object);
        } else if self.annotate {
            terminal::print(&coverage::annotate(total, configuration, &source));
        } else {
            terminal::print(&coverage::summary(total, configuration, known));
        }
        Ok(exit::SAME)
    }

    /// All addresses of a file, on all processors.
    fn of_addresses(&self, path: &Path, loaded: &Loaded) -> Result<Coverage, TrialError> {
        let addresses = Addresses::open(path.as_os_str())?;
        let progress = Progress::of_bytes(addresses.size);
        let kit = loaded.kit();
        let (mut total, mut unanswered) = (Coverage::default(), Unanswered::default());
        parallel::in_order(
            config_files::processors(),
            addresses.batches(BATCH),
            || kit.engine(),
            |engine, batch| {
                let (mut coverage, mut missing) = (Coverage::default(), Unanswered::default());
                batch
                    .addresses
                    .iter()
                    .for_each(|address| self.try_one(address, engine, &mut coverage));
                missing.take(engine);
                (batch.bytes, coverage, missing)
            },
            |(bytes, coverage, missing)| {
                progress.add(bytes);
                total.merge(coverage);
                unanswered.add(missing);
                ControlFlow::Continue(())
            },
        );
        drop(progress);
        match self.output.format {
            Format::Text => terminal::complain(&unanswered.text()),
            Format::Json => unanswered.json().iter().for_each(Output::object),
        }
        Ok(total)
    }

    fn try_one(&self, address: &[u8], engine: &mut Engine<SystemServices>, to: &mut Coverage) {
        engine.reset();
        let parsed = engine.resolve(address, Role::default(), to);
        let Some(parsed) = parsed.filter(|_| self.rewrite) else { return };
        let Target::Mailer(mailer) = parsed.triple.mailer else { return };
        for (header, sender) in [(false, true), (false, false), (true, true), (true, false)] {
            engine.rewrite_for(address, mailer, Role { header, sender }, to);
        }
    }
}

/// The keys of the maps whose contents facts give.
fn known_entries(loaded: &Loaded) -> KnownEntries {
    let keys =
        |entries: &[(Vec<u8>, Vec<u8>)]| entries.iter().map(|(key, _)| key.clone()).collect();
    loaded.facts().maps.iter().map(|(map, entries)| (map.clone(), keys(entries))).collect()
}

fn failed(path: &Path, source: std::io::Error) -> TrialError {
    TrialError::Io { path: path.display().to_string(), source }
}
