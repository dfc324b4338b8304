//! Who connected: the client's address, its name by the name service, and whether the two agree.

use std::net::{IpAddr, SocketAddr};

use mapper::{DnsAnswer, DnsQuery, RecordData, RecordType, Services as _, SystemServices};

use crate::config::site::Site;
use crate::sys::hostname::{self, HostsEntry};

/// Most names and addresses of one answer that are looked at.
const MAX_RECORDS: usize = 20;

/// How the look-up of the client's name ended: `${client_resolve}` (MC-048).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The name has the address.
    Ok,
    /// The address has no name.
    Fail,
    /// The name does not have the address.
    Forged,
    /// The name service did not answer.
    Temporary,
}

impl Resolved {
    /// The value of the macro.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Fail => "FAIL",
            Self::Forged => "FORGED",
            Self::Temporary => "TEMP",
        }
    }
}

/// A client of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `${client_addr}`: `192.0.2.1` or `IPv6:2001:db8:0:0:0:0:0:5`.
    pub address: Vec<u8>,
    /// `${client_port}`.
    pub port: u16,
    /// `${client_name}`: the name, or the address in brackets unless they agree.
    pub name: Vec<u8>,
    /// `${client_ptr}`: what the address resolves to, or the address in brackets.
    pub pointer: Vec<u8>,
    /// `${client_resolve}`.
    pub resolved: Resolved,
}

impl Client {
    /// The client at `peer`: what its address resolves to, if anything, and whether that may be believed.
    #[must_use]
    pub fn new(peer: SocketAddr, pointer: Option<Vec<u8>>, resolved: Resolved) -> Self {
        let ip = unmapped(peer.ip());
        let bracketed = hostname::bracketed_address(ip);
        let pointer = pointer.unwrap_or_else(|| bracketed.clone());
        let name = if resolved == Resolved::Ok { pointer.clone() } else { bracketed };
        let address = hostname::plain_address(ip).into_bytes();
        Self { address, port: peer.port(), name, pointer, resolved }
    }

    /// The client at the other end of a socket of this host that has no address.
    #[must_use]
    pub fn of_unix_socket() -> Self {
        let name = b"localhost".to_vec();
        let address = b"[UNIX: localhost]".to_vec();
        Self { address, port: 0, pointer: name.clone(), name, resolved: Resolved::Ok }
    }

    /// `$_` and the client as replies and log lines name it: `name [address]`, with
    /// ` (may be forged)` behind it, or `[address]` alone.
    #[must_use]
    pub fn display(&self) -> Vec<u8> {
        if self.pointer.starts_with(b"[") {
            return self.pointer.clone();
        }
        let mut text = self.pointer.clone();
        text.extend_from_slice(b" [");
        text.extend_from_slice(&self.address);
        text.push(b']');
        if self.resolved == Resolved::Forged {
            text.extend_from_slice(b" (may be forged)");
        }
        text
    }
}

/// How long each question to the name service may take (Timeout.resolver).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Seconds for one try; doubled from try to try.
    pub retrans: u32,
    /// Tries.
    pub retry: u32,
}

impl Patience {
    /// What the options of a site say.
    #[must_use]
    pub fn of_site(site: &Site) -> Self {
        let options = &site.configuration.options;
        let number = |name: &str, default| match options.timeout(name) {
            Some(time) => u32::try_from(time).unwrap_or(0),
            None => default,
        };
        Self {
            retrans: number("resolver.retrans.normal", 5),
            retry: number("resolver.retry.normal", 2).min(10),
        }
    }
}

