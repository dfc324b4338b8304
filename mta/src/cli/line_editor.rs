//! Test mode on a terminal: lines with editing, history and completion. Only this file names the
//! library.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::completion::Completer as Completes;
use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Context, Helper};
use workbench::bt::{Completer, Completion};

use super::conversation::INTERRUPTED;
use super::embedded;
use crate::sys::history_file::{HistoryFile, KEPT_LINES};
use crate::sys::signals::{Request, Signals};
use crate::sys::terminal::SavedSettings;

/// The name of the history in the state directory.
const HISTORY: &str = "bt_history";

/// What was entered.
#[derive(Debug)]
pub(super) enum Entered {
    /// A line.
    Line(Vec<u8>),
    /// The key for it, or SIGINT; what is to be said.
    Interrupt(&'static [u8]),
    /// The key for the end of input.
    End,
    /// Bytes that are not UTF-8, which the library cannot read.
    NotText,
}

/// An editor on standard input and output.
pub(super) struct LineEditor {
    editor: rustyline::Editor<Completing, DefaultHistory>,
    file: Option<HistoryFile>,
    interrupted: Arc<AtomicBool>,
}

impl LineEditor {
    /// Takes the terminal and the signals of a dialogue over.
    pub(super) fn start(completer: Completer) -> io::Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        obey(Signals::of_dialogue()?, interrupted.clone())?;
        // A pasted block is several lines, each run as if typed.
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .bracketed_paste(false)
            .max_history_size(KEPT_LINES)
            .map_err(io::Error::other)?
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(io::Error::other)?;
        editor.enable_synchronized_output(false);
        editor.set_helper(Some(Completing(completer)));
        let mut file =
            embedded::own_state_directory().and_then(|path| HistoryFile::open(&path, HISTORY));
        if let Some(file) = &mut file {
            for line in file.lines()? {
                let _ = editor.add_history_entry(String::from_utf8_lossy(&line));
            }
        }
        Ok(Self { editor, file, interrupted })
    }

    /// Prompts and reads a line.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Entered> {
        if self.interrupted.swap(false, Ordering::Relaxed) {
            return Ok(Entered::Interrupt(INTERRUPTED));
        }
        match self.editor.readline(prompt) {
            Ok(line) => {
                self.remember(&line);
                Ok(Entered::Line(line.into_bytes()))
            }
            // The library has ended the line.
            Err(ReadlineError::Interrupted) => Ok(Entered::Interrupt(&INTERRUPTED[1..])),
            Err(ReadlineError::Eof) => Ok(Entered::End),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Entered::NotText)
            }
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || !self.editor.add_history_entry(line).unwrap_or(false) {
            return;
        }
        if let Some(file) = &mut self.file {
            // Without room on the disk there is still the history of this dialogue.
            let _ = file.append(line.as_bytes());
        }
    }
}

/// Obeys signals while the library waits for keys: SIGTERM ends the program with the terminal as it
/// was, SIGINT during a lookup is told afterwards.
fn obey(signals: Signals, interrupted: Arc<AtomicBool>) -> io::Result<()> {
    let settings = SavedSettings::now();
    let work = move || {
        loop {
            match signals.wait(None) {
                Ok(Some(Request::Interrupt)) => interrupted.store(true, Ordering::Relaxed),
                Ok(Some(Request::Stop)) => {
                    settings.iter().for_each(SavedSettings::restore);
                    std::process::exit(0);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(work).map(drop)
}

/// Completion as the library asks for it.
struct Completing(Completer);

impl Completes for Completing {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let front = line.get(..pos).unwrap_or(line);
        let Completion { start, candidates } = self.0.complete(front.as_bytes());
        Ok((
            start,
            candidates.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect(),
        ))
    }
}

impl rustyline::hint::Hinter for Completing {
    type Hint = String;
}
impl rustyline::highlight::Highlighter for Completing {}
impl rustyline::validate::Validator for Completing {}
impl Helper for Completing {}
