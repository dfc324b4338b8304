//! Tables of type lsearch.

use std::collections::BTreeSet;

use super::super::features::Feature;
use super::super::writing::origin;
use super::super::{File, Use};
use super::Exim;

/// A key: in quotes if it would end before its end.
pub(super) fn key(text: &[u8]) -> Vec<u8> {
    let special =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b'"' | b'#' | b'\\');
    if !text.iter().any(special) {
        return text.to_vec();
    }
    let mut out = b"\"".to_vec();
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}

/// A word of a value; blanks and quotes would end it.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    // in `client_send` a caret stands for a zero octet, and two for one caret
    let mut out = Vec::new();
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        if *byte == b'^' {
            out.push(b'^');
        }
        out.push(*byte);
    }
    out
}

impl Exim<'_> {
    /// A table of names only.
    pub(super) fn names_table<'n>(
        &mut self,
        name: &'static str,
        names: impl Iterator<Item = &'n [u8]>,
    ) {
        let names: BTreeSet<Vec<u8>> = names.map(|name| name.to_ascii_lowercase()).collect();
        let lines = names.iter().map(|name| [&key(name)[..], b"\n"].concat());
        let bytes = lines.collect::<Vec<_>>().concat();
        self.files.push(File { name, bytes, use_: Use::Text, secret: false });
    }

    /// A table of keys and values, the first of each key.
    pub(super) fn table(
        &mut self,
        name: &'static str,
        feature: Feature,
        entries: &[(Vec<u8>, Vec<u8>)],
    ) {
        let mut bytes = origin(self.site, feature, self.name);
        let mut seen = std::collections::HashSet::new();
        for (text, value) in entries {
            if seen.insert(text) {
                bytes.extend([&key(text)[..], b": ", value, b"\n"].concat());
            }
        }
        self.files.push(File { name, bytes, use_: Use::Text, secret: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(key(b"example.org"), b"example.org");
        assert_eq!(key(b"2001:db8::/32"), b"\"2001:db8::/32\"");
        assert_eq!(key(b"a\"b"), b"\"a\\\"b\"");
        assert_eq!(quoted(b"p^ w"), b"p^^w");
    }
}
