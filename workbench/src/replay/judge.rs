//! Holds records to a configuration.

use std::rc::Rc;
use std::sync::Arc;

use ruleset_vm::trace::{NoTracer, Tracer};
use ruleset_vm::{Parsed, Role, Target};

use super::causes::{Decision, Macro, Watcher};
use super::findings::{Cause, Example, Finding, Findings, Kind};
use super::host::Relay;
use super::recent::Recent;
use super::session::SESSION;
use super::{Carrier, Delivery, Record, Refusal, System, Transaction, Verdict, What};
use crate::answering::MapServices;
use crate::engine::Engine;
use crate::machine;

mod checks;
mod hosts;

/// Answers that one judge remembers, of each kind.
const REMEMBERED: usize = 1 << 14;

/// Why something that looks different may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Something was not asked that `--allow` would let be asked.
    NotAsked(machine::Kind),
    /// A map could not answer.
    Trouble,
    /// The mail exchangers of a host, or the address of one in brackets, are not known.
    Exchangers,
    /// Rules read this macro, of which the log does not tell the value.
    Unknown(&'static str),
    /// Whether there was such a user is no matter of rules.
    Users,
    /// The log has an argument in part only.
    Shortened,
}

impl Doubt {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::NotAsked(kind) => format!("not asked (--allow {})", kind.name()),
            Self::Trouble => "a map could not answer".to_owned(),
            Self::Exchangers => {
                "the mail exchangers are not known (--allow dns, or facts)".to_owned()
            }
            Self::Unknown(name) if name.len() > 1 => {
                format!("rules read ${{{name}}}, which the log does not tell")
            }
            Self::Unknown(name) => format!("rules read ${name}, which the log does not tell"),
            Self::Users => "whether there was such a user is no matter of rules".to_owned(),
            Self::Shortened => "the log has it in part only".to_owned(),
        }
    }

    /// The name JSON has.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::NotAsked(kind) => format!("not_asked_{}", kind.name()),
            Self::Trouble => "trouble".to_owned(),
            Self::Exchangers => "exchangers".to_owned(),
            Self::Unknown(name) => format!("macro_{name}"),
            Self::Users => "users".to_owned(),
            Self::Shortened => "shortened".to_owned(),
        }
    }
}

/// A daemon of DaemonPortOptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// `daemon=` of log lines.
    pub name: Vec<u8>,
    /// `${daemon_flags}` of its sessions.
    pub flags: Vec<u8>,
}

/// One thread's judge.
pub struct Judge<S> {
    engine: Engine<S>,
    daemons: Arc<[Daemon]>,
    ways: Recent<Vec<u8>, Rc<Way>>,
    answers: Recent<Vec<u8>, Rc<checks::Answer>>,
    senders: Recent<Vec<u8>, Rc<checks::Sender>>,
    hosts: Recent<Vec<u8>, Rc<hosts::Names>>,
}

/// Where an address goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    parsed: Option<Parsed>,
    doubt: Option<Doubt>,
}

impl Way {
    fn mailer(&self) -> Option<usize> {
        match self.parsed.as_ref()?.triple.mailer {
            Target::Mailer(number) => Some(number),
            Target::Error(_) => None,
        }
    }
}

/// What was not asked, or could not answer, on the way to an answer.
fn doubt_of<S: MapServices>(engine: &mut Engine<S>, deferred: bool) -> Option<Doubt> {
    let unasked = engine.take_unasked();
    let trouble = !engine.take_complaints().is_empty() || deferred;
    let not_asked = unasked.first().map(|unasked| Doubt::NotAsked(unasked.what.kind));
    not_asked.or(trouble.then_some(Doubt::Trouble))
}

impl<S: MapServices> Judge<S> {
    /// A judge with an engine of its own.
    pub fn new(engine: Engine<S>, daemons: Arc<[Daemon]>) -> Self {
        let (ways, answers) = (Recent::new(REMEMBERED), Recent::new(REMEMBERED));
        let (senders, hosts) = (Recent::new(REMEMBERED), Recent::new(REMEMBERED));
        Self { engine, daemons, ways, answers, senders, hosts }
    }

