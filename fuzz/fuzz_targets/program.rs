//! Rules nobody wrote, and an address: the text up to the first NUL is the cf file.
#![no_main]

use bangpath_fuzz::{MAX_ADDRESS, loaded, route};
use libfuzzer_sys::fuzz_target;
use ruleset_vm::Machine;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (cf, address) = data.split_at(cut);
    let configuration = loaded(&cf[..cf.len().min(MAX_ADDRESS)]);
    let mut machine = Machine::new(configuration.program.clone());
    route(&configuration, &mut machine, &address[..address.len().min(256)]);
});
