//! One attempt to deliver a queued message: resolve, plan, deliver, record, report, requeue.

use std::cell::RefCell;
use std::sync::Arc;

use ruleset_vm::{Enhanced, Exit, Role, Status, Target};

use super::compat;
use super::intake::{bare, set_time_macros};
use super::names::Names;
use super::outgoing::Outgoing;
use super::post::Post;
use super::reports::{self, Told};
use super::settings::queue_timeouts;
use crate::address::expand::{self, ExpandOptions, Expansion};
use crate::address::worker::Worker;
use crate::config::mailer::Transport;
use crate::delivery::cache::ConnectionCache;
use crate::delivery::context::{Binding, DeliveryContext, DeliveryReport};
use crate::delivery::{self, hosts, plan, report};
use crate::events::{Event, Happening, Severity};
use crate::message::envelope::{ControllingUser, Envelope, Recipient, RecipientState};
use crate::message::mime;
use crate::queue::priority;
use crate::queue::scheduling::{TimeoutClass, Verdict};
use crate::queue::store::{Claimed, Kind, QueueStore as _};
use crate::sys::{clock, users};

/// How an attempt is made.
#[derive(Clone)]
pub struct Attempt {
    /// The shared part.
    pub post: Arc<Post>,
    /// The local user who submitted the message, if it was just submitted.
    pub sender_user: Option<ControllingUser>,
    /// Progress goes to standard output (`-v`).
    pub verbose: bool,
    /// The message has just come in; else it is read from the queue.
    pub first: bool,
    /// Where it is kept when it fails, instead of being sent back (QU-095).
    pub dead_letter: Option<super::dead_letter::DeadLetter>,
}

/// Makes the envelopes of list members whose list has an owner (AD-016..AD-018): the members leave
/// `envelope` and get one of their own, with the owner as sender.
#[must_use]
pub fn split_by_owner(
    post: &Post,
    envelope: &mut Envelope,
    expansion: &Expansion,
) -> Vec<Envelope> {
    let mut parts = Vec::new();
    let mut moved = vec![false; envelope.recipients.len()];
    for split in &expansion.splits {
        let mut part = Envelope { id: Some(post.new_id()), ..envelope.clone() };
        part.sender = split.owner.clone();
        part.flags.split = true;
        part.recipients = split
            .recipients
            .iter()
            .filter_map(|&index| envelope.recipients.get(index).cloned())
            .collect();
        for &index in &split.recipients {
            if let Some(place) = moved.get_mut(index) {
                *place = true;
            }
        }
        parts.push(part);
    }
    if !parts.is_empty() {
        envelope.flags.split = true;
        let mut moved = moved.into_iter();
        envelope.recipients.retain(|_| !moved.next().unwrap_or(false));
    }
    parts
}

impl Attempt {
    /// Delivers what can be delivered; the message is afterwards gone, requeued or reported. Returns
    /// the first exit status that is not OK.
    pub fn run(&self, worker: &mut Worker, claimed: Claimed) -> Exit {
        let mut claimed = claimed;
        let post = &self.post;
        let now = clock::now();
        load_macros(worker, post, &claimed.envelope, now);
        if !self.first {
            claimed.envelope.priority = priority::aged(claimed.envelope.priority, &post.factors());
            claimed.envelope.message = None;
            for recipient in &mut claimed.envelope.recipients {
                if is_deferred(&recipient.state) {
                    recipient.state = RecipientState::Pending;
                }
            }
        }
        let options = ExpandOptions::of_site(&post.site, &post.delivery.default_user);
        let id = claimed_id(&claimed);
        // What has just come in was expanded, and told of, when it was stored.
        let told_of = self.first && claimed.envelope.recipients.iter().any(|r| r.route.is_some());
        let mut notes = |note: expand::Note| {
            if !told_of {
                self.note(&id, &note);
            }
        };
        let mut envelope = std::mem::take(&mut claimed.envelope);
        let expansion = expand::expand(worker, &mut envelope, &options, &mut notes);
        let parts = split_by_owner(post, &mut envelope, &expansion);
        claimed.envelope = envelope;
        let mut split_off = Vec::new();
        for part in parts {
            match post.store.split(&claimed, part) {
                Ok(split) => split_off.push(split),
                Err(error) => self.log(&claimed, Severity::Alert, 1, &error.to_string()),
            }
        }
        let mut told = Told::of_waiting(claimed.envelope.message.clone());
        self.early_failures(&mut claimed, &mut told);
        if self.refuses_whole(&mut claimed, &mut told) {
            return self.conclude(worker, claimed, told, now);
        }
        self.deliver_groups(worker, &mut claimed, &mut told);
        let mut exit = self.conclude(worker, claimed, told, now);
        for split in split_off {
            let other = self.run(worker, split);
            if exit == Exit::OK {
                exit = other;
            }
        }
        exit
    }

