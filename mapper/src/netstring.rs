//! Netstrings, as socket maps use them (MAP-081, MAP-085): `LENGTH:DATA,`.

/// Longest reply, bytes.
pub(crate) const MAX_REPLY: usize = 1_000_000;
/// Most digits of a length.
const MAX_DIGITS: usize = 9;

/// Wraps `data`.
pub(crate) fn encode(data: &[u8]) -> Vec<u8> {
    [data.len().to_string().as_bytes(), b":", data, b","].concat()
}

/// What is wrong with a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NetstringError {
    /// It does not begin with a number.
    #[error("failed to read length parameter of reply {0}")]
    NoLength(usize),
    /// No colon after at most nine digits.
    #[error("missing ':' in reply")]
    NoColon,
    /// More than [`MAX_REPLY`] bytes are announced.
    #[error("reply too long: {0}")]
    TooLong(usize),
    /// No comma after the data.
    #[error("missing ',' in reply")]
    NoComma,
}

/// How far a reply has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More bytes are needed.
    Partial,
    /// The data.
    Complete(Vec<u8>),
}

/// Reads a reply as far as it is there.
pub(crate) fn decode(bytes: &[u8]) -> Result<Progress, NetstringError> {
    let digits = bytes.iter().take(MAX_DIGITS).take_while(|b| b.is_ascii_digit()).count();
    let length = bytes
        .iter()
        .take(digits)
        .fold(0usize, |n, b| n.saturating_mul(10).saturating_add(usize::from(b - b'0')));
    let after = bytes.get(digits).copied();
    if after.is_none() && digits < MAX_DIGITS {
        return Ok(Progress::Partial);
    }
    // the length is judged before what follows it (observed)
    match after {
        _ if digits == 0 => return Err(NetstringError::NoLength(0)),
        _ if length > MAX_REPLY => return Err(NetstringError::TooLong(length)),
        None => return Ok(Progress::Partial),
        Some(b':') => {}
        Some(_) => return Err(NetstringError::NoColon),
    }
    let start = digits + 1;
    match (bytes.get(start..start + length), bytes.get(start + length)) {
        (Some(data), Some(b',')) => Ok(Progress::Complete(data.to_vec())),
        (Some(_), Some(_)) => Err(NetstringError::NoComma),
        _ => Ok(Progress::Partial),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults() {
        // MAP-085, MAP-086
        let fault = |bytes: &[u8]| decode(bytes).map_err(|e| e.to_string());
        assert_eq!(fault(b"8:NOTFOUND,"), Ok(Progress::Complete(b"NOTFOUND".to_vec())));
        assert_eq!(fault(b"8:NOT"), Ok(Progress::Partial));
        assert_eq!(fault(b"x"), Err("failed to read length parameter of reply 0".into()));
        assert_eq!(fault(b"3;abc,"), Err("missing ':' in reply".into()));
        assert_eq!(fault(b"0000000010:"), Err("missing ':' in reply".into()));
        assert_eq!(fault(b"1234567890:"), Err("reply too long: 123456789".into()));
        assert_eq!(fault(b"1000001:"), Err("reply too long: 1000001".into()));
        assert_eq!(fault(b"3:abcd"), Err("missing ',' in reply".into()));
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..100) {
            let wire = encode(&data);
            prop_assert_eq!(decode(&wire), Ok(Progress::Complete(data)));
            let part = &wire[..wire.len().saturating_sub(cut + 1)];
            prop_assert_eq!(decode(part), Ok(Progress::Partial));
        }
    }
}
