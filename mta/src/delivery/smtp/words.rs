//! The words of a verdict in the log, in reports and for `-v` (observed with sendmail 8.17.1.9).

use ruleset_vm::{Enhanced, Exit, Status};

use crate::delivery::context::RecipientOutcome;
use crate::delivery::{hosts, outcome};
use crate::protocol::smtp::client::{Reply, Stage, Verdict};

/// What is told of one recipient. The first line of a reply is the one quoted; `enhanced` is whether
/// the peer announced enhanced codes, which then are no part of the words.
pub(super) fn of_verdict(
    recipient: usize,
    verdict: &Verdict,
    peer: &[u8],
    enhanced: bool,
) -> RecipientOutcome {
    let status = &verdict.status;
    let shown = Status { text: words(verdict, enhanced), ..status.clone() };
    let stat = outcome::stat_text(&shown);
    RecipientOutcome {
        recipient,
        status: status.clone(),
        queue_text: stat.clone(),
        stat,
        reported: status.enhanced.unwrap_or(Enhanced::new(5, 0, 0)),
        remote_mta: Some(without_dot(peer)),
        diagnostic: diagnostic(verdict),
        reply: logged_reply(verdict),
        own_reply: verdict.stage == Stage::Rcpt && !status.is_ok(),
        told: false,
    }
}

/// What is told of recipients whose host was not reached; `relay` is what stands in the log, the
/// host in front.
pub(super) fn of_unreached(status: &Status, relay: Option<&[u8]>) -> RecipientOutcome {
    let host = relay.and_then(|relay| relay.split(|&byte| byte == b' ').next());
    let is_loop = status.reply == Some(hosts::LOOP_REPLY);
    let no_mail = status.reply == Some(hosts::NO_MAIL_REPLY);
    let hidden = is_loop || no_mail;
    let text = if hidden { Vec::new() } else { status.text.clone() };
    let stat = outcome::stat_text(&Status { text, ..status.clone() });
    let diagnostic = match status.exit {
        _ if no_mail => Some([b"556 ", status.text.as_slice()].concat()),
        // Only a host that was named itself, not one of its MX hosts.
        Exit::NOHOST if host.is_some_and(|host| !host.ends_with(b".")) => {
            Some(b"550 Host unknown".to_vec())
        }
        _ => None,
    };
    let reported = status.enhanced.filter(|_| !is_loop);
    RecipientOutcome {
        recipient: 0,
        status: status.clone(),
        queue_text: stat.clone(),
        stat,
        reported: reported.unwrap_or_else(|| outcome::reported_code(status.exit)),
        remote_mta: host.map(without_dot),
        diagnostic,
        reply: None,
        own_reply: false,
        told: false,
    }
}

/// A host as `Remote-MTA:` has it.
fn without_dot(host: &[u8]) -> Vec<u8> {
    host.strip_suffix(b".").unwrap_or(host).to_vec()
}

fn first_line(verdict: &Verdict) -> Option<&[u8]> {
    verdict.reply.as_ref().and_then(|reply| reply.lines.first()).map(Vec::as_slice)
}

/// The text beside `Sent` and `Deferred`; nothing for failures, which have the text of their exit
/// status and the reply beside it (LG-010). A connection lost in a transaction leaves no words.
fn words(verdict: &Verdict, enhanced: bool) -> Vec<u8> {
    let line = first_line(verdict);
    match (verdict.status.exit, line) {
        (Exit::OK, Some(line)) => {
            let text = Reply::text_of(line);
            match Enhanced::parse_prefix(text).filter(|_| enhanced) {
                Some((_, used)) => text.get(used..).unwrap_or_default().trim_ascii_start().to_vec(),
                None => text.to_vec(),
            }
        }
        (Exit::TEMPFAIL, Some(line)) => line.to_vec(),
        (Exit::TEMPFAIL, None) if matches!(verdict.stage, Stage::Greeting | Stage::Hello) => {
            verdict.status.text.clone()
        }
        (Exit::OK | Exit::TEMPFAIL | Exit::CONFIG, None) => Vec::new(),
        (_, None) => verdict.status.text.clone(),
        (_, Some(_)) => Vec::new(),
    }
}

/// `Diagnostic-Code:`: the first line of the reply as it came.
fn diagnostic(verdict: &Verdict) -> Option<Vec<u8>> {
    match verdict.status.exit {
        Exit::OK => None,
        Exit::CONFIG => Some(b"553 5.3.5 system config error".to_vec()),
        _ => first_line(verdict).map(<[u8]>::to_vec),
    }
}

