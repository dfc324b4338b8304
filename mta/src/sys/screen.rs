//! The whole screen of a terminal: drawn cell by cell, keys read one by one. Only this file names the library that
//! knows terminals. The terminal is put back as it was at the end, after a panic, and at signals that end a program.

use std::io::{self, IsTerminal as _, Stdout};
use std::time::Duration;

use nix::sys::signal::{Signal, raise};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::prelude::CrosstermBackend;
use ratatui::{Frame, Terminal};
use workbench::debugger::Key;

use super::config_files::environment;
use super::signals::{Request, Signals};
use super::terminal::shows_colours;

/// How often signals are looked for while no key is pressed.
const INTERVAL: Duration = Duration::from_millis(200);

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Standard input or output is a file or a pipe.
    #[error("a terminal is needed; --script works without one")]
    NoTerminal,
    /// The terminal cannot place its cursor.
    #[error("a terminal of type \"{0}\" has no screen; --script works without one")]
    Dumb(String),
    /// The system's error.
    #[error("the terminal: {0}")]
    Io(#[from] io::Error),
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A key.
    Key(Key),
    /// Another size; what is drawn next fits it.
    Resized,
    /// The key that stops programs until they are continued.
    Suspend,
    /// A signal: the program is to end. Also if the terminal is gone.
    Stop,
}

/// The screen.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    signals: Signals,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn open() -> Result<Self, ScreenError> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(ScreenError::NoTerminal);
        }
        let kind = kind();
        if matches!(kind.as_slice(), b"" | b"dumb" | b"unknown") {
            return Err(ScreenError::Dumb(String::from_utf8_lossy(&kind).into_owned()));
        }
        let signals = Signals::of_screen()?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        match terminal.and_then(|mut terminal| terminal.clear().map(|()| terminal)) {
            Ok(terminal) => Ok(Self { terminal, signals }),
            Err(error) => {
                give_back();
                Err(error.into())
            }
        }
    }

    /// Whether colours are understood and wanted (`NO_COLOR` is empty). Terminals of DEC would take the codes of
    /// colours for others.
    #[must_use]
    pub fn has_colours(&self) -> bool {
        shows_colours() && !kind().starts_with(b"vt")
    }

    /// Whether more than ASCII is shown.
    #[must_use]
    pub fn has_unicode(&self) -> bool {
        let names = [&b"LC_ALL"[..], b"LC_CTYPE", b"LANG"];
        let mut given = names.into_iter().filter_map(environment).filter(|name| !name.is_empty());
        let name = given.next().unwrap_or_default().to_ascii_lowercase();
        name.ends_with(b"utf-8") || name.ends_with(b"utf8")
    }

    /// Draws what is different from what was drawn before.
    ///
    /// # Errors
    /// The system's error.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<(), ScreenError> {
        self.terminal.draw(render)?;
        Ok(())
    }

    /// Waits for a key, or whatever else happens.
    ///
    /// # Errors
    /// The system's error.
    pub fn next(&self) -> Result<Seen, ScreenError> {
        loop {
            if let Some(Request::Stop) = self.signals.pending()? {
                return Ok(Seen::Stop);
            }
            // the library reads for ever from a terminal that is gone
            if super::poll::is_gone(io::stdin(), INTERVAL)? {
                return Ok(Seen::Stop);
            }
            if !event::poll(Duration::ZERO)? {
                continue;
            }
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => match translated(key) {
                    Some(Key::Control('z')) => return Ok(Seen::Suspend),
                    Some(key) => return Ok(Seen::Key(key)),
                    None => {}
                },
                Event::Resize(..) => return Ok(Seen::Resized),
                _ => {}
            }
        }
    }

    /// Gives the terminal back to the shell until the program is continued.
    ///
    /// # Errors
    /// The system's error.
    pub fn suspend(&mut self) -> Result<(), ScreenError> {
        give_back();
        raise(Signal::SIGTSTP).map_err(io::Error::from)?;
        take()?;
        self.terminal.clear()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The type of the terminal.
fn kind() -> Vec<u8> {
    environment(b"TERM").unwrap_or_default()
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)
}

fn give_back() {
    // there may be no terminal any more
    let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// A key as the debugger knows it.
fn translated(key: KeyEvent) -> Option<Key> {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return match key.code {
            KeyCode::Char(letter) if !key.modifiers.contains(KeyModifiers::ALT) => {
                Some(Key::Control(letter.to_ascii_lowercase()))
            }
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Char(character) => Key::Character(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}
