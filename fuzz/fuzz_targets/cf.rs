//! A cf file: reading and loading never fail, and the canonical form is a fixed point.
#![no_main]

use bangpath_fuzz::load_config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (config, diagnostics) = cf_parser::parse(data);
    let printed = cf_parser::print(&config);
    let again = cf_parser::print(&cf_parser::parse(&printed).0);
    let third = cf_parser::print(&cf_parser::parse(&again).0);
    assert_eq!(again, third, "printing does not settle");
    let _ = load_config(&config, diagnostics);
});
