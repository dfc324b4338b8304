//! Delivery by SMTP or LMTP: hosts and addresses in turn, one transaction, a verdict per recipient.

mod connect;
mod known_hosts;
mod session;
mod words;

use std::time::Instant;

use ruleset_vm::{Exit, Status};

use super::cache::{CacheKey, Cached};
use super::context::{DeliveryContext, DeliveryReport, MessageSource, RecipientOutcome};
use super::host_status::Hold;
use super::hosts::{self, MxRules, Target};
use super::program::{self, Addressees};
use crate::config::mailer::{Mailer, Transport};
use crate::events::{Event, Severity};
use crate::message::envelope::{self, BodyType, Recipient};
use crate::protocol::smtp::client::{
    self as protocol, DeliverBy, Esmtp, Notify, Offers, Outcome, Protocol, Refusal, Return,
    Settings, Settled, Transaction, Verdict,
};
use crate::sys::net::Channel;
use crate::sys::traffic::{self, Way};
use crate::sys::{clock, ids, poll};

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
    session: Option<Open>,
    /// The reply to the last message that was taken.
    taken: Option<Vec<u8>>,
}

/// A connection after its transaction.
#[derive(Debug)]
pub struct Open {
    session: Session,
    /// Where it leads, if it can be used again.
    key: Option<CacheKey>,
    served: usize,
    /// Keeps others from the host.
    hold: Option<Hold>,
}

impl Open {
    /// Keeps the connection for the next message, or closes it (SM-101, ML-019).
    pub fn release(
        mut self,
        mailer: &Mailer,
        report: &DeliveryReport,
        context: &DeliveryContext<'_>,
    ) {
        let spent = mailer.max_messages != 0 && self.served >= mailer.max_messages;
        if let (Some(cache), Some(key), false) = (context.connections, self.key.take(), spent)
            && self.session.is_idle(context.verbose)
        {
            let relay = report.relay.clone().unwrap_or_default();
            let cached =
                Cached { key, session: self.session, relay, served: self.served, hold: self.hold };
            cache.borrow_mut().put(cached, clock::monotonic(), context.verbose);
            return;
        }
        self.session.close(context.verbose);
    }
}

/// Delivers; the session is given back open, so that it can be closed after the outcome was shown.
#[must_use]
pub fn deliver(
    index: usize,
    recipients: &[usize],
    addressees: &Addressees,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> (DeliveryReport, Option<Open>) {
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
        taken: None,
    };
    let failed = match mailer.transport() {
        Transport::Tcp => attempt.over_tcp(),
        Transport::UnixSocket => attempt.over_unix_socket(),
        Transport::ProgramSmtp => attempt.over_program(),
        _ => Err(Status::from_exit(Exit::CONFIG, "mailer cannot be used for SMTP").into()),
    };
    if let Err(setback) = failed {
        attempt.settle(&setback);
    }
    (attempt.report, attempt.session)
}

/// Why there was no transaction.
enum Setback {
    /// Nobody was reached, or nobody could be asked.
    Unreached(Status),
    /// The peer does not take part.
    Refused(Verdict, Vec<u8>),
}

impl From<Status> for Setback {
    fn from(status: Status) -> Self {
        Self::Unreached(status)
    }
}

