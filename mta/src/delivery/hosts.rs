//! Where mail for a host goes: host lists, MX records, own names, fallbacks, literals (SM-078..SM-081).
//!
//! The decisions are pure; the name service stands behind [`Resolver`].

use std::net::{IpAddr, Ipv6Addr};

use ruleset_vm::{Enhanced, Exit, Status};

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// Smaller is tried first.
    pub preference: u16,
    /// The host; `.` or empty for "no mail here" (RFC 7505).
    pub exchange: Vec<u8>,
}

/// Why the name service gave no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupFailure {
    /// The name does not exist.
    NotFound,
    /// The name exists, without records of this type.
    NoData,
    /// No answer for now.
    Temporary,
}

/// The name service. Names are given without final dot.
pub trait Resolver {
    /// The MX records of `host`, in any order, aliases followed.
    ///
    /// # Errors
    /// See [`LookupFailure`].
    fn mx(&self, host: &[u8]) -> Result<Vec<Mx>, LookupFailure>;

    /// The addresses of `host`, in the order they are to be tried.
    ///
    /// # Errors
    /// See [`LookupFailure`].
    fn addresses(&self, host: &[u8]) -> Result<Vec<IpAddr>, LookupFailure>;
}

/// Options about hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// `O FallbackMXhost`, a host list.
    pub fallback_mx: Option<Vec<u8>>,
    /// `O FallbackSmartHost`.
    pub fallback_smart_host: Option<Vec<u8>>,
    /// `O TryNullMXList`: a list that begins with the own host means the host's addresses.
    pub try_null_mx_list: bool,
}

/// One host to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A literal address, with the text it was written as.
    Address {
        /// `[1.2.3.4]`
        text: Vec<u8>,
        /// The address.
        address: IpAddr,
    },
    /// A name whose addresses are looked up.
    Name(Vec<u8>),
}

impl Target {
    /// The name used in texts and in `relay=`.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        match self {
            Self::Address { text, .. } => text,
            Self::Name(name) => name,
        }
    }
}

/// One element of a host list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostSpec {
    /// `[1.2.3.4]`, `[IPv6:...]`
    Literal(Target),
    /// `[name]`: no MX records are looked up.
    NoMx(Vec<u8>),
    /// `name`
    Domain(Vec<u8>),
}

impl HostSpec {
    /// The name or literal, as texts have it.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Literal(target) => target.label(),
            Self::NoMx(name) | Self::Domain(name) => name,
        }
    }
}

/// Cuts `$h` at the colons outside brackets (ML-099) and reads each element; empty ones are left out.
#[must_use]
pub fn host_list(text: &[u8]) -> Vec<HostSpec> {
    let mut elements = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                elements.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    elements.push(&text[start..]);
    elements.into_iter().filter(|element| !element.is_empty()).map(host_spec).collect()
}

fn host_spec(text: &[u8]) -> HostSpec {
    let Some(inner) = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) else {
        return HostSpec::Domain(without_dot(text).to_vec());
    };
    match literal(inner) {
        Some(address) => HostSpec::Literal(Target::Address { text: text.to_vec(), address }),
        None => HostSpec::NoMx(without_dot(inner).to_vec()),
    }
}

/// The address inside the brackets of a literal.
fn literal(inner: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(inner).ok()?;
    let is_tagged = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    if is_tagged {
        return text.get(5..)?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    text.parse().ok()
}

fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

/// What the own names and chance decide while MX records are put in order.
pub struct MxRules<'a> {
    /// Whether a name is one of this host (class `w`).
    pub is_own: &'a dyn Fn(&[u8]) -> bool,
    /// A number below the given one, for records of equal preference.
    pub random: &'a dyn Fn(usize) -> usize,
}

/// What a list of MX records says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MxAnswer {
    /// Try these in order.
    Hosts(Vec<Vec<u8>>),
    /// There are no records: the host itself is tried.
    HostItself,
    /// This host is the best one, under this name: a loop.
    Loop(Vec<u8>),
    /// `MX 0 .`: no mail is taken.
    NoMail,
}

/// Orders MX records: by preference, equal ones in random order; cut where the own host stands,
/// which drops all of the same preference and beyond (SM-078).
#[must_use]
pub fn order_mx(records: &[Mx], rules: &MxRules<'_>) -> MxAnswer {
    match records {
        [] => return MxAnswer::HostItself,
        [only] if without_dot(&only.exchange).is_empty() => return MxAnswer::NoMail,
        _ => {}
    }
    let mut usable: Vec<&Mx> =
        records.iter().filter(|mx| !without_dot(&mx.exchange).is_empty()).collect();
    for at in (1..usable.len()).rev() {
        usable.swap(at, (rules.random)(at + 1).min(at));
    }
    usable.sort_by_key(|mx| mx.preference);
    let own = usable.iter().find(|mx| (rules.is_own)(without_dot(&mx.exchange)));
    if let Some(own) = own.copied() {
        usable.retain(|mx| mx.preference < own.preference);
        if usable.is_empty() {
            return MxAnswer::Loop(without_dot(&own.exchange).to_ascii_lowercase());
        }
    }
    let mut hosts: Vec<Vec<u8>> = Vec::new();
    for mx in usable {
        let name = mx.exchange.to_ascii_lowercase();
        if !hosts.contains(&name) {
            hosts.push(name);
        }
    }
    MxAnswer::Hosts(hosts)
}

