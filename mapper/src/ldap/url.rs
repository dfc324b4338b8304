//! LDAP URLs (RFC 4516): of servers, and of searches.

use cf_parser::options::LDAP_SCOPE;

use crate::services::Endpoint;

/// Ports of the schemes.
pub(crate) const PORT: u16 = 389;
const TLS_PORT: u16 = 636;
/// Where a server of this host listens if the URL does not say.
const LOCAL_SOCKET: &[u8] = b"/var/run/slapd/ldapi";

/// A search as a URL describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) endpoint: Endpoint,
    pub(crate) base: Vec<u8>,
    pub(crate) attributes: Vec<Vec<u8>>,
    pub(crate) scope: Option<u32>,
    pub(crate) filter: Option<Vec<u8>>,
}

/// Reads a URL, perhaps written `<URL:...>`; none if it is none of LDAP.
pub(crate) fn parse(text: &[u8]) -> Option<Url> {
    let text = text.strip_prefix(b"<").and_then(|text| text.strip_suffix(b">")).unwrap_or(text);
    let text = match text.split_at_checked(4) {
        Some((first, rest)) if first.eq_ignore_ascii_case(b"URL:") => rest,
        _ => text,
    };
    let colon = text.windows(3).position(|three| three == b"://")?;
    let (scheme, rest) = (text.get(..colon)?.to_ascii_lowercase(), text.get(colon + 3..)?);
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (server, path) = rest.split_at(end);
    let endpoint = endpoint(&scheme, server)?;
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let mut fields = path.split(|byte| *byte == b'?');
    let mut field = || fields.next().filter(|field| !field.is_empty());
    let base = field().map(decode).unwrap_or_default();
    let attributes = field().map(|list| list.split(|byte| *byte == b',').map(decode).collect());
    let scope = match field() {
        Some(word) => Some(scope(word)?),
        None => None,
    };
    let filter = field().map(decode);
    Some(Url { endpoint, base, attributes: attributes.unwrap_or_default(), scope, filter })
}

fn scope(word: &[u8]) -> Option<u32> {
    let place = LDAP_SCOPE.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(word))?;
    u32::try_from(place).ok()
}

fn endpoint(scheme: &[u8], server: &[u8]) -> Option<Endpoint> {
    let port = match scheme {
        b"ldap" => PORT,
        b"ldaps" => TLS_PORT,
        b"ldapi" if server.is_empty() => return Some(Endpoint::Unix(LOCAL_SOCKET.to_vec())),
        b"ldapi" => return Some(Endpoint::Unix(decode(server))),
        _ => return None,
    };
    host(server, port, scheme == b"ldaps")
}

/// A server as `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; without a name this host.
pub(crate) fn host(server: &[u8], port: u16, tls: bool) -> Option<Endpoint> {
    let (name, port) = match server.strip_prefix(b"[") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            let address = rest.get(..end)?;
            // what is no address of version 6 keeps its brackets, and is found nowhere
            let name = if address.contains(&b':') { address } else { server };
            (name, rest.get(end + 1..)?.strip_prefix(b":").map_or(Some(port), number)?)
        }
        None => match server.iter().position(|byte| *byte == b':') {
            Some(colon) => (server.get(..colon)?, number(server.get(colon + 1..)?)?),
            None => (server, port),
        },
    };
    let name = if name.is_empty() { b"localhost".to_vec() } else { decode(name) };
    Some(Endpoint::Directory { host: name, port, tls })
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Takes `%xx` for what it stands for.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(octet) if *byte == b'%' => {
                out.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_as_observed() {
        // MAP-066
        let url = parse(b"<URL:ldap://h:3/dc%3dtest?ma%69l,cn?SUB?(cn=b%31)?!x=y>").expect("url");
        let endpoint = Endpoint::Directory { host: b"h".to_vec(), port: 3, tls: false };
        assert_eq!(url.endpoint, endpoint);
        assert_eq!(url.base, b"dc=test");
        assert_eq!(url.attributes, [b"mail".to_vec(), b"cn".to_vec()]);
        assert_eq!((url.scope, url.filter.as_deref()), (Some(2), Some(&b"(cn=b1)"[..])));
        let url = parse(b"LDAP:///dc=test").expect("url");
        assert_eq!((url.scope, url.filter, url.attributes.len()), (None, None, 0));
        for wrong in [&b"foo"[..], b"http://h", b"ldap:///dc=test?mail?foo", b"ldap://h:abc/"] {
            assert_eq!(parse(wrong), None);
        }
    }

    #[test]
    fn servers() {
        let socket = |text: &[u8]| parse(text).map(|url| url.endpoint);
        assert_eq!(socket(b"ldapi://%2Frun%2fs/"), Some(Endpoint::Unix(b"/run/s".to_vec())));
        let tls = Endpoint::Directory { host: b"::1".to_vec(), port: 636, tls: true };
        assert_eq!(socket(b"ldaps://[::1]"), Some(tls));
    }
}
