//! What is told of where lines come from.

use super::attribute::Origin;
use super::lines::Line;
use super::mc::{Part, Statement};
use super::{Provenance, built};
use crate::json::{Value, json, text as json_text};

/// Lines one after the other that come from the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
    /// How many of them say something.
    pub lines: usize,
    /// Where they come from.
    pub origin: Origin,
}

/// Puts lines with the same origin together.
pub(super) fn sections(lines: &[Line], origins: Vec<Origin>) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    for (line, origin) in lines.iter().zip(origins) {
        match out.last_mut() {
            Some(section) if section.origin == origin => {
                section.last = line.last;
                section.lines += 1;
            }
            _ => out.push(Section { first: line.number, last: line.last, lines: 1, origin }),
        }
    }
    out
}

impl Provenance {
    /// Where a section comes from, and the version of the file of the package if it is known.
    #[must_use]
    pub fn origin_words(&self, origin: &Origin) -> (String, String) {
        let version = |name: &str| {
            let marker = self.markers.iter().find(|marker| marker.package && marker.name == name);
            marker.map(|marker| marker.version.clone()).unwrap_or_default()
        };
        match origin {
            Origin::Statement(index) => match self.statements.get(*index) {
                Some(statement) => {
                    let name = statement.arguments.first().map(|n| String::from_utf8_lossy(n));
                    (short(statement), version(&name.unwrap_or_default()))
                }
                None => (String::new(), String::new()),
            },
            Origin::Frame(file) => {
                let name = file.rsplit('/').next().unwrap_or(file);
                (file.clone(), version(name.strip_suffix(".m4").unwrap_or(name)))
            }
            Origin::Shape(name) => {
                let inner = name.split(['(', ')']).nth(1).unwrap_or_default();
                (format!("shaped as {name}"), version(inner))
            }
            Origin::Hand => {
                ("edited by hand, or of another version of the package".to_owned(), String::new())
            }
            Origin::Unknown => ("not of the package as it is known here".to_owned(), String::new()),
        }
    }
}

/// A statement without more than its first argument, unless that says little.
fn short(statement: &Statement) -> String {
    if statement.part == Part::Local {
        return statement.word.to_owned();
    }
    let text = |argument: &Vec<u8>| String::from_utf8_lossy(argument).into_owned();
    let shown: Vec<String> = statement.arguments.iter().take(2).map(text).collect();
    match (statement.part, &shown[..]) {
        (Part::Early | Part::Define | Part::Late | Part::Macro, [one, two]) => {
            format!("{}({one}, {two})", statement.word)
        }
        (_, [one, ..]) => format!("{}({one})", statement.word),
        _ => statement.word.to_owned(),
    }
}

/// The report for people.
#[must_use]
pub fn text(provenance: &Provenance, name: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(built) = built(bytes) {
        out.extend([name, b": built by ", built.as_bytes(), b"\n"].concat());
    }
    out.extend(match (provenance.rebuilt, provenance.is_exact()) {
        (true, true) => "The package builds this file again, line for line.\n".to_owned(),
        (true, false) => {
            let edited: usize = provenance.edited().map(|section| section.lines).sum();
            let missing = provenance.missing.len();
            format!(
                "The package builds this file but for {edited} lines that only the file has and {missing} that it has not.\n"
            )
        }
        (false, _) => "The package was not asked: comments and shapes of lines tell this.\n".to_owned(),
    }
    .into_bytes());
    out.push(b'\n');
    for section in &provenance.sections {
        let (words, version) = provenance.origin_words(&section.origin);
        let place = match section.first == section.last {
            true => format!("{}", section.first),
            false => format!("{}-{}", section.first, section.last),
        };
        let version = if version.is_empty() { String::new() } else { format!(" {version}") };
        out.extend([name, format!(":{place:<12}{words}{version}\n").as_bytes()].concat());
    }
    if !provenance.missing.is_empty() {
        out.extend_from_slice(b"\nBuilt, but not in the file:\n");
        for line in &provenance.missing {
            let first = line.text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            out.extend([b"    ", first, b"\n"].concat());
        }
    }
    for marker in &provenance.unknown {
        let line =
            format!(":{} names a file that the package has not: {}\n", marker.line, marker.text);
        out.extend([name, line.as_bytes()].concat());
    }
    out
}

/// The report for machines: one object.
#[must_use]
pub fn object(provenance: &Provenance, name: &[u8], bytes: &[u8]) -> Value {
    let sections = provenance.sections.iter().map(|section| {
        let (origin, version) = provenance.origin_words(&section.origin);
        let kind = match section.origin {
            Origin::Statement(_) => "statement",
            Origin::Frame(_) => "frame",
            Origin::Shape(_) => "shape",
            Origin::Hand => "hand",
            Origin::Unknown => "unknown",
        };
        json!({
            "first": section.first,
            "last": section.last,
            "kind": kind,
            "origin": origin,
            "version": version,
        })
    });
    json!({
        "type": "origin",
        "file": json_text(name),
        "built_by": built(bytes),
        "rebuilt": provenance.rebuilt,
        "exact": provenance.is_exact(),
        "sections": sections.collect::<Value>(),
        "missing": provenance.missing.iter().map(|line| json_text(&line.text)).collect::<Value>(),
        "mc": json_text(&provenance.mc()),
    })
}
