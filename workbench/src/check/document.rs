//! The pages about checks, from the table.

use std::fmt::Write as _;

use super::catalogue::{Check, Example, FAMILIES, all};

/// What a check is about, as `--explain` prints it and its page has it.
#[must_use]
pub fn page_markdown(check: &Check) -> String {
    let Check { code, name, summary, why, severity, .. } = check;
    let mut out = format!("# {code} {name}\n\n*{}*: {summary}.\n\n{why}\n", severity.name());
    let mut block = |title: &str, text: &str| {
        let _ = write!(out, "\n{title}\n\n```\n{}```\n", text.replace('\0', "^@"));
    };
    match check.example {
        Example::Lines(wrong, right) | Example::File(wrong, right) => {
            block("Found:", wrong);
            block("Not found:", right);
        }
        Example::Table(kind, wrong, right) => {
            block(&format!("Found in a table of kind `{kind}`:"), wrong);
            block("Not found:", right);
        }
        Example::Words(text) => {
            let _ = write!(out, "\nFor example:\n\n{text}\n");
        }
    }
    let _ = write!(out, "\nTo allow it, put `# bangpath: allow {code}` above the line.\n");
    out
}

/// The same for a terminal.
#[must_use]
pub fn explanation(check: &Check) -> String {
    page_markdown(check).replace("```\n", "")
}

/// The list of all checks.
#[must_use]
pub fn index_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for (prefix, title) in FAMILIES {
        let _ =
            write!(out, "\n## {title}\n\n| Code | Name | Severity | Finds |\n|---|---|---|---|\n");
        for check in all().filter(|check| check.code.starts_with(prefix)) {
            let Check { code, name, severity, summary, .. } = check;
            let severity = severity.name();
            let _ = writeln!(out, "| [{code}]({code}.md) | {name} | {severity} | {summary} |");
        }
    }
    out
}

const INTRODUCTION: &str = "\
# What `bangpath check` finds

These pages are written from the table that the program reads (`workbench/src/check/catalogue/`).

A finding of severity *note* is worth knowing; with *warnings* and *errors* the exit status is 1. Some findings
of a check matter less than others and are notes. A comment `# bangpath: allow CODE` (or the name) above a line
keeps its findings from being shown, `# bangpath: allow-file CODE` those of the whole file; several codes are
separated by blanks or commas, and a reason may follow behind `--`.
";
