//! `bangpath debug`: through the rules step by step, on a screen or by a script.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use ruleset_vm::load::Configuration;
use ruleset_vm::mailer::find;
use ruleset_vm::{Exit, Role};
use workbench::debugger::view::{self, Look};
use workbench::debugger::{Command, Debugger, Ended, Recording, Run, Runner, Task};
use workbench::source::Source;

use super::conclusion;
use super::exit;
use super::output::{Format, Output, cannot};
use super::subject::{Loaded, Subject};
use crate::sys::screen::{Screen, ScreenError, Seen};
use crate::sys::{config_files, terminal};

/// Messages about the file that are shown.
const MOST_TROUBLES: usize = 20;
/// The sizes of a screen that a script may ask for, columns and rows.
const SIZES: (std::ops::RangeInclusive<u16>, std::ops::RangeInclusive<u16>) = (40..=500, 10..=200);

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Debug {
    #[command(flatten)]
    subject: Subject,
    /// What the address is: envelope or header, sender or recipient, or two of them: header,sender
    #[arg(long = "as", value_name = "ROLE", value_delimiter = ',', value_parser = ["envelope", "header", "sender", "recipient"])]
    role: Vec<String>,
    /// Rewrites the address for this mailer, instead of resolving it
    #[arg(long, value_name = "MAILER")]
    mailer: Option<OsString>,
    /// Applies these rulesets to the text, as test mode does; `$|` may stand in it
    #[arg(long, value_name = "NAME,...", conflicts_with_all = ["role", "mailer"])]
    rulesets: Option<OsString>,
    #[command(flatten)]
    output: Output,
    /// Reads commands from a file, or standard input if it is `-`, and prints after each where the debugger is
    #[arg(long, value_name = "FILE")]
    script: Option<OsString>,
    /// With --script: prints a screen of this size instead
    #[arg(long, value_name = "COLUMNSxROWS", requires = "script", conflicts_with = "format", value_parser = size)]
    screen: Option<(u16, u16)>,
    /// The address
    #[arg(value_name = "ADDRESS")]
    address: OsString,
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let sides = text.split_once('x').and_then(|(columns, rows)| {
        let (columns, rows) = (columns.parse().ok()?, rows.parse().ok()?);
        (SIZES.0.contains(&columns) && SIZES.1.contains(&rows)).then_some((columns, rows))
    });
    sides.ok_or_else(|| "a size is like 80x24, from 40x10 to 500x200".to_owned())
}

/// Runs it.
pub(in crate::cli) fn run(debug: &Debug) -> u8 {
    let loaded = match debug.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let source = Source::new(&loaded.reading.path, &loaded.source);
    let again = Again {
        subject: &debug.subject,
        path: loaded.reading.path.clone(),
        bytes: loaded.source.clone(),
        loaded,
    };
    let address = debug.address.as_bytes().to_vec();
    let mut debugger = match Debugger::new(again, source, debug.task(), address) {
        Ok(debugger) => debugger,
        Err(error) => return cannot(&String::from_utf8_lossy(&error)),
    };
    match &debug.script {
        None if debug.output.format == Format::Json => cannot(&"--format json needs --script"),
        Some(path) => debug.follow(path.as_bytes(), &mut debugger),
        None => match on_screen(&mut debugger) {
            Ok(()) => exit::SAME,
            Err(error) => cannot(&error),
        },
    }
}

/// Draws, reads keys, draws again.
fn on_screen(debugger: &mut Debugger<Again<'_>>) -> Result<(), ScreenError> {
    let mut screen = Screen::open()?;
    let look = Look { colour: screen.has_colours(), unicode: screen.has_unicode() };
    loop {
        screen.draw(|frame| view::draw(debugger, look, frame))?;
        match screen.next()? {
            Seen::Key(key) => {
                if debugger.key(key) == Ended::Yes {
                    return Ok(());
                }
            }
            Seen::Suspend => screen.suspend()?,
            Seen::Resized => {}
            Seen::Stop => return Ok(()),
        }
    }
}

impl Debug {
    fn task(&self) -> Task {
        let has = |word: &str| self.role.iter().any(|given| given == word);
        let role = Role { header: has("header"), sender: has("sender") };
        match (&self.rulesets, &self.mailer) {
            (Some(rulesets), _) => Task::Apply(rulesets.as_bytes().to_vec()),
            (None, Some(mailer)) => Task::For { mailer: mailer.as_bytes().to_vec(), role },
            (None, None) => Task::Resolve(role),
        }
    }

