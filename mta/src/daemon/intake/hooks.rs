//! Hook rulesets while a message comes in.

use ruleset_vm::prescan::{Mode, prescan};
use ruleset_vm::{Exit, Status, current_header};

use super::Intake;
use crate::address::worker::Verdict;
use crate::daemon::collect::Collected;
use crate::daemon::hook_log;
use crate::events::{Event, Severity};
use crate::message::envelope::{Field, QueueId};

impl Intake {
    /// Header checks and check_eoh, in the oracle's order (RS-146). Fields without a value are not checked; all others
    /// are, whatever is said of those before them, and it is the last refusal that counts, but for one for now behind
    /// one for good (observed).
    pub(super) fn check_headers(&mut self, collected: &Collected) -> Result<(), Status> {
        let site = self.post.site.clone();
        let mut refusal = Ok(());
        for field in collected.fields.iter().filter(|field| !field.value.trim_ascii().is_empty()) {
            let Some((ruleset, keep)) = header_check(&site.configuration.headers, field) else {
                continue;
            };
            let macros = &mut self.worker.macros;
            macros.set(b"hdr_name", &field.name);
            macros.set(b"hdrlen", field.value.len().to_string().as_bytes());
            macros.set(b"currHeader", &current_header(&field.value));
            // what the rules would see nothing of is not put before them (observed)
            let mode = Mode {
                operators: site.configuration.program.operators(),
                delimiter: None,
                comments: !keep,
                ignore: keep,
            };
            if prescan(&field.value, mode).tokens.is_none_or(|tokens| tokens.is_empty()) {
                continue;
            }
            let name = String::from_utf8_lossy(&ruleset).into_owned();
            weigh(&mut refusal, self.hook(&name, &[&field.value], !keep, None));
        }
        let count = collected.fields.len().to_string();
        let bytes = collected.header_size.to_string();
        let end = self.hook("check_eoh", &[count.as_bytes(), bytes.as_bytes()], false, None);
        weigh(&mut refusal, end);
        refusal
    }

    /// check_eom, which sees what is made of the header.
    pub(super) fn check_end(&mut self, collected: &Collected) -> Result<(), Status> {
        let size = collected.size.to_string();
        self.hook("check_eom", &[size.as_bytes()], false, None)
    }

    /// Counts what a hook ruleset says against a message (LG-050).
    fn count(&mut self, verdict: &Verdict) {
        let mailer = self.counted_mailer();
        let again = match verdict {
            Verdict::Accept => return,
            Verdict::Reject(_) => std::mem::replace(&mut self.refusal_counted, true),
            Verdict::Discard => self.discard,
            Verdict::Quarantine(_) => self.envelope.quarantine.is_some(),
        };
        if again {
            return;
        }
        self.post.counting.count(|counts| {
            let Some(of_mailer) = counts.mailers.get_mut(mailer) else { return };
            match verdict {
                Verdict::Accept => {}
                Verdict::Reject(_) => of_mailer.rejected += 1,
                Verdict::Discard => of_mailer.discarded += 1,
                Verdict::Quarantine(_) => of_mailer.quarantined += 1,
            }
            counts.connections.rejected += u64::from(!matches!(verdict, Verdict::Quarantine(_)));
        });
    }

    /// Asks a hook ruleset and does what it says; `about` is the address a refusal names.
    pub(super) fn hook(
        &mut self,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
        about: Option<&[u8]>,
    ) -> Result<(), Status> {
        self.hook_as(self.envelope.id.clone(), ruleset, arguments, comments, about)
    }

    /// Reports what a hook ruleset has said about a command: the client hears of a refusal first (observed).
    pub(in crate::daemon) fn tell(&mut self, event: Event, verdict: &Verdict) {
        match verdict {
            Verdict::Reject(_) => self.late.push(event),
            _ => self.post.events.report(event),
        }
    }

    /// Drops all messages of the session.
    pub(in crate::daemon) fn discard_all(&mut self) {
        self.discard_all = true;
    }

    /// Whether all messages of the session are dropped.
    pub(in crate::daemon) fn discards(&self) -> bool {
        self.discard_all
    }

    /// To be reported once the client has its reply.
    pub(in crate::daemon) fn tell_late(&mut self, event: Event) {
        self.late.push(event);
    }

    /// Whether a refusal is to be reported already.
    pub(in crate::daemon) fn has_late_events(&self) -> bool {
        !self.late.is_empty()
    }

    /// The client has its reply.
    pub(in crate::daemon) fn report_late(&mut self) {
        self.late.drain(..).for_each(|event| self.post.events.report(event));
    }

    /// [`Intake::hook`] with this queue id in the log.
    pub(super) fn hook_as(
        &mut self,
        id: Option<QueueId>,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
        about: Option<&[u8]>,
    ) -> Result<(), Status> {
        let verdict = self.worker.check(ruleset, arguments, comments);
        let relay = &self.origin.relay;
        if let Some(line) = hook_log::line(ruleset, arguments, relay, &verdict, about) {
            let id = id.as_ref().map(|id| id.0.as_slice());
            let event = Event::text(id, Severity::Notice, 3, line);
            // Of a message that has come it is told before the reply.
            if self.origin.by_smtp && about.is_some() {
                self.tell(event, &verdict);
            } else {
                self.post.events.report(event);
            }
        }
        self.count(&verdict);
        match verdict {
            Verdict::Accept => Ok(()),
            Verdict::Reject(status) => {
                self.note_refusal(&status);
                Err(status)
            }
            Verdict::Discard => {
                self.discard = true;
                Ok(())
            }
            Verdict::Quarantine(reason) => {
                self.envelope.quarantine = Some(reason);
                Ok(())
            }
        }
    }
}

/// Takes a later verdict into account.
pub(super) fn weigh(refusal: &mut Result<(), Status>, later: Result<(), Status>) {
    let for_good = |status: &Status| !status.retry && status.exit != Exit::TEMPFAIL;
    match (&*refusal, &later) {
        (_, Ok(())) => {}
        (Err(known), Err(new)) if for_good(known) && !for_good(new) => {}
        _ => *refusal = later,
    }
}

/// The ruleset that checks a field, and whether comments are kept (CF-064, RS-120, RS-121).
fn header_check(lines: &[cf_parser::item::Header], field: &Field) -> Option<(Vec<u8>, bool)> {
    use cf_parser::item::HeaderAction;
    let check = |name: &[u8]| {
        lines.iter().rev().find_map(|line| match &line.action {
            HeaderAction::Check { ruleset, keep_comments }
                if line.name.eq_ignore_ascii_case(name) =>
            {
                Some((ruleset.clone(), *keep_comments))
            }
            _ => None,
        })
    };
    check(&field.name).or_else(|| check(b"*"))
}