/// `reply=` of the log: the first line. Outside of replies to `RCPT` the hyphen of a line that goes on
/// is shown as a blank; a connection lost at `RCPT` is told as a reply 421.
fn logged_reply(verdict: &Verdict) -> Option<Vec<u8>> {
    let at_recipient = verdict.stage == Stage::Rcpt;
    match (verdict.status.exit, first_line(verdict)) {
        (Exit::OK | Exit::CONFIG, _) => None,
        (Exit::PROTOCOL, _) if matches!(verdict.stage, Stage::Data | Stage::Dot) => None,
        (_, Some(line)) if at_recipient => Some(line.to_vec()),
        (_, Some(line)) => {
            let code = line.get(..3).unwrap_or(line);
            let text = Reply::text_of(line);
            Some([code, b" ", text].concat())
        }
        (Exit::TEMPFAIL, None) if at_recipient => {
            Some([b"421 4.4.1 ", verdict.status.text.as_slice()].concat())
        }
        (_, None) => None,
    }
}

/// `H: SMTP RCPT protocol error: TEXT` (SM-096).
pub(super) fn protocol_error(verdict: &Verdict, peer: &[u8]) -> Vec<u8> {
    let stage = verdict.stage.protocol_name().as_bytes();
    let reply = first_line(verdict).unwrap_or_default();
    [peer, b": SMTP ", stage, b" protocol error: ", reply].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// exit, stage, lines of the reply, stat=, reply=
    type Row = (Exit, Stage, &'static [&'static str], &'static str, Option<&'static str>);

    #[test]
    fn hosts_that_are_not_reached() {
        // The rows as logged and reported by 8.17.1.9.
        let no_mail = Status::from_reply(
            Exit::UNAVAILABLE,
            hosts::NO_MAIL_REPLY,
            Enhanced::new(5, 1, 10),
            "Host does not accept mail: MX 0 .",
        );
        let outcome = of_unreached(&no_mail, Some(b"null.test"));
        assert_eq!(outcome.stat, b"Service unavailable");
        assert_eq!(outcome.diagnostic.unwrap(), b"556 Host does not accept mail: MX 0 .");
        assert_eq!(outcome.reported.to_string(), "5.1.10");
        let unknown = |host: &[u8]| of_unreached(&hosts::unknown_host(host), Some(host));
        let outcome = unknown(b"nx.test.");
        assert_eq!(outcome.stat, b"Host unknown (Name server: nx.test.: host not found)");
        assert_eq!((outcome.diagnostic, outcome.remote_mta.unwrap()), (None, b"nx.test".to_vec()));
        assert_eq!(unknown(b"nxdom.test").diagnostic.unwrap(), b"550 Host unknown");
    }

    #[test]
    fn the_log_has_the_words_of_sendmail() {
        // SM-098, SM-103, SM-132, SM-133; the rows as logged by 8.17.1.9.
        let rows: &[Row] = &[
            (Exit::OK, Stage::Dot, &["250-2.0.0 first", "250 2.0.0 last"], "Sent (first)", None),
            (
                Exit::UNAVAILABLE,
                Stage::Greeting,
                &["554-no", "554 never"],
                "Service unavailable",
                Some("554 no"),
            ),
            (
                Exit::TEMPFAIL,
                Stage::Greeting,
                &["421 go away"],
                "Deferred: 421 go away",
                Some("421 go away"),
            ),
            (Exit::TEMPFAIL, Stage::Greeting, &[], "Deferred: Connection reset by h", None),
            (Exit::TEMPFAIL, Stage::Mail, &[], "Deferred", None),
            (Exit::TEMPFAIL, Stage::Dot, &[], "Deferred", None),
            (Exit::TEMPFAIL, Stage::Rcpt, &[], "Deferred", Some("421 4.4.1 Connection reset by h")),
            (
                Exit::TEMPFAIL,
                Stage::Rcpt,
                &["450-4.2.2 a", "450 4.2.2 b"],
                "Deferred: 450-4.2.2 a",
                Some("450-4.2.2 a"),
            ),
            (
                Exit::UNAVAILABLE,
                Stage::Dot,
                &["552-5.3.4 a", "552 b"],
                "Service unavailable",
                Some("552 5.3.4 a"),
            ),
            (Exit::NOUSER, Stage::Rcpt, &["550 5.1.1 x"], "User unknown", Some("550 5.1.1 x")),
            (Exit::CONFIG, Stage::Hello, &["250 me"], "Local configuration error", None),
        ];
        for &(exit, stage, lines, stat, reply) in rows {
            let received = (!lines.is_empty()).then(|| Reply {
                code: 0,
                lines: lines.iter().map(|line| line.as_bytes().to_vec()).collect(),
            });
            let status = Status::from_exit(exit, "Connection reset by h");
            let outcome = of_verdict(0, &Verdict { status, reply: received, stage }, b"h", true);
            assert_eq!(String::from_utf8_lossy(&outcome.stat), stat, "{stage:?} {lines:?}");
            let shown = outcome.reply.map(|reply| String::from_utf8_lossy(&reply).into_owned());
            assert_eq!(shown.as_deref(), reply, "{stage:?} {lines:?}");
        }
    }
}
