//! What the header of a message says about whether and how it is answered. Pure, and linear in its length.

use super::sender::{Origin, bare, is_machine};

/// Longest header that is read, bytes. What has a longer one is not answered: something in its rest could forbid it.
pub(super) const MAX_HEADER: u64 = 1 << 20;
/// Longest message identifier that is repeated, and longest subject, bytes.
const MAX_REPEATED: usize = 250;
/// How many message identifiers are repeated.
const MAX_REFERENCES: usize = 20;

/// What is known of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Incoming {
    /// From the first `From ` line, else from Return-Path.
    pub(super) origin: Option<Origin>,
    /// One of the user's names is in To or Cc.
    pub(super) is_addressed: bool,
    /// A program or a list has sent it, or a report comes with it.
    pub(super) is_automatic: bool,
    /// Message-Id, with its angle brackets.
    pub(super) message_id: Option<Vec<u8>>,
    /// The identifiers of References, or of In-Reply-To, the last ones.
    pub(super) references: Vec<Vec<u8>>,
    /// Subject as one line.
    pub(super) subject: Vec<u8>,
}

impl Incoming {
    /// Reads a header, with the `From ` line. `names` are those of the user.
    pub(super) fn read(header: &[u8], names: &[&[u8]]) -> Self {
        let mut incoming = Self::default();
        let (mut return_path, mut replied) = (None, Vec::new());
        for line in unfolded(header) {
            if let Some(rest) = line.strip_prefix(b"From ") {
                incoming.origin = incoming.origin.take().or_else(|| Origin::of_from_line(rest));
                continue;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match name.trim_ascii_end().to_ascii_lowercase().as_slice() {
                b"to" | b"cc" => {
                    incoming.is_addressed |= names.iter().any(|name| names_user(value, name));
                }
                b"return-path" => return_path = Some(bare(value).to_vec()),
                b"message-id" => incoming.message_id = identifiers(value).pop(),
                b"references" => incoming.references = identifiers(value),
                b"in-reply-to" => replied = identifiers(value),
                b"subject" => incoming.subject = one_line(value),
                name => incoming.is_automatic |= tells_of_program(name, value),
            }
        }
        if incoming.references.is_empty() && replied.len() == 1 {
            incoming.references = replied;
        }
        incoming.settle_origin(return_path);
        incoming
    }

    /// The null reverse-path counts wherever it stands.
    fn settle_origin(&mut self, return_path: Option<Vec<u8>>) {
        let bounces = return_path.as_ref().is_some_and(Vec::is_empty);
        self.origin = self.origin.take().or_else(|| return_path.map(Origin::Address));
        let machine = matches!(&self.origin, Some(Origin::Address(address)) if is_machine(address));
        self.is_automatic |= bounces || machine;
    }
}

/// The lines of a header, each with those that continue it.
fn unfolded(header: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut lines = header.split(|byte| *byte == b'\n').peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_vec();
        while let Some(more) = lines.next_if(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            line.truncate(line.trim_ascii_end().len());
            line.extend_from_slice(more);
        }
        line.truncate(line.trim_ascii_end().len());
        Some(line)
    })
}

/// Whether `name` stands among addresses as a word, in any case (observed).
fn names_user(addresses: &[u8], name: &[u8]) -> bool {
    let word = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    addresses.windows(name.len().max(1)).enumerate().any(|(at, part)| {
        let before = at.checked_sub(1).and_then(|at| addresses.get(at));
        part.eq_ignore_ascii_case(name) && !word(before) && !word(addresses.get(at + name.len()))
    })
}

/// Whether a field says that no person has written this to the user: RFC 3834, section 2; RFC 2369; RFC 2919.
fn tells_of_program(name: &[u8], value: &[u8]) -> bool {
    let begins =
        |head: &[u8]| value.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head));
    match name {
        b"precedence" => [&b"bulk"[..], b"junk", b"list"].iter().any(|kind| begins(kind)),
        b"auto-submitted" => !is_no(value),
        name => name.starts_with(b"list-"),
    }
}

/// Whether this is the keyword `no`, perhaps between comments and with parameters.
fn is_no(value: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut keyword = Vec::new();
    for byte in value {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b';' => break,
            byte => keyword.push(*byte),
        }
    }
    keyword.trim_ascii().eq_ignore_ascii_case(b"no")
}

/// Message identifiers: `<...>` without anything that would not be part of one. The last ones of many.
fn identifiers(value: &[u8]) -> Vec<Vec<u8>> {
    let words = value.rsplit(u8::is_ascii_whitespace);
    let good = words.filter(|word| {
        let inner = word.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        let plain = |byte: &u8| byte.is_ascii_graphic() && !b"<>".contains(byte);
        word.len() <= MAX_REPEATED
            && inner.is_some_and(|inner| !inner.is_empty() && inner.iter().all(plain))
    });
    let mut found: Vec<Vec<u8>> = good.take(MAX_REFERENCES).map(<[u8]>::to_vec).collect();
    found.reverse();
    found
}

