//! Headers as the oracle delivered and stored them, with a host that qualifies bare names.

use super::*;
use crate::message::defaults::{Assembled, NoRecipientAction, add_recipient_field, assemble};
use crate::message::header::split;

/// Expands `$g`, `$j` and `${sample}`; appends a domain to bare names.
struct Host;

impl HeaderHost for Host {
    fn expand(&self, template: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(template).into_owned();
        let text = if template.contains(&0x81) { " <\x01g>".to_owned() } else { text };
        text.replace("\x01g", "$g")
            .replace("$g", "root@mail.example.com")
            .replace("$j", "mail.example.com")
            .replace("${sample}", "yes")
            .replace("${nothing}", "")
            .into_bytes()
    }

    fn is_set(&self, name: &[u8]) -> bool {
        name == b"{sample}"
    }

    fn rewrite(&self, address: &[u8], _role: Role) -> Option<Vec<u8>> {
        let text = String::from_utf8_lossy(address).into_owned();
        let proper = match (text.find('<'), text.find('>')) {
            (Some(from), Some(to)) => text[from + 1..to].to_owned(),
            _ => text.split(" (").next().unwrap_or_default().trim().to_owned(),
        };
        if proper.is_empty() {
            return None;
        }
        let at = if proper.contains('@') { "" } else { "@mail.example.com" };
        Some(format!("{proper}{at}").into_bytes())
    }
}

fn defaults() -> Vec<Field> {
    let lines: [(&str, &str, &[u8]); 10] = [
        ("P", "Return-Path", b" <\x81g>"),
        ("", "Received", b" by $j"),
        ("D", "Resent-Date", b" now"),
        ("D", "Date", b" now"),
        ("F", "From", b" $g"),
        ("x", "Full-Name", b" Me"),
        ("", "X-Empty", b" ${nothing}"),
        ("${sample}", "X-Sample", b" s ${sample}"),
        ("${sample2}", "X-Sample2", b" s"),
        ("", "Comments", b" def"),
    ];
    lines
        .into_iter()
        .map(|(condition, name, value)| Field {
            condition: condition.into(),
            name: name.into(),
            value: value.to_vec(),
            is_default: true,
        })
        .collect()
}

fn assembled(message: &str) -> Assembled {
    let input = split(message.as_bytes(), 0).fields;
    assemble(&defaults(), input, &[b"root", b"root@mail.example.com"])
}

