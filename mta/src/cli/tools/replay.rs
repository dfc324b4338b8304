//! `bangpath replay`: yesterday's log against a configuration.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use workbench::replay::report::Report;
use workbench::replay::{Daemon, Findings, Judge, MAX_LINE, Reader, Record, first_stamp, frame};
use workbench::source::Source;

use super::exit;
use super::output::{Format, Output, cannot};
use super::progress::Progress;
use super::subject::{Loaded, Subject};
use crate::daemon::ports;
use crate::sys::log_files::LogFile;
use crate::sys::{config_files, parallel, terminal};

/// Records that a worker gets at once.
const BATCH: usize = 512;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Logs of sendmail, Postfix or Exim, rotated or compressed, in any order; - for standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    maillog: Vec<OsString>,
    /// Examples shown for each cause
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
struct LogError {
    path: String,
    reason: String,
}

impl LogError {
    fn new(path: &[u8], error: &std::io::Error) -> Self {
        let path = String::from_utf8_lossy(path).into_owned();
        Self { path, reason: crate::sys::errors::describe(error) }
    }
}

/// Runs it.
pub(in crate::cli) fn run(replay: &Replay) -> u8 {
    let loaded = match replay.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let read = Arc::new(AtomicU64::new(0));
    let logs = match open(&replay.maillog, &read) {
        Ok(logs) => logs,
        Err(error) => return cannot(&error),
    };
    let files: Vec<Vec<u8>> = logs.iter().map(|(name, _)| name.clone()).collect();
    let total = logs.iter().map(|(_, log)| log.size()).sum();
    let (findings, ended) = replay.compare(&loaded, logs, total, &read);
    let Ended { lines, error } = ended;
    if let Some(error) = error {
        return cannot(&error);
    }
    if lines.1 == 0 {
        return cannot(&"nothing in the log says what became of mail");
    }
    let source = Source::new(&loaded.reading.path, &loaded.source);
    let report = Report { findings: &findings, source: &source, files: &files, lines };
    match replay.output.format {
        Format::Json => report.objects().iter().for_each(Output::object),
        Format::Text => terminal::print(&report.text()),
    }
    if findings.differ() { exit::DIFFERENT } else { exit::SAME }
}

/// A log with its name.
type Named = (Vec<u8>, LogFile);

/// Opens the logs, in the order in which they were written.
fn open(paths: &[OsString], read: &Arc<AtomicU64>) -> Result<Vec<Named>, LogError> {
    let mut logs = Vec::new();
    let mut stamps = Vec::new();
    for path in paths {
        let path = path.as_bytes().to_vec();
        let opened = LogFile::open(&path, Arc::clone(read)).and_then(|mut log| {
            let stamp = first_stamp(log.beginning()?);
            Ok((log, stamp))
        });
        let (log, stamp) = opened.map_err(|error| LogError::new(&path, &error))?;
        stamps.push(stamp);
        logs.push(Some((path, log)));
    }
    let order = frame::order(&stamps);
    Ok(order.into_iter().filter_map(|at| logs.get_mut(at)?.take()).collect())
}

/// How reading ended.
struct Ended {
    /// Lines, and those about mail.
    lines: (u64, u64),
    error: Option<LogError>,
}

impl Replay {
    fn compare(
        &self,
        loaded: &Loaded,
        logs: Vec<Named>,
        total: Option<u64>,
        read: &AtomicU64,
    ) -> (Findings, Ended) {
        let daemons: Arc<[Daemon]> = daemons(loaded).into();
        let (batches, ended) = Batches::new(logs);
        let mut findings = Findings::new(self.examples);
        let kit = loaded.kit();
        let progress = Progress::of_bytes(total);
        let mut shown = 0;
        parallel::in_order(
            self.jobs.unwrap_or_else(config_files::processors),
            batches,
            || Judge::new(kit.engine(), Arc::clone(&daemons)),
            |judge, records: Vec<Record>| {
                let mut found = Findings::new(self.examples);
                records.iter().for_each(|record| judge.judge(record, &mut found));
                found
            },
            |found| {
                findings.append(found);
                let now = read.load(Ordering::Relaxed);
                progress.add(now - shown);
                shown = now;
                ControlFlow::Continue(())
            },
        );
        let none = Ended { lines: (0, 0), error: None };
        (findings, ended.recv().unwrap_or(none))
    }
}

/// The daemons that log lines name. Ports and addresses do not matter: their names are not looked up.
fn daemons(loaded: &Loaded) -> Vec<Daemon> {
    struct Any;
    impl ports::Names for Any {
        fn service(&mut self, _name: &[u8]) -> Option<u16> {
            Some(0)
        }

        fn host(&mut self, _name: &[u8]) -> Vec<std::net::IpAddr> {
            vec![std::net::Ipv4Addr::UNSPECIFIED.into(), std::net::Ipv6Addr::UNSPECIFIED.into()]
        }
    }
    let settings = ports::settings(&loaded.reading.configuration);
    let daemons = ports::daemons(&settings, &mut Any).unwrap_or_default();
    let daemon = |it: ports::DaemonPort| Daemon { flags: it.modifiers.flags(), name: it.name };
    daemons.into_iter().map(daemon).collect()
}

/// Reads the logs one after the other.
struct Batches {
    logs: std::vec::IntoIter<Named>,
    at: Option<Named>,
    files: u32,
    reader: Reader,
    line: Vec<u8>,
    done: bool,
    ended: std::sync::mpsc::Sender<Ended>,
}

impl Batches {
    fn new(logs: Vec<Named>) -> (Self, Receiver<Ended>) {
        let (ended, end) = channel();
        let reader = Reader::new();
        let batches = Self {
            logs: logs.into_iter(),
            at: None,
            files: 0,
            reader,
            line: Vec::new(),
            done: false,
            ended,
        };
        (batches, end)
    }

    /// Goes on until there are enough records, or no more lines.
    fn fill(&mut self, records: &mut Vec<Record>) -> Result<(), LogError> {
        while records.len() < BATCH && !self.done {
            let Some((path, log)) = &mut self.at else {
                self.at = self.logs.next();
                self.done = self.at.is_none();
                self.reader.file(self.files);
                self.files += 1;
                continue;
            };
            match log.line(&mut self.line, MAX_LINE) {
                Ok(true) => self.reader.line(&self.line, records),
                Ok(false) => self.at = None,
                Err(error) => return Err(LogError::new(path, &error)),
            }
        }
        Ok(())
    }
}

impl Iterator for Batches {
    type Item = Vec<Record>;

    fn next(&mut self) -> Option<Vec<Record>> {
        if self.done {
            return None;
        }
        let mut records = Vec::with_capacity(BATCH + 64);
        let error = self.fill(&mut records).err();
        if self.done || error.is_some() {
            self.done = true;
            self.reader.finish(&mut records);
            // the receiver lives as long as the work
            let _ = self.ended.send(Ended { lines: self.reader.lines(), error });
        }
        Some(records)
    }
}
