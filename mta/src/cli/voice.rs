//! How errors before any dialogue are worded: modes that speak SMTP put a reply code in front
//! (CF-010, CMD-142).

use super::print;

/// The voice of an operation mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    replies: bool,
}

impl Voice {
    /// The voice of a mode: `-bs`, `-bd` and `-ba` speak in replies.
    pub(super) fn of(mode: u8) -> Self {
        Self { replies: matches!(mode, b's' | b'd' | b'a') }
    }

    /// Says a line; `code` is what stands in front of it in a reply, without the blank behind it.
    pub(super) fn say(self, code: &[u8], text: &[u8]) {
        print(&self.line(code, text));
    }

    /// A mistake of the caller.
    pub(super) fn usage(self, text: impl AsRef<[u8]>) {
        self.say(b"550", text.as_ref());
    }

    fn line(self, code: &[u8], text: &[u8]) -> Vec<u8> {
        if self.replies { [code, b" ", text, b"\r\n"].concat() } else { [text, b"\n"].concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_have_a_code_and_crlf() {
        assert_eq!(Voice::of(b's').line(b"550", b"x"), b"550 x\r\n"); // CMD-142
        assert_eq!(Voice::of(b'D').line(b"550", b"x"), b"x\n"); // CMD-026
        assert_eq!(Voice::of(b'm').line(b"550", b"x"), b"x\n");
    }
}