    /// Reports what failed while the message came in, without trying to deliver the rest.
    pub fn report_early(&self, worker: &mut Worker, claimed: Claimed) -> Exit {
        let mut claimed = claimed;
        let failed = |r: &Recipient| matches!(r.state, RecipientState::Failed(_));
        if !claimed.envelope.recipients.iter().any(failed) {
            return Exit::OK;
        }
        let mut told = Told::of_waiting(claimed.envelope.message.clone());
        self.early_failures(&mut claimed, &mut told);
        let (tries, last_try) = (claimed.envelope.tries, claimed.envelope.last_try);
        self.conclude_with(worker, claimed, told, clock::now(), Some((tries, last_try)))
    }

    /// Recipients that failed while they were resolved.
    fn early_failures(&self, claimed: &mut Claimed, told: &mut Told) {
        for (index, recipient) in claimed.envelope.recipients.iter().enumerate() {
            let (RecipientState::Failed(status) | RecipientState::Deferred(status)) =
                &recipient.state
            else {
                continue;
            };
            told.note_status(index, recipient, self.mailer_of(recipient), status);
            // That an address waits is no news (observed).
            if !status.retry {
                self.log_status(claimed, recipient, status);
            }
        }
    }

    /// What waits for a queue run, address by address.
    pub fn log_queued(&self, claimed: &Claimed) {
        for recipient in &claimed.envelope.recipients {
            let status = match &recipient.state {
                RecipientState::Pending => None,
                RecipientState::Deferred(status) => Some(status),
                _ => continue,
            };
            let delivered = crate::events::Delivered {
                to: vec![recipient.address.clone()],
                delay: clock::now().saturating_sub(claimed.envelope.created),
                mailer: self.mailer_of(recipient).map(|mailer| mailer.name.clone()),
                priority: claimed.envelope.priority,
                dsn: status.and_then(|status| status.enhanced),
                stat: b"queued".to_vec(),
                ..crate::events::Delivered::default()
            };
            self.post.events.report(Event {
                id: Some(claimed_id(claimed)),
                severity: Severity::Info,
                level: 8,
                what: Happening::Delivered(Box::new(delivered)),
            });
        }
    }

    fn mailer_of(&self, recipient: &Recipient) -> Option<&crate::config::mailer::Mailer> {
        self.post.site.mailers.get(recipient.route.as_ref()?.mailer)
    }

    /// A failure that no mailer has seen; those of the error mailer were logged as user errors.
    fn log_status(&self, claimed: &Claimed, recipient: &Recipient, status: &Status) {
        let Some(mailer) = self.mailer_of(recipient) else { return };
        let delivered = crate::events::Delivered {
            to: vec![recipient.address.clone()],
            delay: clock::now().saturating_sub(claimed.envelope.created),
            mailer: Some(mailer.name.clone()),
            priority: if self.first { 0 } else { claimed.envelope.priority },
            dsn: status.enhanced,
            reply: reports::reply_text(status),
            stat: delivery::outcome::stat_text(status),
            ..crate::events::Delivered::default()
        };
        let id = claimed_id(claimed);
        self.post.events.report(Event::delivered(&id, delivered, status));
    }