    /// Runs the commands of a file; one that is none ends it.
    fn follow(&self, path: &[u8], debugger: &mut Debugger<Again<'_>>) -> u8 {
        let text = match path {
            b"-" => terminal::read_all(),
            path => config_files::read_regular(path).map_err(std::io::Error::other),
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                return cannot(&format!("{}: {error}", String::from_utf8_lossy(path)));
            }
        };
        self.show(None, debugger);
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii_end();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if let Err(error) = Command::parse(line) {
                return cannot(&error);
            }
            if self.output.format == Format::Text {
                terminal::print(&[b"> ", line, b"\n"].concat());
            }
            debugger.uncover();
            if debugger.command(line) == Ended::Yes {
                break;
            }
            self.show(Some(line), debugger);
        }
        exit::SAME
    }

    fn show(&self, command: Option<&[u8]>, debugger: &mut Debugger<Again<'_>>) {
        match self.screen {
            _ if self.output.format == Format::Json => Output::object(&debugger.object(command)),
            Some((columns, rows)) => {
                let look = Look { colour: false, unicode: true };
                terminal::print(view::screen(debugger, look, columns, rows).as_bytes());
            }
            None => terminal::print(&debugger.report()),
        }
    }
}

/// Runs addresses through a file that may have been edited.
struct Again<'a> {
    subject: &'a Subject,
    path: Vec<u8>,
    /// What `loaded` was read from.
    bytes: Vec<u8>,
    loaded: Loaded,
}

impl Runner for Again<'_> {
    fn run(
        &mut self,
        file: &[u8],
        task: &Task,
        address: &[u8],
    ) -> Result<(Run, Arc<Configuration>), Vec<u8>> {
        if self.bytes != file {
            let read = self.subject.read_edited(&self.path, file);
            let loaded = read.map_err(|error| error.to_string().into_bytes())?;
            (self.loaded, self.bytes) = (loaded, file.to_vec());
        }
        let configuration = Arc::clone(self.loaded.configuration());
        let mut engine = self.loaded.engine();
        engine.reset();
        let mut recording = Recording::new(&engine.macros, engine.lookups());
        let conclusion = match task {
            Task::Resolve(role) => {
                let parsed = engine.resolve(address, *role, &mut recording);
                let alias = parsed.as_ref().and_then(|parsed| engine.alias_of(&parsed.triple));
                conclusion::resolved(&configuration, parsed.as_ref(), alias.as_deref())
            }
            Task::For { mailer, role } => {
                let number = find(&configuration.mailers, mailer);
                let number = number.ok_or_else(|| [b"no mailer ", &mailer[..]].concat())?;
                let (text, exit) = engine.rewrite_for(address, number, *role, &mut recording);
                vec![conclusion::rewritten(mailer, &text, exit)]
            }
            Task::Apply(rulesets) => {
                let numbers = numbers(rulesets, &configuration)?;
                let outcome = engine.apply(&numbers, address, &mut recording);
                let deferred = outcome.is_some_and(|outcome| outcome.exit == Exit::TEMPFAIL);
                let note = b"A map could not answer now.".to_vec();
                Vec::from_iter(deferred.then_some(note))
            }
        };
        let unasked = engine.take_unasked();
        let mut run = recording.finish(&engine.macros, &unasked, conclusion);
        let messages = self.loaded.reading.messages().map(|(text, _)| text);
        run.troubles = messages.take(MOST_TROUBLES).chain(engine.take_complaints()).collect();
        Ok((run, configuration))
    }

    fn write(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Vec<u8>> {
        use std::io::Write as _;
        let mut file = terminal::open_for_result(path).map_err(|e| e.to_string().into_bytes())?;
        file.write_all(bytes).map_err(|error| error.to_string().into_bytes())
    }
}

/// The numbers of rulesets that are named with commas between.
fn numbers(names: &[u8], configuration: &Configuration) -> Result<Vec<usize>, Vec<u8>> {
    let names = names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let number = |name: &[u8]| {
        let number = configuration.program.number(name);
        number.ok_or_else(|| [b"no ruleset ", name].concat())
    };
    names.map(number).collect()
}
