//! The ruleset check_compat: whether a sender and a recipient suit each other, asked before each
//! delivery (RS-115).

use cf_parser::debug::Category;
use ruleset_vm::validity::label;
use ruleset_vm::{Exit, Status, split_codes};

use super::hook_log;
use crate::address::worker::{Verdict, Worker};
use crate::config::mailer::{Mailer, Transport};
use crate::config::site::Site;
use crate::delivery::context::DeliveryReport;
use crate::delivery::outcome;
use crate::delivery::plan::DeliveryGroup;
use crate::events::{Event, EventSink, Severity};
use crate::message::envelope::{Envelope, RecipientState};
use crate::protocol::smtp::server::Reply;

/// Who is told what the ruleset says.
pub(super) struct Audience<'a> {
    /// Whoever watches the delivery.
    pub(super) watcher: &'a dyn Fn(&[u8]),
    /// Whoever runs the queue.
    pub(super) runner: &'a dyn Fn(&[u8]),
    /// The log.
    pub(super) events: &'a dyn EventSink,
    /// The queue id.
    pub(super) id: &'a [u8],
}

/// Takes the recipients out of the group that the ruleset is against. Those it discards count as
/// sent; of those it refuses, for now or for good, there is a report, with a group of their own.
pub(super) fn check(
    worker: &mut Worker,
    envelope: &mut Envelope,
    group: &mut DeliveryGroup,
    site: &Site,
    audience: &Audience<'_>,
) -> Option<(DeliveryReport, DeliveryGroup)> {
    if !worker.has_ruleset("check_compat") && !site.levels.on(Category::Hooks) {
        return None;
    }
    let mailer = site.mailers.get(group.mailer)?;
    let mut report = DeliveryReport::default();
    if mailer.transport() == Transport::Tcp {
        report.relay = Some(group.host.clone());
    }
    let mut refused = DeliveryGroup { recipients: Vec::new(), ..group.clone() };
    let sender = envelope.sender.clone();
    let relay = worker.macros.value(b"_");
    group.recipients.retain(|&index| {
        let Some(recipient) = envelope.recipients.get_mut(index) else { return false };
        let arguments: [&[u8]; 2] = [&sender, &recipient.address];
        let verdict = worker.check("check_compat", &arguments, true);
        let about = Some(recipient.address.as_slice());
        if let Some(line) = hook_log::line("check_compat", &arguments, &relay, &verdict, about) {
            audience.events.report(Event::text(Some(audience.id), Severity::Notice, 3, line));
        }
        match verdict {
            Verdict::Accept | Verdict::Quarantine(_) => true,
            Verdict::Discard => {
                recipient.state = RecipientState::Sent(Status::ok());
                false
            }
            Verdict::Reject(status) => {
                refuse(&mut report, index, &recipient.address, &status, mailer, audience);
                refused.recipients.push(index);
                false
            }
        }
    });
    (!refused.recipients.is_empty()).then_some((report, refused))
}

/// The recipient is told of as if its mailer had ended with the status; what the ruleset says is the reply (observed).
fn refuse(
    report: &mut DeliveryReport,
    index: usize,
    address: &[u8],
    refusal: &Status,
    mailer: &Mailer,
    audience: &Audience<'_>,
) {
    let exit = refusal.exit;
    let waits = exit == Exit::TEMPFAIL;
    let mut status = match waits {
        true => Status::from_exit(exit, Vec::new()),
        false => outcome::from_exit(exit, mailer),
    };
    status.enhanced = Some(outcome::reported_code(exit));
    if mailer.transport() == Transport::Tcp {
        // reports quote no reply of a server
        status.reply = None;
    }
    let line = Reply::from_status(refusal, Some(address)).render();
    let line = line.trim_ascii_end();
    let (_, words) = split_codes(line);
    (audience.runner)(words);
    report.transcript.push(line.to_vec());
    report.transcript.push(outcome::response_line(&status, &label(address)));
    report.add_all(&[index], &status);
    let Some(last) = report.outcomes.last_mut() else { return };
    if mailer.transport() != Transport::Tcp {
        last.reply = Some(exit.0.to_string().into_bytes());
    }
    if waits {
        last.queue_text = words.to_vec();
        last.own_reply = true;
        (audience.watcher)(&[&label(address)[..], b"... ", &last.stat].concat());
    }
}