    /// Fails all recipients of a message that nobody gets.
    fn refuses_whole(&self, claimed: &mut Claimed, told: &mut Told) -> bool {
        let envelope = &claimed.envelope;
        let Some((status, line)) =
            self.too_many_hops(envelope).or_else(|| self.eight_bit_refused(envelope))
        else {
            return false;
        };
        let before = told.transcript.len();
        for (index, recipient) in claimed.envelope.recipients.iter_mut().enumerate() {
            if is_open(&recipient.state) {
                recipient.state = RecipientState::Failed(status.clone());
                let mailer = recipient.route.as_ref().map(|route| route.mailer);
                let mailer = mailer.and_then(|index| self.post.site.mailers.get(index));
                told.note_status(index, recipient, mailer, &status);
            }
        }
        // One line for all of them.
        told.transcript.truncate(before);
        told.transcript.push(line);
        true
    }

    fn too_many_hops(&self, envelope: &Envelope) -> Option<(Status, Vec<u8>)> {
        let limit = self.post.site.configuration.options.number("MaxHopCount", 25);
        let trace = |name: &[u8]| crate::message::field_kind::kind_of(name).trace;
        let hops = envelope.header.iter().filter(|f| trace(&f.name)).count().max(envelope.hops);
        if i64::try_from(hops).unwrap_or(i64::MAX) <= limit {
            return None;
        }
        let code = Enhanced::new(5, 4, 6);
        let status = Status::from_reply(Exit::UNAVAILABLE, 554, code, "Too many hops");
        let first = envelope.recipients.first().map(|r| r.address.clone());
        let line = [
            format!("554 5.4.6 Too many hops {hops} ({limit} max): from ").as_bytes(),
            &envelope.sender,
            b" via localhost, to ",
            &first.unwrap_or_default(),
        ]
        .concat();
        Some((status, line))
    }

    /// EightBitMode `s`: data above 127 that nothing labels (AD-085). What comes by SMTP was refused there.
    fn eight_bit_refused(&self, envelope: &Envelope) -> Option<(Status, Vec<u8>)> {
        let refused = self.first && mime::is_refused(envelope, &self.post.site.configuration);
        let text = "Eight bit data not allowed";
        let code = Some(Enhanced::new(5, 0, 0));
        let status = Status { enhanced: code, ..Status::from_exit(Exit::DATAERR, text) };
        refused.then(|| (status, b"554 5.6.1 Eight bit data not allowed".to_vec()))
    }

    fn deliver_groups(&self, worker: &mut Worker, claimed: &mut Claimed, told: &mut Told) {
        let post = &self.post;
        let cache = RefCell::new(connection_cache(post));
        let groups = {
            let cell = RefCell::new(&mut *worker);
            let names = Names { worker: &cell };
            let signature = |mailer: &crate::config::mailer::Mailer, host: &[u8]| {
                hosts::signature(host, !mailer.flags.has(b'0'), &names)
            };
            plan::plan(&claimed.envelope.recipients, &post.site.mailers, &signature)
        };
        let count = groups.len();
        let account = sender_account(worker, &claimed.envelope)
            .unwrap_or_else(|| self.submitter(&claimed.envelope));
        for (number, mut group) in groups.into_iter().enumerate() {
            let began = clock::now();
            let refused = compat::check(worker, &mut claimed.envelope, &mut group, &post.site);
            if let Some((refused, them)) = &refused {
                self.settle_group(claimed, told, refused, them, (began, None));
            }
            if group.recipients.is_empty() {
                continue;
            }
            let report = self.deliver_group(worker, claimed, &group, &cache);
            self.settle_group(claimed, told, &report, &group, (began, account.as_ref()));
            if number + 1 < count
                && let Err(error) = post.store.update(claimed)
            {
                self.log(claimed, Severity::Critical, 1, &error.to_string());
            }
        }
        cache.borrow_mut().close_all(&|line| self.show(line));
    }

    /// Who has just submitted the message on a command line.
    fn submitter(&self, envelope: &Envelope) -> Option<ControllingUser> {
        let by_protocol =
            envelope.macros.iter().any(|(name, value)| name == b"r" && !value.is_empty());
        if !self.first || by_protocol {
            return None;
        }
        Post::account(users::real_uid())
    }

