//! Those who get a report, and its sender: rules are asked about them before it is written (observed).

use crate::address::expand::{self, ExpandOptions, Expansion, Note};
use crate::address::sender;
use crate::address::worker::Worker;
use crate::daemon::post::Post;
use crate::message::envelope::{Envelope, Recipient, RecipientFlags, ResolvedSender};

/// The recipients of a report, resolved.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Addressed {
    pub(super) recipients: Vec<Recipient>,
    /// How many addresses they came from.
    pub(super) given: usize,
    /// Why some of them wait, for the listing of the queue.
    pub(super) waits: Option<Vec<u8>>,
    /// What was said about them.
    pub(in crate::daemon) notes: Vec<Note>,
    pub(in crate::daemon) expansion: Expansion,
}

impl Addressed {
    /// Resolves these recipients.
    pub(super) fn to(post: &Post, worker: &mut Worker, recipients: &[Recipient]) -> Self {
        let options = ExpandOptions::of_site(&post.site, &post.delivery.default_user);
        let given = recipients.len();
        let recipients = recipients.iter().map(|one| Recipient { flags: FLAGS, ..one.clone() });
        let mut envelope = Envelope { recipients: recipients.collect(), ..Envelope::default() };
        let mut notes = Vec::new();
        let expansion =
            expand::expand(worker, &mut envelope, &options, &mut |note| notes.push(note));
        let Envelope { recipients, message: waits, .. } = envelope;
        Self { recipients, given, waits, notes, expansion }
    }

    /// The addresses that were given, in the order in which they are in the queue.
    pub(super) fn names(&self) -> Vec<&[u8]> {
        let given = self.recipients.iter().filter(|recipient| recipient.alias.is_none());
        given.map(|recipient| recipient.address.as_slice()).collect()
    }

    /// Whether something can be delivered to one of them.
    pub(super) fn is_reachable(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.state.waits())
    }
}

/// How those who get a report want to hear of it.
const FLAGS: RecipientFlags = RecipientFlags {
    primary: true,
    on_failure: true,
    notify_given: false,
    on_success: false,
    on_delay: false,
    from_alias: false,
    internal_bcc: false,
    mx_secure: false,
};

/// The sender of reports, `$n`: of a new one nobody asks how others see it (observed).
pub(super) fn reporter(worker: &mut Worker) -> ResolvedSender {
    let name = worker.macros.value(b"n");
    let route = sender::route_to(worker, &name);
    ResolvedSender { route, canonical: name, domain: None }
}
