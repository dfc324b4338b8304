//! Names of macros and classes (CF-067..CF-071).

use std::collections::BTreeSet;

use crate::predefined::{Code, MACROS};
use crate::text::Name;

/// Longest name between braces (CF-068, `MAXMACNAMELEN`).
pub const MAX_NAME: usize = 25;

/// How many long names a process can hold: codes 0240 to 0377 (CF-070).
pub const MAX_LONG_NAMES: usize = 96;

/// Most messages about one name.
const MAX_MESSAGES: usize = 1000;

/// Said wherever a name without a code is used.
const NO_ID: &[u8] = b"Unable to assign macro/class ID (mid = 0xffffffff)";

/// What [`parse_name`] read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedName<'a> {
    /// The name; `None` when it cannot be used.
    pub name: Option<Name>,
    /// What stands behind it.
    pub rest: &'a [u8],
    /// Messages in sendmail's words; some leave the name usable (`Invalid macro/class character`).
    pub errors: Vec<Vec<u8>>,
}

/// Reads `x` or `{name}` (CF-067, CF-068).
#[must_use]
pub fn parse_name(bytes: &[u8]) -> ParsedName<'_> {
    let mut errors = Vec::new();
    let (name, used) = match bytes {
        [] | [0, ..] => {
            errors.push(b"Name required for macro/class".to_vec());
            (None, 0)
        }
        [b'{', inner @ ..] => {
            let (name, used) = braced(inner, &mut errors);
            (name, used + 1)
        }
        [byte, ..] => (Some(Name::new(&[*byte])), 1),
    };
    ParsedName { name, rest: bytes.get(used..).unwrap_or_default(), errors }
}

/// The name behind `{`, and how many bytes it takes with its `}`.
fn braced(inner: &[u8], errors: &mut Vec<Vec<u8>>) -> (Option<Name>, usize) {
    let mut name = Vec::with_capacity(MAX_NAME);
    let mut at = 0;
    while let Some(&byte) = inner.get(at).filter(|b| **b != b'}' && name.len() < MAX_NAME) {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            name.push(byte);
        } else if errors.len() < MAX_MESSAGES {
            errors.push([b"Invalid macro/class character ".as_slice(), &[byte & 0x7f]].concat());
        }
        at += 1;
    }
    let message = match inner.get(at) {
        Some(b'}') if name.is_empty() => {
            // `{}` is an error of its own; of `{.}` the character was told already (observed).
            if at == 0 {
                errors.push(b"Name required for macro/class".to_vec());
            }
            return (None, at + 1);
        }
        Some(b'}') => return (Some(Name::new(&name)), at + 1),
        None => [b"Unbalanced { on ".as_slice(), &name].concat(),
        Some(_) => {
            [b"Macro/class name ({".as_slice(), &name, b"}) too long (25 chars max)"].concat()
        }
    };
    errors.push(message);
    errors.push(NO_ID.to_vec());
    (None, at)
}

/// The long names met so far: sendmail gives each a one-byte code, and has 96 of them (CF-070).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongNames {
    names: Vec<Name>,
    /// Those there was no code for: this is told of each once.
    refused: BTreeSet<Name>,
}

impl Default for LongNames {
    fn default() -> Self {
        let early = MACROS.iter().filter(|spec| spec.code == Code::Early);
        let names = early.map(|spec| Name::new(spec.name.as_bytes())).collect();
        Self { names, refused: BTreeSet::new() }
    }
}

