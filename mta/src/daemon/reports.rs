//! Reports about a message: what is told of each recipient, to whom, and the message that tells it.
//!
//! A report is on stable storage before the message it is about is changed, so that a crash in
//! between can repeat a report but never lose one.

mod addressed;
mod recipients;
mod storing;
mod told;

use std::cell::RefCell;

use ruleset_vm::{Role, Status};

pub(super) use addressed::Addressed;
use addressed::reporter;
use recipients::{decoded, reported, wants_delay, wants_failure};
use storing::store;
pub(super) use told::Told;

use super::attempt::Attempt;
use super::header_host::Headers;
use super::intake::bare;
use super::outgoing::envelope_line;
use super::telling::{Said, Telling};
use crate::address::sender;
use crate::address::worker::Worker;
use crate::events::{Event, Happening, Severity};
use crate::message::address_list::ListStyle;
use crate::message::envelope::{Envelope, Listing, Recipient, RecipientState, value_of};
use crate::message::output::{OutputOptions, delivery_header, is_resent};
use crate::protocol::dsn::{
    self, Action, Kind, RETURNED_HEADER_FLAGS, Reported, Request, Returned,
};
use crate::queue::store::Claimed;
use crate::sys::clock;
use crate::sys::clock::{TimeZoneSpec, Zone};

/// A status as a reply: `550 5.1.1 User unknown`.
pub(super) fn reply_text(status: &Status) -> Option<Vec<u8>> {
    let code = status.reply?;
    let enhanced = status.enhanced.map_or(String::new(), |e| format!(" {e}"));
    Some([format!("{code}{enhanced} ").as_bytes(), &status.text].concat())
}

/// Sends every report that is due. False if there is nobody to send one to: the message must then
/// be kept for the postmaster's eyes.
pub(super) fn send(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    told: &Told,
) -> bool {
    let envelope = &claimed.envelope;
    let is_failed = |recipient: &Recipient| {
        matches!(recipient.state, RecipientState::Failed(_)) && wants_failure(recipient)
    };
    let failed = envelope.recipients.iter().any(is_failed);
    let mut safe = true;
    if failed {
        safe = keep(attempt, worker, claimed) || {
            // who was reached is told in the same report (observed)
            let (told, _) = with_successes(envelope, told, worker);
            let listed = reported(envelope, &told, worker, |recipient| {
                let list = told.too_large && recipient.state == RecipientState::Expanded;
                is_failed(recipient)
                    || is_listed_success(recipient)
                    || list && recipient.listing != Listing::Hidden
            });
            tell(attempt, worker, claimed, &told, Kind::Failure, listed)
        };
    }
    if let Some((after, give_up)) = told.warn
        && !envelope.is_from_nobody()
    {
        let late = reported(envelope, told, worker, |recipient| {
            recipient.state.waits() && wants_delay(recipient)
        });
        if !late.is_empty() {
            tell(attempt, worker, claimed, told, Kind::Warning { after, give_up }, late);
        }
    }
    if !failed && !envelope.is_from_nobody() {
        receipt(attempt, worker, claimed, told);
    }
    safe
}

/// Whether a recipient was reached for whom that was asked.
fn is_success(recipient: &Recipient) -> bool {
    let counts = match recipient.listing {
        Listing::List | Listing::ListOfSeveral => recipient.state == RecipientState::Expanded,
        Listing::Own | Listing::Hidden => matches!(recipient.state, RecipientState::Sent(_)),
    };
    counts && recipient.flags.on_success
}

/// Members of a list that was just expanded are in the transcript only (observed).
fn is_listed_success(recipient: &Recipient) -> bool {
    is_success(recipient) && recipient.listing != Listing::Hidden
}

/// What has been found out, with the lines about recipients that were reached, and whether there are any.
fn with_successes(envelope: &Envelope, told: &Told, worker: &Worker) -> (Told, bool) {
    let reached = reported(envelope, told, worker, is_success);
    let mut told = told.clone();
    told.transcript.extend(reached.iter().filter_map(success_line));
    (told, !reached.is_empty())
}

