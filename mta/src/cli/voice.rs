//! How errors before any dialogue are worded: modes that speak SMTP put a reply code in front
//! (CF-010, CMD-142).

use cf_parser::Severity;

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

    /// Says a line with reply codes in front.
    pub(super) fn say_line(self, line: &[u8]) {
        let (codes, text) = ruleset_vm::split_codes(line);
        self.say(codes.trim_ascii_end(), text);
    }

    /// [`Voice::say_line`] for whoever does not know voices.
    pub(super) fn speaker(self) -> fn(&[u8]) {
        if self.replies {
            |line| Self { replies: true }.say_line(line)
        } else {
            |line| Self { replies: false }.say_line(line)
        }
    }

    /// A message about the configuration or an option.
    pub(super) fn diagnostic(self, text: &[u8], severity: Severity) {
        match code(text, severity) {
            Some(code) => self.say(code, text),
            None => print(&[text, b"\n"].concat()),
        }
    }

    /// A mistake of the caller.
    pub(super) fn usage(self, text: impl AsRef<[u8]>) {
        self.say(b"550", text.as_ref());
    }

    fn line(self, code: &[u8], text: &[u8]) -> Vec<u8> {
        if self.replies { [code, b" ", text, b"\r\n"].concat() } else { [text, b"\n"].concat() }
    }
}

/// What stands in front of a message in a reply; `None` for those that are printed as they are.
fn code(text: &[u8], severity: Severity) -> Option<&'static [u8]> {
    let has = |words: &[u8]| text.windows(words.len()).any(|found| found == words);
    Some(match severity {
        Severity::Note => b"050",
        Severity::Warning => return None,
        Severity::Mistake | Severity::Error { exit: 69, .. } => b"550",
        Severity::Error { exit: 71 | 72, .. } => b"451 4.0.0",
        Severity::Error { .. } if has(b"host \"") => b"554 5.3.0",
        Severity::Error { .. } if PORT_ERRORS.iter().any(|words| has(words)) => b"554 5.3.5",
        Severity::Error { .. } => b"554 5.0.0",
    })
}

/// Parts of messages about listeners, which have a code of their own.
const PORT_ERRORS: [&[u8]; 5] = [
    b"service \"",
    b"PortOptions parameter",
    b"Unknown address family",
    b"address= option",
    b"Unknown delivery mode",
];

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
