//! What an attempt has found out about the recipients of a message.

use ruleset_vm::{Enhanced, Exit, Status};

use super::reply_text;
use crate::address::expand::is_direct_refusal;
use crate::config::mailer::{Mailer, Transport};
use crate::daemon::telling::Said;
use crate::delivery::context::{DeliveryReport, RecipientOutcome};
use crate::delivery::outcome;
use crate::delivery::plan::DeliveryGroup;
use crate::delivery::report::by_outcome;
use crate::message::envelope::Envelope;

/// What an attempt has found out, for reports, the log and the queue listing.
#[derive(Clone, Default)]
pub(in crate::daemon) struct Told {
    pub(super) outcomes: Vec<Outcome>,
    /// The session, line by line.
    pub(in crate::daemon) transcript: Vec<Vec<u8>>,
    /// The text for the queue listing.
    pub(in crate::daemon) queue_message: Option<Vec<u8>>,
    /// A delay is to be told: seconds of the warning, seconds of giving up.
    pub(in crate::daemon) warn: Option<(u64, u64)>,
    /// The message is given up after so many seconds.
    pub(in crate::daemon) give_up: Option<u64>,
    /// There was a system error while the message came in: the postmaster hears of a failure too.
    pub(super) concerns_postmaster: bool,
    /// The message was too large: its end has no line in the log, and lists are told of as they are (observed).
    pub(in crate::daemon) too_large: bool,
    pub(super) body_refused: bool,
    /// The exit status of a system error.
    system_error: Option<Exit>,
}

#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) recipient: usize,
    pub(super) status: Status,
    pub(super) reported: Enhanced,
    pub(super) remote_mta: Option<Vec<u8>>,
    pub(super) diagnostic: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) address_type: Option<Vec<u8>>,
    /// The reason, when it is the exit status of a program.
    pub(super) exit_text: Option<Vec<u8>>,
    /// What it contributes to the exit status.
    pub(super) exit: Exit,
    pub(super) relayed: bool,
    /// The mailer has no type for what its program says: nothing is quoted (AD-099).
    pub(super) unquoted: bool,
    pub(super) dsn_passed_on: bool,
}

impl Told {
    /// What was said while the recipients were resolved, and why the message waits, if it does.
    pub(in crate::daemon) fn new(waits: Option<Vec<u8>>, said: &Said) -> Self {
        Self {
            queue_message: waits,
            transcript: said.transcript.clone(),
            concerns_postmaster: said.system_error,
            too_large: said.too_large.is_some(),
            ..Self::default()
        }
    }

    /// A recipient that failed or was put off before a mailer was tried.
    pub(in crate::daemon) fn note_status(
        &mut self,
        index: usize,
        mailer: Option<&Mailer>,
        status: &Status,
    ) {
        let reported = status.enhanced.unwrap_or_else(|| outcome::reported_code(status.exit));
        self.outcomes.push(Outcome {
            recipient: index,
            status: status.clone(),
            reported,
            remote_mta: None,
            diagnostic: reply_text(status)
                .filter(|_| !status.retry && !is_direct_refusal(status))
                .map(|text| (diagnostic_type(mailer), text)),
            address_type: mailer.and_then(|mailer| mailer.types.address.clone()),
            exit_text: None,
            exit: match (status.retry, status.exit) {
                (false, Exit::OK) => Exit::USAGE,
                (_, exit) => exit,
            },
            relayed: false,
            unquoted: false,
            dsn_passed_on: false,
        });
    }

    /// What was found out about single recipients counts no more.
    pub(in crate::daemon) fn forget_outcomes(&mut self) {
        self.outcomes.clear();
    }

    /// The outcomes of a delivery.
    pub(in crate::daemon) fn note_report(
        &mut self,
        envelope: &Envelope,
        mailer: &Mailer,
        report: &DeliveryReport,
        group: &DeliveryGroup,
    ) {
        // The listing shows the last failure, or the first deferral if there is none, be it about another
        // recipient (observed).
        for (found, _) in by_outcome(&report.outcomes, group) {
            let keeps =
                found.status.is_ok() || (found.status.retry && self.queue_message.is_some());
            if !keeps {
                self.queue_message = Some(found.queue_text.clone());
            }
        }
        self.system_error = self.system_error.or(report.system_error);
        self.transcript.extend(report.transcript.iter().cloned());
        self.body_refused |= report.body_refused;
        for found in &report.outcomes {
            if envelope.recipients.get(found.recipient).is_none() {
                continue;
            }
            self.outcomes.push(Outcome {
                recipient: found.recipient,
                exit: match outcome::exit_row(found.status.exit) {
                    Some(_) => found.status.exit,
                    None => Exit::UNAVAILABLE,
                },
                status: found.status.clone(),
                reported: found.reported,
                remote_mta: found.remote_mta.clone(),
                diagnostic: found
                    .diagnostic
                    .clone()
                    .or_else(|| exit_number(mailer, found))
                    .map(|text| (diagnostic_type(Some(mailer)), text)),
                exit_text: exit_number(mailer, found).map(|number| {
                    outcome::exit_row(found.status.exit).map_or(number, |row| row.text.into())
                }),
                address_type: mailer.types.address.clone(),
                relayed: !mailer.flags.has(b'l'),
                unquoted: is_local(mailer) && mailer.types.diagnostic.is_none(),
                dsn_passed_on: report.relayed_with_dsn,
            });
        }
    }

    /// The first exit status that is not OK; what is only put off for now counts as OK (ML-151).
    pub(in crate::daemon) fn exit(&self) -> Exit {
        if let Some(exit) = self.system_error {
            return exit;
        }
        self.outcomes
            .iter()
            .map(|outcome| outcome.exit)
            .find(|exit| !matches!(*exit, Exit::OK | Exit::TEMPFAIL))
            .unwrap_or(Exit::OK)
    }
}

/// The type in front of a diagnostic, from the mailer's T= as written; without one its default, without mailer `SMTP`.
pub(super) fn diagnostic_type(mailer: Option<&Mailer>) -> Vec<u8> {
    let Some(mailer) = mailer else { return b"SMTP".to_vec() };
    let default = || match mailer.transport() {
        Transport::File => b"x-unix".to_vec(),
        _ => b"smtp".to_vec(),
    };
    mailer.types.diagnostic.clone().unwrap_or_else(default)
}

fn is_local(mailer: &Mailer) -> bool {
    matches!(mailer.transport(), Transport::Program | Transport::File)
}

/// The exit status of a local program that failed, the diagnostic of its failure.
fn exit_number(mailer: &Mailer, found: &RecipientOutcome) -> Option<Vec<u8>> {
    let failed = is_local(mailer)
        && mailer.types.diagnostic.is_some()
        && !found.status.is_ok()
        && !found.status.retry;
    failed.then(|| found.status.exit.0.to_string().into_bytes())
}
