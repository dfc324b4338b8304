//! The page about options, from the table.

use super::{DONT_BLAME, Expansion, Kind, OPTIONS, OptionSpec, PRIVACY, TIMEOUTS, Unit};
use std::fmt::Write as _;

/// The text of `docs/options.md`.
#[must_use]
pub fn options_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for spec in OPTIONS.iter().filter(|s| s.built) {
        line(&mut out, spec);
    }
    out.push_str(UNBUILT);
    let names: Vec<String> =
        OPTIONS.iter().filter(|s| !s.built).map(|s| format!("`{}`", s.name)).collect();
    out.push_str(&names.join(", "));
    out.push_str(TIMES);
    for timeout in TIMEOUTS {
        let unit = match timeout.unit {
            Unit::Time(unit) => char::from(unit),
            Unit::Count => '#',
        };
        let default = timeout.default.map_or("system".to_owned(), |d| format!("{d} s"));
        let _ = writeln!(out, "| `{}` | {unit} | {default} |", timeout.name);
    }
    words(&mut out, "PrivacyOptions", &PRIVACY);
    words(&mut out, "DontBlameSendmail", &DONT_BLAME);
    out
}

const INTRODUCTION: &str = "\
# Options

This page is written from the table the program reads (`cf-parser/src/options/table.rs`).

`O Name=value` sets an option; a unique abbreviation of the name is taken with a message. `Oxvalue`
is the old form with a letter. On the command line they are `-O Name=value` and `-oxvalue`; options
that are not *safe* cost a set-user-ID program its privileges there. Values: **time** takes numbers
with the units w d h m s, and the unit in parentheses for a bare number; **bool** is true when empty
or beginning with t or y. Macros are expanded when the line is read (*read*) or when the value is
used (*use*), or not at all.

| Option | Letter | Value | Macros | Default | m4 | Safe | Meaning |
|---|---|---|---|---|---|---|---|
";

const UNBUILT: &str = "
Options of other builds of sendmail, which are refused as unknown names: ";

const TIMES: &str = ".

## Timeouts

`O Timeout.name=time`. `queuereturn` and `queuewarn` alone, or with `.*`, set all of their kind; the
word `now` is 0. The unit is that of a bare number; `#` is a count.

| Name | Unit | Default |
|---|---|---|
";

fn line(out: &mut String, spec: &OptionSpec) {
    let name = if spec.name.is_empty() { "(none)".to_owned() } else { format!("`{}`", spec.name) };
    let letter = spec.letter.map_or(String::new(), |l| format!("`{}`", char::from(l)));
    let macros = match spec.expansion {
        Expansion::Never => "",
        Expansion::Read => "read",
        Expansion::Late => "use",
    };
    let m4 = if spec.m4.is_empty() { String::new() } else { format!("`{}`", spec.m4) };
    let safe = if spec.safe { "yes" } else { "" };
    let (kind, default) = (kind(spec.kind), spec.default.replace('|', "\\|"));
    let summary = spec.summary.replace('|', "\\|");
    let _ = writeln!(
        out,
        "| {name} | {letter} | {kind} | {macros} | {default} | {m4} | {safe} | {summary} |"
    );
}

fn kind(kind: Kind) -> String {
    let word = match kind {
        Kind::Bool | Kind::SmtpUtf8 => "bool",
        Kind::Int | Kind::Long => "number",
        Kind::Slash => "number/number",
        Kind::Octal => "octal",
        Kind::Time(unit) => return format!("time ({})", char::from(unit)),
        Kind::Char => "character",
        Kind::Letter(letters) => return format!("one of `{letters}`"),
        Kind::Letters(letters) => return format!("letters of `{letters}`"),
        Kind::Word(words) => return words.join(", "),
        Kind::Text => "text",
        Kind::Template => "quoted text",
        Kind::List | Kind::Aliases => "list",
        Kind::User => "user[:group]",
        Kind::Group => "group",
        Kind::MacroDefinition => "macro and value",
        Kind::SortOrder | Kind::NoRecipient | Kind::MailboxDatabase => "word",
        Kind::Address => "[port@]address",
        Kind::LdapSpec => "map flags",
        Kind::Privacy | Kind::DontBlame => "words",
        Kind::Resolver | Kind::SslOptions => "flags",
        Kind::Timeout => "time or list",
        Kind::QueueTimeout => "time[/time]",
        Kind::Milter => "by suboption",
        Kind::Ports => "keys",
    };
    word.to_owned()
}

fn words(out: &mut String, title: &str, words: &[&str]) {
    let _ = write!(out, "\n## {title}\n\nWords, in any case, with anything else between them:");
    for word in words {
        let _ = write!(out, "\n- `{word}`");
    }
    out.push('\n');
}
