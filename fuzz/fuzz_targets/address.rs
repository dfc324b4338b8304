//! An address through the rules of the example configuration.
#![no_main]

use std::sync::LazyLock;

use bangpath_fuzz::{MAX_ADDRESS, loaded, route};
use libfuzzer_sys::fuzz_target;
use ruleset_vm::Machine;
use ruleset_vm::load::Configuration;

static STANDALONE: LazyLock<Configuration> =
    LazyLock::new(|| loaded(include_bytes!("../../examples/cf/standalone.cf")));

fuzz_target!(|data: &[u8]| {
    let mut machine = Machine::new(STANDALONE.program.clone());
    route(&STANDALONE, &mut machine, &data[..data.len().min(MAX_ADDRESS)]);
});
