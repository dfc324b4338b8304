//! Reading replies: bytes of the peer, cut anywhere, to [`Reply`] values with bounded lines.

use std::mem;

use ruleset_vm::Enhanced;
use thiserror::Error;

/// Bytes kept of one reply line, without its end; the rest of a longer line is dropped.
pub const MAX_REPLY_LINE: usize = 2048;
/// Lines of one reply, and lines skipped in front of it, before the peer is given up.
pub const MAX_REPLY_LINES: usize = 512;

/// One whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits of the last line, 100 to 999.
    pub code: u16,
    /// The lines as received, with code, without line end; at least one.
    pub lines: Vec<Vec<u8>>,
}

impl Reply {
    /// First digit of the code.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// The first line as received: the one that logs, queue files and reports quote (observed).
    #[must_use]
    pub fn first_line(&self) -> &[u8] {
        self.lines.first().map_or(&[], Vec::as_slice)
    }

    /// What follows the code and its separator in `line`.
    #[must_use]
    pub fn text_of(line: &[u8]) -> &[u8] {
        line.get(4..).unwrap_or(&[])
    }

    /// The text of the first line behind the code and an enhanced code.
    #[must_use]
    pub fn words(&self) -> &[u8] {
        let text = Self::text_of(self.first_line());
        match Enhanced::parse_prefix(text) {
            Some((_, used)) => text.get(used..).unwrap_or(&[]).trim_ascii_start(),
            None => text,
        }
    }

    /// The enhanced code of the last line that has one (RFC 2034), if its class fits the reply.
    /// Replies outside of the classes 2, 4 and 5 fit any (observed).
    #[must_use]
    pub fn enhanced(&self) -> Option<Enhanced> {
        let codes = self.lines.iter().rev();
        let (code, _) =
            codes.map(|line| Enhanced::parse_prefix(Self::text_of(line))).find_map(|c| c)?;
        (code.class == self.class() || !matches!(self.class(), 2 | 4 | 5)).then_some(code)
    }
}

/// Why no reply could be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// More than [`MAX_REPLY_LINES`] lines without a complete reply.
    #[error("reply of more than {MAX_REPLY_LINES} lines")]
    TooManyLines,
}

/// Collects bytes and cuts them into replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// Bytes not yet looked at.
    input: Vec<u8>,
    /// How much of `input` has been consumed.
    at: usize,
    /// The line being collected, at most [`MAX_REPLY_LINE`] bytes.
    line: Vec<u8>,
    /// Lines of the reply being collected.
    lines: Vec<Vec<u8>>,
    /// Lines that are no reply, seen since the last reply.
    skipped: usize,
}

impl ReplyReader {
    /// Takes bytes from the peer. Callers bound what they feed between two calls of
    /// [`ReplyReader::next_reply`]; the reader holds no more than that and one reply.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at == self.input.len() {
            self.input.clear();
            self.at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// Forgets everything not yet read.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next complete reply; `None` until more bytes are fed. A line that does not start with
    /// three digits and a blank, a hyphen or the end of the line is skipped, and so is a code below
    /// 100 (SM-103, SM-143).
    ///
    /// # Errors
    /// [`ReplyError::TooManyLines`]; the connection is of no use afterwards.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        while let Some(line) = self.next_line() {
            let Some((code, more)) = reply_start(&line) else {
                self.skipped += 1;
                if self.skipped >= MAX_REPLY_LINES {
                    return Err(ReplyError::TooManyLines);
                }
                continue;
            };
            self.lines.push(line);
            if !more {
                self.skipped = 0;
                return Ok(Some(Reply { code, lines: mem::take(&mut self.lines) }));
            }
            if self.lines.len() >= MAX_REPLY_LINES {
                return Err(ReplyError::TooManyLines);
            }
        }
        Ok(None)
    }

    /// The next line without its end (LF, a CR in front of it belonging to it).
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let rest = self.input.get(self.at..).unwrap_or(&[]);
        let end = memchr::memchr(b'\n', rest);
        let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
        let room = (MAX_REPLY_LINE + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.at += piece.len() + usize::from(end.is_some());
        end?;
        let mut line = mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        line.truncate(MAX_REPLY_LINE);
        Some(line)
    }
}

/// The code at the start of a reply line, and whether more lines follow.
fn reply_start(line: &[u8]) -> Option<(u16, bool)> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.first() {
        _ if code < 100 => None,
        None | Some(b' ') => Some((code, false)),
        Some(b'-') => Some((code, true)),
        Some(_) => None,
    }
}
