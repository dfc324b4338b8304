//! The outer form of a `K` line: name, class, arguments (MAP-001..MAP-004).

use crate::answer::MapError;

/// A `K` line cut in three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KLine<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) class: &'a [u8],
    pub(crate) arguments: &'a [u8],
}

/// Cuts the text after `K`. The name starts with a letter or digit and goes on with these, `_` and
/// `.`; whatever follows it is skipped, with blanks behind it; there begins the class, letters and digits
/// (observed).
pub(crate) fn parse(text: &[u8]) -> Result<KLine<'_>, MapError> {
    let text = text.trim_ascii_start();
    let name_end = if text.first().is_some_and(u8::is_ascii_alphanumeric) {
        text.iter()
            .position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'.'))
            .unwrap_or(text.len())
    } else {
        0
    };
    let (name, rest) = text.split_at(name_end);
    if name.is_empty() {
        let text = b"readcf: config K line: no map name".to_vec();
        return Err(MapError { text, map: Vec::new() });
    }
    let rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
    let class_end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (class, arguments) = rest.split_at(class_end);
    if class.is_empty() {
        let text = [b"readcf: config K line, map ", name, b": no map class"].concat();
        return Err(MapError { text, map: name.to_vec() });
    }
    Ok(KLine { name, class, arguments })
}

/// Class and arguments of one entry of option `AliasFile`: `[class:][flags ]path`, class `implicit`
/// if none is given.
pub(crate) fn alias_file(spec: &[u8]) -> (&[u8], &[u8]) {
    let spec = spec.trim_ascii();
    let class = spec.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let (class, rest) = spec.split_at(class);
    match rest.trim_ascii_start() {
        [b':', arguments @ ..] if !class.is_empty() => (class, arguments),
        _ => (b"implicit", spec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lines() {
        // MAP-001, MAP-002
        let check = |text: &'static [u8], name: &[u8], class: &[u8], arguments: &[u8]| {
            assert_eq!(parse(text), Ok(KLine { name, class, arguments }));
        };
        check(b"access hash -o /etc/mail/access", b"access", b"hash", b" -o /etc/mail/access");
        check(b"a_b.c\thash", b"a_b.c", b"hash", b"");
        check(b"abc+d hash x", b"abc", b"d", b" hash x");
        check(b" \tone two x", b"one", b"two", b" x");
    }

    #[test]
    fn complains() {
        // MAP-002, MAP-003
        let text = |line: &[u8]| parse(line).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(text(b""), Err("readcf: config K line: no map name".into()));
        assert_eq!(text(b"!x hash foo"), Err("readcf: config K line: no map name".into()));
        assert_eq!(text(b"x -s_"), Err("readcf: config K line, map x: no map class".into()));
        assert_eq!(text(b"hh"), Err("readcf: config K line, map hh: no map class".into()));
    }

    #[test]
    fn alias_file_entries() {
        // MAP-092
        assert_eq!(alias_file(b"/etc/aliases"), (&b"implicit"[..], &b"/etc/aliases"[..]));
        assert_eq!(alias_file(b"hash : -A /etc/a"), (&b"hash"[..], &b" -A /etc/a"[..]));
        assert_eq!(alias_file(b" "), (&b"implicit"[..], &b""[..]));
    }
}
