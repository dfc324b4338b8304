//! That two files are the same configuration.

use cf_parser::item::{Directive, OptionLine};
use cf_parser::options::OPTIONS;
use cf_parser::{Diagnostic, Severity, Span, parse};
use ruleset_vm::load::Configuration;
use thiserror::Error;

use crate::nowhere;
use crate::show::Look;

/// The laid out file reads as another configuration.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Differs {
    /// A line says something else.
    #[error("line {line} would say something else")]
    Line {
        /// Its number.
        line: u32,
    },
    /// There are more or fewer lines.
    #[error("the number of lines would change")]
    Count,
    /// Every line is the same, but not what was loaded.
    #[error("the loaded {what} would change")]
    Loaded {
        /// Rules, mailers, ...
        what: &'static str,
    },
}

/// Whether two files say the same line for line, and load the same.
pub(super) fn same(before: &[u8], after: &[u8]) -> Result<(), Differs> {
    let (old, old_said) = parse(before);
    let (new, new_said) = parse(after);
    for (old, new) in old.items.iter().zip(&new.items) {
        let same = old.directive == new.directive || plain(&old.directive) == plain(&new.directive);
        if !same {
            return Err(Differs::Line { line: old.span.line });
        }
    }
    if old.items.len() != new.items.len() {
        return Err(Differs::Count);
    }
    let (old, old_said) = nowhere::load(&old, old_said);
    let (new, new_said) = nowhere::load(&new, new_said);
    loaded_same(&old, &new)?;
    match said(&old_said) == said(&new_said) {
        true => Ok(()),
        false => Err(Differs::Loaded { what: "messages" }),
    }
}

/// Whether a line says the same alone, in a file of this level.
pub(super) fn same_line(level: i32, before: &[u8], after: &[u8]) -> bool {
    if before == after {
        return true;
    }
    // Only the first line of a file can begin so: behind another line it would belong to that.
    if before.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        return false;
    }
    let read = |line: &[u8]| {
        // What `Q` and `R` lines need in front of them.
        let mut file = format!("V{level}\nOQ/\nSx\n").into_bytes();
        file.extend_from_slice(line);
        let (config, diagnostics) = parse(&file);
        let items: Vec<_> = config.items.iter().map(|item| plain(&item.directive)).collect();
        (items, said(&diagnostics))
    };
    read(before) == read(after)
}

/// The messages that count, without their places and with one blank for any of the lines they quote:
/// that an option was abbreviated is none.
fn said(diagnostics: &[Diagnostic]) -> Vec<(Vec<u8>, Severity)> {
    let counts = |d: &&Diagnostic| d.severity != Severity::Note;
    diagnostics.iter().filter(counts).map(|d| (one_blank(&d.text), d.severity)).collect()
}

/// The text with one blank for each row of them.
fn one_blank(text: &[u8]) -> Vec<u8> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// The directive without places and blanks that mean nothing, an option by name where it is by letter.
fn plain(directive: &Directive) -> Directive {
    let mut directive = directive.clone();
    match &mut directive {
        Directive::Mailer { equates, .. }
        | Directive::QueueGroup { equates, .. }
        | Directive::Milter { equates, .. } => {
            equates.iter_mut().for_each(|equate| equate.span = Span::default());
        }
        // Nobody reads it but people.
        Directive::Rule { comment, .. } => *comment = one_blank(comment),
        Directive::Option(OptionLine { short, option, .. }) => {
            *short &= OPTIONS.get(*option).is_none_or(|spec| spec.name.is_empty());
        }
        _ => {}
    }
    directive
}

/// Whether two loaded configurations do the same.
fn loaded_same(old: &Configuration, new: &Configuration) -> Result<(), Differs> {
    let check = |same: bool, what| if same { Ok(()) } else { Err(Differs::Loaded { what }) };
    check(rules(old) == rules(new), "rules")?;
    check(old.mailers == new.mailers, "mailers")?;
    check(old.precedences == new.precedences, "precedences")?;
    check(old.environment == new.environment, "environment")?;
    check(old.headers == new.headers, "headers")?;
    check(old.level == new.level, "level")
}

/// Every rule as test mode lists it.
fn rules(configuration: &Configuration) -> Vec<Vec<u8>> {
    let program = &configuration.program;
    let table = ruleset_vm::token::TokenTable::new(std::sync::Arc::clone(program.texts()));
    let list = |number| Look::default().rules(program, number, &table);
    (0..ruleset_vm::limits::MAX_RULESETS).map(list).collect()
}
