#![no_main]

use libfuzzer_sys::fuzz_target;
use workbench::suite::{parse, write};

// What is read from a file of tests is written so that it reads the same again.
fuzz_target!(|text: &[u8]| {
    if let Ok(suite) = parse(text) {
        let written = write(&suite);
        let again = parse(&written).expect("what was written can be read");
        assert_eq!(write(&again), written);
        assert_eq!(again.tests.len(), suite.tests.len());
    }
});
