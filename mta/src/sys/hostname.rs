//! Who this host is: its canonical name and the names for class `w`, computed from the node name, the
//! hosts file and the network interfaces.
//!
//! The hosts file is asked first, then a [`NameService`], which the caller bounds in time. sendmail sleeps a minute and asks again when its own name has no dot and is unknown;
//! here the short name is used at once.

use std::net::{IpAddr, Ipv4Addr};

use nix::net::if_::InterfaceFlags;

/// Addresses of interfaces that sendmail has room for (CF-097, observed).
const MAX_ADDRESSES: usize = 512;

/// What is known of the own host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostIdentity {
    /// `$k`: the node name.
    pub node: Vec<u8>,
    /// `$j`: the canonical name.
    pub canonical: Vec<u8>,
    /// What makes class `w` before the configuration is read, without repetitions: the canonical
    /// name, the node name, aliases, addresses in brackets.
    pub class_w: Vec<Vec<u8>>,
}

/// An interface that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: Ipv4Addr,
    /// Whether it is a loopback interface.
    pub loopback: bool,
    /// The system's flags, of which traces show the lower half.
    pub flags: u32,
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

/// The questions to the name service: what the hosts file does not answer.
pub trait NameService {
    /// What is known of a name; `None` if nothing is.
    fn by_name(&mut self, name: &[u8]) -> Option<OwnName>;

    /// The names of an address, the official one in front.
    fn by_address(&mut self, address: IpAddr) -> Vec<Vec<u8>>;
}

/// Finds out who this host is (MC-085).
#[must_use]
pub fn identify(service: &mut dyn NameService) -> HostIdentity {
    compute(&node_name(), &hosts_file(), service)
}

/// Whether a host can be found, or an address is one, in the family of IPv6 (where `IPv6:` may stand in
/// front) or IPv4.
#[must_use]
pub fn is_known(host: &[u8], v6: bool, service: &mut dyn NameService) -> bool {
    let is_v6 = |address: &IpAddr| address.is_ipv6() == v6;
    let bare = match host.get(..5) {
        Some(head) if v6 && head.eq_ignore_ascii_case(b"IPv6:") => &host[5..],
        _ => host,
    };
    if let Some(address) = std::str::from_utf8(bare).ok().and_then(|text| text.parse().ok()) {
        return is_v6(&address);
    }
    let holds = |entry: &HostsEntry| entry.names.iter().any(|n| n.eq_ignore_ascii_case(bare));
    hosts_file().iter().any(|entry| holds(entry) && is_v6(&entry.address))
        || service.by_name(bare).is_some_and(|own| own.addresses.iter().any(is_v6))
}

/// An interface with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInterface {
    /// The interface.
    pub interface: Interface,
    /// Its names, the official one in front.
    pub names: Vec<Vec<u8>>,
}

/// The interfaces that are up, with their names; `loopback_names` is whether those of loopback
/// interfaces are wanted.
#[must_use]
pub fn named_interfaces(
    loopback_names: bool,
    service: &mut dyn NameService,
) -> Vec<NamedInterface> {
    let hosts = hosts_file();
    let name = |interface: Interface| {
        let wanted = loopback_names || !interface.loopback;
        let names = if wanted { names_of(&hosts, interface, service) } else { Vec::new() };
        NamedInterface { interface, names }
    };
    interfaces().into_iter().map(name).collect()
}

fn names_of(
    hosts: &[HostsEntry],
    interface: Interface,
    service: &mut dyn NameService,
) -> Vec<Vec<u8>> {
    let address = IpAddr::V4(interface.address);
    // The C library takes `::1` in the hosts file for 127.0.0.1, too.
    let is_own = |entry: &&HostsEntry| {
        entry.address == address
            || (interface.address == Ipv4Addr::LOCALHOST
                && entry.address.is_ipv6()
                && entry.address.is_loopback())
    };
    match hosts.iter().find(is_own) {
        Some(entry) => entry.names.clone(),
        None => service.by_address(address),
    }
}

fn hosts_file() -> Vec<HostsEntry> {
    parse_hosts(&std::fs::read("/etc/hosts").unwrap_or_default())
}

/// The node name of the system; `localhost` if it has none.
#[must_use]
pub fn node_name() -> Vec<u8> {
    match nix::unistd::gethostname() {
        Ok(name) if !name.is_empty() => std::os::unix::ffi::OsStringExt::into_vec(name),
        _ => b"localhost".to_vec(),
    }
}

/// The IPv4 addresses of the interfaces that are up, as far as sendmail sees them.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let Ok(listed) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    listed
        .filter_map(|entry| {
            let address = entry.address?.as_sockaddr_in()?.ip();
            Some((address, entry.flags))
        })
        .take(MAX_ADDRESSES)
        .filter(|(_, flags)| flags.contains(InterfaceFlags::IFF_UP))
        .map(|(address, flags)| Interface {
            address,
            loopback: flags.contains(InterfaceFlags::IFF_LOOPBACK),
            flags: u32::try_from(flags.bits() & 0xffff).unwrap_or(0),
        })
        .collect()
}

