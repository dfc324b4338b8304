//! The header as it leaves: for one delivery, or for the control file (CF-059 to CF-062, AD-062 to
//! AD-072). Pure: macros and address rewriting are asked of a [`HeaderHost`].
//!
//! Texts have LF line ends and no line longer than the message had, except re-folded address lists;
//! line ends and line limits of the mailer are `message::body`'s.

use ruleset_vm::crack::{CrackOptions, Cracked, crack_with};

use crate::message::address_list::{FOLD_COLUMNS, ListStyle, elements, fold};
use crate::message::envelope::Field;
use crate::message::field_kind::{FieldKind, kind_of};

/// Which rewriting an address in a header gets (RS-083, RS-084).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As a sender.
    Sender,
    /// As a recipient.
    Recipient,
}

/// What the header needs from the configuration.
pub trait HeaderHost {
    /// Expands the macros of a template; octet 0201 and a letter is a macro, too.
    fn expand(&self, template: &[u8]) -> Vec<u8>;

    /// Whether the macro of a condition `${name}` has a value; `name` comes with its braces.
    fn is_set(&self, name: &[u8]) -> bool;

    /// Rewrites an address for the mailer; the text may have comments and a display text, the answer
    /// has not. `None` leaves the text as it is (the address does not parse, or there is no mailer).
    fn rewrite(&self, address: &[u8], role: Role) -> Option<Vec<u8>>;

    /// An address goes into a header that is stored, as it is.
    fn pass(&self, _address: &[u8]) {}
}

/// How a header is written.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions<'a> {
    /// The mailer's flags (F=); `c` drops comments, the letters of conditions are asked.
    pub mailer_flags: &'a [u8],
    /// Resent mode (AD-068).
    pub resent: bool,
    /// `Bcc:` is removed rather than emptied (AD-071).
    pub delete_bcc: bool,
    /// KeepBcc.
    pub keep_bcc: bool,
    /// Receipt fields are dropped: the message goes to a list with an owner (AD-074).
    pub no_receipts: bool,
    /// Address lists may be old style (AD-053).
    pub list_style: ListStyle,
    /// ColonOkInAddr and MustQuoteChars.
    pub crack: CrackOptions<'a>,
    /// The mailer's L=, 0 for none: shorter limits fold lists earlier.
    pub line_limit: usize,
}

impl Default for OutputOptions<'_> {
    fn default() -> Self {
        Self {
            mailer_flags: b"",
            resent: false,
            delete_bcc: false,
            keep_bcc: false,
            no_receipts: false,
            list_style: ListStyle::Commas,
            crack: CrackOptions::default(),
            line_limit: 0,
        }
    }
}

impl OutputOptions<'_> {
    /// Blanks never separate senders (observed).
    fn style_of(&self, kind: FieldKind) -> ListStyle {
        if kind.sender { ListStyle::Commas } else { self.list_style }
    }

    fn columns(&self) -> usize {
        match self.line_limit {
            0..=2 => FOLD_COLUMNS,
            limit => FOLD_COLUMNS.min(limit - 2),
        }
    }
}

/// The header of one delivery, each field ended by LF, without the empty line behind it.
#[must_use]
pub fn delivery_header(
    header: &[Field],
    host: &dyn HeaderHost,
    options: &OutputOptions<'_>,
) -> Vec<u8> {
    let mut out = Vec::new();
    for field in header {
        let kind = kind_of(&field.name);
        if !is_wanted(field, kind, host, options) {
            continue;
        }
        let Some(value) = delivered_value(field, kind, host, options) else { continue };
        out.extend_from_slice(&field.name);
        out.push(b':');
        out.extend_from_slice(&value);
        out.push(b'\n');
    }
    out
}

/// Whether a header is that of a message that was sent on, with fields of its own for that (AD-068).
#[must_use]
pub fn is_resent(fields: &[Field]) -> bool {
    let prefix = |field: &Field| field.name.get(..7).map(<[u8]>::to_ascii_lowercase);
    fields.iter().any(|field| prefix(field).is_some_and(|prefix| prefix == b"resent-"))
}

