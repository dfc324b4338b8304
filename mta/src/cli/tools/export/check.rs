//! What was written, compared with what the target does with it.

use std::path::Path;

use mapper::SystemServices;
use ruleset_vm::Role;
use ruleset_vm::trace::NoTracer;
use workbench::engine::Engine;
use workbench::export::verdict::Outcome;
use workbench::export::{Export, Target};
use workbench::json::{json, text};

use super::super::output::{Format, Output};
use super::super::subject::Loaded;
use super::{exim, postfix, tables};
use crate::sys::terminal;

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// The target's programs are not installed.
    #[error("--check: {0} is not installed")]
    NotInstalled(&'static str),
    /// A program cannot be run.
    #[error("{program}: {source}")]
    Program {
        /// The program.
        program: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The target does not take the configuration.
    #[error("{program} does not take the configuration:\n{said}")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it says.
        said: String,
    },
}

/// How often ruleset 5 is asked about one user.
const MAX_DETAILS: usize = 5;

/// What one address is, here and there.
struct Compared {
    address: Vec<u8>,
    /// `recipient`, `sender in headers`
    role: &'static str,
    here: Vec<u8>,
    there: Vec<u8>,
}

/// What differs.
pub(super) struct Findings {
    target: Target,
    recipients: usize,
    senders: usize,
    different: Vec<Compared>,
    /// What the target says about the configuration besides.
    warnings: Vec<u8>,
}

/// What the target makes of addresses, in their order.
pub(super) struct Answers {
    /// Where each goes.
    pub(super) outcomes: Vec<Outcome>,
    /// What each looks like as a sender in a header.
    pub(super) senders: Vec<Vec<u8>>,
    /// Messages about the configuration.
    pub(super) warnings: Vec<u8>,
}

/// An address without angle brackets around it.
fn bare(address: &[u8]) -> Vec<u8> {
    let inner = address.strip_prefix(b"<").and_then(|address| address.strip_suffix(b">"));
    inner.unwrap_or(address).to_vec()
}

/// Compares.
pub(super) fn check(
    made: &Export,
    loaded: &mut Loaded,
    directory: &Path,
    addresses: &[Vec<u8>],
) -> Result<Findings, CheckError> {
    let asked: Vec<Vec<u8>> = addresses.iter().map(|address| bare(address)).collect();
    let answers = match made.target {
        Target::Postfix => postfix::ask(made, directory, &asked)?,
        Target::Exim => exim::ask(directory, &asked)?,
    };
    let mut engine = loaded.engine();
    // the same entries as were written, whether databases have been made of them or not
    for table in tables::read(loaded) {
        let entries = table.entries().iter().map(|entry| (entry.key.clone(), entry.value.clone()));
        engine.maps().give(&table.map, &entries.collect::<Vec<_>>());
    }
    let mut here = Here { engine, made, remote: None };
    here.remote = here.remote_mailer();
    let mut different = Vec::new();
    for (address, there) in addresses.iter().zip(&answers.outcomes) {
        let own = here.outcome(address);
        if own != *there {
            let (here, there) = (own.shown(), there.shown());
            different.push(Compared { address: address.clone(), role: "recipient", here, there });
        }
    }
    let mut senders = 0;
    for (address, there) in addresses.iter().zip(&answers.senders) {
        let Some(own) = here.sender(&bare(address)) else { continue };
        senders += 1;
        if !own.eq_ignore_ascii_case(there) {
            let there = there.clone();
            different.push(Compared { address: address.clone(), role: "sender", here: own, there });
        }
    }
    let (recipients, warnings) = (answers.outcomes.len(), answers.warnings);
    Ok(Findings { target: made.target, recipients, senders, different, warnings })
}

/// What the configuration itself does.
struct Here<'a> {
    engine: Engine<SystemServices>,
    made: &'a Export,
    /// The mailer for other hosts.
    remote: Option<usize>,
}

