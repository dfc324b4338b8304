//! The table of checks: code, name, severity, what it is about, an example that is flagged and one that
//! is not. The parser of allow comments, `--explain`, and the pages in `docs/check/` read it; a test
//! runs every example.

mod exposure;
mod files;
mod levels;
mod lines;
mod mailers;
mod names;
mod options;
mod rules;
mod tables;

pub use exposure::*;
pub use files::*;
pub use levels::*;
pub use lines::*;
pub use mailers::*;
pub use names::*;
pub use options::*;
pub use rules::*;
pub use tables::*;

use super::finding::Severity;

/// One check.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its code, `BP` and four digits; never given to another check.
    pub code: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// How much its findings matter; some matter less.
    pub severity: Severity,
    /// What it finds, in a line.
    pub summary: &'static str,
    /// What happens, and what to do; paragraphs.
    pub why: &'static str,
    /// What it finds and what not.
    pub example: Example,
}

/// An example of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Lines put behind a small configuration: flagged, and not.
    Lines(&'static str, &'static str),
    /// Whole configurations.
    File(&'static str, &'static str),
    /// Tables of this kind.
    Table(&'static str, &'static str, &'static str),
    /// What depends on more than a file: words only.
    Words(&'static str),
}

/// The checks of a module, one static for each, and a list of them.
macro_rules! checks {
    ($($ident:ident $code:literal $name:literal $severity:ident
       $summary:literal $why:literal $example:expr;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub static $ident: Check = Check {
                code: $code,
                name: $name,
                severity: Severity::$severity,
                summary: $summary,
                why: $why,
                example: $example,
            };
        )*
        /// The checks of this module.
        pub(super) const ALL: &[&Check] = &[$(&$ident),*];
    };
}
use checks;

/// The families of checks: the digits that their codes begin with, and a title.
pub const FAMILIES: [(&str, &str); 10] = [
    ("BP00", "Allow comments"),
    ("BP01", "Lines"),
    ("BP02", "Options"),
    ("BP03", "Rulesets, macros, classes, maps"),
    ("BP04", "Rules"),
    ("BP05", "Mailers, headers, filters"),
    ("BP06", "Files"),
    ("BP07", "Levels, dialects, this host"),
    ("BP08", "Relaying and smuggling"),
    ("BP09", "Tables and aliases"),
];

/// Every check in the order of the codes.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let families = [
        lines::ALL,
        options::ALL,
        names::ALL,
        rules::ALL,
        mailers::ALL,
        files::ALL,
        levels::ALL,
        exposure::ALL,
        tables::ALL,
    ];
    families.into_iter().flatten().copied()
}

/// The check of a code or a name, in any case.
#[must_use]
pub fn by_code(word: &str) -> Option<&'static Check> {
    all().find(|check| {
        check.code.eq_ignore_ascii_case(word) || check.name.eq_ignore_ascii_case(word)
    })
}
