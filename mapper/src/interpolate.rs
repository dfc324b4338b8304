//! Building the value a map returns: `%n` interpolation and the `-a` text (MAP-010, MAP-023).

use crate::flags::Common;

/// Puts `key` for `%0`, the n-th argument for `%1`..`%9`, `%` for `%%`; a digit without argument
/// gives nothing, any other `%x` stays.
pub(crate) fn interpolate(value: &[u8], key: &[u8], args: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        match bytes.peek().copied() {
            Some(b'%') => {
                out.push(b'%');
                bytes.next();
            }
            Some(b'0') => {
                out.extend_from_slice(key);
                bytes.next();
            }
            Some(digit @ b'1'..=b'9') => {
                if let Some(arg) = args.get(usize::from(digit - b'1')) {
                    out.extend_from_slice(arg);
                }
                bytes.next();
            }
            _ => out.push(b'%'),
        }
    }
    out
}

/// The result for `value` found under `key`: the key itself with `-m`, else the interpolated
/// value, in both cases followed by the `-a` text, which is not interpolated (observed).
pub(crate) fn result(common: &Common, key: &[u8], value: &[u8], args: &[&[u8]]) -> Vec<u8> {
    let mut out = if common.match_only { key.to_vec() } else { interpolate(value, key, args) };
    out.extend_from_slice(&common.append);
    out
}

/// As [`result`], for classes whose values are taken as they are.
pub(crate) fn literal_result(common: &Common, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = if common.match_only { key } else { value }.to_vec();
    out.extend_from_slice(&common.append);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_forms() {
        // MAP-023
        let check = |value: &[u8], expected: &[u8]| {
            assert_eq!(interpolate(value, b"k", &[b"one", b"two"]), expected);
        };
        check(b"b%1r%0x%%y%q", b"bonerkx%y%q");
        check(b"%2%3|%", b"two|%");
        check(b"plain", b"plain");
    }
}
