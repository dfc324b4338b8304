//! Findings for machines (`docs/json.md`).

use std::ops::Range;

use super::finding::{Finding, Severity};
use super::places::Places;
use crate::json::{Map, Value, json, text};

/// Line and column of a range, of its first byte and of the byte behind it.
fn place(source: &Places<'_>, at: &Range<usize>) -> Map<String, Value> {
    let ((line, column), (end_line, end_column)) =
        (source.position(at.start), source.position(at.end));
    let mut object = Map::new();
    for (name, number) in
        [("line", line), ("column", column), ("end_line", end_line), ("end_column", end_column)]
    {
        object.insert(name.to_owned(), number.into());
    }
    object
}

/// A finding in the file `path`.
#[must_use]
pub fn object(path: &[u8], source: &Places<'_>, finding: &Finding) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("type", "finding".into());
    put("code", finding.check.code.into());
    put("name", finding.check.name.into());
    put("severity", finding.severity.name().into());
    put("file", text(path));
    if let Some(at) = &finding.at {
        place(source, at).into_iter().for_each(|(name, value)| put(&name, value));
    }
    put("message", finding.message.clone().into());
    let note = |remark: &super::Remark| {
        let mut note = remark.at.as_ref().map(|at| place(source, at)).unwrap_or_default();
        note.insert("text".to_owned(), remark.text.clone().into());
        Value::Object(note)
    };
    put("notes", finding.notes.iter().map(note).collect());
    put("help", finding.help.clone().into());
    if let Some(said) = &finding.sendmail {
        put("sendmail", text(said));
    }
    if let Some(fix) = &finding.fix {
        let edit = |edit: &super::Edit| {
            let mut object = place(source, &edit.at);
            object.insert("text".to_owned(), text(&edit.text));
            Value::Object(object)
        };
        let edits: Value = fix.edits.iter().map(edit).collect();
        put("fix", json!({ "what": fix.what, "edits": edits }));
    }
    Value::Object(object)
}

/// How many findings a file has.
#[must_use]
pub fn summary_object(path: &[u8], findings: &[Finding], mended: usize) -> Value {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    json!({
        "type": "checked",
        "file": text(path),
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "mended": mended,
    })
}
