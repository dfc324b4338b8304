//! DaemonPortOptions as the daemons they ask for (OPT-184..OPT-212). Names of hosts and services are
//! looked up through the caller.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use cf_parser::options::{PortItem, PortKey};

use crate::sys::hostname;
use crate::sys::listen::{Place, Tuning};

/// The backlog without `Listen=`.
const DEFAULT_BACKLOG: u16 = 10;
/// The port without `Port=`, and with modifier `s`.
const SMTP_PORT: u16 = 25;
const SMTPS_PORT: u16 = 465;

/// One daemon: where it listens and what holds for its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonPort {
    /// `Name=`, or `DaemonN`: `${daemon_name}`.
    pub name: Vec<u8>,
    /// Where it listens.
    pub place: Place,
    /// Backlog and buffers.
    pub tuning: Tuning,
    /// `Modifiers=`.
    pub modifiers: Modifiers,
    /// `children=`: most connections at once; 0 for no limit of its own.
    pub children: u32,
    /// `DeliveryMode=`: `q`, `d`, `i` or `b`.
    pub delivery_mode: Option<u8>,
    /// `refuseLA=`: the load at which connections are refused; 0 for none of its own.
    pub refuse_load: u32,
}

impl DaemonPort {
    /// The daemon when no DaemonPortOptions are set (OPT-212).
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self {
            name: format!("Daemon{index}").into_bytes(),
            place: Place::Tcp(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), SMTP_PORT)),
            tuning: Tuning { backlog: DEFAULT_BACKLOG, ..Tuning::default() },
            modifiers: Modifiers::default(),
            children: 0,
            delivery_mode: None,
            refuse_load: 0,
        }
    }

    /// `${daemon_family}`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self.place {
            Place::Tcp(SocketAddr::V4(_)) => "inet",
            Place::Tcp(SocketAddr::V6(_)) => "inet6",
            Place::Unix(_) => "local",
        }
    }

    /// `${daemon_addr}`.
    #[must_use]
    pub fn address(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt as _;
        match &self.place {
            Place::Tcp(address) => hostname::plain_address(address.ip()).into_bytes(),
            Place::Unix(path) => path.as_os_str().as_bytes().to_vec(),
        }
    }

    /// `${daemon_port}`; 0 without one.
    #[must_use]
    pub fn port(&self) -> u16 {
        match &self.place {
            Place::Tcp(address) => address.port(),
            Place::Unix(_) => 0,
        }
    }
}

/// Modifier letters (OPT-190, OPT-198..OPT-210).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modifiers(pub Vec<u8>);

impl Modifiers {
    /// Whether a letter is among them.
    #[must_use]
    pub fn has(&self, letter: u8) -> bool {
        self.0.contains(&letter)
    }

    /// `${daemon_flags}`: letters separated by spaces, upper-case letters doubled (OPT-197).
    #[must_use]
    pub fn flags(&self) -> Vec<u8> {
        let letters = self.0.iter().map(|&letter| match letter {
            b'A'..=b'Z' => vec![letter, letter],
            _ => vec![letter],
        });
        letters.collect::<Vec<_>>().join(&b' ')
    }
}

/// What a port option names that the system does not know, in sendmail's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// A service name (exit status 70).
    #[error("service \"{0}\" unknown")]
    UnknownService(String),
    /// A host name, or an address of another family (exit status 70).
    #[error("host \"{0}\" unknown")]
    UnknownHost(String),
}

/// Looks names up.
pub trait Names {
    /// The TCP port of a service given by name.
    fn service(&mut self, name: &[u8]) -> Option<u16>;
    /// The addresses of a host.
    fn host(&mut self, name: &[u8]) -> Vec<IpAddr>;
}

/// The daemons of the settings, in order; one on the SMTP port if there are none.
///
/// # Errors
/// The first name that is not known.
pub fn daemons(
    settings: &[Vec<PortItem>],
    names: &mut dyn Names,
) -> Result<Vec<DaemonPort>, PortError> {
    if settings.is_empty() {
        return Ok(vec![DaemonPort::new(0)]);
    }
    settings.iter().enumerate().map(|(index, items)| daemon(index, items, names)).collect()
}

fn daemon(
    index: usize,
    items: &[PortItem],
    names: &mut dyn Names,
) -> Result<DaemonPort, PortError> {
    let mut daemon = DaemonPort::new(index);
    let (mut address, mut port, mut family) = (None, None, b"inet".to_vec());
    for PortItem { key, value } in items {
        match key {
            PortKey::Name => daemon.name = value.clone(),
            PortKey::Port => port = Some(value.clone()),
            PortKey::Addr => address = Some(value.clone()),
            PortKey::Family => family = value.to_ascii_lowercase(),
            PortKey::Listen => daemon.tuning.backlog = small(value, DEFAULT_BACKLOG),
            PortKey::Modifiers => daemon.modifiers = Modifiers(letters(value)),
            PortKey::SndBufSize => daemon.tuning.send_buffer = number(value),
            PortKey::RcvBufSize => daemon.tuning.receive_buffer = number(value),
            PortKey::Children => daemon.children = small(value, 0),
            PortKey::DeliveryMode => daemon.delivery_mode = value.first().copied(),
            PortKey::RefuseLa => daemon.refuse_load = small(value, 0),
            PortKey::InputMailFilters | PortKey::DelayLa | PortKey::QueueLa => {}
        }
    }
    daemon.place = match family.as_slice() {
        b"unix" | b"local" | b"1" => Place::Unix(path(address.as_deref().unwrap_or_default())),
        family => {
            let v6 = matches!(family, b"inet6" | b"10");
            let port = port_number(port.as_deref(), &daemon.modifiers, names)?;
            Place::Tcp(SocketAddr::new(host_address(address.as_deref(), v6, names)?, port))
        }
    };
    Ok(daemon)
}

