//! A Berkeley DB file: damage is an error, never a loop; what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::bdb::{Database, DatabaseWriter};

fuzz_target!(|data: &[u8]| {
    let Ok(database) = Database::open(data) else { return };
    let _ = database.get(data, b"postmaster");
    let mut visited = 0_usize;
    let mut visit = |_: &[u8], _: &[u8]| visited += 1;
    let _ = database.for_each(data, &mut visit);
    assert!(visited <= data.len(), "{visited} entries in {} bytes", data.len());
    let Ok(read) = DatabaseWriter::read(data, &database) else { return };
    let written = read.render([0; 20]);
    let Ok(database) = Database::open(&written[..]) else { panic!("written and not opened") };
    let Ok(again) = DatabaseWriter::read(&written[..], &database) else {
        panic!("written and not read")
    };
    assert!(again.entries().eq(read.entries()));
});
