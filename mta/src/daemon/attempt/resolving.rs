//! Resolving the recipients of a message that is taken up, and what is said on the way.

use super::{Attempt, claimed_id};
use crate::address::expand::{self, ExpandOptions, Expansion};
use crate::address::sender;
use crate::address::worker::Worker;
use crate::daemon::intake::counted;
use crate::daemon::post::Post;
use crate::daemon::reports::{Addressed, Told};
use crate::daemon::telling::{Said, Telling};
use crate::events::Severity;
use crate::message::envelope::{Envelope, RecipientState};
use crate::queue::priority;
use crate::queue::store::Claimed;
use crate::sys::clock;

/// Makes the envelopes of list members whose list has an owner (AD-016..AD-018): the members leave
/// `envelope` and get one of their own, with the owner as sender.
#[must_use]
pub(in crate::daemon) fn split_by_owner(
    post: &Post,
    worker: &mut Worker,
    envelope: &mut Envelope,
    expansion: &Expansion,
) -> Vec<Envelope> {
    let mut parts = Vec::new();
    let mut moved = vec![false; envelope.recipients.len()];
    for split in &expansion.splits {
        let mut part = Envelope { id: Some(post.new_id()), ..envelope.clone() };
        part.sender = split.owner.clone();
        part.resolved_sender = Some(sender::resolve(worker, sender::named(&part)));
        part.flags.split = true;
        part.message = None;
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

impl Attempt<'_> {
    /// Resolves the recipients; what goes to members of lists with owners becomes messages of its own.
    /// What has just come in was resolved, and told of, when it was stored.
    pub(super) fn resolve(
        &self,
        worker: &mut Worker,
        claimed: &mut Claimed,
    ) -> (Vec<Claimed>, Said) {
        let post = &self.post;
        let resolved = claimed
            .envelope
            .recipients
            .iter()
            .any(|r| r.route.is_some() || r.state != RecipientState::Pending);
        if self.first && resolved {
            return (Vec::new(), self.said.clone());
        }
        let options = ExpandOptions::of_site(&post.site, &post.delivery.default_user);
        let mut envelope = std::mem::take(&mut claimed.envelope);
        let delay = clock::now().saturating_sub(envelope.created);
        let id = claimed_id(claimed);
        let mut telling = Telling {
            // What comes by SMTP is taken up like something from the queue (observed).
            waited: match self.first {
                true => (priority::aged(envelope.priority, &post.factors()), 0),
                false => (envelope.priority, delay),
            },
            ..self.telling(&id)
        };
        let expansion =
            expand::expand(worker, &mut envelope, &options, &mut |note| telling.note(&note));
        let said = telling.said;
        if self.first && self.has_local(&envelope) {
            envelope.size = claimed.size_of(&envelope);
            let (class, count) = (envelope.class, counted(&envelope));
            envelope.priority = priority::initial(envelope.size, class, count, &post.factors());
        }
        claimed.envelope = envelope;
        (self.split(worker, claimed, &expansion, &said), said)
    }

    /// Takes what the recipients of a report, which has just been stored, were resolved to.
    pub(super) fn adopt(
        &self,
        worker: &mut Worker,
        claimed: &mut Claimed,
        addressed: &Addressed,
    ) -> (Vec<Claimed>, Said) {
        let id = claimed_id(claimed);
        let mut telling = Telling { logs_errors: true, ..self.telling(&id) };
        addressed.notes.iter().for_each(|note| telling.note(note));
        let said = telling.said;
        (self.split(worker, claimed, &addressed.expansion, &said), said)
    }

    /// Who hears of what is found out about recipients.
    fn telling<'a>(&'a self, id: &'a [u8]) -> Telling<'a> {
        Telling {
            post: &self.post,
            id,
            verbose: self.verbose,
            complains: self.complains,
            logs_errors: false,
            says: None,
            shows_last: false,
            waited: (0, 0),
            said: Said::default(),
        }
    }

    /// Makes messages of what goes to members of lists with owners.
    fn split(
        &self,
        worker: &mut Worker,
        claimed: &mut Claimed,
        expansion: &Expansion,
        said: &Said,
    ) -> Vec<Claimed> {
        let post = &self.post;
        let envelope = &mut claimed.envelope;
        if envelope.message.is_none() || said.trouble.is_some() {
            envelope.message.clone_from(&said.waits);
        }
        let parts = split_by_owner(post, worker, envelope, expansion);
        let mut split_off = Vec::new();
        for part in parts {
            match post.split(claimed, part) {
                Ok(split) => split_off.push(split),
                Err(error) => self.log(claimed, Severity::Alert, 1, &error.to_string()),
            }
        }
        split_off
    }

    /// Whether a recipient is looked for among the aliases: only then the message is read again once it is
    /// resolved, and its size is that in the queue (observed).
    fn has_local(&self, envelope: &Envelope) -> bool {
        envelope.recipients.iter().any(|recipient| {
            recipient.state == RecipientState::Expanded
                || self.mailer_of(recipient).is_some_and(|mailer| mailer.flags.has(b'A'))
        })
    }

    /// Recipients that failed while they were resolved.
    pub(super) fn early_failures(&self, claimed: &Claimed, told: &mut Told) {
        for (index, recipient) in claimed.envelope.recipients.iter().enumerate() {
            if let RecipientState::Failed(status) | RecipientState::Deferred(status) =
                &recipient.state
            {
                told.note_status(index, self.mailer_of(recipient), status);
            }
        }
    }
}
