//! Full names of senders, `$x` (CMD-138).

/// Characters that no name has in front of an address but in quotes, beside those of MustQuoteChars (observed).
const SPECIAL: &[u8] = b"@,;:[]";

/// A name that whoever submits a message has given: in quotes as a whole if it has special characters outside of quotes and
/// comments, or if those are not closed (observed).
#[must_use]
pub fn phrase(name: &[u8], must_quote: &[u8]) -> Vec<u8> {
    let (mut quoted, mut comments, mut special) = (false, 0u32, false);
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                special |= !quoted && comments == 0;
                bytes.next();
            }
            b'"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            b'(' => comments += 1,
            b')' if comments > 0 => comments -= 1,
            b')' => special = true,
            _ if comments > 0 => {}
            byte => special |= SPECIAL.contains(byte) || must_quote.contains(byte),
        }
    }
    if !special && !quoted && comments == 0 {
        return name.to_vec();
    }
    let inside = name.iter().flat_map(|&byte| match byte {
        b'"' | b'\\' => vec![b'\\', byte],
        byte => vec![byte],
    });
    std::iter::once(b'"').chain(inside).chain(std::iter::once(b'"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_special_characters_are_quoted_once() {
        for (name, expected) in [
            ("Carol Singer", "Carol Singer"),
            ("a.b", "\"a.b\""),
            ("\"a.b\"", "\"a.b\""),
            ("Me, Too", "\"Me, Too\""),
            ("it's", "\"it's\""),
            ("\"a", "\"\\\"a\""),
            ("(c)", "(c)"),
            ("<x>", "<x>"),
            ("a\"b\"c", "a\"b\"c"),
        ] {
            assert_eq!(phrase(name.as_bytes(), b".'"), expected.as_bytes(), "{name}");
        }
        assert_eq!(phrase(b"a.b", b""), b"a.b");
    }
}