    /// Compares a record.
    pub fn judge(&mut self, record: &Record, findings: &mut Findings) {
        match &record.what {
            What::Delivery(delivery) => self.delivery(record, delivery, findings),
            What::Accepted(transaction) => self.accepted(record, transaction, findings),
            What::Refusal(refusal) if refusal.ruleset.is_empty() => {
                self.refused_recipient(record, refusal, findings);
            }
            What::Refusal(refusal) => self.refusal(record, refusal, findings),
        }
    }

    fn delivery(&mut self, record: &Record, delivery: &Delivery, findings: &mut Findings) {
        findings.tally.deliveries += record.times;
        let way = self.way(&delivery.to);
        let taken = self.taken(delivery, &way);
        match taken {
            Some(way) => {
                findings.tally.same_mailer += record.times;
                self.host(record, delivery, &way, findings);
            }
            None if is_submission(delivery) => {
                findings.tally.submissions += record.times;
                return;
            }
            None => self.other_mailer(record, delivery, &way, findings),
        }
        self.recipient(record, delivery, findings);
    }

    /// The way that leads to the mailer that took it: the address itself, or what ruleset 5 or its former name leads to.
    fn taken(&mut self, delivery: &Delivery, way: &Rc<Way>) -> Option<Rc<Way>> {
        if self.is_taken_by(way, &delivery.carrier) {
            return Some(Rc::clone(way));
        }
        let further = match &delivery.original {
            Some(original) => Some(self.way(original)),
            None => self.localaddr(way).map(Rc::new),
        };
        further.filter(|way| self.is_taken_by(way, &delivery.carrier))
    }

    fn is_taken_by(&self, way: &Way, carrier: &Carrier) -> bool {
        let mailers = &self.engine.configuration().mailers;
        let Some(mailer) = way.mailer().and_then(|number| mailers.get(number)) else {
            return false;
        };
        match carrier {
            Carrier::Mailer(name) => mailer.name == *name,
            Carrier::Remote => hosts::is_network(mailer),
            Carrier::Local => !hosts::is_network(mailer),
        }
    }

    /// Where ruleset 5 leads a local user for whom there is no alias (RS-088).
    fn localaddr(&mut self, way: &Way) -> Option<Way> {
        let configuration = Arc::clone(self.engine.configuration());
        let mailer = configuration.mailers.get(way.mailer()?)?;
        let triple = &way.parsed.as_ref()?.triple;
        let asked = mailer.flags.has(b'5') && !triple.not_remote;
        if !asked || !configuration.program.has_rules(b"5") {
            return None;
        }
        let user = triple.user.clone();
        self.engine.macros.set(b"addr_type", Role::default().addr_type());
        let parsed = self.engine.rewrite(&mut NoTracer, |rewriter| {
            let tokens = rewriter.tokenize(&user, None).0?;
            let outcome = rewriter.apply(5, tokens);
            let triple = rewriter.build(&outcome.workspace, &user, Role::default());
            Some(Parsed { triple, deferred: false, used: user.len() })
        });
        let doubt = doubt_of(&mut self.engine, false);
        Some(Way { parsed, doubt })
    }

    fn way(&mut self, address: &[u8]) -> Rc<Way> {
        if let Some(known) = self.ways.get(address).0 {
            return Rc::clone(known);
        }
        let way = Rc::new(self.resolve(address, &mut NoTracer));
        self.ways.insert(address.to_vec(), Rc::clone(&way));
        way
    }

    fn resolve(&mut self, address: &[u8], tracer: &mut dyn Tracer) -> Way {
        let parsed = self.engine.resolve(bare(address), Role::default(), tracer);
        let deferred = parsed.as_ref().is_some_and(|parsed| parsed.deferred);
        let doubt = doubt_of(&mut self.engine, deferred);
        Way { parsed, doubt }
    }

