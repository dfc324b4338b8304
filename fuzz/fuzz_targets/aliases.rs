//! An alias file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::{AliasName, build_aliases};

fuzz_target!(|data: &[u8]| {
    let mut name_of = |name: &[u8]| match name.first() {
        Some(b'@') => AliasName::NotLocal,
        Some(b'(') | None => AliasName::Illegal,
        Some(_) => AliasName::Local(name.to_ascii_lowercase()),
    };
    let file = build_aliases(data, data.len().is_multiple_of(2), &mut name_of);
    for diagnostic in &file.diagnostics {
        let _ = diagnostic.render(b"aliases");
    }
    let _ = file.summary(b"aliases");
});
