//! Log lines of a delivery (LG-008): one per set of recipients that share an outcome.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::context::{DeliveryReport, RecipientOutcome};
use super::plan::DeliveryGroup;
use crate::config::mailer::Mailer;
use crate::events::{ControllingAddress, Delivered, Event};
use crate::message::envelope::{ControllingUser, Envelope};

/// What the log wants to know beside the report.
#[derive(Clone, Debug)]
pub struct Occasion<'a> {
    /// The queue id.
    pub id: &'a [u8],
    /// The message.
    pub envelope: &'a Envelope,
    /// The mailer.
    pub mailer: &'a Mailer,
    /// The account of the sender, if it is a local one: `ctladdr=` of recipients it has named.
    pub sender: Option<&'a ControllingUser>,
    /// Seconds since the message was accepted.
    pub delay: u64,
    /// Seconds the delivery took.
    pub transaction_delay: u64,
}

/// The outcomes with the recipients that share them. Failures come first, one at a time and in the
/// order they were met; deferrals too; those with success share one line (observed). Recipients of
/// one set are in reverse order of the group.
#[must_use]
pub fn by_outcome<'a>(
    outcomes: &'a [RecipientOutcome],
    group: &DeliveryGroup,
) -> Vec<(&'a RecipientOutcome, Vec<usize>)> {
    let mut sets: Vec<(&RecipientOutcome, Vec<usize>)> = Vec::new();
    let places: HashMap<usize, usize> =
        group.recipients.iter().enumerate().map(|(place, &known)| (known, place)).collect();
    let mut sorted: Vec<&RecipientOutcome> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| {
        (outcome.status.is_ok(), Reverse(places.get(&outcome.recipient).copied()))
    });
    for outcome in sorted {
        let shared = sets.last_mut().filter(|(known, _)| {
            known.status == outcome.status
                && known.stat == outcome.stat
                && known.reply == outcome.reply
                && !outcome.own_reply
        });
        match shared {
            Some((_, recipients)) => recipients.push(outcome.recipient),
            None => sets.push((outcome, vec![outcome.recipient])),
        }
    }
    sets
}

/// The events of a delivery.
#[must_use]
pub fn events(report: &DeliveryReport, group: &DeliveryGroup, at: &Occasion<'_>) -> Vec<Event> {
    by_outcome(&report.outcomes, group)
        .into_iter()
        .map(|(outcome, recipients)| {
            let address = |&index: &usize| {
                at.envelope.recipients.get(index).map(|recipient| recipient.address.clone())
            };
            let delivered = Delivered {
                to: recipients.iter().filter_map(address).collect(),
                controlling: controlling(at, &recipients),
                delay: at.delay,
                transaction_delay: Some(at.transaction_delay),
                mailer: Some(at.mailer.name.clone()),
                priority: at.envelope.priority,
                relay: report.relay.clone(),
                dsn: outcome.status.enhanced,
                quarantine: at.envelope.quarantine.clone(),
                tries: None,
                reply: outcome.reply.clone(),
                stat: outcome.stat.clone(),
            };
            Event::delivered(at.id, delivered, &outcome.status)
        })
        .collect()
}

/// `ctladdr=`: for mailers that run as the recipient (flag `o`) the alias or list it came from, else the
/// local sender.
fn controlling(at: &Occasion<'_>, recipients: &[usize]) -> Option<ControllingAddress> {
    let first = at.envelope.recipients.get(*recipients.first()?)?;
    let runs_as_recipient = at.mailer.flags.has(b'o');
    let (address, user) = match (&first.controlling_user, &first.alias) {
        (Some(user), Some(alias)) if runs_as_recipient => (alias.clone(), user),
        _ if at.envelope.sender.is_empty() => (b"<>".to_vec(), at.sender?),
        _ => (at.envelope.sender.clone(), at.sender?),
    };
    Some(ControllingAddress { address, ids: Some((user.uid, user.gid)) })
}
