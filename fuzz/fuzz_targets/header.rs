//! A message taken apart: nothing is invented, nothing but blanks in front of colons is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mta::message::header::split;

fuzz_target!(|data: &[u8]| {
    let message = split(data, 0);
    let fields: usize = message.fields.iter().map(|f| f.name.len() + f.value.len() + 2).sum();
    let first = message.from_line.as_ref().map_or(0, |line| line.len() + 1);
    assert!(fields + first + message.body.len() <= data.len() + 2);
    assert!(!message.header_too_long);
    let _ = split(data, 100);
});
