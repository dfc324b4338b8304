//! Compares what came of a test with what was expected, and writes expectations from what came.

use super::run::{Got, Outcome};
use super::write::expectation;
use super::{Expectation, Expected, Subject};
use crate::session::Verdict;

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where it stands.
    pub line: usize,
    /// The expectation as written.
    pub expected: Vec<u8>,
    /// What came instead, in the same form.
    pub got: Vec<u8>,
}

/// The expectations that an outcome does not meet. A test that expects nothing fails, whatever came.
#[must_use]
pub fn judge(line: usize, expected: &[Expected], outcome: &Outcome) -> Vec<Failure> {
    if expected.is_empty() {
        let got = shown(&all(&outcome.got));
        return vec![Failure { line, expected: b"(nothing is expected)".to_vec(), got }];
    }
    if let Got::Impossible(reason) = &outcome.got {
        let expected = expected.iter().map(|expected| expected.what.clone()).collect::<Vec<_>>();
        let got = reason.clone().into_bytes();
        return vec![Failure { line, expected: shown(&expected), got }];
    }
    // replies are looked for behind those that were found
    let mut found = (0, 0);
    let failed = |expected: &&Expected| !meets(&expected.what, &outcome.got, &mut found);
    let failed: Vec<&Expected> = expected.iter().filter(failed).collect();
    failed
        .into_iter()
        .map(|expected| Failure {
            line: expected.line,
            expected: shown(std::slice::from_ref(&expected.what)),
            got: shown(&instead(&expected.what, &outcome.got)),
        })
        .collect()
}

/// Whether a result is as expected; `found` says behind which reply of which line to look.
fn meets(expected: &Expectation, got: &Got, found: &mut (usize, usize)) -> bool {
    use Expectation as E;
    match (expected, got) {
        (E::Nothing, Got::Nothing) => true,
        (E::Mailer(wanted), Got::Triple { mailer, .. }) => mailer.eq_ignore_ascii_case(wanted),
        (E::Host(wanted), Got::Triple { host, .. }) => host == wanted,
        (E::User(wanted), Got::Triple { user, .. }) => user == wanted,
        (E::Deferred, Got::Triple { deferred, .. } | Got::Text(_, deferred)) => *deferred,
        (E::Refused(wanted), Got::Refused(text)) => text.starts_with(wanted),
        (E::Gives(wanted), Got::Text(text, _) | Got::Verdict(_, text)) => text == wanted,
        (E::Accepted, Got::Verdict(verdict, _)) => *verdict == Verdict::Accept,
        (E::Discarded, Got::Verdict(verdict, _)) => *verdict == Verdict::Discard,
        (E::Refused(wanted), Got::Verdict(Verdict::Reject(status), _)) => {
            crate::session::refusal(status).starts_with(wanted)
        }
        (E::Quarantined(wanted), Got::Verdict(Verdict::Quarantine(reason), _)) => {
            reason.starts_with(wanted)
        }
        (E::Relayed(wanted), Got::Session { relayed, .. }) => wanted == relayed,
        (E::Reply { after, text }, Got::Session { replies, .. }) => {
            let from = if found.0 == *after { found.1 } else { 0 };
            let lines = replies.get(after).map(Vec::as_slice).unwrap_or_default();
            let place = lines.iter().skip(from).position(|line| line.starts_with(text));
            if let Some(place) = place {
                *found = (*after, from + place + 1);
            }
            place.is_some()
        }
        _ => false,
    }
}

/// What came instead of an expectation: its counterpart if there is one, else all that came.
fn instead(expected: &Expectation, got: &Got) -> Vec<Expectation> {
    use Expectation as E;
    if let (E::Reply { after, .. }, Got::Session { replies, .. }) = (expected, got) {
        let lines = replies.get(after).into_iter().flatten();
        return lines.map(|text| E::Reply { after: *after, text: text.clone() }).collect();
    }
    let all = all(got);
    let same =
        |one: &&Expectation| std::mem::discriminant(*one) == std::mem::discriminant(expected);
    match all.iter().find(same) {
        Some(one) => vec![one.clone()],
        None => all,
    }
}

/// Everything that can be said of a result.
fn all(got: &Got) -> Vec<Expectation> {
    use Expectation as E;
    match got {
        Got::Nothing => vec![E::Nothing],
        Got::Triple { mailer, host, user, deferred } => {
            let mut out =
                vec![E::Mailer(mailer.clone()), E::Host(host.clone()), E::User(user.clone())];
            out.extend(deferred.then_some(E::Deferred));
            out
        }
        Got::Refused(text) => vec![E::Refused(text.clone())],
        Got::Text(text, deferred) => {
            let mut out = vec![E::Gives(text.clone())];
            out.extend(deferred.then_some(E::Deferred));
            out
        }
        Got::Verdict(verdict, _) => vec![match verdict {
            Verdict::Accept => E::Accepted,
            Verdict::Discard => E::Discarded,
            Verdict::Reject(status) => E::Refused(crate::session::refusal(status)),
            Verdict::Quarantine(reason) => E::Quarantined(reason.clone()),
        }],
        Got::Session { replies, relayed, .. } => {
            let last = |(after, lines): (&usize, &Vec<Vec<u8>>)| {
                let text = lasting(lines.last()?).to_vec();
                Some(E::Reply { after: *after, text })
            };
            let mut out: Vec<Expectation> = replies.iter().filter_map(last).collect();
            out.push(E::Relayed(*relayed));
            out
        }
        Got::Impossible(_) => Vec::new(),
    }
}

