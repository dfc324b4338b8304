//! The lines of Exim's main log that say what happened to mail.

/// A line that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `<= sender H=... P=...`
    Arrived { sender: &'a [u8], relay: Vec<u8>, protocol: &'a [u8], login: Option<&'a [u8]> },
    /// `=>`, `->`, `>>`, `**`, `==`
    To(To<'a>),
    /// `H=... F=<...> rejected RCPT <...>: text`
    Rejected {
        command: &'a [u8],
        relay: Vec<u8>,
        sender: &'a [u8],
        subject: &'a [u8],
        text: &'a [u8],
        /// `X=`: TLS was started.
        tls: bool,
    },
    /// `Completed`
    Completed,
}

/// A recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct To<'a> {
    pub(super) recipient: &'a [u8],
    /// The address it came from.
    pub(super) original: Option<&'a [u8]>,
    /// `name [address]`; none for deliveries on its own host.
    pub(super) host: Option<(&'a [u8], &'a [u8])>,
    /// Some transport took it, or tried to.
    pub(super) has_transport: bool,
    /// The mark: `=>` and the like.
    pub(super) mark: &'a [u8],
}

/// The message id in front of a text, and the rest: `1abcde-000001-AB`, longer ones since 4.97.
pub(super) fn message_id(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text)?;
    let (id, rest) = text.split_at_checked(end)?;
    let mut parts = id.split(|byte| *byte == b'-');
    let sizes = [parts.next()?.len(), parts.next()?.len(), parts.next()?.len()];
    let sound = matches!(sizes, [6, 6, 2] | [6, 11, 4]) && parts.next().is_none();
    let sound = sound && id.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    sound.then(|| Some((id, rest.strip_prefix(b" ")?)))?
}

/// Takes a text behind the message id apart.
pub(super) fn line(text: &[u8]) -> Option<Line<'_>> {
    if text == b"Completed" {
        return Some(Line::Completed);
    }
    let (mark, rest) = word(text);
    match mark {
        b"<=" => {
            let (sender, rest) = word(rest);
            let login = field(rest, b"A=").map(|text| {
                text.iter()
                    .position(|byte| *byte == b':')
                    .map_or(text, |at| text.get(at + 1..).unwrap_or_default())
            });
            let protocol = field(rest, b"P=").unwrap_or_default();
            Some(Line::Arrived { sender, relay: client(rest), protocol, login })
        }
        b"=>" | b"->" | b">>" | b"**" | b"==" => to(mark, rest).map(Line::To),
        _ => rejected(text),
    }
}

fn to<'a>(mark: &'a [u8], text: &'a [u8]) -> Option<To<'a>> {
    let end = fields_begin(text);
    let (head, fields) = text.split_at_checked(end)?;
    // `**` and `==` may go on with a reason: fields stand in front of a colon there
    let head = head.trim_ascii();
    let (recipient, original) = match head.strip_suffix(b">").and_then(|head| {
        let open = memchr::memmem::rfind(head, b" <")?;
        Some((head.get(..open)?, head.get(open + 2..)?))
    }) {
        Some((recipient, original)) => (recipient, Some(original)),
        None => (head, None),
    };
    let recipient = recipient.strip_suffix(b":").unwrap_or(recipient);
    let host = memchr::memmem::find(fields, b" H=").and_then(|at| {
        let (name, rest) = word(fields.get(at + 3..)?);
        let address = rest.strip_prefix(b"[")?;
        Some((name, address.get(..memchr::memchr(b']', address)?)?))
    });
    let has_transport = memchr::memmem::find(fields, b" T=").is_some();
    (!recipient.is_empty()).then_some(To { recipient, original, host, has_transport, mark })
}

/// Where ` F=`, ` P=`, ` R=`, ` T=` begin outside of quotes.
fn fields_begin(text: &[u8]) -> usize {
    let keys: [&[u8]; 5] = [b" F=", b" P=", b" R=", b" T=", b" H="];
    let mut quoted = false;
    let found = text.iter().enumerate().find_map(|(at, byte)| {
        quoted ^= *byte == b'"';
        let rest = text.get(at..)?;
        let begins = !quoted && keys.iter().any(|key| rest.starts_with(key));
        begins.then_some(at)
    });
    found.unwrap_or_else(|| memchr::memmem::find(text, b": ").unwrap_or(text.len()))
}

/// `H=name (helo) [address] ...` as sendmail shows clients.
fn client(text: &[u8]) -> Vec<u8> {
    let inside = || {
        let rest = match text.strip_prefix(b"H=") {
            Some(rest) => rest,
            None => text.get(memchr::memmem::find(text, b" H=")? + 3..)?,
        };
        let open = memchr::memchr(b'[', rest)?;
        let close = open + memchr::memchr(b']', rest.get(open..)?)?;
        let name = rest.get(..open)?.split(|byte| *byte == b' ').next()?;
        let address = rest.get(open..=close)?;
        let named = !name.is_empty() && !name.starts_with(b"(");
        Some(if named { [name, b" ", address].concat() } else { address.to_vec() })
    };
    inside().unwrap_or_default()
}

