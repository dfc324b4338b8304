//! The encoding of addresses in parameters of `MAIL` and `RCPT` (RFC 3461 section 4).

/// A text in which every byte that may not stand in a parameter is `+` and two hexadecimal digits.
#[must_use]
pub fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_graphic() && !b"+=".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("+{byte:02X}").as_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_graphic_character_is_encoded() {
        assert_eq!(encode(b"a+b=c d@x\xe9"), b"a+2Bb+3Dc+20d@x+E9");
        assert_eq!(encode(b"alice@example.test"), b"alice@example.test");
    }
}
