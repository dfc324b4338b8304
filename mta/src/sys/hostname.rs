//! Who this host is: the macros `$w`, `$j`, `$m`, `$k` and the names for class `w`, computed from the
//! node name, the hosts file and the network interfaces.
//!
//! The hosts file is asked first; a name it does not qualify is put to `resolve`, which the caller
//! bounds in time. sendmail sleeps a minute and asks again when its own name has no dot and is unknown;
//! here the short name is used at once.

use std::net::{IpAddr, Ipv4Addr};

use nix::net::if_::InterfaceFlags;

/// `O DontProbeInterfaces`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// False: all interfaces that are up.
    #[default]
    All,
    /// `loopback`: no names for loopback interfaces, their addresses only.
    NoLoopbackNames,
    /// True: none.
    None,
}

/// What is known of the own host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostIdentity {
    /// `$k`: the node name.
    pub node: Vec<u8>,
    /// `$j`: the canonical name.
    pub canonical: Vec<u8>,
    /// `$w`: the part of the canonical name in front of the first dot (V5 and later; earlier
    /// configurations use the canonical name).
    pub short: Vec<u8>,
    /// `$m`: the part behind the first dot; absent without a dot.
    pub domain: Option<Vec<u8>>,
    /// Members of class `w`, without repetitions.
    pub class_w: Vec<Vec<u8>>,
}

/// An interface that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: Ipv4Addr,
    /// Whether it is a loopback interface.
    pub loopback: bool,
}

/// One line of the hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsEntry {
    /// The address.
    pub address: IpAddr,
    /// The names, the official one in front.
    pub names: Vec<Vec<u8>>,
}

/// An answer of the resolver about the own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnName {
    /// The canonical name.
    pub canonical: Vec<u8>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Computes the identity of this host (MC-085). `resolve` is asked when the hosts file does not know
/// the node name.
#[must_use]
pub fn identify(probe: Probe, resolve: &mut dyn FnMut(&[u8]) -> Option<OwnName>) -> HostIdentity {
    let node = node_name();
    let hosts = parse_hosts(&std::fs::read("/etc/hosts").unwrap_or_default());
    let interfaces = if probe == Probe::None { Vec::new() } else { interfaces() };
    compute(&node, &hosts, &interfaces, probe, resolve)
}

/// The node name of the system; `localhost` if it has none.
#[must_use]
pub fn node_name() -> Vec<u8> {
    match nix::unistd::gethostname() {
        Ok(name) if !name.is_empty() => std::os::unix::ffi::OsStringExt::into_vec(name),
        _ => b"localhost".to_vec(),
    }
}

/// The IPv4 addresses of the interfaces that are up.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let Ok(listed) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    listed
        .filter(|entry| entry.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|entry| {
            let address = entry.address?.as_sockaddr_in()?.ip();
            Some(Interface {
                address,
                loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
            })
        })
        .collect()
}

/// Reads the hosts file; lines that are not understood are skipped.
#[must_use]
pub fn parse_hosts(text: &[u8]) -> Vec<HostsEntry> {
    text.split(|&byte| byte == b'\n').filter_map(parse_hosts_line).collect()
}

fn parse_hosts_line(line: &[u8]) -> Option<HostsEntry> {
    let line = line.split(|&byte| byte == b'#').next()?;
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let address = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let names: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
    (!names.is_empty()).then_some(HostsEntry { address, names })
}

/// All the hosts file says of `name`: the lines that hold it, as one entry.
fn by_name(hosts: &[HostsEntry], name: &[u8]) -> Option<(Vec<Vec<u8>>, Vec<IpAddr>)> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut addresses = Vec::new();
    for entry in hosts {
        if entry.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            entry.names.iter().for_each(|known| add(&mut names, known));
            addresses.push(entry.address);
        }
    }
    (!names.is_empty()).then_some((names, addresses))
}

/// The pure part of [`identify`].
fn compute(
    node: &[u8],
    hosts: &[HostsEntry],
    interfaces: &[Interface],
    probe: Probe,
    resolve: &mut dyn FnMut(&[u8]) -> Option<OwnName>,
) -> HostIdentity {
    let (names, addresses) = match by_name(hosts, node) {
        Some(found) => found,
        None => match resolve(node) {
            Some(own) => (vec![own.canonical, node.to_vec()], own.addresses),
            None => (vec![node.to_vec()], Vec::new()),
        },
    };
    // The official name counts, unless only an alias has a dot.
    let canonical = names
        .first()
        .filter(|name| name.contains(&b'.'))
        .or_else(|| names.iter().find(|name| name.contains(&b'.')))
        .or(names.first())
        .map_or_else(|| node.to_vec(), |name| name.trim_ascii().to_vec());
    let (short, domain) = split_name(&canonical);
    let mut class_w = Vec::new();
    add(&mut class_w, &canonical);
    if probe != Probe::None {
        add(&mut class_w, &short);
        names.iter().for_each(|name| add(&mut class_w, name));
    }
    addresses.iter().for_each(|address| add(&mut class_w, &bracketed_address(*address)));
    for interface in interfaces {
        add_interface(&mut class_w, hosts, *interface, probe);
    }
    if probe == Probe::All {
        add(&mut class_w, b"localhost");
    }
    HostIdentity { node: node.to_vec(), canonical, short, domain, class_w }
}