impl LongNames {
    /// The code of a name, given when it is new; `None` when the table is full.
    pub fn code(&mut self, name: &Name) -> Option<u8> {
        let bytes = name.as_bytes();
        if let [byte] = bytes {
            return Some(*byte);
        }
        // At most MAX_LONG_NAMES entries, so that a walk is bounded. Names with a code of their own are
        // none of them.
        let known = self.names.iter().position(|known| known == name);
        if known.is_none()
            && let Some(code) = fixed_code(bytes)
        {
            return Some(code);
        }
        let at = known.or_else(|| {
            (self.names.len() < MAX_LONG_NAMES).then(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            })
        })?;
        u8::try_from(0o240 + at).ok()
    }

    /// [`LongNames::code`], or what there is to say where there is none.
    pub fn meet(&mut self, name: &Name) -> Result<u8, Vec<Vec<u8>>> {
        self.code(name).ok_or_else(|| {
            let mut errors = Vec::new();
            if self.refused.insert(name.clone()) {
                let head: &[u8] = b"Macro/class {";
                errors.push([head, name.as_bytes(), b"}: too many long names"].concat());
            }
            errors.push(NO_ID.to_vec());
            errors
        })
    }

    /// The name with this place in the table.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Name> {
        self.names.get(index)
    }

    /// [`parse_name`], with a place in the table. The code is 0 when there is no name.
    pub(crate) fn parse<'a>(&mut self, bytes: &'a [u8]) -> (ParsedName<'a>, u8) {
        let mut parsed = parse_name(bytes);
        let Some(name) = parsed.name.as_ref() else { return (parsed, 0) };
        match self.meet(name) {
            Ok(code) => (parsed, code),
            Err(mut errors) => {
                parsed.errors.append(&mut errors);
                parsed.name = None;
                (parsed, 0)
            }
        }
    }
}

/// The code of a long name that takes no place in the table.
fn fixed_code(name: &[u8]) -> Option<u8> {
    MACROS.iter().find_map(|spec| match spec.code {
        Code::Fixed(code) if spec.name.as_bytes() == name => Some(code),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> (String, String, Vec<String>) {
        let p = parse_name(bytes);
        (
            p.name.map_or("-".into(), |n| format!("{n:?}")),
            String::from_utf8_lossy(p.rest).into_owned(),
            p.errors.iter().map(|e| String::from_utf8_lossy(e).into_owned()).collect(),
        )
    }

    #[test]
    fn names_and_messages() {
        const ID: &str = "Unable to assign macro/class ID (mid = 0xffffffff)";
        // CF-067, CF-068
        let cases: &[(&[u8], &str, &str, &[&str])] = &[
            (b"xfoo", "x", "foo", &[]),
            (b"{x}foo", "x", "foo", &[]),
            (b"{x_1}foo", "{x_1}", "foo", &[]),
            (b"", "-", "", &["Name required for macro/class"]),
            (b"{}a", "-", "a", &["Name required for macro/class"]),
            (b"{a.b}c", "{ab}", "c", &["Invalid macro/class character ."]),
            (b"{\xe4}c", "-", "c", &["Invalid macro/class character d"]),
            (b"{abc", "-", "", &["Unbalanced { on abc", ID]),
            (
                b"{abcdefghijklmnopqrstuvwxyz}c",
                "-",
                "z}c",
                &["Macro/class name ({abcdefghijklmnopqrstuvwxy}) too long (25 chars max)", ID],
            ),
            (b"{abcdefghijklmnopqrstuvwxy}c", "{abcdefghijklmnopqrstuvwxy}", "c", &[]),
        ];
        for (input, name, rest, errors) in cases {
            let (n, r, e) = texts(input);
            assert_eq!(
                (n.as_str(), r.as_str()),
                (*name, *rest),
                "{}",
                String::from_utf8_lossy(input)
            );
            assert_eq!(e, *errors);
        }
    }

    #[test]
    fn ninety_six_long_names() {
        // CF-070
        let mut names = LongNames::default();
        for n in 0..94 {
            let (parsed, code) = names.parse(format!("{{n{n}}}").as_bytes()).clone_parts();
            assert!(parsed.is_some() && usize::from(code) == 0o242 + n, "{n}");
        }
        let (parsed, code) = names.parse(b"{m}");
        assert_eq!((parsed.name, code), (Some(Name::new(b"m")), b'm'));
        let (parsed, _) = names.parse(b"{mm}");
        assert_eq!(parsed.name, None);
        assert_eq!(
            parsed.errors.first().map(Vec::as_slice),
            Some(&b"Macro/class {mm}: too many long names"[..])
        );
        assert_eq!(names.parse(b"{mm}").0.errors, [NO_ID.to_vec()], "told once");
    }

    trait Parts {
        fn clone_parts(self) -> (Option<Name>, u8);
    }

    impl Parts for (ParsedName<'_>, u8) {
        fn clone_parts(self) -> (Option<Name>, u8) {
            (self.0.name, self.1)
        }
    }
}
