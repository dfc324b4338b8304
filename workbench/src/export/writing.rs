//! Putting lines together.

use super::features::Feature;
use super::remark::Place;
use super::site::Site;

/// A comment that says which lines of the old file something comes from.
#[must_use]
pub(super) fn origin(site: &Site, feature: Feature, cf: &[u8]) -> Vec<u8> {
    let places = site.found.get(&feature).map(|places| &places[..]).unwrap_or_default();
    let row = feature.row();
    let title = if row.m4.is_empty() { row.id } else { row.m4 };
    comment(title, places, cf)
}

/// Places that a comment names.
const NAMED: usize = 4;

/// A comment with places.
#[must_use]
pub(super) fn comment(title: &str, places: &[Place], cf: &[u8]) -> Vec<u8> {
    let shown: Vec<Vec<u8>> = places.iter().take(NAMED).map(|place| place.shown(cf)).collect();
    let mut out = format!("# {title}").into_bytes();
    if !shown.is_empty() {
        out.extend_from_slice(b": ");
        out.extend(shown.join(&b", "[..]));
    }
    out.retain(|byte| !byte.is_ascii_control());
    out.push(b'\n');
    out
}

/// The octets of a regular expression that match a text.
#[must_use]
pub(super) fn quoted_pattern(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if !byte.is_ascii_alphanumeric()
            && *byte < 0x80
            && !matches!(byte, b'@' | b'-' | b'_' | b' ')
        {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// A network as `address/bits`: of `192.168.1`, `192.0.2.7`, `[192.0.2.7]`, `ipv6:2001:db8`, `10.0.0.0/8`.
#[must_use]
pub(super) fn network(text: &[u8]) -> Option<(Vec<u8>, u32)> {
    let text = text.strip_prefix(b"[").unwrap_or(text);
    let text = text.strip_suffix(b"]").unwrap_or(text);
    let text = std::str::from_utf8(text).ok()?;
    if let Some((address, bits)) = text.split_once('/') {
        return Some((address.as_bytes().to_vec(), bits.parse().ok()?));
    }
    match text.strip_prefix("ipv6:").or_else(|| text.strip_prefix("IPv6:")) {
        Some(address) => six(address),
        None => four(text),
    }
}

fn four(text: &str) -> Option<(Vec<u8>, u32)> {
    let mut octets = Vec::new();
    for part in text.trim_end_matches('.').split('.') {
        octets.push(part.parse::<u8>().ok()?);
    }
    let bits = u32::try_from(octets.len()).ok()?.checked_mul(8).filter(|bits| *bits <= 32)?;
    octets.resize(4, 0);
    let shown: Vec<String> = octets.iter().map(u8::to_string).collect();
    Some((shown.join(".").into_bytes(), bits))
}

fn six(text: &str) -> Option<(Vec<u8>, u32)> {
    if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        return Some((address.to_string().into_bytes(), 128));
    }
    let text = text.trim_end_matches(':');
    let groups = text.split(':').count();
    let address: std::net::Ipv6Addr = format!("{text}::").parse().ok()?;
    Some((address.to_string().into_bytes(), u32::try_from(groups).ok()?.checked_mul(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        type Network<'a> = Option<(&'a [u8], u32)>;
        let rows: [(&[u8], Network<'_>); 8] = [
            (b"192.168.1", Some((b"192.168.1.0", 24))),
            (b"10", Some((b"10.0.0.0", 8))),
            (b"[192.0.2.7]", Some((b"192.0.2.7", 32))),
            (b"10.0.0.0/9", Some((b"10.0.0.0", 9))),
            (b"ipv6:2001:db8", Some((b"2001:db8::", 32))),
            (b"ipv6:::1", Some((b"::1", 128))),
            (b"1.2.3.4.5", None),
            (b"300", None),
        ];
        for (text, expected) in rows {
            let expected = expected.map(|(address, bits)| (address.to_vec(), bits));
            assert_eq!(network(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn patterns() {
        assert_eq!(quoted_pattern(b"a.b+c@d-e"), b"a\\.b\\+c@d-e");
    }
}