    /// Logs and records what a delivery has come to.
    fn settle_group(
        &self,
        claimed: &mut Claimed,
        told: &mut Told,
        report: &DeliveryReport,
        group: &plan::DeliveryGroup,
        (began, account): (u64, Option<&ControllingUser>),
    ) {
        let mailer = &self.post.site.mailers[group.mailer];
        let id = claimed_id(claimed);
        let occasion = report::Occasion {
            id: &id,
            envelope: &claimed.envelope,
            mailer,
            sender: account,
            delay: clock::now().saturating_sub(claimed.envelope.created),
            transaction_delay: clock::now().saturating_sub(began),
        };
        for event in report::events(report, group, &occasion) {
            self.post.events.report(event);
        }
        // One transaction serves many recipients of a mailer with flag m.
        let sent = report.outcomes.iter().filter(|outcome| outcome.status.is_ok()).count() as u64;
        let times = match mailer.transport() {
            // whatever becomes of it (observed)
            Transport::File => group.recipients.len() as u64,
            _ if mailer.flags.has(b'm') => sent.min(1),
            _ => sent,
        };
        // a message from the queue is as long as its body
        let size = match claimed.envelope.size {
            0 => body_size(claimed),
            size => size,
        };
        self.post.counting.count(|counts| counts.delivered(group.mailer, times, size));
        told.note_report(&claimed.envelope, mailer, report);
        record(&mut claimed.envelope, report);
    }

