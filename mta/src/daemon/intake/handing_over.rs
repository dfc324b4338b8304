//! What has come in is stored, told of and handed to its delivery.

use ruleset_vm::{Enhanced, Exit, Status};

use super::{Intake, refused};
use crate::address::expand::{self, Expansion};
use crate::daemon::attempt::{self, Attempt, Hold};
use crate::daemon::collect::{Collected, Collecting};
use crate::events::{Accepted as AcceptedEvent, Delivered, Event, Happening, Severity};
use crate::message::envelope::{BodyType, Envelope, Recipient, RecipientState};
use crate::protocol::smtp::server::replies;
use crate::queue::store::{Claimed, QueueStore as _};

impl Intake {
    /// Writes the envelope, and every envelope that lists with owners make of it.
    pub(super) fn store(
        &mut self,
        collected: Collected,
        expansion: &Expansion,
    ) -> Result<(), Status> {
        let (worker, envelope) = (&mut self.worker, &mut self.envelope);
        if envelope.body_type == Some(BodyType::EightBitMime) && !envelope.flags.has_8bit {
            // it turns out to be less than was said (observed)
            (envelope.body_type, envelope.body_word) = (Some(BodyType::SevenBit), Vec::new());
        }
        let parts = attempt::split_by_owner(&self.post, worker, envelope, expansion);
        let mut claimed =
            collected.draft.commit(unsettled(&self.envelope)).map_err(|error| refused(&error))?;
        claimed.envelope = self.envelope.clone();
        for part in parts {
            match self.post.split(&claimed, part) {
                Ok(split) => self.accepted.push(split),
                Err(error) => {
                    // The first part must not survive alone: the client will send all again.
                    let _ = self.post.store.finish(claimed);
                    for split in self.accepted.drain(..) {
                        let _ = self.post.store.finish(split);
                    }
                    return Err(refused(&error));
                }
            }
        }
        self.accepted.insert(0, claimed);
        Ok(())
    }

    pub(super) fn log_accepted(&self) {
        let envelope = &self.envelope;
        let text = |name: &[u8]| {
            let value = self.worker.macros.value(name);
            (!value.is_empty()).then_some(value)
        };
        let accepted = AcceptedEvent {
            from: Some(self.sender_shown.clone()),
            size: envelope.size,
            class: envelope.class,
            recipients: counted(envelope),
            message_id: text(b"msg_id"),
            body_type: envelope.body_name().map(<[u8]>::to_vec),
            protocol: text(b"r"),
            daemon: text(b"daemon_name"),
            relay: self.origin.relay.clone(),
        };
        self.post.events.report(Event {
            id: envelope.id.as_ref().map(|id| id.0.clone()),
            severity: Severity::Info,
            level: 4,
            what: Happening::Accepted(Box::new(accepted)),
        });
    }

    /// Drops what was begun by `MAIL`, and says so in the log (LG-073); `why`, also for each recipient (LG-074).
    pub fn cut_short(&mut self, why: Option<(i16, &[u8])>) {
        if let Some(envelope) = self.turned_away.take() {
            self.envelope = envelope;
            self.reserved = None;
        }
        if self.envelope.id.is_some() {
            if let Some(collecting) = &self.collecting {
                self.envelope.size = collecting.size();
            }
            if let Some((level, why)) = why {
                self.log_not_delivered(level, 0, why);
            }
            self.log_accepted();
        }
        self.abandon();
    }

    /// The message is refused after it has come in (LG-074).
    pub(super) fn log_refused(&self, status: &Status) {
        self.log_not_delivered(8, self.envelope.priority, &status.text);
    }

