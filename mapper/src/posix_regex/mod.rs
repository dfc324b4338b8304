//! POSIX regular expressions, as glibc's regcomp(3) reads them, on regex-automata's automata.
//!
//! The leftmost match wins and of those the longest. Matching is linear in the key for a given
//! pattern; therefore back references (`\1`) are refused. Submatches are those of the preferred
//! path to the longest end, which agrees with glibc on the patterns tried. Bytes, not characters:
//! the C locale.

mod bracket;
mod longest;
mod parse;

use regex_automata::meta;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::syntax;

pub use longest::Span;

/// Largest automaton, bytes.
const SIZE_LIMIT: usize = 16 << 20;

/// What is wrong with a pattern, in the words of regerror(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `REG_ECOLLATE`.
    #[error("Invalid collation character")]
    Collation,
    /// `REG_ECTYPE`.
    #[error("Invalid character class name")]
    ClassName,
    /// `REG_EESCAPE`.
    #[error("Trailing backslash")]
    TrailingBackslash,
    /// `REG_ESUBREG`; also for every back reference, which linear matching cannot do.
    #[error("Invalid back reference")]
    BackReference,
    /// `REG_EBRACK`.
    #[error("Unmatched [, [^, [:, [., or [=")]
    Bracket,
    /// `REG_EPAREN`.
    #[error("Unmatched ( or \\(")]
    Parenthesis,
    /// `REG_EBRACE`.
    #[error("Unmatched \\{{")]
    Brace,
    /// `REG_BADBR`.
    #[error("Invalid content of \\{{\\}}")]
    BraceContent,
    /// `REG_ERANGE`.
    #[error("Invalid range end")]
    RangeEnd,
    /// `REG_BADRPT`.
    #[error("Invalid preceding regular expression")]
    Repeat,
    /// `REG_ESIZE`.
    #[error("Regular expression too big")]
    TooBig,
}

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatternOptions {
    /// Basic instead of extended syntax.
    pub basic: bool,
    /// Upper and lower case differ.
    pub case_sensitive: bool,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct PosixRegex {
    /// Finds whether and where a match begins; every engine agrees on that.
    search: meta::Regex,
    /// Finds the longest match from there.
    nfa: NFA,
    groups: usize,
}

impl PosixRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// As regcomp(3) gives them; [`PatternError::BackReference`] for every back reference.
    pub fn new(pattern: &[u8], options: PatternOptions) -> Result<Self, PatternError> {
        let parsed = parse::parse(pattern, options)?;
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)))
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build_from_hir(&parsed.hir)
            .map_err(|_| PatternError::TooBig)?;
        let search = meta::Regex::builder()
            .configure(
                meta::Config::new()
                    .utf8_empty(false)
                    .nfa_size_limit(Some(SIZE_LIMIT))
                    .which_captures(thompson::WhichCaptures::Implicit),
            )
            .build_from_hir(&parsed.hir)
            .map_err(|_| PatternError::TooBig)?;
        Ok(Self { search, nfa, groups: parsed.groups })
    }

    /// Number of parenthesised groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether the pattern matches anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.search.is_match(text)
    }

    /// The leftmost longest match: the whole and then each group; a group without part is `None`.
    #[must_use]
    pub fn captures(&self, text: &[u8]) -> Option<Vec<Option<Span>>> {
        let start = self.search.find(text)?.start();
        longest::captures(&self.nfa, text, start, self.groups)
    }
}

#[cfg(test)]
mod tests;
