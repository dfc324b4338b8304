//! The machine's part of reports, as tests read it: the kind of line end and extensions make no difference, and what is
//! read has the classes of its actions.
#![no_main]

use compat_tests::delivery_status::{Action, parse, parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for part in parts(data) {
        let _ = parse(part);
    }
    let Ok(found) = parse(data) else { return };
    assert!(!found.recipients.is_empty());
    for recipient in &found.recipients {
        let class = recipient.status[0];
        assert_eq!(class == 2, !matches!(recipient.action, Action::Failed | Action::Delayed));
    }
    // a CR of its own would become part of a line end
    if !data.contains(&b'\r') {
        let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
        let crlf = lines.join(&b"\r\n"[..]);
        assert_eq!(parse(&crlf).as_ref(), Ok(&found), "the line end counts");
    }
    // an empty line would make a group of the extension
    if !data.starts_with(b"\n") && !data.starts_with(b"\r\n") {
        let extended = [b"X-Extension: x\n", data].concat();
        assert_eq!(parse(&extended), Ok(found), "an extension counts");
    }
});
