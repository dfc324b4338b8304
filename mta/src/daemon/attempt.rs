//! One attempt to deliver a queued message: resolve, plan, deliver, record, report, requeue.

mod conclusion;
mod groups;
mod mail_hosts;
mod refusal;
mod resolving;

use std::cell::RefCell;
use std::sync::Arc;

use ruleset_vm::validity::label;
use ruleset_vm::{Enhanced, Exit};

pub(super) use groups::{close_connections, connections};
pub(super) use resolving::split_by_owner;

use super::connection::define_own_end;
use super::intake::set_time_macros;
use super::post::Post;
use super::reports::{Addressed, Told};
use super::telling::Said;
use crate::address::sender;
use crate::address::verify::is_unavailable;
use crate::address::worker::Worker;
use crate::config::mailer::Mailer;
use crate::delivery::cache::ConnectionCache;
use crate::events::{Delivered, Event, Happening, Severity};
use crate::message::envelope::{
    ControllingUser, ERROR_MAILER, Envelope, Recipient, RecipientState,
};
use crate::queue::priority;
use crate::queue::store::Claimed;
use crate::sys::{clock, terminal};

/// How an attempt is made.
#[derive(Clone)]
pub struct Attempt<'c> {
    /// The shared part.
    pub post: Arc<Post>,
    /// Open connections, for what follows too.
    pub(super) connections: &'c RefCell<ConnectionCache>,
    /// The local user who submitted the message, if it was just submitted.
    pub sender_user: Option<ControllingUser>,
    /// Somebody has named the sender: mailers are told (flags `f` and `r`), of reports as well. Not so where a user
    /// submits a message as himself (ML-101, ML-147).
    pub explicit_sender: bool,
    /// Progress goes to standard output (`-v`).
    pub verbose: bool,
    /// The message has just come in; else it is read from the queue.
    pub first: bool,
    /// Failures go to standard output: a queue run that somebody watches.
    pub complains: bool,
    /// What was said while it came in.
    pub(super) said: Said,
    /// Where it is kept when it fails, instead of being sent back (QU-095).
    pub dead_letter: Option<super::dead_letter::DeadLetter>,
}

