//! Search filters, from text to what is sent (RFC 4515, RFC 4511 4.5.1.7), as libldap reads them.

use super::ber;

/// Parentheses nest at most so deep.
const MAX_DEPTH: usize = 100;

/// Tags of filters.
const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUAL: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const GREATER: u8 = 0xa5;
const LESS: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const APPROXIMATE: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;
/// Tags of the parts of substring filters.
const INITIAL: u8 = 0x80;
const ANY: u8 = 0x81;
const FINAL: u8 = 0x82;
/// Tags of the parts of extensible filters.
const RULE: u8 = 0x81;
const TYPE: u8 = 0x82;
const VALUE: u8 = 0x83;
const WITH_DN: u8 = 0x84;

/// The filter as it is sent; none if the text is none.
pub(crate) fn encode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_start();
    let mut out = Vec::new();
    if text.first() == Some(&b'(') {
        let rest = one(text, &mut out, 0)?;
        return rest.trim_ascii_start().is_empty().then_some(out);
    }
    simple(text, &mut out)?;
    Some(out)
}

/// Reads `(...)`; returns what stands behind it.
fn one<'a>(text: &'a [u8], out: &mut Vec<u8>, depth: usize) -> Option<&'a [u8]> {
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = text.strip_prefix(b"(")?.trim_ascii_start();
    let tag = match inner.first()? {
        b'&' => AND,
        b'|' => OR,
        b'!' => NOT,
        _ => {
            let end = closing(inner)?;
            let (item, rest) = inner.split_at(end);
            simple(item, out)?;
            return rest.get(1..);
        }
    };
    let mut rest = inner.get(1..)?.trim_ascii_start();
    let mut parts = Vec::new();
    let mut count = 0;
    while rest.first() == Some(&b'(') {
        rest = one(rest, &mut parts, depth + 1)?.trim_ascii_start();
        count += 1;
    }
    if tag == NOT && count != 1 {
        return None;
    }
    ber::put(out, tag, &parts);
    rest.strip_prefix(b")")
}

/// The place of the parenthesis that closes an item; those inside it come in pairs.
fn closing(text: &[u8]) -> Option<usize> {
    let mut open = 0usize;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => open += 1,
            b')' if open == 0 => return Some(at),
            b')' => open -= 1,
            _ => {}
        }
    }
    None
}

/// `attribute=value` and its kin.
fn simple(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    let (attribute, value) = (text.get(..at)?, text.get(at + 1..)?);
    let (tag, attribute) = match attribute.split_last()? {
        (b'<', name) => (LESS, name),
        (b'>', name) => (GREATER, name),
        (b'~', name) => (APPROXIMATE, name),
        (b':', name) => return extensible(name, value, out),
        _ if value == b"*" => {
            is_description(attribute).then_some(())?;
            ber::put(out, PRESENT, attribute);
            return Some(());
        }
        _ if pieces(value).len() > 1 => {
            is_description(attribute).then_some(())?;
            return substrings(attribute, value, out);
        }
        _ => (EQUAL, attribute),
    };
    is_description(attribute).then_some(())?;
    let mut parts = ber::element(ber::OCTETS, attribute);
    ber::put(&mut parts, ber::OCTETS, &unescape(value)?);
    ber::put(out, tag, &parts);
    Some(())
}

/// What stands between the asterisks that are not protected.
fn pieces(value: &[u8]) -> Vec<&[u8]> {
    let mut escaped = false;
    value
        .split(|byte| {
            let protected = std::mem::take(&mut escaped);
            escaped = *byte == b'\\' && !protected;
            *byte == b'*' && !protected
        })
        .collect()
}

/// `attribute=first*any*last`.
fn substrings(attribute: &[u8], value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let pieces = pieces(value);
    let last = pieces.len() - 1;
    let mut parts = Vec::new();
    for (at, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        let tag = match at {
            0 => INITIAL,
            at if at == last => FINAL,
            _ => ANY,
        };
        ber::put(&mut parts, tag, &unescape(piece)?);
    }
    let mut whole = ber::element(ber::OCTETS, attribute);
    ber::put(&mut whole, ber::SEQUENCE, &parts);
    ber::put(out, SUBSTRINGS, &whole);
    Some(())
}

