//! What is where in a configuration: the cross-reference and the call graph as text, as JSON and as a
//! drawing of Graphviz.

mod about;
mod dot;
mod json;
#[cfg(test)]
mod tests;
mod text;

pub use about::about;
pub use dot::dot;
pub use json::objects;
pub use text::text;

use crate::xref::{CrossReference, Kind, Role, Symbol, is_mailer};

/// The kinds in the order of the sections, with their heads.
const SECTIONS: [(Kind, &str); 9] = [
    (Kind::Ruleset, "RULESETS"),
    (Kind::Mailer, "MAILERS"),
    (Kind::Map, "MAPS"),
    (Kind::Macro, "MACROS"),
    (Kind::Class, "CLASSES"),
    (Kind::Header, "HEADER FIELDS"),
    (Kind::Option, "OPTIONS"),
    (Kind::QueueGroup, "QUEUE GROUPS"),
    (Kind::Milter, "MAIL FILTERS"),
];

/// The symbols of a kind, sorted; of words behind `$#` that are no mailer none.
fn of_kind(reference: &CrossReference, kind: Kind) -> Vec<&Symbol> {
    let symbols = reference.symbols().into_iter().filter(|symbol| symbol.kind == kind);
    symbols.filter(|symbol| kind != Kind::Mailer || is_mailer(reference, symbol)).collect()
}

/// Whether a line of the file, or a rule, defines it.
fn is_defined(reference: &CrossReference, symbol: &Symbol) -> bool {
    let defines = |role| matches!(role, Role::Define | Role::Set);
    reference.mentions_of(symbol).any(|mention| defines(mention.role))
}

/// Whether anything in the file uses it.
fn is_used(reference: &CrossReference, symbol: &Symbol) -> bool {
    let defines = |role| matches!(role, Role::Define | Role::Set);
    reference.mentions_of(symbol).any(|mention| !defines(mention.role))
}
