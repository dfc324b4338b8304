//! The cross-reference for people.

use std::collections::HashMap;

use super::{SECTIONS, about, is_defined, is_used, of_kind};
use crate::xref::{CrossReference, Kind, Mention, Node, Role, Symbol, graph};

/// Columns of a line.
const WIDTH: usize = 100;

/// Where what is said of a symbol begins.
const INDENT: &str = "    ";

/// The cross-reference of a file that is called `name`.
#[must_use]
pub fn text(reference: &CrossReference, name: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend_from_slice(b": ");
    let count = |kind| of_kind(reference, kind).len();
    let counts = SECTIONS.iter().map(|(kind, _)| (count(*kind), kind.words()));
    let counts = counts.filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, words)| plural(count, words)).collect();
    out.extend_from_slice(counts.join(", ").as_bytes());
    out.push(b'\n');
    let page = Page { reference, name, edges: graph(reference) };
    for (kind, head) in SECTIONS {
        let symbols = of_kind(reference, kind);
        if symbols.is_empty() {
            continue;
        }
        out.extend_from_slice(format!("\n{head}\n").as_bytes());
        for symbol in symbols {
            page.symbol(symbol, &mut out);
        }
    }
    out
}

fn plural(count: usize, words: &str) -> String {
    let end = match (count, words) {
        (1, _) => "",
        (_, "class") => "es",
        _ => "s",
    };
    format!("{count} {words}{end}")
}

struct Page<'a> {
    reference: &'a CrossReference,
    name: &'a [u8],
    edges: Vec<crate::xref::Edge>,
}

impl Page<'_> {
    fn symbol(&self, symbol: &Symbol, out: &mut Vec<u8>) {
        out.push(b'\n');
        out.extend(symbol.written());
        if let Some(number) = self.reference.numbers.get(&symbol.name)
            && symbol.kind == Kind::Ruleset
        {
            out.extend_from_slice(format!("={number}").as_bytes());
        }
        if symbol.kind == Kind::Ruleset {
            let rules = self.reference.rules_of(symbol);
            out.extend_from_slice(format!(", {}", plural(rules, "rule")).as_bytes());
        }
        out.push(b'\n');
        if let Some(about) = about(self.reference, symbol) {
            let words: Vec<_> = about.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            wrapped(&words, b" ", out);
        }
        for (role, _, words) in Role::NAMES {
            let of_role = |mention: &&Mention| mention.role == role;
            let mentions: Vec<_> = self.reference.mentions_of(symbol).filter(of_role).collect();
            if mentions.is_empty() {
                continue;
            }
            let places = match role {
                Role::Define => self.definitions(&mentions),
                _ => by_owner(&mentions),
            };
            labelled(words, places, out);
        }
        self.calls(symbol, out);
        self.remark(symbol, out);
    }

    /// `FILE:LINE` of each.
    fn definitions(&self, mentions: &[&Mention]) -> Vec<Vec<u8>> {
        let place = |mention: &&Mention| {
            [self.name, format!(":{}", mention.place.line).as_bytes()].concat()
        };
        mentions.iter().map(place).collect()
    }

    /// Whom a ruleset calls and which mailers it chooses.
    fn calls(&self, symbol: &Symbol, out: &mut Vec<u8>) {
        let from = Node::Symbol(symbol.clone());
        for (role, words) in [(Role::Call, "calls"), (Role::Choose, "chooses mailers")] {
            let mine = self.edges.iter().filter(|edge| edge.from == from && edge.role == role);
            let shown = mine.map(|edge| [&edge.to.name[..], &lines(&edge.lines)].concat());
            let shown: Vec<_> = shown.collect();
            if !shown.is_empty() {
                labelled(words, shown, out);
            }
        }
    }

    /// What strikes one about a symbol.
    fn remark(&self, symbol: &Symbol, out: &mut Vec<u8>) {
        let reference = self.reference;
        let known = about(reference, symbol).is_some();
        let names_something = !matches!(symbol.kind, Kind::Header | Kind::Option | Kind::Milter);
        let remark = match (is_defined(reference, symbol), is_used(reference, symbol)) {
            (false, _) if !known && symbol.kind != Kind::Class => "not defined in this file",
            (false, _) if !known => "no line of this file adds to it",
            (true, false) if names_something && !used_by_program(reference, symbol) => {
                "not used by name in this file"
            }
            _ => return,
        };
        out.extend_from_slice(format!("{INDENT}{remark}\n").as_bytes());
    }
}

/// Whether the program uses it without being told by the file.
fn used_by_program(reference: &CrossReference, symbol: &Symbol) -> bool {
    match symbol.kind {
        Kind::Map => false,
        _ => about(reference, symbol).is_some(),
    }
}

/// `ruleset canonify:12,15; mailer esmtp:20`
fn by_owner(mentions: &[&Mention]) -> Vec<Vec<u8>> {
    let mut groups: Vec<(Option<&Symbol>, Vec<u32>)> = Vec::new();
    let mut index: HashMap<Option<&Symbol>, usize> = HashMap::new();
    for mention in mentions {
        let owner = mention.owner.as_ref();
        let at = *index.entry(owner).or_insert_with(|| {
            groups.push((owner, Vec::new()));
            groups.len() - 1
        });
        match groups.get_mut(at) {
            Some((_, lines)) if lines.last() != Some(&mention.place.line) => {
                lines.push(mention.place.line);
            }
            _ => {}
        }
    }
    let shown = groups.into_iter().map(|(owner, numbers)| {
        let mut out = Vec::new();
        if let Some(owner) = owner {
            if owner.kind != Kind::Ruleset {
                out.extend_from_slice(owner.kind.words().as_bytes());
                out.push(b' ');
            }
            out.extend(owner.written());
        }
        out.extend(lines(&numbers));
        out
    });
    shown.collect()
}

/// `:12,15`
fn lines(numbers: &[u32]) -> Vec<u8> {
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    format!(":{}", numbers.join(",")).into_bytes()
}

fn labelled(label: &str, mut words: Vec<Vec<u8>>, out: &mut Vec<u8>) {
    if let Some(first) = words.first_mut() {
        *first = [label.as_bytes(), b": ", first].concat();
    }
    wrapped(&words, b", ", out);
}

/// Pieces on indented lines of at most [`WIDTH`] columns where they fit.
fn wrapped(pieces: &[Vec<u8>], between: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    for (at, piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        if column == 0 {
            out.extend_from_slice(INDENT.as_bytes());
            column = INDENT.len();
        } else if column + piece.len() + between.len() > WIDTH {
            out.truncate(out.trim_ascii_end().len());
            out.extend_from_slice(format!("\n{INDENT}{INDENT}").as_bytes());
            column = 2 * INDENT.len();
        }
        out.extend_from_slice(piece);
        column += piece.len();
        if !last {
            out.extend_from_slice(between);
            column += between.len();
        }
    }
    out.push(b'\n');
}