impl Attempt<'_> {
    /// Tries hosts and their addresses until one takes part in a transaction.
    fn over_tcp(&mut self) -> Result<(), Setback> {
        let endpoint = Endpoint::of(self.mailer, self.addressees, self.context)?;
        let overall = poll::deadline_after(self.context.settings.timeouts.all_connects);
        let mut last = None;
        for target in self.targets(&endpoint.place, &mut last) {
            match self.over_addresses(&target, &endpoint, overall) {
                Ok(()) => return Ok(()),
                Err(setback) => last = Some(setback),
            }
        }
        Err(last.unwrap_or_else(|| hosts::unknown_host(&endpoint.place).into()))
    }

    /// Tries the addresses of one host. A refusal of class 5 is one of the host, other troubles may
    /// be those of the address (SM-081).
    fn over_addresses(
        &mut self,
        target: &Target,
        endpoint: &Endpoint,
        overall: Option<Instant>,
    ) -> Result<(), Setback> {
        let (mailer, context) = (self.mailer, self.context);
        let (host, addresses) = connect::addresses(target, &endpoint.place, mailer, context);
        let key = CacheKey { mailer: mailer.name.clone(), host, port: endpoint.port };
        if self.over_cached(&key) {
            return Ok(());
        }
        let host = &key.host;
        self.report.relay = Some(host.clone());
        if let Some(obstacle) = self.known_obstacle(host) {
            return Err(obstacle);
        }
        let hold = self.hold(host)?;
        let addresses = addresses?;
        self.announce(host, &endpoint.port_text());
        self.make_room();
        let (mut last, mut errno) = (None, 0);
        for address in addresses {
            self.report.relay = Some(connect::relay(host, address));
            traffic::write(Way::Done, &[b"CONNECT ", &host[..]].concat());
            let channel = match connect::tcp(address, endpoint.port, mailer, context, overall) {
                Ok(channel) => channel,
                Err(error) => {
                    errno = error.raw_os_error().unwrap_or(0);
                    last = Some(connect::failure(&error, host).into());
                    continue;
                }
            };
            errno = 0;
            match self.talk(channel, host, Some((&key, hold.clone()))) {
                Ok(()) => return Ok(()),
                Err(Setback::Refused(verdict, peer)) if !verdict.status.retry => {
                    return Err(Setback::Refused(verdict, peer));
                }
                Err(setback) => last = Some(setback),
            }
        }
        let setback = last.unwrap_or_else(|| hosts::unknown_host(host).into());
        self.note_setback(host, &setback, errno, hold.as_deref());
        Err(setback)
    }

    /// Closes what the new connection would be one too many with.
    fn make_room(&self) {
        if let Some(cache) = self.context.connections {
            let addresses = super::address_list(self.context, &self.recipients);
            cache.borrow_mut().make_room(&addresses, self.context.verbose);
        }
    }

    /// Uses an open connection, if there is one and the peer still listens.
    fn over_cached(&mut self, key: &CacheKey) -> bool {
        let context = self.context;
        let kept = context
            .connections
            .and_then(|cache| cache.borrow_mut().take(key, clock::monotonic(), context.verbose));
        let Some(cached) = kept else { return false };
        let addresses = super::address_list(context, &self.recipients);
        let peer = key.host.as_slice();
        let client = cached.session.client();
        let language: &[u8] = match client.settings().protocol {
            Protocol::Lmtp => b"LMTP",
            Protocol::Smtp if client.is_extended() => b"ESMTP",
            Protocol::Smtp => b"SMTP",
        };
        let name = self.mailer.name.as_slice();
        let parts: [&[u8]; 8] = [
            &addresses,
            b"... Using cached ",
            language,
            b" connection to ",
            peer,
            b" via ",
            name,
            b"...",
        ];
        self.report.relay = Some(cached.relay);
        let mut session = cached.session;
        session.announce(parts.concat());
        let key = Some(key.clone());
        let open = Open { session, key, served: cached.served, hold: cached.hold };
        self.talk_on(open, peer).is_ok()
    }

    /// The hosts of all elements of the list; what keeps an element from having hosts goes to `last`.
    fn targets(&mut self, place: &[u8], last: &mut Option<Setback>) -> Vec<Target> {
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
                Err(status) => {
                    self.report.relay = Some(spec.text().to_vec());
                    *last = Some(status.into());
                }
            }
        }
        if found.is_empty()
            && let Some(smart) = &settings.fallback_smart_host
        {
            found.push(Target::Name(smart.clone()));
        }
        found
    }

    fn over_unix_socket(&mut self) -> Result<(), Setback> {
        let endpoint = Endpoint::of(self.mailer, self.addressees, self.context)?;
        self.announce(&endpoint.place, "");
        self.report.relay = Some(b"localhost".to_vec());
        let channel = connect::unix(&endpoint.place)
            .map_err(|error| connect::failure(&error, &endpoint.place))?;
        self.talk(channel, b"localhost", None)
    }

    fn over_program(&mut self) -> Result<(), Setback> {
        let host = self.addressees.host.clone();
        self.announce(if host.is_empty() { &self.mailer.name } else { &host }, "");
        self.report.relay = (!host.is_empty()).then(|| host.clone());
        let forward: Vec<usize> = self.recipients.iter().rev().copied().collect();
        let channel = connect::start_program(self.mailer, &forward, self.addressees, self.context)?;
        let own = &self.context.settings.own_name;
        self.talk(channel, if host.is_empty() { own } else { &host }, None)
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

    /// One transaction on a new connection, to a host of the network if there is a key.
    fn talk(
        &mut self,
        channel: Box<dyn Channel>,
        peer: &[u8],
        key: Option<(&CacheKey, Option<Hold>)>,
    ) -> Result<(), Setback> {
        let settings = self.settings(peer);
        let session = Session::new(channel, settings, self.context.settings.timeouts);
        let Some((key, hold)) = key else {
            return self.talk_on(Open { session, key: None, served: 0, hold: None }, peer);
        };
        let open = Open { session, key: Some(key.clone()), served: 0, hold: hold.clone() };
        self.talk_on(open, peer)?;
        self.note_success(peer, hold.as_deref());
        Ok(())
    }

    /// One transaction: the recipients get their verdicts, or the peer does not take part.
    fn talk_on(&mut self, mut open: Open, peer: &[u8]) -> Result<(), Setback> {
        let transaction = self.transaction();
        let session = &mut open.session;
        let mut told = Vec::new();
        let mut settled = |one: &Settled, offers: &Offers| {
            told.push(one.index);
            let at = self.recipients.get(one.index).copied().unwrap_or_default();
            let outcome = words::of_verdict(at, &one.verdict, peer, offers.enhanced_status_codes);
            super::tell(&outcome, &super::address_list(self.context, &[at]), self.context)
        };
        let talk =
            session.transact(&transaction, self.index, self.message, self.context, &mut settled);
        self.report.transcript.extend(session.take_transcript());
        let offers = session.client().offers().clone();
        match talk {
            Talk::Done(outcome) => {
                open.served += 1;
                self.session = Some(open);
                self.report.relayed_with_dsn = offers.dsn;
                self.finish(&outcome, peer, offers.enhanced_status_codes);
                for index in told {
                    if let Some(outcome) = self.report.outcomes.get_mut(index) {
                        outcome.told = true;
                    }
                }
                Ok(())
            }
            Talk::Refused(Refusal { stage, status, reply }) => {
                if status.exit == Exit::CONFIG {
                    self.report_loop(b"553 5.3.5", &[peer, b" ", &status.text].concat());
                }
                Err(Setback::Refused(Verdict { status, reply, stage }, peer.to_vec()))
            }
        }
    }

    /// This host talks to itself (SM-083): a system error, in the log and in the transcript.
    fn report_loop(&mut self, codes: &[u8], text: &[u8]) {
        program::system_error(self.context, text);
        self.report.system_error = Some(Exit::SOFTWARE);
        self.report.transcript.push([codes, b" ", text].concat());
    }

    /// All recipients share what kept the transaction from being.
    fn settle(&mut self, setback: &Setback) {
        let outcome = match setback {
            Setback::Refused(verdict, peer) => words::of_verdict(0, verdict, peer, false),
            Setback::Unreached(status) => {
                if status.reply == Some(hosts::LOOP_REPLY) {
                    self.report_loop(b"554 5.0.0", &status.text);
                }
                words::of_unreached(status, self.report.relay.as_deref())
            }
        };
        self.report.host_failure = Some(outcome.status.clone());
        let all = self.recipients.iter();
        self.report
            .outcomes
            .extend(all.map(|&recipient| RecipientOutcome { recipient, ..outcome.clone() }));
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
            by: envelope.deliver_by.map(|by| remaining(by, envelope.created)),
            recipients: self
                .recipients
                .iter()
                .zip(users)
                .map(|(&at, user)| order(user, envelope.recipients.get(at)))
                .collect(),
        }
    }

    /// Takes over the verdicts.
    fn finish(&mut self, outcome: &Outcome, peer: &[u8], enhanced: bool) {
        self.report.body_refused = !outcome.return_body;
        self.report.host_failure.clone_from(&outcome.host);
        let replies = outcome.accepted.iter().chain(std::iter::repeat(&None));
        for ((&recipient, verdict), reply) in
            self.recipients.iter().zip(&outcome.recipients).zip(replies)
        {
            let mut told = words::of_verdict(recipient, verdict, peer, enhanced);
            if verdict.status.is_ok() {
                self.taken = known_hosts::first_line(verdict);
                // A report that it was relayed quotes the reply to `RCPT` (observed).
                told.diagnostic.clone_from(reply);
            }
            self.report.outcomes.push(told);
            if verdict.status.exit == Exit::PROTOCOL {
                let text = words::protocol_error(verdict, peer);
                let id = Some(self.context.queue_id);
                self.context.events.report(Event::text(id, Severity::Info, 1, text));
            }
        }
    }
}

/// What is left of the time a message may take.
fn remaining(by: envelope::DeliverBy, created: u64) -> DeliverBy {
    let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    DeliverBy {
        seconds: by.moment(created).saturating_sub(now),
        mode: if by.returns() { b'R' } else { b'N' },
        trace: by.traces(),
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

#[cfg(test)]
mod tests;
