//! A Berkeley DB file: damage is an error, never a loop.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::bdb::Database;

fuzz_target!(|data: &[u8]| {
    let Ok(database) = Database::open(data) else { return };
    let _ = database.get(data, b"postmaster");
    let mut visited = 0_usize;
    let mut visit = |_: &[u8], _: &[u8]| visited += 1;
    let _ = database.for_each(data, &mut visit);
    assert!(visited <= data.len(), "{visited} entries in {} bytes", data.len());
});
