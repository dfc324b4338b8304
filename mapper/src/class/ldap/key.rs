//! The filter of one lookup, made of the map's filter and the key (MAP-064, MAP-065).

/// Puts the key for `%s`, the key with what means something in filters written in hexadecimal for `%0`,
/// and of a map with several keys the n-th argument, so written, for `%1` to `%9`. `%%` is a percent
/// sign; anything else stays.
pub(super) fn expand(filter: &[u8], key: &[u8], args: &[&[u8]], many_keys: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(filter.len() + key.len());
    let mut rest = filter;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let Some((letter, behind)) = after.split_first().filter(|_| *byte == b'%') else {
            out.push(*byte);
            continue;
        };
        match letter {
            b'%' => out.push(b'%'),
            b's' => out.extend_from_slice(key),
            b'0' => escape(key, &mut out),
            digit @ b'1'..=b'9' if many_keys => {
                escape(args.get(usize::from(digit - b'1')).copied().unwrap_or_default(), &mut out);
            }
            other => out.extend_from_slice(&[b'%', *other]),
        }
        rest = behind;
    }
    out
}

/// RFC 4515: what would be read as part of the filter is written in hexadecimal.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if matches!(byte, b'*' | b'(' | b')' | b'\\' | 0) {
            out.extend_from_slice(format!("\\{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_forms_as_observed() {
        // MAP-064, MAP-065
        let check = |filter: &[u8], many_keys, expected: &[u8]| {
            assert_eq!(expand(filter, b"a*(", &[br"x)\", b"two"], many_keys), expected);
        };
        check(b"(a=%0)", false, br"(a=a\2A\28)");
        check(b"(a=%s)", false, b"(a=a*()");
        check(b"(a=%1)(b=%%0%q%)", false, b"(a=%1)(b=%0%q%)");
        check(b"(a=%1)(b=%2)(c=%3)", true, br"(a=x\29\5C)(b=two)(c=)");
    }
}
