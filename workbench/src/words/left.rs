//! Left-hand sides.

use cf_parser::predefined::{CLASSES, MACROS};
use cf_parser::text::{Op, Piece};

use super::{code, is_blank};
use crate::xref::{CrossReference, Kind, Symbol};

/// A line for each thing that a left-hand side wants, in order.
#[must_use]
pub fn left(lhs: &[Piece], reference: &CrossReference) -> Vec<String> {
    let mut out = Vec::new();
    let mut literal: Vec<Piece> = Vec::new();
    let mut number = 0;
    for piece in lhs {
        let wanted = match piece {
            Piece::Op(Op::ZeroOrMore) => "any tokens, or none".to_owned(),
            Piece::Op(Op::OneOrMore) => "one or more tokens".to_owned(),
            Piece::Op(Op::One) => "exactly one token".to_owned(),
            Piece::Class(name) => {
                format!("a member of class {}", class(name.as_bytes(), reference))
            }
            Piece::NotClass(name) => {
                format!("one token that is not in class {}", class(name.as_bytes(), reference))
            }
            Piece::Op(Op::At) => {
                flush(&mut literal, &mut out);
                out.push("nothing at all".to_owned());
                continue;
            }
            Piece::Deferred(name) => {
                flush(&mut literal, &mut out);
                let written = code(std::slice::from_ref(piece));
                out.push(format!("the value that {written} has then{}", summary(name.as_bytes())));
                continue;
            }
            other => {
                literal.push(other.clone());
                continue;
            }
        };
        flush(&mut literal, &mut out);
        number += 1;
        out.push(format!("`${number}`: {wanted}"));
    }
    flush(&mut literal, &mut out);
    out
}

/// Puts what stands there as it is into one line.
fn flush(literal: &mut Vec<Piece>, out: &mut Vec<String>) {
    if literal.iter().any(|piece| !is_blank(piece)) {
        out.push(code(literal));
    }
    literal.clear();
}

/// A class by name, with what it is for or what is in it.
fn class(name: &[u8], reference: &CrossReference) -> String {
    let shown = String::from_utf8_lossy(name).into_owned();
    let spec = CLASSES.iter().find(|spec| spec.name.as_bytes() == name);
    let definitions = reference.definitions(&Symbol::new(Kind::Class, name));
    match (spec, definitions.first()) {
        (Some(spec), _) => format!("`{shown}` ({})", spec.summary),
        (None, Some(first)) => format!("`{shown}` (line {})", first.place.line),
        (None, None) => format!("`{shown}` (empty in this file)"),
    }
}

/// What a macro is, in parentheses; nothing for those of the file.
pub(super) fn summary(name: &[u8]) -> String {
    let spec = MACROS.iter().find(|spec| spec.name.as_bytes() == name);
    spec.map_or_else(String::new, |spec| format!(" ({})", spec.summary))
}
