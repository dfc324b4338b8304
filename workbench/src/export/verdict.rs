//! What becomes of an address, here and in the target, in terms that can be compared.

use ruleset_vm::mailer::Mailer;
use ruleset_vm::{Parsed, Target as TripleTarget};

use super::route::{Hop, Route};

/// What becomes of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It belongs to a user of this host, without detail.
    Local(Vec<u8>),
    /// It goes to one of these servers, as this address.
    Smtp(Vec<Hop>, Vec<u8>),
    /// It goes back, now or later.
    Refused,
    /// It is thrown away.
    Discarded,
    /// Something else, in words.
    Other(Vec<u8>),
}

impl Outcome {
    /// The outcome in words.
    #[must_use]
    pub fn shown(&self) -> Vec<u8> {
        match self {
            Self::Local(user) => [b"user ", &user[..]].concat(),
            Self::Smtp(hops, address) => {
                let hosts: Vec<Vec<u8>> = hops.iter().map(Hop::bracketed).collect();
                [&address[..], b" to ", &hosts.join(&b", "[..])].concat()
            }
            Self::Refused => b"refused".to_vec(),
            Self::Discarded => b"thrown away".to_vec(),
            Self::Other(text) => text.clone(),
        }
    }

    /// What a triple says; `None` is an address with nothing in it.
    #[must_use]
    pub fn of_triple(parsed: Option<&Parsed>, mailers: &[Mailer]) -> Self {
        let Some(parsed) = parsed else { return Self::Refused };
        let triple = &parsed.triple;
        let TripleTarget::Mailer(number) = triple.mailer else { return Self::Refused };
        let Some(mailer) = mailers.get(number) else { return Self::Refused };
        if mailer.name.eq_ignore_ascii_case(b"local") {
            return Self::Local(user(&triple.user));
        }
        if mailer.name.eq_ignore_ascii_case(b"discard") {
            return Self::Discarded;
        }
        let host = triple.host.clone().unwrap_or_default();
        match Route::of(&[&mailer.name[..], b":", &host].concat(), mailers) {
            Route::Smtp(hops) => Self::Smtp(lower(hops), triple.user.to_ascii_lowercase()),
            _ => Self::Other([b"mailer ", &mailer.name[..]].concat()),
        }
    }

    /// What a ruleset 5 verdict says of a user of this host: another mailer, or nothing.
    #[must_use]
    pub fn of_verdict(
        mailer: &[u8],
        host: &[u8],
        address: &[u8],
        mailers: &[Mailer],
    ) -> Option<Self> {
        match Route::of(&[mailer, b":", host].concat(), mailers) {
            Route::Smtp(hops) => Some(Self::Smtp(lower(hops), address.to_ascii_lowercase())),
            Route::Error(_) => Some(Self::Refused),
            _ => None,
        }
    }

    /// What Postfix's trivial-rewrite answers: names and values, each ended by a zero octet.
    #[must_use]
    pub fn of_postfix(reply: &[u8]) -> Self {
        let mut words = reply.split(|byte| *byte == 0);
        let (mut transport, mut next, mut recipient) = (&b""[..], &b""[..], &b""[..]);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name {
                b"transport" => transport = value,
                b"nexthop" => next = value,
                b"recipient" => recipient = value,
                _ => {}
            }
        }
        match transport {
            b"local" => Self::Local(user(recipient)),
            b"error" | b"retry" | b"CHANNEL NOT UPDATED" => Self::Refused,
            b"discard" => Self::Discarded,
            b"smtp" | b"relay" => {
                Self::Smtp(lower(postfix_hops(next)), recipient.to_ascii_lowercase())
            }
            _ => Self::Other([b"transport ", transport, b":", next].concat()),
        }
    }

    /// What `exim -v -bt ADDRESS` says: standard output, and standard error with the lines of the routers.
    #[must_use]
    pub fn of_exim(stdout: &[u8], stderr: &[u8]) -> Self {
        let mut last = None;
        let mut local = None;
        for line in stderr.split(|byte| *byte == b'\n') {
            let Some(line) = line.strip_prefix(b"R: ") else { continue };
            let (router, rest) = cut(line, b" for ");
            let (address, servers) = cut(rest, b" to ");
            // what aliases have named is no concern of the address itself
            let before = last.replace((router, address, servers));
            if before.is_some_and(|(before, own, _)| {
                before.starts_with(b"aliases") && user(own) != user(address)
            }) {
                break;
            }
            if router == b"mail_hub" {
                local = None;
                continue;
            }
            let own = [&b"aliases"[..], b"forward_files", b"local_users", b"unknown_users"];
            if local.is_none() && own.iter().any(|name| router.starts_with(name)) {
                local = Some(Self::Local(user(address)));
            }
        }
        let has = |text: &[u8]| stdout.windows(text.len()).any(|window| window == text);
        match (local, last) {
            (Some(local), _) => local,
            (None, _) if has(b"is discarded") => Self::Discarded,
            (
                None,
                Some((
                    b"routed" | b"hub_host" | b"smart_host" | b"other_hosts" | b"literal_addresses",
                    address,
                    servers,
                )),
            ) if !servers.is_empty() => {
                Self::Smtp(lower(exim_hops(servers)), address.to_ascii_lowercase())
            }
            _ if has(b"undeliverable") || has(b"cannot be resolved") || has(b"syntax error") => {
                Self::Refused
            }
            _ => Self::Other(stdout.trim_ascii().to_vec()),
        }
    }
}

