//! Flags of LDAP maps as their `K` lines have them, and option LDAPDefaultSpec, the flags that every
//! such map begins with (OPT-113).

use super::{Interpreted, OptionValue};
use crate::numbers::atoi;
use crate::translate::is_space;

/// Flags that every class of maps has, the search filter, and the attributes: each map's own.
const REFUSED: [(&[u8], &str); 3] = [
    (b"afmoqtADNOST1", "Do not set non-LDAP specific flags"),
    (b"k", "Do not set the LDAP search filter"),
    (b"v", "Do not set the requested LDAP attributes"),
];

/// Flags whose value may be a word of its own, and may stand in quotes.
const WITH_VALUE: &[u8] = b"bcdhklprsvwHMPZ";

/// Flags that take the character behind them.
const ONE_CHARACTER: &[u8] = b"zVS";

/// Flags of LDAP maps; those of `REFUSED` are known as well.
const KNOWN: &[u8] = b"bcdhlnprswxzHKMPRVZ";

/// Words that a flag takes, and how they are called.
const WORDS: [(u8, &str, &[&str]); 3] = [
    (b'r', "Deref must be [never|always|search|find]", &LDAP_DEREF),
    (b's', "Scope must be [base|one|sub]", &LDAP_SCOPE),
    (b'M', "Method for binding must be [none|simple|krbv4]", &LDAP_METHOD),
];

/// How aliases are followed: the place is the number that the protocol has for the word.
pub const LDAP_DEREF: [&str; 4] = ["never", "search", "find", "always"];
/// How far a search goes: the place is the number that the protocol has for the word.
pub const LDAP_SCOPE: [&str; 3] = ["base", "one", "sub"];
/// How to log in.
pub const LDAP_METHOD: [&str; 3] = ["none", "simple", "krbv4"];

/// What may stand before a word of `WORDS`.
const PREFIXES: [(u8, &[u8]); 3] =
    [(b'r', b"LDAP_DEREF_"), (b's', b"LDAP_SCOPE_"), (b'M', b"LDAP_AUTH_")];

/// What is read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LdapFlag<'a> {
    /// A flag and its value; a flag that takes one character has it first in the value.
    Flag(u8, &'a [u8]),
    /// A flag that there is not: the complaint.
    Illegal(Vec<u8>),
    /// A flag with a wrong value, which ends the reading: the complaint.
    Wrong(Vec<u8>),
}

impl LdapFlag<'_> {
    /// Whether a flag is a map's own affair, so that option LDAPDefaultSpec must not have it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        let refuses = |letter| REFUSED.iter().any(|(flags, _)| flags.contains(letter));
        matches!(self, Self::Flag(letter, _) if refuses(letter))
    }
}

/// Reads flags up to the first word that is none.
#[derive(Clone, Debug)]
pub struct LdapFlags<'a> {
    rest: &'a [u8],
    map: &'a [u8],
    server: Option<u8>,
}

impl<'a> LdapFlags<'a> {
    /// The flags of `text`; complaints name `map`.
    #[must_use]
    pub fn new(text: &'a [u8], map: &'a [u8]) -> Self {
        Self { rest: text.trim_ascii_start(), map, server: None }
    }

    /// The server is given already, by `-h` or `-H`, and must not be given by the other one.
    #[must_use]
    pub fn with_server(self, flag: Option<u8>) -> Self {
        Self { server: flag, ..self }
    }

    fn complaint(&self, text: &[u8]) -> Vec<u8> {
        [text, b" in map ", self.map].concat()
    }
}

impl<'a> Iterator for LdapFlags<'a> {
    type Item = LdapFlag<'a>;

