//! LDAP URLs (RFC 4516): of servers, and of searches.

use cf_parser::options::LDAP_SCOPE;

use crate::services::Endpoint;

/// Ports of the schemes.
pub(crate) const PORT: u16 = 389;
const TLS_PORT: u16 = 636;
/// Where a server of this host listens if the URL does not say.
const LOCAL_SOCKET: &[u8] = b"/var/run/slapd/ldapi";

/// The extension that asks for TLS on a plain connection, by its name and by its number (RFC 4511, 4.14.1).
const START_TLS: [&[u8]; 2] = [b"StartTLS", super::message::START_TLS_OID];

/// Whether a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Security {
    #[default]
    Plain,
    /// TLS from the beginning (`ldaps:`).
    Tls,
    /// TLS once the server has agreed (`????StartTLS`, as observed); `required` (with `!` in front): nothing
    /// is asked if it does not.
    StartTls { required: bool },
}

/// Where a directory server listens, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) endpoint: Endpoint,
    pub(crate) security: Security,
}

/// A search as a URL describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) server: Server,
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
    let mut server = server_of(&scheme, server)?;
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
    // several extensions cannot be written in `-H`, where commas separate URLs
    if server.security == Security::Plain
        && matches!(server.endpoint, Endpoint::Directory { .. })
        && let Some(required) = field().and_then(start_tls)
    {
        server.security = Security::StartTls { required };
    }
    Some(Url { server, base, attributes: attributes.unwrap_or_default(), scope, filter })
}

fn scope(word: &[u8]) -> Option<u32> {
    let place = LDAP_SCOPE.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(word))?;
    u32::try_from(place).ok()
}

/// Whether an extension asks for TLS, and then whether it insists.
fn start_tls(extension: &[u8]) -> Option<bool> {
    let name = decode(extension);
    let (required, name) = match name.strip_prefix(b"!") {
        Some(name) => (true, name),
        None => (false, &name[..]),
    };
    START_TLS.iter().any(|known| known.eq_ignore_ascii_case(name)).then_some(required)
}

fn server_of(scheme: &[u8], server: &[u8]) -> Option<Server> {
    let local = |path| Some(Server { endpoint: Endpoint::Unix(path), security: Security::Plain });
    match scheme {
        b"ldap" => host(server, PORT, Security::Plain, number),
        b"ldaps" => host(server, TLS_PORT, Security::Tls, number),
        b"ldapi" if server.is_empty() => local(LOCAL_SOCKET.to_vec()),
        b"ldapi" => local(decode(server)),
        _ => None,
    }
}

/// A server as `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; without a name this host.
fn host(
    server: &[u8],
    port: u16,
    security: Security,
    number: impl Fn(&[u8]) -> Option<u16>,
) -> Option<Server> {
    let (name, port) = match server.strip_prefix(b"[") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            let address = rest.get(..end)?;
            // what is no address of version 6 keeps its brackets, and is found nowhere
            let name = if address.contains(&b':') { address } else { server };
            (name, rest.get(end + 1..)?.strip_prefix(b":").map_or(Some(port), &number)?)
        }
        None => match server.iter().position(|byte| *byte == b':') {
            Some(colon) => (server.get(..colon)?, number(server.get(colon + 1..)?)?),
            None => (server, port),
        },
    };
    let name = if name.is_empty() { b"localhost".to_vec() } else { decode(name) };
    Some(Server { endpoint: Endpoint::Directory { host: name, port }, security })
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The servers of `-h`, in order: none for a word that names no host. A port that is too large loses what is
/// too much (observed).
pub(crate) fn hosts(words: &[u8], port: u16) -> Vec<Option<Server>> {
    let number = |digits: &[u8]| {
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let value = digits.iter().fold(0u16, |sum, digit| {
            sum.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0')))
        });
        is_number.then_some(value)
    };
    self::words(words).map(|word| host(word, port, Security::Plain, number)).collect()
}

/// What is separated by blanks or commas.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = text.split(|byte| matches!(byte, b' ' | b',' | b'\t'));
    words.filter(|word| !word.is_empty())
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
        let endpoint = Endpoint::Directory { host: b"h".to_vec(), port: 3 };
        assert_eq!(url.server, Server { endpoint, security: Security::Plain });
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
        let server = |text: &[u8]| parse(text).map(|url| url.server);
        let socket = Endpoint::Unix(b"/run/s".to_vec());
        assert_eq!(server(b"ldapi://%2Frun%2fs/").map(|server| server.endpoint), Some(socket));
        let endpoint = Endpoint::Directory { host: b"::1".to_vec(), port: 636 };
        let tls = Server { endpoint, security: Security::Tls };
        assert_eq!(server(b"ldaps://[::1]"), Some(tls));
    }

    #[test]
    fn extensions_that_ask_for_tls() {
        // observed
        let optional = Security::StartTls { required: false };
        let required = Security::StartTls { required: true };
        for (text, expected) in [
            (&b"ldap://h/????starttls"[..], optional),
            (b"ldap://h/????1.3.6.1.4.1.1466.20037", optional),
            (b"ldap://h????StartTLS", optional),
            (b"ldap://h/????!StartTLS", required),
            (b"ldap://h/????!%53tartTLS", required),
            (b"ldap://h/????x", Security::Plain),
            (b"ldap://h/????!x", Security::Plain),
            (b"ldap://h/???starttls", Security::Plain),
            (b"ldaps://h/????starttls", Security::Tls),
            (b"ldapi:///????starttls", Security::Plain),
        ] {
            assert_eq!(parse(text).map(|url| url.server.security), Some(expected));
        }
    }
}
