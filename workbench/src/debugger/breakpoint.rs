//! Where a run is to stop.

use super::command::{CommandError, number};
use super::run::{Happening, Run};

/// A reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breakpoint {
    /// The rule on this line is compared, or if `matches`, matches.
    Line {
        /// The line of the file.
        line: u32,
        /// Only if it matches.
        matches: bool,
    },
    /// A ruleset of this name or number begins.
    Ruleset(Vec<u8>),
    /// This map is asked; any map if it is `*`.
    Map(Vec<u8>),
    /// This macro is read or gets a value.
    Macro(Vec<u8>),
    /// The workspace begins to have this text in it, or a map answers with it; blanks and capitals do not count.
    Value(Vec<u8>),
}

impl Breakpoint {
    /// Reads `890`, `890 match`, `ruleset NAME`, `map NAME`, `macro NAME`, `value TEXT`.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &[u8]) -> Result<Self, CommandError> {
        let text = text.trim_ascii();
        let (kind, rest) = super::command::word(text);
        let named = |make: fn(Vec<u8>) -> Self| match rest {
            b"" => Err(CommandError::Missing("what to stop at")),
            rest => Ok(make(rest.to_vec())),
        };
        match kind {
            b"" => Err(CommandError::Missing("what to stop at")),
            b"ruleset" => named(Self::Ruleset),
            b"map" => named(Self::Map),
            b"macro" => named(|name| Self::Macro(super::watch::bare(&name).to_vec())),
            b"value" => named(Self::Value),
            line => match rest {
                b"" => Ok(Self::Line { line: number(line)?, matches: false }),
                b"match" => Ok(Self::Line { line: number(line)?, matches: true }),
                other => Err(CommandError::Unknown(other.to_vec())),
            },
        }
    }

    /// How it is written.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Line { line, matches: false } => format!("line {line}").into_bytes(),
            Self::Line { line, matches: true } => format!("line {line} match").into_bytes(),
            Self::Ruleset(name) => [b"ruleset ", &name[..]].concat(),
            Self::Map(name) => [b"map ", &name[..]].concat(),
            Self::Macro(name) => [b"macro ", &super::watch::written(name)[..]].concat(),
            Self::Value(text) => [b"value ", &text[..]].concat(),
        }
    }

    /// Whether a run stops here.
    #[must_use]
    pub fn hits(&self, run: &Run, at: usize) -> bool {
        let Some(moment) = run.moments().get(at) else { return false };
        match (self, &moment.happening) {
            (Self::Line { line, matches }, happening) => {
                run.compares(at, *line) && (!matches || matches!(happening, Happening::Matched(_)))
            }
            (Self::Ruleset(name), Happening::Entered) => {
                let number = moment.rule.map(|(number, _)| number.to_string());
                run.ruleset(at).is_some_and(|ruleset| ruleset.name == *name)
                    || number.is_some_and(|number| number.as_bytes() == name.as_slice())
            }
            (Self::Ruleset(name), Happening::Skipped(skipped)) => skipped == name,
            (Self::Map(name), Happening::Asked(asking)) => name == b"*" || asking.map == *name,
            (Self::Macro(name), Happening::Read { name: other, .. })
            | (Self::Macro(name), Happening::Set { name: other, .. }) => name == other,
            (Self::Value(text), Happening::Answered(asking)) => {
                let text = squeezed(text);
                asking.value.as_ref().is_some_and(|value| contains(&squeezed(value), &text))
            }
            (Self::Value(text), _) => {
                let text = squeezed(text);
                let has = |at: usize| contains(&squeezed(&run.workspace(at).concat()), &text);
                has(at) && (at == 0 || !has(at - 1))
            }
            _ => false,
        }
    }
}

/// Text without blanks, in small letters.
pub(super) fn squeezed(text: &[u8]) -> Vec<u8> {
    let inked = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    inked.map(u8::to_ascii_lowercase).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
