//! POSIX regular expressions, as glibc's regcomp(3) reads them, on regex-automata's automata.
//!
//! The leftmost match wins and of those the longest. Matching is linear in the key for a given
//! pattern, but for those with back references (`\1`), whose work is limited. Submatches are those of
//! the preferred path to the longest end, which agrees with glibc on the patterns tried. Bytes, not
//! characters: the C locale.

mod back_references;
mod bracket;
mod longest;
mod parse;

use std::sync::OnceLock;

use regex_automata::meta;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;

use back_references::BackReferences;
pub use back_references::TooManySteps;
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
    /// `REG_ESUBREG`.
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
    hir: Hir,
    /// Finds whether and where a match begins; with back references whether and where it may. Built for the first text:
    /// it costs most, and most patterns of a large file never meet one.
    search: OnceLock<Option<meta::Regex>>,
    /// Finds the longest match from there.
    nfa: NFA,
    groups: usize,
    has_back_references: bool,
    case_sensitive: bool,
}

impl PosixRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// As regcomp(3) gives them.
    pub fn new(pattern: &[u8], options: PatternOptions) -> Result<Self, PatternError> {
        let parsed = parse::parse(pattern, options)?;
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)))
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build_from_hir(&parsed.hir)
            .map_err(|_| PatternError::TooBig)?;
        Ok(Self {
            hir: parsed.hir,
            search: OnceLock::new(),
            nfa,
            groups: parsed.groups,
            has_back_references: parsed.has_back_references,
            case_sensitive: options.case_sensitive,
        })
    }

    fn search(&self) -> Result<&meta::Regex, TooManySteps> {
        let build = || {
            // no limit: it is as large as the automaton, which was not too big
            let config = meta::Config::new()
                .utf8_empty(false)
                .which_captures(thompson::WhichCaptures::Implicit);
            meta::Regex::builder().configure(config).build_from_hir(&self.hir).ok()
        };
        self.search.get_or_init(build).as_ref().ok_or(TooManySteps)
    }

    /// Number of parenthesised groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether the pattern matches anywhere in `text`.
    ///
    /// # Errors
    /// Only patterns with back references can take too long.
    pub fn is_match(&self, text: &[u8]) -> Result<bool, TooManySteps> {
        if self.has_back_references {
            return Ok(self.captures(text)?.is_some());
        }
        Ok(self.search()?.is_match(text))
    }

    /// The leftmost longest match: the whole and then each group; a group without part is `None`.
    ///
    /// # Errors
    /// Only patterns with back references can take too long.
    pub fn captures(&self, text: &[u8]) -> Result<Option<Vec<Option<Span>>>, TooManySteps> {
        let Some(start) = self.search()?.find(text).map(|found| found.start()) else {
            return Ok(None);
        };
        if !self.has_back_references {
            return Ok(longest::captures(&self.nfa, text, start, self.groups));
        }
        let engine = BackReferences {
            nfa: &self.nfa,
            groups: self.groups,
            case_sensitive: self.case_sensitive,
        };
        engine.captures(text, start)
    }
}

#[cfg(test)]
mod tests;
