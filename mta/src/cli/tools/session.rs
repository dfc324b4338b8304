//! `bangpath session`: an SMTP session through the rules without a network.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use workbench::session::text::SessionText;
use workbench::session::{self, Client, Exchange, Typed, Watch, conclude, json};
use workbench::source::Source;
use workbench::story::text::Shown;

use super::exit;
use super::output::{self, Format, Output, cannot};
use super::player::{Player, Stage};
use super::subject::{Loaded, Subject};
use crate::sys::terminal;

/// Longest line that is read.
const MAX_LINE: u64 = 1 << 20;
/// Exchanges that are kept for the last line; of a longer session only the last ones count.
const KEPT: usize = 10_000;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Session {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Who connects: a name and an address, one of them, or `local` for a local user as with -bs, which is the default;
    /// `at IP [NAME]` behind it is the own end of the connection
    #[arg(long, value_name = "NAME|IP", num_args = 1..=6)]
    client: Vec<OsString>,
    /// What TLS has found out, as if STARTTLS had been used: 'verify=OK cert_subject=/CN=x', or nothing
    #[arg(long, value_name = "FACTS")]
    tls: Option<OsString>,
    /// As whom the client has authenticated itself
    #[arg(long, value_name = "USER")]
    auth: Option<OsString>,
    /// What it says in EHLO [default: its name]
    #[arg(long, value_name = "NAME")]
    helo: Option<OsString>,
    /// The sender, with parameters if it stands in angle brackets
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<OsString>,
    /// A recipient, likewise; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    rcpt: Vec<OsString>,
    /// A line of the header; may be repeated. With one the message is sent
    #[arg(long, value_name = "FIELD")]
    header: Vec<OsString>,
    /// Shows all that happened in each ruleset
    #[arg(short, long)]
    verbose: bool,
    /// A file with the lines of the session [default: standard input, without --helo, --mail, --rcpt and --header]
    #[arg(value_name = "FILE")]
    dialogue: Option<PathBuf>,
}

/// Runs it: 0 if the mail would be relayed or delivered, 1 if something is refused, 2 if it cannot be played.
pub(in crate::cli) fn run(session: &Session) -> u8 {
    let client = match session.client() {
        Ok(client) => client,
        Err(error) => return cannot(&error),
    };
    let asides = match session.asides() {
        Ok(asides) => asides,
        Err(error) => return cannot(&error),
    };
    let loaded = match session.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let mut lines = match session.lines(&client, asides) {
        Ok(lines) => lines,
        Err(error) => return cannot(&error),
    };
    let client = match session.client.is_empty() {
        true => lines.client().unwrap_or(client),
        false => client,
    };
    let source = Source::new(&loaded.reading.path, &loaded.source);
    let player = Player::new(loaded.kit().site(), Watch::default());
    let kept = VecDeque::new();
    let mut stage = Play { session, loaded: &loaded, source: &source, lines, kept };
    player.play(client, &mut stage);
    stage.end()
}

/// Where lines come from.
struct Lines {
    given: VecDeque<Vec<u8>>,
    /// What is read when those are used up.
    typed: Option<BufReader<File>>,
    prompt: bool,
}

impl Lines {
    fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(line) = self.given.pop_front() {
            return Some(line);
        }
        let input = self.typed.as_mut()?;
        if self.prompt {
            terminal::print(b"> ");
        }
        let mut line = Vec::new();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        read.is_ok_and(|count| count > 0).then_some(line)
    }

    /// The client of a session whose first line says so; somebody at a terminal is greeted before.
    fn client(&mut self) -> Option<Client> {
        while !self.prompt && self.given.is_empty() {
            let line = self.next()?;
            match session::typed(&line) {
                Ok(Typed::Nothing) => {}
                Ok(Typed::Client(client)) => return Some(client),
                _ => self.given.push_back(line),
            }
        }
        None
    }
}

impl Session {
    fn client(&self) -> Result<Client, session::TypedError> {
        if self.client.is_empty() {
            return Ok(Client::Local);
        }
        session::client(&joined(&self.client))
    }

