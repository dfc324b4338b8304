//! Reports about a message: what is told of each recipient, to whom, and the message that tells it.
//!
//! A report is on stable storage before the message it is about is changed, so that a crash in
//! between can repeat a report but never lose one.

use std::cell::RefCell;
use std::io::Read as _;

use ruleset_vm::{Enhanced, Exit, Status};

use super::attempt::Attempt;
use super::header_host::Headers;
use super::intake::{bare, set_time_macros};
use super::telling::Said;
use crate::address::expand::{self, ExpandOptions};
use crate::address::worker::Worker;
use crate::config::mailer::Mailer;
use crate::delivery::context::{DeliveryReport, RecipientOutcome};
use crate::delivery::outcome;
use crate::delivery::plan::DeliveryGroup;
use crate::delivery::report::by_outcome;
use crate::events::{Event, Happening, Severity};
use crate::message::body::{LineEncoder, LineForm};
use crate::message::defaults;
use crate::message::envelope::{Envelope, EnvelopeFlags, Listing, Recipient, RecipientState};
use crate::message::output::{OutputOptions, delivery_header, stored_header};
use crate::protocol::dsn::{
    self, Action, Kind, RETURNED_HEADER_FLAGS, Reported, Request, Returned,
};
use crate::queue::priority;
use crate::queue::store::{Claimed, Draft, QueueStore as _, StoreError};
use crate::sys::clock::{TimeZoneSpec, Zone};
use crate::sys::{clock, durable, ids};

/// The full name in the From: field of reports.
const REPORTER: &[u8] = b"Mail Delivery Subsystem";

/// What a report is taken to add to the size of its message, bytes (observed).
const REPORT_SIZE: u64 = 1024;

/// What an attempt has found out, for reports, the log and the queue listing.
#[derive(Clone, Default)]
pub(super) struct Told {
    outcomes: Vec<Outcome>,
    /// The session, line by line.
    pub(super) transcript: Vec<Vec<u8>>,
    /// The text for the queue listing.
    pub(super) queue_message: Option<Vec<u8>>,
    /// A delay is to be told: seconds of the warning, seconds of giving up.
    pub(super) warn: Option<(u64, u64)>,
    /// The message is given up after so many seconds.
    pub(super) give_up: Option<u64>,
    body_refused: bool,
    system_error: bool,
}

#[derive(Clone)]
struct Outcome {
    recipient: usize,
    status: Status,
    reported: Enhanced,
    remote_mta: Option<Vec<u8>>,
    diagnostic: Option<(Vec<u8>, Vec<u8>)>,
    address_type: Option<Vec<u8>>,
    /// The reason, when it is the exit status of a program.
    exit_text: Option<Vec<u8>>,
    relayed: bool,
    dsn_passed_on: bool,
}

impl Told {
    /// What was said while the recipients were resolved, and why the message waits, if it does.
    pub(super) fn new(waits: Option<Vec<u8>>, said: &Said) -> Self {
        let queue_message = waits.or_else(|| said.waits.clone());
        Self { queue_message, transcript: said.transcript.clone(), ..Self::default() }
    }

    /// A recipient that failed or was put off before a mailer was tried.
    pub(super) fn note_status(&mut self, index: usize, mailer: Option<&Mailer>, status: &Status) {
        let reported = status.enhanced.unwrap_or_else(|| outcome::reported_code(status.exit));
        self.outcomes.push(Outcome {
            recipient: index,
            status: status.clone(),
            reported,
            remote_mta: None,
            diagnostic: reply_text(status)
                .filter(|_| !status.retry)
                .map(|text| (diagnostic_type(mailer), text)),
            address_type: mailer.and_then(|mailer| mailer.types.address.clone()),
            exit_text: None,
            relayed: false,
            dsn_passed_on: false,
        });
    }

    /// The outcomes of a delivery.
    pub(super) fn note_report(
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
        self.system_error |= report.system_error;
        self.transcript.extend(report.transcript.iter().cloned());
        self.body_refused |= report.body_refused;
        for found in &report.outcomes {
            if envelope.recipients.get(found.recipient).is_none() {
                continue;
            }
            self.outcomes.push(Outcome {
                recipient: found.recipient,
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
                dsn_passed_on: report.relayed_with_dsn,
            });
        }
    }

