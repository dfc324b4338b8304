//! Address test mode of a program, or our own, on a batch of addresses.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use mapper::SystemServices;
use ruleset_vm::load::Configuration;
use workbench::bt::Session;
use workbench::compare::facets::Facet;
use workbench::compare::transcript::Cutter;
use workbench::compare::{Plan, traced};

use super::addresses::Batch;
use super::subject::{Context, EngineKit, Loaded};
use crate::sys::errors;

/// A program with `-bt`.
#[derive(Clone, Debug)]
pub(super) struct Program {
    path: OsString,
}

impl Program {
    pub(super) fn new(path: &OsStr) -> Self {
        Self { path: path.to_owned() }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// The program cannot be run.
    #[error("{program}: {reason}")]
    Program {
        /// Its path.
        program: String,
        /// The system's words.
        reason: String,
    },
    /// It ended too early.
    #[error("{program} -bt ended before all addresses had been answered; its last words: {words}")]
    Ended {
        /// Its path.
        program: String,
        /// What it said last.
        words: String,
    },
}

/// One side of a comparison: a configuration, and who works on it.
pub(super) struct TestMode<'l> {
    program: Option<Program>,
    kit: &'l EngineKit,
    /// The flags that say what `-C`, `-M`, `-O`, `-o` said.
    flags: Vec<OsString>,
    /// What `-D` said.
    definitions: Vec<Vec<u8>>,
}

impl<'l> TestMode<'l> {
    /// `program` with the configuration that was loaded, or our own test mode.
    pub(super) fn new(program: Option<Program>, loaded: &'l Loaded, context: &Context) -> Self {
        let path = OsStr::from_bytes(&loaded.reading.path).to_owned();
        let mut flags = vec![OsString::from("-bt"), OsString::from("-C"), path];
        flags.extend(context.classic_flags());
        Self { program, kit: loaded.kit(), flags, definitions: context.definitions() }
    }

    /// A session, to be used by one thread. A program is started with the first batch.
    pub(super) fn session(&self) -> TestSession<'_> {
        TestSession { side: self, running: None, number: 0 }
    }
}

/// A program that waits for commands.
struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// One side at work.
pub(super) struct TestSession<'t> {
    side: &'t TestMode<'t>,
    running: Option<Running>,
    /// Marks so far.
    number: usize,
}

