//! Numbers as the C library reads them: what cannot be read is 0, what follows is ignored.

use crate::translate::is_space;

/// `atoi`: [`atol`], and too large a number wraps to 32 bits as it does in the oracle
/// (`V99999999999` is level 1215752191).
#[expect(clippy::cast_possible_truncation, reason = "as the C library's atoi")]
pub(crate) fn atoi(bytes: &[u8]) -> i32 {
    atol(bytes) as i32
}

/// `atol`: blanks, a sign, digits; saturates at 64 bits.
pub(crate) fn atol(bytes: &[u8]) -> i64 {
    let start = bytes.iter().position(|b| !is_space(*b)).unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut value: i64 = 0;
    for digit in digits.iter().take_while(|b| b.is_ascii_digit()) {
        value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    }
    if negative { value.wrapping_neg() } else { value }
}

/// `strtoul` with base 0 (`0x` hexadecimal, `0` octal) or a given base: the value and how many
/// bytes were read. Saturates.
pub(crate) fn strtoul(bytes: &[u8], base: u32) -> (u64, usize) {
    let (base, skip) = match (base, bytes) {
        (0 | 16, [b'0', b'x' | b'X', digit, ..]) if digit.is_ascii_hexdigit() => (16, 2),
        (0, [b'0', ..]) => (8, 0),
        (0, _) => (10, 0),
        (base, _) => (base, 0),
    };
    let mut value: u64 = 0;
    let mut used = skip;
    while let Some(digit) = bytes.get(used).and_then(|b| char::from(*b).to_digit(base)) {
        value = value.saturating_mul(u64::from(base)).saturating_add(u64::from(digit));
        used += 1;
    }
    (value, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_c_library() {
        let cases: &[(&[u8], i32)] = &[
            (b"5", 5),
            (b" -12x", -12),
            (b"+3", 3),
            (b"x", 0),
            (b"", 0),
            (b"99999999999", 1_215_752_191),
            (b"0x10", 0),
        ];
        for (text, value) in cases {
            assert_eq!(atoi(text), *value);
        }
        assert_eq!(strtoul(b"0x10", 0), (16, 4));
        assert_eq!(strtoul(b"010", 0), (8, 3));
        assert_eq!(strtoul(b"08", 0), (0, 1));
        assert_eq!(strtoul(b"98=97", 0), (98, 2));
        assert_eq!(strtoul(b"0600", 8), (0o600, 4));
    }
}