    /// The first exit status that is not OK; what is only put off for now counts as OK (ML-151).
    pub(super) fn exit(&self) -> Exit {
        if self.system_error {
            return Exit::SOFTWARE;
        }
        self.outcomes
            .iter()
            .map(|outcome| outcome.status.exit)
            .find(|exit| !matches!(*exit, Exit::OK | Exit::TEMPFAIL))
            .map_or(Exit::OK, |exit| match outcome::exit_row(exit) {
                Some(_) => exit,
                None => Exit::UNAVAILABLE,
            })
    }
}

/// The type in front of a diagnostic, from the mailer's T= as written; `SMTP` by default.
fn diagnostic_type(mailer: Option<&Mailer>) -> Vec<u8> {
    let kind = mailer.and_then(|mailer| mailer.types.diagnostic.clone());
    kind.unwrap_or_else(|| b"SMTP".to_vec())
}

/// The exit status of a local program that failed, the diagnostic of its failure.
fn exit_number(mailer: &Mailer, found: &RecipientOutcome) -> Option<Vec<u8>> {
    use crate::config::mailer::Transport;
    let is_local = matches!(mailer.transport(), Transport::Program | Transport::File);
    let failed = is_local && !found.status.is_ok() && !found.status.retry;
    failed.then(|| found.status.exit.0.to_string().into_bytes())
}

/// `X-Actual-Recipient:`: addresses with a domain, commands and files as they are.
fn actual_recipient(recipient: &Recipient, kind: &[u8], qualified: Vec<u8>) -> Vec<u8> {
    if kind.eq_ignore_ascii_case(b"rfc822") {
        return [b"rfc822; ", &qualified[..]].concat();
    }
    let user = recipient.route.as_ref().map_or(&recipient.address, |route| &route.user);
    let user: Vec<u8> = user.iter().copied().filter(|byte| *byte != b'"').collect();
    [kind, b"; ", &user].concat()
}

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
    let failed = reported(envelope, told, worker, |recipient| {
        matches!(recipient.state, RecipientState::Failed(_)) && wants_failure(recipient)
    });
    let mut safe = true;
    if !failed.is_empty() {
        safe = keep(attempt, worker, claimed)
            || tell(attempt, worker, claimed, told, Kind::Failure, failed);
    }
    if let Some((after, give_up)) = told.warn
        && !envelope.is_from_nobody()
    {
        let late = reported(envelope, told, worker, |recipient| {
            matches!(recipient.state, RecipientState::Deferred(_) | RecipientState::Pending)
                && wants_delay(recipient)
        });
        if !late.is_empty() {
            tell(attempt, worker, claimed, told, Kind::Warning { after, give_up }, late);
        }
    }
    if !envelope.is_from_nobody() {
        receipt(attempt, worker, claimed, told);
    }
    safe
}

/// Tells of recipients that were reached, if that was asked for. Members of a list that was just expanded are in
/// the transcript only (observed).
fn receipt(attempt: &Attempt<'_>, worker: &mut Worker, claimed: &Claimed, told: &Told) {
    let envelope = &claimed.envelope;
    let is_reached = |recipient: &Recipient| {
        let counts = match recipient.listing {
            Listing::List => recipient.state == RecipientState::Expanded,
            Listing::Own | Listing::Hidden => matches!(recipient.state, RecipientState::Sent(_)),
        };
        counts && recipient.flags.on_success
    };
    let reached = reported(envelope, told, worker, is_reached);
    if reached.is_empty() {
        return;
    }
    let lines: Vec<Vec<u8>> = reached.iter().filter_map(success_line).collect();
    let hidden = reported(envelope, told, worker, |recipient| {
        is_reached(recipient) && recipient.listing == Listing::Hidden
    });
    let mut told = told.clone();
    told.transcript.extend(lines);
    let listed = reached.into_iter().filter(|one| !hidden.contains(one)).collect();
    tell(attempt, worker, claimed, &told, Kind::Receipt, listed);
}

/// Keeps the message in the sender's `dead.letter`, if that is where it goes (QU-094).
fn keep(attempt: &Attempt<'_>, worker: &mut Worker, claimed: &Claimed) -> bool {
    let Some(dead_letter) = &attempt.dead_letter else { return false };
    let header = returned_header(worker, &claimed.envelope);
    let from_line = [&worker.macros.value(b"l")[..], b"\n"].concat();
    dead_letter.save(&from_line, &header, claimed.body.as_deref())
}