/// Asks the name service.
pub type Resolve<'a> = &'a mut dyn FnMut(&DnsQuery<'_>) -> DnsAnswer;

/// Finds out who is at `peer`: the hosts file first, then the name service, and then whether the
/// name leads back to the address (MC-046..MC-048).
pub fn identify(
    peer: SocketAddr,
    hosts: &[HostsEntry],
    resolve: Resolve<'_>,
    patience: Patience,
) -> Client {
    let ip = unmapped(peer.ip());
    if let Some(entry) = hosts.iter().find(|entry| entry.address == ip) {
        return Client::new(peer, entry.names.first().cloned(), Resolved::Ok);
    }
    let name = match pointer(ip, resolve, patience) {
        Ok(Some(name)) => name,
        Ok(None) => return Client::new(peer, None, Resolved::Fail),
        Err(NoAnswer) => return Client::new(peer, None, Resolved::Temporary),
    };
    let resolved = match leads_to(&name, ip, hosts, resolve, patience) {
        Ok(true) => Resolved::Ok,
        Ok(false) => Resolved::Forged,
        Err(NoAnswer) => Resolved::Temporary,
    };
    Client::new(peer, Some(name), resolved)
}

/// [`identify`] with the hosts file and the name service of the system.
#[must_use]
pub fn identify_here(peer: SocketAddr, hosts: &[HostsEntry], patience: Patience) -> Client {
    let mut services = SystemServices::default();
    identify(peer, hosts, &mut |query| services.resolve(query), patience)
}

/// The name service did not answer.
struct NoAnswer;

fn pointer(
    ip: IpAddr,
    resolve: Resolve<'_>,
    patience: Patience,
) -> Result<Option<Vec<u8>>, NoAnswer> {
    let question = reverse_name(ip);
    let records = ask(&question, RecordType::Ptr, resolve, patience)?;
    Ok(records.into_iter().find_map(|data| match data {
        RecordData::Name(name) => usable(&name).then_some(name),
        _ => None,
    }))
}

fn leads_to(
    name: &[u8],
    ip: IpAddr,
    hosts: &[HostsEntry],
    resolve: Resolve<'_>,
    patience: Patience,
) -> Result<bool, NoAnswer> {
    let known = |entry: &HostsEntry| entry.names.iter().any(|it| it.eq_ignore_ascii_case(name));
    if hosts.iter().any(|entry| entry.address == ip && known(entry)) {
        return Ok(true);
    }
    let kind = if ip.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
    let records = ask(name, kind, resolve, patience)?;
    Ok(records.contains(&RecordData::Address(ip)))
}

/// The data of the records of the asked type.
fn ask(
    name: &[u8],
    kind: RecordType,
    resolve: Resolve<'_>,
    patience: Patience,
) -> Result<Vec<RecordData>, NoAnswer> {
    let Patience { retrans, retry } = patience;
    match resolve(&DnsQuery { name, kind, retrans, retry }) {
        DnsAnswer::Failure => Err(NoAnswer),
        DnsAnswer::NoSuchName => Ok(Vec::new()),
        DnsAnswer::Records(records) => Ok(records
            .into_iter()
            .filter(|record| record.kind == kind)
            .take(MAX_RECORDS)
            .map(|record| record.data)
            .collect()),
    }
}

/// The name under which the name service keeps the name of an address (RFC 1035 section 3.5,
/// RFC 3596 section 2.5).
pub(super) fn reverse_name(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa").into_bytes()
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let mut name: String = nibbles.map(|nibble| format!("{nibble:x}.")).collect();
            name.push_str("ip6.arpa");
            name.into_bytes()
        }
    }
}

/// A name fit for macros, replies and log lines: no names from the other end that could be taken
/// for an address in brackets or break a line.
fn usable(name: &[u8]) -> bool {
    (1..256).contains(&name.len())
        && !name.starts_with(b"[")
        && name.iter().all(|byte| byte.is_ascii_graphic() && !b"<>()[]\\\"@,;:".contains(byte))
}

/// An IPv4 address that came in as IPv6.
fn unmapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapper::Record;

    const HOSTS: &[u8] = b"127.0.0.6 client.example.com client\n";

    fn answer(query: &DnsQuery<'_>) -> DnsAnswer {
        let name = String::from_utf8_lossy(query.name).into_owned();
        let data = match (name.as_str(), query.kind) {
            ("1.2.0.192.in-addr.arpa", _) => RecordData::Name(b"good.example.com".to_vec()),
            ("2.2.0.192.in-addr.arpa", _) => RecordData::Name(b"liar.example.com".to_vec()),
            ("3.2.0.192.in-addr.arpa", _) => RecordData::Name(b"a b\r\nQUIT".to_vec()),
            ("good.example.com", RecordType::A) => RecordData::Address([192, 0, 2, 1].into()),
            ("liar.example.com", RecordType::A) => RecordData::Address([192, 0, 2, 9].into()),
            ("4.2.0.192.in-addr.arpa", _) => return DnsAnswer::Failure,
            _ => return DnsAnswer::NoSuchName,
        };
        let owner = query.name.to_vec();
        DnsAnswer::Records(vec![Record { owner, kind: query.kind, ttl: 60, data }])
    }

    #[test]
    fn names_are_believed_if_they_lead_back() {
        // MC-045..MC-048
        let rows = [
            ("127.0.0.6:1", "client.example.com", "OK", "client.example.com [127.0.0.6]"),
            ("192.0.2.1:1", "good.example.com", "OK", "good.example.com [192.0.2.1]"),
            (
                "192.0.2.2:1",
                "[192.0.2.2]",
                "FORGED",
                "liar.example.com [192.0.2.2] (may be forged)",
            ),
            ("192.0.2.3:1", "[192.0.2.3]", "FAIL", "[192.0.2.3]"),
            ("192.0.2.4:1", "[192.0.2.4]", "TEMP", "[192.0.2.4]"),
            ("192.0.2.5:1", "[192.0.2.5]", "FAIL", "[192.0.2.5]"),
            ("[::1]:1", "[IPv6:0:0:0:0:0:0:0:1]", "FAIL", "[IPv6:0:0:0:0:0:0:0:1]"),
            ("[::ffff:192.0.2.1]:1", "good.example.com", "OK", "good.example.com [192.0.2.1]"),
        ];
        let hosts = hostname::parse_hosts(HOSTS);
        let patience = Patience { retrans: 1, retry: 1 };
        for (peer, name, resolved, display) in rows {
            let client = identify(peer.parse().unwrap(), &hosts, &mut answer, patience);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let got = (text(&client.name), client.resolved.word(), text(&client.display()));
            assert_eq!(got, (name.to_owned(), resolved, display.to_owned()), "{peer}");
        }
    }

    #[test]
    fn names_of_addresses_are_reversed() {
        let name = |ip: &str| String::from_utf8(reverse_name(ip.parse().unwrap())).unwrap();
        assert_eq!(name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
        let expected = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(name("2001:db8::1"), expected);
    }
}