/// `attribute:dn:rule:=value`, of which the parts but the value may be missing.
fn extensible(name: &[u8], value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut words = name.split(|byte| *byte == b':');
    let attribute = words.next().unwrap_or_default();
    let (mut with_dn, mut rule) = (false, None);
    for word in words {
        match word {
            _ if rule.is_some() => return None,
            b"dn" if !with_dn => with_dn = true,
            word if is_description(word) => rule = Some(word),
            _ => return None,
        }
    }
    if attribute.is_empty() {
        rule?
    } else {
        is_description(attribute).then_some(attribute)?
    };
    let mut parts = Vec::new();
    if let Some(rule) = rule {
        ber::put(&mut parts, RULE, rule);
    }
    if !attribute.is_empty() {
        ber::put(&mut parts, TYPE, attribute);
    }
    ber::put(&mut parts, VALUE, &unescape(value)?);
    if with_dn {
        ber::put(&mut parts, WITH_DN, &[0xff]);
    }
    ber::put(out, EXTENSIBLE, &parts);
    Some(())
}

/// Whether this can name an attribute, with options, or is a number of dots and digits.
fn is_description(name: &[u8]) -> bool {
    let mut words = name.split(|byte| *byte == b';');
    let first = words.next().unwrap_or_default();
    let is_number = |word: &[u8]| {
        word.split(|b| *b == b'.').all(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
    };
    let is_word = |word: &[u8]| word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let named = first.first().is_some_and(u8::is_ascii_alphabetic) && is_word(first);
    (named || is_number(first)) && words.all(|word| !word.is_empty() && is_word(word))
}

/// The octets that a value stands for. A backslash comes with two hexadecimal digits or, as in
/// older filters, with the character that it protects.
fn unescape(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'(' | b')' | b'*' => return None,
            b'\\' => match after {
                [high, low, after @ ..] if digit(*high).is_some() && digit(*low).is_some() => {
                    out.push(digit(*high)? << 4 | digit(*low)?);
                    rest = after;
                }
                [byte @ (b'(' | b')' | b'*' | b'\\'), after @ ..] => {
                    out.push(*byte);
                    rest = after;
                }
                _ => return None,
            },
            byte => out.push(*byte),
        }
    }
    Some(out)
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Option<String> {
        Some(encode(text.as_bytes())?.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    #[test]
    fn filters_as_libldap_sends_them() {
        for (text, octets) in [
            ("(uid=x)", "a30804037569640401 78"),
            ("uid=x", "a30804037569640401 78"),
            ("  (  uid=x) ", "a30804037569640401 78"),
            ("(uid=)", "a3070403756964 0400"),
            ("(uid=*)", "8703756964"),
            ("(&(a=1)(b=2))", "a010 a306040161040131 a306040162040132"),
            ("(& (a=1) (b=2) )", "a010 a306040161040131 a306040162040132"),
            ("(&)", "a000"),
            ("(!(a=1))", "a208 a306040161040131"),
            ("(a=x*y*z)", "a40e 040161 3009 800178 810179 82017a"),
            ("(a=*y*)", "a408 040161 3003 810179"),
            ("(a<=1)", "a606040161040131"),
            ("(a>=1)", "a506040161040131"),
            ("(a~=1)", "a806040161040131"),
            (r"(a=\2a\28)", "a307040161 04022a28"),
            (r"(a=\*\()", "a307040161 04022a28"),
            ("(a:dn:2.4.6:=x)", "a910 8105322e342e36 820161 830178 8401ff"),
        ] {
            assert_eq!(hex(text), Some(octets.replace(' ', "")), "{text}");
        }
        for text in ["", "(", ")", "uid", "(uid=x", "(uid=x)(a=1)", "(uid=x)y", "((a=1))", "(=x)"] {
            assert_eq!(hex(text), None, "{text}");
        }
        for text in ["(a=(b))", r"(a=\zz)", "(?x=1)", "(!(a=1)(b=2))", "%0(|(uid=x)", "(&"] {
            assert_eq!(hex(text), None, "{text}");
        }
        assert_eq!(encode(&b"(!".repeat(100_000)), None);
    }
}
