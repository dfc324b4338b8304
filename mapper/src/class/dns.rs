//! Class `dns`: records of one type (MAP-039).

use std::net::IpAddr;

use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::EX_NOTFOUND;
use crate::flags::{self, Words};
use crate::interpolate;
use crate::resolve::{self, Timing};
use crate::services::{DnsAnswer, Record, RecordData, RecordType};

/// Record types of `-R`.
static TYPES: &[(&[u8], RecordType)] = &[
    (b"A", RecordType::A),
    (b"AAAA", RecordType::Aaaa),
    (b"AFSDB", RecordType::Afsdb),
    (b"CNAME", RecordType::Cname),
    (b"MX", RecordType::Mx),
    (b"NS", RecordType::Ns),
    (b"PTR", RecordType::Ptr),
    (b"SRV", RecordType::Srv),
    (b"TXT", RecordType::Txt),
    (b"TLSA", RecordType::Tlsa),
];

struct Dns {
    /// None when the line has no usable type: nothing is ever found then (observed).
    kind: Option<RecordType>,
    base: Vec<u8>,
    /// `-Z`: most values returned; 0 is no limit.
    max_values: usize,
    timing: Timing,
}

/// Flags R (required), B, Z, d, r and the shared ones; unknown ones are ignored.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let title = [b"dns map ", &common.name[..]].concat();
    let mut errors = Vec::new();
    let (mut kind, mut base, mut max_values, mut timing) = (None, Vec::new(), 0, Timing::default());
    let mut words = Words::new(arguments);
    while let Some((letter, value)) = words.flag() {
        match letter {
            b'R' => {
                let name = words.spaced(value);
                kind = TYPES.iter().find(|t| t.0.eq_ignore_ascii_case(name)).map(|t| t.1);
                if kind.is_none() {
                    errors.push([&title[..], b": wrong type ", name].concat());
                }
            }
            b'B' => base = words.spaced(value).to_vec(),
            b'Z' => {
                let number = super::arith::number(words.spaced(value));
                max_values = usize::try_from(number).unwrap_or_default();
            }
            b'r' => timing.retry = Some(small(words.spaced(value))),
            // the DNSSEC switch, not a character; and not deferred either (observed)
            b'S' | b'D' => {}
            _ => {
                flags::apply(common, letter, value, &mut words);
            }
        }
    }
    timing.retrans = common.timeout;
    if kind.is_none() {
        errors.push([&title[..], b": missing -R type"].concat());
    }
    Declared::with(Dns { kind, base, max_values, timing }, errors)
}

/// A small non-negative number.
pub(crate) fn small(text: &[u8]) -> u32 {
    u32::try_from(super::arith::number(text)).unwrap_or_default()
}

impl Class for Dns {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let Some(kind) = self.kind else { return Answer::NotFound { exit: EX_NOTFOUND } };
        let mut name = request.key.to_vec();
        if !self.base.is_empty() {
            name.push(b'.');
            name.extend_from_slice(&self.base);
        }
        let records = match resolve::search(env, &name, kind, self.timing) {
            DnsAnswer::Records(records) => records,
            DnsAnswer::NoSuchName => return Answer::NotFound { exit: EX_NOTFOUND },
            DnsAnswer::Failure => return Answer::tempfail(),
        };
        let values = records.iter().filter(|r| r.kind == kind).map(value);
        let joined =
            join(values, common.delimiter, self.max_values, env.settings.max_dns_result, CUT);
        match joined {
            Some(value) => {
                env.log_lookup(&[b"dns ", request.key, b" => ", &value]);
                Answer::Found(interpolate::result(common, request.key, &value, request.args))
            }
            None => Answer::NotFound { exit: EX_NOTFOUND },
        }
    }
}

/// What stands for the values that do not fit.
const CUT: &[u8] = b"...";

/// The first value, or with a delimiter all (limited by `max_values` if not 0) as far as they fit into
/// `limit` bytes (MAP-027); `cut` stands for the others.
pub(crate) fn join(
    mut values: impl Iterator<Item = Vec<u8>>,
    delimiter: Option<u8>,
    max_values: usize,
    limit: usize,
    cut: &[u8],
) -> Option<Vec<u8>> {
    let mut joined = values.next()?;
    let Some(delimiter) = delimiter else { return Some(joined) };
    // of a limit above 1 one more is returned (observed)
    let more = match max_values {
        0 => usize::MAX,
        1 => 0,
        limit => limit,
    };
    for value in values.take(more) {
        if joined.len() + 1 + value.len() >= limit {
            if !cut.is_empty() {
                joined.push(delimiter);
                joined.extend_from_slice(cut);
            }
            break;
        }
        joined.push(delimiter);
        joined.extend_from_slice(&value);
    }
    Some(joined)
}

/// A record's value as text; bytes that are not printable become `X`.
fn value(record: &Record) -> Vec<u8> {
    let mut text = match &record.data {
        RecordData::Address(IpAddr::V4(address)) => address.to_string().into_bytes(),
        RecordData::Address(IpAddr::V6(address)) => {
            let groups = address.segments().map(|group| format!("{group:x}")).join(":");
            format!("IPv6:{groups}").into_bytes()
        }
        RecordData::Name(name) | RecordData::Preferred(_, name) => name.clone(),
        RecordData::Service(_, _, _, target) => target.clone(),
        RecordData::Text(strings) => strings.first().cloned().unwrap_or_default(),
        RecordData::Association(usage, selector, matching, data) => {
            let digits: Vec<String> = data.iter().map(|byte| format!("{byte:02X}")).collect();
            let digits = digits.join(":");
            format!("{usage:02X} {selector:02X} {matching:02X} {digits}").into_bytes()
        }
    };
    for byte in &mut text {
        if !(byte.is_ascii_graphic() || *byte == b' ') {
            *byte = b'X';
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_observed() {
        // MAP-039
        let check = |kind, data, expected: &str| {
            let record = Record { owner: b"o".to_vec(), kind, ttl: 1, data };
            assert_eq!(value(&record), expected.as_bytes());
        };
        let six = "2001:db8::99".parse().expect("address");
        check(RecordType::Aaaa, RecordData::Address(six), "IPv6:2001:db8:0:0:0:0:0:99");
        check(
            RecordType::Mx,
            RecordData::Preferred(20, b"mx2.example.org".to_vec()),
            "mx2.example.org",
        );
        let strings = vec![b"x\x01\xe9y\tz".to_vec(), b"second".to_vec()];
        check(RecordType::Txt, RecordData::Text(strings), "xXXyXz");
        let tlsa = RecordData::Association(3, 1, 1, vec![0xaa, 0xbb, 0x0c]);
        check(RecordType::Tlsa, tlsa, "03 01 01 AA:BB:0C");
    }

    #[test]
    fn joining() {
        // MAP-027, MAP-039
        let values = || [b"aa".to_vec(), b"bb".to_vec(), b"cc".to_vec()].into_iter();
        assert_eq!(join(values(), None, 0, 99, CUT), Some(b"aa".to_vec()));
        assert_eq!(join(values(), Some(b','), 0, 99, CUT), Some(b"aa,bb,cc".to_vec()));
        assert_eq!(join(values(), Some(b','), 1, 99, CUT), Some(b"aa".to_vec()));
        assert_eq!(join(values(), Some(b','), 2, 99, CUT), Some(b"aa,bb,cc".to_vec()));
        assert_eq!(join(values(), Some(b','), 0, 8, CUT), Some(b"aa,bb,...".to_vec()));
        assert_eq!(join(std::iter::empty(), Some(b','), 0, 8, CUT), None);
    }
}
