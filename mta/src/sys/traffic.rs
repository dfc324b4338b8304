//! The traffic log of `-X`: what is said and what is heard, line by line, with the number of the process in
//! front (CMD-061).

use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::ids;

/// Longest line kept until its end comes, bytes; what is longer is cut in two.
const MAX_LINE: usize = 64 << 10;

static LOG: OnceLock<Mutex<File>> = OnceLock::new();

/// Begins the log; a second one is not begun.
pub fn begin(file: File) {
    let _ = LOG.set(Mutex::new(file));
}

/// What a line is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `>>>`: said by us.
    Sent,
    /// `<<<`: said to us.
    Heard,
    /// `===`: what is done.
    Done,
}

/// Writes text of one or more lines. Losing a line of the log is no reason to lose mail.
pub fn write(way: Way, text: &[u8]) {
    let Some(log) = LOG.get() else { return };
    let mut out = Vec::new();
    for line in text.strip_suffix(b"\n").unwrap_or(text).split(|&byte| byte == b'\n') {
        render(way, line, &mut out);
    }
    let _ = log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&out);
}

fn render(way: Way, line: &[u8], out: &mut Vec<u8>) {
    let mark: &[u8] = match way {
        Way::Sent => b" >>> ",
        Way::Heard => b" <<< ",
        Way::Done => b" === ",
    };
    out.extend_from_slice(format!("{:05}", ids::process_id()).as_bytes());
    out.extend_from_slice(mark);
    // Only what is heard shows how its lines end (observed).
    let line = if way == Way::Sent { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
    out.extend_from_slice(line);
    out.push(b'\n');
}

/// A direction whose text comes in pieces.
#[derive(Debug)]
pub struct Stream {
    way: Way,
    rest: Vec<u8>,
}

impl Stream {
    /// Nothing yet.
    #[must_use]
    pub fn new(way: Way) -> Self {
        Self { way, rest: Vec::new() }
    }

    /// More of it; lines are written when they are whole.
    pub fn push(&mut self, piece: &[u8]) {
        if LOG.get().is_none() {
            return;
        }
        self.rest.extend_from_slice(piece);
        let end = memchr::memrchr(b'\n', &self.rest).map(|at| at + 1);
        let whole = end.or((self.rest.len() > MAX_LINE).then_some(self.rest.len()));
        if let Some(whole) = whole {
            let after = self.rest.split_off(whole);
            write(self.way, &self.rest);
            self.rest = after;
        }
    }

    /// The end of what is heard.
    pub fn end(&mut self) {
        self.push(b"");
        if !self.rest.is_empty() {
            write(self.way, &self.rest);
            self.rest.clear();
        }
        write(self.way, b"[EOF]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_process_and_a_direction() {
        // CMD-061
        let mut out = Vec::new();
        render(Way::Sent, b"220 x\r", &mut out);
        render(Way::Heard, b"NOOP\r", &mut out);
        render(Way::Done, b"CONNECT h", &mut out);
        let id = format!("{:05}", ids::process_id());
        let expected = format!("{id} >>> 220 x\n{id} <<< NOOP\r\n{id} === CONNECT h\n");
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
