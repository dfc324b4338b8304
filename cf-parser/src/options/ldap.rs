//! LDAPDefaultSpec: the flags of an LDAP map that every such map begins with (OPT-113).

use super::{Interpreted, OptionValue};
use crate::numbers::atoi;
use crate::translate::is_space;

/// Flags that every class of maps has, the search filter, and the attributes: each map's own.
const REFUSED: [(&[u8], &str); 3] = [
    (b"afmoqtADNOST1", "Do not set non-LDAP specific flags"),
    (b"k", "Do not set the LDAP search filter"),
    (b"v", "Do not set the requested LDAP attributes"),
];

/// Flags whose value may be a word of its own.
const WITH_VALUE: &[u8] = b"bcdhklprsvwHMPZ";

/// Flags of LDAP maps.
const KNOWN: &[u8] = b"bcdhlnprswxzHKMPRVZ";

/// Words that a flag takes, and how they are called.
const WORDS: [(u8, &str, &[&str]); 3] = [
    (b'r', "Deref must be [never|always|search|find]", &["never", "always", "search", "find"]),
    (b's', "Scope must be [base|one|sub]", &["base", "one", "sub"]),
    (b'M', "Method for binding must be [none|simple|krbv4]", &METHODS),
];

const METHODS: [&str; 6] =
    ["none", "simple", "krbv4", "LDAP_AUTH_NONE", "LDAP_AUTH_SIMPLE", "LDAP_AUTH_KRBV4"];

/// The flags up to the first word that is none. What the flags mean, the map class says when it reads
/// the text.
pub(super) fn interpret(value: &[u8]) -> Interpreted {
    let mut out = Interpreted::of(OptionValue::Text(value.to_vec()));
    let mut refused = [false; REFUSED.len()];
    let mut seen = Vec::new();
    let mut rest = value.trim_ascii_start();
    while let Some((b'-', after)) = rest.split_first() {
        let (flag, text) = after.split_first().map_or((b' ', after), |(flag, text)| (*flag, text));
        let text = if WITH_VALUE.contains(&flag) { text.trim_ascii_start() } else { text };
        let (argument, behind) = argument(text);
        rest = behind;
        if let Some(at) = REFUSED.iter().position(|(flags, _)| flags.contains(&flag)) {
            if let Some(place) = refused.get_mut(at) {
                *place = true;
            }
        } else if (flag == b'h' && seen.contains(&b'H')) || (flag == b'H' && seen.contains(&b'h')) {
            out.error("Can not specify both an LDAP host and an LDAP URI in map O LDAPDefaultSpec");
            break;
        } else if let Some(text) = complaint(flag, argument) {
            out.error([&text[..], b" in map O LDAPDefaultSpec"].concat());
            // A wrong value, but not a wrong flag, ends the reading.
            break;
        } else if !KNOWN.contains(&flag) {
            out.error([b"Illegal option ", &[flag][..], b" map O LDAPDefaultSpec"].concat());
        }
        // Two of them are told apart from one; more need not be held.
        if matches!(flag, b'h' | b'H') && !seen.contains(&flag) {
            seen.push(flag);
        }
    }
    for ((_, text), _) in REFUSED.iter().zip(refused).filter(|(_, refused)| *refused) {
        out.error(format!("readcf: option LDAPDefaultSpec: {text}"));
        out.value = None;
    }
    out
}

/// The value of a flag, in quotes or up to a blank, and what stands behind it.
fn argument(text: &[u8]) -> (&[u8], &[u8]) {
    let (quoted, text) = match text.split_first() {
        Some((b'"', inner)) => (true, inner),
        _ => (false, text),
    };
    let ends = |byte: &u8| if quoted { *byte == b'"' } else { is_space(*byte) };
    let (value, rest) = text.split_at(text.iter().position(ends).unwrap_or(text.len()));
    let rest = if quoted { rest.get(1..).unwrap_or_default() } else { rest };
    (value, rest.trim_ascii_start())
}

/// What is wrong with the value of a flag.
fn complaint(flag: u8, value: &[u8]) -> Option<Vec<u8>> {
    if let Some((_, text, words)) = WORDS.iter().find(|(letter, ..)| *letter == flag) {
        let known = words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(value));
        return (!known).then(|| [text.as_bytes(), b" (not ", value, b")"].concat());
    }
    match (flag, atoi(value)) {
        (b'w', version @ 4..) => Some(format!("LDAP version {version} exceeds max of 3").into()),
        (b'w', version @ ..2) => {
            Some(format!("LDAP version {version} is lower than min of 2").into())
        }
        _ => None,
    }
}
