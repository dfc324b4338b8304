//! L5: brings a message to the recipients of one envelope: planning, hosts, programs, files, SMTP.
//!
//! [`plan::plan`] cuts the recipients into groups; [`deliver`] takes one group to its mailer and says
//! what became of each recipient. Both run on a blocking thread.

pub mod cache;
pub mod context;
pub mod file;
pub mod host_status;
pub mod hosts;
pub mod identity;
pub mod outcome;
pub mod plan;
pub mod program;
pub mod report;
pub mod smtp;
pub mod timeouts;

use ruleset_vm::error_mailer::strip_quotes;
use ruleset_vm::{Enhanced, Exit, Status};

use crate::config::mailer::{Mailer, Transport};
use context::{DeliveryContext, DeliveryReport, MessageSource, RecipientOutcome};
use plan::DeliveryGroup;
use program::Addressees;

/// Delivers to one group. Every recipient of the group has an outcome in the report; nothing is
/// written to the queue and no log line is made (see [`report::events`] for those).
#[must_use]
pub fn deliver(
    group: &DeliveryGroup,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> DeliveryReport {
    let Some(mailer) = context.mailers.get(group.mailer) else {
        let status = Status::from_exit(Exit::SOFTWARE, "unknown mailer");
        return DeliveryReport::all(&group.recipients, &status);
    };
    if mailer.max_size != 0 && message.size() > mailer.max_size {
        let report = too_large(mailer, group);
        return finished(report, group, context);
    }
    let addressees = addressees(mailer, group, context);
    let (recipients, index) = (&group.recipients, group.mailer);
    let (report, session) = match mailer.transport() {
        Transport::Program => {
            announce_program(mailer, &addressees, recipients, context);
            let mut report = program::deliver(index, recipients, &addressees, message, context);
            report.relay = (!addressees.host.is_empty()).then(|| addressees.host.clone());
            (report, None)
        }
        Transport::File => (file::deliver(index, recipients, &addressees, message, context), None),
        Transport::Tcp | Transport::UnixSocket | Transport::ProgramSmtp | Transport::Inherited => {
            smtp::deliver(index, recipients, &addressees, message, context)
        }
    };
    let report = finished(report, group, context);
    if let Some(open) = session {
        open.release(mailer, &report, context);
    }
    report
}

/// Adds the response lines to the transcript and shows the outcomes to `-v`.
fn finished(
    mut report: DeliveryReport,
    group: &DeliveryGroup,
    context: &DeliveryContext<'_>,
) -> DeliveryReport {
    for (outcome, recipients) in report::by_outcome(&report.outcomes, group) {
        if outcome.told {
            continue;
        }
        let addresses = address_list(context, &recipients);
        let line = tell(outcome, &addresses, context);
        if !outcome.status.is_ok() {
            report.transcript.push(line);
        }
    }
    report
}

/// Shows what became of recipients to whoever watches, and makes the line for the transcript.
fn tell(outcome: &RecipientOutcome, addresses: &[u8], context: &DeliveryContext<'_>) -> Vec<u8> {
    let shown = Status { text: response_text(outcome), ..outcome.status.clone() };
    let line = outcome::response_line(&shown, addresses);
    if matches!(outcome.status.exit, Exit::OK | Exit::TEMPFAIL) {
        (context.verbose)(&[addresses, b"... ", &outcome.stat].concat());
    } else {
        (context.complain)(ruleset_vm::split_codes(&line).1);
    }
    line
}

/// The words behind `Deferred: ` or in place of the text.
fn response_text(outcome: &RecipientOutcome) -> Vec<u8> {
    match outcome.stat.strip_prefix(b"Deferred") {
        Some(rest) => rest.strip_prefix(b": ").unwrap_or(rest).to_vec(),
        None => outcome.stat.clone(),
    }
}

/// The addresses of `recipients` as one list, without upper bits, as it stands in front of messages (observed).
fn address_list(context: &DeliveryContext<'_>, recipients: &[usize]) -> Vec<u8> {
    let known = recipients.iter().filter_map(|&at| context.envelope.recipients.get(at));
    let addresses: Vec<&[u8]> = known.map(|recipient| recipient.address.as_slice()).collect();
    addresses.join(&b","[..]).iter().map(|byte| byte & 0x7f).collect()
}

/// `ADDR... Connecting to prog...`, or with the host `Connecting to H via M...` (ML-149).
fn announce_program(
    mailer: &Mailer,
    addressees: &Addressees,
    recipients: &[usize],
    context: &DeliveryContext<'_>,
) {
    let reversed: Vec<usize> = recipients.iter().rev().copied().collect();
    let mut line = address_list(context, &reversed);
    line.extend_from_slice(b"... Connecting to ");
    if !addressees.host.is_empty() {
        line.extend_from_slice(&addressees.host);
        line.extend_from_slice(b" via ");
    }
    line.extend_from_slice(&mailer.name);
    line.extend_from_slice(b"...");
    (context.verbose)(&line);
}

/// `$h` and `$u` of the group: host in lower case unless flag `h`, quotes stripped with flag `s`,
/// leading backslashes with flag `B`, the bar in front of a program's command taken off.
fn addressees(mailer: &Mailer, group: &DeliveryGroup, context: &DeliveryContext<'_>) -> Addressees {
    let strip = mailer.flags.has(b's');
    let plain = |text: &[u8]| if strip { strip_quotes(text) } else { text.to_vec() };
    let mut host = plain(&group.host);
    if !mailer.flags.has(b'h') {
        host.make_ascii_lowercase();
    }
    let users = group.recipients.iter().map(|&at| {
        let route = context.envelope.recipients.get(at).and_then(|one| one.route.as_ref());
        let mut user = plain(route.map_or(&b""[..], |route| &route.user));
        if mailer.flags.has(b'B') {
            let backslashes = user.iter().take_while(|&&byte| byte == b'\\').count();
            user.drain(..backslashes);
        }
        if mailer.name.eq_ignore_ascii_case(b"prog") && user.first() == Some(&b'|') {
            user.remove(0);
        }
        user
    });
    let users = users.collect();
    Addressees { host, users }
}

/// The message exceeds `M=` (ML-018).
fn too_large(mailer: &Mailer, group: &DeliveryGroup) -> DeliveryReport {
    let code = Enhanced::new(5, 3, 4);
    let status = Status { enhanced: Some(code), ..outcome::from_exit(Exit::UNAVAILABLE, mailer) };
    let mut report = DeliveryReport::all(&group.recipients, &status);
    report.outcomes.iter_mut().for_each(|outcome| outcome.reported = code);
    report.body_refused = true;
    let line = format!("552 {code} Message is too large; {} bytes max", mailer.max_size);
    report.transcript.push(line.into_bytes());
    report
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
