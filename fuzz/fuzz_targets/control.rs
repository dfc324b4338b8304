//! The control socket of a daemon: a command is its first word in any case, and what is none is answered in one piece
//! that repeats the word.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mta::protocol::control::parse;

fuzz_target!(|data: &[u8]| {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let word = line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty()).unwrap_or_default();
    let found = parse(line);
    assert_eq!(parse(word), found, "more than the first word counts");
    assert_eq!(parse(&word.to_ascii_uppercase()).is_ok(), found.is_ok(), "case counts");
    if let Err(answer) = found {
        assert_eq!(answer, [b"Bad command (", word, b")\r\n"].concat());
    }
});
