use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::message::envelope::Field;
use crate::message::header;

fn class(class: &[u8], word: &[u8]) -> bool {
    let members: &[&[u8]] = match class {
        b"e" => &[b"7bit", b"8bit", b"binary"],
        b"n" => &[b"multipart/signed"],
        b"s" => &[b"rfc822"],
        _ => &[],
    };
    members.iter().any(|member| member.eq_ignore_ascii_case(word))
}

fn to_seven(fields: &[Field], body: &[u8]) -> Vec<u8> {
    let rules = Rules { class: &class, by: b"host id ID", hide_from: false, for_ebcdic: false };
    let mut whole = Vec::new();
    Seven::new(&rules, Cursor::new(body)).message(fields, &mut whole).unwrap();
    whole
}

fn field(name: &str, value: &str) -> Field {
    let (name, value) = (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Field { condition: Vec::new(), name, value, is_default: false }
}

fn typed(kind: &str) -> Vec<Field> {
    vec![field("MIME-Version", " 1.0"), field("Content-Type", kind)]
}

#[test]
fn a_part_without_a_header_loses_nothing() {
    let fields = typed("multipart/mixed; boundary=b");
    let text = to_seven(&fields, b"--b\nno field\nX-A: b\n\n--b\n--b\n\n--b--\n");
    assert_eq!(text, b"\n--b\n\nno field\nX-A: b\n\n--b\n\n--b\n\n--b--\n");
}

#[test]
fn parts_in_parts_end_somewhere() {
    let deep = b"Content-Type: message/rfc822\n\n".repeat(20_000);
    let text = to_seven(&typed("message/rfc822"), &[&deep[..], b"\nend \xe9\n"].concat());
    assert!(text.ends_with(b"\nend \xe9\n"));
}

proptest! {
    #[test]
    fn any_body_is_taken(
        body in proptest::string::bytes_regex(
            "(--b(--)?\n|--c(--)? \n|Content-Type: (multipart/(mixed|digest); boundary=[bc]|message/rfc822|text/x)\n\
             |Content-Transfer-Encoding: (8bit|binary|base64)\n|\n|[a-c: \\xe9]{1,9}\n?){0,40}"
        ).unwrap(),
    ) {
        let text = to_seven(&typed("multipart/mixed; boundary=b"), &body);
        prop_assert!(text.len() < 200 * (body.len() + 40));
    }

    /// What is converted is the same when it is converted back.
    #[test]
    fn there_and_back(
        body in proptest::string::bytes_regex("([a-z .=\t]{0,90}|\n|From |[\\x80-\\xff]{1,9}){0,30}\n").unwrap(),
    ) {
        let text = to_seven(&typed("text/plain"), &body);
        let message = header::split(&[b"Content-Type: text/plain\n", &text[..]].concat(), 0);
        let Some(decoding) = Decoding::of(&message.fields) else {
            prop_assert!(body.is_ascii());
            return Ok(());
        };
        prop_assert!(text.is_ascii());
        let mut whole = Vec::new();
        decode(&decoding, b"host id ID", &message.body[..], &mut whole).unwrap();
        let (_, decoded) = whole.split_at(memchr::memmem::find(&whole, b"\n\n").unwrap() + 2);
        prop_assert_eq!(decoded, &[&body[..], b"\n"].concat());
    }
}
