//! The outline of a document.

use super::document::Document;
use super::position::Encoding;
use crate::json::{Value, json};
use crate::xref::{Kind, Role};

/// Numbers of the protocol for kinds of symbols.
const KINDS: [(Kind, u32); 9] = [
    (Kind::Ruleset, 12),
    (Kind::Macro, 13),
    (Kind::Class, 18),
    (Kind::Map, 19),
    (Kind::Mailer, 5),
    (Kind::Option, 7),
    (Kind::Header, 8),
    (Kind::QueueGroup, 3),
    (Kind::Milter, 11),
];

/// What the lines of a document define, rulesets with their rules in their range.
pub(super) fn outline(document: &Document, encoding: Encoding) -> Value {
    let reference = &document.reference;
    let defined = reference.mentions.iter().filter(|mention| mention.role == Role::Define);
    let symbols = defined.map(|mention| {
        let kind =
            KINDS.iter().find(|(kind, _)| *kind == mention.symbol.kind).map_or(13, |row| row.1);
        let own = mention.place.start..mention.place.end;
        let first = reference.lines.get(mention.line).map_or(1, |entry| entry.line.span.line);
        let rules = reference.lines.get(mention.line + 1..).unwrap_or_default();
        let is_rule = |entry: &&crate::xref::Entry| {
            matches!(entry.line.directive, Some(cf_parser::Directive::Rule { .. }))
        };
        let last = match mention.symbol.kind {
            Kind::Ruleset => rules.iter().take_while(is_rule).last(),
            _ => None,
        };
        let last = last.or(reference.lines.get(mention.line));
        let last = last.map_or(first, |entry| entry.line.span.last_line);
        let whole =
            reference.places.line(first).start..reference.places.line(last).end.max(own.end);
        json!({
            "name": String::from_utf8_lossy(&mention.symbol.written()),
            "detail": mention.symbol.kind.words(),
            "kind": kind,
            "range": document.range(whole, encoding),
            "selectionRange": document.range(own, encoding),
        })
    });
    symbols.collect()
}
