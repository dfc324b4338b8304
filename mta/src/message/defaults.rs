//! Joining the configuration's header lines with the message's own fields (AD-062 to AD-071).

use crate::message::envelope::Field;
use crate::message::field_kind::kind_of;

/// NoRecipientAction (AD-076).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoRecipientAction {
    /// Nothing is added.
    #[default]
    None,
    /// `To:` with the envelope recipients.
    AddTo,
    /// `Apparently-To:`, one per recipient.
    AddApparentlyTo,
    /// An empty `Bcc:`.
    AddBcc,
    /// `To: undisclosed-recipients:;`
    AddUndisclosed,
}

/// The header of a new message, ready for the envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// The configuration's lines that still count, in its order, then the message's fields.
    pub header: Vec<Field>,
    /// The message has a `Resent-` field (AD-068).
    pub resent: bool,
    /// A recipient field other than Bcc is there: `Bcc:` is to be removed (AD-071, the flag `b`).
    pub delete_bcc: bool,
    /// Trace fields of the message (AD-064); the one still to be added is not counted.
    pub hops: usize,
    /// No field separates addresses with commas or brackets: lists may be old style (AD-053).
    pub old_style: bool,
}

/// Whether something in a list tells that blanks do not separate its addresses (AD-053).
#[must_use]
pub fn has_separators(list: &[u8]) -> bool {
    list.iter().any(|byte| b",;<(".contains(byte))
}

/// Joins the lines of the configuration (`defaults`) with the fields of a message.
///
/// `sender_names` are the texts for which a `From:` is taken away and made anew (AD-066: sender
/// address as given and as resolved); empty when the sender's mailer has the flag `!`.
#[must_use]
pub fn assemble(defaults: &[Field], input: Vec<Field>, sender_names: &[&[u8]]) -> Assembled {
    let mut kept: Vec<Field> =
        defaults.iter().cloned().map(|field| Field { is_default: true, ..field }).collect();
    let mut own = Vec::with_capacity(input.len());
    let mut out = Assembled { old_style: true, ..Assembled::default() };
    out.resent = input.iter().any(|field| kind_of(&field.name).resent);
    let mine: &[u8] = if out.resent { b"resent-from" } else { b"from" };
    for field in input {
        let kind = kind_of(&field.name);
        let is_mine = field.name.eq_ignore_ascii_case(mine);
        if is_mine && sender_names.contains(&field.value.as_slice()) {
            continue;
        }
        if let Some(field) = replace_default(&mut kept, field, kind.forced) {
            out.delete_bcc |= kind.recipient && !kind.blind && !kind.resent;
            out.hops += usize::from(kind.trace);
            let is_list = kind.sender || kind.recipient;
            out.old_style &= !(is_list && has_separators(&field.value));
            own.push(field);
        }
    }
    kept.append(&mut own);
    out.header = kept;
    out
}

/// Takes the default of the same name away. A blank field does not replace its default (observed):
/// it is dropped. A field that always obeys conditions takes over the default's (CF-060).
fn replace_default(defaults: &mut Vec<Field>, mut field: Field, forced: bool) -> Option<Field> {
    if forced {
        return Some(field);
    }
    let same = |d: &Field| d.name.eq_ignore_ascii_case(&field.name);
    let Some(default) = defaults.iter().find(|d| same(d)) else { return Some(field) };
    if field.value.trim_ascii().is_empty() {
        return None;
    }
    let condition = default.condition.clone();
    defaults.retain(|d| !same(d));
    if kind_of(&field.name).always_conditional {
        field.condition = condition;
    }
    Some(field)
}

/// Adds a field in front of the first one of its name, which it replaces when that is a default; at
/// the end if there is none (observed).
pub fn insert(header: &mut Vec<Field>, field: Field) {
    let same = |known: &Field| known.name.eq_ignore_ascii_case(&field.name);
    match header.iter().position(same) {
        None => header.push(field),
        Some(at) => match header.get_mut(at) {
            Some(known) if known.is_default => *known = field,
            _ => header.insert(at, field),
        },
    }
}

/// Adds what NoRecipientAction asks for when no field names a recipient.
pub fn add_recipient_field<'a>(
    header: &mut Vec<Field>,
    action: NoRecipientAction,
    recipients: impl Iterator<Item = &'a [u8]>,
) {
    if header.iter().any(|field| !field.is_default && kind_of(&field.name).recipient) {
        return;
    }
    let field = |name: &[u8], value: Vec<u8>| Field {
        condition: Vec::new(),
        name: name.to_vec(),
        value,
        is_default: false,
    };
    match action {
        NoRecipientAction::None => {}
        NoRecipientAction::AddBcc => header.push(field(b"Bcc", b" ".to_vec())),
        NoRecipientAction::AddUndisclosed => {
            header.push(field(b"To", b" undisclosed-recipients:;".to_vec()));
        }
        NoRecipientAction::AddApparentlyTo => {
            header.extend(recipients.map(|r| field(b"Apparently-To", [b" ", r].concat())));
        }
        NoRecipientAction::AddTo => {
            let all: Vec<&[u8]> = recipients.collect();
            header.push(field(b"To", [b" ".as_slice(), &all.join(b", ".as_slice())].concat()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str, is_default: bool) -> Field {
        let (name, value) = (name.into(), value.into());
        Field { condition: Vec::new(), name, value, is_default }
    }

    #[test]
    fn a_field_of_a_report_takes_the_place_of_its_default() {
        let mut header = vec![field("Date", "$a", true), field("Subject", "", true)];
        insert(&mut header, field("To", " b", false));
        insert(&mut header, field("subject", " s", false));
        insert(&mut header, field("To", " a", false));
        let shown: Vec<_> =
            header.iter().map(|f| (f.name.as_slice(), f.value.as_slice())).collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"Date", b"$a"), (b"subject", b" s"), (b"To", b" a"), (b"To", b" b")];
        assert_eq!(shown, expected);
    }
}
