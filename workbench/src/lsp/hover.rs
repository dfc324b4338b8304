//! What is told of the thing that is pointed at.

use cf_parser::Directive;
use cf_parser::item::OptionLine;
use cf_parser::options::{self, OPTIONS};

use super::document::Document;
use crate::doc::about;
use crate::words;
use crate::xref::{CrossReference, Entry, Kind, Mention, Role, Symbol};

/// Markdown about what stands at a byte, and the bytes it is about.
pub(super) fn hover(
    document: &Document,
    offset: usize,
) -> Option<(String, std::ops::Range<usize>)> {
    let reference = &document.reference;
    if let Some(mention) = reference.mention_at(offset) {
        let text = symbol(document, mention);
        return Some((text, mention.place.start..mention.place.end));
    }
    let (line, _) = reference.places.position(offset);
    let entry = reference.entry_at(line)?;
    let text = match &entry.line.directive {
        Some(Directive::Rule { lhs, rhs, .. }) => words::rule(lhs, rhs, reference),
        Some(Directive::Option(option)) => option_text(option),
        _ => return None,
    };
    Some((text, whole(reference, entry)))
}

/// The bytes of a line and its continuations.
fn whole(reference: &CrossReference, entry: &Entry) -> std::ops::Range<usize> {
    let span = entry.line.span;
    reference.places.line(span.line).start..reference.places.line(span.last_line).end
}

fn symbol(document: &Document, mention: &Mention) -> String {
    let reference = &document.reference;
    let symbol = &mention.symbol;
    let name = String::from_utf8_lossy(&symbol.written()).replace('`', "'");
    let mut out = format!("**{}** `{name}`\n", symbol.kind.words());
    if let Some(about) = about(reference, symbol) {
        out += &format!("\n{about}\n");
    }
    out += &definitions(document, symbol);
    out += &uses(reference, symbol);
    out
}

/// The lines that define it.
fn definitions(document: &Document, symbol: &Symbol) -> String {
    let reference = &document.reference;
    let mut out = String::new();
    for mention in reference.definitions(symbol).into_iter().take(5) {
        let line = reference.places.line(mention.place.line);
        let text = document.text.get(line).unwrap_or_default();
        let text = String::from_utf8_lossy(text).trim_end().replace("```", "'''");
        out += &format!("\nline {}:\n```\n{text}\n```\n", mention.place.line);
    }
    if symbol.kind == Kind::Ruleset && !out.is_empty() {
        let rules = reference.rules_of(symbol);
        out += &format!("\n{rules} rule{}\n", if rules == 1 { "" } else { "s" });
    }
    out
}

/// How often it is used, by what is done with it.
fn uses(reference: &CrossReference, symbol: &Symbol) -> String {
    let mut out = String::new();
    for (role, _, words) in Role::NAMES {
        let count = reference.mentions_of(symbol).filter(|mention| mention.role == role).count();
        if count > 0 && role != Role::Define {
            let owners = reference.mentions_of(symbol).filter(|mention| mention.role == role);
            let mut owners: Vec<_> = owners
                .filter_map(|mention| mention.owner.as_ref())
                .map(|owner| String::from_utf8_lossy(&owner.name).into_owned())
                .collect();
            owners.dedup();
            owners.truncate(8);
            out += &format!("- {words} {}\n", owners.join(", "));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn option_text(option: &OptionLine) -> String {
    let Some(spec) = OPTIONS.get(option.option) else { return String::new() };
    let name = options::name(option.option);
    let default = if spec.default.is_empty() { "nothing" } else { spec.default };
    let mut out = format!("**option** `{name}`\n\n{}\n\ndefault: {default}\n", spec.summary);
    if !spec.m4.is_empty() {
        out += &format!("\nin an mc file: `{}`\n", spec.m4);
    }
    out
}
