//! A map file of type `fst`, as it comes and with the checksums that belong to it: damage is an error, never a panic
//! or a loop, and what the walk finds the lookup finds.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use mapper::fst_map::{FstFile, sign};

/// Entries that are looked at; a forged file may claim any number.
const MANY: usize = 1000;

fn read(data: &[u8], forged: bool) {
    let Ok(file) = FstFile::open(data) else { return };
    let mut value = Vec::new();
    let _ = file.get(b"postmaster", &mut value);
    let mut keys = Vec::new();
    let _ = file.for_each(&mut |key, value| {
        keys.push((key.to_vec(), value.to_vec()));
        if keys.len() < MANY { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    // a forged node may lead to several places by the same byte
    for (key, expected) in keys.into_iter().filter(|_| !forged) {
        assert!(matches!(file.get(&key, &mut value), Ok(true)), "walked to and not found");
        assert_eq!(value, expected);
    }
}

fuzz_target!(|data: &[u8]| {
    read(data, false);
    let mut signed = data.to_vec();
    if sign(&mut signed).is_some() {
        read(&signed, true);
    }
});