    fn deliver_group(
        &self,
        worker: &mut Worker,
        claimed: &Claimed,
        group: &plan::DeliveryGroup,
        cache: &RefCell<ConnectionCache>,
    ) -> DeliveryReport {
        let post = &self.post;
        let envelope = &claimed.envelope;
        let mailer = &post.site.mailers[group.mailer];
        let null = envelope.is_from_nobody();
        let name = if null { worker.macros.value(b"n") } else { bare(&envelope.sender).to_vec() };
        let role = Role { header: false, sender: true };
        let (relative, _) = worker.remote_name(&name, group.mailer, role, None);
        worker.macros.set(b"g", &relative);
        worker.macros.set(b"h", &group.host);
        let users: Vec<&[u8]> = group
            .recipients
            .iter()
            .filter_map(|&index| envelope.recipients.get(index)?.route.as_ref())
            .map(|route| route.user.as_slice())
            .collect();
        match users.as_slice() {
            [one] => worker.macros.set(b"u", one),
            _ => worker.macros.clear(b"u"),
        }
        let over_smtp = !matches!(mailer.transport(), Transport::Program | Transport::File);
        let sender =
            if null && over_smtp && !mailer.flags.has(b'g') { Vec::new() } else { relative };
        let macros = worker.macros.clone();
        let expand = move |template: &[u8], binding: &Binding<'_>| {
            let mut macros = macros.clone();
            macros.set(b"h", binding.host);
            macros.set(b"u", binding.user);
            macros.set(b"g", binding.sender);
            let (text, _) = cf_parser::parse_text(template);
            macros.expand_bytes(&text)
        };
        let sender_domain = sender_domain(worker, envelope);
        let site = post.site.clone();
        let is_own_name = |name: &[u8]| site.configuration.classes.has(b"w", name);
        let verbose = |line: &[u8]| self.show(line);
        let cell = RefCell::new(worker);
        let names = Names { worker: &cell };
        let message = Outgoing {
            worker: &cell,
            envelope,
            body_size: body_size(claimed),
            body: claimed.body.clone(),
            sender_domain,
        };
        let id = claimed_id(claimed);
        let context = DeliveryContext {
            queue_id: &id,
            envelope,
            mailers: &post.site.mailers,
            settings: &post.delivery,
            expand: &expand,
            sender: &sender,
            explicit_sender: self.sender_user.is_none() || null,
            sender_user: self.sender_user.as_ref(),
            resolver: &names,
            is_own_name: &is_own_name,
            connections: Some(cache),
            events: &*post.events,
            connected: &|| post.counting.count(|counts| counts.connections.to += 1),
            verbose: &verbose,
        };
        delivery::deliver(group, &message, &context)
    }

    /// Reports what failed, then removes the message or writes it back.
    fn conclude(&self, worker: &mut Worker, claimed: Claimed, told: Told, now: u64) -> Exit {
        self.conclude_with(worker, claimed, told, now, None)
    }

    /// `untried`: number of attempts and time of the last one, when this was none.
    fn conclude_with(
        &self,
        worker: &mut Worker,
        claimed: Claimed,
        told: Told,
        now: u64,
        untried: Option<(u32, u64)>,
    ) -> Exit {
        let mut claimed = claimed;
        let mut told = told;
        let post = &self.post;
        let exit = told.exit();
        claimed.envelope.tries += 1;
        claimed.envelope.last_try = now;
        if let Some((tries, last_try)) = untried {
            claimed.envelope.tries = tries;
            claimed.envelope.last_try = last_try;
        }
        let waiting =
            claimed.envelope.recipients.iter().any(|r| is_open(&r.state) || is_deferred(&r.state));
        if waiting && untried.is_none() {
            self.consider_age(&mut claimed, &mut told, now);
        }
        let reported = reports::send(self, worker, &claimed, &told);
        if !reported {
            // Nobody can be told: the message is set aside, never dropped (QU-093).
            self.log(&claimed, Severity::Alert, 0, "Losing: savemail panic");
            if let Err(error) = post.store.set_kind(claimed, Kind::Lost) {
                post.log(None, Severity::Alert, 0, error.to_string());
            }
            return exit;
        }
        let waiting =
            claimed.envelope.recipients.iter().any(|r| is_open(&r.state) || is_deferred(&r.state));
        let id = claimed.envelope.id.clone();
        let (delay, tries) = (now.saturating_sub(claimed.envelope.created), claimed.envelope.tries);
        let outcome = if waiting {
            claimed.envelope.message = told.queue_message.clone();
            post.store.update(&mut claimed)
        } else {
            post.events.report(Event {
                id: id.as_ref().map(|id| id.0.clone()),
                severity: Severity::Info,
                level: 10,
                what: Happening::Done { delay, tries },
            });
            post.store.finish(claimed)
        };
        if let Err(error) = outcome {
            post.log(id.as_ref(), Severity::Critical, 1, error.to_string());
        }
        exit
    }

    /// Gives up or warns when the message has waited too long (QU-082, QU-083).
    fn consider_age(&self, claimed: &mut Claimed, told: &mut Told, now: u64) {
        let limits = queue_timeouts(&self.post.site);
        let class = TimeoutClass::of(&claimed.envelope);
        let age = now.saturating_sub(claimed.envelope.created);
        let warned = claimed.envelope.flags.warning_sent;
        match limits.verdict(class, age, warned) {
            Verdict::Keep => {}
            Verdict::Warn => {
                claimed.envelope.flags.warning_sent = true;
                let after = limits.warn.get(class as usize).copied().unwrap_or(0);
                told.warn = Some((after, limits.give_up_after(class)));
            }
            Verdict::GiveUp => {
                told.give_up = Some(limits.give_up_after(class));
                for recipient in &mut claimed.envelope.recipients {
                    if is_open(&recipient.state) || is_deferred(&recipient.state) {
                        let code = Enhanced::new(4, 4, 7);
                        let text = "Message could not be delivered";
                        recipient.state = RecipientState::Failed(Status::from_reply(
                            Exit::UNAVAILABLE,
                            554,
                            code,
                            text,
                        ));
                    }
                }
            }
        }
    }

    fn note(&self, id: &[u8], note: &expand::Note) {
        if let Some(line) = note.verbose() {
            self.show(&line);
        }
        if let Some(event) = note.event(id) {
            self.post.events.report(event);
        }
    }

    fn log(&self, claimed: &Claimed, severity: Severity, level: u8, text: &str) {
        self.post.log(claimed.envelope.id.as_ref(), severity, level, text);
    }

    fn show(&self, line: &[u8]) {
        if self.verbose {
            crate::sys::terminal::print(&[line, b"\n"].concat());
        }
    }
}

