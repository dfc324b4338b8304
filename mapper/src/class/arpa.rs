//! Class `arpa`: the reversed form of an address, without the zone (MAP-048).

use std::net::{Ipv4Addr, Ipv6Addr};

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::EX_DATAERR;
use crate::flags;
use crate::interpolate;

struct Arpa;

/// Only the first flag means anything, and only if it is one of these (observed).
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    flags::apply_first(common, arguments, b"aDST");
    Declared::ok(Arpa)
}

impl Class for Arpa {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let found = reversed(request.key);
        env.trace(Category::Maps, 2, || {
            let result = found.as_deref().unwrap_or_default();
            let head = format!("arpa_map_lookup: r={}, result='", i32::from(found.is_some()));
            [head.as_bytes(), result, b"'\n"].concat()
        });
        match found {
            Some(text) => Answer::Found(interpolate::result(
                &Common { match_only: false, ..common.clone() },
                request.key,
                &text,
                request.args,
            )),
            None => Answer::NotFound { exit: EX_DATAERR },
        }
    }
}

/// `1.2.3.4` gives `4.3.2.1`; `IPv6:` addresses give their 32 hexadecimal digits backwards.
pub(crate) fn reversed(key: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(key).ok()?;
    if let Some(address) = strip_ipv6_tag(text) {
        let octets = address.parse::<Ipv6Addr>().ok()?.octets();
        let digits: Vec<String> = octets
            .iter()
            .rev()
            .flat_map(|octet| [format!("{:x}", octet & 15), format!("{:x}", octet >> 4)])
            .collect();
        return Some(digits.join(".").into_bytes());
    }
    let [a, b, c, d] = text.parse::<Ipv4Addr>().ok()?.octets();
    Some(format!("{d}.{c}.{b}.{a}").into_bytes())
}

/// What follows `IPv6:` in any case.
pub(crate) fn strip_ipv6_tag(text: &str) -> Option<&str> {
    let (tag, address) = text.split_at_checked(5)?;
    tag.eq_ignore_ascii_case("IPv6:").then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_observed() {
        // MAP-048, MAP-115
        let check = |key: &[u8], expected: Option<&str>| {
            assert_eq!(reversed(key).as_deref(), expected.map(str::as_bytes));
        };
        check(b"1.2.3.4", Some("4.3.2.1"));
        check(
            b"IPv6:1:2::3",
            Some("3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0"),
        );
        check(b"::1", None);
        check(b"xyz", None);
        check(b"1.2.3.456", None);
    }
}
