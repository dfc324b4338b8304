//! What follows an attempt: reports, and the message removed or written back.

use ruleset_vm::{Enhanced, Exit, Status};

use super::Attempt;
use crate::address::worker::Worker;
use crate::daemon::reports::{self, Told};
use crate::daemon::settings::queue_timeouts;
use crate::events::{Event, Happening, Severity};
use crate::message::envelope::RecipientState;
use crate::protocol::dsn;
use crate::queue::scheduling::{TimeoutClass, Verdict};
use crate::queue::store::{Claimed, Kind, QueueStore as _};

impl Attempt<'_> {
    /// Reports what failed, then removes the message or writes it back.
    pub(super) fn conclude(
        &self,
        worker: &mut Worker,
        claimed: Claimed,
        told: Told,
        now: u64,
    ) -> Exit {
        self.conclude_with(worker, claimed, told, now, None)
    }

    /// `untried`: number of attempts and time of the last one, when this was none.
    pub(super) fn conclude_with(
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
        let waiting = claimed.envelope.recipients.iter().any(|r| r.state.waits());
        if waiting && untried.is_none() {
            self.consider_age(&mut claimed, &mut told, now);
        }
        let reported = reports::send(self, worker, &claimed, &told);
        if !reported {
            // Nobody can be told: the message is set aside, never dropped (QU-093).
            let id = super::claimed_id(&claimed);
            let text = [b"Losing ./qf", &id[..], b": savemail panic"].concat();
            post.log(claimed.envelope.id.as_ref(), Severity::Alert, 0, text);
            let text = b"savemail: cannot save rejected email anywhere".to_vec();
            post.events.report(Event::system_error(Some(&id), b"root", text));
            if let Err(error) = post.store.set_kind(claimed, Kind::Lost) {
                post.log(None, Severity::Alert, 0, error.to_string());
            }
            return exit;
        }
        let waiting = claimed.envelope.recipients.iter().any(|r| r.state.waits());
        let id = claimed.envelope.id.clone();
        let (delay, tries) = (now.saturating_sub(claimed.envelope.created), claimed.envelope.tries);
        let outcome = if waiting {
            claimed.envelope.message = told.queue_message.clone();
            post.store.update(&mut claimed)
        } else {
            // what was never tried is not told of (observed)
            if !told.too_large && tries > 0 {
                post.events.report(Event {
                    id: id.as_ref().map(|id| id.0.clone()),
                    severity: Severity::Info,
                    level: 9,
                    what: Happening::Done { delay, tries },
                });
            }
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
                let after = limits.give_up_after(class);
                told.give_up = Some(after);
                let why = format!("Cannot send message for {}", dsn::interval(after));
                told.queue_message = Some(why.into_bytes());
                for recipient in &mut claimed.envelope.recipients {
                    if recipient.state.waits() {
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
}
