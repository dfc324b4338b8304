//! Files of tests, tried on a configuration: what `test` and `coverage` share.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapper::SystemServices;
use ruleset_vm::trace::{Event, NoTracer, Scene, Tracer};
use workbench::coverage::Coverage;
use workbench::engine::Engine;
use workbench::session::{self, Client, Exchange, Typed, Watch, conclude};
use workbench::source::Source;
use workbench::suite::{self, Deciding, Got, Outcome, Subject as Tried, Suite, SuiteError, Test};

use super::addresses::NoAddresses;
use super::player::{Player, Stage};
use super::subject::{Loaded, Subject, SubjectError};

/// Largest file of tests, bytes.
const LARGEST: u64 = 64 << 20;

/// Why tests cannot be tried.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrialError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("{path}: {error}")]
    Suite {
        /// The path.
        path: String,
        /// What is wrong.
        error: SuiteError,
    },
    /// The addresses cannot be read.
    #[error(transparent)]
    Addresses(#[from] NoAddresses),
    /// The configuration cannot be read.
    #[error(transparent)]
    Subject(#[from] SubjectError),
}

/// A file's bytes.
///
/// # Errors
/// The system's, with the path; a file of more than 64 megabytes is none for this.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TrialError> {
    use std::io::Read as _;
    let failed = |source| TrialError::Io { path: path.display().to_string(), source };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > LARGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

/// A file of tests with the configuration as its facts want it.
pub(super) struct Trials {
    /// The tests.
    pub(super) suite: Suite,
    /// The configuration.
    pub(super) loaded: Loaded,
    source: Source,
    engine: Engine<SystemServices>,
    player: Player,
    watch: Watch,
    counts: Option<Counts>,
}

impl Trials {
    /// Reads the file at `path`; `counts` hear of every rule.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub(super) fn open(
        path: &Path,
        subject: &Subject,
        counts: Option<Counts>,
    ) -> Result<Self, TrialError> {
        let shown = path.display().to_string();
        let parsed = suite::parse(&read(path)?);
        let suite = parsed.map_err(|error| TrialError::Suite { path: shown, error })?;
        Self::of(path, suite, subject, counts)
    }

    /// [`Trials::open`] with tests that stand in no file.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub(super) fn of(
        path: &Path,
        suite: Suite,
        subject: &Subject,
        counts: Option<Counts>,
    ) -> Result<Self, TrialError> {
        let mut subject = subject.clone();
        if !suite.facts.is_empty() {
            subject.context.add_facts(&path.display().to_string(), suite.facts_text());
        }
        let loaded = subject.read()?;
        let source = Source::new(&loaded.reading.path, &loaded.source);
        let watch = match counts.clone() {
            Some(counts) => Watch::with(Box::new(counts)),
            None => Watch::default(),
        };
        let player = Player::new(loaded.kit().site(), watch.clone());
        let engine = loaded.engine();
        Ok(Self { suite, loaded, source, engine, player, watch, counts })
    }

    /// Tries one of the tests.
    pub(super) fn outcome(&mut self, test: &Test) -> Outcome {
        match &test.subject {
            Tried::Session(lines) => self.session(lines),
            _ => match &mut self.counts {
                Some(counts) => suite::run(test, &mut self.engine, counts),
                None => suite::run(test, &mut self.engine, &mut NoTracer),
            },
        }
    }

    fn session(&self, lines: &[Vec<u8>]) -> Outcome {
        drop(self.watch.take());
        let mut stage = Script { lines, handed: 0, played: Vec::new() };
        let client = match lines.first().map(|line| session::typed(line)) {
            Some(Ok(Typed::Client(client))) => {
                stage.handed = 1;
                client
            }
            _ => Client::Local,
        };
        self.player.play(client, &mut stage);
        let mut replies = std::collections::BTreeMap::new();
        let mut exchanges = Vec::new();
        for (after, exchange) in stage.played {
            let lines: &mut Vec<Vec<u8>> = replies.entry(after).or_default();
            lines.extend(exchange.replies.iter().cloned());
            exchanges.push(exchange);
        }
        let conclusion = conclude(&exchanges, self.loaded.configuration(), &self.source);
        let objection = exchanges.iter().rev().find_map(Exchange::objection);
        let rule = objection.and_then(|run| run.rule()).map(Deciding::of);
        let (relayed, because) = (conclusion.relayed, conclusion.because);
        Outcome { got: Got::Session { replies, relayed, because }, rule }
    }
}

/// The lines of a test.
struct Script<'a> {
    lines: &'a [Vec<u8>],
    /// How many have been handed out.
    handed: usize,
    played: Vec<(usize, Exchange)>,
}

impl Stage for Script<'_> {
    fn line(&mut self) -> Option<Vec<u8>> {
        let line = self.lines.get(self.handed)?;
        self.handed += 1;
        Some(line.clone())
    }

    fn played(&mut self, exchange: Exchange) {
        self.played.push((self.handed, exchange));
    }
}

/// Counts that several hear of.
#[derive(Clone, Default)]
pub(super) struct Counts(Arc<Mutex<Coverage>>);

impl Counts {
    /// What has been counted since the last call.
    pub(super) fn take(&self) -> Coverage {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Coverage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracer for Counts {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        self.lock().event(scene, event);
    }
}
