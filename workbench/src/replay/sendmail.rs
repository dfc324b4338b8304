//! The lines of sendmail's log that say what happened to mail (LG-007, LG-008, LG-012, LG-014, LG-024, LG-032, LG-033).

use super::fields::{cut, last, plain, word};
use super::{Login, Tls, Verdict};

/// A line that matters, its text taken apart. Addresses are as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `from=...`
    From(From<'a>),
    /// `to=...`
    To(To<'a>),
    /// `ruleset=...`
    Ruleset(Ruleset<'a>),
    /// `ADDR... TEXT`: the recipient was refused.
    Refused { address: &'a [u8], text: &'a [u8] },
    /// `NEWID: clone: owner=...`: another envelope for some of the recipients.
    Clone(&'a [u8]),
    /// `AUTH=server, relay=...`
    Auth(&'a [u8], Login),
    /// `STARTTLS=server, relay=...`
    StartTls(&'a [u8], Tls),
    /// `done; ...`: nothing more will be said of it.
    Done,
}

/// The sender of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct From<'a> {
    pub(super) sender: &'a [u8],
    pub(super) recipients: u32,
    pub(super) protocol: &'a [u8],
    pub(super) daemon: &'a [u8],
    pub(super) relay: &'a [u8],
}

/// An attempt to deliver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct To<'a> {
    /// With commas between.
    pub(super) recipients: &'a [u8],
    pub(super) controlling: Option<&'a [u8]>,
    pub(super) mailer: Option<&'a [u8]>,
    pub(super) relay: Option<&'a [u8]>,
    pub(super) dsn: &'a [u8],
    pub(super) stat: &'a [u8],
}

/// What a ruleset has against something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ruleset<'a> {
    pub(super) name: &'a [u8],
    pub(super) arguments: Vec<&'a [u8]>,
    pub(super) relay: &'a [u8],
    pub(super) verdict: Verdict,
}

/// Longest and shortest queue ids, of all versions.
const ID_LENGTH: std::ops::RangeInclusive<usize> = 5..=24;

/// The queue id in front of a text, and the rest; `NOQUEUE` counts as none.
pub(super) fn queue_id(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let inside = || {
        let end = memchr::memchr(b':', text.get(..text.len().min(ID_LENGTH.end() + 2))?)?;
        let (id, rest) = text.split_at_checked(end)?;
        let sound = ID_LENGTH.contains(&end) && id.iter().all(u8::is_ascii_alphanumeric);
        // words of old versions could pass for one: they have no digit
        let sound = sound && (id == b"NOQUEUE" || id.iter().any(u8::is_ascii_digit));
        let rest = rest.strip_prefix(b": ").filter(|_| sound)?;
        Some((Some(id).filter(|id| *id != b"NOQUEUE"), rest))
    };
    inside().unwrap_or((None, text))
}

/// Takes a text behind the queue id apart; `None` if it says nothing about mail.
pub(super) fn line(text: &[u8]) -> Option<Line<'_>> {
    match text.first()? {
        b'f' if text.starts_with(b"from=") => from(text.get(5..)?).map(Line::From),
        b't' if text.starts_with(b"to=") => to(text.get(3..)?).map(Line::To),
        b'r' if text.starts_with(b"ruleset=") => ruleset(text.get(8..)?).map(Line::Ruleset),
        b'd' if text.starts_with(b"done; ") => Some(Line::Done),
        b'A' if text.starts_with(b"AUTH=server, ") => auth(text.get(13..)?),
        b'S' if text.starts_with(b"STARTTLS=server, ") => starttls(text.get(17..)?),
        _ => clone(text).or_else(|| refused(text)),
    }
}

fn from(text: &[u8]) -> Option<From<'_>> {
    let (sender, rest) = cut(text, b", size=")?;
    let mut from = From { sender, ..From::default() };
    if let Some(count) = word(rest, "nrcpts") {
        from.recipients = std::str::from_utf8(count).ok()?.parse().unwrap_or(0);
    }
    // From the end, as the client has a hand in the Message-Id.
    let mut rest = rest;
    if let Some((front, relay)) = last(rest, "relay") {
        (rest, from.relay) = (front, relay);
    }
    for (key, value) in [("daemon", &mut from.daemon), ("proto", &mut from.protocol)] {
        if let Some((front, found)) = last(rest, key)
            && memchr::memmem::find(found, b", msgid=").is_none()
        {
            // other fields may stand behind it
            let end = memchr::memmem::find(found, b", ").unwrap_or(found.len());
            (rest, *value) = (front, found.get(..end)?);
        }
    }
    Some(from)
}

