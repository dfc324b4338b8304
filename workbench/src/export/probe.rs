//! Questions to the rules of a configuration, whose answers say which features it has.
//!
//! Tables in files are empty while they are asked, and names are used that nobody has, so that an answer is that of
//! the rules alone.

use std::sync::Arc;

use ruleset_vm::load::Configuration;
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Role, Target, Triple};

use crate::answering::MapServices;
use crate::engine::Engine;

/// A user that nobody has.
pub const USER: &str = "bangpath-probe";
/// A domain that nobody has.
pub const DOMAIN: &str = "bangpath-probe.example";
/// A client that nobody has: 192.0.2.1 is for documentation (RFC 5737).
pub const CLIENT: &str = "192.0.2.1";
const CLIENT_BACKWARDS: &str = "1.2.0.192.";

/// Classes of maps that have entries of their own.
const IN_FILES: [&str; 6] = ["hash", "btree", "implicit", "stab", "text", "fst"];

/// Who talks to this host, as check rulesets see it.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    /// The client's name; empty without one.
    pub name: &'a [u8],
    /// Its address.
    pub address: &'a [u8],
    /// `OK`, `FAIL`, ...
    pub resolve: &'a [u8],
    /// The name it gives.
    pub helo: &'a [u8],
    /// The envelope sender.
    pub sender: &'a [u8],
}

impl Session<'static> {
    /// A session with a stranger.
    #[must_use]
    pub fn stranger() -> Self {
        Self {
            name: b"client.bangpath-probe.example",
            address: CLIENT.as_bytes(),
            resolve: b"OK",
            helo: b"client.bangpath-probe.example",
            sender: b"<bangpath-probe@bangpath-probe.example>",
        }
    }
}

/// What a check ruleset says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing that stops the client.
    Fine,
    /// `$#error`, with what stands behind `$:`.
    Refused(Vec<u8>),
    /// `$#` and something else.
    Other(Vec<u8>),
}

/// An engine that is asked.
pub struct Probe<'a, S> {
    engine: &'a mut Engine<S>,
}

impl<'a, S: MapServices> Probe<'a, S> {
    /// Asks this engine; tables of the configuration are emptied.
    pub fn new(engine: &'a mut Engine<S>) -> Self {
        let maps = engine.maps().descriptions();
        for map in maps.iter().filter(|map| IN_FILES.contains(&map.class)) {
            engine.maps().give(&map.name, &[]);
        }
        Self { engine }
    }

    /// The configuration.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(self.engine.configuration())
    }

    /// Gives a table one entry, or none.
    pub fn give(&mut self, map: &[u8], entry: Option<(&[u8], &[u8])>) {
        let entries: Vec<_> =
            entry.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        self.engine.maps().give(map, &entries);
    }

    /// Where a recipient goes.
    pub fn triple(&mut self, address: &[u8]) -> Option<Triple> {
        self.engine.reset();
        let role = Role { header: false, sender: false };
        self.engine.resolve(address, role, &mut NoTracer).map(|parsed| parsed.triple)
    }

    /// The mailer a recipient goes to, and the host.
    pub fn mailer(&mut self, address: &[u8]) -> Option<(usize, Vec<u8>)> {
        let triple = self.triple(address)?;
        match triple.mailer {
            Target::Mailer(number) => Some((number, triple.host.unwrap_or_default())),
            Target::Error(_) => None,
        }
    }

    /// An address as a mailer sees it.
    pub fn rewritten(&mut self, address: &[u8], mailer: usize, role: Role) -> Vec<u8> {
        self.engine.reset();
        self.engine.rewrite_for(address, mailer, role, &mut NoTracer).0
    }

    /// What the first of the rulesets says that there is.
    pub fn check(
        &mut self,
        rulesets: &[&[u8]],
        arguments: &[&[u8]],
        session: &Session<'_>,
    ) -> Said {
        self.engine.reset();
        let sender = session.sender.strip_prefix(b"<").and_then(|text| text.strip_suffix(b">"));
        let macros: [(&[u8], &[u8]); 7] = [
            (b"client_name", session.name),
            (b"client_addr", session.address),
            (b"client_resolve", session.resolve),
            (b"client_ptr", session.name),
            (b"s", session.helo),
            (b"mail_from", session.sender),
            (b"f", sender.unwrap_or(session.sender)),
        ];
        for (name, value) in macros {
            self.engine.macros.set(name, value);
        }
        let outcome = rulesets
            .iter()
            .find_map(|ruleset| self.engine.hook(ruleset, arguments, true, &mut NoTracer));
        let Some(outcome) = outcome else { return Said::Fine };
        match self.engine.verdict(&outcome.workspace) {
            Some((mailer, _, text)) if mailer.eq_ignore_ascii_case(b"error") => Said::Refused(text),
            Some((mailer, _, text)) => Said::Other(if text.is_empty() { mailer } else { text }),
            None => Said::Fine,
        }
    }

    /// Whether a session may send to a recipient.
    pub fn takes(&mut self, recipient: &[u8], session: &Session<'_>) -> bool {
        let recipient = [b"<", recipient, b">"].concat();
        let said = self.check(&[b"checkrcpt", b"check_rcpt"], &[&recipient], session);
        !matches!(said, Said::Refused(_))
    }

    /// The lists that are asked about a client by its address, and about a sender by its domain.
    pub fn lists(&mut self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        drop(self.engine.take_unasked());
        let session = Session::stranger();
        let arguments = [session.name, session.address];
        self.check(&[b"check_relay", b"checkrelay"], &arguments, &session);
        self.check(&[b"check_mail", b"checkmail"], &[session.sender], &session);
        let (mut clients, mut senders) = (Vec::new(), Vec::new());
        let own_domain = format!("{DOMAIN}.");
        for question in self.engine.take_unasked() {
            let key = question.key.strip_suffix(b".").unwrap_or(&question.key);
            let (list, zone) = match key.strip_prefix(CLIENT_BACKWARDS.as_bytes()) {
                Some(zone) => (&mut clients, zone),
                None => match key.strip_prefix(own_domain.as_bytes()) {
                    Some(zone) => (&mut senders, zone),
                    None => continue,
                },
            };
            if !zone.is_empty() && !list.contains(&zone.to_vec()) {
                list.push(zone.to_vec());
            }
        }
        (clients, senders)
    }
}

impl<S: MapServices> Probe<'_, S> {
    /// Whether ruleset 5 takes `user+detail` for `user`.
    pub fn splits_details(&mut self) -> bool {
        self.engine.reset();
        let program = Arc::clone(&self.engine.configuration().program);
        let Some(number) = program.number(b"5") else { return false };
        let text = format!("{USER}+detail");
        self.engine.macros.set(b"h", b"");
        let outcome = self.engine.apply(&[number], text.as_bytes(), &mut NoTracer);
        outcome.is_some_and(|outcome| {
            let verdict = self.engine.verdict(&outcome.workspace);
            verdict.is_some_and(|(_, _, user)| !user.ends_with(b"+detail"))
        })
    }
}