fn cut<'t>(text: &'t [u8], separator: &[u8]) -> (&'t [u8], &'t [u8]) {
    match text.windows(separator.len()).position(|window| window == separator) {
        Some(at) => (&text[..at], text.get(at + separator.len()..).unwrap_or_default()),
        None => (text, b""),
    }
}

/// The user of an address of this host: no domain, no detail, no quotes, in lower case.
fn user(address: &[u8]) -> Vec<u8> {
    let end = address.iter().rposition(|byte| *byte == b'@').unwrap_or(address.len());
    let local = address.get(..end).unwrap_or_default();
    let end = local.iter().skip(1).position(|byte| *byte == b'+').map_or(local.len(), |at| at + 1);
    let local = local.get(..end).unwrap_or_default().iter().copied();
    local
        .filter(|byte| !matches!(byte, b'"' | b'\\'))
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

fn lower(mut hops: Vec<Hop>) -> Vec<Hop> {
    for hop in &mut hops {
        hop.host.make_ascii_lowercase();
        if let Some(address) = hop.host.strip_prefix(b"ipv6:") {
            hop.host = address.to_vec();
        }
    }
    hops
}

/// `[host]:port, host`
fn postfix_hops(text: &[u8]) -> Vec<Hop> {
    let hop = |text: &[u8]| {
        let end = text.iter().rposition(|byte| *byte == b']');
        match (text.strip_prefix(b"["), end) {
            (Some(_), Some(end)) => {
                let port = text.get(end + 1..).and_then(|rest| rest.strip_prefix(b":"));
                Hop::of(text.get(..=end).unwrap_or_default(), port)
            }
            _ => {
                let (host, port) = cut(text, b":");
                Hop::of(host, (!port.is_empty()).then_some(port))
            }
        }
    };
    text.split(|byte| matches!(byte, b',' | b' '))
        .filter(|text| !text.is_empty())
        .map(hop)
        .collect()
}

/// `host/MX::port : host`
fn exim_hops(text: &[u8]) -> Vec<Hop> {
    let mut hops = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (one, behind) = cut(rest, b" : ");
        rest = behind;
        let one = one.trim_ascii();
        let (host, exchangers, behind) = match one.windows(3).position(|window| window == b"/MX") {
            Some(at) => (&one[..at], true, one.get(at + 3..).unwrap_or_default()),
            None => (one, false, &b""[..]),
        };
        if let (Some(literal), Some(end)) =
            (host.strip_prefix(b"["), host.iter().position(|byte| *byte == b']'))
        {
            let port =
                host.get(end + 1..).and_then(|rest| rest.strip_prefix(b"::")).map(<[u8]>::to_vec);
            let host = literal.get(..end - 1).unwrap_or_default();
            let text = String::from_utf8_lossy(host).replace("::::", "::");
            hops.push(Hop { host: text.into_bytes(), exchangers: false, port });
            continue;
        }
        let text = String::from_utf8_lossy(host).into_owned();
        // a port behind a doubled colon; colons of addresses are doubled as well
        let (text, port) = match text.rsplit_once("::") {
            Some((host, port)) if !exchangers && !host.contains("::") => {
                (host.to_owned(), Some(port.to_owned()))
            }
            _ => (text, None),
        };
        let port = behind.strip_prefix(b"::").map(<[u8]>::to_vec).or(port.map(String::into_bytes));
        let host = text.replace("::", ":").into_bytes();
        hops.push(Hop { host, exchangers, port });
    }
    hops
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(host: &[u8], exchangers: bool, port: Option<&[u8]>) -> Hop {
        Hop { host: host.to_vec(), exchangers, port: port.map(<[u8]>::to_vec) }
    }

    #[test]
    fn answers_of_postfix() {
        let reply = b"flags\x000\0transport\0smtp\0nexthop\0[Hub]:587\0recipient\0a@B.example\0\0";
        let hops = vec![hop(b"hub", false, Some(b"587"))];
        assert_eq!(Outcome::of_postfix(reply), Outcome::Smtp(hops, b"a@b.example".to_vec()));
        let reply = b"transport\0local\0nexthop\0h\0recipient\0\"Al\"+x@h\0\0";
        assert_eq!(Outcome::of_postfix(reply), Outcome::Local(b"al".to_vec()));
        assert_eq!(Outcome::of_postfix(b"transport\0error\0\0"), Outcome::Refused);
    }

    #[test]
    fn answers_of_exim() {
        let routed = b"R: virtual_users for a@v\nR: routed for b@c to [hub]::587 : d.example/MX\n";
        let hops = vec![hop(b"hub", false, Some(b"587")), hop(b"d.example", true, None)];
        assert_eq!(
            Outcome::of_exim(b"a@v cannot be resolved", routed),
            Outcome::Smtp(hops, b"b@c".to_vec())
        );
        let local = b"R: aliases for al@h\nR: other_hosts for x@y to y/MX\n";
        assert_eq!(Outcome::of_exim(b"", local), Outcome::Local(b"al".to_vec()));
        let failed = b"R: virtual_users for a@v\n";
        assert_eq!(Outcome::of_exim(b"a@v is undeliverable: x", failed), Outcome::Refused);
        assert_eq!(Outcome::of_exim(b"mail to a@v is discarded", failed), Outcome::Discarded);
    }
}