/// What of a reply will be the same tomorrow: of consent its codes (names, dates and queue ids follow), all of a
/// refusal.
fn lasting(reply: &[u8]) -> &[u8] {
    if !matches!(reply.first(), Some(b'2' | b'3')) {
        return reply;
    }
    let mut end = reply.len().min(3);
    let enhanced = reply.get(4..).unwrap_or_default().split(|byte| *byte == b' ').next();
    if let Some(code) = enhanced.filter(|code| is_enhanced(code)) {
        end = 4 + code.len();
    }
    reply.get(..end).unwrap_or(reply)
}

fn is_enhanced(code: &[u8]) -> bool {
    let mut parts = code.split(|byte| *byte == b'.');
    let number = |part: Option<&[u8]>| {
        part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
    };
    number(parts.next()) && number(parts.next()) && number(parts.next()) && parts.next().is_none()
}

/// Expectations that an outcome meets: present behaviour.
#[must_use]
pub fn record(subject: &Subject, outcome: &Outcome) -> Vec<Expected> {
    let mut found = all(&outcome.got);
    if let (Subject::Hook { .. }, Got::Verdict(Verdict::Accept, text)) = (subject, &outcome.got)
        && text.first() == Some(&b'$')
    {
        // srv_features and greet_pause say more than yes
        found.push(Expectation::Gives(text.clone()));
    }
    found.into_iter().map(|what| Expected { line: 0, what }).collect()
}

/// Expectations as lines, without the end of the last one.
fn shown(list: &[Expectation]) -> Vec<u8> {
    let mut out = Vec::new();
    list.iter().for_each(|what| expectation(what, &mut out));
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::parse;

    fn failures(text: &str, got: Got) -> Vec<String> {
        let suite = parse(text.as_bytes()).unwrap();
        let test = &suite.tests[0];
        let failures = judge(test.line, &test.expected, &Outcome { got, rule: None });
        let show = |f: Failure| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\n', "; ");
            format!("{}: {} / {}", f.line, text(&f.expected), text(&f.got))
        };
        failures.into_iter().map(show).collect()
    }

    fn local() -> Got {
        Got::Triple {
            mailer: b"local".to_vec(),
            host: Vec::new(),
            user: b"alice".to_vec(),
            deferred: false,
        }
    }

    #[test]
    fn triples() {
        assert!(failures("recipient a\nmailer LOCAL\nhost\nuser alice", local()).is_empty());
        assert_eq!(
            failures("recipient a\nmailer smtp\nhost x\nrefused", local()),
            [
                "2: mailer smtp / mailer local",
                "3: host x / host",
                "4: refused / mailer local; host; user alice"
            ]
        );
        assert_eq!(
            failures("recipient a", local()),
            ["1: (nothing is expected) / mailer local; host; user alice"]
        );
        assert_eq!(
            failures("recipient a\nmailer x", Got::Impossible("why".into())),
            ["1: mailer x / why"]
        );
    }

    #[test]
    fn replies_are_found_in_their_order() {
        let lines = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let replies: BTreeMap<usize, Vec<Vec<u8>>> =
            [(0, lines(&["220 hub"])), (1, lines(&["250-a", "250-b", "250 c"]))].into();
        let got = Got::Session { replies, relayed: false, because: Vec::new() };
        let good = "session\n< 220\n> EHLO x\n< 250-a\n< 250 c\nrelayed no";
        assert!(failures(good, got.clone()).is_empty());
        assert_eq!(
            failures("session\n> EHLO x\n< 250 c\n< 250-a\nrelayed yes", got.clone()),
            ["4: < 250-a / < 250-a; < 250-b; < 250 c", "5: relayed yes / relayed no"]
        );
        let recorded = record(&Subject::Session(vec![]), &Outcome { got, rule: None });
        assert_eq!(recorded.len(), 3);
    }

    use std::collections::BTreeMap;

    #[test]
    fn what_lasts_of_a_reply() {
        for (reply, expected) in [
            ("250 2.0.0 4AB Message accepted", "250 2.0.0"),
            ("220 hub ESMTP Sendmail; Mon", "220"),
            ("354 Enter mail", "354"),
            ("550 5.7.1 no", "550 5.7.1 no"),
            ("250", "250"),
            ("25", "25"),
        ] {
            assert_eq!(lasting(reply.as_bytes()), expected.as_bytes());
        }
    }
}
