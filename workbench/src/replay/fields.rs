//! `name=value, name=value` of log lines, whose values anybody may have written.

/// The value of `key` at the end of `text`, and what stands in front of it: the last `, key=`.
pub(super) fn last<'a>(text: &'a [u8], key: &str) -> Option<(&'a [u8], &'a [u8])> {
    let mark = [b", ", key.as_bytes(), b"="].concat();
    let at = memchr::memmem::rfind(text, &mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// What stands in front of the first `mark` outside of double quotes, and what stands behind it.
pub(super) fn cut<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find_iter(text, mark).find(|at| {
        let quotes = text.get(..*at).map_or(0, open_quotes);
        quotes % 2 == 0
    });
    // quotes that nobody closes hide nothing
    let at = at.or_else(|| memchr::memmem::find(text, mark))?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// How many double quotes without a backslash in front there are.
fn open_quotes(text: &[u8]) -> usize {
    let escaped = |at: usize| at.checked_sub(1).and_then(|at| text.get(at)) == Some(&b'\\');
    memchr::memchr_iter(b'"', text).filter(|at| !escaped(*at)).count()
}

/// The value of `key` in `text`, a list in which it may stand anywhere, up to the next comma or the end.
pub(super) fn word<'a>(text: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mark = [key.as_bytes(), b"="].concat();
    let begins = |at: &usize| match at.checked_sub(2) {
        None => *at == 0,
        Some(before) => text.get(before..*at) == Some(b", "),
    };
    let at = memchr::memmem::find_iter(text, &mark).find(begins)?;
    let rest = text.get(at + mark.len()..)?;
    let end = memchr::memmem::find(rest, b", ").unwrap_or(rest.len());
    rest.get(..end)
}

/// Splits a list of addresses at commas, but not within quotes, brackets and comments.
pub(super) fn addresses(list: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let (mut begin, mut quoted, mut escaped) = (0, false, false);
    let (mut angles, mut comments) = (0usize, 0usize);
    for (at, byte) in list.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' => comments += 1,
            b')' => comments = comments.saturating_sub(1),
            _ if comments > 0 => {}
            b'<' => angles += 1,
            b'>' => angles = angles.saturating_sub(1),
            b',' if angles == 0 => {
                found.extend(list.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    // what is out of balance is one address, as far as anybody can tell
    found.extend(list.get(begin..));
    found.retain(|address| !address.trim_ascii().is_empty());
    found
}

/// What sendmail has made visible as it was: `\t`, `\n`, `\r`, `\\`, three octal digits (LG-003).
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    if !text.contains(&b'\\') {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        let (made, used) = match (byte, behind) {
            (b'\\', [b't', ..]) => (b'\t', 1),
            (b'\\', [b'n', ..]) => (b'\n', 1),
            (b'\\', [b'r', ..]) => (b'\r', 1),
            (b'\\', [b'\\', ..]) => (b'\\', 1),
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                (((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'), 3)
            }
            (byte, _) => (*byte, 0),
        };
        out.push(made);
        rest = behind.get(used..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(texts: &[&[u8]]) -> Vec<String> {
        texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn lists_of_addresses() {
        for (list, expected) in [
            ("<a@b>,<c@d>", vec!["<a@b>", "<c@d>"]),
            ("alice,bob", vec!["alice", "bob"]),
            ("<\"a,b\"@c>,d", vec!["<\"a,b\"@c>", "d"]),
            ("\"|prog x, y\",d", vec!["\"|prog x, y\"", "d"]),
            ("A (b, c) <a@b>,d", vec!["A (b, c) <a@b>", "d"]),
            ("\"a\\\",b\"@c,d", vec!["\"a\\\",b\"@c", "d"]),
            ("<@a,@b:c@d>,e", vec!["<@a,@b:c@d>", "e"]),
            ("<a@b,c", vec!["<a@b,c"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(&addresses(list.as_bytes())), expected, "{list}");
        }
    }

    #[test]
    fn values() {
        let text = b"x, size=1, msgid=<a, relay=evil>, relay=h [1]";
        assert_eq!(last(text, "relay").map(|found| found.1), Some(&b"h [1]"[..]));
        assert_eq!(last(text, "daemon"), None);
        let quoted = b"<\"a, size=9\"@b>, size=1";
        assert_eq!(cut(quoted, b", size=").map(|found| found.1), Some(&b"1"[..]));
        assert_eq!(cut(b"<\"a>, size=1", b", size=").map(|found| found.0), Some(&b"<\"a>"[..]));
        assert_eq!(word(b"relay=a, version=b, verify=c", "verify"), Some(&b"c"[..]));
        assert_eq!(word(b"relay=a, xverify=c", "verify"), None);
    }

    #[test]
    fn texts_as_they_were() {
        for (text, expected) in [
            (&b"a\\tb\\\\c\\377d\\"[..], &b"a\tb\\c\xffd\\"[..]),
            (b"plain", b"plain"),
            (b"\\9\\48", b"\\9\\48"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
