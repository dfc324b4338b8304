//! DaemonPortOptions and ClientPortOptions (OPT-184..OPT-211).

use super::{Interpreted, OptionValue};
use crate::numbers::atoi;
use crate::translate::is_space;

/// A key of a port option; only the first letter of its name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKey {
    /// The daemon's name.
    Name,
    /// A number or service name.
    Port,
    /// An address, host name or socket path.
    Addr,
    /// `inet`, `inet6`, `unix`, `local` or a number.
    Family,
    /// Filters, separated by semicolons.
    InputMailFilters,
    /// The backlog.
    Listen,
    /// Modifier letters.
    Modifiers,
    /// Send buffer, bytes.
    SndBufSize,
    /// Receive buffer, bytes.
    RcvBufSize,
    /// Most children.
    Children,
    /// Delivery mode letter.
    DeliveryMode,
    /// Load at which connections are refused.
    RefuseLa,
    /// Load at which connections are delayed.
    DelayLa,
    /// Load at which messages are queued.
    QueueLa,
}

/// The letters of the keys; case counts for some.
const KEYS: [(&[u8], PortKey); 14] = [
    (b"Nn", PortKey::Name),
    (b"Pp", PortKey::Port),
    (b"Aa", PortKey::Addr),
    (b"Ff", PortKey::Family),
    (b"Ii", PortKey::InputMailFilters),
    (b"Ll", PortKey::Listen),
    (b"Mm", PortKey::Modifiers),
    (b"Ss", PortKey::SndBufSize),
    (b"R", PortKey::RcvBufSize),
    (b"c", PortKey::Children),
    (b"D", PortKey::DeliveryMode),
    (b"r", PortKey::RefuseLa),
    (b"d", PortKey::DelayLa),
    (b"q", PortKey::QueueLa),
];

/// The families by name.
const FAMILIES: [&str; 4] = ["inet", "inet6", "unix", "local"];

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortItem {
    /// The key.
    pub key: PortKey,
    /// The value, blanks at both ends removed. Names are looked up by the caller.
    pub value: Vec<u8>,
}

/// Reads a port option: items between commas; those without `=` are skipped.
pub(super) fn interpret(value: &[u8]) -> Interpreted {
    let mut out = Interpreted::default();
    let mut items = Vec::new();
    for item in value.split(|b| *b == b',') {
        let start = item.iter().position(|b| !is_space(*b)).unwrap_or(item.len());
        let item = item.get(start..).unwrap_or_default();
        let Some(equals) = item.iter().position(|b| *b == b'=') else { continue };
        let letter = item.first().copied().unwrap_or(0);
        let Some((_, key)) = KEYS.iter().find(|(letters, _)| letters.contains(&letter)) else {
            out.error([b"PortOptions parameter \"".as_slice(), item, b"\" unknown"].concat());
            continue;
        };
        let value = item.get(equals + 1..).unwrap_or_default();
        let start = value.iter().position(|b| !is_space(*b)).unwrap_or(value.len());
        let value = value.get(start..).unwrap_or_default();
        if check(*key, value, &mut out) {
            items.push(PortItem { key: *key, value: value.trim_ascii_end().to_vec() });
        }
    }
    out.value = Some(OptionValue::Ports(items));
    out
}

fn check(key: PortKey, value: &[u8], out: &mut Interpreted) -> bool {
    match key {
        PortKey::DeliveryMode => {
            let mode = value.get(..1).unwrap_or_default();
            let known = value.first().is_some_and(|m| b"qdib".contains(m));
            if !known {
                out.error([b"Unknown delivery mode ".as_slice(), mode].concat());
            }
            known
        }
        PortKey::Family => {
            let word = value.trim_ascii_end();
            let known =
                FAMILIES.iter().any(|f| f.as_bytes().eq_ignore_ascii_case(word)) || atoi(value) > 0;
            if !known {
                out.error(
                    [b"Unknown address family ".as_slice(), value, b" in Family=option"].concat(),
                );
            }
            known
        }
        _ => true,
    }
}
