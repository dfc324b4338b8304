//! Requests and answers (RFC 4511, 4.2 to 4.5).

use super::ber::{self, Reader};

/// Tags of operations.
const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ABANDON: u8 = 0x50;
const EXTENDED_REQUEST: u8 = 0x77;
pub(crate) const BIND_DONE: u8 = 0x61;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;
/// A password in the clear.
const SIMPLE: u8 = 0x80;
/// The name of an extended operation, and that of the one that begins TLS (RFC 4511, 4.14.1).
const REQUEST_NAME: u8 = 0x80;
pub(crate) const START_TLS_OID: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a [u8],
    /// Places in [`cf_parser::options::LDAP_SCOPE`] and [`cf_parser::options::LDAP_DEREF`].
    pub(crate) scope: u32,
    pub(crate) deref: u32,
    /// Most entries and seconds; 0 is no limit.
    pub(crate) size_limit: u32,
    pub(crate) time_limit: u32,
    pub(crate) names_only: bool,
    /// As [`super::filter::encode`] makes it.
    pub(crate) filter: &'a [u8],
    /// None: all.
    pub(crate) attributes: &'a [&'a [u8]],
}

/// Wraps an operation up.
pub(crate) fn wrap(id: u32, operation: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(operation.len() + 8);
    ber::put_number(&mut content, ber::INTEGER, id);
    content.extend_from_slice(operation);
    ber::element(ber::SEQUENCE, &content)
}

/// Logs in by name and password; both empty: as nobody.
pub(crate) fn bind(version: u32, name: &[u8], password: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    ber::put_number(&mut content, ber::INTEGER, version);
    ber::put(&mut content, ber::OCTETS, name);
    ber::put(&mut content, SIMPLE, password);
    ber::element(BIND, &content)
}

/// Asks for TLS on this connection.
pub(crate) fn start_tls() -> Vec<u8> {
    ber::element(EXTENDED_REQUEST, &ber::element(REQUEST_NAME, START_TLS_OID))
}

/// Says good-bye.
pub(crate) fn unbind() -> Vec<u8> {
    ber::element(UNBIND, &[])
}

/// Asks for no more answers to a request.
pub(crate) fn abandon(id: u32) -> Vec<u8> {
    let mut out = Vec::new();
    ber::put_number(&mut out, ABANDON, id);
    out
}

pub(crate) fn search(search: &Search<'_>) -> Vec<u8> {
    let mut content = ber::element(ber::OCTETS, search.base);
    ber::put_number(&mut content, ber::ENUMERATED, search.scope);
    ber::put_number(&mut content, ber::ENUMERATED, search.deref);
    ber::put_number(&mut content, ber::INTEGER, search.size_limit);
    ber::put_number(&mut content, ber::INTEGER, search.time_limit);
    ber::put(&mut content, ber::BOOLEAN, &[u8::from(search.names_only)]);
    content.extend_from_slice(search.filter);
    let mut names = Vec::new();
    for name in search.attributes {
        ber::put(&mut names, ber::OCTETS, name);
    }
    ber::put(&mut content, ber::SEQUENCE, &names);
    ber::element(SEARCH, &content)
}

/// What a server says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply<'a> {
    /// One entry of the answer to a search.
    Entry(Entry<'a>),
    /// The end of an answer, with its code.
    Done(i32),
    /// Something that says nothing here: a place to go on searching, which is not followed.
    Other,
}

/// An entry; its parts are read when they are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    attributes: &'a [u8],
}

/// An attribute of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a [u8],
    values: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let mut reader = Reader::new(self.attributes);
        std::iter::from_fn(move || {
            let mut parts = Reader::new(reader.expect(ber::SEQUENCE)?);
            let name = parts.expect(ber::OCTETS)?;
            Some(Attribute { name, values: parts.next()?.1 })
        })
    }

    /// The values of the attribute of this name.
    pub(crate) fn values_of(&self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        let found = self.attributes().find(|a| a.name.eq_ignore_ascii_case(name));
        found.into_iter().flat_map(|attribute| attribute.values())
    }
}

impl<'a> Attribute<'a> {
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.values);
        std::iter::from_fn(move || reader.expect(ber::OCTETS))
    }
}

/// The number of the request that a message answers (0: none), and what it says; none if it is not
/// to be understood.
pub(crate) fn parse(content: &[u8]) -> Option<(i32, Reply<'_>)> {
    let mut reader = Reader::new(content);
    let id = ber::number(reader.expect(ber::INTEGER)?)?;
    let (tag, content) = reader.next()?;
    let mut parts = Reader::new(content);
    let reply = match tag {
        ENTRY => {
            let name = parts.expect(ber::OCTETS)?;
            Reply::Entry(Entry { name, attributes: parts.expect(ber::SEQUENCE)? })
        }
        SEARCH_DONE | BIND_DONE | EXTENDED => {
            Reply::Done(ber::number(parts.expect(ber::ENUMERATED)?)?)
        }
        REFERENCE => Reply::Other,
        _ => Reply::Other,
    };
    Some((id, reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::filter;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    proptest::proptest! {
        #[test]
        fn anything_can_be_read(octets: Vec<u8>, wrapped: bool, tag: u8) {
            let content = match wrapped {
                true => [&[2, 1, 1][..], &ber::element(tag, &octets)].concat(),
                false => octets,
            };
            if let Some((_, Reply::Entry(entry))) = parse(&content) {
                let values = entry.attributes().map(|attribute| attribute.values().count());
                assert!(values.sum::<usize>() <= content.len());
            }
        }

        #[test]
        fn any_text_is_a_filter_or_none(text: Vec<u8>) {
            drop(filter::encode(&text));
        }
    }

    #[test]
    fn requests_as_observed() {
        // MAP-071, MAP-073
        assert_eq!(hex(&wrap(1, &bind(2, b"", b""))), "300c020101600702010204008000");
        let filter = filter::encode(b"(uid=x)").expect("filter");
        let asked = Search {
            base: b"dc=test",
            scope: 1,
            deref: 3,
            size_limit: 7,
            time_limit: 9,
            names_only: true,
            filter: &filter,
            attributes: &[b"objectClass", b"mail", b"cn"],
        };
        let sent = "3040020102633b040764633d746573740a01010a01030201070201090101\
                    01a30804037569640401783017040b6f626a656374436c61737304046d61696c0402636e";
        assert_eq!(hex(&wrap(2, &search(&asked))), sent);
        assert_eq!(hex(&wrap(3, &unbind())), "30050201034200");
        let sent = "301d02010177188016312e332e362e312e342e312e313436362e3230303337";
        assert_eq!(hex(&wrap(1, &start_tls())), sent);
        assert_eq!(hex(&wrap(3, &abandon(2))), "3006020103500102");
    }
}