fn to(text: &[u8]) -> Option<To<'_>> {
    let (mut recipients, rest) = cut(text, b", delay=")?;
    let mut to = To::default();
    if let Some((front, controlling)) = cut(recipients, b", ctladdr=") {
        (recipients, to.controlling) = (front, Some(controlling));
    }
    to.recipients = recipients.strip_suffix(b", [more]").unwrap_or(recipients);
    let mut front = rest;
    if let Some((head, stat)) = split_at_key(rest, b", stat=") {
        (front, to.stat) = (head, stat);
    }
    if let Some((head, _reply)) = split_at_key(front, b", reply=") {
        front = head;
    }
    to.dsn = word(front, "dsn").unwrap_or_default();
    to.mailer = word(front, "mailer");
    to.relay = word(front, "relay");
    Some(to)
}

fn split_at_key<'a>(text: &'a [u8], key: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, key)?;
    Some((text.get(..at)?, text.get(at + key.len()..)?))
}

fn ruleset(text: &[u8]) -> Option<Ruleset<'_>> {
    let (name, rest) = cut(text, b", ")?;
    let (arguments, rest) = match rest.strip_prefix(b"arg1=") {
        Some(rest) => cut(rest, b", relay=").map(|(front, rest)| (Some(front), rest))?,
        None => (None, rest.strip_prefix(b"relay=")?),
    };
    let arguments = match arguments {
        None => Vec::new(),
        Some(list) => match last(list, "arg2") {
            Some((first, second)) => vec![first, second],
            None => vec![list],
        },
    };
    let (relay, verdict) = verdict(rest)?;
    Some(Ruleset { name, arguments, relay, verdict })
}

/// `R, reject=TEXT`, `R, discard`, `R, quarantine=REASON`
fn verdict(text: &[u8]) -> Option<(&[u8], Verdict)> {
    if let Some((relay, reply)) = split_at_key(text, b", reject=") {
        return Some((relay, Verdict::Reject(plain(reply))));
    }
    if let Some((relay, reason)) = split_at_key(text, b", quarantine=") {
        return Some((relay, Verdict::Quarantine(plain(reason))));
    }
    text.strip_suffix(b", discard").map(|relay| (relay, Verdict::Discard))
}

/// Lines about attempts that failed have no mechanism.
fn auth(text: &[u8]) -> Option<Line<'_>> {
    let get = |key| word(text, key).map(plain).unwrap_or_default();
    let login = Login { name: get("authid"), mechanism: get("mech"), bits: get("bits") };
    let relay = word(text, "relay").filter(|_| !login.mechanism.is_empty())?;
    Some(Line::Auth(relay, login))
}

fn starttls(text: &[u8]) -> Option<Line<'_>> {
    let get = |key| word(text, key).map(plain).unwrap_or_default();
    let bits = get("bits").split(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
    let tls = Tls { version: get("version"), verify: get("verify"), cipher: get("cipher"), bits };
    (!tls.version.is_empty()).then_some(Line::StartTls(word(text, "relay")?, tls))
}

fn clone(text: &[u8]) -> Option<Line<'_>> {
    let (id, rest) = queue_id(text);
    rest.starts_with(b"clone: owner=").then(|| id.map(Line::Clone))?
}