    /// The rule that decides where an address goes, and what that might depend on.
    fn decision(
        &mut self,
        address: &[u8],
        system: System,
        transaction: Option<&Transaction>,
    ) -> (Option<Decision>, Option<Doubt>) {
        let flags = self.flags(system, transaction);
        let known: Vec<Macro> = match &flags {
            Some(_) => {
                SESSION.iter().position(|name| *name == b"daemon_flags").into_iter().collect()
            }
            None => Vec::new(),
        };
        let mut watcher = Watcher::default();
        self.engine.macros.set(b"daemon_flags", &flags.unwrap_or_default());
        let way = self.resolve(address, &mut watcher);
        self.engine.macros.clear(b"daemon_flags");
        let (decision, macros) = watcher.finish();
        (decision, way.doubt.or_else(|| unknown(&macros, &known)))
    }

    /// `${daemon_flags}` of the daemon that a message came through, or of all if they have the same. What another
    /// system took would come to the first one.
    fn flags(&self, system: System, transaction: Option<&Transaction>) -> Option<Vec<u8>> {
        let named = transaction.map(|it| &it.daemon).filter(|name| !name.is_empty());
        let daemon = match named {
            Some(name) => self.daemons.iter().find(|daemon| daemon.name == *name),
            None if system != System::Sendmail => self.daemons.first(),
            None => {
                let first = self.daemons.first();
                first.filter(|first| self.daemons.iter().all(|it| it.flags == first.flags))
            }
        };
        daemon.map(|daemon| daemon.flags.clone())
    }

    fn other_mailer(
        &mut self,
        record: &Record,
        delivery: &Delivery,
        way: &Way,
        findings: &mut Findings,
    ) {
        let (rule, doubt) =
            self.decision(&delivery.to, record.system, delivery.transaction.as_deref());
        let (kind, now) = self.target(way);
        let was = match &delivery.carrier {
            Carrier::Mailer(name) => name.clone(),
            Carrier::Remote => b"over the network".to_vec(),
            Carrier::Local => b"on this host".to_vec(),
        };
        let cause = Cause { kind, system: record.system, asked: Vec::new(), rule, was, now, doubt };
        findings.add(found(record, cause, &delivery.to, None));
    }

    /// The mailer that a way leads to, or the refusal, and what that is a difference in.
    fn target(&self, way: &Way) -> (Kind, Vec<u8>) {
        let mailers = &self.engine.configuration().mailers;
        let Some(parsed) = &way.parsed else { return (Kind::Refused, b"no address".to_vec()) };
        match &parsed.triple.mailer {
            Target::Mailer(number) => {
                let name = mailers.get(*number).map(|mailer| mailer.name.clone());
                (Kind::Mailer, name.unwrap_or_default())
            }
            Target::Error(status) => (Kind::Refused, checks::reply(status)),
        }
    }

    fn host(&mut self, record: &Record, delivery: &Delivery, way: &Way, findings: &mut Findings) {
        let Some(relay) = &delivery.relay else { return };
        let wanted = way.parsed.as_ref().and_then(|parsed| parsed.triple.host.clone());
        let (Some(wanted), Some(mailer)) = (wanted, way.mailer()) else { return };
        let doubt = match self.compare_host(&wanted, mailer, relay) {
            hosts::Verdict::Same => {
                findings.tally.same_host += record.times;
                return;
            }
            hosts::Verdict::NotTold => {
                findings.tally.hosts_not_told += record.times;
                return;
            }
            hosts::Verdict::Undecided => Some(Doubt::Exchangers),
            hosts::Verdict::Different => None,
        };
        let (rule, unsure) =
            self.decision(&delivery.to, record.system, delivery.transaction.as_deref());
        let cause = Cause {
            kind: Kind::Host,
            system: record.system,
            asked: Vec::new(),
            rule,
            was: relay.host.clone(),
            now: wanted,
            doubt: unsure.or(doubt),
        };
        findings.add(found(record, cause, &delivery.to, None));
    }