    /// Lines for what was said of TLS and authentication.
    fn asides(&self) -> Result<Vec<Vec<u8>>, session::TypedError> {
        let mut lines = Vec::new();
        if let Some(facts) = &self.tls {
            let facts = facts.as_bytes();
            session::tls(facts)?;
            lines.push([b"tls ", facts].concat());
        }
        if let Some(user) = &self.auth {
            session::auth(user.as_bytes())?;
            lines.push([b"auth ", user.as_bytes()].concat());
        }
        Ok(lines)
    }

    fn is_given(&self) -> bool {
        self.helo.is_some()
            || self.mail.is_some()
            || !self.rcpt.is_empty()
            || !self.header.is_empty()
    }

    fn lines(&self, client: &Client, asides: Vec<Vec<u8>>) -> Result<Lines, String> {
        let mut lines = Lines { given: asides.into(), typed: None, prompt: false };
        if let Some(path) = self.dialogue.as_ref().filter(|path| path.as_os_str() != "-") {
            let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
            lines.typed = Some(BufReader::new(file));
        } else if self.is_given() {
            lines.given.extend(self.commands(client));
        } else {
            let input = terminal::input().map_err(|error| format!("standard input: {error}"))?;
            lines.prompt = input.is_terminal() && std::io::stdout().is_terminal();
            lines.typed = Some(BufReader::new(input));
        }
        Ok(lines)
    }

    /// The commands that the options stand for.
    fn commands(&self, client: &Client) -> Vec<Vec<u8>> {
        let name = match (&self.helo, client) {
            (Some(helo), _) => helo.as_bytes().to_vec(),
            (None, Client::Host { name: Some(name), .. }) => name.clone(),
            (None, Client::Host { address, .. }) => format!("[{address}]").into_bytes(),
            (None, Client::Local) => b"localhost".to_vec(),
        };
        let path = |verb: &[u8], address: &OsString| {
            let address = address.as_bytes();
            match address.first() {
                Some(b'<') => [verb, address].concat(),
                _ => [verb, b"<", address, b">"].concat(),
            }
        };
        let mut lines = vec![[b"EHLO ", &name[..]].concat()];
        lines.extend(self.mail.iter().map(|address| path(b"MAIL FROM:", address)));
        lines.extend(self.rcpt.iter().map(|address| path(b"RCPT TO:", address)));
        if !self.header.is_empty() {
            lines.push(b"DATA".to_vec());
            lines.extend(self.header.iter().map(|field| field.as_bytes().to_vec()));
            lines.extend([Vec::new(), b".".to_vec()]);
        }
        lines.push(b"QUIT".to_vec());
        lines
    }
}

struct Play<'a> {
    session: &'a Session,
    loaded: &'a Loaded,
    source: &'a Source,
    lines: Lines,
    kept: VecDeque<Exchange>,
}

impl Play<'_> {
    fn end(mut self) -> u8 {
        let exchanges = self.kept.make_contiguous();
        let conclusion = conclude(exchanges, self.loaded.configuration(), self.source);
        match self.session.output.format {
            Format::Json => Output::object(&json::conclusion(&conclusion)),
            Format::Text => terminal::print(&conclusion.line()),
        }
        let refused = exchanges.iter().any(Exchange::refused);
        if refused { exit::DIFFERENT } else { exit::SAME }
    }
}

impl Stage for Play<'_> {
    fn line(&mut self) -> Option<Vec<u8>> {
        let given = &mut self.lines.given;
        // nobody sends a message that is not wanted
        let last = self.kept.back();
        let message = given.iter().any(|line| line == b".");
        if message && last.is_some_and(|last| last.input == b"DATA" && last.refused()) {
            while given.pop_front().is_some_and(|line| line != b".") {}
        }
        self.lines.next()
    }

    fn played(&mut self, exchange: Exchange) {
        let configuration = self.loaded.configuration();
        match self.session.output.format {
            Format::Json => Output::object(&json::exchange(&exchange, configuration)),
            Format::Text => {
                let shown = Shown { source: self.source, colour: output::colour() };
                let verbose = self.session.verbose;
                let text = SessionText { shown, configuration, verbose };
                terminal::print(&text.exchange(&exchange, self.lines.prompt));
            }
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }
}

fn joined(words: &[OsString]) -> Vec<u8> {
    words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>().join(&b' ')
}