/// A text that can stand in any line.
fn one_line(value: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| if byte.is_ascii_control() { b' ' } else { *byte };
    value.iter().take(MAX_REPEATED).map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Incoming {
        Incoming::read(header.as_bytes(), &[b"alice", b"al.ice"])
    }

    fn address(text: &str) -> Option<Origin> {
        Some(Origin::Address(text.into()))
    }

    #[test]
    fn the_user_must_be_in_to_or_cc() {
        for field in [
            "To: alice",
            "to: ALICE",
            "To:alice@x",
            "To: x-alice",
            "To: x.alice",
            "To: alice_x",
            "To: alice+x",
            "To: <alice>",
            "To: \"alice\"",
            "To: (alice) bob",
            "To: bob@alice.test",
            "To: bob,\n alice",
            "To: bob,\n\talice",
            "To:\n alice",
            "Cc: x\n y\n alice",
            "CC: alice",
            "To: xalice, alice",
            "To: bob!alice",
            "To: al.ice@x",
            "To: bob\nCc: alice",
            "To : alice",
        ] {
            assert!(read(field).is_addressed, "{field}");
        }
        for field in [
            "To: xalice",
            "To: alicex",
            "To: x1alice",
            "To: alice1",
            "To: bob,\nX: alice",
            "Bcc: alice",
            "Apparently-To: alice",
            "Resent-To: alice",
            "Tox: alice",
            "To:",
            "Reply-To: alice",
            "To: alXice",
            "Delivered-To: alice",
            "",
            "alice",
        ] {
            assert!(!read(field).is_addressed, "{field}");
        }
        assert!(!Incoming::read(b"To: x", &[b""]).is_addressed);
    }

    #[test]
    fn programs_and_lists_are_known_by_their_fields() {
        for field in [
            "Precedence: bulk",
            "Precedence: junk",
            "precedence:LIST",
            "Precedence: bulky",
            "Precedence:\n bulk",
            "Precedence :bulk",
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated",
            "Auto-Submitted:",
            "Auto-Submitted: nope",
            "Auto-Submitted: (no)",
            "List-Id: <x>",
            "LIST-UNSUBSCRIBE: <x>",
            "Return-Path: <>",
            "Return-Path:",
            "From <> Sat",
            "From MAILER-DAEMON Sat",
            "From s@x\nReturn-Path: <>",
            "Return-Path: <owner-x@y>",
            "no field\nList-Post: x",
        ] {
            assert!(read(field).is_automatic, "{field}");
        }
        for field in [
            "Precedence: first-class",
            "Auto-Submitted: no",
            "Auto-Submitted: NO; x=y",
            "Auto-Submitted: (c) no (d)",
            "X-Precedence: bulk",
            "Listing: x",
            "From s@x",
            "Return-Path: <s@x>",
            "Subject: Precedence: bulk",
            "Subject: x\n Precedence: bulk",
            "",
        ] {
            assert!(!read(field).is_automatic, "{field}");
        }
    }

    #[test]
    fn the_first_line_names_the_sender_else_return_path() {
        let rows = [
            ("From s@x Sat\nTo: b", address("s@x")),
            ("X: y\nFrom s@x Sat\n", address("s@x")),
            ("From a@x Sat\nFrom b@x Sat", address("a@x")),
            ("From a@x\nReturn-Path: <b@x>", address("a@x")),
            ("Return-Path: <b@x>", address("b@x")),
            ("From \nReturn-Path: b@x", address("b@x")),
            ("From \"a", Some(Origin::Malformed)),
            ("From: a@x", None),
            ("", None),
        ];
        for (header, expected) in rows {
            assert_eq!(read(header).origin, expected, "{header}");
        }
    }

    #[test]
    fn what_the_answer_repeats_is_harmless() {
        let header = "Message-Id: <a@b>\nIn-Reply-To: <q@r>\nReferences: <c@d>\n <e@f> junk <g h> <i\x01@j> <<k>\n\
            Subject: one\n two\x1b\x00\r\n";
        let incoming = read(header);
        assert_eq!(incoming.message_id, Some(b"<a@b>".to_vec()));
        assert_eq!(incoming.references, [&b"<c@d>"[..], b"<e@f>"]);
        assert_eq!(incoming.subject, b"one two  ");
        assert_eq!(read("In-Reply-To: <q@r>").references, [&b"<q@r>"[..]]);
        assert!(read("In-Reply-To: <q@r> <s@t>").references.is_empty());
        for header in ["Message-Id: x", "Message-Id: <>", "Message-Id: <a b>", "Message-Id:"] {
            assert_eq!(read(header).message_id, None, "{header}");
        }
        let many: String = (0..50).map(|number| format!(" <{number}@x>\n")).collect();
        let references = read(&format!("References:\n{many}")).references;
        assert_eq!(references.len(), MAX_REFERENCES);
        assert_eq!(references.last(), Some(&b"<49@x>".to_vec()));
        let long = "s".repeat(5000);
        assert_eq!(read(&format!("Subject: {long}")).subject.len(), MAX_REPEATED);
        assert_eq!(read(&format!("Message-Id: <{long}>")).message_id, None);
    }

    #[test]
    fn any_bytes_are_read() {
        for header in
            [&b"\n\n"[..], b":", b" x", b"\xff\xfe:\x00\n\t", b"From ", b"From \\", b"To:\r\n \r\n"]
        {
            Incoming::read(header, &[b"alice", b"\xff"]);
        }
    }
}