    /// `ADDR... TEXT`: a recipient that was refused when it was resolved.
    fn refused_recipient(&mut self, record: &Record, refusal: &Refusal, findings: &mut Findings) {
        let (Some(address), Verdict::Reject(text)) = (refusal.arguments.first(), &refusal.verdict)
        else {
            return;
        };
        findings.tally.refusals += record.times;
        let way = self.way(address);
        let now = way.parsed.as_ref().map(|parsed| &parsed.triple.mailer);
        let kind = match now {
            Some(Target::Error(status)) if checks::same_words(&status.text, text) => None,
            Some(Target::Error(_)) => Some(Kind::Words),
            Some(Target::Mailer(_)) => Some(Kind::Accepted),
            None => None,
        };
        let Some(kind) = kind else {
            findings.tally.same_refusals += record.times;
            return;
        };
        if kind == Kind::Accepted && self.is_unknown_user(&way, text) {
            findings.tally.same_refusals += record.times;
            return;
        }
        let (rule, doubt) = self.decision(address, record.system, refusal.transaction.as_deref());
        let users = self.is_no_matter_of_rules(&way, text).then_some(Doubt::Users);
        let doubt = users.or(doubt);
        let (_, now) = self.target(&way);
        let was = text.clone();
        let cause = Cause { kind, system: record.system, asked: Vec::new(), rule, was, now, doubt };
        findings.add(found(record, cause, address, None));
    }

    /// Whether there is still no such local user (AD-046).
    fn is_unknown_user(&mut self, way: &Way, text: &[u8]) -> bool {
        let Some(triple) = way.parsed.as_ref().map(|parsed| &parsed.triple) else { return false };
        let mailers = &self.engine.configuration().mailers;
        let mailer = way.mailer().and_then(|number| mailers.get(number));
        let local = mailer.is_some_and(|mailer| mailer.flags.has(b'w'));
        let unknown = local && text == b"User unknown";
        unknown && self.engine.alias_of(triple).is_none() && !self.engine.has_user(&triple.user)
    }

    /// Whether a recipient may have been refused for something that rules do not say: there is no such user, or
    /// something is wrong with the address or its aliases.
    fn is_no_matter_of_rules(&self, way: &Way, text: &[u8]) -> bool {
        let mailers = &self.engine.configuration().mailers;
        let mailer = way.mailer().and_then(|number| mailers.get(number));
        let local = mailer.is_none_or(|it| it.flags.has(b'A') || it.flags.has(b'w'));
        local || checks::is_own_text(text)
    }
}

/// The first macro that was read and of which nothing is known.
fn unknown(read: &[Macro], known: &[Macro]) -> Option<Doubt> {
    let unknown = || read.iter().filter(|number| !known.contains(number));
    // the sender says most
    let sender = |number: &&Macro| SESSION.get(**number) == Some(&&b"f"[..]);
    let name = unknown().find(sender).or_else(|| unknown().next())?;
    let name = SESSION.get(*name).and_then(|name| std::str::from_utf8(name).ok())?;
    Some(Doubt::Unknown(name))
}

fn found(record: &Record, cause: Cause, subject: &[u8], session: Option<&Transaction>) -> Finding {
    let (client, sender) = session.map_or_else(Default::default, |transaction| {
        (transaction.relay.clone(), transaction.sender.clone())
    });
    let example = Example { subject: subject.to_vec(), client, sender, place: record.place };
    Finding { cause, example, times: record.times }
}

/// An address without one pair of angle brackets around it.
fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    match address.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")) {
        Some(inside) if !inside.contains(&b'<') => inside.trim_ascii(),
        _ => address,
    }
}

/// Whether the program that users submit mail with has handed a message on: it has a configuration of its own
/// (`submit.cf`), and its lines are in the same log.
fn is_submission(delivery: &Delivery) -> bool {
    let Carrier::Mailer(mailer) = &delivery.carrier else { return false };
    let local = |transaction: &Arc<Transaction>| {
        transaction.protocol.is_empty() && !transaction.relay.ends_with(b"]")
    };
    let loopback =
        |relay: &Relay| relay.is(b"127.0.0.1") || relay.is(b"::1") || relay.is(b"localhost");
    mailer == b"relay"
        && delivery.transaction.as_ref().is_none_or(local)
        && delivery.relay.as_ref().is_some_and(loopback)
}

#[cfg(test)]
mod tests;