/// Whether the field's conditions hold for this mailer (CF-060, CF-061).
fn is_wanted(
    field: &Field,
    kind: FieldKind,
    host: &dyn HeaderHost,
    options: &OutputOptions<'_>,
) -> bool {
    if kind.resent && !options.resent
        || kind.receipt && options.no_receipts
        || kind.blind && options.delete_bcc && !options.keep_bcc
    {
        return false;
    }
    match field.condition.strip_prefix(b"$") {
        Some(name) => host.is_set(name),
        None if field.condition.is_empty() => !kind.always_conditional,
        None => field.condition.iter().any(|flag| options.mailer_flags.contains(flag)),
    }
}

/// The text behind the colon; `None` leaves the field out.
fn delivered_value(
    field: &Field,
    kind: FieldKind,
    host: &dyn HeaderHost,
    options: &OutputOptions<'_>,
) -> Option<Vec<u8>> {
    let late = kind.late && field.value.contains(&0x81);
    let value = if field.is_default || late {
        let value = host.expand(&field.value);
        if value.is_empty() {
            return None;
        }
        value
    } else if kind.blind && !options.keep_bcc {
        return Some(Vec::new());
    } else {
        field.value.clone()
    };
    let role = match kind {
        FieldKind { sender: true, .. } => Role::Sender,
        FieldKind { recipient: true, .. } => Role::Recipient,
        _ => return Some(value),
    };
    let comments = !options.mailer_flags.contains(&b'c');
    let rewritten = |element: &[u8]| match host.rewrite(element, role) {
        None => element.to_vec(),
        Some(address) if comments => crack_with(element, &options.crack).fill(&address),
        Some(address) => Cracked { has_address: true, ..Cracked::default() }.fill(&address),
    };
    let style = options.style_of(kind);
    Some(address_value(&field.name, &value, style, options.columns(), &rewritten))
}

/// An address list folded anew; each character of its leading white space becomes a space (observed).
fn address_value(
    name: &[u8],
    value: &[u8],
    style: ListStyle,
    columns: usize,
    rewrite: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let blanks = value.iter().take_while(|b| matches!(b, b' ' | b'\t'..=b'\r')).count();
    let list = value.get(blanks..).unwrap_or_default();
    let lead = vec![b' '; blanks];
    let rewritten: Vec<Vec<u8>> = elements(list, style).into_iter().map(rewrite).collect();
    let start = name.len() + 1 + lead.len();
    let folded = fold(rewritten.iter().map(Vec::as_slice), start, columns);
    [lead, folded].concat()
}

/// The header as the control file stores it: the configuration's lines expanded except those bound
/// late, address lists folded anew, unneeded lines left out (QU-035, QU-040).
#[must_use]
pub fn stored_header(
    header: &[Field],
    host: &dyn HeaderHost,
    options: &OutputOptions<'_>,
) -> Vec<Field> {
    header.iter().filter_map(|field| stored_field(field, host, options)).collect()
}

fn stored_field(
    field: &Field,
    host: &dyn HeaderHost,
    options: &OutputOptions<'_>,
) -> Option<Field> {
    let kind = kind_of(&field.name);
    if kind.resent && !options.resent {
        return None;
    }
    let mut stored = Field { is_default: false, ..field.clone() };
    if field.is_default && !kind.late {
        stored.value = host.expand(&field.value);
        if stored.value.trim_ascii().is_empty() {
            return None;
        }
    }
    if kind.sender || kind.recipient {
        let unchanged = |element: &[u8]| {
            host.pass(element);
            element.to_vec()
        };
        stored.value = address_value(
            &field.name,
            &stored.value,
            options.style_of(kind),
            FOLD_COLUMNS,
            &unchanged,
        );
    }
    Some(stored)
}

#[cfg(test)]
mod tests;
