//! Right-hand sides.

use cf_parser::text::{Op, Piece};

use super::left::summary;
use super::{code, is_blank};
use crate::xref::{CrossReference, Kind, Symbol};

/// A line for each thing that a right-hand side does, in the order in which it is done.
#[must_use]
pub fn right(rhs: &[Piece], reference: &CrossReference) -> Vec<String> {
    let start = rhs.iter().position(|piece| !is_blank(piece)).unwrap_or(0);
    let rest = rhs.get(start..).unwrap_or_default();
    let mut out = Vec::new();
    let (body, after) = match rest.first() {
        Some(Piece::Op(Op::Colon)) => {
            (rest.get(1..).unwrap_or_default(), "this is done once; the next rule goes on with it")
        }
        Some(Piece::Op(Op::At)) => {
            (rest.get(1..).unwrap_or_default(), "the ruleset ends here and returns it")
        }
        Some(Piece::Op(Op::Hash)) => {
            out.extend(triple(rest.get(1..).unwrap_or_default(), reference));
            return out;
        }
        _ => (rest, "the same rule is tried again on it, until it does not match any more"),
    };
    lookups(body, reference, &mut out);
    calls(body, reference, &mut out);
    for piece in body {
        if let Piece::Deferred(name) = piece {
            let written = code(std::slice::from_ref(piece));
            out.push(format!("{written} is read now{}", summary(name.as_bytes())));
        }
    }
    let empty = body.iter().all(is_blank);
    out.push(match empty {
        true => "the workspace becomes empty".to_owned(),
        false => format!("the workspace becomes {}", code(body)),
    });
    // A triple may stand behind a call.
    if let Some(at) = body.iter().position(|piece| *piece == Piece::Op(Op::Hash)) {
        out.extend(triple(body.get(at + 1..).unwrap_or_default(), reference));
    }
    out.push(after.to_owned());
    out
}

/// `$#mailer $@ host $: user`.
fn triple(body: &[Piece], reference: &CrossReference) -> Vec<String> {
    let at = |op| body.iter().position(|piece| *piece == Piece::Op(op));
    let depth_colon = user_mark(body);
    let host = at(Op::At).filter(|host| depth_colon.is_none_or(|user| *host < user));
    let mailer_end = host.or(depth_colon).unwrap_or(body.len());
    let mailer = body.get(..mailer_end).unwrap_or_default();
    let host = host.and_then(|at| body.get(at + 1..depth_colon.unwrap_or(body.len())));
    let user = depth_colon.and_then(|at| body.get(at + 1..)).unwrap_or_default();
    let name = code(mailer);
    let mut out = Vec::new();
    lookups(body, reference, &mut out);
    calls(body, reference, &mut out);
    match name.trim_matches('`').to_ascii_lowercase().as_str() {
        "error" => {
            let reason =
                host.map_or_else(String::new, |host| format!(" with status {}", code(host)));
            out.push(format!("the address is refused{reason}: {}", code(user)));
        }
        "discard" => out.push("the mail is thrown away, and its sender sees success".to_owned()),
        lower => {
            let symbol = Symbol::new(Kind::Mailer, lower.as_bytes());
            let line = reference.definitions(&symbol).first().map(|mention| mention.place.line);
            let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
            out.push(format!("the mailer is {name}{line}"));
            if let Some(host) = host {
                out.push(format!("the host is {}", code(host)));
            }
            if !user.is_empty() {
                out.push(format!("the user is {}", code(user)));
            }
        }
    }
    out.push("all rulesets up to the first end here".to_owned());
    out
}