    fn next(&mut self) -> Option<LdapFlag<'a>> {
        let after = self.rest.strip_prefix(b"-")?;
        let (flag, text) = after.split_first().map_or((b' ', after), |(flag, text)| (*flag, text));
        let takes_value = WITH_VALUE.contains(&flag);
        let text = if takes_value { text.trim_ascii_start() } else { text };
        let (value, behind) = argument(text);
        // a character is taken before quotes count (observed)
        let value = if ONE_CHARACTER.contains(&flag) { text } else { value };
        self.rest = behind;
        let refused = REFUSED.iter().any(|(flags, _)| flags.contains(&flag));
        if !refused && !KNOWN.contains(&flag) {
            let text = [b"Illegal option ", &[flag][..], b" map ", self.map].concat();
            return Some(LdapFlag::Illegal(text));
        }
        let text = if matches!(flag, b'h' | b'H') && self.server.is_some_and(|set| set != flag) {
            Some(b"Can not specify both an LDAP host and an LDAP URI".to_vec())
        } else {
            wrong(flag, value)
        };
        if let Some(text) = text {
            self.rest = b"";
            return Some(LdapFlag::Wrong(self.complaint(&text)));
        }
        if matches!(flag, b'h' | b'H') {
            self.server = Some(flag);
        }
        Some(LdapFlag::Flag(flag, value))
    }
}

/// The word of [`LDAP_DEREF`], [`LDAP_SCOPE`] or [`LDAP_METHOD`] that the value of a flag begins with, as its
/// place there: `subtree` is `sub` (observed).
#[must_use]
pub fn ldap_word(flag: u8, value: &[u8]) -> Option<usize> {
    let (.., words) = WORDS.iter().find(|(letter, ..)| *letter == flag)?;
    let short = without_prefix(flag, value);
    words.iter().position(|word| begins_with(short, word.as_bytes()))
}

/// The value of a flag without what may stand before its word.
fn without_prefix(flag: u8, value: &[u8]) -> &[u8] {
    let prefix =
        PREFIXES.iter().find(|(letter, prefix)| *letter == flag && begins_with(value, prefix));
    prefix.and_then(|(_, prefix)| value.get(prefix.len()..)).unwrap_or(value)
}

fn begins_with(text: &[u8], beginning: &[u8]) -> bool {
    text.get(..beginning.len()).is_some_and(|first| first.eq_ignore_ascii_case(beginning))
}

/// The flags up to the first word that is none. What the flags mean, the map class says when it reads
/// the text.
pub(super) fn interpret(value: &[u8]) -> Interpreted {
    let mut out = Interpreted::of(OptionValue::Text(value.to_vec()));
    let mut refused = [false; REFUSED.len()];
    for flag in LdapFlags::new(value, b"O LDAPDefaultSpec") {
        match flag {
            LdapFlag::Illegal(text) | LdapFlag::Wrong(text) => out.error(text),
            LdapFlag::Flag(flag, _) => {
                for ((flags, _), place) in REFUSED.iter().zip(&mut refused) {
                    *place |= flags.contains(&flag);
                }
            }
        }
    }
    for ((_, text), _) in REFUSED.iter().zip(refused).filter(|(_, refused)| *refused) {
        out.error(format!("readcf: option LDAPDefaultSpec: {text}"));
    }
    out
}

/// The value of a flag, in quotes or up to a blank, and what stands behind it.
fn argument(text: &[u8]) -> (&[u8], &[u8]) {
    let (quoted, text) = match text.split_first() {
        Some((b'"', inner)) => (true, inner),
        _ => (false, text),
    };
    // quotes inside a word protect blanks and stay
    let mut inside = false;
    let ends = |byte: &u8| {
        inside ^= *byte == b'"';
        if quoted { *byte == b'"' } else { !inside && is_space(*byte) }
    };
    let (value, rest) = text.split_at(text.iter().position(ends).unwrap_or(text.len()));
    // what is glued to a closing quote is dropped (observed)
    let blank = rest.iter().position(|byte| is_space(*byte)).unwrap_or(rest.len());
    (value, rest.get(blank..).unwrap_or_default().trim_ascii_start())
}

/// What is wrong with the value of a flag.
fn wrong(flag: u8, value: &[u8]) -> Option<Vec<u8>> {
    if let Some((_, text, _)) = WORDS.iter().find(|(letter, ..)| *letter == flag) {
        let known = ldap_word(flag, value).is_some();
        let value = without_prefix(flag, value);
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
