//! A log of sendmail, Postfix or Exim, or of the journal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workbench::replay::{Reader, Relay, first_stamp, frame};

fuzz_target!(|data: &[u8]| {
    let (mut reader, mut records) = (Reader::new(), Vec::new());
    let lines = || data.split(|byte| *byte == b'\n');
    for line in lines() {
        reader.line(line, &mut records);
        let _ = Relay::read(line).text();
    }
    reader.finish(&mut records);
    let (all, mail) = reader.lines();
    // a line that is repeated may say something twice
    assert!(mail <= 2 * all + 1);
    let count = lines().count() as u64;
    assert!(all == count && records.iter().all(|it| (1..=count).contains(&it.place.line)));
    let stamps: Vec<_> = lines().map(first_stamp).collect();
    let mut order = frame::order(&stamps);
    order.sort_unstable();
    assert!(order.into_iter().eq(0..stamps.len()));
});
