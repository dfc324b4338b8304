//! Standard input, output and error of the program, and the terminal they may be.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

use super::config_files::environment;
use super::poll::{self, Interest};
use super::signals::{Request, Signals};
use super::traffic::{self, Way};

/// Writes to standard output at once; a closed one is not our trouble.
pub fn print(text: &[u8]) {
    traffic::write(Way::Sent, text);
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.flush());
}

/// Where traces of debugging flags go, if not to standard output (`-D`, CMD-030).
static TRACES: OnceLock<File> = OnceLock::new();

/// Appends traces to a file from now on; the first one counts.
///
/// # Errors
/// The file cannot be opened.
pub fn trace_to(path: &[u8]) -> std::io::Result<()> {
    let file = File::options().append(true).create(true).open(OsStr::from_bytes(path))?;
    let _ = TRACES.set(file);
    Ok(())
}

/// Whether traces go to a file.
#[must_use]
pub fn traces_apart() -> bool {
    TRACES.get().is_some()
}

/// Writes what debugging flags ask for; a full disk is not our trouble.
pub fn trace(text: &[u8]) {
    match TRACES.get() {
        Some(mut file) => {
            let _ = file.write_all(text);
        }
        None if text.is_empty() => {}
        None => print(text),
    }
}

/// Writes to standard error.
pub fn complain(text: &[u8]) {
    let _ = std::io::stderr().lock().write_all(text);
}

/// Whether escape sequences are welcome: somebody types at a terminal that knows them, reads on it,
/// and has not set `NO_COLOR`.
#[must_use]
pub fn understands_escapes() -> bool {
    shows_colours() && std::io::stdin().is_terminal()
}

/// Whether standard output is a terminal that takes escape sequences, and colours are wanted.
#[must_use]
pub fn shows_colours() -> bool {
    let capable = environment(b"TERM").is_some_and(|term| !term.is_empty() && term != b"dumb");
    let unwanted = environment(b"NO_COLOR").is_some_and(|value| !value.is_empty());
    capable && !unwanted && std::io::stdout().is_terminal()
}

/// Standard input without a buffer, for those who keep one.
///
/// # Errors
/// Too many open files.
pub fn input() -> std::io::Result<File> {
    Ok(File::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

/// All of standard input.
///
/// # Errors
/// As the system gives them.
pub fn read_all() -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

/// Standard output without a buffer, for those who keep one.
///
/// # Errors
/// Too many open files.
pub fn output() -> std::io::Result<File> {
    Ok(File::from(std::io::stdout().as_fd().try_clone_to_owned()?))
}

/// What a read of a dialogue ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// So many bytes; none at the end.
    Bytes(usize),
    /// A signal: SIGINT.
    Interrupt,
    /// A signal: SIGTERM.
    Stop,
}

/// Standard input, and the signals that end the wait for it.
#[derive(Debug)]
pub struct Listening {
    input: File,
    signals: Signals,
}

impl Listening {
    /// Takes the signals of a dialogue over.
    ///
    /// # Errors
    /// Too many open files.
    pub fn start() -> std::io::Result<Self> {
        Ok(Self { input: input()?, signals: Signals::of_dialogue()? })
    }

    /// What a signal that came asks for.
    #[must_use]
    pub fn pending(&self) -> Option<Got> {
        loop {
            match self.signals.pending() {
                Ok(Some(Request::Stop)) => return Some(Got::Stop),
                Ok(Some(Request::Interrupt)) => return Some(Got::Interrupt),
                Ok(Some(Request::Restart | Request::DumpState)) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Reads what there is, waiting for it.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<Got> {
        loop {
            let watched = [&self.input.as_fd(), &self.signals.as_fd()];
            let ready = poll::wait(&watched.map(|fd| (*fd, Interest::Read)), None)?;
            match self.pending() {
                Some(signal) => return Ok(signal),
                None if ready.first() == Some(&true) => break,
                None => {}
            }
        }
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => return other.map(Got::Bytes),
            }
        }
    }
}

/// The settings of the terminal at standard input, to be put back.
#[derive(Clone, Debug)]
pub struct SavedSettings(Termios);

impl SavedSettings {
    /// The settings now; `None` if standard input is no terminal.
    #[must_use]
    pub fn now() -> Option<Self> {
        tcgetattr(std::io::stdin()).ok().map(Self)
    }

    /// Puts them back.
    pub fn restore(&self) {
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}

/// Opens a file for appending, as a traffic log is (CMD-061); it is made if there is none.
///
/// # Errors
/// As the system gives them.
pub fn open_for_appending(path: &[u8]) -> std::io::Result<File> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    File::options().append(true).create(true).open(path)
}

/// Opens a file for a result, in the place of what it had.
///
/// # Errors
/// As the system gives them.
pub fn open_for_result(path: &[u8]) -> std::io::Result<File> {
    File::create(OsStr::from_bytes(path))
}
