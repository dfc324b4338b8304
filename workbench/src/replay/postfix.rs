//! The lines of Postfix's log that say what happened to mail.

use super::Login;
use super::fields::word;

/// A line that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// smtpd: `client=name[address]`
    Client { relay: Vec<u8>, login: Option<Login> },
    /// qmgr: `from=<...>, size=..., nrcpt=N`
    From { sender: &'a [u8], recipients: u32 },
    /// An attempt to deliver.
    To(To<'a>),
    /// smtpd: `reject: RCPT from ...`
    Reject(Reject<'a>),
    /// qmgr: `removed`
    Removed,
}

/// An attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct To<'a> {
    pub(super) recipient: &'a [u8],
    pub(super) original: Option<&'a [u8]>,
    pub(super) relay: &'a [u8],
    pub(super) dsn: &'a [u8],
    pub(super) status: &'a [u8],
    /// Over the network; else on its own host; `None` if nobody took it.
    pub(super) remote: Option<bool>,
}

/// What smtpd refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject<'a> {
    /// `CONNECT`, `MAIL`, `RCPT`
    pub(super) command: &'a [u8],
    pub(super) relay: Vec<u8>,
    /// Codes and text.
    pub(super) reply: &'a [u8],
    pub(super) sender: &'a [u8],
    pub(super) recipient: &'a [u8],
    pub(super) protocol: &'a [u8],
}

/// The part of Postfix that a program name stands for: `smtpd` of `postfix/submission/smtpd`.
pub(super) fn part(program: &[u8]) -> Option<&[u8]> {
    let slash = memchr::memrchr(b'/', program)?;
    let (front, part) = program.split_at_checked(slash)?;
    front.starts_with(b"postfix").then(|| part.strip_prefix(b"/"))?
}

/// Takes a text behind the queue id apart.
pub(super) fn line<'a>(part: &[u8], text: &'a [u8]) -> Option<Line<'a>> {
    if text == b"removed" {
        return Some(Line::Removed);
    }
    if let Some(rest) = text.strip_prefix(b"client=") {
        let client = rest.split(|byte| *byte == b',').next().unwrap_or_default();
        let login = word(text, "sasl_username").map(|name| Login {
            name: name.to_vec(),
            mechanism: word(text, "sasl_method").unwrap_or_default().to_vec(),
            bits: Vec::new(),
        });
        return Some(Line::Client { relay: spaced(client), login });
    }
    if let Some(rest) = text.strip_prefix(b"from=") {
        let (sender, rest) = super::fields::cut(rest, b", size=")?;
        let count = word(rest, "nrcpt").unwrap_or_default();
        let count = count.split(|byte| *byte == b' ').next().unwrap_or_default();
        let recipients = std::str::from_utf8(count).ok()?.parse().unwrap_or(0);
        return Some(Line::From { sender, recipients });
    }
    if let Some(rest) = text.strip_prefix(b"reject: ") {
        return reject(rest).map(Line::Reject);
    }
    text.strip_prefix(b"to=").and_then(|rest| to(part, rest)).map(Line::To)
}

fn to<'a>(part: &[u8], text: &'a [u8]) -> Option<To<'a>> {
    let (recipient, rest) = super::fields::cut(text, b", relay=")?;
    let (recipient, original) = match super::fields::cut(recipient, b", orig_to=") {
        Some((recipient, original)) => (recipient, Some(original)),
        None => (recipient, None),
    };
    let (relay, rest) = super::fields::cut(rest, b", ")?;
    let at = memchr::memmem::find(rest, b"status=")?;
    let status = rest.get(at + 7..)?;
    let socket = memchr::memmem::find(relay, b"[private/").is_some() || relay.contains(&b'/');
    let remote = match part {
        _ if relay == b"none" => None,
        b"smtp" | b"relay" => Some(true),
        b"lmtp" => Some(!socket),
        b"local" | b"virtual" | b"pipe" => Some(false),
        _ => None,
    };
    let dsn = word(rest, "dsn").unwrap_or_default();
    Some(To { recipient, original, relay, dsn, status, remote })
}

/// `RCPT from name[address]: 554 5.7.1 <to>: Relay access denied; from=<f> to=<t> proto=ESMTP helo=<h>`
fn reject(text: &[u8]) -> Option<Reject<'_>> {
    let space = memchr::memchr(b' ', text)?;
    let (command, rest) = text.split_at_checked(space)?;
    let rest = rest.strip_prefix(b" from ")?;
    let end = memchr::memmem::find(rest, b"]: ").map(|at| at + 1)?;
    let (client, rest) = rest.split_at_checked(end)?;
    let rest = rest.strip_prefix(b": ")?;
    let facts = memchr::memmem::rfind(rest, b"; from=<")
        .or_else(|| memchr::memmem::rfind(rest, b"; proto="));
    let (reply, facts) = rest.split_at_checked(facts.unwrap_or(rest.len()))?;
    let between = |from: &[u8], to: &[u8]| {
        let begin = memchr::memmem::find(facts, from)? + from.len();
        let rest = facts.get(begin..)?;
        rest.get(..memchr::memmem::find(rest, to).unwrap_or(rest.len()))
    };
    Some(Reject {
        command,
        relay: spaced(client),
        reply,
        sender: between(b"from=<", b"> ").unwrap_or_default(),
        recipient: between(b" to=<", b"> ").unwrap_or_default(),
        protocol: between(b"proto=", b" ").unwrap_or_default(),
    })
}