    /// MaxHeadersLength (LG-085).
    pub(super) fn header_length(&self, collected: &Collected) -> Result<(), Status> {
        if !collected.header_too_long {
            return Ok(());
        }
        let limit = self.header_limit();
        // The name alone, of whoever speaks SMTP.
        let name = self.origin.relay.split(|&byte| byte == b' ').next().unwrap_or_default();
        let name = name.rsplit(|&byte| byte == b'@').next().unwrap_or_default();
        let peer = if self.origin.by_smtp { name } else { b"local" };
        let text = format!("headers too large ({limit} max) from ");
        let text = [text.as_bytes(), peer, b" during message collect"].concat();
        self.log(Severity::Notice, Event::ALWAYS, text);
        let text = format!("Headers too large ({limit} max)");
        Err(Status::from_reply(Exit::DATAERR, 552, Enhanced::new(5, 6, 0), text))
    }

    /// Whether the header or all of it is longer than it may be.
    pub(super) fn is_too_large(&self, collected: &Collected) -> bool {
        let limit = self.size_limit();
        collected.header_too_long || limit != 0 && collected.size > limit
    }

    /// MaxMessageSize, of what the command line submits (LG-085).
    pub(super) fn message_length(&self, collected: &Collected) -> Result<(), Status> {
        let (size, limit) = (collected.size, self.size_limit());
        if !self.is_too_large(collected) {
            return Ok(());
        }
        self.log_over_limit(size, limit);
        Err(replies::MESSAGE_OVER_LIMIT.status(&[limit.to_string().as_bytes()]))
    }

    fn log_over_limit(&self, size: u64, limit: u64) {
        let text = format!("message size ({size}) exceeds maximum ({limit})");
        self.log(Severity::Notice, 6, text.into_bytes());
    }

    /// A message is refused for its size (LG-085). What was kept of it is told of.
    pub fn too_large(&mut self, size: u64, limit: u64) {
        if let Some(Ok(mut collected)) = self.collecting.take().map(Collecting::finish) {
            collected.size = size;
            // the size is what the reply names, whatever is wrong with the header (observed)
            let _ = self.header_length(&collected);
            let given: Vec<_> =
                self.envelope.recipients.iter().map(|r| r.address.clone()).collect();
            self.make_envelope(&collected, &given);
        }
        self.envelope.size = size;
        self.log_accepted();
        self.log_over_limit(size, limit);
        self.log_refused(&replies::MESSAGE_OVER_LIMIT.status(&[limit.to_string().as_bytes()]));
        self.abandon();
    }

    /// The message was taken and is dropped: in one word, or above level 9 for each recipient (LG-016, LG-074).
    pub(in crate::daemon) fn log_discarded(&self) {
        const DISCARDED: &[u8] = b"discarded";
        if self.post.logs(9) {
            self.log_not_delivered(9, self.envelope.priority, DISCARDED);
        } else {
            self.log(Severity::Info, 4, DISCARDED.to_vec());
        }
    }

    /// What became of recipients without an attempt.
    pub(super) fn log_not_delivered(&self, level: i16, priority: i64, why: &[u8]) {
        // what was expanded is no recipient, what has failed was told of
        for recipient in self.envelope.recipients.iter().filter(|r| r.state.waits()) {
            let delivered = Delivered {
                to: vec![recipient.address.clone()],
                priority,
                stat: why.to_vec(),
                ..Delivered::default()
            };
            self.post.events.report(Event {
                id: self.envelope.id.as_ref().map(|id| id.0.clone()),
                severity: Severity::Info,
                level,
                what: Happening::Delivered(Box::new(delivered)),
            });
        }
    }

    /// Whether anybody is left who can get now what was accepted, and the exit status of the first one who cannot.
    #[must_use]
    pub fn prospects(&self) -> (bool, Exit) {
        let accepted = || self.accepted.iter().map(|claimed| &claimed.envelope);
        let recipients = || accepted().flat_map(|envelope| &envelope.recipients);
        let failed = |recipient: &Recipient| match &recipient.state {
            RecipientState::Failed(status) => Some(status.exit),
            _ => None,
        };
        let is_held = accepted().any(|envelope| envelope.quarantine.is_some());
        let alive = recipients().any(|recipient| recipient.state == RecipientState::Pending);
        (alive && !is_held, recipients().find_map(failed).unwrap_or(Exit::OK))
    }

