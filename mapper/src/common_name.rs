//! The common name of a certificate, which counts where its alternative names do not match (RFC 6125, 6.4.4;
//! libldap does so).

use crate::ldap::ber::{self, Reader};

/// Tag of the version of a certificate, which may be missing.
const VERSION: u8 = 0xa0;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The last common name of the subject of a certificate (DER, RFC 5280); none if there is none.
pub(crate) fn of(certificate: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(Reader::new(certificate).expect(ber::SEQUENCE)?);
    let mut fields = Reader::new(parts.expect(ber::SEQUENCE)?);
    let (tag, _) = fields.next()?;
    if tag == VERSION {
        fields.expect(ber::INTEGER)?;
    }
    for _algorithm_issuer_validity in 0..3 {
        fields.expect(ber::SEQUENCE)?;
    }
    let mut subject = Reader::new(fields.expect(ber::SEQUENCE)?);
    let mut found = None;
    while let Some(set) = subject.expect(SET) {
        let mut pairs = Reader::new(set);
        while let Some(pair) = pairs.expect(ber::SEQUENCE) {
            let mut pair = Reader::new(pair);
            if pair.expect(OBJECT) == Some(COMMON_NAME) {
                found = pair.next().map(|(_, name)| name);
            }
        }
    }
    found
}

/// Whether a name of a certificate means this host: itself, or `*.` in front of what follows its first dot.
/// Addresses have to be named as they are.
pub(crate) fn matches(name: &[u8], host: &[u8]) -> bool {
    let is_address =
        std::str::from_utf8(host).is_ok_and(|host| host.parse::<std::net::IpAddr>().is_ok());
    let parent = || host.iter().position(|byte| *byte == b'.').and_then(|dot| host.get(dot + 1..));
    name.eq_ignore_ascii_case(host)
        || !is_address
            && name.strip_prefix(b"*.").is_some_and(|rest| {
                parent().is_some_and(|parent| parent.eq_ignore_ascii_case(rest))
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_octets_can_be_read(octets: Vec<u8>) {
            let wrapped = ber::element(ber::SEQUENCE, &ber::element(ber::SEQUENCE, &octets));
            for text in [&octets, &wrapped] {
                assert!(of(text).is_none_or(|name| name.len() <= text.len()));
            }
        }
    }

    fn certificate(version: bool, names: &[(&[u8], &[u8])]) -> Vec<u8> {
        let sequence = |content: &[u8]| ber::element(ber::SEQUENCE, content);
        let name = |(kind, text): &(&[u8], &[u8])| {
            let pair = [ber::element(OBJECT, kind), ber::element(0x0c, text)].concat();
            ber::element(SET, &sequence(&pair))
        };
        let mut fields = Vec::new();
        if version {
            fields.extend(ber::element(VERSION, &ber::element(ber::INTEGER, &[2])));
        }
        fields.extend(ber::element(ber::INTEGER, &[1]));
        fields.extend([sequence(&[]), sequence(&[]), sequence(&[])].concat());
        fields.extend(sequence(&names.iter().flat_map(name).collect::<Vec<_>>()));
        sequence(&sequence(&fields))
    }

    #[test]
    fn the_last_one_counts() {
        // observed
        let organization: &[u8] = &[0x55, 0x04, 0x0a];
        let two = [(COMMON_NAME, &b"a"[..]), (organization, b"o"), (COMMON_NAME, b"b")];
        assert_eq!(of(&certificate(true, &two)), Some(&b"b"[..]));
        assert_eq!(of(&certificate(false, &two)), Some(&b"b"[..]));
        assert_eq!(of(&certificate(true, &[(organization, b"o")])), None);
    }

    #[test]
    fn names_as_observed() {
        for (name, host, expected) in [
            (&b"MAIL.Example.test"[..], &b"mail.example.test"[..], true),
            (b"*.example.test", b"mail.example.test", true),
            (b"*.test", b"mail.example.test", false),
            (b"mail.*.test", b"mail.example.test", false),
            (b"mail.example.test.", b"mail.example.test", false),
            (b"127.0.0.1", b"127.0.0.1", true),
            (b"*.0.0.1", b"127.0.0.1", false),
            (b"*.", b"mail", false),
        ] {
            assert_eq!(matches(name, host), expected);
        }
    }
}
