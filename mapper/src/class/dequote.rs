//! Class `dequote`: takes the double quotes off a key (MAP-041).

use super::unscannable::{Balance, Counting};
use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::flags::Words;

/// The map keeps no settings of its own: `-s` and `-S` share one place.
struct Dequote;

/// Flags a, D, S, s; others are ignored. Only the first flag counts (observed).
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    common.keep_quotes = true;
    let mut words = Words::new(arguments);
    if let Some((letter, value)) = words.flag() {
        match letter {
            b'a' => common.append = value.to_vec(),
            b'D' => common.not_deferred = true,
            b's' | b'S' => common.space_sub = Some(value.first().copied().unwrap_or(b' ')),
            _ => {}
        }
    }
    Declared::ok(Dequote)
}

impl Class for Dequote {
    fn lookup(&mut self, common: &Common, request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        match dequote(request.key, common.space_sub) {
            Some(mut bare) => {
                bare.extend_from_slice(&common.append);
                Answer::Found(bare)
            }
            None => Answer::MISS,
        }
    }
}

const COUNTING: Counting = Counting { comments_hide_brackets: true, in_order: true, tabs: true };

/// Removes unescaped quotes and, if `space_sub` is given, replaces blanks. `None` if there was no
/// quote, or the result could not be put into an address.
fn dequote(key: &[u8], space_sub: Option<u8>) -> Option<Vec<u8>> {
    let mut bare = Vec::with_capacity(key.len());
    let mut balance = Balance::new(COUNTING);
    let mut quotes = 0usize;
    let mut escaped = false;
    for &byte in key {
        let byte = if byte == b' ' { space_sub.unwrap_or(byte) } else { byte };
        if byte == b'"' && !escaped {
            quotes += 1;
            continue;
        }
        escaped = byte == b'\\' && !escaped;
        balance.take(byte);
        bare.push(byte);
    }
    (quotes > 0 && quotes.is_multiple_of(2) && balance.is_closed()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_observed() {
        // MAP-041
        let check = |key: &[u8], space_sub: Option<u8>, expected: Option<&[u8]>| {
            assert_eq!(dequote(key, space_sub).as_deref(), expected, "{:?}", bstr::BStr::new(key));
        };
        check(b"\"a.b\"", None, Some(b"a.b"));
        check(b"\"\"", None, Some(b""));
        check(b"ab", None, None);
        check(b"\"a b\"", None, None);
        check(b"\"a\tb\"", Some(b'_'), None);
        check(b"\"a b\"", Some(b'_'), Some(b"a_b"));
        check(b"\"a b\"", Some(b' '), None);
        check(b"\"a<b\"", None, None);
        check(b"\"a\\\"b\"", None, Some(b"a\\\"b"));
        check(b"\"a\"b\"c\"", None, Some(b"abc"));
        check(b"\"<a>(b)\"", None, Some(b"<a>(b)"));
        check(b"\"a\\\\\"", None, Some(b"a\\\\"));
        check(b"\"a)\"", None, None);
        check(b"<\"a\"", None, None);
        check(b"\"a>b<c\"", None, None);
        check(b"\")(\"", None, None);
        check(b"\"(a b)\"", None, None);
        check(b"\"(<)\"", None, Some(b"(<)"));
        check(b"\"<(>)\"", None, None);
    }
}
