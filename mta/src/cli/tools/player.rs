//! Plays sessions: lines that somebody types, or that stand in a file, go through the daemon's own session.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use ruleset_vm::Program;
use workbench::session::{self, Client as Named, Exchange, Trust, Typed, Watch};

use crate::config::site::Site;
use crate::daemon::client::{Client, Resolved};
use crate::daemon::connection::{Arrival, Connection, Counts};
use crate::daemon::ports::{self, DaemonPort, Names};
use crate::daemon::post::Post;
use crate::daemon::rehearsal::{Aside, Rehearsal};
use crate::daemon::smtp_session;
use crate::message::envelope::ControllingUser;
use crate::sys::duplex::{Bell, Duplex, Woken};
use crate::sys::net::{self, Channel};

/// The port of clients that nobody knows.
const CLIENT_PORT: u16 = 49_152;
/// `${daemon_info}` of a daemon that runs no queue.
const DAEMON_INFO: &[u8] = b"SMTP";
/// Lines of a message that are kept for the exchange it is part of.
const MOST_LINES: usize = 10_000;

/// Where lines come from and exchanges go to.
pub(super) trait Stage {
    /// The next line; none at the end.
    fn line(&mut self) -> Option<Vec<u8>>;
    /// An exchange is over.
    fn played(&mut self, exchange: Exchange);
}

/// Sessions of one configuration.
pub(super) struct Player {
    site: Arc<Site>,
    watch: Watch,
    daemon: DaemonPort,
}

impl Player {
    /// A player; `watch` hears all runs of rules.
    pub(super) fn new(site: Arc<Site>, watch: Watch) -> Self {
        // a daemon whose names cannot be found here is as good as one without options
        let daemons = ports::daemons(&ports::settings(&site.configuration), &mut NoHosts);
        let daemon = daemons.ok().and_then(|daemons| daemons.into_iter().next());
        Self { site, watch, daemon: daemon.unwrap_or_else(|| DaemonPort::new(0)) }
    }

    /// Plays until there are no lines any more. Each `client` line begins a session; lines behind the end of one are
    /// passed over until the next begins.
    pub(super) fn play(&self, client: Named, stage: &mut dyn Stage) {
        let mut next = Some(client);
        while let Some(client) = next.take() {
            let rehearsal = Rehearsal::watched_by(self.watch.clone());
            let post = Post::rehearsing(Arc::clone(&self.site), rehearsal.clone());
            let connection = self.connection(client);
            let program = Arc::clone(&self.site.configuration.program);
            let state = RefCell::new(State::new(&mut *stage));
            let mut talk = Talk { program, rehearsal, state };
            smtp_session::serve(&mut talk, &post, &connection, None);
            let mut state = talk.state.into_inner();
            state.finish(&self.watch);
            next = state.client.take();
            while next.is_none() {
                let Some(line) = state.stage.line() else { break };
                match session::typed(&line) {
                    Ok(Typed::Client(client)) => next = Some(client),
                    Ok(Typed::Nothing) => {}
                    _ => state.stage.played(Exchange {
                        input: without_end(&line).to_vec(),
                        complaint: Some("the session is over: not sent".to_owned()),
                        ..Exchange::default()
                    }),
                }
            }
        }
    }

    fn connection(&self, client: Named) -> Connection {
        let options = &self.site.configuration.options;
        let (name, address, trust, own) = match client {
            Named::Host { name, address, trust, own } => (name, address, trust, own),
            Named::Local => {
                let user = crate::sys::users::own_name();
                let user = ControllingUser { user, uid: crate::sys::users::real_uid(), gid: 0 };
                let modifiers = options.bytes("DirectSubmissionModifiers");
                let modifiers = modifiers.unwrap_or_else(|| b"c u".to_vec());
                return Connection::standard(user, &modifiers, None);
            }
        };
        let resolved = match trust {
            Trust::Ok => Resolved::Ok,
            Trust::Forged => Resolved::Forged,
            Trust::Temporary => Resolved::Temporary,
            Trust::Fail => Resolved::Fail,
        };
        let client = Client::new(SocketAddr::new(address, CLIENT_PORT), name, resolved);
        let counts = Counts { connections: 1, client_rate: 1, total_rate: 1 };
        Connection::arrived(Arrival {
            client,
            daemon: self.daemon.clone(),
            own: own.as_ref().map(|own| own.address),
            own_name: own.and_then(|own| own.name),
            counts,
            daemon_info: DAEMON_INFO.to_vec(),
        })
    }
}

