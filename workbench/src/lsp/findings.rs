//! Diagnostics: what `bangpath check` finds, on a host that has whatever the file names.

use super::document::Document;
use super::position::Encoding;
use crate::check::{Finding, Severity, Subject, check};
use crate::json::{Value, json};
use crate::nowhere;

/// Most diagnostics of a document.
const MOST: usize = 1000;

/// The diagnostics of a document.
pub(super) fn diagnostics(document: &Document, encoding: Encoding) -> Value {
    let (config, parsed) = cf_parser::parse(&document.text);
    let (configuration, mut said, maps) = nowhere::load_with_maps(&config, parsed);
    said.extend(ruleset_vm::load::option_checks(&configuration));
    let found = check(Subject {
        bytes: &document.text,
        config: &config,
        configuration: &configuration,
        diagnostics: &said,
        maps: &maps,
        files: None,
        options: &[],
    });
    found.iter().take(MOST).map(|finding| one(document, encoding, finding)).collect()
}

fn one(document: &Document, encoding: Encoding, finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Note => 3,
    };
    // what is about the file as a whole stands at its beginning
    let at = finding.at.clone().unwrap_or(0..0);
    let more = finding.help.iter().map(String::as_str);
    let message: Vec<&str> = std::iter::once(finding.message.as_str()).chain(more).collect();
    json!({
        "range": document.range(at, encoding),
        "severity": severity,
        "code": finding.check.code,
        "source": "bangpath",
        "message": message.join("\n"),
    })
}
