//! Commands of the debugger: whatever is typed is a command or an error with words, and breakpoints are written as they
//! are read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workbench::debugger::{Breakpoint, Command, shown};

fuzz_target!(|data: &[u8]| {
    match Command::parse(data) {
        Ok(Command::Break(Some(stop))) => {
            let text = stop.text();
            let text = text.strip_prefix(b"line ").unwrap_or(&text);
            assert_eq!(Breakpoint::parse(text), Ok(stop));
        }
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let plain = shown(data, false);
    assert!(plain.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)));
});