/// The hosts to try for one element of a host list, in order.
///
/// # Errors
/// The outcome when there is nothing to try: unknown host, no answer for now, loop, no mail.
pub fn targets(
    spec: &HostSpec,
    use_mx: bool,
    settings: &HostSettings,
    resolver: &dyn Resolver,
    rules: &MxRules<'_>,
) -> Result<Vec<Target>, Status> {
    let host = match spec {
        HostSpec::Literal(target) => return Ok(vec![target.clone()]),
        HostSpec::NoMx(name) => return Ok(vec![Target::Name(name.clone())]),
        HostSpec::Domain(name) if !use_mx => return Ok(vec![Target::Name(name.clone())]),
        HostSpec::Domain(name) => name,
    };
    let records = match resolver.mx(host) {
        Ok(records) => records,
        Err(LookupFailure::NoData | LookupFailure::NotFound) => Vec::new(),
        Err(LookupFailure::Temporary) => {
            let fallback = fallback(settings);
            return if fallback.is_empty() {
                Err(no_answer(host, Enhanced::new(4, 0, 0)))
            } else {
                Ok(fallback)
            };
        }
    };
    let mut found = match order_mx(&records, rules) {
        MxAnswer::Hosts(hosts) => hosts.into_iter().map(Target::Name).collect(),
        MxAnswer::HostItself => vec![Target::Name(host.clone())],
        MxAnswer::Loop(_) if settings.try_null_mx_list => vec![Target::Name(host.clone())],
        MxAnswer::Loop(own) => return Err(loops_back(host, &own)),
        MxAnswer::NoMail => return Err(takes_no_mail()),
    };
    found.extend(fallback(settings));
    Ok(found)
}

/// The hosts of `FallbackMXhost`.
fn fallback(settings: &HostSettings) -> Vec<Target> {
    let listed = settings.fallback_mx.as_deref().map(host_list).unwrap_or_default();
    listed
        .into_iter()
        .map(|spec| match spec {
            HostSpec::Literal(target) => target,
            HostSpec::NoMx(name) | HostSpec::Domain(name) => Target::Name(name),
        })
        .collect()
}

/// `Deferred: Name server: H: host name lookup failure` (SM-079); the code is 4.0.0 for MX records
/// and 4.4.3 for addresses (observed).
pub fn no_answer(host: &[u8], code: Enhanced) -> Status {
    let text = [b"Name server: ", host, b": host name lookup failure"].concat();
    Status { enhanced: Some(code), ..Status::from_exit(Exit::TEMPFAIL, text) }
}

/// The host does not exist, or has no address.
pub fn unknown_host(host: &[u8]) -> Status {
    let text = [b"Host unknown (Name server: ", host, b": host not found)"].concat();
    Status::from_reply(Exit::NOHOST, 550, Enhanced::new(5, 1, 2), text)
}

/// This host is the best MX itself (observed: a system error in these words).
fn loops_back(host: &[u8], own: &[u8]) -> Status {
    let text = [b"MX list for ", host, b" points back to ", own].concat();
    Status::from_reply(Exit::CONFIG, LOOP_REPLY, Enhanced::new(5, 3, 5), text)
}

/// The reply code that marks a loop.
pub const LOOP_REPLY: u16 = 553;
/// The reply code of RFC 7505 for hosts without mail.
pub const NO_MAIL_REPLY: u16 = 556;

/// RFC 7505.
fn takes_no_mail() -> Status {
    let text = b"Host does not accept mail: MX 0 .".to_vec();
    Status::from_reply(Exit::UNAVAILABLE, NO_MAIL_REPLY, Enhanced::new(5, 1, 10), text)
}

/// The signature of a host for `plan`: the ordered MX list, so that hosts with the same list share
/// connections. Equal preferences are ordered by name.
#[must_use]
pub fn signature(host: &[u8], use_mx: bool, resolver: &dyn Resolver) -> Vec<u8> {
    if !use_mx {
        return host.to_vec();
    }
    let parts: Vec<Vec<u8>> = host_list(host)
        .iter()
        .map(|spec| match spec {
            HostSpec::Literal(target) => target.label().to_vec(),
            HostSpec::NoMx(name) => name.clone(),
            HostSpec::Domain(name) => {
                let mut records = resolver.mx(name).unwrap_or_default();
                records.sort_by(|one, other| {
                    (one.preference, &one.exchange).cmp(&(other.preference, &other.exchange))
                });
                let names: Vec<Vec<u8>> = records.into_iter().map(|mx| mx.exchange).collect();
                if names.is_empty() { name.clone() } else { names.join(&b':') }
            }
        })
        .collect();
    parts.join(&b':')
}

#[cfg(test)]
mod tests;
