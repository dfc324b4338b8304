//! Diagnostics: what is said when the file is read, on a host that has whatever the file names.

use cf_parser::{Diagnostic, Severity};

use super::document::Document;
use super::position::Encoding;
use crate::json::{Value, json};
use crate::nowhere;

/// Most diagnostics of a document.
const MOST: usize = 1000;

/// The diagnostics of a document.
pub(super) fn diagnostics(document: &Document, encoding: Encoding) -> Value {
    let (config, parsed) = cf_parser::parse(&document.text);
    let (_, found) = nowhere::load(&config, parsed);
    let shown = found.iter().take(MOST).map(|diagnostic| one(document, encoding, diagnostic));
    shown.collect()
}

fn one(document: &Document, encoding: Encoding, diagnostic: &Diagnostic) -> Value {
    let places = &document.reference.places;
    let span = diagnostic.span;
    let start = places.offset(span.line.max(1), span.column.max(1));
    let line = document.text.get(start..places.line(span.line.max(1)).end).unwrap_or_default();
    let end = start + line.trim_ascii_end().len();
    let severity = match diagnostic.severity {
        Severity::Error { .. } => 1,
        Severity::Warning | Severity::Mistake => 2,
        Severity::Note => 3,
    };
    json!({
        "range": document.range(start..end, encoding),
        "severity": severity,
        "source": "bangpath",
        "message": String::from_utf8_lossy(&diagnostic.text),
    })
}
