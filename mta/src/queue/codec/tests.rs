//! Tests of the control file codec: observed files, damage, round trip.

use proptest::prelude::*;

use super::*;
use crate::message::envelope::{
    BodyType, ControllingUser, DeliverBy, Envelope, EnvelopeFlags, Field, Recipient,
    RecipientFlags, RecipientState,
};
use ruleset_vm::{Exit, Status};

/// Files written by the oracle (QU-100, QU-101, QU-102).
const OBSERVED: [&[u8]; 3] = [
    b"V8\nT1795316262\nK1795316262\nN1\nP60047\nMreply: read error from mail.example.com\nFbs\n\
$_root@localhost\n${daemon_flags}c u\n${auth_authen}\nSroot\nAroot@mail.example.com\n\
rRFC822; far@remote.example\nRPFD:far@remote.example\nH?P?Return-Path: <\x81g>\n\
H??Received: (from root@localhost)\n\tby mail.example.com (8.17.1.9/8.17) id 6AM2vgb0007375;\n\
\tSun, 22 Nov 2026 02:57:42 GMT\nH?D?Date: Sun, 22 Nov 2026 02:57:42 GMT\nH?F?From: root\n\
H?M?Message-Id: <202611220257.6AM2vgb0007375@mail.example.com>\nH??Subject: hi\n\
H??To: root, joe@remote.example\n.\n",
    b"V8\nT1795316294\nK0\nN0\nP408100\nB8BITMIME\nF8bdns\n$_root@localhost\n\
${daemon_flags}c u\nSroot\nZabc%20\nAroot@mail.example.com\nC:two\n\
rRFC822; two@mail.example.com\nRNSFA:\"|/mnt/tempfail 2\"\nrRFC822; two@mail.example.com\n\
RNSFA:\"|/mnt/tempfail\"\nC:own\nrRFC822; own@mail.example.com\nRNSFA:jim\nC\n\
rRFC822; joe@remote.example\nRPNSF:joe@remote.example\nH??X-A: 1\n  folded\n\tmore\nH??Cc:\n\
H??X-E: \nH?${sample2}?X-Sample2: s\n.\n",
    b"V8\nT1795308234\nK1795308300\nN1\nP31060\nI254/0/10208634\nMDeferred: Name server: x\nFrs\n\
$r\n$slocalhost\nSMAILER-DAEMON\nMDeferred: one\nClist:65534:0:list\nQrfc822;a@b\n\
rRFC822; far@remote.example\nRPF:far@remote.example\nH?x?Full-Name: Me\n.\n",
];

#[test]
fn observed_files_come_back_byte_for_byte() {
    for text in OBSERVED {
        let envelope = decode(text).unwrap();
        assert_eq!(bstr::BString::from(encode(&envelope)), bstr::BString::from(text));
    }
}

#[test]
fn lines_are_read_for_what_they_say() {
    let envelope = decode(OBSERVED[2]).unwrap();
    assert_eq!((envelope.tries, envelope.priority), (1, 31_060)); // QU-018, QU-019
    assert_eq!(envelope.body_identity.as_deref(), Some(b"254/0/10208634".as_slice())); // QU-021
    assert!(envelope.flags.response && envelope.flags.split); // QU-025
    assert_eq!(envelope.macros[1], (b"s".to_vec(), b"localhost".to_vec())); // QU-026
    let recipient = &envelope.recipients[0];
    let user = recipient.controlling_user.as_ref().unwrap(); // QU-031
    assert_eq!((user.user.as_slice(), user.uid, user.gid), (b"list".as_slice(), 65534, 0));
    assert_eq!(recipient.alias.as_deref(), Some(b"list".as_slice()));
    assert_eq!(recipient.original.as_deref(), Some(b"rfc822;a@b".as_slice())); // QU-032
    assert!(matches!(&recipient.state, RecipientState::Deferred(s) if s.text == b"Deferred: one"));
    assert!(recipient.flags.primary && recipient.flags.on_failure && !recipient.flags.on_delay);
}

