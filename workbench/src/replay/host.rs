//! Whether a host that took mail is the one that a triple names.

/// Where mail went, as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The name, or a bracketed address.
    pub host: Vec<u8>,
    /// The address behind it, without brackets.
    pub address: Option<Vec<u8>>,
}

impl Relay {
    /// `name [address]`, `name[address]:port`, or one of both.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let whole = || Self { host: text.to_vec(), address: None };
        let Some(open) = memchr::memrchr(b'[', text).filter(|open| *open > 0) else {
            return whole();
        };
        let inside = text.get(open + 1..).unwrap_or_default();
        let Some(close) = memchr::memchr(b']', inside) else { return whole() };
        let tail = inside.get(close + 1..).unwrap_or_default();
        if !tail.iter().all(|byte| *byte == b':' || byte.is_ascii_digit()) {
            return whole();
        }
        let host = text.get(..open).unwrap_or_default().trim_ascii_end().to_vec();
        Self { host, address: inside.get(..close).map(<[u8]>::to_vec) }
    }

    /// As logged by sendmail.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match &self.address {
            Some(address) => [&self.host[..], b" [", address, b"]"].concat(),
            None => self.host.clone(),
        }
    }

    /// Whether this is the host: the name in any case, or the address.
    pub(super) fn is(&self, host: &[u8]) -> bool {
        let wanted = bare(host);
        let named = || bare(&self.host).eq_ignore_ascii_case(wanted);
        let addressed = || self.address.as_deref().is_some_and(|at| same_address(at, wanted));
        !wanted.is_empty() && (named() || addressed())
    }

    /// Whether it is an address, or has one, so that it can be told from another address.
    pub(super) fn known_address(&self) -> bool {
        self.address.is_some() || is_address(bare(&self.host))
    }
}

/// One host of a list as mailers take it, and whether its mail exchangers are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The name or the address, without brackets.
    pub(super) name: &'a [u8],
    /// It stands in brackets: it is the host itself.
    pub(super) bracketed: bool,
}

impl Target<'_> {
    /// It is an address, which no name service changes.
    pub(super) fn is_address(self) -> bool {
        self.bracketed && is_address(self.name)
    }
}

/// The hosts of the `$@` part, with colons between.
pub(super) fn targets(host: &[u8]) -> Vec<Target<'_>> {
    let mut targets = Vec::new();
    let mut rest = host;
    while !rest.is_empty() {
        let end = match rest.first() {
            Some(b'[') => memchr::memchr(b']', rest).map_or(rest.len(), |close| close + 1),
            _ => 0,
        };
        let behind = rest.get(end..).unwrap_or_default();
        let end = end + memchr::memchr(b':', behind).unwrap_or(behind.len());
        let part = rest.get(..end).unwrap_or_default();
        let bracketed = part.first() == Some(&b'[');
        if !part.is_empty() {
            targets.push(Target { name: bare(part), bracketed });
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    targets
}

/// Without brackets and the final dot.
pub(super) fn bare(host: &[u8]) -> &[u8] {
    let inside = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    inside.strip_suffix(b".").unwrap_or(inside)
}

fn address_of(text: &[u8]) -> Option<std::net::IpAddr> {
    let text = match text.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case(b"IPv6:") => rest,
        _ => text,
    };
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn is_address(text: &[u8]) -> bool {
    address_of(text).is_some()
}

pub(super) fn same_address(one: &[u8], other: &[u8]) -> bool {
    one == other || address_of(one).is_some_and(|one| Some(one) == address_of(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_and_hosts() {
        let rows: [(&str, &str, bool); 10] = [
            ("sink.remote.test. [127.0.0.25]", "[sink.remote.test]", true),
            ("sink.remote.test. [127.0.0.25]", "Sink.Remote.test", true),
            ("sink.remote.test. [127.0.0.25]", "[127.0.0.25]", true),
            ("sink.remote.test. [127.0.0.25]", "[127.0.0.26]", false),
            ("[127.0.0.25] [127.0.0.25]", "[127.0.0.25]", true),
            ("[192.0.2.25]", "[192.0.2.25]", true),
            ("mx.test[2001:db8::1]:25", "[IPv6:2001:db8:0:0:0:0:0:1]", true),
            ("/etc/procmailrc", "/etc/procmailrc", true),
            ("q@here.example.org", "q@here.example.org", true),
            ("host", "", false),
        ];
        for (relay, host, same) in rows {
            assert_eq!(Relay::read(relay.as_bytes()).is(host.as_bytes()), same, "{relay} {host}");
        }
        let lmtp = Relay::read(b"mail.test[private/dovecot-lmtp]");
        assert_eq!(
            (&lmtp.host[..], lmtp.address.as_deref()),
            (&b"mail.test"[..], Some(&b"private/dovecot-lmtp"[..]))
        );
        assert!(!lmtp.is(b"other") && Relay::read(b"[192.0.2.25]").known_address());
    }

    #[test]
    fn lists_of_hosts() {
        let show = |host: &str| {
            let all = targets(host.as_bytes());
            let show = |target: &Target<'_>| {
                let mark = match (target.bracketed, target.is_address()) {
                    (true, true) => "=",
                    (true, false) => "!",
                    _ => "",
                };
                format!("{mark}{}", String::from_utf8_lossy(target.name))
            };
            all.iter().map(show).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(show("[a.test]:b.test:[192.0.2.1]"), "!a.test b.test =192.0.2.1");
        assert_eq!(show("[IPv6:2001:db8::1]:c."), "=IPv6:2001:db8::1 c");
        assert_eq!(show(""), "");
        assert_eq!(show("::[x"), "![x");
    }
}
