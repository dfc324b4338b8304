//! Delivering the groups of recipients that share mailer and host, one after the other.

use std::cell::RefCell;
use std::net::IpAddr;

use ruleset_vm::Role;

use super::mail_hosts::Shown;
use super::{Attempt, claimed_id};
use crate::address::sender;
use crate::address::worker::Worker;
use crate::config::mailer::{Mailer, Transport};
use crate::config::site::Site;
use crate::daemon::compat;
use crate::daemon::names::Names;
use crate::daemon::outgoing::Outgoing;
use crate::daemon::post::Post;
use crate::daemon::reports::Told;
use crate::daemon::settings;
use crate::delivery::cache::ConnectionCache;
use crate::delivery::context::{Binding, DeliveryContext, DeliveryReport};
use crate::delivery::host_status::HostStatuses;
use crate::delivery::{self, hosts, plan, report};
use crate::events::{Event, Severity};
use crate::message::envelope::{ControllingUser, Envelope, RecipientState};
use crate::queue::store::{Claimed, QueueStore as _};
use crate::sys::{clock, durable, users};

impl Attempt<'_> {
    pub(super) fn deliver_groups(
        &self,
        worker: &mut Worker,
        claimed: &mut Claimed,
        told: &mut Told,
    ) {
        let post = &self.post;
        let groups = {
            let cell = RefCell::new(&mut *worker);
            let names = Shown { names: Names { worker: &cell }, connections: self.connections };
            let signature = |mailer: &Mailer, host: &[u8]| {
                hosts::signature(host, !mailer.flags.has(b'0'), &names)
            };
            plan::plan(&claimed.envelope.recipients, &post.site.mailers, &signature)
        };
        let count = groups.len();
        let account = sender_account(&post.site, &claimed.envelope)
            .unwrap_or_else(|| self.submitter(&claimed.envelope));
        for (number, mut group) in groups.into_iter().enumerate() {
            let began = clock::now();
            let id = claimed_id(claimed);
            let audience = compat::Audience {
                watcher: &|line| self.show(line),
                runner: &|line| self.complain(line),
                events: &*post.events,
                id: &id,
            };
            let (envelope, site) = (&mut claimed.envelope, &post.site);
            let refused = compat::check(worker, envelope, &mut group, site, &audience);
            if let Some((refused, them)) = &refused {
                self.settle_group(claimed, told, refused, them, (began, None));
            }
            if group.recipients.is_empty() {
                continue;
            }
            let report = self.deliver_group(worker, claimed, &group, account.as_ref());
            self.settle_group(claimed, told, &report, &group, (began, account.as_ref()));
            if number + 1 < count
                && let Err(error) = post.store.update(claimed)
            {
                self.log(claimed, Severity::Critical, 1, &error.to_string());
            }
        }
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
        self.count(claimed, report, group);
        told.note_report(&claimed.envelope, mailer, report, group);
        record(&mut claimed.envelope, report);
    }

    /// Counts deliveries for the statistics file (LG-048).
    fn count(&self, claimed: &Claimed, report: &DeliveryReport, group: &plan::DeliveryGroup) {
        let mailer = &self.post.site.mailers[group.mailer];
        let sent = report.outcomes.iter().filter(|outcome| outcome.status.is_ok()).count() as u64;
        let times = match mailer.transport() {
            // whatever becomes of it (observed)
            Transport::File => group.recipients.len() as u64,
            // one transaction serves many recipients
            _ if mailer.flags.has(b'm') => sent.min(1),
            _ => sent,
        };
        // a message from the queue is as long as its body
        let size = match claimed.envelope.size {
            0 => body_size(claimed),
            size => size,
        };
        self.post.counting.count(|counts| counts.delivered(group.mailer, times, size));
    }

    fn deliver_group(
        &self,
        worker: &mut Worker,
        claimed: &Claimed,
        group: &plan::DeliveryGroup,
        account: Option<&ControllingUser>,
    ) -> DeliveryReport {
        let post = &self.post;
        let envelope = &claimed.envelope;
        let mailer = &post.site.mailers[group.mailer];
        let name = sender::named(envelope).to_vec();
        let role = Role { header: false, sender: true };
        // no display text: an address alone (observed)
        let relative = worker.remote_name_bare(&name, group.mailer, role, None);
        let relative = relative.map_or_else(|| name.clone(), |(text, _)| text);
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
        let is_hidden = envelope.flags.response && over_smtp && !mailer.flags.has(b'g');
        let sender = if is_hidden { Vec::new() } else { relative };
        let macros = worker.macros.clone();
        let expand = move |template: &[u8], binding: &Binding<'_>| {
            let mut macros = macros.clone();
            macros.set(b"h", binding.host);
            macros.set(b"u", binding.user);
            macros.set(b"g", binding.sender);
            let (text, _) = cf_parser::parse_text(template);
            macros.expand_bytes(&text)
        };
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
        };
        let id = claimed_id(claimed);
        let context = DeliveryContext {
            queue_id: &id,
            envelope,
            mailers: &post.site.mailers,
            settings: &post.delivery,
            expand: &expand,
            sender: &sender,
            explicit_sender: self.explicit_sender,
            sender_user: self.sender_user.as_ref().filter(|user| user.uid != 0).or(account),
            resolver: &names,
            is_own_name: &is_own_name,
            connections: Some(self.connections),
            events: &*post.events,
            connected: &|own| {
                post.counting.count(|counts| counts.connections.to += 1);
                self.note_own_end(&id, &names, own);
            },
            verbose: &verbose,
            complain: &|line| self.complain(line),
        };
        delivery::deliver(group, &message, &context)
    }

    /// Looks up the own end of a new connection, for the log and for later messages.
    fn note_own_end(&self, id: &[u8], names: &Names<'_, '_>, own: Option<IpAddr>) {
        const LEVEL: i16 = 11;
        let Some(own) = own.map(|own| own.to_canonical()) else { return };
        let known = self.connections.borrow().own_end.clone();
        let (own, mut name) = known
            .filter(|(address, _)| *address == own)
            .unwrap_or_else(|| (own, names.of_address(own)));
        self.connections.borrow_mut().own_end = Some((own, name.clone()));
        name.truncate(40);
        let text = [b"SMTP outgoing connect on ", &name[..]].concat();
        self.post.events.report(Event::text(Some(id), Severity::Info, LEVEL, text));
    }
}

