//! The cross-reference for machines.

use super::{SECTIONS, about, of_kind};
use crate::json::{Value, json, text};
use crate::xref::{CrossReference, Kind, Mention, Node, Symbol, graph};

/// An object for each symbol (`"type": "symbol"`), then for each caller and called (`"type": "call"`).
pub fn objects(reference: &CrossReference) -> impl Iterator<Item = Value> {
    let symbols = SECTIONS.iter().flat_map(|(kind, _)| of_kind(reference, *kind));
    let symbols = symbols.map(|symbol| symbol_object(reference, symbol));
    symbols.chain(graph(reference).into_iter().map(|edge| {
        let from = match &edge.from {
            Node::Program => json!({ "kind": "program" }),
            Node::Symbol(symbol) => named(symbol),
        };
        json!({
            "type": "call",
            "from": from,
            "to": named(&edge.to),
            "role": edge.role.name(),
            "lines": edge.lines,
        })
    }))
}

fn named(symbol: &Symbol) -> Value {
    json!({ "kind": symbol.kind.name(), "name": text(&symbol.name) })
}

fn symbol_object(reference: &CrossReference, symbol: &Symbol) -> Value {
    let mentions: Value = reference.mentions_of(symbol).map(mention).collect();
    let mut object = json!({
        "type": "symbol",
        "kind": symbol.kind.name(),
        "name": text(&symbol.name),
        "about": about(reference, symbol),
        "mentions": mentions,
    });
    if symbol.kind == Kind::Ruleset
        && let Some(map) = object.as_object_mut()
    {
        let number = reference.numbers.get(&symbol.name);
        map.insert("number".to_owned(), json!(number));
        map.insert("rules".to_owned(), json!(reference.rules_of(symbol)));
    }
    object
}

fn mention(mention: &Mention) -> Value {
    json!({
        "role": mention.role.name(),
        "line": mention.place.line,
        "column": mention.place.column,
        "in": mention.owner.as_ref().map_or(Value::Null, named),
    })
}