fn port_number(
    port: Option<&[u8]>,
    modifiers: &Modifiers,
    names: &mut dyn Names,
) -> Result<u16, PortError> {
    let default = if modifiers.has(b's') { SMTPS_PORT } else { SMTP_PORT };
    match port {
        None | Some(b"") => Ok(default),
        // Digits count up to the first other character, as atoi reads them.
        Some(text) if text.first().is_some_and(u8::is_ascii_digit) => Ok(low_bits(text)),
        Some(text) => names
            .service(text)
            .ok_or_else(|| PortError::UnknownService(String::from_utf8_lossy(text).into_owned())),
    }
}

/// The low 16 bits of the number in front of `text`, which is what a socket address keeps of it.
fn low_bits(text: &[u8]) -> u16 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u16, |sum, byte| sum.wrapping_mul(10).wrapping_add(u16::from(byte - b'0')))
}

fn host_address(
    address: Option<&[u8]>,
    v6: bool,
    names: &mut dyn Names,
) -> Result<IpAddr, PortError> {
    let any: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let Some(text) = address.filter(|text| !text.is_empty()) else { return Ok(any) };
    let literal = std::str::from_utf8(text).ok().and_then(|text| text.parse::<IpAddr>().ok());
    let known = literal.map_or_else(|| names.host(text), |literal| vec![literal]);
    known
        .into_iter()
        .find(|address| address.is_ipv6() == v6)
        .ok_or_else(|| PortError::UnknownHost(String::from_utf8_lossy(text).into_owned()))
}

fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec()))
}

fn letters(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|letter| !letter.is_ascii_whitespace()).collect()
}

fn number(value: &[u8]) -> Option<usize> {
    let (digits, _) = value.split_at(value.iter().take_while(|b| b.is_ascii_digit()).count());
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|&bytes| bytes > 0)
}

fn small<T: TryFrom<usize>>(value: &[u8], otherwise: T) -> T {
    number(value).and_then(|number| T::try_from(number).ok()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cf_parser::options::{self, Found, OptionValue};

    struct Known;

    impl Names for Known {
        fn service(&mut self, name: &[u8]) -> Option<u16> {
            (name == b"submission").then_some(587)
        }

        fn host(&mut self, name: &[u8]) -> Vec<IpAddr> {
            match name {
                b"two.example.com" => vec![[192, 0, 2, 1].into(), [192, 0, 2, 2].into()],
                _ => Vec::new(),
            }
        }
    }

    fn read(values: &[&str]) -> Result<Vec<DaemonPort>, PortError> {
        let Found::Exact(option) = options::by_name(b"DaemonPortOptions") else { panic!() };
        let items = |value: &&str| match options::interpret(option, None, value.as_bytes()).value {
            Some(OptionValue::Ports(items)) => items,
            other => panic!("{other:?}"),
        };
        daemons(&values.iter().map(items).collect::<Vec<_>>(), &mut Known)
    }

    fn show(values: &[&str]) -> String {
        let line = |daemon: DaemonPort| {
            format!(
                "{} {} {} {} [{}]",
                String::from_utf8_lossy(&daemon.name),
                daemon.family(),
                String::from_utf8_lossy(&daemon.address()),
                daemon.port(),
                String::from_utf8_lossy(&daemon.modifiers.flags()),
            )
        };
        match read(values) {
            Ok(daemons) => daemons.into_iter().map(line).collect::<Vec<_>>().join("\n"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn options_become_daemons() {
        let rows: [(&[&str], &str); 14] = [
            (&[], "Daemon0 inet 0.0.0.0 25 []"), // OPT-212
            (&["Port=2525", "P=26"], "Daemon0 inet 0.0.0.0 2525 []\nDaemon1 inet 0.0.0.0 26 []"), // OPT-184
            (&["Name=MTA, Addr=127.0.0.1"], "MTA inet 127.0.0.1 25 []"),
            (&["M=Ea,N=MSA,P=submission"], "MSA inet 0.0.0.0 587 [EE a]"), // OPT-197
            (&["M=s"], "Daemon0 inet 0.0.0.0 465 [s]"),                    // OPT-185
            (&["Port=nosuch"], "service \"nosuch\" unknown"),              // OPT-185
            (&["Addr=two.example.com"], "Daemon0 inet 192.0.2.1 25 []"),   // OPT-186
            (&["Addr=no.such.host"], "host \"no.such.host\" unknown"),     // observed
            (&["Addr=::1"], "host \"::1\" unknown"),                       // observed
            (&["Addr=127.0.0.1,F=inet6"], "host \"127.0.0.1\" unknown"),   // observed
            (&["Family=inet6"], "Daemon0 inet6 IPv6:0:0:0:0:0:0:0:0 25 []"), // MC-053
            (&["F=local,A=/run/smtp"], "Daemon0 local /run/smtp 0 []"),
            (&["Port=25x"], "Daemon0 inet 0.0.0.0 25 []"),
            (&["Port="], "Daemon0 inet 0.0.0.0 25 []"),
        ];
        for (values, expected) in rows {
            assert_eq!(show(values), expected, "{values:?}");
        }
    }

    #[test]
    fn numbers_of_a_daemon() {
        // OPT-189, OPT-191..OPT-194
        let text = "L=5,S=4096,R=8192,c=3,D=q,r=12";
        let daemon = read(&[text]).unwrap().remove(0);
        let expected = Tuning { backlog: 5, send_buffer: Some(4096), receive_buffer: Some(8192) };
        assert_eq!(daemon.tuning, expected);
        assert_eq!((daemon.children, daemon.refuse_load), (3, 12));
        assert_eq!(daemon.delivery_mode, Some(b'q'));
    }
}
