//! A message on its way to a receiver of seven bits and back: never fails, and nothing grows without
//! bound.
#![no_main]

use std::io::{self, Cursor};

use libfuzzer_sys::fuzz_target;
use mta::message::header;
use mta::message::mime::{Decoding, Rules, Seven, Sink, decode};

#[derive(Default)]
struct Whole(Vec<u8>);

impl Sink for Whole {
    fn header(&mut self, line: &[u8]) -> io::Result<()> {
        self.body(line)
    }

    fn body(&mut self, text: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(text);
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let class = |class: &[u8], word: &[u8]| match class {
        b"e" => [&b"7bit"[..], b"8bit", b"binary"].contains(&word),
        b"s" => word == b"rfc822",
        _ => false,
    };
    let message = header::split(data, 0);
    let rules = Rules { class: &class, charset: b"x", by: b"host id ID", hide_from: true };
    let mut seven = Whole::default();
    let body = Cursor::new(&message.body[..]);
    let written = Seven::new(&rules, body).message(&message.fields, &mut seven);
    assert!(written.is_ok(), "a body in memory can be read");
    assert!(seven.0.len() <= 200 * (data.len() + 40), "it grows too much");
    if let Some(decoding) = Decoding::of(&message.fields) {
        let mut eight = Whole::default();
        let written = decode(&decoding, b"host id ID", &message.body[..], &mut eight);
        assert!(written.is_ok(), "a body in memory can be read");
        assert!(eight.0.len() <= 2 * data.len() + 200, "it grows too much");
    }
});
