//! `/etc/hosts`: names by address and canonical names (MAP-038).

use std::net::IpAddr;

/// Largest hosts file that is read, bytes.
pub(crate) const MAX_SIZE: usize = 64 << 20;

/// The canonical form of `name`: of the line that has it in any place, the first name with a dot,
/// else the first name with `local_domain` appended. Comparison ignores case; a name also stands for
/// itself followed by the first labels of `local_domain` (observed).
pub(crate) fn canonical(text: &[u8], name: &[u8], local_domain: &[u8]) -> Option<Vec<u8>> {
    lines(text).find_map(|(_, names)| {
        names.iter().find(|known| stands_for(known, name, local_domain))?;
        if let Some(long) = names.iter().find(|known| known.contains(&b'.')) {
            return Some(long.to_vec());
        }
        let first = *names.first()?;
        if local_domain.is_empty() {
            return Some(first.to_vec());
        }
        Some([first, b".", local_domain].concat())
    })
}

fn stands_for(known: &[u8], name: &[u8], local_domain: &[u8]) -> bool {
    let Some((head, tail)) = name.split_at_checked(known.len()) else { return false };
    if !head.eq_ignore_ascii_case(known) {
        return false;
    }
    let Some(labels) = tail.strip_prefix(b".") else { return tail.is_empty() };
    local_domain.split_at_checked(labels.len()).is_some_and(|(first, rest)| {
        first.eq_ignore_ascii_case(labels) && matches!(rest.first(), None | Some(b'.'))
    })
}

/// The first name of an address.
pub(crate) fn by_address(text: &[u8], address: IpAddr) -> Option<Vec<u8>> {
    lines(text).find_map(|(known, names)| {
        let known: IpAddr = std::str::from_utf8(known).ok()?.parse().ok()?;
        (known == address).then(|| names.first().map(|name| name.to_vec())).flatten()
    })
}

/// Address and names of each line, comments left out.
fn lines(text: &[u8]) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
    text.split(|&b| b == b'\n').filter_map(|line| {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let address = words.next()?;
        Some((address, words.collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &[u8] = b"127.0.0.1 localhost\n192.0.2.7 www.example.com www\n\
        192.0.2.50 alone alone2\n192.0.2.51 Caps.Example.NET caps\n\
        192.0.2.9 dotless other.example.net # comment x.y\n2001:db8::7 six.example.com\n";

    #[test]
    fn canonical_names_as_observed() {
        let check = |name: &[u8], expected: Option<&[u8]>| {
            assert_eq!(canonical(HOSTS, name, b"example.com").as_deref(), expected);
        };
        check(b"www", Some(b"www.example.com"));
        check(b"WWW.Example.Com", Some(b"www.example.com"));
        check(b"dotless", Some(b"other.example.net"));
        check(b"alone2", Some(b"alone.example.com"));
        check(b"CAPS.example.net", Some(b"Caps.Example.NET"));
        check(b"x.y", None);
        // also with the first labels of the local domain
        check(b"alone.example.com", Some(b"alone.example.com"));
        check(b"alone.example", Some(b"alone.example.com"));
        check(b"WWW.example", Some(b"www.example.com"));
        check(b"alone.exam", None);
        check(b"alone.com", None);
        check(b"alone.example.com.x", None);
    }

    #[test]
    fn names_of_addresses_as_observed() {
        let name = |address: &str| by_address(HOSTS, address.parse().expect("address"));
        assert_eq!(name("192.0.2.9"), Some(b"dotless".to_vec()));
        assert_eq!(name("2001:db8::7"), Some(b"six.example.com".to_vec()));
        assert_eq!(name("192.0.2.99"), None);
    }
}