/// `<nosuch@here>... User unknown`
fn refused(text: &[u8]) -> Option<Line<'_>> {
    let at = memchr::memmem::find(text, b"... ")?;
    let (address, rest) = text.split_at_checked(at)?;
    let bare = address.strip_prefix(b"<")?.strip_suffix(b">")?;
    let sound = !bare.is_empty() && !bare.contains(&b'>');
    sound.then_some(Line::Refused { address, text: rest.get(4..)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn show(text_of_line: &str) -> String {
        let (id, rest) = queue_id(text_of_line.as_bytes());
        let id = id.map_or("-".to_owned(), text);
        let shown = match line(rest) {
            None => "nothing".to_owned(),
            Some(Line::From(it)) => format!(
                "from {} ({}) {} {} {}",
                text(it.sender),
                it.recipients,
                text(it.protocol),
                text(it.daemon),
                text(it.relay)
            ),
            Some(Line::To(it)) => format!(
                "to {} [{}] {} {} {} {}",
                text(it.recipients),
                it.controlling.map_or("-".to_owned(), text),
                it.mailer.map_or("-".to_owned(), text),
                it.relay.map_or("-".to_owned(), text),
                text(it.dsn),
                text(it.stat)
            ),
            Some(Line::Ruleset(it)) => {
                let arguments: Vec<_> = it.arguments.iter().map(|bytes| text(bytes)).collect();
                let verdict = match &it.verdict {
                    Verdict::Accept => "accept".to_owned(),
                    Verdict::Discard => "discard".to_owned(),
                    Verdict::Reject(reply) => format!("reject {}", text(reply)),
                    Verdict::Quarantine(reason) => format!("quarantine {}", text(reason)),
                };
                format!("{} {arguments:?} {} {verdict}", text(it.name), text(it.relay))
            }
            Some(Line::Refused { address, text: words }) => {
                format!("refused {} {}", text(address), text(words))
            }
            Some(Line::Clone(id)) => format!("clone {}", text(id)),
            Some(Line::Auth(relay, login)) => {
                format!("auth {} {} {}", text(relay), text(&login.name), text(&login.mechanism))
            }
            Some(Line::StartTls(relay, tls)) => {
                format!("tls {} {} {}", text(relay), text(&tls.verify), text(&tls.bits))
            }
            Some(Line::Done) => "done".to_owned(),
        };
        format!("{id} {shown}")
    }

    #[test]
    fn lines_as_observed() {
        let rows = [
            (
                "6AS7LDnf000142: from=<a@remote.test>, size=14, class=0, nrcpts=4, msgid=<2.6A@h>, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]",
                "6AS7LDnf000142 from <a@remote.test> (4) ESMTP MTA localhost [127.0.0.1]",
            ),
            (
                "6AS7LK3J000475: from=carol, size=14, class=0, nrcpts=6, msgid=<x>, relay=root@localhost",
                "6AS7LK3J000475 from carol (6)   root@localhost",
            ),
            (
                "6AS7LDnf000142: from=<\"a, size=1, relay=evil\"@b>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=M, tls_verify=NONE, auth=NONE, relay=[1.2.3.4]",
                "6AS7LDnf000142 from <\"a, size=1, relay=evil\"@b> (0) ESMTP M [1.2.3.4]",
            ),
            (
                "AA12345: from=<a@b>, size=1, class=0, pri=1, nrcpts=1, msgid=<x, daemon=y, proto=z, msgid=q>, relay=h [1]",
                "AA12345 from <a@b> (1)   h [1]",
            ),
            (
                "6AS7LDnf000142: to=<z@cname.test>,<x@remote.test>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=270316, relay=sink.remote.test. [127.0.0.25], dsn=2.0.0, stat=Sent (2.0.0 taken, really)",
                "6AS7LDnf000142 to <z@cname.test>,<x@remote.test> [-] esmtp sink.remote.test. [127.0.0.25] 2.0.0 Sent (2.0.0 taken, really)",
            ),
            (
                "6AS7LDnf000142: to=nosuch, ctladdr=list (65534/0), delay=00:00:00, mailer=local, pri=0, dsn=5.1.1, reply=550 5.1.1 a, relay=b, stat=User unknown",
                "6AS7LDnf000142 to nosuch [list (65534/0)] local - 5.1.1 User unknown",
            ),
            (
                "6AS7LDnf000142: to=a,b, [more], ctladdr=c (0/0), delay=1+00:00:00, mailer=esmtp, pri=1, relay=h, dsn=2.0.0, stat=Sent",
                "6AS7LDnf000142 to a,b [c (0/0)] esmtp h 2.0.0 Sent",
            ),
            (
                "6AS7LDnf000142: to=\"|x, delay=9\", delay=00:00:00, mailer=prog, pri=1, dsn=2.0.0, stat=Sent",
                "6AS7LDnf000142 to \"|x, delay=9\" [-] prog - 2.0.0 Sent",
            ),
            (
                "6AS7LDnf000142: to=<dis>, delay=00:00:01, pri=30015, stat=discarded",
                "6AS7LDnf000142 to <dis> [-] - -  discarded",
            ),
            (
                "6AS7LDnf000142: ruleset=check_rcpt, arg1=<rej>, relay=localhost [127.0.0.1], reject=550 5.7.9 <rej>... rejected",
                "6AS7LDnf000142 check_rcpt [\"<rej>\"] localhost [127.0.0.1] reject 550 5.7.9 <rej>... rejected",
            ),
            (
                "ruleset=check_relay, arg1=[127.0.0.9], arg2=127.0.0.9, relay=[127.0.0.9], reject=550 5.7.1 no thanks",
                "- check_relay [\"[127.0.0.9]\", \"127.0.0.9\"] [127.0.0.9] reject 550 5.7.1 no thanks",
            ),
            (
                "6AS7LDnf000142: ruleset=check_rcpt, arg1=<\"a, relay=b, discard\"@c>, relay=[1.2.3.4], discard",
                "6AS7LDnf000142 check_rcpt [\"<\\\"a, relay=b, discard\\\"@c>\"] [1.2.3.4] discard",
            ),
            (
                "6AS7LDnf000142: ruleset=check_rcpt, arg1=<q1>, relay=h [1], quarantine=qreason",
                "6AS7LDnf000142 check_rcpt [\"<q1>\"] h [1] quarantine qreason",
            ),
            (
                "6AS7LDnf000142: <gone@virtual.test>... No such user here",
                "6AS7LDnf000142 refused <gone@virtual.test> No such user here",
            ),
            (
                "6AS7LDnf000142: 6AS7LDng000142: clone: owner=alice",
                "6AS7LDnf000142 clone 6AS7LDng000142",
            ),
            ("6AS7LDnf000142: 6AS7LDng000142: DSN: User unknown", "6AS7LDnf000142 nothing"),
            ("NOQUEUE: connect from localhost [127.0.0.1]", "- nothing"),
            (
                "AUTH=server, relay=h [1.2.3.4], authid=alice@x, mech=PLAIN, bits=0",
                "- auth h [1.2.3.4] alice@x PLAIN",
            ),
            ("AUTH=server, relay=h [1.2.3.4], error: x", "- nothing"),
            (
                "STARTTLS=server, relay=h [1.2.3.4], version=TLSv1.3, verify=NO, cipher=T, bits=256/256",
                "- tls h [1.2.3.4] NO 256",
            ),
            (
                "STARTTLS=client, relay=h, version=TLSv1.3, verify=OK, cipher=T, bits=256/256",
                "- nothing",
            ),
            ("6AS7LDnf000142: done; delay=00:00:00, ntries=1", "6AS7LDnf000142 done"),
            ("Authentication: x", "- nothing"),
        ];
        for (line, expected) in rows {
            assert_eq!(show(line), expected, "{line}");
        }
    }
}