/// The hosts of daemons are not looked up.
struct NoHosts;

impl Names for NoHosts {
    fn service(&mut self, name: &[u8]) -> Option<u16> {
        net::service_port(name)
    }

    fn host(&mut self, _name: &[u8]) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// The connection of a session that is played.
struct Talk<'a> {
    program: Arc<Program>,
    rehearsal: Rehearsal,
    state: RefCell<State<'a>>,
}

struct State<'a> {
    stage: &'a mut dyn Stage,
    exchange: Exchange,
    /// Sent, and not yet taken.
    sent: Vec<u8>,
    /// A message is being typed.
    message: bool,
    /// There is nothing more for this session.
    over: bool,
    /// With whom the next one begins.
    client: Option<Named>,
}

impl<'a> State<'a> {
    fn new(stage: &'a mut dyn Stage) -> Self {
        let exchange = Exchange::default();
        Self { stage, exchange, sent: Vec::new(), message: false, over: false, client: None }
    }

    /// Hands the exchange over.
    fn finish(&mut self, watch: &Watch) {
        self.exchange.runs.extend(watch.take());
        let exchange = std::mem::take(&mut self.exchange);
        self.message = exchange.code() == Some(354);
        if !exchange.is_empty() {
            self.stage.played(exchange);
        }
    }

    /// The lines of a message, up to the dot.
    fn message(&mut self) {
        let mut count = 0;
        self.exchange.is_message = true;
        loop {
            let Some(line) = self.stage.line() else {
                self.over = self.sent.is_empty();
                return;
            };
            let line = without_end(&line);
            if count < MOST_LINES {
                if count > 0 {
                    self.exchange.input.push(b'\n');
                }
                self.exchange.input.extend_from_slice(line);
            }
            count += 1;
            self.sent.extend_from_slice(line);
            self.sent.extend_from_slice(b"\r\n");
            if line == b"." {
                return;
            }
        }
    }
}

impl Talk<'_> {
    /// Gets the next thing that is to happen: something to send, or something beside the dialogue.
    fn next(&self) {
        let mut state = self.state.borrow_mut();
        state.finish(&self.rehearsal.watch);
        if state.message {
            return state.message();
        }
        loop {
            let Some(line) = state.stage.line() else {
                state.over = true;
                return;
            };
            let typed = session::typed(&line);
            if typed == Ok(Typed::Nothing) {
                continue;
            }
            state.exchange.input = without_end(&line).to_vec();
            let aside = match typed {
                Ok(Typed::Nothing) => continue,
                Ok(Typed::Smtp(line)) => {
                    state.sent = [&line[..], b"\r\n"].concat();
                    return;
                }
                Ok(Typed::Client(client)) => {
                    state.exchange = Exchange::default();
                    state.client = Some(client);
                    state.over = true;
                    return;
                }
                Ok(Typed::Tls(macros)) => Ok(Aside::Tls(macros)),
                Ok(Typed::Auth(macros)) => Ok(Aside::Auth(macros)),
                Ok(Typed::Ask { rulesets, text }) => self.ask(rulesets, text),
                Err(error) => Err(error.to_string()),
            };
            match aside {
                Ok(aside) => return self.rehearsal.happen(aside),
                Err(complaint) => {
                    state.exchange.complaint = Some(complaint);
                    state.finish(&self.rehearsal.watch);
                }
            }
        }
    }

    fn ask(&self, names: Vec<u8>, text: Vec<u8>) -> Result<Aside, String> {
        let number = |name: &[u8]| {
            let found = self.program.number(name);
            found.ok_or_else(|| format!("ask: no ruleset {}", String::from_utf8_lossy(name)))
        };
        let rulesets = names.split(|byte| *byte == b',').map(number).collect::<Result<_, _>>()?;
        Ok(Aside::Ask { rulesets, names, text })
    }
}

impl Channel for Talk<'_> {
    fn send(&mut self, bytes: &[u8], _limit: Duration) -> io::Result<()> {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
        self.state.get_mut().exchange.replies.extend(lines);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _limit: Duration) -> io::Result<usize> {
        let state = self.state.get_mut();
        let count = state.sent.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(state.sent.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl Duplex for Talk<'_> {
    fn input(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn wait_input(&self, limit: Option<Duration>, _bell: Option<&Bell>) -> io::Result<Woken> {
        if limit == Some(Duration::ZERO) {
            return Ok(Woken::Silence);
        }
        if self.state.borrow().sent.is_empty() && !self.state.borrow().over {
            self.next();
        }
        Ok(Woken::Input)
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
