//! Rules nobody wrote, and an address: the text up to the first NUL is the cf file. Where the naive
//! engine understands the file, it does the same as the compiled one.
#![no_main]

use bangpath_fuzz::{MAX_ADDRESS, compare, loaded, route_again};
use libfuzzer_sys::fuzz_target;
use ruleset_vm::Role;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (cf, address) = data.split_at(cut);
    let cf = &cf[..cf.len().min(MAX_ADDRESS)];
    let address = address.get(1..).unwrap_or_default();
    let address = &address[..address.len().min(256)];
    let configuration = loaded(cf);
    // Rulesets that call each other without end are cut off late: few of their runs are enough.
    let last = configuration.mailers.len().saturating_sub(1);
    let roles = [Role { header: true, sender: true }];
    route_again(2, &configuration, address, &roles, &[None], &configuration.mailers[last..]);
    compare(cf, address);
});
