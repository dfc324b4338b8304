//! The message on the wire: leading dots doubled, cut anywhere.

/// Doubles a dot at the start of a line (RFC 5321 4.5.2; SM-102), however the message is cut.
///
/// Lines are taken as the caller writes them: their ends must already be those of the mailer.
#[derive(Clone, Debug)]
pub struct DotStuffer {
    /// Whether dots are doubled at all (mailer flag `X`).
    hidden_dot: bool,
    /// The last byte seen; a message begins as if after a line end.
    last: u8,
}

impl DotStuffer {
    /// A stuffer for one message.
    #[must_use]
    pub fn new(hidden_dot: bool) -> Self {
        Self { hidden_dot, last: b'\n' }
    }

    /// Appends `chunk` to `out`; at most one byte more per line.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while let Some(&first) = rest.first() {
            if self.last == b'\n' && first == b'.' && self.hidden_dot {
                out.push(b'.');
            }
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, tail) = rest.split_at(end);
            out.extend_from_slice(line);
            self.last = line.last().copied().unwrap_or(self.last);
            rest = tail;
        }
    }

    /// Ends the last line with `eol` if it has no end yet. The final dot is sent by the client.
    pub fn finish(&mut self, eol: &[u8], out: &mut Vec<u8>) {
        if self.last != b'\n' {
            out.extend_from_slice(eol);
        }
        self.last = b'\n';
    }
}
