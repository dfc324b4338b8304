//! `bangpath diff`: two configurations, or a program and this one, on the same addresses.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::thread;

use ruleset_vm::Program;
use workbench::compare::facets::{Facet, Wanted};
use workbench::compare::render::{Report, Shown};
use workbench::compare::{Cause, Example, Pair, Plan, Tally, traced, transcript};
use workbench::source::Source;

use super::addresses::{Addresses, Batch, NoAddresses};
use super::exit;
use super::output::{Format, Output, cannot};
use super::progress::Progress;
use super::subject::{Context, Loaded, SubjectError};
use super::test_mode_runs::{self, RunError, TestMode, TestSession};
use crate::sys::{parallel, terminal};

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Diff {
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    output: Output,
    /// The addresses, one a line; - for standard input
    #[arg(long, value_name = "FILE")]
    addresses: OsString,
    /// Lets this program (a real sendmail) work on OLD, in address test mode
    #[arg(long, value_name = "PROGRAM")]
    oracle: Option<OsString>,
    /// Lets this program work on NEW
    #[arg(long, value_name = "PROGRAM")]
    oracle_new: Option<OsString>,
    /// What is compared: triple, envelope, header, checks
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = ["triple", "envelope", "header", "checks"])]
    only: Vec<String>,
    /// The client that check rulesets see: its name and its address
    #[arg(long, num_args = 2, value_names = ["NAME", "ADDRESS"], default_values = ["client.invalid", "192.0.2.1"])]
    client: Vec<OsString>,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "NUMBER")]
    threads: Option<usize>,
    /// The one configuration
    #[arg(value_name = "OLD")]
    old: OsString,
    /// The other; with --oracle it may be missing: the same
    #[arg(value_name = "NEW")]
    new: Option<OsString>,
}

/// Addresses that a thread takes at once.
const BATCH: usize = 1024;
/// The same where a program answers.
const PROGRAM_BATCH: usize = 128;

/// Runs it.
pub(in crate::cli) fn run(diff: &Diff) -> u8 {
    match diff.compare() {
        Ok(0) => exit::SAME,
        Ok(_) => exit::DIFFERENT,
        Err(error) => cannot(&error),
    }
}

