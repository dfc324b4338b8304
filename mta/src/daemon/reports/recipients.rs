//! Recipients as a report tells of them.

use ruleset_vm::{Enhanced, Status};

use super::reply_text;
use super::told::{Outcome, Told, diagnostic_type};
use crate::address::expand::is_direct_refusal;
use crate::address::worker::Worker;
use crate::daemon::intake::bare;
use crate::delivery::outcome;
use crate::message::envelope::{Envelope, Recipient, RecipientState};
use crate::protocol::dsn::{Action, Reported};
use crate::sys::clock;

/// `X-Actual-Recipient:`: addresses with a domain, commands and files as they are.
fn actual_recipient(recipient: &Recipient, kind: &[u8], qualified: Vec<u8>) -> Vec<u8> {
    let unquoted = |text: &[u8]| text.iter().copied().filter(|byte| *byte != b'"').collect();
    if kind.eq_ignore_ascii_case(b"rfc822") {
        let is_command = qualified.starts_with(b"\"|") || qualified.starts_with(b"\"/");
        let shown: Vec<u8> = if is_command { unquoted(&qualified) } else { qualified };
        return [b"rfc822; ", &shown[..]].concat();
    }
    let user = recipient.route.as_ref().map_or(&recipient.address, |route| &route.user);
    let user: Vec<u8> = unquoted(user);
    [kind, b"; ", &user].concat()
}

pub(super) fn wants_failure(recipient: &Recipient) -> bool {
    recipient.flags.on_failure || !recipient.flags.notify_given
}

pub(super) fn wants_delay(recipient: &Recipient) -> bool {
    recipient.flags.on_delay || !recipient.flags.notify_given
}

pub(super) fn reported(
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
        (RecipientState::Expanded, _) if told.too_large => Action::Expanded,
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
    // what the error mailer says is in the transcript alone (observed)
    let error = recipient.route.as_ref().filter(|route| route.is_error());
    let code = match error {
        Some(route) if action == Action::Failed => {
            Enhanced::parse_prefix(&route.host).map_or(Enhanced::new(5, 0, 0), |(code, _)| code)
        }
        _ => code,
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
    let reply = outcome.filter(|_| error.is_none()).and_then(|o| {
        o.exit_text.clone().or_else(|| o.diagnostic.as_ref().map(|(_, text)| text.clone()))
    });
    // of what only aliases may name, no reply is kept (observed)
    let quoted =
        error.is_none() && !is_direct_refusal(&status) && !outcome.is_some_and(|o| o.unquoted);
    let local_reply = reply_text(&status).filter(|_| quoted);
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
        // a backslash says that aliases do not count, it is no part of the name (observed)
        actual: Some(actual_recipient(
            recipient,
            &shown_type,
            qualified(user.strip_prefix(b"\\").unwrap_or(user)),
        )),
        remote_mta: outcome.and_then(|o| o.remote_mta.clone()),
        diagnostic: outcome
            .filter(|_| error.is_none())
            .and_then(|o| o.diagnostic.clone())
            .or_else(|| local_reply.filter(|_| failed).map(|text| (diagnostic_type(None), text))),
        last_attempt: Some(clock::now()),
    }
}

/// xtext as it was before it was encoded (RFC 3461 section 4).
pub(super) fn decoded(text: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn xtext_is_decoded_and_what_is_none_stays() {
        assert_eq!(decoded(b"an+2Bid"), b"an+id");
        assert_eq!(decoded(b"a+b+2"), b"a+b+2");
    }
}