#[test]
fn damage_is_told_with_its_line_and_its_consequence() {
    let head = "V8\nT1795316370\nK0\nN0\nP30245\nSroot\nRPFD:a@none.example\nH??X: y\n";
    let table = [
        ("Xfoo\n.\n", 9, "unrecognized line"),  // QU-038
        ("\n.\n", 9, "unrecognized line"),      // observed: an empty line
        ("From x\n.\n", 9, "bogus queue line"), // QU-025
        (".\n\n", 10, "bogus queue line"),      // QU-036
        (".\nH??X: y\n", 10, "bogus queue line"),
        ("V9\n.\n", 9, "unsupported queue file version"), // QU-015
    ];
    for (tail, line, reason) in table {
        let error = decode(format!("{head}{tail}").as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{tail:?}");
        assert_eq!(error.damage.disposition(), Disposition::Lose(reason), "{tail:?}");
    }
    // QU-039: not lost, only passed over.
    let error = decode(head.as_bytes()).unwrap_err();
    assert_eq!(error.damage.disposition(), Disposition::Skip);
    // QU-112: the oracle aborts here.
    assert_eq!(decode(b"V8\n.\n").unwrap_err().damage, Damage::NoSender);
}

#[test]
fn oddities_are_read_as_the_oracle_reads_them() {
    // Observed: `.` may have a tail and may lack its line end; its continuation is part of it.
    for end in [".", ".foo\n", ".\n x\n"] {
        assert!(decode(format!("V8\nSroot\n{end}").as_bytes()).is_ok(), "{end:?}");
    }
    // Observed: header lines without a name are passed over.
    let envelope = decode(b"V8\nSroot\nHX: y\nH?\nHfoo bar\n.\n").unwrap();
    assert_eq!(envelope.header.len(), 1);
    // Version 0 knows no flags: a colon belongs to the address (observed).
    let envelope = decode(b"T1\nSroot\nRa:a@none.example\n.\n").unwrap();
    assert_eq!(envelope.recipients[0].address, b"a:a@none.example");
    assert!(envelope.recipients[0].flags.primary);
}

#[test]
fn no_value_forges_a_line() {
    let envelope = Envelope {
        sender: b"a\nRPFD:victim@x".to_vec(),
        header: vec![Field {
            condition: Vec::new(),
            name: b"X".to_vec(),
            value: b" a\n.\nRP:x\0".to_vec(),
            is_default: false,
        }],
        ..Envelope::default()
    };
    let read = decode(&encode(&envelope)).unwrap();
    assert!(read.recipients.is_empty());
    assert_eq!(read.header[0].value, b" a\n\t.\n\tRP:x");
}

fn text(pattern: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    proptest::string::bytes_regex(pattern).unwrap()
}

prop_compose! {
    fn recipient()(
        address in text("[!-~]{1,20}"),
        bits in any::<[bool; 8]>(),
        original in proptest::option::of(text("rfc822;[!-~]{1,9}")),
        final_recipient in proptest::option::of(text("RFC822; [!-~]{1,9}")),
        user in proptest::option::of(("[a-z]{1,8}", any::<u32>(), any::<u32>())),
        alias in proptest::option::of(text("[!-~]{1,9}")),
        message in proptest::option::of(text("[ -~\\x80-\\xff]{1,30}")),
    ) -> Recipient {
        let [primary, notify_given, on_success, on_failure, on_delay, from_alias, internal_bcc, mx_secure] = bits;
        Recipient {
            flags: RecipientFlags {
                primary, notify_given, on_success, on_failure, on_delay, from_alias, internal_bcc, mx_secure,
            },
            original,
            final_recipient,
            controlling_user: user.map(|(user, uid, gid)| ControllingUser { user: user.into(), uid, gid }),
            alias,
            state: message.map_or(RecipientState::Pending, |text| {
                RecipientState::Deferred(Status::from_exit(Exit::TEMPFAIL, text))
            }),
            ..Recipient::primary(address)
        }
    }
}

prop_compose! {
    fn field()(
        condition in text("([a-zA-Z0-9]{0,3})|(\\$\\{[a-z]{1,5}\\})"),
        name in text("[!-9;-~]{1,20}"),
        value in text("[ -~\\x80-\\xff]{0,30}(\n[ \t][ -~\\x80-\\xff]{1,30}){0,2}"),
    ) -> Field {
        Field { condition, name, value, is_default: false }
    }
}

prop_compose! {
    fn envelope()(
        numbers in any::<(u32, u32, u32, i32)>(),
        bits in any::<[bool; 8]>(),
        eight in proptest::option::of(any::<bool>()),
        texts in proptest::array::uniform6(proptest::option::of(text("[!-~][ -~]{0,20}"))),
        macros in proptest::collection::vec((text("[a-z_]|\\{[a-zA-Z]{1,9}\\}"), text("[ -~]{0,9}")), 0..4),
        sender in text("([!-;=-~][!-~]{0,20})?"),
        deliver_by in proptest::option::of((b'A'..=b'z', any::<i64>().prop_map(|t| t.max(-i64::MAX))).prop_map(|(mode, seconds)| DeliverBy { mode, seconds })),
        recipients in proptest::collection::vec(recipient(), 0..5),
        header in proptest::collection::vec(field(), 0..5),
    ) -> Envelope {
        let [warning_sent, response, has_8bit, delete_bcc, ret_given, no_body_return, split, smtputf8] = bits;
        let [quarantine, message, envid, auth, body_directory, body_identity] = texts;
        Envelope {
            created: numbers.0.into(),
            last_try: numbers.1.into(),
            tries: numbers.2,
            priority: numbers.3.into(),
            body_type: eight.map(|e| if e { BodyType::EightBitMime } else { BodyType::SevenBit }),
            flags: EnvelopeFlags {
                warning_sent, response, has_8bit, delete_bcc, ret_given, no_body_return, split, smtputf8,
            },
            quarantine, message, envid, auth, body_directory, body_identity,
            macros, sender, deliver_by, recipients, header,
            ..Envelope::default()
        }
    }
}

proptest! {
    #[test]
    fn every_envelope_comes_back(envelope in envelope()) {
        prop_assert_eq!(decode(&encode(&envelope)).unwrap(), envelope);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(envelope) = decode(&bytes) {
            let again = decode(&encode(&envelope)).unwrap();
            prop_assert_eq!(again.recipients.len(), envelope.recipients.len());
        }
    }
}

#[test]
fn octets_of_fields_that_could_be_operators_are_quoted() {
    // QU-035, observed
    let subject = Field {
        condition: Vec::new(),
        name: b"Subject".to_vec(),
        value: b" \xc3\x81 \xff \xa0".to_vec(),
        is_default: false,
    };
    let late =
        Field { name: b"Return-Path".to_vec(), value: b" <\x81g>".to_vec(), ..subject.clone() };
    let envelope =
        Envelope { sender: b"a".to_vec(), header: vec![subject, late], ..Envelope::default() };
    let text = encode(&envelope);
    let has = |line: &[u8]| text.split(|byte| *byte == b'\n').any(|own| own == line);
    assert!(has(b"H??Subject: \xc3\xff\x81 \xff\xff \xa0") && has(b"H??Return-Path: <\x81g>"));
    assert_eq!(decode(&text).unwrap().header, envelope.header);
}