/// `name[address]` as sendmail shows it; a client without a name is its address.
fn spaced(client: &[u8]) -> Vec<u8> {
    match memchr::memrchr(b'[', client).and_then(|open| client.split_at_checked(open)) {
        Some((b"unknown", address)) => address.to_vec(),
        Some((name, address)) => [name, b" ", address].concat(),
        None => client.to_vec(),
    }
}

/// Whether smtpd refused the client's recipient because there is no such user: no rule says that.
pub(super) fn is_unknown_user(reply: &[u8]) -> bool {
    reply.starts_with(b"550 5.1.1 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn show(program: &str, words: &str) -> String {
        let Some(part) = part(program.as_bytes()) else { return "not Postfix".to_owned() };
        match line(part, words.as_bytes()) {
            None => "nothing".to_owned(),
            Some(Line::Removed) => "removed".to_owned(),
            Some(Line::Client { relay, login }) => {
                let login = login.map_or("-".to_owned(), |login| text(&login.name));
                format!("client {} {login}", text(&relay))
            }
            Some(Line::From { sender, recipients }) => {
                format!("from {} {recipients}", text(sender))
            }
            Some(Line::To(to)) => format!(
                "to {} {} {:?} {} {}",
                text(to.recipient),
                to.original.map_or("-".to_owned(), text),
                to.remote,
                text(to.relay),
                text(to.status)
            ),
            Some(Line::Reject(it)) => format!(
                "{} {} [{}] {} {} {}",
                text(it.command),
                text(&it.relay),
                text(it.reply),
                text(it.sender),
                text(it.recipient),
                text(it.protocol)
            ),
        }
    }

    #[test]
    fn lines_of_its_parts() {
        let rows = [
            ("postfix/smtpd", "client=mx.test[192.0.2.1]", "client mx.test [192.0.2.1] -"),
            (
                "postfix/submission/smtpd",
                "client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al",
                "client [192.0.2.1] al",
            ),
            (
                "postfix/qmgr",
                "from=<a@b.test>, size=300, nrcpt=2 (queue active)",
                "from <a@b.test> 2",
            ),
            (
                "postfix/smtp",
                "to=<c@d.test>, relay=mx.d.test[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
                "to <c@d.test> - Some(true) mx.d.test[192.0.2.9]:25 sent (250 ok)",
            ),
            (
                "postfix/local",
                "to=<bob@h.test>, orig_to=<info@h.test>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)",
                "to <bob@h.test> <info@h.test> Some(false) local sent (delivered to mailbox)",
            ),
            (
                "postfix/lmtp",
                "to=<bob@h.test>, relay=h.test[private/dovecot-lmtp], delay=1, dsn=2.0.0, status=sent (250)",
                "to <bob@h.test> - Some(false) h.test[private/dovecot-lmtp] sent (250)",
            ),
            (
                "postfix/smtp",
                "to=<c@d.test>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to x)",
                "to <c@d.test> - None none deferred (connect to x)",
            ),
            (
                "postfix/smtpd",
                "reject: RCPT from mx.test[192.0.2.1]: 554 5.7.1 <c@d.test>: Relay access denied; from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<h>",
                "RCPT mx.test [192.0.2.1] [554 5.7.1 <c@d.test>: Relay access denied] a@b.test c@d.test ESMTP",
            ),
            (
                "postfix/smtpd",
                "reject: CONNECT from unknown[192.0.2.1]: 554 5.7.1 Service unavailable; proto=SMTP",
                "CONNECT [192.0.2.1] [554 5.7.1 Service unavailable]   SMTP",
            ),
            ("postfix/qmgr", "removed", "removed"),
            ("postfix/cleanup", "message-id=<x@y>", "nothing"),
            ("sendmail", "to=<x>", "not Postfix"),
        ];
        for (program, words, expected) in rows {
            assert_eq!(show(program, words), expected, "{words}");
        }
        assert!(is_unknown_user(b"550 5.1.1 <x@y>: Recipient address rejected: User unknown"));
        assert!(!is_unknown_user(b"554 5.7.1 <x@y>: Relay access denied"));
    }
}
