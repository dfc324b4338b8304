//! A small world for the tests of this layer: mailers, an envelope, a message, simple macros.

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use super::cache::ConnectionCache;
use super::context::{
    Binding, DeliveryContext, DeliveryReport, DeliverySettings, MessageForm, MessageSource,
};
use super::hosts::{LookupFailure, Mx, Resolver};
use super::plan::{DeliveryGroup, plan};
use crate::config::mailer::Mailer;
use crate::events::Event;
use crate::message::envelope::{ControllingUser, Envelope, Recipient, Route};

/// The message of the tests, with the line ends of the mailer.
pub(super) struct Letter(pub(super) Vec<u8>);

impl MessageSource for Letter {
    fn write(&self, form: &MessageForm, out: &mut dyn io::Write) -> io::Result<()> {
        if form.from_line {
            out.write_all(b"From me\n")?;
        }
        for line in self.0.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    out.write_all(text)?;
                    out.write_all(&form.eol)?;
                }
                None => out.write_all(line)?,
            }
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn has_8bit(&self) -> bool {
        !self.0.is_ascii()
    }
}

/// A message that cannot be read to its end.
pub(super) struct Broken;

impl MessageSource for Broken {
    fn write(&self, _: &MessageForm, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(b"Subject: half\n")?;
        Err(io::Error::other("disk gone"))
    }

    fn size(&self) -> u64 {
        0
    }

    fn has_8bit(&self) -> bool {
        false
    }
}

/// A name service that knows one name: `mail.example` with two records, both at 127.0.0.1.
pub(super) struct Names;

impl Resolver for Names {
    fn mx(&self, host: &[u8]) -> Result<Vec<Mx>, LookupFailure> {
        let record = |preference, name: &[u8]| Mx { preference, exchange: name.to_vec() };
        match host {
            b"mail.example" => Ok(vec![record(20, b"mx2.example."), record(10, b"mx1.example.")]),
            b"loop.example" => Ok(vec![record(5, b"me.example.")]),
            b"silent.example" => Err(LookupFailure::Temporary),
            _ => Err(LookupFailure::NoData),
        }
    }

    fn addresses(&self, host: &[u8]) -> Result<Vec<IpAddr>, LookupFailure> {
        match host {
            b"mx1.example" => Err(LookupFailure::Temporary),
            b"mx2.example" => Ok(vec!["127.0.0.1".parse().unwrap()]),
            _ => Err(LookupFailure::NotFound),
        }
    }
}

/// Everything a delivery needs, changeable by the test.
pub(super) struct World {
    pub(super) mailers: Vec<Mailer>,
    pub(super) envelope: Envelope,
    pub(super) settings: DeliverySettings,
    pub(super) sender: Vec<u8>,
    pub(super) explicit_sender: bool,
    pub(super) connections: Option<RefCell<ConnectionCache>>,
    pub(super) verbose: RefCell<Vec<String>>,
    pub(super) events: Mutex<Vec<Event>>,
}

impl World {
    /// One mailer and recipients `users` at `host`. The default user is the one running the test.
    pub(super) fn new(mailer: Mailer, host: &str, users: &[&str]) -> Self {
        let (uid, gid) = (crate::sys::users::effective_uid(), crate::sys::users::effective_gid());
        let default = ControllingUser { user: Vec::new(), uid, gid };
        let recipients = users
            .iter()
            .map(|user| Recipient {
                route: Some(Route { mailer: 0, host: host.into(), user: user.as_bytes().to_vec() }),
                ..Recipient::primary(user.as_bytes())
            })
            .collect();
        Self {
            mailers: vec![mailer],
            envelope: Envelope { recipients, ..Envelope::default() },
            settings: DeliverySettings::new(default, b"me.example"),
            sender: b"sender@x".to_vec(),
            explicit_sender: false,
            connections: None,
            verbose: RefCell::default(),
            events: Mutex::default(),
        }
    }

    /// Delivers to all recipients and returns the reports.
    pub(super) fn deliver(
        &self,
        message: &dyn MessageSource,
    ) -> Vec<(DeliveryGroup, DeliveryReport)> {
        let groups = plan(&self.envelope.recipients, &self.mailers, &|_, host| host.to_vec());
        let verbose = |line: &[u8]| {
            self.verbose.borrow_mut().push(String::from_utf8_lossy(line).into_owned());
        };
        let context = DeliveryContext {
            queue_id: b"ID",
            envelope: &self.envelope,
            mailers: &self.mailers,
            settings: &self.settings,
            expand: &expand,
            sender: &self.sender,
            explicit_sender: self.explicit_sender,
            sender_user: None,
            resolver: &Names,
            is_own_name: &|name| name == b"me.example",
            connections: self.connections.as_ref(),
            events: &self.events,
            connected: &|_| {},
            verbose: &verbose,
            complain: &|_| (),
        };
        groups
            .into_iter()
            .map(|group| {
                let report = super::deliver(&group, message, &context);
                (group, report)
            })
            .collect()
    }

    /// `USER: stat [dsn]` per recipient, in the order of the envelope, then the transcript.
    pub(super) fn show(&self, message: &dyn MessageSource) -> String {
        let mut lines = Vec::new();
        let mut transcript = Vec::new();
        for (_, report) in self.deliver(message) {
            for outcome in &report.outcomes {
                let user = &self.envelope.recipients[outcome.recipient].address;
                let code =
                    outcome.status.enhanced.map_or_else(String::new, |code| code.to_string());
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                lines.push(format!("{}: {} [{code}]", text(user), text(&outcome.stat)));
            }
            transcript.extend(report.transcript);
        }
        lines.sort();
        lines.extend(transcript.iter().map(|line| format!("| {}", String::from_utf8_lossy(line))));
        lines.join("\n")
    }

    /// The log lines of the events so far.
    pub(super) fn log(&self) -> String {
        let events = self.events.lock().unwrap();
        let lines = events.iter().flat_map(crate::events::lines);
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect::<Vec<_>>().join("\n")
    }
}

/// `$u`, `$h` and `$g` only; other dollars stay for the shell.
fn expand(template: &[u8], binding: &Binding<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some((&byte, tail)) = rest.split_first() {
        let value = match (byte, tail.first()) {
            (b'$', Some(b'u')) => Some(binding.user),
            (b'$', Some(b'h')) => Some(binding.host),
            (b'$', Some(b'g')) => Some(binding.sender),
            _ => None,
        };
        match value {
            Some(value) => {
                out.extend_from_slice(value);
                rest = &tail[1..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}
