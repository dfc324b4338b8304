//! The call graph as Graphviz draws it.

use std::collections::BTreeSet;

use crate::xref::{CrossReference, Kind, Node, Role, Symbol, graph};

/// The graph in the language of `dot`: rulesets are boxes, mailers ellipses, header fields notes; what
/// is not defined in the file is dashed. Edges carry their lines as tooltips.
#[must_use]
pub fn dot(reference: &CrossReference) -> Vec<u8> {
    let mut out = b"digraph calls {\n\trankdir=LR;\n\tnode [fontname=\"Helvetica\"];\n\
\tprogram [label=\"sendmail\", shape=doubleoctagon];\n"
        .to_vec();
    let edges = graph(reference);
    let mut symbols: BTreeSet<&Symbol> = edges.iter().map(|edge| &edge.to).collect();
    symbols.extend(edges.iter().filter_map(|edge| match &edge.from {
        Node::Symbol(symbol) => Some(symbol),
        Node::Program => None,
    }));
    for symbol in symbols {
        let shape = match symbol.kind {
            Kind::Ruleset => "box",
            Kind::Mailer => "ellipse",
            _ => "note",
        };
        let defined = !reference.definitions(symbol).is_empty();
        let style = if defined { "" } else { ", style=dashed" };
        out.push(b'\t');
        out.extend(id(symbol));
        out.extend_from_slice(b" [label=");
        out.extend(quoted(&symbol.name));
        out.extend_from_slice(format!(", shape={shape}{style}];\n").as_bytes());
    }
    for edge in &edges {
        out.push(b'\t');
        match &edge.from {
            Node::Program => out.extend_from_slice(b"program"),
            Node::Symbol(symbol) => out.extend(id(symbol)),
        }
        out.extend_from_slice(b" -> ");
        out.extend(id(&edge.to));
        let lines: Vec<_> = edge.lines.iter().map(u32::to_string).collect();
        let label = match edge.role {
            Role::Sender => "S",
            Role::Recipient => "R",
            _ => "",
        };
        let tip = match edge.from {
            Node::Program => "called by sendmail".to_owned(),
            Node::Symbol(_) => format!("line {}", lines.join(", ")),
        };
        let attributes = format!(" [label=\"{label}\", tooltip=\"{tip}\"];\n");
        out.extend_from_slice(attributes.as_bytes());
    }
    out.extend_from_slice(b"}\n");
    out
}

/// A node's name: kinds have names of their own.
fn id(symbol: &Symbol) -> Vec<u8> {
    quoted(&[symbol.kind.name().as_bytes(), b" ", &symbol.name].concat())
}

/// A string of the language; it must be UTF-8.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"").into_bytes()
}
