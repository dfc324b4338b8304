//! What hook rulesets say.

use ruleset_vm::{Enhanced, Exit, Status, error_mailer};

/// What a hook ruleset says (RS-095..RS-105).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Accept,
    /// `$#error`: refuse with this reply.
    Reject(Status),
    /// `$#discard`: pretend to accept.
    Discard,
    /// `$#error $@ quarantine`: keep under this reason.
    Quarantine(Vec<u8>),
}

/// What a hook ruleset returns behind `$#`, `$@` and `$:`.
pub type HookAnswer = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

impl Verdict {
    /// The verdict in the answer of a ruleset; `None` is a ruleset that is missing or returns no triple.
    #[must_use]
    pub fn of(ruleset: &str, answer: Option<HookAnswer>) -> Self {
        match answer {
            None => Self::Accept,
            // Case counts in these names (observed).
            Some((name, _, _)) if name == b"discard" => Self::Discard,
            Some((name, host, text)) if name == b"error" => {
                if host.as_deref() == Some(b"quarantine") {
                    let reason = if text.is_empty() { ruleset.as_bytes().to_vec() } else { text };
                    return Self::Quarantine(reason);
                }
                if text.is_empty() {
                    let code = Enhanced::new(5, 3, 5);
                    let text = "buildaddr: no user";
                    return Self::Reject(Status::from_reply(Exit::CONFIG, 554, code, text));
                }
                let mut status = error_mailer::error_status(host.as_deref(), &text);
                status.retry = status.reply.is_some_and(|code| (400..500).contains(&code));
                Self::Reject(status)
            }
            Some(_) => Self::Accept,
        }
    }

    /// In one line: `accepted`, `refused 550 5.7.1 Access denied`, `discarded`, `quarantined: why`.
    #[must_use]
    pub fn words(&self) -> Vec<u8> {
        match self {
            Self::Accept => b"accepted".to_vec(),
            Self::Reject(status) => [b"refused ", &refusal(status)[..]].concat(),
            Self::Discard => b"discarded".to_vec(),
            Self::Quarantine(reason) => [b"quarantined: ", &reason[..]].concat(),
        }
    }
}

/// `550 5.7.1 Access denied`
#[must_use]
pub fn refusal(status: &Status) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(reply) = status.reply {
        out.extend(format!("{reply} ").into_bytes());
    }
    if let Some(enhanced) = status.enhanced {
        out.extend(format!("{enhanced} ").into_bytes());
    }
    out.extend_from_slice(&status.text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_rulesets() {
        let answer = |name: &str, host: Option<&str>, text: &str| {
            let host = host.map(|host| host.as_bytes().to_vec());
            let answer = (name.as_bytes().to_vec(), host, text.as_bytes().to_vec());
            Verdict::of("check_rcpt", Some(answer)).words()
        };
        let rows = [
            (answer("OK", None, ""), "accepted"),
            (answer("discard", None, ""), "discarded"),
            (answer("Discard", None, ""), "accepted"),
            (answer("error", Some("quarantine"), "why"), "quarantined: why"),
            (answer("error", Some("quarantine"), ""), "quarantined: check_rcpt"),
            (answer("error", Some("5.7.1"), "550 no"), "refused 550 5.7.1 no"),
            (answer("error", None, ""), "refused 554 5.3.5 buildaddr: no user"),
        ];
        for (got, expected) in rows {
            assert_eq!(String::from_utf8_lossy(&got), expected);
        }
        assert_eq!(Verdict::of("check_rcpt", None), Verdict::Accept);
    }
}