fn rejected(text: &[u8]) -> Option<Line<'_>> {
    let at = memchr::memmem::find(text, b" rejected ")?;
    let (facts, rest) = text.split_at_checked(at)?;
    let (command, rest) = word(rest.strip_prefix(b" rejected ")?);
    let (subject, words) = match memchr::memmem::find(rest, b": ") {
        Some(colon) => (rest.get(..colon)?, rest.get(colon + 2..)?),
        None => (rest, &b""[..]),
    };
    let sender = memchr::memmem::find(facts, b"F=<").and_then(|at| {
        let rest = facts.get(at + 3..)?;
        rest.get(..memchr::memchr(b'>', rest)?)
    });
    let relay = client(facts);
    let sound = matches!(command, b"RCPT" | b"MAIL" | b"connection") && !relay.is_empty();
    sound.then(|| Line::Rejected {
        command,
        relay,
        sender: sender.unwrap_or_default(),
        subject,
        text: words,
        tls: field(facts, b"X=").is_some(),
    })
}

/// Whether a recipient was refused because it cannot be verified, in Exim's words: no rule says that.
pub(super) fn is_unknown_user(text: &[u8]) -> bool {
    text == b"Unrouteable address"
}

fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// The value behind ` key` up to the next blank.
fn field<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find_iter(text, key)
        .find(|at| at.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b' ')))?;
    Some(word(text.get(at + key.len()..)?).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn show(words: &str) -> String {
        let words = words.as_bytes();
        match line(message_id(words).map_or(words, |(_, rest)| rest)) {
            None => "nothing".to_owned(),
            Some(Line::Completed) => "completed".to_owned(),
            Some(Line::Arrived { sender, relay, protocol, login }) => format!(
                "from {} {} {} {}",
                text(sender),
                text(&relay),
                text(protocol),
                login.map_or("-".to_owned(), text)
            ),
            Some(Line::To(to)) => format!(
                "{} {} {} {} {}",
                text(to.mark),
                text(to.recipient),
                to.original.map_or("-".to_owned(), text),
                to.host.map_or("-".to_owned(), |(name, at)| format!("{}={}", text(name), text(at))),
                to.has_transport
            ),
            Some(Line::Rejected { command, relay, sender, subject, text: words, tls }) => format!(
                "{} {} {} {} {}{}",
                text(command),
                text(&relay),
                text(sender),
                text(subject),
                text(words),
                if tls { " by TLS" } else { "" }
            ),
        }
    }

    #[test]
    fn lines_of_the_main_log() {
        let rows = [
            (
                "1abcde-000001-AB <= a@b.test H=mx.b.test (helo) [192.0.2.1] P=esmtps X=TLS1.3 A=plain:al S=300 id=x",
                "from a@b.test mx.b.test [192.0.2.1] esmtps al",
            ),
            (
                "1abcde-0000000001a-ABCD <= <> H=(helo) [192.0.2.1] P=esmtp S=300",
                "from <> [192.0.2.1] esmtp -",
            ),
            ("1abcde-000001-AB <= al@h.test U=al P=local S=300", "from al@h.test  local -"),
            (
                "1abcde-000001-AB => c@d.test R=dnslookup T=remote_smtp H=mx.d.test [192.0.2.9] C=\"250 ok\"",
                "=> c@d.test - mx.d.test=192.0.2.9 true",
            ),
            (
                "1abcde-000001-AB -> bob <info@h.test> R=localuser T=local_delivery",
                "-> bob info@h.test - true",
            ),
            (
                "1abcde-000001-AB => |/bin/x y <list@h.test> R=system_aliases T=address_pipe",
                "=> |/bin/x y list@h.test - true",
            ),
            (
                "1abcde-000001-AB ** c@d.test R=dnslookup T=remote_smtp H=mx.d.test [192.0.2.9]: 550 no",
                "** c@d.test - mx.d.test=192.0.2.9 true",
            ),
            (
                "1abcde-000001-AB ** c@nowhere.test: Unrouteable address",
                "** c@nowhere.test - - false",
            ),
            (
                "1abcde-000001-AB == c@d.test R=dnslookup T=remote_smtp defer (111): Connection refused",
                "== c@d.test - - true",
            ),
            ("1abcde-000001-AB Completed", "completed"),
            (
                "H=mx.b.test (helo) [192.0.2.1] F=<a@b.test> rejected RCPT <c@d.test>: relay not permitted",
                "RCPT mx.b.test [192.0.2.1] a@b.test <c@d.test> relay not permitted",
            ),
            (
                "H=[192.0.2.1] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no rejected MAIL <a@b.test>: go away",
                "MAIL [192.0.2.1]  <a@b.test> go away by TLS",
            ),
            ("no host name found", "nothing"),
        ];
        for (words, expected) in rows {
            assert_eq!(show(words), expected, "{words}");
        }
    }
}