/// The address of an interface in brackets, and its names, plain and in brackets (observed).
fn add_interface(class: &mut Vec<Vec<u8>>, hosts: &[HostsEntry], own: Interface, probe: Probe) {
    add(class, &bracketed_address(own.address.into()));
    if own.loopback && probe == Probe::NoLoopbackNames {
        return;
    }
    let entry = hosts.iter().find(|entry| entry.address == IpAddr::V4(own.address));
    for name in entry.into_iter().flat_map(|entry| &entry.names) {
        add(class, name);
        add(class, &[b"[", name.as_slice(), b"]"].concat());
    }
}

/// `[1.2.3.4]` or `[IPv6:...]`, the latter without abbreviation, as sendmail writes it.
#[must_use]
pub fn bracketed_address(address: IpAddr) -> Vec<u8> {
    format!("[{}]", plain_address(address)).into_bytes()
}

/// `1.2.3.4` or `IPv6:2001:db8:0:0:0:0:0:5`, as macros and log lines have it.
#[must_use]
pub fn plain_address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let groups: Vec<String> =
                address.segments().iter().map(|group| format!("{group:x}")).collect();
            format!("IPv6:{}", groups.join(":"))
        }
    }
}

/// Host and domain part of a name.
fn split_name(name: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    match name.iter().position(|&byte| byte == b'.') {
        Some(dot) => (name[..dot].to_vec(), Some(name[dot + 1..].to_vec())),
        None => (name.to_vec(), None),
    }
}

fn add(set: &mut Vec<Vec<u8>>, member: &[u8]) {
    if !set.iter().any(|known| known.eq_ignore_ascii_case(member)) {
        set.push(member.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &[u8] = b"127.0.0.1 localhost localhost.localdomain\n\
        192.168.7.7 relay.example.org relay pony # comment\n\
        192.168.7.8 relay.example.org extra.example.org\n\
        192.168.7.9 other.example.org other\nnonsense\n";

    fn show(node: &str, probe: Probe, interfaces: &[(&str, bool)]) -> String {
        let interfaces: Vec<Interface> = interfaces
            .iter()
            .map(|&(address, loopback)| Interface { address: address.parse().unwrap(), loopback })
            .collect();
        let hosts = parse_hosts(HOSTS);
        let found = compute(node.as_bytes(), &hosts, &interfaces, probe, &mut |_| None);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let class: Vec<String> = found.class_w.iter().map(|name| text(name)).collect();
        format!(
            "w={} j={} m={} k={} | {}",
            text(&found.short),
            text(&found.canonical),
            text(found.domain.as_deref().unwrap_or(b"-")),
            text(&found.node),
            class.join(" ")
        )
    }

    /// The same hosts file and interfaces as in runs of sendmail 8.17.1.9 (MC-023, MC-085).
    #[test]
    fn macros_and_class_w_are_those_of_sendmail() {
        let loopback = ("127.0.0.1", true);
        insta::assert_snapshot!(show("relay", Probe::All, &[loopback]), @"w=relay j=relay.example.org m=example.org k=relay | relay.example.org relay pony [192.168.7.7] [127.0.0.1] localhost [localhost] localhost.localdomain [localhost.localdomain]");
        insta::assert_snapshot!(show("relay.example.org", Probe::All, &[]), @"w=relay j=relay.example.org m=example.org k=relay.example.org | relay.example.org relay pony extra.example.org [192.168.7.7] [192.168.7.8] localhost");
        insta::assert_snapshot!(show("pony", Probe::NoLoopbackNames, &[loopback, ("192.168.7.9", false)]), @"w=relay j=relay.example.org m=example.org k=pony | relay.example.org relay pony [192.168.7.7] [127.0.0.1] [192.168.7.9] other.example.org [other.example.org] other [other]");
        insta::assert_snapshot!(show("nodot", Probe::All, &[]), @"w=nodot j=nodot m=- k=nodot | nodot localhost");
        insta::assert_snapshot!(show("relay", Probe::None, &[]), @"w=relay j=relay.example.org m=example.org k=relay | relay.example.org [192.168.7.7]");
    }

    #[test]
    fn the_resolver_qualifies_an_unknown_name() {
        let found = compute(b"node", &[], &[], Probe::All, &mut |name| {
            assert_eq!(name, b"node");
            let addresses = vec!["2001:db8::5".parse().unwrap()];
            Some(OwnName { canonical: b"node.example.net".to_vec(), addresses })
        });
        assert_eq!(found.canonical, b"node.example.net");
        assert_eq!(found.domain.as_deref(), Some(&b"example.net"[..]));
        assert!(found.class_w.contains(&b"[IPv6:2001:db8:0:0:0:0:0:5]".to_vec()));
    }
}