/// Tells of recipients that were reached, if that was asked for.
fn receipt(attempt: &Attempt<'_>, worker: &mut Worker, claimed: &Claimed, told: &Told) {
    let envelope = &claimed.envelope;
    let (told, any) = with_successes(envelope, told, worker);
    if any {
        let listed = reported(envelope, &told, worker, is_listed_success);
        tell(attempt, worker, claimed, &told, Kind::Receipt, listed);
    }
}

/// Keeps the message in the sender's `dead.letter`, if that is where it goes (QU-094).
fn keep(attempt: &Attempt<'_>, worker: &mut Worker, claimed: &Claimed) -> bool {
    let Some(dead_letter) = &attempt.dead_letter else { return false };
    // sendmail looks for the home directory this way
    let sender = [Recipient::primary(&claimed.envelope.sender[..])];
    worker.aside(|worker| Addressed::to(&attempt.post, worker, &sender));
    if dead_letter.is_none() {
        return true;
    }
    let header = returned_header(worker, &claimed.envelope);
    let from_line = envelope_line(worker);
    dead_letter.save(&from_line, &header, claimed.body.as_deref())
}

/// What one report says, and to whom.
struct Notice {
    kind: Kind,
    to: Vec<Recipient>,
    /// What these addresses stand for, once it is known.
    addressed: Option<Addressed>,
    transcript: Vec<Vec<u8>>,
    /// The message for the queue's listing, which the log quotes too.
    why: Option<Vec<u8>>,
    /// The body of the original does not go with it.
    header_only: bool,
}

/// Makes one report, and the postmaster's copy of it, and starts their delivery.
fn tell(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    told: &Told,
    kind: Kind,
    recipients: Vec<Reported>,
) -> bool {
    let envelope = &claimed.envelope;
    let mut transcript = told.transcript.clone();
    let mut why = told.queue_message.clone();
    let said = (&mut transcript, &mut why);
    let addressee = worker.aside(|worker| addressee(attempt, worker, envelope, kind, said));
    let Some((kind, to, addressed)) = addressee else {
        return false;
    };
    if to.is_empty() {
        return true;
    }
    if let Some(after) = told.give_up {
        transcript.extend(dsn::give_up_lines(after));
    } else if let Kind::Warning { after, give_up } = kind {
        transcript.extend(dsn::warning_lines(after, give_up));
    }
    let options = &attempt.post.site.configuration.options;
    let mut all = vec![Recipient::primary(to)];
    if kind == Kind::Failure && options.flag("UseErrorsTo", false) {
        // AD-073
        let errors_to = value_of(&envelope.header, b"errors-to").unwrap_or_default();
        all.extend(of_list(errors_to));
    }
    if told.concerns_postmaster && kind == Kind::Failure {
        // In front of the others in the header (observed).
        all.push(Recipient::primary(&b"postmaster"[..]));
    }
    let header_only = envelope.flags.no_body_return || told.body_refused || kind == Kind::Receipt;
    let addressed = addressed.filter(|known| all.len() == known.given);
    let mut notice = Notice { kind, to: all, addressed, transcript, why, header_only };
    let is_told = publish(attempt, worker, claimed, &mut notice, &recipients);
    notice.to = copies(attempt, envelope);
    if matches!(kind, Kind::Failure | Kind::Postmaster) && !notice.to.is_empty() {
        (notice.kind, notice.header_only) = (Kind::Postmaster, true);
        publish(attempt, worker, claimed, &mut notice, &recipients);
    }
    is_told
}

/// Who gets a copy of reports about failures: PostmasterCopy (OPT-046, QU-097). Not of mail with a negative precedence.
fn copies(attempt: &Attempt<'_>, envelope: &Envelope) -> Vec<Recipient> {
    let configuration = &attempt.post.site.configuration;
    let Some(text) = configuration.options.text("PostmasterCopy") else { return Vec::new() };
    if envelope.class < 0 || envelope.flags.response {
        return Vec::new();
    }
    of_list(&configuration.macros.expand_bytes(text))
}

