#![no_main]

use libfuzzer_sys::fuzz_target;
use workbench::session::{Typed, typed};

// A line is understood, refused, or goes to the server as it is.
fuzz_target!(|line: &[u8]| {
    if let Ok(Typed::Smtp(command)) = typed(line) {
        assert!(line.starts_with(&command));
    }
});
