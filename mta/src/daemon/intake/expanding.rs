//! What the recipients of a message that comes in stand for.

use ruleset_vm::{Enhanced, Exit, Role, Status};

use super::{Intake, RecipientRefused};
use crate::address::expand::{self, Expansion, Note, Resolved, What};
use crate::daemon::telling::{Said, Telling};
use crate::message::envelope::{Envelope, Listing, Recipient, RecipientState};

/// What recipients of a transaction stand for.
#[derive(Default)]
pub(super) struct Expanded {
    /// How many were given.
    given: usize,
    recipients: Vec<Recipient>,
    /// What was said on the way.
    notes: Vec<Note>,
}

/// A refusal without words.
fn unknown() -> Status {
    Status::from_exit(Exit::NOUSER, "User unknown")
}

/// Recipients that are kept between two `RCPT`: each one looks at all of them.
const MOST_KEPT: usize = 256;

impl Intake {
    /// Finds out at once what a recipient stands for whom the rules have just resolved; whether it waits. Only where
    /// delivery follows at once is that done already at `RCPT` (observed).
    pub(super) fn expand_now(
        &mut self,
        recipient: &Recipient,
        resolved: &Resolved,
    ) -> Result<bool, RecipientRefused> {
        if let Some(refusal) = resolved.as_direct() {
            return Err(refusal.into());
        }
        let known = self.expanded.take();
        let keeps = known.is_some();
        let mut known = known.unwrap_or_default();
        let mut probe = self.probe_of(known.recipients.clone());
        probe.recipients.push(recipient.clone());
        self.worker.keep(&recipient.address, Role::default(), Some(resolved.parsed()));
        let options = self.expand_options();
        let (splits, notes) = match expand::expand_faultless(&mut self.worker, &mut probe, &options)
        {
            Ok((expansion, notes)) => (!expansion.splits.is_empty(), notes),
            Err(flaw) => {
                self.expanded = keeps.then_some(known);
                return Err(self.refusal_by(recipient, flaw));
            }
        };
        let waits = |one: &Recipient| {
            one.address == recipient.address && matches!(one.state, RecipientState::Deferred(_))
        };
        let waits = probe.recipients.iter().any(waits);
        self.envelope.message = probe.message.take().or(self.envelope.message.take());
        // a list with an owner is left to the delivery, which makes messages of it
        if keeps && !splits && probe.recipients.len() <= MOST_KEPT {
            known.given += 1;
            known.recipients = probe.recipients;
            known.notes.extend(notes);
            self.expanded = Some(known);
        }
        Ok(waits)
    }

    /// What a flaw is to the client: something about the address, or about what it stands for, which is in the log.
    fn refusal_by(&mut self, recipient: &Recipient, flaw: Note) -> RecipientRefused {
        const LOOP: Option<Enhanced> = Some(Enhanced::new(5, 4, 6));
        match &flaw.what {
            What::Failed(status)
                if flaw.address == recipient.address && status.enhanced != LOOP =>
            {
                self.has_missing = true;
                return status.clone().into();
            }
            _ => {}
        }
        let id = self.envelope.id.clone().map_or_else(Vec::new, |id| id.0);
        if let Some(event) = flaw.event(&id) {
            self.post.events.report(event);
        }
        RecipientRefused::Member(flaw.refusal().unwrap_or_else(unknown))
    }

    /// An envelope to try recipients with.
    fn probe_of(&self, recipients: Vec<Recipient>) -> Envelope {
        Envelope {
            sender: self.envelope.sender.clone(),
            resolved_sender: self.envelope.resolved_sender.clone(),
            recipients,
            ..Envelope::default()
        }
    }

    /// Whether one of these recipients cannot be resolved.
    pub fn has_flaw(&mut self, recipients: &[Recipient]) -> bool {
        let options = self.expand_options();
        recipients.iter().any(|recipient| {
            let mut probe = self.probe_of(vec![recipient.clone()]);
            expand::expand_faultless(&mut self.worker, &mut probe, &options).is_err()
        })
    }

    /// Only the header names the recipients (-t): what is wrong with them is told, not logged (observed).
    fn by_header(&self) -> bool {
        self.named.as_ref().is_some_and(Vec::is_empty)
    }

    /// Finds out what the recipients stand for, unless `RCPT` has done so.
    pub(super) fn expand(&mut self, too_large: bool) -> Expansion {
        let options = self.expand_options();
        let id = self.envelope.id.clone().map_or_else(Vec::new, |id| id.0);
        let post = self.post.clone();
        let mut telling = Telling {
            post: &post,
            id: &id,
            verbose: self.origin.verbose,
            complains: false,
            logs_errors: !self.by_header(),
            says: self.origin.says,
            shows_last: self.by_header(),
            waited: (0, 0),
            said: Said::default(),
        };
        let (worker, envelope) = (&mut self.worker, &mut self.envelope);
        let given = envelope.recipients.len();
        let known = self.expanded.take().filter(|known| known.given == given && given > 0);
        let expansion = match known {
            Some(known) => {
                envelope.recipients = known.recipients;
                known.notes.iter().for_each(|note| telling.note(note));
                Expansion::default()
            }
            None => expand::expand(worker, envelope, &options, &mut |note| telling.note(&note)),
        };
        self.said.append(telling.said);
        if envelope.message.is_none() || self.said.trouble.is_some() {
            envelope.message.clone_from(&self.said.waits);
        }
        if self.origin.by_smtp {
            // No transcript is kept of what RCPT has found out already (observed).
            self.said.transcript.clear();
        }
        // What is expanded before it is queued is not told of as a list, but for one with a single member that
        // the command line names (observed).
        let submitted = !self.origin.by_smtp;
        let hides = |listing: Listing| match listing {
            Listing::List => !submitted,
            Listing::ListOfSeveral => !too_large,
            Listing::Own | Listing::Hidden => false,
        };
        let lists = self.envelope.recipients.iter_mut().filter(|r| hides(r.listing));
        lists.for_each(|list| list.listing = Listing::Hidden);
        expansion
    }
}
