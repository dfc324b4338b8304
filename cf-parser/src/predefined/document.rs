//! The page about macros and classes, from the tables.

use super::{CLASSES, ClassSpec, MACROS, MacroSpec, Start};
use std::fmt::Write as _;

/// The text of `docs/macros.md`.
#[must_use]
pub fn macros_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    MACROS.iter().for_each(|spec| macro_line(&mut out, spec));
    out.push_str(CLASS_HEAD);
    CLASSES.iter().for_each(|spec| class_line(&mut out, spec));
    out
}

const INTRODUCTION: &str = "\
# Macros and classes

This page is written from the tables the program reads (`cf-parser/src/predefined/`).

## Macros

A name of one character is written `$x`, a longer one `${name}`; names that begin with a capital
letter are the file's own. *Start* is the value when the first line of the file is read; `D` lines
and `-M` may change it. What is set later is written `$&x` in rules, so that it is looked up when the
rule runs.

| Macro | Start | Set | Meaning | Row |
|---|---|---|---|---|
";

const CLASS_HEAD: &str = "
## Classes

`$=x` in the left side of a rule is a member of class x. *Members* are there when the first line is
read; `C`, `F` and `T` lines add to them.

| Class | Members | Added | Meaning | Row |
|---|---|---|---|---|
";

fn macro_line(out: &mut String, spec: &MacroSpec) {
    let start = match spec.start {
        Start::Undefined => String::new(),
        Start::Text(text) => format!("`{text}`"),
        Start::Version => "version".to_owned(),
        Start::HostName => "host name".to_owned(),
        Start::Domain => "host name behind its first dot".to_owned(),
        Start::Node => "node name".to_owned(),
        Start::Date => "date".to_owned(),
        Start::Mode => "mode letter".to_owned(),
    };
    let MacroSpec { id, name, set, summary, .. } = spec;
    let _ =
        writeln!(out, "| `{}` | {start} | {set} | {summary} | MC-{id:03} |", written("$", name));
}

fn class_line(out: &mut String, spec: &ClassSpec) {
    let members: Vec<String> = spec.members.iter().map(|word| format!("`{word}`")).collect();
    let ClassSpec { id, name, added, summary, .. } = spec;
    let (class, members) = (written("$=", name), members.join(" "));
    let _ = writeln!(out, "| `{class}` | {members} | {added} | {summary} | MC-{id:03} |");
}

/// A name as a file refers to it.
fn written(sign: &str, name: &str) -> String {
    if name.len() == 1 { format!("{sign}{name}") } else { format!("{sign}{{{name}}}") }
}