/// `ConnectionCacheSize` and `ConnectionCacheTimeout` (OPT-036, OPT-037).
fn connection_cache(post: &Post) -> ConnectionCache {
    let options = &post.site.configuration.options;
    let size = usize::try_from(options.number("ConnectionCacheSize", 1)).unwrap_or(0);
    let idle = options
        .bytes("ConnectionCacheTimeout")
        .map_or(300, |value| super::settings::seconds(&value, b'm'));
    ConnectionCache::new(size, std::time::Duration::from_secs(idle))
}

fn body_size(claimed: &Claimed) -> u64 {
    let facts = claimed.body.as_ref().and_then(|path| crate::sys::durable::facts(path).ok());
    facts.map_or(0, |facts| facts.size)
}

fn claimed_id(claimed: &Claimed) -> Vec<u8> {
    claimed.place.id.0.clone()
}

/// The macros of a message that is taken up.
fn load_macros(worker: &mut Worker, post: &Post, envelope: &Envelope, now: u64) {
    worker.reset();
    for (name, value) in &envelope.macros {
        if let Some(name) = cf_parser::names::parse_name(name).name {
            worker.macros.set(name.as_bytes(), value);
        }
    }
    if let Some(id) = &envelope.id {
        set_time_macros(worker, post, now, id);
    }
    let sender = if envelope.is_from_nobody() {
        worker.macros.value(b"n")
    } else {
        worker.canonical_sender(bare(&envelope.sender))
    };
    worker.macros.set(b"f", &sender);
    worker.macros.set(b"ntries", envelope.tries.to_string().as_bytes());
}

/// The account of a sender, the controlling user of its recipients (LG-008); nothing at all if the
/// sender is not local.
fn sender_account(worker: &mut Worker, envelope: &Envelope) -> Option<Option<ControllingUser>> {
    if envelope.is_from_nobody() {
        return Some(None);
    }
    let role = Role { header: false, sender: true };
    let parsed = worker.parse(bare(&envelope.sender), role)?;
    let Target::Mailer(index) = parsed.triple.mailer else { return None };
    if worker.site.mailers.get(index)?.name != b"local" {
        return None;
    }
    let account = users::by_name(&parsed.triple.user).ok().flatten();
    Some(account.map(|a| ControllingUser { user: a.name, uid: a.uid, gid: a.gid }))
}

/// The mailer of the sender.
pub(super) fn sender_mailer(worker: &mut Worker, envelope: &Envelope) -> Option<usize> {
    if envelope.is_from_nobody() {
        return None;
    }
    let role = Role { header: false, sender: true };
    // Its host must not take the place of the recipient's.
    let host = worker.macros.value(b"h");
    let parsed = worker.parse(bare(&envelope.sender), role);
    worker.macros.set(b"h", &host);
    match parsed?.triple.mailer {
        Target::Mailer(index) => Some(index),
        Target::Error(_) => None,
    }
}

/// `@domain` of the sender if its mailer wants it appended (flag `C`, RS-085).
fn sender_domain(worker: &mut Worker, envelope: &Envelope) -> Option<Vec<u8>> {
    let index = sender_mailer(worker, envelope)?;
    if !worker.site.mailers.get(index)?.flags.has(b'C') {
        return None;
    }
    let canonical = worker.canonical_sender(bare(&envelope.sender));
    let at = canonical.iter().rposition(|byte| *byte == b'@')?;
    Some(canonical[at..].to_vec())
}

/// Writes the outcomes of a delivery into the envelope.
fn record(envelope: &mut Envelope, report: &DeliveryReport) {
    for outcome in &report.outcomes {
        let Some(recipient) = envelope.recipients.get_mut(outcome.recipient) else { continue };
        let mut status = outcome.status.clone();
        recipient.state = if status.is_ok() {
            RecipientState::Sent(status)
        } else if status.retry {
            status.text.clone_from(&outcome.queue_text);
            RecipientState::Deferred(status)
        } else {
            RecipientState::Failed(status)
        };
    }
}

fn is_open(state: &RecipientState) -> bool {
    matches!(state, RecipientState::Pending)
}

fn is_deferred(state: &RecipientState) -> bool {
    matches!(state, RecipientState::Deferred(_))
}