impl TestSession<'_> {
    /// What it prints about each address and each facet of the plan, in order.
    pub(super) fn run(&mut self, plan: &Plan, batch: &Batch) -> Result<Vec<Vec<u8>>, RunError> {
        let marks = batch.addresses.len() * plan.facets().len();
        let first = self.number;
        let script = self.script(plan, batch);
        // what was said before the first mark is a greeting
        let wanted = first..first + marks + 1;
        self.number = wanted.end;
        let mut outputs = self.answers(&script, wanted)?;
        outputs.drain(..outputs.len().min(1));
        Ok(outputs)
    }

    /// What it prints about one facet of an address when it traces rules.
    pub(super) fn trace(
        &mut self,
        plan: &Plan,
        facet: Facet,
        address: &[u8],
    ) -> Result<Vec<u8>, RunError> {
        let marks = self.number..self.number + 2;
        self.number = marks.end;
        let mut script = self.opening(plan);
        script.extend(end(marks.start));
        script.push(traced::FLAGS.to_vec());
        script.extend(plan.commands(facet, address));
        script.push(traced::NO_FLAGS.to_vec());
        script.extend(end(marks.start + 1));
        Ok(self.answers(&script, marks)?.pop().unwrap_or_default())
    }

    fn opening(&self, plan: &Plan) -> Vec<Vec<u8>> {
        [self.side.definitions.clone(), plan.opening()].concat()
    }

    /// The commands; each facet's end with one that prints a mark.
    fn script(&self, plan: &Plan, batch: &Batch) -> Vec<Vec<u8>> {
        let mut numbers = self.number..;
        let mut script = self.opening(plan);
        let mut end = |script: &mut Vec<Vec<u8>>| {
            script.extend(numbers.next().map(end).into_iter().flatten());
        };
        end(&mut script);
        for address in &batch.addresses {
            for facet in plan.facets() {
                script.extend(plan.commands(*facet, address));
                end(&mut script);
            }
        }
        script
    }

    fn answers(
        &mut self,
        script: &[Vec<u8>],
        marks: Range<usize>,
    ) -> Result<Vec<Vec<u8>>, RunError> {
        match &self.side.program {
            Some(program) => self.by_program(program, script, marks),
            None => Ok(self.by_ourselves(script, marks)),
        }
    }

    fn by_program(
        &mut self,
        program: &Program,
        script: &[Vec<u8>],
        marks: Range<usize>,
    ) -> Result<Vec<Vec<u8>>, RunError> {
        let name = || program.path.to_string_lossy().into_owned();
        let failed = |error: std::io::Error| RunError::Program {
            program: name(),
            reason: errors::describe(&error),
        };
        let running = match self.running.take() {
            Some(running) => running,
            None => program.start(&self.side.flags).map_err(failed)?,
        };
        let Running { child, mut input, mut output } = running;
        let mut outputs = Outputs::new(marks);
        let mut line = Vec::new();
        let (read, input) = thread::scope(|scope| {
            let text = [script.join(&b'\n'), b"\n".to_vec()].concat();
            let writer = scope.spawn(move || {
                // a program that ended early is told of below
                drop(input.write_all(&text).and_then(|()| input.flush()));
                input
            });
            let read = loop {
                line.clear();
                match output.read_until(b'\n', &mut line) {
                    Ok(0) => break Ok(false),
                    Ok(_) if outputs.line(line.strip_suffix(b"\n").unwrap_or(&line)) => {
                        break Ok(true);
                    }
                    Ok(_) => {}
                    Err(error) => break Err(error),
                }
            };
            (read, writer.join().ok())
        });
        if !read.map_err(failed)? {
            let words = String::from_utf8_lossy(outputs.last_line()).into_owned();
            return Err(RunError::Ended { program: name(), words });
        }
        self.running = input.map(|input| Running { child, input, output });
        Ok(outputs.complete)
    }

    fn by_ourselves(&self, script: &[Vec<u8>], marks: Range<usize>) -> Vec<Vec<u8>> {
        /// Longest line taken at once (`MAXLINE`).
        const LINE_LIMIT: usize = 2047;
        let mut maps = self.side.kit.maps();
        let mut services = SystemServices::default();
        let configuration = Configuration::clone(self.side.kit.configuration());
        let mut session = Session::new(configuration, &mut maps, &mut services, None, 0);
        let mut outputs = Outputs::new(marks);
        let mut said = Vec::new();
        for line in script {
            for part in line.chunks(LINE_LIMIT) {
                session.line(part);
            }
            session.move_output(&mut said);
            let text = said.strip_suffix(b"\n").unwrap_or(&said);
            for line in text.split(|byte| *byte == b'\n') {
                outputs.line(line);
            }
            said.clear();
        }
        outputs.complete
    }
}

impl Drop for TestSession<'_> {
    fn drop(&mut self) {
        if let Some(Running { mut child, input, .. }) = self.running.take() {
            // it ends with its input
            drop(input);
            drop(child.wait());
        }
    }
}

impl Program {
    fn start(&self, flags: &[OsString]) -> std::io::Result<Running> {
        let mut command = Command::new(&self.path);
        command.args(flags).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(Running { child, input, output: BufReader::new(output) })
    }
}

/// The outputs of a script, cut at its marks.
struct Outputs {
    cutter: Cutter,
    complete: Vec<Vec<u8>>,
    marks: Range<usize>,
    next: Vec<u8>,
    last: Vec<u8>,
}

impl Outputs {
    fn new(marks: Range<usize>) -> Self {
        let next = mark(marks.start);
        Self { cutter: Cutter::default(), complete: Vec::new(), marks, next, last: Vec::new() }
    }

    /// Takes a line; whether it was the last mark.
    fn line(&mut self, line: &[u8]) -> bool {
        if let Some(output) = self.cutter.line(line, &self.next) {
            self.complete.push(output);
            self.next = mark(self.marks.start + self.complete.len());
        } else {
            self.last.clear();
            self.last.extend_from_slice(line);
        }
        self.complete.len() >= self.marks.len()
    }

    fn last_line(&self) -> &[u8] {
        &self.last
    }
}

/// The commands that print a mark.
fn end(number: usize) -> [Vec<u8>; 2] {
    [[b".D{bangpathMark}", &mark(number)[..]].concat(), b"${bangpathMark}".to_vec()]
}

/// What ends the output about facet `number` of a batch.
fn mark(number: usize) -> Vec<u8> {
    format!("=bangpath-{number}=").into_bytes()
}