fn options(assembled: &Assembled, flags: &'static [u8]) -> OutputOptions<'static> {
    OutputOptions {
        mailer_flags: flags,
        resent: assembled.resent,
        delete_bcc: assembled.delete_bcc,
        list_style: if assembled.old_style { ListStyle::Spaces } else { ListStyle::Commas },
        ..OutputOptions::default()
    }
}

fn delivered(message: &str, flags: &'static [u8]) -> String {
    let assembled = assembled(message);
    let header = delivery_header(&assembled.header, &Host, &options(&assembled, flags));
    String::from_utf8(header).unwrap()
}

fn stored(message: &str) -> String {
    let assembled = assembled(message);
    let fields = stored_header(&assembled.header, &Host, &options(&assembled, b""));
    let mut text = String::new();
    for field in fields {
        let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (condition, name) = (part(&field.condition), part(&field.name));
        text += &format!("H?{condition}?{name}:{}\n", part(&field.value));
    }
    text
}

/// Only the lines of the message, not those of the configuration.
fn own(message: &str) -> String {
    delivered(message, b"m").lines().skip(4).map(|line| format!("{line}\n")).collect()
}

#[test]
fn defaults_are_added_under_their_conditions() {
    // AD-062, CF-060, CF-061
    insta::assert_snapshot!(delivered("Subject: hi\n\n", b"DFMP"), @r"
    Return-Path: <root@mail.example.com>
    Received: by mail.example.com
    Date: now
    From: root@mail.example.com
    X-Empty: 
    X-Sample: s yes
    Comments: def
    Subject: hi
    ");
    insta::assert_snapshot!(delivered("Subject: hi\n\n", b"x"), @r"
    Received: by mail.example.com
    Full-Name: Me
    X-Empty: 
    X-Sample: s yes
    Comments: def
    Subject: hi
    ");
}

#[test]
fn fields_of_the_message_replace_defaults() {
    // AD-062; a blank one does not (observed); Comments is forced (CF-059).
    insta::assert_snapshot!(delivered("Date: d\nX-Empty: x\nComments: u\nReceived: z\n\n", b"DF"), @r"
    Received: by mail.example.com
    From: root@mail.example.com
    X-Sample: s yes
    Comments: def
    Date: d
    X-Empty: x
    Comments: u
    Received: z
    ");
    insta::assert_snapshot!(delivered("Date: \nX-Empty:\nCc:\nComments:\n\n", b"D"), @r"
    Received: by mail.example.com
    Date: now
    X-Empty: 
    X-Sample: s yes
    Comments: def
    Cc:
    Comments:
    ");
    // AD-070: these obey conditions even from the message.
    let message = "Full-Name: Me\nContent-Length: 5\nReturn-Path: <x@y>\n\n";
    assert!(!delivered(message, b"P").contains("<x@y>"));
    assert!(!delivered(message, b"").contains("Content-Length"));
    assert!(delivered(message, b"x").contains("Full-Name: Me\n"));
}

#[test]
fn a_from_field_equal_to_the_sender_is_made_anew() {
    // AD-066
    assert_eq!(delivered("From:root\n\n", b"F").matches("From").count(), 1);
    assert!(delivered("From:root\n\n", b"F").find("From").unwrap() < 40);
    assert!(delivered("From: root\n\n", b"F").ends_with("From: root@mail.example.com\n"));
}

#[test]
fn resent_fields_switch_resent_mode_on() {
    // AD-068
    assert!(!delivered("To: x\n\n", b"D").contains("Resent-Date"));
    assert!(delivered("Resent-To: x\n\n", b"D").contains("Resent-Date: now\nDate: now\n"));
}

#[test]
fn blind_copies_are_removed_or_emptied() {
    // AD-071
    assert!(!delivered("Bcc: x, y\nCc: z\n\n", b"").contains("Bcc"));
    assert!(delivered("Bcc: x, y\n\n", b"").ends_with("Bcc:\n"));
    assert!(stored("Bcc: x, y\n\n").ends_with("H??Bcc: x, y\n"));
    let kept = OutputOptions { keep_bcc: true, delete_bcc: true, ..OutputOptions::default() };
    let header = delivery_header(&assembled("Bcc: x@y\nCc: z\n\n").header, &Host, &kept);
    assert!(bstr::ByteSlice::contains_str(header.as_slice(), "Bcc: x@y\n"));
}

#[test]
fn address_lists_are_rewritten_and_folded() {
    // AD-072; texts and results observed.
    let check =
        |message: &str, expected: &str| assert_eq!(own(&format!("{message}\n\n")), expected);
    check(
        "To: own@none.example,\n  \"x, y\" <b@c>,\n  t",
        "To: own@none.example, \"x, y\" <b@c>, t@mail.example.com\n",
    );
    check("To:\ta, b", "To: a@mail.example.com, b@mail.example.com\n");
    check("To: \n a, b", "To:   a@mail.example.com, b@mail.example.com\n");
    check("To: ,", "To: \n");
    check("To: (only comment)", "To: (only comment)\n");
    check("Return-Receipt-To: a", "Return-Receipt-To: a\n");
    check(
        "To: a b c@d e f",
        "To: a@mail.example.com, b@mail.example.com, c@d, e@mail.example.com,\n        f@mail.example.com\n",
    );
    // One list with commas makes the whole message new style.
    check("Cc: a, b\nTo: a b@c d", "Cc: a@mail.example.com, b@mail.example.com\nTo: a b@c d\n");
    let fits = format!("To: a@b, {}@x", "c".repeat(78 - 9 - 2));
    check(&fits, &format!("{fits}\n"));
    let folds = format!("To: a@b, {}@x", "c".repeat(79 - 9 - 2));
    check(&folds, &format!("{}\n", folds.replace(", ", ",\n        ")));
}

#[test]
fn mailer_flag_c_drops_comments() {
    // ML-034
    let header = delivered("To: Joe (x) <a>, b (y)\n\n", b"c");
    assert!(header.ends_with("To: a@mail.example.com, b@mail.example.com\n"));
}

#[test]
fn the_stored_header_is_expanded_but_for_the_late_line() {
    // QU-035, QU-040, QU-100; the blank default is left out (observed).
    insta::assert_snapshot!(stored("To: own,\n  t\nCc:\nX-E: \nFull-Name: Me\n\n").replace('\u{fffd}', "<0201>"), @r"
    H?P?Return-Path: <<0201>g>
    H??Received: by mail.example.com
    H?D?Date: now
    H?F?From: root@mail.example.com
    H?${sample}?X-Sample: s yes
    H?${sample2}?X-Sample2: s
    H??Comments: def
    H??To: own, t
    H??Cc:
    H??X-E: 
    H?x?Full-Name: Me
    ");
}

#[test]
fn a_header_without_recipients_gets_what_the_option_asks() {
    // AD-076
    let with = |action| {
        let mut header = assembled("Subject: x\n\n").header;
        add_recipient_field(&mut header, action, [b"a".as_slice(), b"b"].into_iter());
        let tail: Vec<String> = header
            .iter()
            .skip_while(|f| f.name != b"Subject")
            .skip(1)
            .map(|f| String::from_utf8([f.name.as_slice(), b":", &f.value].concat()).unwrap())
            .collect();
        tail.join("|")
    };
    assert_eq!(with(NoRecipientAction::None), "");
    assert_eq!(with(NoRecipientAction::AddTo), "To: a, b");
    assert_eq!(with(NoRecipientAction::AddApparentlyTo), "Apparently-To: a|Apparently-To: b");
    assert_eq!(with(NoRecipientAction::AddBcc), "Bcc: ");
    assert_eq!(with(NoRecipientAction::AddUndisclosed), "To: undisclosed-recipients:;");
}