/// Why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
enum DiffError {
    /// A configuration cannot be used.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The addresses cannot be read.
    #[error(transparent)]
    Addresses(#[from] NoAddresses),
    /// A program fails.
    #[error(transparent)]
    Run(#[from] RunError),
    /// One configuration only.
    #[error("NEW is missing: what is OLD to be compared with?")]
    NoNew,
}

/// What a thread works with.
enum Work<'w> {
    Engines(Box<Pair<mapper::SystemServices>>),
    TestModes(Box<Programs<'w>>),
}

/// Test modes side by side.
struct Programs<'w> {
    plan: &'w Plan,
    sides: [TestSession<'w>; 2],
    programs: [&'w Program; 2],
}

impl Diff {
    /// How many addresses differ.
    fn compare(&self) -> Result<u64, DiffError> {
        let by_programs = self.oracle.is_some() || self.oracle_new.is_some();
        let mut context = self.context.clone();
        if by_programs {
            // the program asks everything, so the other side must
            context = context.unguarded()?;
        }
        let new = match (&self.new, by_programs) {
            (Some(new), _) => new,
            (None, true) => &self.old,
            (None, false) => return Err(DiffError::NoNew),
        };
        let (old, new) = (context.read(self.old.as_bytes())?, context.read(new.as_bytes())?);
        let client =
            |at: usize| self.client.get(at).map(|text| text.as_bytes()).unwrap_or_default();
        let plan = Plan::new(
            old.configuration(),
            new.configuration(),
            self.wanted(),
            (client(0), client(1)),
        );
        let tally = if by_programs {
            let program =
                |given: &Option<OsString>| given.as_deref().map(test_mode_runs::Program::new);
            let sides = [
                TestMode::new(program(&self.oracle), &old, &context),
                TestMode::new(program(&self.oracle_new), &new, &context),
            ];
            let [one, other] = &sides;
            let programs = [&*old.configuration().program, &*new.configuration().program];
            let work =
                || Programs { plan: &plan, sides: [one.session(), other.session()], programs };
            self.all(PROGRAM_BATCH, || Work::TestModes(Box::new(work())))?
        } else {
            let (one, other) = (old.kit(), new.kit());
            let pair = || Pair::new(plan.clone(), one.engine(), other.engine());
            self.all(BATCH, || Work::Engines(Box::new(pair())))?
        };
        self.report(&plan, &old, &new, &tally);
        Ok(tally.different())
    }

    fn wanted(&self) -> Wanted {
        let has = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        Wanted {
            triples: has("triple"),
            envelopes: has("envelope"),
            headers: has("header"),
            checks: has("checks"),
        }
    }

    /// All addresses, on all threads.
    fn all<'w>(
        &self,
        batch: usize,
        begin: impl Fn() -> Work<'w> + Sync,
    ) -> Result<Tally, DiffError> {
        let addresses = Addresses::open(&self.addresses)?;
        let bar = Progress::of_bytes(addresses.size);
        let threads =
            self.threads.or_else(|| thread::available_parallelism().ok().map(usize::from));
        let mut all = Tally::default();
        let mut failed = None;
        parallel::in_order(
            threads.unwrap_or(1),
            addresses.batches(batch),
            begin,
            |work, batch| (batch.bytes, work.batch(&batch)),
            |(bytes, result)| {
                bar.add(bytes);
                match result {
                    Ok(tally) => {
                        all.add(tally);
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            },
        );
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(all),
        }
    }

    fn report(&self, plan: &Plan, old: &Loaded, new: &Loaded, tally: &Tally) {
        let source = |loaded: &Loaded| Source::new(&loaded.reading.path, &loaded.source);
        let sources = (source(old), source(new));
        let report = Report {
            old: Shown { configuration: old.configuration(), source: &sources.0 },
            new: Shown { configuration: new.configuration(), source: &sources.1 },
            plan,
        };
        match self.output.format {
            Format::Text => terminal::print(&report.text(tally)),
            Format::Json => report.json(tally).iter().for_each(Output::object),
        }
    }
}

impl Work<'_> {
    fn batch(&mut self, batch: &Batch) -> Result<Tally, RunError> {
        let mut tally = Tally::default();
        match self {
            Self::Engines(pair) => {
                for address in &batch.addresses {
                    pair.compare(address, &mut tally);
                }
            }
            Self::TestModes(programs) => programs.batch(batch, &mut tally)?,
        }
        Ok(tally)
    }
}

impl Programs<'_> {
    fn batch(&mut self, batch: &Batch, tally: &mut Tally) -> Result<(), RunError> {
        let [old, new] = &mut self.sides;
        let outputs = (old.run(self.plan, batch)?, new.run(self.plan, batch)?);
        let facets = self.plan.facets().len().max(1);
        let pairs = outputs.0.chunks(facets).zip(outputs.1.chunks(facets));
        for (address, (old, new)) in batch.addresses.iter().zip(pairs) {
            tally.addresses += 1;
            self.compare(address, old, new, tally)?;
        }
        Ok(())
    }

    /// Compares what the two said about one address.
    fn compare(
        &mut self,
        address: &[u8],
        old: &[Vec<u8>],
        new: &[Vec<u8>],
        tally: &mut Tally,
    ) -> Result<(), RunError> {
        let mut first = None;
        let mut examples = Vec::new();
        for (facet, (old, new)) in self.plan.facets().iter().zip(old.iter().zip(new)) {
            let read = match facet {
                Facet::Verdict(_) => transcript::verdict,
                Facet::Triple | Facet::Rewriting { .. } => transcript::result,
            };
            let results = (read(old), read(new));
            if results.0 != results.1 {
                first.get_or_insert((*facet, old, new));
                examples.push(Example {
                    address: address.to_vec(),
                    facet: self.plan.name(*facet),
                    old: results.0,
                    new: results.1,
                });
            }
        }
        if let Some((facet, old, new)) = first {
            tally.count(self.cause(address, facet, (old, new))?, examples);
        }
        Ok(())
    }

    /// Where the ways of the two part: both are asked again, and trace their rules.
    fn cause(
        &mut self,
        address: &[u8],
        facet: Facet,
        outputs: (&[u8], &[u8]),
    ) -> Result<Cause, RunError> {
        let [old, new] = &mut self.sides;
        let traces = [old.trace(self.plan, facet, address)?, new.trace(self.plan, facet, address)?];
        let trails = [0, 1].map(|side| traced::trail(&traces[side], self.programs[side]));
        let [old, new] = trails;
        Ok(match Cause::of(old, new) {
            Cause::Around => Cause::Ruleset(transcript::parting(outputs.0, outputs.1)),
            cause => cause,
        })
    }
}
