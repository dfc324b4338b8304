//! The call graph: who calls which ruleset, and which mailers they choose.

use std::collections::BTreeMap;

use super::program::HOOKS;
use super::{CrossReference, Kind, Role, Symbol};

/// Who calls, or is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The program itself.
    Program,
    /// A ruleset, mailer or header field.
    Symbol(Symbol),
}

/// One caller and one called, with the lines of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who calls.
    pub from: Node,
    /// Who is called or chosen.
    pub to: Symbol,
    /// How.
    pub role: Role,
    /// The lines, ascending; none for calls of the program.
    pub lines: Vec<u32>,
}

/// Every call, by caller.
#[must_use]
pub fn graph(reference: &CrossReference) -> Vec<Edge> {
    let mut edges: BTreeMap<(Node, Symbol, Role), Vec<u32>> = BTreeMap::new();
    let defined = |symbol: &Symbol| !reference.definitions(symbol).is_empty();
    for hook in HOOKS {
        let symbol = reference.ruleset(hook.name.as_bytes());
        if defined(&symbol) {
            edges.entry((Node::Program, symbol, Role::Call)).or_default();
        }
    }
    for mention in &reference.mentions {
        let calls = match mention.symbol.kind {
            Kind::Ruleset => mention.role != Role::Define,
            Kind::Mailer => mention.role == Role::Choose && is_mailer(reference, &mention.symbol),
            _ => false,
        };
        let Some(owner) = mention.owner.clone().filter(|_| calls) else { continue };
        let key = (Node::Symbol(owner), mention.symbol.clone(), mention.role);
        let lines = edges.entry(key).or_default();
        if lines.last() != Some(&mention.place.line) {
            lines.push(mention.place.line);
        }
    }
    let edge = |((from, to, role), lines)| Edge { from, to, role, lines };
    edges.into_iter().map(edge).collect()
}

/// Whether a name behind `$#` is that of a mailer, and not an answer of a ruleset to the program.
#[must_use]
pub fn is_mailer(reference: &CrossReference, symbol: &Symbol) -> bool {
    super::BUILT_IN_MAILERS.iter().any(|name| name.as_bytes() == symbol.name)
        || !reference.definitions(symbol).is_empty()
}