fn wants_failure(recipient: &Recipient) -> bool {
    recipient.flags.on_failure || !recipient.flags.notify_given
}

fn wants_delay(recipient: &Recipient) -> bool {
    recipient.flags.on_delay || !recipient.flags.notify_given
}

fn reported(
    envelope: &Envelope,
    told: &Told,
    worker: &Worker,
    which: impl Fn(&Recipient) -> bool,
) -> Vec<Reported> {
    let mut out = Vec::new();
    for (index, recipient) in envelope.recipients.iter().enumerate() {
        if !which(recipient) {
            continue;
        }
        let outcome = told.outcomes.iter().rev().find(|outcome| outcome.recipient == index);
        if outcome.is_some_and(|o| o.dsn_passed_on && o.status.is_ok()) {
            continue;
        }
        out.push(one_reported(recipient, outcome, told, worker));
    }
    out
}

fn one_reported(
    recipient: &Recipient,
    outcome: Option<&Outcome>,
    told: &Told,
    worker: &Worker,
) -> Reported {
    let action = match (&recipient.state, outcome) {
        (RecipientState::Sent(_), Some(o)) if o.relayed => Action::Relayed,
        (RecipientState::Sent(_), _) => Action::Delivered,
        (RecipientState::Expanded, _) => Action::DeliveredToList,
        (RecipientState::Failed(_), _) => Action::Failed,
        _ => Action::Delayed,
    };
    let status = match &recipient.state {
        RecipientState::Failed(status) | RecipientState::Deferred(status) => status.clone(),
        RecipientState::Sent(status) => status.clone(),
        _ => Status::ok(),
    };
    let code = match (told.give_up, outcome) {
        (Some(_), _) if action == Action::Failed => Enhanced::new(4, 4, 7),
        (_, Some(_)) if action == Action::Delivered => Enhanced::new(2, 1, 5),
        (_, Some(outcome)) => outcome.reported,
        _ => status.enhanced.unwrap_or_else(|| outcome::reported_code(status.exit)),
    };
    let host = worker.macros.value(b"j");
    let qualified = |address: &[u8]| {
        if address.contains(&b'@') { address.to_vec() } else { [address, b"@", &host].concat() }
    };
    let user = recipient.route.as_ref().map_or(bare(&recipient.address), |route| &route.user);
    let address_type = outcome.and_then(|o| o.address_type.clone());
    let shown_type = address_type.clone().unwrap_or_else(|| b"rfc822".to_vec());
    let named = recipient.alias.clone().unwrap_or_else(|| recipient.address.clone());
    let final_recipient = recipient.final_recipient.clone().unwrap_or_else(|| {
        [&shown_type.to_ascii_uppercase()[..], b"; ", &qualified(&named)].concat()
    });
    let reply = outcome.and_then(|o| {
        o.exit_text.clone().or_else(|| o.diagnostic.as_ref().map(|(_, text)| text.clone()))
    });
    let local_reply = reply_text(&status);
    let failed = action == Action::Failed && told.give_up.is_none();
    let reason = if failed { reply.or_else(|| local_reply.clone()) } else { None };
    Reported {
        address: recipient.address.clone(),
        expanded_from: recipient.alias.clone().filter(|alias| *alias != recipient.address),
        reason,
        action,
        status: code,
        original: recipient.original.as_deref().map(decoded),
        final_recipient,
        actual: Some(actual_recipient(recipient, &shown_type, qualified(user))),
        remote_mta: outcome.and_then(|o| o.remote_mta.clone()),
        diagnostic: outcome
            .and_then(|o| o.diagnostic.clone())
            .or_else(|| local_reply.filter(|_| failed).map(|text| (diagnostic_type(None), text))),
        last_attempt: Some(clock::now()),
    }
}

/// xtext as it was before it was encoded (RFC 3461 section 4).
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let hex =
            after.get(..2).filter(|_| byte == b'+').and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// Makes one report and starts its delivery.