/// Where the `$:` of the user stands: not within a lookup.
fn user_mark(body: &[Piece]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, piece) in body.iter().enumerate() {
        match piece {
            Piece::Op(Op::MapBegin | Op::HostBegin) => depth += 1,
            Piece::Op(Op::MapEnd | Op::HostEnd) => depth = depth.saturating_sub(1),
            Piece::Op(Op::Colon) if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// `$( map key $@ argument $: default $)` and `$[ host $: default $]`.
fn lookups(body: &[Piece], reference: &CrossReference, out: &mut Vec<String>) {
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| {
        rest.iter().position(|p| matches!(p, Piece::Op(Op::MapBegin | Op::HostBegin)))
    }) {
        let start = at + found;
        let rest = body.get(start + 1..).unwrap_or_default();
        let end = rest.iter().position(|p| matches!(p, Piece::Op(Op::MapEnd | Op::HostEnd)));
        let inner = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        out.push(match body.get(start) {
            Some(Piece::Op(Op::HostBegin)) => host(inner),
            _ => map(inner, reference),
        });
        at = start + 1 + inner.len();
    }
}

fn host(inner: &[Piece]) -> String {
    let (name, default) = split_default(inner);
    let otherwise = match default {
        Some(default) => format!("if there is none, {}", code(default)),
        None => "if there is none, it stays".to_owned(),
    };
    format!("{} becomes the official name of that host; {otherwise}", code(name))
}

fn map(inner: &[Piece], reference: &CrossReference) -> String {
    let start = inner.iter().position(|piece| !is_blank(piece)).unwrap_or(0);
    let inner = inner.get(start..).unwrap_or_default();
    let end = inner.iter().position(is_blank).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let (key, default) = split_default(rest);
    let mut parts = key.split(|piece| *piece == Piece::Op(Op::At));
    let key = parts.next().unwrap_or_default();
    let arguments: Vec<String> = parts.map(code).collect();
    let lower = cf_parser::text::write(name).to_ascii_lowercase();
    let class = reference.map_classes.get(&lower).map(|class| String::from_utf8_lossy(class));
    match class.as_deref() {
        Some("macro") => match arguments.is_empty() {
            true => format!("macro {} loses its value", code(key)),
            false => format!("macro {} gets the value {}", code(key), arguments.join(", ")),
        },
        Some("arith") => {
            format!("{} is computed of {}", code(key), arguments.join(" and "))
        }
        class => {
            let class = class.map_or_else(String::new, |class| format!(", of class {class}"));
            let with = match arguments.is_empty() {
                true => String::new(),
                false => format!(" with {}", arguments.join(", ")),
            };
            let otherwise = match default {
                Some(default) if default.iter().all(is_blank) => "otherwise nothing".to_owned(),
                Some(default) => format!("otherwise {}", code(default)),
                None => "otherwise the key itself".to_owned(),
            };
            format!(
                "{} is looked up in map {}{class}{with}: what is found stands here, {otherwise}",
                code(key),
                code(name)
            )
        }
    }
}

fn split_default(inner: &[Piece]) -> (&[Piece], Option<&[Piece]>) {
    match inner.iter().position(|piece| *piece == Piece::Op(Op::Colon)) {
        Some(at) => {
            let (front, back) = inner.split_at(at);
            (front, back.get(1..))
        }
        None => (inner, None),
    }
}

/// `$>name` and what it is given: all that follows.
fn calls(body: &[Piece], reference: &CrossReference, out: &mut Vec<String>) {
    let mut described = Vec::new();
    for (at, piece) in body.iter().enumerate() {
        if *piece != Piece::Op(Op::Call) {
            continue;
        }
        let rest = body.get(at + 1..).unwrap_or_default();
        let start = rest.iter().position(|piece| !is_blank(piece)).unwrap_or(rest.len());
        let rest = rest.get(start..).unwrap_or_default();
        let is_name = |piece: &Piece| match piece {
            Piece::Byte(byte) => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'"'),
            _ => false,
        };
        let mut end = rest.iter().take_while(|piece| is_name(piece)).count();
        if end == 0 {
            end = rest.len().min(1);
        }
        let (name, given) = rest.split_at(end);
        let word = cf_parser::text::write(name);
        let word = word.strip_prefix(b"\"").unwrap_or(&word);
        let word = word.strip_suffix(b"\"").unwrap_or(word);
        let symbol = reference.ruleset(word);
        let line = reference.definitions(&symbol).first().map(|mention| mention.place.line);
        let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
        let called = String::from_utf8_lossy(&symbol.name).into_owned();
        described.push(format!(
            "ruleset `{called}`{line} is called with {}, and what it returns stands there",
            code(given)
        ));
    }
    // The last call is made first.
    out.extend(described.into_iter().rev());
}
