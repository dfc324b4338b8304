//! The model of the debugger: where it is, what it was told.

mod again;

use std::sync::Arc;

use ruleset_vm::Classes;
use ruleset_vm::load::Configuration;

use super::breakpoint::{Breakpoint, squeezed};
use super::command::Command;
use super::difference::Difference;
use super::input::Input;
use super::keys::{self, Does, Key, Move};
use super::motion::{Motion, Way};
use super::run::Run;
use super::task::Task;
use super::watch::Watch;
use crate::source::Source;

/// Commands that are remembered.
const MOST_HISTORY: usize = 100;

/// What runs addresses, and writes files.
pub trait Runner {
    /// Runs an address through the file with these bytes; the configuration that it makes.
    ///
    /// # Errors
    /// Why it cannot be done, in words: no such mailer or ruleset, a file that cannot be read at all.
    fn run(
        &mut self,
        file: &[u8],
        task: &Task,
        address: &[u8],
    ) -> Result<(Run, Arc<Configuration>), Vec<u8>>;

    /// Writes a file.
    ///
    /// # Errors
    /// The system's words.
    fn write(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Vec<u8>>;
}

/// Whether the debugger is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It goes on.
    No,
    /// It is over.
    Yes,
}

/// What keys are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Each is a command.
    Keys,
    /// They write a command. Which one of the history is shown, if any.
    Typing(Input, Option<usize>),
    /// They change a line of the file.
    Editing(u32, Input),
    /// Help is shown, from this line on.
    Help(usize),
    /// What an edit has changed is shown, from this line on.
    Difference(usize),
}

/// An edit, to be taken back.
struct Edit {
    line: u32,
    before: Vec<u8>,
}

/// A run, and somebody who looks at it.
pub struct Debugger<R> {
    runner: R,
    pub(super) source: Source,
    pub(super) task: Task,
    pub(super) address: Vec<u8>,
    run: Run,
    configuration: Option<Arc<Configuration>>,
    at: usize,
    /// The line of the file looked at.
    pub(super) looked_at: u32,
    /// The first line and column of the file, and the first row beside it, that are shown.
    pub(super) top: u32,
    pub(super) left: usize,
    pub(super) beside: usize,
    /// Lines of the file that the screen shows.
    pub(super) page: u32,
    breakpoints: Vec<Breakpoint>,
    watches: Vec<Watch>,
    edits: Vec<Edit>,
    difference: Option<Difference>,
    pub(super) mode: Mode,
    message: Vec<u8>,
    searched: Vec<u8>,
    history: Vec<Vec<u8>>,
}