fn tell(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    told: &Told,
    kind: Kind,
    recipients: Vec<Reported>,
) -> bool {
    let post = &attempt.post;
    let envelope = &claimed.envelope;
    let mut transcript = told.transcript.clone();
    let Some((kind, to)) = addressee(attempt, envelope, kind, &mut transcript) else {
        return false;
    };
    if to.is_empty() {
        return true;
    }
    let id = post.new_id();
    if let Some(after) = told.give_up {
        transcript.extend(dsn::give_up_lines(after));
    } else if let Kind::Warning { after, give_up } = kind {
        transcript.extend(dsn::warning_lines(after, give_up));
    }
    let header = returned_header(worker, envelope);
    let host = worker.macros.value(b"j");
    let origin = worker.macros.value(b"_");
    let name = worker.macros.value(b"s");
    // The origin of what comes over a connection has its address.
    let from_network = origin.contains(&b'[');
    let by_smtp = worker.macros.value(b"r").ends_with(b"SMTP");
    let returned = if envelope.flags.no_body_return || told.body_refused || kind == Kind::Receipt {
        Returned::Headers
    } else {
        Returned::Full
    };
    let options = &post.site.configuration.options;
    let request = Request {
        kind,
        id: &id.0,
        original_id: &claimed.place.id.0,
        host: &host,
        origin: &origin,
        received_from_mta: (by_smtp && from_network && !name.is_empty()).then_some(name.as_slice()),
        envid: envelope.envid.as_deref(),
        arrived: envelope.created,
        deliver_by: None,
        now: clock::now(),
        offset_at: system_offset,
        mime: options.flag("SendMimeErrors", true),
        has_8bit: envelope.flags.has_8bit,
        error_header: b"",
        recipients: &recipients,
        transcript: &transcript,
        returned,
        header: &header,
    };
    let report = dsn::report(&request, &[&to]);
    log_report(attempt, claimed, &id.0, kind, &recipients);
    let stored = store(attempt, worker, claimed, &report, id, &to);
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
            // The report's own delivery must not disturb the macros of this message.
            let mut own = post.worker();
            next.run(&mut own, report);
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
/// that has failed already.
fn addressee(
    attempt: &Attempt<'_>,
    envelope: &Envelope,
    kind: Kind,
    transcript: &mut Vec<Vec<u8>>,
) -> Option<(Kind, Vec<u8>)> {
    if !envelope.is_from_nobody() {
        let unknown = unreachable_sender(attempt, &envelope.sender);
        if kind != Kind::Failure || unknown.is_empty() {
            return Some((kind, envelope.sender.clone()));
        }
        transcript.extend(unknown);
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
    Some((Kind::Postmaster, postmaster))
}

/// What is wrong with a sender that nothing can be delivered to (QU-108); nothing if something can.
fn unreachable_sender(attempt: &Attempt<'_>, sender: &[u8]) -> Vec<Vec<u8>> {
    let post = &attempt.post;
    let mut worker = post.worker();
    let options = ExpandOptions::of_site(&post.site, &post.delivery.default_user);
    let mut envelope =
        Envelope { recipients: vec![Recipient::primary(sender)], ..Envelope::default() };
    expand::expand(&mut worker, &mut envelope, &options, &mut |_| {});
    let mut lines = Vec::new();
    for recipient in &envelope.recipients {
        match &recipient.state {
            RecipientState::Failed(status) => {
                lines.push(ruleset_vm::error_mailer::status_text(&recipient.address, status));
            }
            RecipientState::Expanded | RecipientState::Duplicate => {}
            _ => return Vec::new(),
        }
    }
    lines
}

fn log_report(attempt: &Attempt<'_>, claimed: &Claimed, id: &[u8], kind: Kind, told: &[Reported]) {
    let label = match kind {
        Kind::Failure | Kind::Receipt => "DSN",
        Kind::Warning { .. } => "sender notify",
        Kind::Postmaster | Kind::PostmasterWarning { .. } => "postmaster notify",
    };
    let text = match told.first().and_then(|first| first.reason.clone()) {
        Some(reason) if kind == Kind::Failure => ruleset_vm::split_codes(&reason).1.to_vec(),
        _ => kind.subject().into_bytes(),
    };
    attempt.post.events.report(Event {
        id: Some(claimed.place.id.0.clone()),
        severity: if kind == Kind::Receipt { Severity::Info } else { Severity::Notice },
        level: 5,
        what: Happening::Reported { id: id.to_vec(), kind: label, text },
    });
}

/// The header of the original as a report shows it: not rewritten.
fn returned_header(worker: &mut Worker, envelope: &Envelope) -> Vec<u8> {
    if !envelope.is_from_nobody() {
        let sender = worker.canonical_sender(bare(&envelope.sender));
        worker.macros.set(b"g", &sender);
    }
    let cell = RefCell::new(worker);
    let host = Headers { worker: &cell, mailer: None, sender_domain: None };
    let options = OutputOptions {
        mailer_flags: RETURNED_HEADER_FLAGS,
        delete_bcc: envelope.flags.delete_bcc,
        ..OutputOptions::default()
    };
    delivery_header(&envelope.header, &host, &options)
}

/// Puts a report into the queue.
fn store(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    report: &dsn::Report,
    id: crate::message::envelope::QueueId,
    to: &[u8],
) -> Result<Claimed, StoreError> {
    let post = &attempt.post;
    let now = clock::now();
    let kept = worker.macros.clone();
    worker.reset();
    set_time_macros(worker, post, now, &id);
    let daemon = worker.macros.value(b"n");
    for (name, value) in [
        (&b"r"[..], &b""[..]),
        (b"s", b"localhost"),
        (b"_", b"localhost"),
        (b"x", REPORTER),
        (b"f", &daemon),
        (b"g", &daemon),
    ] {
        worker.macros.set(name, value);
    }
    let assembled = defaults::assemble(&post.site.default_header, Vec::new(), &[]);
    let mut fields = assembled.header;
    for field in &report.fields {
        defaults::insert(&mut fields, field.clone());
    }
    let header = {
        let cell = RefCell::new(&mut *worker);
        let host = Headers { worker: &cell, mailer: None, sender_domain: None };
        stored_header(&fields, &host, &OutputOptions::default())
    };
    worker.macros = kept;
    let choice = usize::try_from(ids::random_u64() >> 1).unwrap_or(0);
    let mut draft = post.store.begin(&id, choice)?;
    draft.write(&report.before_body)?;
    if report.with_body {
        copy_body(claimed, &mut *draft)?;
    }
    draft.write(&report.after_body)?;
    let size = if report.with_body { claimed.envelope.size + REPORT_SIZE } else { 0 };
    let recipient = Recipient { flags: response_flags(), ..Recipient::primary(to) };
    let envelope = Envelope {
        id: Some(id),
        created: now,
        sender: daemon,
        flags: EnvelopeFlags { response: true, ..EnvelopeFlags::default() },
        priority: priority::initial(size, 0, 1, &post.factors()),
        size,
        macros: vec![
            (b"r".to_vec(), Vec::new()),
            (b"s".to_vec(), b"localhost".to_vec()),
            (b"_".to_vec(), b"localhost".to_vec()),
        ],
        recipients: vec![recipient],
        header,
        ..Envelope::default()
    };
    draft.commit(envelope)
}

fn response_flags() -> crate::message::envelope::RecipientFlags {
    crate::message::envelope::RecipientFlags {
        primary: true,
        on_failure: true,
        ..crate::message::envelope::RecipientFlags::default()
    }
}

/// Copies the body; lines that begin with `From ` get a `>` in reports (observed).
fn copy_body(claimed: &Claimed, draft: &mut dyn Draft) -> Result<(), StoreError> {
    let Some(path) = &claimed.body else { return Ok(()) };
    let mut file = durable::open_readable(path)?;
    let form = LineForm { eol: b"\n".to_vec(), limit: 0, escape_from: true, seven_bit: false };
    let mut encoder = LineEncoder::new(form);
    let mut buffer = [0; 16 << 10];
    let mut encoded = Vec::new();
    loop {
        encoded.clear();
        let count = match file.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::Body(error)),
        };
        match count {
            0 => encoder.finish(false, &mut encoded),
            count => encoder.push(&buffer[..count], &mut encoded),
        }
        draft.write(&encoded)?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// Seconds east of Greenwich in the system's zone.
fn system_offset(at: u64) -> i32 {
    Zone::load(&TimeZoneSpec::System).offset_at(at).seconds
}