fn body_size(claimed: &Claimed) -> u64 {
    let facts = claimed.body.as_ref().and_then(|path| durable::facts(path).ok());
    facts.map_or(0, |facts| facts.size)
}

/// Closes the connections that are left at the end of a run or a submission.
pub(in crate::daemon) fn close_connections(cache: &RefCell<ConnectionCache>, verbose: bool) {
    cache.borrow_mut().close_all(&|line| {
        if verbose {
            super::print(line);
        }
    });
}

/// An empty cache: `ConnectionCacheSize` and `ConnectionCacheTimeout` (OPT-036, OPT-037).
pub(in crate::daemon) fn connections(post: &Post) -> RefCell<ConnectionCache> {
    let options = &post.site.configuration.options;
    let size = usize::try_from(options.number("ConnectionCacheSize", 1)).unwrap_or(0);
    let idle = options
        .bytes("ConnectionCacheTimeout")
        .map_or(300, |value| settings::seconds(&value, b'm'));
    let statuses = HostStatuses::new(
        settings::host_status_directory(&post.site),
        settings::host_status_validity(&post.site),
    )
    .one_at_a_time(options.flag("SingleThreadDelivery", false));
    let cache = ConnectionCache::new(size, std::time::Duration::from_secs(idle));
    RefCell::new(cache.with_statuses(statuses))
}

/// The account of a sender, the controlling user of its recipients (LG-008); nothing at all if the
/// sender's mailer has no users (flag `w`).
fn sender_account(site: &Site, envelope: &Envelope) -> Option<Option<ControllingUser>> {
    if envelope.flags.response {
        return Some(None);
    }
    let route = envelope.resolved_sender.as_ref()?.route.as_ref()?;
    if !site.mailers.get(route.mailer)?.flags.has(b'w') {
        return None;
    }
    let account = users::by_name(&route.user).ok().flatten();
    Some(account.map(|a| ControllingUser { user: a.name, uid: a.uid, gid: a.gid }))
}

/// Writes the outcomes of a delivery into the envelope.
fn record(envelope: &mut Envelope, report: &DeliveryReport) {
    for outcome in &report.outcomes {
        let Some(recipient) = envelope.recipients.get_mut(outcome.recipient) else { continue };
        let mut status = outcome.status.clone();
        recipient.state = if status.is_ok() {
            RecipientState::Sent(status)
        } else if status.retry {
            status.text = if outcome.own_reply { outcome.queue_text.clone() } else { Vec::new() };
            RecipientState::Deferred(status)
        } else {
            RecipientState::Failed(status)
        };
    }
}
