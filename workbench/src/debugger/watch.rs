//! Macros and classes that are watched.

use ruleset_vm::classes::Classes;

use crate::story::Words;

/// Members of a class that are kept to be shown.
const MOST_MEMBERS: usize = 200;
/// Words of a workspace from which phrases are looked for, and words of such a phrase.
const MOST_STARTS: usize = 100;
const LONGEST_PHRASE: usize = 16;

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// The macro of this name.
    Macro(Vec<u8>),
    /// The class of this name.
    Class {
        /// Its name.
        name: Vec<u8>,
        /// How many members it has.
        count: usize,
        /// Some of them.
        members: Words,
    },
}

impl Watch {
    /// A class as it is.
    pub(super) fn class(name: &[u8], classes: &Classes) -> Self {
        let mut members = classes.list(&cf_parser::Name::new(name));
        let count = members.len();
        members.truncate(MOST_MEMBERS);
        Self::Class { name: name.to_vec(), count, members }
    }

    /// How it is written.
    pub(super) fn text(&self) -> Vec<u8> {
        match self {
            Self::Macro(name) => [b"$", &written(name)[..]].concat(),
            Self::Class { name, .. } => [b"$=", &written(name)[..]].concat(),
        }
    }
}

/// A name without the `$`, `$&`, `$=` and braces around it.
pub(super) fn bare(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii();
    let name = name.strip_prefix(b"$").unwrap_or(name);
    let name = name.strip_prefix(b"&").or(name.strip_prefix(b"=")).unwrap_or(name);
    name.strip_prefix(b"{").and_then(|name| name.strip_suffix(b"}")).unwrap_or(name)
}

/// A name with the braces that it needs.
pub(super) fn written(name: &[u8]) -> Vec<u8> {
    match name {
        [_] => name.to_vec(),
        _ => [b"{", name, b"}"].concat(),
    }
}

/// The members of a class that a workspace has in it.
pub(super) fn members_in(workspace: &[Vec<u8>], name: &[u8], classes: &Classes) -> Words {
    let mut found = Words::new();
    for start in 0..workspace.len().min(MOST_STARTS) {
        let mut phrase = Vec::new();
        for word in workspace.iter().skip(start).take(LONGEST_PHRASE) {
            phrase.extend_from_slice(word);
            if classes.has(name, &phrase) && !found.contains(&phrase) {
                found.push(phrase.clone());
            }
        }
    }
    found
}
