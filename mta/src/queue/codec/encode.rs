//! Envelope to control file.

use super::{QUOTE, VERSION, is_operator};
use crate::message::envelope::{
    DeliverBy, Envelope, EnvelopeFlags, Field, Recipient, RecipientFlags, RecipientState,
};
use crate::message::field_kind::kind_of;

/// A letter and the flag it stands for.
pub(super) type Letter<F> = (u8, fn(&mut F) -> &mut bool);

/// The letters of the `F` line with the flag each stands for, in written order (QU-025).
pub(super) const ENVELOPE_FLAGS: [Letter<EnvelopeFlags>; 8] = [
    (b'w', |f| &mut f.warning_sent),
    (b'r', |f| &mut f.response),
    (b'8', |f| &mut f.has_8bit),
    (b'b', |f| &mut f.delete_bcc),
    (b'd', |f| &mut f.ret_given),
    (b'n', |f| &mut f.no_body_return),
    (b'e', |f| &mut f.smtputf8),
    (b's', |f| &mut f.split),
];

/// The letters of an `R` line with the flag each stands for, in written order (QU-034).
pub(super) const RECIPIENT_FLAGS: [Letter<RecipientFlags>; 8] = [
    (b'P', |f| &mut f.primary),
    (b'N', |f| &mut f.notify_given),
    (b'S', |f| &mut f.on_success),
    (b'F', |f| &mut f.on_failure),
    (b'D', |f| &mut f.on_delay),
    (b'A', |f| &mut f.from_alias),
    (b'B', |f| &mut f.internal_bcc),
    (b'X', |f| &mut f.mx_secure),
];

/// The bytes of the control file.
///
/// Recipients that are delivered, failed, expanded or duplicates are left out (QU-040), and so are
/// header fields without a value unless they came with the message. A line break in a text starts
/// a continuation line, so that no value can forge another line; a NUL is dropped.
#[must_use]
pub fn encode(envelope: &Envelope) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    line(&mut out, b"V", VERSION.to_string().as_bytes());
    numbers(&mut out, envelope);
    optional(&mut out, b"d", envelope.body_directory.as_deref());
    optional(&mut out, b"I", envelope.body_identity.as_deref());
    optional(&mut out, b"B", envelope.body_name());
    optional(&mut out, b"q", envelope.quarantine.as_deref());
    optional(&mut out, b"M", envelope.message.as_deref());
    let mut flags = envelope.flags;
    let letters = letters(&ENVELOPE_FLAGS, &mut flags);
    if !letters.is_empty() {
        line(&mut out, b"F", &letters);
    }
    for (name, value) in &envelope.macros {
        let mut text = name.clone();
        text.extend_from_slice(value);
        line(&mut out, b"$", &text);
    }
    let sender: &[u8] = if envelope.sender.is_empty() { b"<>" } else { &envelope.sender };
    line(&mut out, b"S", sender);
    optional(&mut out, b"Z", envelope.envid.as_deref());
    optional(&mut out, b"A", envelope.auth.as_deref());
    if let Some(DeliverBy { mode, seconds }) = envelope.deliver_by {
        line(&mut out, b"!", &[&[mode, b' '], seconds.to_string().as_bytes()].concat());
    }
    recipients(&mut out, envelope);
    for field in &envelope.header {
        header(&mut out, field);
    }
    out.extend_from_slice(b".\n");
    out
}

fn numbers(out: &mut Vec<u8>, envelope: &Envelope) {
    line(out, b"T", envelope.created.to_string().as_bytes());
    line(out, b"K", envelope.last_try.to_string().as_bytes());
    line(out, b"N", envelope.tries.to_string().as_bytes());
    line(out, b"P", envelope.priority.to_string().as_bytes());
}

fn letters<F: Copy>(table: &[Letter<F>], flags: &mut F) -> Vec<u8> {
    table.iter().filter(|(_, flag)| *flag(flags)).map(|&(letter, _)| letter).collect()
}

/// Whether the control file keeps this recipient.
fn is_kept(recipient: &Recipient) -> bool {
    recipient.state.waits()
}

/// The reply that put a recipient off, if it was one to its own `RCPT`, stands in front of it (observed).
fn recipients(out: &mut Vec<u8>, envelope: &Envelope) {
    let recipients = &envelope.recipients;
    let mut controlling: Vec<u8> = Vec::new();
    for recipient in recipients.iter().filter(|recipient| is_kept(recipient)) {
        if let RecipientState::Deferred(status) = &recipient.state
            && !status.text.is_empty()
        {
            line(out, b"M", &status.text);
        }
        let own = controlling_text(recipient);
        if own != controlling {
            line(out, b"C", &own);
            controlling = own;
        }
        optional(out, b"Q", recipient.original.as_deref());
        optional(out, b"r", recipient.final_recipient.as_deref());
        let mut flags = recipient.flags;
        let mut text = letters(&RECIPIENT_FLAGS, &mut flags);
        text.push(b':');
        text.extend_from_slice(&recipient.address);
        line(out, b"R", &text);
    }
}

/// What stands behind the `C`: `user:uid:gid:alias`, `:alias` or nothing (QU-031).
fn controlling_text(recipient: &Recipient) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(user) = &recipient.controlling_user {
        text.extend_from_slice(&user.user);
        text.extend_from_slice(format!(":{}:{}", user.uid, user.gid).as_bytes());
    }
    if let Some(alias) = &recipient.alias {
        text.push(b':');
        text.extend_from_slice(alias);
    }
    text
}

fn header(out: &mut Vec<u8>, field: &Field) {
    if field.is_default && field.value.is_empty() {
        return;
    }
    let value = if kind_of(&field.name).late { field.value.clone() } else { quoted(&field.value) };
    let text = [b"?", field.condition.as_slice(), b"?", &field.name, b":", &value].concat();
    line(out, b"H", &text);
}

/// The value of a field with the octet 0377 in front of those that sendmail would take for its operators (observed). In a
/// field that is completed at delivery they are operators.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        if is_operator(*byte) {
            out.push(QUOTE);
        }
        out.push(*byte);
    }
    out
}

fn optional(out: &mut Vec<u8>, letter: &[u8], text: Option<&[u8]>) {
    if let Some(text) = text {
        line(out, letter, text);
    }
}

/// One logical line. A line break inside is kept where white space follows and gets a tab otherwise.
fn line(out: &mut Vec<u8>, letter: &[u8], text: &[u8]) {
    out.extend_from_slice(letter);
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\n', 0, rest) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        let is_break = after.first() == Some(&b'\n');
        rest = after.get(1..).unwrap_or_default();
        if is_break {
            out.push(b'\n');
            if !matches!(rest.first(), Some(b' ' | b'\t')) {
                out.push(b'\t');
            }
        }
    }
    out.extend_from_slice(rest);
    out.push(b'\n');
}
