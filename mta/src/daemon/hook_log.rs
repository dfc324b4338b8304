//! The log line of a hook ruleset that has something against a message (LG-024, RS-107).

use crate::address::worker::Verdict;
use crate::protocol::smtp::server::Reply;

/// `ruleset=X, arg1=A, relay=R, reject=TEXT`, or `discard`, or `quarantine=REASON`; `None` if the
/// ruleset accepts. `address` is what the reply is about.
pub(super) fn line(
    ruleset: &str,
    arguments: &[&[u8]],
    relay: &[u8],
    verdict: &Verdict,
    address: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let end = match verdict {
        Verdict::Accept => return None,
        Verdict::Discard => b"discard".to_vec(),
        Verdict::Quarantine(reason) => [b"quarantine=", reason.as_slice()].concat(),
        Verdict::Reject(status) => {
            let reply = Reply::from_status(status, address).render();
            [b"reject=", reply.strip_suffix(b"\r\n").unwrap_or(&reply)].concat()
        }
    };
    let mut text = format!("ruleset={ruleset}").into_bytes();
    for (index, argument) in arguments.iter().enumerate() {
        text.extend(format!(", arg{}=", index + 1).into_bytes());
        text.extend_from_slice(argument);
    }
    text.extend_from_slice(b", relay=");
    text.extend_from_slice(relay);
    text.extend_from_slice(b", ");
    text.extend(end);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruleset_vm::{Enhanced, Exit, Status};

    #[test]
    fn lines_as_observed() {
        let show = |verdict: &Verdict, address| {
            let line = line("check_rcpt", &[b"<rej>"], b"localhost [127.0.0.1]", verdict, address);
            line.map(|line| String::from_utf8_lossy(&line).into_owned()).unwrap_or_default()
        };
        let code = Enhanced::new(5, 7, 9);
        let status = Status::from_reply(Exit::UNAVAILABLE, 550, code, "rejected");
        let about: Option<&[u8]> = Some(b"<rej>");
        insta::assert_snapshot!(show(&Verdict::Reject(status), about), @"ruleset=check_rcpt, arg1=<rej>, relay=localhost [127.0.0.1], reject=550 5.7.9 <rej>... rejected"); // LG-068
        insta::assert_snapshot!(show(&Verdict::Discard, about), @"ruleset=check_rcpt, arg1=<rej>, relay=localhost [127.0.0.1], discard"); // LG-070
        insta::assert_snapshot!(show(&Verdict::Quarantine(b"why".to_vec()), about), @"ruleset=check_rcpt, arg1=<rej>, relay=localhost [127.0.0.1], quarantine=why"); // LG-070
        assert_eq!(show(&Verdict::Accept, about), "");
    }
}
