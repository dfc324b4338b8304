//! Bracket expressions: `[abc]`, `[^a-z]`, `[[:alpha:]]`, `[[.a.]]`, `[[=a=]]`.

use regex_syntax::hir::{ClassBytes, ClassBytesRange};

use super::PatternError;

/// Membership test of a named class.
type Member = fn(&u8) -> bool;

/// Named classes in the C locale.
static CLASSES: &[(&[u8], Member)] = &[
    (b"alpha", u8::is_ascii_alphabetic),
    (b"digit", u8::is_ascii_digit),
    (b"alnum", u8::is_ascii_alphanumeric),
    (b"upper", u8::is_ascii_uppercase),
    (b"lower", u8::is_ascii_lowercase),
    (b"space", |b| matches!(b, b' ' | 9..=13)),
    (b"blank", |b| matches!(b, b' ' | b'\t')),
    (b"punct", u8::is_ascii_punctuation),
    (b"print", |b| (0x20..0x7f).contains(b)),
    (b"graph", u8::is_ascii_graphic),
    (b"cntrl", u8::is_ascii_control),
    (b"xdigit", u8::is_ascii_hexdigit),
];

/// The bytes of a class.
pub(super) fn class(member: impl Fn(&u8) -> bool, case_sensitive: bool) -> ClassBytes {
    let members = (0..=u8::MAX).filter(member).map(|byte| ClassBytesRange::new(byte, byte));
    let mut class = ClassBytes::new(members);
    if !case_sensitive {
        class.case_fold_simple();
    }
    class
}

/// One element between the brackets.
enum Element {
    Byte(u8),
    Class(ClassBytes),
}

/// Parses what follows `[`; returns the class and the number of bytes used, `]` included.
pub(super) fn parse(
    text: &[u8],
    case_sensitive: bool,
) -> Result<(ClassBytes, usize), PatternError> {
    // glibc compares upper case when case does not matter: `[a-\\]` is `[A-\\]` (observed)
    let fold = |byte: u8| if case_sensitive { byte } else { byte.to_ascii_uppercase() };
    let negated = text.first() == Some(&b'^');
    let first = usize::from(negated);
    let mut at = first;
    let mut class = ClassBytes::empty();
    loop {
        match text.get(at) {
            None => return Err(PatternError::Bracket),
            Some(b']') if at > first => break,
            // a hyphen is itself only at either end
            Some(b'-') if at > first && text.get(at + 1) != Some(&b']') => {
                return Err(PatternError::RangeEnd);
            }
            Some(_) => {}
        }
        let (low, used) = element(text.get(at..).unwrap_or_default())?;
        at += used;
        let is_range = text.get(at) == Some(&b'-') && text.get(at + 1) != Some(&b']');
        if !is_range {
            add(&mut class, low);
            continue;
        }
        let (high, used) = element(text.get(at + 1..).unwrap_or_default())?;
        at += 1 + used;
        match (low, high) {
            (Element::Byte(low), Element::Byte(high)) if fold(low) <= fold(high) => {
                class.push(ClassBytesRange::new(fold(low), fold(high)));
            }
            _ => return Err(PatternError::RangeEnd),
        }
    }
    if !case_sensitive {
        class.case_fold_simple();
    }
    if negated {
        class.negate();
    }
    Ok((class, at + 1))
}

fn add(class: &mut ClassBytes, element: Element) {
    match element {
        Element::Byte(byte) => class.push(ClassBytesRange::new(byte, byte)),
        Element::Class(members) => class.union(&members),
    }
}

fn element(text: &[u8]) -> Result<(Element, usize), PatternError> {
    match text {
        [] => Err(PatternError::Bracket),
        [b'[', kind @ (b':' | b'.' | b'='), rest @ ..] => {
            let end = rest.windows(2).position(|pair| pair == [*kind, b']']);
            let end = end.ok_or(PatternError::Bracket)?;
            let name = rest.get(..end).unwrap_or_default();
            Ok((named(*kind, name)?, end + 4))
        }
        [byte, ..] => Ok((Element::Byte(*byte), 1)),
    }
}

fn named(kind: u8, name: &[u8]) -> Result<Element, PatternError> {
    if kind == b':' {
        let row = CLASSES.iter().find(|(known, _)| *known == name);
        let (_, member) = row.ok_or(PatternError::ClassName)?;
        return Ok(Element::Class(class(member, true)));
    }
    match name {
        [byte] => Ok(Element::Byte(*byte)),
        _ => Err(PatternError::Collation),
    }
}
