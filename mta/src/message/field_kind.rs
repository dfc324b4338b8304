//! The header fields that mean something to the program, one row per field (CF-110, AD-062 to AD-079).

/// What a field is. The default is a field that is passed on untouched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldKind {
    /// A list of sender addresses, rewritten per mailer (RS-083).
    pub sender: bool,
    /// A list of recipient addresses, rewritten per mailer and read by `-t` (RS-084).
    pub recipient: bool,
    /// `Resent-`: switches resent mode on, and from the configuration appears only there (AD-068).
    pub resent: bool,
    /// The configuration's line is added beside the message's (CF-059).
    pub forced: bool,
    /// A trace field, counted against MaxHopCount (AD-064).
    pub trace: bool,
    /// Only for mailers that have the flag of its condition, even from the message (CF-060, AD-070).
    pub always_conditional: bool,
    /// The configuration's line is expanded at delivery, not when it is queued (CF-062).
    pub late: bool,
    /// Blind copies: the content is not passed on (AD-071).
    pub blind: bool,
    /// Asks for a receipt (AD-074).
    pub receipt: bool,
    /// Ends the header (AD-078).
    pub ends_header: bool,
}

const NONE: FieldKind = FieldKind {
    sender: false,
    recipient: false,
    resent: false,
    forced: false,
    trace: false,
    always_conditional: false,
    late: false,
    blind: false,
    receipt: false,
    ends_header: false,
};
const SENDER: FieldKind = FieldKind { sender: true, ..NONE };
const RECIPIENT: FieldKind = FieldKind { recipient: true, ..NONE };
const RESENT: FieldKind = FieldKind { resent: true, ..NONE };
const TRACE: FieldKind = FieldKind { trace: true, forced: true, ..NONE };
const FORCED: FieldKind = FieldKind { forced: true, ..NONE };
const CONDITIONAL: FieldKind = FieldKind { always_conditional: true, ..NONE };
const ENDS: FieldKind = FieldKind { ends_header: true, ..NONE };

const FIELDS: &[(&[u8], FieldKind)] = &[
    (b"resent-sender", FieldKind { resent: true, ..SENDER }),
    (b"resent-from", FieldKind { resent: true, ..SENDER }),
    (b"resent-reply-to", FieldKind { resent: true, ..SENDER }),
    (b"sender", SENDER),
    (b"from", SENDER),
    (b"reply-to", SENDER),
    (b"errors-to", SENDER),
    (b"full-name", CONDITIONAL),
    (b"return-receipt-to", FieldKind { receipt: true, ..NONE }),
    (b"delivery-receipt-to", FieldKind { receipt: true, ..NONE }),
    (b"disposition-notification-to", SENDER),
    (b"to", RECIPIENT),
    (b"resent-to", FieldKind { resent: true, ..RECIPIENT }),
    (b"cc", RECIPIENT),
    (b"resent-cc", FieldKind { resent: true, ..RECIPIENT }),
    (b"bcc", FieldKind { blind: true, ..RECIPIENT }),
    (b"resent-bcc", FieldKind { blind: true, resent: true, ..RECIPIENT }),
    (b"apparently-to", RECIPIENT),
    (b"resent-message-id", RESENT),
    (b"resent-date", RESENT),
    (b"received", TRACE),
    (b"x400-received", TRACE),
    (b"via", TRACE),
    (b"mail-from", TRACE),
    (b"comments", FORCED),
    (b"return-path", FieldKind { forced: true, late: true, ..CONDITIONAL }),
    (b"content-length", CONDITIONAL),
    (b"x-authentication-warning", FORCED),
    (b"message", ENDS),
    (b"text", ENDS),
];

/// What the field of this name is; upper and lower case are the same (AD-063).
#[must_use]
pub fn kind_of(name: &[u8]) -> FieldKind {
    FIELDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map_or(NONE, |&(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_either_case() {
        assert!(kind_of(b"RECEIVED").trace && kind_of(b"Received").forced); // CF-059
        assert!(kind_of(b"Resent-To").resent && kind_of(b"resent-to").recipient);
        assert!(kind_of(b"Full-Name").always_conditional); // CF-060
        assert_eq!(kind_of(b"Subject"), FieldKind::default());
    }

    #[test]
    fn no_field_has_two_rows() {
        for (index, (name, _)) in FIELDS.iter().enumerate() {
            assert!(FIELDS.iter().skip(index + 1).all(|(other, _)| other != name));
        }
    }
}