    /// Starts the delivery of what was accepted, as the delivery mode says: at once (`i`), in the
    /// background (`b`), or not (`q`, `d`). Returns the exit status of an immediate delivery.
    pub fn deliver_accepted(&mut self) -> Exit {
        let accepted = std::mem::take(&mut self.accepted);
        if accepted.is_empty() {
            return Exit::OK;
        }
        let busy = |claimed: &Claimed| self.post.is_too_busy(claimed.envelope.priority);
        let (mode, is_put_off) = match self.delivery_mode() {
            b'd' => (b'd', false),
            mode if accepted.iter().any(busy) => (b'q', mode != b'q'),
            mode => (mode, false),
        };
        let (post, verbose) = (self.post.clone(), self.origin.verbose);
        let (sender_user, dead_letter) =
            (self.origin.user.clone(), self.origin.dead_letter.clone());
        let explicit_sender = self.origin.by_smtp || sender_user.is_none();
        let said = std::mem::take(&mut self.said);
        let carry = move |run: &mut dyn FnMut(&Attempt<'_>)| {
            let connections = attempt::connections(&post);
            run(&Attempt {
                post,
                connections: &connections,
                sender_user,
                explicit_sender,
                verbose,
                first: true,
                complains: false,
                said,
                dead_letter,
            });
            attempt::close_connections(&connections, verbose);
        };
        let only_queue = matches!(mode, b'q' | b'd');
        let is_held = |claimed: &Claimed| claimed.envelope.quarantine.is_some();
        if only_queue || mode == b'i' || verbose || accepted.iter().any(is_held) {
            let mut worst = Exit::OK;
            let logs_queued = self.origin.logs_queued || is_put_off;
            let (worker, tells) = (&mut self.worker, !self.returns);
            let by_smtp = self.origin.by_smtp;
            let hold = Hold {
                told: !by_smtp || mode == b'i' || verbose,
                tried: !(only_queue || by_smtp && mode == b'b'),
            };
            let mut accepted = Some(accepted);
            carry(&mut |attempt| {
                for claimed in accepted.take().into_iter().flatten() {
                    let is_held = is_held(&claimed);
                    if only_queue && tells && !is_held {
                        attempt.tell_queued(&claimed, logs_queued);
                    }
                    let exit = if is_held {
                        attempt.hold(worker, claimed, hold)
                    } else if only_queue {
                        attempt.report_early(worker, claimed)
                    } else {
                        attempt.run(worker, claimed)
                    };
                    if worst == Exit::OK {
                        worst = exit;
                    }
                }
            });
            return worst;
        }
        let mut accepted = accepted;
        if self.origin.by_smtp {
            // What comes by SMTP is taken up like something from the queue (observed).
            accepted.iter_mut().for_each(|claimed| claimed.envelope.resolved_sender = None);
        }
        let mut worker = self.post.worker();
        self.post.in_background(move || {
            let mut accepted = Some(accepted);
            carry(&mut |attempt| {
                for claimed in accepted.take().into_iter().flatten() {
                    attempt.run(&mut worker, claimed);
                }
            });
        });
        Exit::OK
    }
}

/// The recipients that count: neither replaced by others nor refused before a mailer was known (observed).
pub(in crate::daemon) fn counted(envelope: &Envelope) -> usize {
    let counts = |recipient: &&Recipient| match &recipient.state {
        RecipientState::Expanded | RecipientState::Duplicate => false,
        RecipientState::Failed(status) => {
            recipient.route.as_ref().is_some_and(|route| !route.is_error())
                && !expand::is_program_refusal(status)
        }
        _ => true,
    };
    envelope.recipients.iter().filter(counts).count()
}

/// The envelope as it is first stored: what has failed already is still in it, so that a crash
/// before it is reported does not lose the report.
pub(in crate::daemon) fn unsettled(envelope: &Envelope) -> Envelope {
    let mut stored = envelope.clone();
    for recipient in &mut stored.recipients {
        if matches!(recipient.state, RecipientState::Failed(_)) {
            recipient.state = RecipientState::Pending;
        }
    }
    stored
}
