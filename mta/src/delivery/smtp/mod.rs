//! Delivery by SMTP or LMTP: hosts and addresses in turn, one transaction, a verdict per recipient.

mod connect;
mod session;

use ruleset_vm::{Enhanced, Exit, Status};

use super::context::{DeliveryContext, DeliveryReport, MessageSource, RecipientOutcome};
use super::hosts::{self, MxRules, Target};
use super::outcome;
use super::program::Addressees;
use crate::config::mailer::{Mailer, Transport};
use crate::message::envelope::{BodyType, Recipient};
use crate::protocol::smtp::client::{
    self as protocol, Esmtp, Notify, Outcome, Protocol, Refusal, Reply, Return, Settings, Stage,
    Transaction, Verdict,
};
use crate::sys::{ids, poll};

use connect::Endpoint;
pub use session::Session;
use session::Talk;

/// One delivery over a connection. Recipients are named to the peer in reverse order, as sendmail
/// does (SM-136).
struct Attempt<'a> {
    index: usize,
    mailer: &'a Mailer,
    recipients: Vec<usize>,
    addressees: &'a Addressees,
    message: &'a dyn MessageSource,
    context: &'a DeliveryContext<'a>,
    report: DeliveryReport,
    session: Option<Session>,
}

/// Delivers; the session is given back open, so that it can be closed after the outcome was shown.
#[must_use]
pub fn deliver(
    index: usize,
    recipients: &[usize],
    addressees: &Addressees,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> (DeliveryReport, Option<Session>) {
    let Some(mailer) = context.mailers.get(index) else { return Default::default() };
    let mut attempt = Attempt {
        index,
        mailer,
        recipients: recipients.iter().rev().copied().collect(),
        addressees,
        message,
        context,
        report: DeliveryReport::default(),
        session: None,
    };
    let failed = match mailer.transport() {
        Transport::Tcp => attempt.over_tcp(),
        Transport::UnixSocket => attempt.over_unix_socket(),
        Transport::ProgramSmtp => attempt.over_program(),
        _ => Err(Status::from_exit(Exit::CONFIG, "mailer cannot be used for SMTP")),
    };
    if let Err(status) = failed {
        attempt.report.add_all(&attempt.recipients, &status);
    }
    (attempt.report, attempt.session)
}

impl Attempt<'_> {
    /// Tries hosts and their addresses until one takes part in a transaction.
    fn over_tcp(&mut self) -> Result<(), Status> {
        let endpoint = Endpoint::of(self.mailer, self.addressees, self.context)?;
        let overall = poll::deadline_after(self.context.settings.timeouts.all_connects);
        let mut last = None;
        for target in self.targets(&endpoint.place, &mut last) {
            self.announce(target.label(), &endpoint.port_text());
            self.report.relay = Some(target.label().to_vec());
            let addresses = match connect::addresses(&target, self.mailer, self.context) {
                Ok(addresses) => addresses,
                Err(status) => {
                    last = Some(status);
                    continue;
                }
            };
            for address in addresses {
                self.report.relay = Some(connect::relay(target.label(), address));
                let connected =
                    connect::tcp(address, endpoint.port, self.mailer, self.context, overall);
                match connected {
                    Err(error) => last = Some(connect::failure(&error, target.label())),
                    Ok(channel) => match self.talk(channel, target.label()) {
                        None => return Ok(()),
                        Some(refusal) => {
                            let next_host = refusal.reply.as_ref().is_some_and(|r| r.class() == 5);
                            last = Some(self.refused(&refusal));
                            if next_host {
                                break;
                            }
                        }
                    },
                }
            }
        }
        let status = last.unwrap_or_else(|| hosts::unknown_host(&endpoint.place));
        self.report.host_failure = Some(status.clone());
        if self.report.outcomes.is_empty() { Err(status) } else { Ok(()) }
    }

    /// The hosts of all elements of the list; what keeps an element from having hosts goes to `last`.
    fn targets(&self, place: &[u8], last: &mut Option<Status>) -> Vec<Target> {
        let context = self.context;
        let rules = MxRules {
            is_own: context.is_own_name,
            random: &|below| usize::try_from(ids::random_u64()).unwrap_or(0) % below.max(1),
        };
        let settings = &context.settings.hosts;
        let use_mx = !self.mailer.flags.has(b'0');
        let mut found = Vec::new();
        for spec in hosts::host_list(place) {
            match hosts::targets(&spec, use_mx, settings, context.resolver, &rules) {
                Ok(targets) => found.extend(targets),
                Err(status) => *last = Some(status),
            }
        }
        if found.is_empty()
            && let Some(smart) = &settings.fallback_smart_host
        {
            found.push(Target::Name(smart.clone()));
        }
        found
    }

    fn over_unix_socket(&mut self) -> Result<(), Status> {
        let endpoint = Endpoint::of(self.mailer, self.addressees, self.context)?;
        self.announce(&endpoint.place, "");
        self.report.relay = Some(b"localhost".to_vec());
        let channel = connect::unix(&endpoint.place)
            .map_err(|error| connect::failure(&error, &endpoint.place))?;
        match self.talk(channel, b"localhost") {
            None => Ok(()),
            Some(refusal) => Err(self.refused(&refusal)),
        }
    }

    fn over_program(&mut self) -> Result<(), Status> {
        let host = self.addressees.host.clone();
        self.announce(if host.is_empty() { &self.mailer.name } else { &host }, "");
        self.report.relay = (!host.is_empty()).then(|| host.clone());
        let forward: Vec<usize> = self.recipients.iter().rev().copied().collect();
        let channel = connect::start_program(self.mailer, &forward, self.addressees, self.context)?;
        let peer = if host.is_empty() { b"localhost".to_vec() } else { host };
        match self.talk(channel, &peer) {
            None => Ok(()),
            Some(refusal) => Err(self.refused(&refusal)),
        }
    }

    /// `ADDR... Connecting to H port N via M...` (ML-149).
    fn announce(&self, host: &[u8], port: &str) {
        let addresses = super::address_list(self.context, &self.recipients);
        let via = [b" via ", self.mailer.name.as_slice()].concat();
        let via = if host == self.mailer.name { &b""[..] } else { &via };
        let line =
            [addresses.as_slice(), b"... Connecting to ", host, port.as_bytes(), via, b"..."]
                .concat();
        (self.context.verbose)(&line);
    }

    /// One transaction; `None` when the recipients have their verdicts.
    fn talk(&mut self, channel: Box<dyn crate::sys::net::Channel>, peer: &[u8]) -> Option<Refusal> {
        let settings = self.settings(peer);
        let mut session = Session::new(channel, settings, self.context.settings.timeouts);
        let transaction = self.transaction();
        let talk = session.transact(&transaction, self.index, self.message, self.context);
        let result = match talk {
            Talk::Done(outcome) => {
                self.report.relayed_with_dsn = session.client().offers().dsn;
                self.report.transcript.extend(session.take_transcript());
                self.finish(&outcome, peer);
                None
            }
            Talk::Refused(refusal) => {
                self.report.transcript.extend(session.take_transcript());
                Some(refusal)
            }
        };
        self.session = Some(session);
        result
    }

    fn settings(&self, peer: &[u8]) -> Settings {
        let has = |flag| self.mailer.flags.has(flag);
        let lmtp = has(b'z');
        let own = &self.context.settings.own_name;
        let mut settings = Settings::new(self.context.settings.hello_name.clone(), peer);
        settings.protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        settings.esmtp = match () {
            () if has(b'2') => Esmtp::Never,
            () if has(b'a') => Esmtp::Always,
            () => Esmtp::IfGreeted,
        };
        settings.loop_name = (!lmtp && !has(b'k')).then(|| own.clone());
        settings.reverse_path_name = has(b'p').then(|| own.clone());
        settings.eol.clone_from(&self.mailer.eol);
        settings.verbose = has(b'I');
        settings.hidden_dot = has(b'X');
        settings
    }

    fn transaction(&self) -> Transaction {
        let envelope = self.context.envelope;
        let body = envelope
            .body_type
            .or_else(|| self.message.has_8bit().then_some(BodyType::EightBitMime));
        let ret = envelope.flags.ret_given.then_some(if envelope.flags.no_body_return {
            Return::Headers
        } else {
            Return::Full
        });
        let users = self.addressees.users.iter().rev();
        Transaction {
            sender: self.context.sender.to_vec(),
            size: Some(self.message.size()),
            body,
            smtputf8: envelope.flags.smtputf8,
            envid: envelope.envid.clone(),
            ret,
            auth: envelope.auth.clone(),
            by: None,
            recipients: self
                .recipients
                .iter()
                .zip(users)
                .map(|(&at, user)| order(user, envelope.recipients.get(at)))
                .collect(),
        }
    }

    /// Takes over the verdicts.
    fn finish(&mut self, outcome: &Outcome, peer: &[u8]) {
        self.report.body_refused = !outcome.return_body;
        self.report.host_failure.clone_from(&outcome.host);
        for (&recipient, verdict) in self.recipients.iter().zip(&outcome.recipients) {
            self.report.outcomes.push(of_verdict(recipient, verdict, peer));
            if verdict.status.exit == Exit::PROTOCOL {
                self.log_protocol_error(verdict, peer);
            }
        }
    }

    /// `H: SMTP RCPT protocol error: TEXT` (SM-096).
    fn log_protocol_error(&self, verdict: &Verdict, peer: &[u8]) {
        let reply = verdict.reply.as_ref().map_or(&b""[..], first_line);
        let stage = verdict.stage.protocol_name().as_bytes();
        let text = [peer, b": SMTP ", stage, b" protocol error: ", reply].concat();
        self.context.events.report(crate::events::Event::text(
            Some(self.context.queue_id),
            crate::events::Severity::Info,
            1,
            text,
        ));
    }

    /// The host does not take part: what that means if no other does. The verdicts are kept in the
    /// report with the words of the peer.
    fn refused(&mut self, refusal: &Refusal) -> Status {
        let verdict = Verdict {
            status: refusal.status.clone(),
            reply: refusal.reply.clone(),
            stage: refusal.stage,
        };
        let shown = of_verdict(0, &verdict, b"");
        let text = shown.stat.strip_prefix(b"Deferred: ").unwrap_or(&shown.stat).to_vec();
        let text = if refusal.status.exit == Exit::TEMPFAIL && text == b"Deferred" {
            refusal.status.text.clone()
        } else {
            text
        };
        Status { text, ..refusal.status.clone() }
    }
}