/// The recipients of a list, without angle brackets.
fn of_list(list: &[u8]) -> Vec<Recipient> {
    let mut recipients = Recipient::of_list(list, ListStyle::Commas);
    recipients.iter_mut().for_each(|one| one.address = bare(&one.address).to_vec());
    recipients
}

/// Makes a report and starts its delivery.
fn publish(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    notice: &mut Notice,
    recipients: &[Reported],
) -> bool {
    let post = &attempt.post;
    let envelope = &claimed.envelope;
    let kind = notice.kind;
    let id = post.new_id();
    let envid = envelope.envid.as_deref().map(decoded);
    let known = notice.addressed.take();
    let (addressed, reporter) = worker.aside(|worker| {
        let addressed = known.unwrap_or_else(|| Addressed::to(post, worker, &notice.to));
        if kind == Kind::Failure {
            // sendmail looks at the sender once more
            worker.parse(sender::named(envelope), Role::default());
        }
        (addressed, reporter(worker))
    });
    let header = returned_header(worker, envelope);
    let host = worker.macros.value(b"j");
    let origin = worker.macros.value(b"_");
    let name = worker.macros.value(b"s");
    // The origin of what comes over a connection has its address.
    let from_network = origin.contains(&b'[');
    let by_smtp = worker.macros.value(b"r").ends_with(b"SMTP");
    let request = Request {
        kind,
        id: &id.0,
        original_id: &claimed.place.id.0,
        host: &host,
        origin: &origin,
        received_from_mta: (by_smtp && from_network && !name.is_empty()).then_some(name.as_slice()),
        envid: envid.as_deref(),
        arrived: envelope.created,
        deliver_by: envelope
            .deliver_by
            .and_then(|by| u64::try_from(by.moment(envelope.created)).ok()),
        now: clock::now(),
        offset_at: system_offset,
        mime: post.site.configuration.options.flag("SendMimeErrors", true),
        has_8bit: envelope.flags.has_8bit,
        error_header: b"",
        recipients,
        transcript: &notice.transcript,
        returned: if notice.header_only { Returned::Headers } else { Returned::Full },
        header: &header,
    };
    let names = addressed.names();
    let report = dsn::report(&request, &names);
    log_report(attempt, claimed, &id.0, kind, notice.why.as_ref());
    let stored = store(attempt, worker, claimed, &report, id, (&addressed, reporter));
    match stored {
        Ok(report) => {
            let next = Attempt {
                sender_user: None,
                first: true,
                complains: false,
                said: Said::default(),
                dead_letter: None,
                ..attempt.clone()
            };
            worker.aside(|worker| next.run_report(worker, report, &addressed));
            true
        }
        Err(error) => {
            post.log(envelope.id.as_ref(), Severity::Alert, 0, error.to_string());
            false
        }
    }
}

/// What the transcript says of a recipient that was reached (observed).
fn success_line(reported: &Reported) -> Option<Vec<u8>> {
    let words: &[u8] = match reported.action {
        Action::DeliveredToList => return None,
        Action::Relayed => b"... relayed; expect no further notifications",
        _ => b"... Successfully delivered",
    };
    Some([&reported.address, words].concat())
}