impl Here<'_> {
    fn outcome(&mut self, address: &[u8]) -> Outcome {
        self.engine.reset();
        let role = Role { header: false, sender: false };
        let parsed = self.engine.resolve(address, role, &mut NoTracer);
        let mailers = &std::sync::Arc::clone(self.engine.configuration()).mailers;
        let outcome = Outcome::of_triple(parsed.as_ref(), mailers);
        let hub = self.made.site.local.hub.is_some() || self.made.site.null_client;
        let alias = parsed.as_ref().and_then(|parsed| self.engine.alias_of(&parsed.triple));
        match (&outcome, hub) {
            (Outcome::Local(user), _)
                if self.made.site.moved.iter().any(|(moved, _)| moved == user) =>
            {
                Outcome::Refused
            }
            // an alias is looked at first
            (Outcome::Local(_), true) if !self.made.site.null_client && alias.is_some() => outcome,
            (Outcome::Local(_), true) => {
                let user = parsed.map(|parsed| parsed.triple.user).unwrap_or_default();
                self.after_ruleset_5(&user).unwrap_or(outcome)
            }
            _ => outcome,
        }
    }

    /// Ruleset 5 says where users of this host really go: first it takes details off, then it names another host.
    fn after_ruleset_5(&mut self, user: &[u8]) -> Option<Outcome> {
        let configuration = std::sync::Arc::clone(self.engine.configuration());
        let number = configuration.program.number(b"5")?;
        self.engine.reset();
        let (mut user, mut detail) = (user.to_vec(), Vec::new());
        let mut named = None;
        for _ in 0..MAX_DETAILS {
            self.engine.macros.set(b"h", &detail);
            let outcome = self.engine.apply(&[number], &user, &mut NoTracer)?;
            let (mailer, host, address) = self.engine.verdict(&outcome.workspace)?;
            if !mailer.eq_ignore_ascii_case(b"local") {
                named = Some((mailer, host, address));
                break;
            }
            (user, detail) = (address, host.unwrap_or_default());
        }
        let (mailer, host, address) = named?;
        let address = match address.contains(&b'@') {
            true => address,
            false => [&address[..], b"@", &self.made.site.host].concat(),
        };
        let address: Vec<u8> =
            address.into_iter().filter(|byte| !matches!(byte, b'<' | b'>')).collect();
        let address = address.strip_suffix(b".").unwrap_or(&address).to_vec();
        Outcome::of_verdict(&mailer, &host.unwrap_or_default(), &address, &configuration.mailers)
    }

    fn remote_mailer(&mut self) -> Option<usize> {
        self.engine.reset();
        let role = Role { header: false, sender: false };
        let parsed = self.engine.resolve(b"probe@bangpath-probe.example", role, &mut NoTracer)?;
        match parsed.triple.mailer {
            ruleset_vm::Target::Mailer(number) => Some(number),
            ruleset_vm::Target::Error(_) => None,
        }
    }

    /// An address as a sender in a header of mail to another host.
    fn sender(&mut self, address: &[u8]) -> Option<Vec<u8>> {
        let mailer = self.remote?;
        self.engine.reset();
        let role = Role { header: true, sender: true };
        Some(self.engine.rewrite_for(address, mailer, role, &mut NoTracer).0)
    }
}

impl Findings {
    /// Whether there is a difference.
    pub(super) fn differ(&self) -> bool {
        !self.different.is_empty()
    }

    /// Prints them.
    pub(super) fn print(&self, format: Format) {
        let count = |role: &str| self.different.iter().filter(|found| found.role == role).count();
        let (recipients, senders) = (count("recipient"), count("sender"));
        match format {
            Format::Json => {
                for found in &self.different {
                    Output::object(&json!({
                        "type": "difference",
                        "address": text(&found.address),
                        "role": found.role,
                        "here": text(&found.here),
                        "there": text(&found.there),
                    }));
                }
                Output::object(&json!({
                    "type": "comparison",
                    "target": self.target.name(),
                    "recipients": self.recipients,
                    "recipients_different": recipients,
                    "senders": self.senders,
                    "senders_different": senders,
                    "warnings": text(&self.warnings),
                }));
            }
            Format::Text => {
                for found in &self.different {
                    let Compared { address, role, here, there } = found;
                    let line = [
                        role.as_bytes(),
                        b" ",
                        address,
                        b": here ",
                        here,
                        b"; there ",
                        there,
                        b"\n",
                    ];
                    terminal::print(&line.concat());
                }
                terminal::print(&self.warnings);
                let same = |all: usize, different: usize| format!("{} of {all}", all - different);
                let line = format!(
                    "{} does the same with {} recipients and {} senders\n",
                    self.target.name(),
                    same(self.recipients, recipients),
                    same(self.senders, senders),
                );
                terminal::print(line.as_bytes());
            }
        }
    }
}
