//! Class `host`: canonical host names; it answers `$[ $]` (MAP-038).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use cf_parser::debug::Category;

use super::arpa::{reversed, strip_ipv6_tag};
use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::{EX_NOTFOUND, EX_OK, EX_TEMPFAIL, EX_UNAVAILABLE, ExitCode};
use crate::canonical_name::{self, Canonical};
use crate::files;
use crate::flags::{self, Words};
use crate::hosts_file;
use crate::interpolate;
use crate::resolve::{self, Timing};
use crate::service_switch;
use crate::services::{DnsAnswer, RecordData, RecordType};

/// Answers are kept at most so many seconds, and at most so many of them.
const MAX_TTL: u32 = 3600;
const MAX_CACHE: usize = 10_000;

struct Host {
    timing: Timing,
    /// How the last question about a name went, as an exit status: a bracketed name that is no
    /// address has this one (observed), the first time it is asked.
    last: ExitCode,
    /// Bracketed names that are no addresses.
    bad_literals: HashMap<Vec<u8>, ExitCode>,
    /// Outcomes by name as asked.
    cache: HashMap<Vec<u8>, Kept>,
}

/// What came of a question.
struct Kept {
    outcome: Outcome,
    /// The second it expires in.
    expiry: u64,
    /// The services have not asked anybody.
    unasked: bool,
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Canonical(Vec<u8>),
    Unknown,
    ServerFailed,
}

/// Flags a, T, m, t, S, D, d, r; others are ignored.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let mut timing = Timing::default();
    let mut words = Words::new(arguments);
    while let Some((letter, value)) = words.flag() {
        match letter {
            b'r' => timing.retry = Some(super::dns::small(words.spaced(value))),
            b'a' | b'T' | b'm' | b't' | b'S' | b'D' | b'd' => {
                flags::apply(common, letter, value, &mut words);
            }
            _ => {}
        }
    }
    timing.retrans = common.timeout;
    Declared::ok(Host {
        timing,
        last: EX_UNAVAILABLE,
        bad_literals: HashMap::new(),
        cache: HashMap::new(),
    })
}

impl Class for Host {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        if common.not_deferred && env.maps.is_deferring() {
            return Answer::tempfail();
        }
        if request.key.first() == Some(&b'[') {
            return self.literal(common, request, env);
        }
        match self.cached(request.key, env) {
            Outcome::Canonical(name) => {
                Answer::Found(interpolate::result(common, request.key, &name, request.args))
            }
            Outcome::Unknown => Answer::NotFound { exit: EX_NOTFOUND },
            Outcome::ServerFailed => {
                env.message("", [request.key, b": Name server timeout"].concat());
                Answer::tempfail()
            }
        }
    }
}

impl Host {
    fn cached(&mut self, name: &[u8], env: &mut Env<'_>) -> Outcome {
        let now = env.services.now();
        if let Some(kept) = self.cache.get(name).filter(|kept| kept.expiry > now) {
            if kept.unasked {
                env.services.leave_unasked(name);
            }
            return kept.outcome.clone();
        }
        let (outcome, ttl) = resolve_name(name, self.timing, env);
        self.last = match outcome {
            Outcome::Canonical(_) => EX_UNAVAILABLE,
            Outcome::Unknown => EX_NOTFOUND,
            Outcome::ServerFailed => EX_TEMPFAIL,
        };
        if self.cache.len() >= MAX_CACHE {
            self.cache.clear();
        }
        let (expiry, unasked) = (now.saturating_add(u64::from(ttl)), env.services.left_unasked());
        self.cache.insert(name.to_vec(), Kept { outcome: outcome.clone(), expiry, unasked });
        outcome
    }

    /// `[1.2.3.4]`, `[IPv6:...]`: the name of the address. What follows the bracket is ignored.
    fn literal(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let inside = request.key.get(1..).unwrap_or_default();
        let Some(end) = inside.iter().position(|&b| b == b']') else {
            return Answer::NotFound { exit: EX_OK };
        };
        let inside = inside.get(..end).unwrap_or_default();
        let Some(address) = parse_address(inside) else {
            return self.bad_literal(request.key);
        };
        let (last, answer) = match self.name_of(address, env) {
            DnsName::Name(name) => {
                let value = interpolate::result(common, request.key, &name, request.args);
                (EX_UNAVAILABLE, Answer::Found(value))
            }
            DnsName::None => (EX_NOTFOUND, Answer::NotFound { exit: EX_NOTFOUND }),
            DnsName::Failure => (EX_TEMPFAIL, Answer::tempfail()),
        };
        self.last = last;
        answer
    }

    fn bad_literal(&mut self, key: &[u8]) -> Answer {
        if self.bad_literals.len() >= MAX_CACHE {
            self.bad_literals.clear();
        }
        match *self.bad_literals.entry(key.to_vec()).or_insert(self.last) {
            EX_TEMPFAIL => Answer::tempfail(),
            exit => Answer::NotFound { exit },
        }
    }

