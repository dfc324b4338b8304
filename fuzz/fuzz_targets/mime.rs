//! A message on its way to a receiver of seven bits and back: never fails, and nothing grows without
//! bound.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use mta::message::header;
use mta::message::mime::{Decoding, Rules, Seven, decode};

fuzz_target!(|data: &[u8]| {
    let class = |class: &[u8], word: &[u8]| match class {
        b"e" => [&b"7bit"[..], b"8bit", b"binary"].contains(&word),
        b"s" => word == b"rfc822",
        _ => false,
    };
    let message = header::split(data, 0);
    let rules = Rules { class: &class, by: b"host id ID", hide_from: true, for_ebcdic: data.len() % 2 == 1 };
    let mut seven = Vec::new();
    let body = Cursor::new(&message.body[..]);
    let written = Seven::new(&rules, body).message(&message.fields, &mut seven);
    assert!(written.is_ok(), "a body in memory can be read");
    assert!(seven.len() <= 200 * (data.len() + 40), "it grows too much");
    if let Some(decoding) = Decoding::of(&message.fields) {
        let mut eight = Vec::new();
        let written = decode(&decoding, b"host id ID", &message.body[..], &mut eight);
        assert!(written.is_ok(), "a body in memory can be read");
        assert!(eight.len() <= 2 * data.len() + 200, "it grows too much");
    }
});