/// The entries of the hosts file; none if it cannot be read.
#[must_use]
pub fn own_hosts() -> Vec<HostsEntry> {
    parse_hosts(&std::fs::read("/etc/hosts").unwrap_or_default())
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

/// All the hosts file says of `name`: the lines that hold it, as one entry. Where there are IPv6
/// addresses, the others do not count (observed).
fn by_name(hosts: &[HostsEntry], name: &[u8]) -> Option<(Vec<Vec<u8>>, Vec<IpAddr>)> {
    let holds = |entry: &&HostsEntry| entry.names.iter().any(|n| n.eq_ignore_ascii_case(name));
    let entries: Vec<&HostsEntry> = hosts.iter().filter(holds).collect();
    let v6_only = entries.iter().any(|entry| entry.address.is_ipv6());
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut addresses = Vec::new();
    for entry in entries.iter().filter(|entry| entry.address.is_ipv6() == v6_only) {
        entry.names.iter().for_each(|known| add(&mut names, known));
        addresses.push(entry.address);
    }
    (!names.is_empty()).then_some((names, addresses))
}

/// The pure part of [`identify`].
fn compute(node: &[u8], hosts: &[HostsEntry], service: &mut dyn NameService) -> HostIdentity {
    let (names, addresses) = match by_name(hosts, node) {
        Some(found) => found,
        None => match service.by_name(node) {
            Some(own) => (vec![own.canonical], own.addresses),
            None => (vec![node.to_vec()], Vec::new()),
        },
    };
    // The official name counts, unless only an alias has a dot.
    let canonical = names
        .iter()
        .find(|name| name.contains(&b'.'))
        .or(names.first())
        .map_or_else(|| node.to_vec(), |name| name.trim_ascii().to_vec());
    let mut class_w = Vec::new();
    add(&mut class_w, &canonical);
    add(&mut class_w, node);
    names.iter().skip(1).for_each(|name| add(&mut class_w, name));
    addresses.iter().for_each(|address| add(&mut class_w, &bracketed_address(*address)));
    HostIdentity { node: node.to_vec(), canonical, class_w }
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

    struct Silent;

    impl NameService for Silent {
        fn by_name(&mut self, _name: &[u8]) -> Option<OwnName> {
            None
        }

        fn by_address(&mut self, _address: IpAddr) -> Vec<Vec<u8>> {
            Vec::new()
        }
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn show(node: &str, hosts: &[u8]) -> String {
        let found = compute(node.as_bytes(), &parse_hosts(hosts), &mut Silent);
        let class: Vec<String> = found.class_w.iter().map(|name| text(name)).collect();
        format!("j={} k={} | {}", text(&found.canonical), text(&found.node), class.join(" "))
    }

    /// The same hosts file as in runs of sendmail 8.17.1.9 (MC-023, MC-085).
    #[test]
    fn names_of_the_hosts_file_are_those_of_sendmail() {
        insta::assert_snapshot!(show("relay", HOSTS), @"j=relay.example.org k=relay | relay.example.org relay pony [192.168.7.7]");
        insta::assert_snapshot!(show("pony", HOSTS), @"j=relay.example.org k=pony | relay.example.org pony relay [192.168.7.7]");
        insta::assert_snapshot!(show("nodot", HOSTS), @"j=nodot k=nodot | nodot");
        // Only an alias has a dot: it is the name, and the official one is forgotten.
        insta::assert_snapshot!(show("mail.example.test", b"192.0.2.9 mail mail.example.test m2.d\n"), @"j=mail.example.test k=mail.example.test | mail.example.test m2.d [192.0.2.9]");
        insta::assert_snapshot!(show("mail", b"192.0.2.9 a.b mail\n::1 mail c.d\n"), @"j=c.d k=mail | c.d mail [IPv6:0:0:0:0:0:0:0:1]");
    }

    #[test]
    fn the_name_service_qualifies_an_unknown_name() {
        struct One;
        impl NameService for One {
            fn by_name(&mut self, name: &[u8]) -> Option<OwnName> {
                assert_eq!(name, b"node");
                let addresses = vec!["2001:db8::5".parse().unwrap()];
                Some(OwnName { canonical: b"node.example.net".to_vec(), addresses })
            }

            fn by_address(&mut self, _address: IpAddr) -> Vec<Vec<u8>> {
                Vec::new()
            }
        }
        let found = compute(b"node", &[], &mut One);
        assert_eq!(found.canonical, b"node.example.net");
        assert!(found.class_w.contains(&b"[IPv6:2001:db8:0:0:0:0:0:5]".to_vec()));
    }

    #[test]
    fn an_interface_has_the_names_of_its_line() {
        let interface =
            Interface { address: "192.168.7.7".parse().unwrap(), loopback: false, flags: 0 };
        let names = names_of(&parse_hosts(HOSTS), interface, &mut Silent);
        assert_eq!(names, [b"relay.example.org".to_vec(), b"relay".to_vec(), b"pony".to_vec()]);
    }
}
