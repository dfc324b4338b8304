//! Base64 (RFC 4648 section 4) for `AUTH`: with padding, without line breaks.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes.
pub(super) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0u32, |value, &byte| value << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let sextet = (value >> (18 - 6 * place) & 63) as usize;
            let symbol = ALPHABET.get(sextet).filter(|_| place <= group.len());
            out.push(symbol.copied().unwrap_or(b'='));
        }
    }
    out
}

/// Decodes; `None` unless the text is exactly base64 with its padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let symbols = text.get(..text.len() - padding)?;
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in symbols.chunks(4) {
        let mut value = 0u32;
        for &symbol in group {
            value = value << 6 | sextet(symbol)?;
        }
        value <<= 6 * (4 - group.len());
        let bytes = value.to_be_bytes();
        out.extend(bytes.iter().skip(1).take(group.len() - 1));
    }
    Some(out)
}

fn sextet(symbol: u8) -> Option<u32> {
    let value = match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_4648_examples() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), encoded.as_bytes());
            assert_eq!(decode(encoded.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
        for bad in ["zz", "z===", "====", "zz=z", "z z=", "Zg==Zg=="] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text: Vec<u8>) {
            let _ = decode(&text);
        }
    }
}
