//! An address through the rules of the example configuration, and through rules that use every operator.
#![no_main]

use std::sync::LazyLock;

use bangpath_fuzz::{MAX_ADDRESS, loaded, route};
use libfuzzer_sys::fuzz_target;
use ruleset_vm::load::Configuration;
use ruleset_vm::{Machine, Role};

static PROGRAMS: LazyLock<[Configuration; 2]> = LazyLock::new(|| {
    [
        loaded(include_bytes!("../../examples/cf/standalone.cf")),
        loaded(include_bytes!("../programs/operators.cf")),
    ]
});

fuzz_target!(|data: &[u8]| {
    for configuration in &*PROGRAMS {
        let mut machine = Machine::new(configuration.program.clone());
        let address = &data[..data.len().min(MAX_ADDRESS)];
        let delimiters = [None, Some(b','), Some(b' ')];
        let roles = [Role::default(), Role { header: true, sender: true }];
        route(configuration, &mut machine, address, &roles, &delimiters, &configuration.mailers);
    }
});