/// A recipient as the peer is told it.
fn order(user: &[u8], recipient: Option<&Recipient>) -> protocol::Recipient {
    let flags = recipient.map(|recipient| recipient.flags).unwrap_or_default();
    protocol::Recipient {
        address: user.to_vec(),
        notify: flags.notify_given.then_some(Notify {
            success: flags.on_success,
            failure: flags.on_failure,
            delay: flags.on_delay,
        }),
        orcpt: recipient.and_then(|recipient| recipient.original.clone()),
    }
}

fn first_line(reply: &Reply) -> &[u8] {
    reply.lines.first().map_or(&[], Vec::as_slice)
}

/// The texts of a verdict as the log and reports have them: a deferral quotes the first line of the
/// reply, a failure has the text of its exit status and the reply beside it (observed).
fn of_verdict(recipient: usize, verdict: &Verdict, peer: &[u8]) -> RecipientOutcome {
    let status = &verdict.status;
    let quoted = verdict.reply.as_ref().map(|reply| first_line(reply).to_vec());
    let shown = match (status.exit, &quoted) {
        (Exit::OK, _) => status.clone(),
        (Exit::TEMPFAIL, Some(line)) => Status { text: line.clone(), ..status.clone() },
        // A connection lost in front of the data leaves no words (SM-103).
        (Exit::TEMPFAIL, None) if before_data(verdict.stage) => {
            Status { text: Vec::new(), ..status.clone() }
        }
        (Exit::TEMPFAIL, None) => status.clone(),
        (Exit::CONFIG, _) => status.clone(),
        _ => Status { text: Vec::new(), ..status.clone() },
    };
    let lost = || [b"421 4.4.1 ", status.text.as_slice()].concat();
    let reply = match status.exit {
        Exit::OK => None,
        _ => quoted.or_else(|| (status.exit == Exit::TEMPFAIL).then(lost)),
    };
    let stat = outcome::stat_text(&shown);
    RecipientOutcome {
        recipient,
        status: status.clone(),
        queue_text: stat.clone(),
        stat,
        reported: status.enhanced.unwrap_or(Enhanced::new(5, 0, 0)),
        remote_mta: (!peer.is_empty()).then(|| peer.to_vec()),
        reply,
    }
}

fn before_data(stage: Stage) -> bool {
    matches!(stage, Stage::Mail | Stage::Rcpt | Stage::Reset)
}

#[cfg(test)]
mod tests;
