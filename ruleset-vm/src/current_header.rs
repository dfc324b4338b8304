//! The macro `{currHeader}` of header checks (RS-120).

/// Longest value, quotes included (observed).
const LIMIT: usize = 254;

/// A value as `{currHeader}` holds it, one token: in quotes, those inside escaped, line ends as blanks, cut (observed).
#[must_use]
pub fn current_header(value: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in value {
        let room = LIMIT - 1 - out.len();
        match byte {
            b'"' if room >= 2 => out.extend_from_slice(b"\\\""),
            b'\n' if room >= 1 => out.push(b' '),
            byte if room >= 1 && *byte != b'"' => out.push(*byte),
            _ => break,
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_one_token() {
        for (value, expected) in [
            (" a\n b", "\" a  b\""),
            ("a\"b", "\"a\\\"b\""),
            // of backslashes themselves nothing is changed
            ("a\\b", "\"a\\b\""),
        ] {
            assert_eq!(current_header(value.as_bytes()), expected.as_bytes());
        }
        assert_eq!(current_header(&[b'x'; 300]).len(), LIMIT);
        assert_eq!(current_header(&[b'"'; 300]).len(), LIMIT);
    }
}
