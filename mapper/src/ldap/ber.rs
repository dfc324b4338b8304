//! The part of BER that LDAP uses (RFC 4511, 5.1): definite lengths, tags of one octet.

/// Tags.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Most octets that a length may have.
const MAX_LENGTH_OCTETS: usize = 4;

/// Writes one element.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = content.len().to_be_bytes();
            let start = octets.iter().position(|byte| *byte != 0).unwrap_or(0);
            let octets = octets.get(start..).unwrap_or_default();
            // a length of the machine's word has at most eight octets
            out.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
            out.extend_from_slice(octets);
        }
    }
    out.extend_from_slice(content);
}

/// An element of its own.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    put(&mut out, tag, content);
    out
}

/// A number that is not negative, in as few octets as it takes.
pub(crate) fn put_number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let octets = i64::from(number).to_be_bytes();
    // the first bit is the sign
    let needed =
        octets.windows(2).position(|pair| !matches!(pair, [0, next] if *next < 0x80)).unwrap_or(7);
    put(out, tag, octets.get(needed..).unwrap_or_default());
}

/// Cuts elements off the front of octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// The next element, if there is one and it is whole.
    pub(crate) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, start, length) = header(self.rest).ok()??;
        let content = self.rest.get(start..start.checked_add(length)?)?;
        self.rest = self.rest.get(start + length..)?;
        Some((tag, content))
    }

    /// The next element's content, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }
}

/// A number as integers and enumerations have it; none if it is not a small one.
pub(crate) fn number(content: &[u8]) -> Option<i32> {
    let negative = *content.first()? >= 0x80;
    (content.len() <= 4).then_some(())?;
    let start = if negative { -1 } else { 0 };
    Some(content.iter().fold(start, |number, byte| (number << 8) | i32::from(*byte)))
}

/// An element that cannot be one of LDAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Tag, place of the content and its length, once enough octets are there to tell.
pub(crate) fn header(octets: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let [tag, first, rest @ ..] = octets else { return Ok(None) };
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(*first & 0x7f);
    if count == 0 || count > MAX_LENGTH_OCTETS {
        return Err(Malformed);
    }
    let Some(octets) = rest.get(..count) else { return Ok(None) };
    let length = octets.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
    Ok(Some((*tag, 2 + count, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers() {
        let rows: [(u32, &[u8]); 5] = [
            (0, &[2, 1, 0]),
            (127, &[2, 1, 127]),
            (128, &[2, 2, 0, 128]),
            (256, &[2, 2, 1, 0]),
            (u32::MAX, &[2, 5, 0, 255, 255, 255, 255]),
        ];
        for (value, octets) in rows {
            let mut out = Vec::new();
            put_number(&mut out, INTEGER, value);
            assert_eq!(out, octets);
        }
        assert_eq!(number(&[0, 128]), Some(128));
        assert_eq!(number(&[255]), Some(-1));
        assert_eq!(number(&[]), None);
        let long = element(OCTETS, &[7; 300]);
        assert_eq!(long.get(..4), Some(&[4, 0x82, 1, 44][..]));
        assert_eq!(Reader::new(&long).expect(OCTETS), Some(&[7; 300][..]));
    }

    #[test]
    fn what_is_cut_short_or_wrong() {
        assert_eq!(header(&[0x30]), Ok(None));
        assert_eq!(header(&[0x30, 0x82, 1]), Ok(None));
        assert_eq!(header(&[0x30, 0x80]), Err(Malformed));
        assert_eq!(header(&[0x47, 0x89]), Err(Malformed));
        assert!(Reader::new(&[4, 3, 1]).next().is_none());
    }
}
