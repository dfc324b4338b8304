//! An address through the rules of the example configuration, and through rules that use every operator.
#![no_main]

use std::sync::LazyLock;

use bangpath_fuzz::{MAX_ADDRESS, loaded, route_again};
use libfuzzer_sys::fuzz_target;
use ruleset_vm::Role;
use ruleset_vm::load::Configuration;

static PROGRAMS: LazyLock<[Configuration; 2]> = LazyLock::new(|| {
    [
        loaded(include_bytes!("../../examples/cf/standalone.cf")),
        loaded(include_bytes!("../programs/operators.cf")),
    ]
});

fuzz_target!(|data: &[u8]| {
    for configuration in &*PROGRAMS {
        let address = &data[..data.len().min(MAX_ADDRESS)];
        let delimiters = [None, Some(b','), Some(b' ')];
        let roles = [Role::default(), Role { header: true, sender: true }];
        route_again(3, configuration, address, &roles, &delimiters, &configuration.mailers);
    }
});