/// To whom a report goes: the sender, or for a message without one the postmaster; `None` when even
/// that has failed already. Also what the address stands for, if that was found out.
fn addressee(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    envelope: &Envelope,
    kind: Kind,
    (transcript, why): (&mut Vec<Vec<u8>>, &mut Option<Vec<u8>>),
) -> Option<(Kind, Vec<u8>, Option<Addressed>)> {
    if !envelope.is_from_nobody() {
        let sender = envelope.sender.clone();
        if kind != Kind::Failure {
            return Some((kind, sender, None));
        }
        let to = [Recipient::primary(&sender[..])];
        let addressed = Addressed::to(&attempt.post, worker, &to);
        let unknown = unreachable_sender(attempt, &addressed, envelope);
        if unknown.errors.is_empty() {
            return Some((kind, sender, Some(addressed)));
        }
        transcript.extend(unknown.transcript);
        *why = unknown.waits.or(why.take());
    }
    let options = &attempt.post.site.configuration.options;
    let postmaster = match options.text("DoubleBounceAddress") {
        Some(text) => attempt.post.site.configuration.macros.expand_bytes(text),
        None => b"postmaster".to_vec(),
    };
    let again = envelope
        .recipients
        .iter()
        .any(|r| r.address == postmaster || r.alias.as_ref() == Some(&postmaster));
    if envelope.flags.response && again {
        return None;
    }
    Some((Kind::Postmaster, postmaster, None))
}

/// What is wrong with a sender that nothing can be delivered to (QU-108); nothing if something can.
fn unreachable_sender(attempt: &Attempt<'_>, sender: &Addressed, original: &Envelope) -> Said {
    if sender.is_reachable() {
        return Said::default();
    }
    let id = original.id.clone().map_or_else(Vec::new, |id| id.0);
    let mut telling = Telling {
        post: &attempt.post,
        id: &id,
        verbose: false,
        complains: false,
        logs_errors: false,
        says: None,
        shows_last: false,
        waited: (original.priority, clock::now().saturating_sub(original.created)),
        said: Said::default(),
    };
    sender.notes.iter().for_each(|note| telling.note(note));
    telling.said
}

/// `why`: the message for the queue's listing, which the log quotes too (observed).
fn log_report(
    attempt: &Attempt<'_>,
    claimed: &Claimed,
    id: &[u8],
    kind: Kind,
    why: Option<&Vec<u8>>,
) {
    let text = match (kind, why) {
        (Kind::Failure | Kind::Postmaster, Some(why)) => why.clone(),
        (Kind::Failure, None) => b"Unable to deliver mail".to_vec(),
        _ => kind.subject().into_bytes(),
    };
    attempt.post.events.report(Event {
        id: Some(claimed.place.id.0.clone()),
        severity: Severity::Info,
        level: 5,
        what: Happening::Reported { id: id.to_vec(), kind: label(kind, &claimed.envelope), text },
    });
}

/// How the log calls a report (LG-013). One that follows a warning is called as that was.
fn label(kind: Kind, original: &Envelope) -> &'static str {
    match kind {
        _ if original.flags.response => "return to sender",
        Kind::Warning { .. } => "sender notify",
        _ if original.flags.warning_sent => "sender notify",
        Kind::Failure | Kind::Receipt => "DSN",
        Kind::Postmaster | Kind::PostmasterWarning { .. } => "postmaster notify",
    }
}

/// The header of the original as a report shows it: with addresses as they would be written into a file (observed).
fn returned_header(worker: &mut Worker, envelope: &Envelope) -> Vec<u8> {
    let mailer = worker.site.mailers.iter().position(|mailer| mailer.name == b"*file*");
    if let Some(sender) = envelope.resolved_sender.as_ref().filter(|_| !envelope.is_from_nobody()) {
        worker.macros.set(b"g", &sender.canonical);
    }
    let cell = RefCell::new(worker);
    let host = Headers { worker: &cell, mailer, sender_domain: None };
    let options = OutputOptions {
        mailer_flags: RETURNED_HEADER_FLAGS,
        resent: is_resent(&envelope.header),
        delete_bcc: envelope.flags.delete_bcc,
        ..OutputOptions::default()
    };
    delivery_header(&envelope.header, &host, &options)
}

/// Seconds east of Greenwich in the system's zone.
fn system_offset(at: u64) -> i32 {
    Zone::load(&TimeZoneSpec::System).offset_at(at).seconds
}
