//! A POSIX pattern (up to the first NUL) and a text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::posix_regex::{PatternOptions, PosixRegex};

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (pattern, text) = data.split_at(cut);
    let Ok(regex) = PosixRegex::new(&pattern[..pattern.len().min(200)], PatternOptions::default())
    else {
        return;
    };
    let text = &text[..text.len().min(200)];
    assert_eq!(regex.is_match(text), regex.captures(text).map(|groups| groups.is_some()));
});