impl Attempt<'_> {
    /// Delivers what can be delivered; the message is afterwards gone, requeued or reported. Returns
    /// the first exit status that is not OK.
    pub fn run(&self, worker: &mut Worker, claimed: Claimed) -> Exit {
        let mut claimed = claimed;
        let now = clock::now();
        self.load_macros(worker, &mut claimed.envelope, now);
        if !self.first {
            claimed.envelope.priority =
                priority::aged(claimed.envelope.priority, &self.post.factors());
            claimed.envelope.message = None;
            claimed.envelope.size = claimed.size();
            for recipient in &mut claimed.envelope.recipients {
                if is_deferred(&recipient.state) {
                    recipient.state = RecipientState::Pending;
                }
            }
        }
        let resolved = self.resolve(worker, &mut claimed);
        self.deliver_parts(worker, claimed, resolved, now)
    }

    /// Delivers a report that has just been stored, to those it was addressed to.
    pub(super) fn run_report(
        &self,
        worker: &mut Worker,
        claimed: Claimed,
        addressed: &Addressed,
    ) -> Exit {
        let mut claimed = claimed;
        let now = clock::now();
        self.load_macros(worker, &mut claimed.envelope, now);
        let resolved = self.adopt(worker, &mut claimed, addressed);
        self.deliver_parts(worker, claimed, resolved, now)
    }

    /// Delivers a message and what was split off from it.
    fn deliver_parts(
        &self,
        worker: &mut Worker,
        claimed: Claimed,
        (split_off, said): (Vec<Claimed>, Said),
        now: u64,
    ) -> Exit {
        let mut exit = self.deliver(worker, claimed, &said, now);
        for split in split_off {
            let mut split = split;
            self.load_macros(worker, &mut split.envelope, now);
            let other = self.deliver(worker, split, &said, now);
            if exit == Exit::OK {
                exit = other;
            }
        }
        exit
    }

    /// The macros of a message that is taken up; those about the last connection are of an earlier one (observed).
    fn load_macros(&self, worker: &mut Worker, envelope: &mut Envelope, now: u64) {
        load_macros(worker, &self.post, envelope, now);
        if let Some((own, name)) = &self.connections.borrow().own_end {
            define_own_end(*own, name, b"_out", &mut |name, value| worker.macros.set(name, value));
        }
    }

    /// Delivers a message whose recipients are resolved.
    fn deliver(&self, worker: &mut Worker, claimed: Claimed, said: &Said, now: u64) -> Exit {
        let mut claimed = claimed;
        let mut told = Told::new(claimed.envelope.message.clone(), said);
        self.early_failures(&claimed, &mut told);
        let recipients = &claimed.envelope.recipients;
        // Of those that wait is told when nobody else gets the message (observed).
        if self.first && !recipients.iter().any(|r| is_open(&r.state)) {
            self.tell_queued(&claimed, true);
        }
        if !self.refuses_whole(&mut claimed, &mut told) {
            self.deliver_groups(worker, &mut claimed, &mut told);
        }
        self.conclude(worker, claimed, told, now)
    }

    /// Reports what failed while the message came in, without trying to deliver the rest.
    pub fn report_early(&self, worker: &mut Worker, claimed: Claimed) -> Exit {
        let recipients = &claimed.envelope.recipients;
        let failed = |r: &Recipient| matches!(r.state, RecipientState::Failed(_));
        let waits = !recipients.iter().any(failed) && recipients.iter().any(|r| r.state.waits());
        let mut told = Told::new(claimed.envelope.message.clone(), &self.said);
        self.early_failures(&claimed, &mut told);
        if waits {
            return told.exit();
        }
        let (tries, last_try) = (claimed.envelope.tries, claimed.envelope.last_try);
        self.conclude_with(worker, claimed, told, clock::now(), Some((tries, last_try)))
    }

    /// Keeps a message in quarantine: who would get it is told, and what failed while it came in is reported.
    pub fn hold(&self, worker: &mut Worker, claimed: Claimed, how: Hold) -> Exit {
        let mut claimed = claimed;
        if how.told {
            for recipient in claimed.envelope.recipients.iter().filter(|r| r.state.waits()) {
                self.tell_waiting(&claimed, recipient, b"quarantined", true);
            }
            claimed.envelope.flags.split = true;
        }
        let mut told = Told::new(claimed.envelope.message.clone(), &self.said);
        self.early_failures(&claimed, &mut told);
        let now = clock::now();
        let last_try = if how.tried { now } else { claimed.envelope.last_try };
        let untried = Some((claimed.envelope.tries, last_try));
        self.conclude_with(worker, claimed, told, now, untried)
    }

    /// Says what waits for a queue run, address by address.
    pub fn tell_queued(&self, claimed: &Claimed, logs: bool) {
        for recipient in claimed.envelope.recipients.iter().filter(|r| r.state.waits()) {
            self.tell_waiting(claimed, recipient, b"queued", logs);
        }
    }

    fn tell_waiting(&self, claimed: &Claimed, recipient: &Recipient, stat: &[u8], logs: bool) {
        self.show(&[&label(&recipient.address)[..], b"... ", stat].concat());
        if logs {
            self.log_waiting(claimed, recipient, stat);
        }
    }

    fn log_waiting(&self, claimed: &Claimed, recipient: &Recipient, stat: &[u8]) {
        let error = recipient.route.as_ref().filter(|route| route.is_error());
        let status = match (&recipient.state, error) {
            // Only a code that `$@` gives is shown.
            (_, Some(route)) => Enhanced::parse_prefix(&route.host).map(|(code, _)| code),
            // that aliases cannot be looked up has no code here (observed)
            (RecipientState::Deferred(status), None) => {
                status.enhanced.filter(|_| !is_unavailable(status))
            }
            _ => None,
        };
        let mailer = match error {
            Some(_) => Some(ERROR_MAILER.to_vec()),
            None => self.mailer_of(recipient).map(|mailer| mailer.name.clone()),
        };
        let delivered = Delivered {
            to: vec![recipient.address.clone()],
            delay: clock::now().saturating_sub(claimed.envelope.created),
            mailer,
            priority: claimed.envelope.priority,
            dsn: status,
            quarantine: claimed.envelope.quarantine.clone(),
            stat: stat.to_vec(),
            ..Delivered::default()
        };
        self.post.events.report(Event {
            id: Some(claimed_id(claimed)),
            severity: Severity::Info,
            level: 8,
            what: Happening::Delivered(Box::new(delivered)),
        });
    }

    fn mailer_of(&self, recipient: &Recipient) -> Option<&Mailer> {
        self.post.site.mailers.get(recipient.route.as_ref()?.mailer)
    }

    fn log(&self, claimed: &Claimed, severity: Severity, level: i16, text: &str) {
        self.post.log(claimed.envelope.id.as_ref(), severity, level, text);
    }

    fn show(&self, line: &[u8]) {
        if self.verbose {
            print(line);
        }
    }

    fn complain(&self, line: &[u8]) {
        if self.complains {
            print(line);
        }
    }
}

fn print(line: &[u8]) {
    terminal::print(&[line, b"\n"].concat());
}

fn claimed_id(claimed: &Claimed) -> Vec<u8> {
    claimed.place.id.0.clone()
}

/// How a message goes into quarantine: one that would only be queued is not looked at (observed).
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Who would have got it is told, and it counts as split.
    pub told: bool,
    /// It counts as tried.
    pub tried: bool,
}

/// The macros of a message that is taken up.
fn load_macros(worker: &mut Worker, post: &Post, envelope: &mut Envelope, now: u64) {
    worker.reset();
    // what was left for a queue run is delivered now, and maps with `-D` are asked (observed)
    if matches!(worker.macros.value(b"deliveryMode").first(), Some(b'd' | b'q')) {
        worker.macros.set(b"deliveryMode", b"i");
    }
    for (name, value) in &envelope.macros {
        if let Some(name) = cf_parser::names::parse_name(name).name {
            worker.macros.set(name.as_bytes(), value);
        }
    }
    if let Some(id) = &envelope.id {
        set_time_macros(worker, post, now, id);
    }
    let resolved = match envelope.resolved_sender.take() {
        Some(resolved) => resolved,
        None => sender::resolve(worker, sender::named(envelope)),
    };
    let own = envelope.flags.response.then(|| worker.macros.value(b"n"));
    worker.macros.set(b"f", own.as_ref().unwrap_or(&resolved.canonical));
    envelope.resolved_sender = Some(resolved);
    worker.macros.set(b"ntries", envelope.tries.to_string().as_bytes());
}

fn is_open(state: &RecipientState) -> bool {
    matches!(state, RecipientState::Pending)
}

fn is_deferred(state: &RecipientState) -> bool {
    matches!(state, RecipientState::Deferred(_))
}
