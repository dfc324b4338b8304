//! The written form of replies: `NNN D.S.N ADDR... text`, one or more lines.
//!
//! Source: RFC 5321 section 4.2, RFC 2034; which codes carry the address and what a status without
//! codes becomes: RS-097..RS-101, observed with sendmail 8.17.1.9.

use ruleset_vm::{Enhanced, Status};

/// Codes whose text begins with the current address (RS-100).
const WITH_ADDRESS: [u16; 6] = [50, 250, 252, 450, 550, 553];

/// Longest reply line written, without its line end; longer text is cut.
pub const MAX_REPLY_LINE: usize = 2048;

/// One reply, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// RFC 3463 code; greeting, HELO, 334 and 354 have none.
    pub enhanced: Option<Enhanced>,
    /// The text; line feeds separate lines.
    pub text: Vec<u8>,
}

impl Reply {
    /// What a status says as a reply about `address`.
    ///
    /// Without a reply code it is 553 5.3.0 (RS-097), a success 250; without an enhanced code that
    /// is the class with zeros (RS-101).
    #[must_use]
    pub fn from_status(status: &Status, address: Option<&[u8]>) -> Self {
        let zeros = |code| matches!(code / 100, 2 | 4 | 5).then(|| Enhanced::new(code / 100, 0, 0));
        let (code, enhanced) = match (status.reply, status.enhanced) {
            (Some(code), enhanced) => (code, enhanced.or(zeros(code))),
            (None, enhanced) if status.is_ok() => (250, enhanced.or(zeros(250))),
            (None, enhanced) => (553, Some(enhanced.unwrap_or(Enhanced::new(5, 3, 0)))),
        };
        Self { code, enhanced, text: status.text.clone() }.about(address)
    }

    /// Puts `ADDR... ` in front of the text, for the codes that carry it.
    #[must_use]
    pub fn about(mut self, address: Option<&[u8]>) -> Self {
        if let Some(address) = address.filter(|_| WITH_ADDRESS.contains(&self.code)) {
            let mut text = shortened(address);
            text.extend_from_slice(b"... ");
            text.append(&mut self.text);
            self.text = text;
        }
        self
    }

    /// Makes a permanent refusal a temporary one (SM-139).
    #[must_use]
    pub fn softened(mut self) -> Self {
        if (500..600).contains(&self.code) {
            self.code -= 100;
        }
        // The enhanced code whatever stands in front of it (observed).
        if let Some(enhanced) = self.enhanced.as_mut().filter(|code| code.class == 5) {
            enhanced.class = 4;
        }
        self
    }

    /// The bytes on the wire. Replies are ASCII: the eighth bit is stripped, then control characters
    /// are dropped (observed); lines are cut at [`MAX_REPLY_LINE`]. A code that is none becomes 451.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        self.render_part(true)
    }

    /// [`Reply::render`], or with more lines to follow, whose code may be another one.
    fn render_part(&self, last: bool) -> Vec<u8> {
        let code = if (1..=999).contains(&self.code) { self.code } else { 451 };
        let mut out = Vec::with_capacity(self.text.len() + 16);
        let mut lines = self.text.split(|&byte| byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            let start = out.len();
            let separator = if lines.peek().is_some() || !last { '-' } else { ' ' };
            out.extend_from_slice(format!("{code:03}{separator}").as_bytes());
            if let Some(enhanced) = self.enhanced.filter(|_| (200..600).contains(&code)) {
                out.extend_from_slice(format!("{enhanced} ").as_bytes());
            }
            let ascii = line.iter().map(|&byte| byte & 0x7f);
            out.extend(ascii.filter(|&byte| byte == b'\t' || printable(byte)));
            out.truncate(start + MAX_REPLY_LINE);
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

/// The bytes of one reply whose lines have codes of their own.
#[must_use]
pub(super) fn render_lines(lines: &[Reply]) -> Vec<u8> {
    let parts = lines.iter().enumerate();
    parts.flat_map(|(at, line)| line.render_part(at + 1 == lines.len())).collect()
}

/// What the oracle leaves of a long text inside a reply: 100 bytes of either end (observed).
#[must_use]
pub fn shortened(text: &[u8]) -> Vec<u8> {
    const KEPT: usize = 100;
    match (text.first_chunk::<KEPT>(), text.last_chunk::<KEPT>()) {
        (Some(head), Some(tail)) if text.len() > 2 * KEPT + 3 => {
            [head.as_slice(), b"...", tail].concat()
        }
        _ => text.to_vec(),
    }
}

fn printable(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruleset_vm::Exit;

    fn line(status: &Status, address: Option<&[u8]>) -> String {
        let rendered = Reply::from_status(status, address).render();
        String::from_utf8_lossy(&rendered).trim_end().to_owned()
    }

    fn coded(reply: Option<u16>, enhanced: Option<Enhanced>, text: &str) -> Status {
        Status { reply, enhanced, ..Status::from_exit(Exit::UNAVAILABLE, text) }
    }

    #[test]
    fn status_without_codes_gets_the_defaults() {
        let cases = [
            // RS-097, RS-100
            (coded(None, None, "no code text"), "553 5.3.0 <a>... no code text"),
            (coded(Some(550), Some(Enhanced::new(5, 1, 8)), "nope"), "550 5.1.8 <a>... nope"),
            // RS-098: the class of the enhanced code is not made to fit
            (coded(Some(451), Some(Enhanced::new(5, 1, 8)), "later"), "451 5.1.8 later"),
            (coded(Some(450), None, "num"), "450 4.0.0 <a>... num"),
            (coded(Some(421), Some(Enhanced::new(4, 7, 0)), "bye"), "421 4.7.0 bye"),
            // RS-101
            (coded(Some(553), None, "found"), "553 5.0.0 <a>... found"),
        ];
        for (status, expected) in cases {
            assert_eq!(line(&status, Some(b"<a>")), expected);
        }
    }

    #[test]
    fn a_line_end_in_the_text_cannot_forge_a_reply() {
        let status = coded(Some(550), None, "one\r\n250 two");
        assert_eq!(line(&status, None), "550-5.0.0 one\r\n550 5.0.0 250 two");
    }

    #[test]
    fn soft_bounce_changes_both_codes() {
        // SM-139
        let status = coded(Some(550), Some(Enhanced::new(5, 1, 1)), "User unknown");
        let reply = Reply::from_status(&status, None).softened();
        assert_eq!(reply.render(), b"450 4.1.1 User unknown\r\n");
    }
}