    /// The name of an address: hosts file, then the name service whatever the switch says
    /// (observed).
    fn name_of(&self, address: IpAddr, env: &mut Env<'_>) -> DnsName {
        let in_file = files::read_bounded(&env.settings.hosts_file, hosts_file::MAX_SIZE)
            .ok()
            .and_then(|text| hosts_file::by_address(&text, address));
        if let Some(name) = in_file {
            return DnsName::Name(name);
        }
        let Some(name) = arpa_name(address) else { return DnsName::None };
        match resolve::query(env, &name, RecordType::Ptr, self.timing) {
            DnsAnswer::Records(records) => records
                .into_iter()
                .find_map(|record| match (record.kind, record.data) {
                    (RecordType::Ptr, RecordData::Name(name)) => Some(DnsName::Name(name)),
                    _ => None,
                })
                .unwrap_or(DnsName::None),
            DnsAnswer::NoSuchName => DnsName::None,
            DnsAnswer::Failure => DnsName::Failure,
        }
    }
}

/// Asks the services of the switch in turn. Returns the outcome and the seconds it may be kept.
fn resolve_name(name: &[u8], timing: Timing, env: &mut Env<'_>) -> (Outcome, u32) {
    let mut outcome = Outcome::Unknown;
    let say = |env: &mut Env<'_>, end: &[u8]| {
        env.trace(Category::Maps, 20, || [b"getcanonname(", name, b"), ", end].concat());
    };
    for service in service_switch::service(env.settings, b"hosts") {
        say(env, &[b"trying ", &service[..], b"\n"].concat());
        match &service[..] {
            b"files" => {
                env.trace(Category::Maps, 20, || [b"text_getcanonname(", name, b")\n"].concat());
                let found = files::read_bounded(&env.settings.hosts_file, hosts_file::MAX_SIZE)
                    .ok()
                    .and_then(|text| {
                        let name = name.strip_suffix(b".").unwrap_or(name);
                        hosts_file::canonical(&text, name, &env.settings.local_domain)
                    });
                if let Some(name) = found {
                    say(env, b"found, ad=1\n");
                    return (Outcome::Canonical(name), MAX_TTL);
                }
            }
            b"dns" => match canonical_name::ask(env, name, timing) {
                Canonical::Name(name, ttl) => {
                    say(env, b"found, ad=0\n");
                    return (Outcome::Canonical(name), ttl.min(MAX_TTL));
                }
                Canonical::Unknown => {}
                Canonical::ServerFailed => outcome = Outcome::ServerFailed,
            },
            _ => {}
        }
    }
    let failed: &[u8] = match outcome {
        Outcome::ServerFailed => b"failed, status=75\n",
        _ => b"failed, status=68\n",
    };
    say(env, failed);
    (outcome, MAX_TTL)
}

/// The canonical name without final dot, whatever the map `host` is declared like; `None` if the name
/// is not known.
pub(crate) fn canonical(name: &[u8], env: &mut Env<'_>) -> Option<Vec<u8>> {
    match resolve_name(name, Timing::default(), env).0 {
        Outcome::Canonical(name) => Some(name.strip_suffix(b".").unwrap_or(&name).to_vec()),
        Outcome::Unknown | Outcome::ServerFailed => None,
    }
}

/// Whether this is an address as it stands in brackets.
pub(crate) fn is_address(text: &[u8]) -> bool {
    parse_address(text).is_some()
}

enum DnsName {
    Name(Vec<u8>),
    None,
    Failure,
}

fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let text = strip_ipv6_tag(text).unwrap_or(text);
    text.parse().ok().or_else(|| short_v4(text).map(IpAddr::V4))
}

/// The shorter forms of inet_aton(3): the last of one to four numbers fills what is left.
fn short_v4(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = text.split('.').rev().map(c_number);
    let last = numbers.next()??;
    let mut address = 0u32;
    let mut count = 0u32;
    for number in numbers.rev() {
        address = address << 8 | u32::from(u8::try_from(number?).ok()?);
        count += 1;
    }
    let free_bits = 32u32.checked_sub(count.checked_mul(8)?)?;
    let fits = free_bits == 32 || (free_bits > 0 && last >> free_bits == 0);
    let high = if free_bits == 32 { 0 } else { address.checked_shl(free_bits)? };
    fits.then_some(Ipv4Addr::from(high | last))
}

/// A number in decimal, `0` octal or `0x` hexadecimal.
fn c_number(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    let radix = if text.len() > 1 && text.starts_with('0') { 8 } else { 10 };
    let digits_only = text.bytes().all(|b| b.is_ascii_digit());
    u32::from_str_radix(text, radix).ok().filter(|_| digits_only)
}

/// The name under which the pointer of an address stands.
fn arpa_name(address: IpAddr) -> Option<Vec<u8>> {
    let address = address.to_canonical();
    let (tag, zone) = match address {
        IpAddr::V4(_) => ("", &b".in-addr.arpa"[..]),
        IpAddr::V6(_) => ("IPv6:", &b".ip6.arpa"[..]),
    };
    let digits = reversed(format!("{tag}{address}").as_bytes())?;
    Some([&digits[..], zone].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_forms() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(parse_address(text).map(|a| a.to_string()).as_deref(), expected);
        };
        check(b"192.0.2.7", Some("192.0.2.7"));
        check(b"IPv6:2001:db8::7", Some("2001:db8::7"));
        check(b"::1", Some("::1"));
        check(b"1.2.3", Some("1.2.0.3"));
        check(b"1.0x10", Some("1.0.0.16"));
        check(b"3221225985", Some("192.0.2.1"));
        check(b"1.2.3.4.5", None);
        check(b"1.2.65536", None);
        check(b"foo.bar", None);
        check(b"", None);
        let mapped = parse_address(b"::ffff:192.0.2.7").and_then(arpa_name);
        assert_eq!(mapped, Some(b"7.2.0.192.in-addr.arpa".to_vec()));
    }
}