impl<R: Runner> Debugger<R> {
    /// Runs an address through a file for the first time, and looks at the beginning.
    ///
    /// # Errors
    /// See [`Runner::run`].
    pub fn new(
        mut runner: R,
        source: Source,
        task: Task,
        address: Vec<u8>,
    ) -> Result<Self, Vec<u8>> {
        let (run, configuration) = runner.run(source.bytes(), &task, &address)?;
        let message = b"? shows the keys".to_vec();
        let mut debugger = Self {
            runner,
            source,
            task,
            address,
            run,
            configuration: Some(configuration),
            at: 0,
            looked_at: 1,
            top: 1,
            left: 0,
            beside: 0,
            page: 20,
            breakpoints: Vec::new(),
            watches: Vec::new(),
            edits: Vec::new(),
            difference: None,
            mode: Mode::Keys,
            message,
            searched: Vec::new(),
            history: Vec::new(),
        };
        debugger.stand(0);
        Ok(debugger)
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Ended {
        match &mut self.mode {
            Mode::Keys => match keys::binding(key) {
                Some(does) => return self.does(does),
                None => self.say(b"? shows the keys"),
            },
            Mode::Typing(..) => return self.typing(key),
            Mode::Editing(..) => self.editing(key),
            Mode::Help(from) | Mode::Difference(from) => match key {
                Key::Down | Key::Character('j') => *from += 1,
                Key::Up | Key::Character('k') => *from = from.saturating_sub(1),
                Key::PageDown | Key::Character(' ') => *from += self.page as usize,
                Key::PageUp => *from = from.saturating_sub(self.page as usize),
                _ => self.mode = Mode::Keys,
            },
        }
        Ended::No
    }

    /// Runs a command as it is typed.
    pub fn command(&mut self, text: &[u8]) -> Ended {
        self.message.clear();
        match Command::parse(text) {
            Ok(command) => self.act(command),
            Err(error) => {
                self.say(error.to_string().as_bytes());
                Ended::No
            }
        }
    }

    fn does(&mut self, does: Does) -> Ended {
        self.message.clear();
        match does {
            Does::Runs(command) => return self.command(command.as_bytes()),
            Does::RunsThere(name, rest) => {
                let command = format!("{name} {} {rest}", self.looked_at);
                return self.command(command.as_bytes());
            }
            Does::Types(begin) => self.mode = Mode::Typing(Input::new(begin.as_bytes()), None),
            Does::Moves(way) => self.shift(way),
        }
        Ended::No
    }

    fn shift(&mut self, way: Move) {
        match way {
            Move::Line(by) => self.look(i64::from(self.looked_at) + i64::from(by)),
            Move::Page(by) => {
                self.look(i64::from(self.looked_at) + i64::from(by) * i64::from(self.page));
            }
            Move::Sideways(by) => self.left = moved(self.left, by),
            Move::Beside(by) => self.beside = moved(self.beside, by),
        }
    }

    fn typing(&mut self, key: Key) -> Ended {
        let Mode::Typing(input, shown) = &mut self.mode else { return Ended::No };
        match key {
            Key::Enter => {
                let text = input.text();
                self.mode = Mode::Keys;
                if text.trim_ascii().is_empty() {
                    return Ended::No;
                }
                self.history.retain(|known| *known != text);
                self.history.push(text.clone());
                if self.history.len() > MOST_HISTORY {
                    self.history.remove(0);
                }
                return self.command(&text);
            }
            Key::Escape | Key::Control('c') => self.mode = Mode::Keys,
            Key::Up | Key::Down => {
                let count = self.history.len();
                let next = match (key, *shown) {
                    (Key::Up, None) => count.checked_sub(1),
                    (Key::Up, Some(at)) => Some(at.saturating_sub(1)),
                    (_, at) => at.map(|at| at + 1).filter(|at| *at < count),
                };
                let text = next.and_then(|at| self.history.get(at));
                *input = Input::new(text.map(Vec::as_slice).unwrap_or_default());
                *shown = next;
            }
            // what is empty is given up by the key that empties
            Key::Backspace if input.text().is_empty() => self.mode = Mode::Keys,
            key => {
                input.key(key);
            }
        }
        Ended::No
    }

    fn editing(&mut self, key: Key) {
        let Mode::Editing(line, input) = &mut self.mode else { return };
        match key {
            Key::Enter => {
                let (line, text) = (*line, input.text());
                self.mode = Mode::Keys;
                self.edit(line, text);
            }
            Key::Escape | Key::Control('c') => self.mode = Mode::Keys,
            key => {
                input.key(key);
            }
        }
    }

    fn act(&mut self, command: Command) -> Ended {
        match command {
            Command::Go(motion, way) => self.go(motion, way),
            Command::Break(Some(breakpoint)) => self.set_break(breakpoint),
            Command::Break(None) => self.toggle_break(),
            Command::Delete(number) => self.delete(number),
            Command::Watch(name) => self.add_watch(Watch::Macro(name)),
            Command::Class(name) => match &self.configuration {
                Some(configuration) => {
                    let watch = Watch::class(&name, &configuration.classes);
                    self.add_watch(watch);
                }
                None => self.say(b"there is no configuration"),
            },
            Command::Unwatch(name) => self.unwatch(name.as_deref()),
            Command::Edit(line, text) => self.begin_edit(line, text),
            Command::Undo => self.undo(),
            Command::Difference => match self.difference {
                Some(_) => self.mode = Mode::Difference(0),
                None => self.say(b"nothing has been edited for this address"),
            },
            Command::Write(path) => match self.runner.write(&path, self.source.bytes()) {
                Ok(()) => self.say(&[b"written to ", &path[..]].concat()),
                Err(error) => self.say(&[&path[..], b": ", &error].concat()),
            },
            Command::Address(Some(address)) => self.rerun(None, Some(address)),
            Command::Address(None) => self.mode = Mode::Typing(Input::new(b"addr "), None),
            Command::As(role) => self.rerun(Some(self.task.clone().with_role(role)), None),
            Command::Mailer(mailer) => {
                let role = self.task.role();
                self.rerun(Some(Task::For { mailer, role }), None);
            }
            Command::Rulesets(rulesets) => self.rerun(Some(Task::Apply(rulesets)), None),
            Command::Resolve => self.rerun(Some(Task::Resolve(self.task.role())), None),
            Command::Search(text) => self.search(text),
            Command::Look(line) => self.look(i64::from(line)),
            Command::Here => self.stand(self.at),
            Command::Help => self.mode = Mode::Help(0),
            Command::Quit => return Ended::Yes,
        }
        Ended::No
    }

    fn go(&mut self, motion: Motion, way: Way) {
        let stops = |at: usize| self.breakpoints.iter().any(|stop| stop.hits(&self.run, at));
        let Some(at) = self.run.go(self.at, motion, way, &stops) else {
            let edge = if way == Way::Forward { self.run.last() } else { 0 };
            let text: &[u8] = match (motion, way) {
                _ if self.at == edge && way == Way::Forward => b"this is the end",
                _ if self.at == edge => b"this is the beginning",
                (Motion::Rule(_), Way::Forward) => b"that rule is not compared from here on",
                (Motion::Rule(_), Way::Back) => b"that rule was not compared before",
                (_, Way::Forward) => b"no rule matches from here on",
                (_, Way::Back) => b"no rule matched before",
            };
            return self.say(text);
        };
        let hit = self.breakpoints.iter().find(|stop| stop.hits(&self.run, at));
        let text = hit.map(|stop| [b"breakpoint: ", &stop.text()[..]].concat());
        if let (Some(text), Motion::Continue) = (text, motion) {
            self.say(&text);
        }
        self.stand(at);
    }

    /// Goes to a moment, and looks at its rule.
    fn stand(&mut self, at: usize) {
        self.at = at.min(self.run.last());
        self.beside = 0;
        self.left = 0;
        if let Some(line) = self.run.line(self.at) {
            self.look(i64::from(line));
        }
    }

    fn look(&mut self, line: i64) {
        let last = u32::try_from(self.source.len()).unwrap_or(u32::MAX).max(1);
        self.looked_at = u32::try_from(line.max(1)).unwrap_or(last).min(last);
    }

    fn set_break(&mut self, breakpoint: Breakpoint) {
        let text = breakpoint.text();
        if self.breakpoints.contains(&breakpoint) {
            return self.say(&[b"there is one already: ", &text[..]].concat());
        }
        let count = (0..self.run.moments().len()).filter(|at| breakpoint.hits(&self.run, *at));
        let times = match count.count() {
            0 => "never in this run".to_owned(),
            1 => "once in this run".to_owned(),
            more => format!("{more} times in this run"),
        };
        self.breakpoints.push(breakpoint);
        self.say(&[b"breakpoint at ", &text[..], b": ", times.as_bytes()].concat());
    }

    fn toggle_break(&mut self) {
        let line = self.looked_at;
        let on_line =
            |stop: &Breakpoint| matches!(stop, Breakpoint::Line { line: at, .. } if *at == line);
        let count = self.breakpoints.len();
        self.breakpoints.retain(|stop| !on_line(stop));
        match self.breakpoints.len() < count {
            true => self.say(b"no breakpoint any more"),
            false => self.set_break(Breakpoint::Line { line, matches: false }),
        }
    }

    fn delete(&mut self, number: Option<usize>) {
        match number.map(|number| number.wrapping_sub(1)) {
            None => self.breakpoints.clear(),
            Some(index) if index < self.breakpoints.len() => drop(self.breakpoints.remove(index)),
            Some(_) => self.say(b"no breakpoint has this number"),
        }
    }

    fn add_watch(&mut self, watch: Watch) {
        let name = watch.text();
        self.watches.retain(|known| known.text() != name);
        self.watches.push(watch);
    }

    fn unwatch(&mut self, name: Option<&[u8]>) {
        let is = |watch: &Watch, name: &[u8]| match watch {
            Watch::Macro(known) | Watch::Class { name: known, .. } => known == name,
        };
        self.watches.retain(|watch| name.is_some_and(|name| !is(watch, name)));
    }

    fn search(&mut self, text: Option<Vec<u8>>) {
        if let Some(text) = text {
            self.searched = text;
        }
        let wanted = squeezed(&self.searched);
        if wanted.is_empty() {
            return self.say(b"nothing has been searched for");
        }
        let last = u32::try_from(self.source.len()).unwrap_or(u32::MAX);
        let lines = (self.looked_at + 1..=last).chain(1..=self.looked_at.min(last));
        let found = lines.into_iter().find(|line| {
            memchr::memmem::find(&squeezed(self.source.line(*line)), &wanted).is_some()
        });
        match found {
            Some(line) => self.look(i64::from(line)),
            None => self.say(&[b"not found: ", &self.searched[..]].concat()),
        }
    }

    /// Leaves what covers the file, as any key would: scripts have no keys.
    pub fn uncover(&mut self) {
        self.mode = Mode::Keys;
    }
}

impl<R> Debugger<R> {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The moment of the run.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Where the run is to stop.
    #[must_use]
    pub fn breakpoints(&self) -> &[Breakpoint] {
        &self.breakpoints
    }

    /// What the last command had to say; empty if nothing.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether the file has been edited.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        !self.edits.is_empty()
    }

    pub(super) fn watches(&self) -> &[Watch] {
        &self.watches
    }

    pub(super) fn classes(&self) -> Option<&Classes> {
        self.configuration.as_ref().map(|configuration| &configuration.classes)
    }

    /// What the last edit has changed, if that is what is shown.
    pub(super) fn shown_difference(&self) -> Option<&Difference> {
        self.difference.as_ref().filter(|_| matches!(self.mode, Mode::Difference(_)))
    }

    /// The same in lines.
    pub(super) fn difference_lines(&self) -> Vec<(&'static str, Vec<u8>)> {
        self.shown_difference().map(Difference::lines).unwrap_or_default()
    }

    fn say(&mut self, text: &[u8]) {
        self.message = text.to_vec();
    }
}

/// A number some steps further, not below 0.
fn moved(from: usize, by: i32) -> usize {
    let step = usize::try_from(by.unsigned_abs()).unwrap_or(0);
    if by < 0 { from.saturating_sub(step) } else { from.saturating_add(step) }
}
