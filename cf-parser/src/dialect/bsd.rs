//! 4.2BSD, 4.3BSD and sendmail 8 before 8.12. Every other dialect stands on this one.

use super::{Line, replaced};

/// Options since withdrawn: the name of the default network, the password of the wizard, and
/// whether the alias database is rebuilt when it is old.
const WITHDRAWN: [u8; 3] = [b'N', b'W', b'D'];
const WITHDRAWN_NAME: &[u8] = b"AutoRebuildAliases";

pub(super) fn line(line: &[u8]) -> Line {
    match line {
        [b'O', letter, ..] if WITHDRAWN.contains(letter) => Line::Nothing,
        [b'O', b' ', name @ ..] if names(name, WITHDRAWN_NAME) => Line::Nothing,
        [b'M', ..] => mailer(line),
        _ => Line::Same,
    }
}

fn names(text: &[u8], name: &[u8]) -> bool {
    let end = text.iter().position(|byte| matches!(byte, b'=' | b'\n' | b'\r'));
    text[..end.unwrap_or(text.len())].trim_ascii().eq_ignore_ascii_case(name)
}

/// Connections were made by `[IPC]` or `[TCP]` with `IPC` as first argument.
fn mailer(line: &[u8]) -> Line {
    let path = replaced(line, b"P=[TCP]", b"P=[IPC]");
    if memchr::memmem::find(&path, b"P=[IPC]").is_none() {
        return Line::Same;
    }
    let text = replaced(&path, b"A=IPC ", b"A=TCP ");
    if text == line { Line::Same } else { Line::Becomes(text) }
}
