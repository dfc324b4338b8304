//! Options by name: withdrawn, of other builds, misspelt; set twice; without effect.

use std::collections::HashMap;
use std::ops::Range;

use cf_parser::Span;
use cf_parser::item::{Directive, OptionLine};
use cf_parser::options::{DONT_BLAME, Kind, OPTIONS, OptionSpec, PRIVACY, takes_suboption};

use super::Context;
use super::catalogue;
use super::finding::{Finding, shown};
use super::places::Places;
use super::suggest::nearest;

/// Options that sendmail had once, and what does their work.
const WITHDRAWN: [(&str, &str); 4] = [
    ("AutoRebuildAliases", "leave the line out; `newaliases` rebuilds the aliases"),
    ("D", "leave the line out; `newaliases` rebuilds the aliases"),
    ("N", "leave the line out; the name of a network is not needed any more"),
    ("W", "leave the line out; there is no wizard's password any more"),
];

/// Options that ask for what only root can do.
const ROOT_ONLY: [&str; 2] = ["SafeFileEnvironment", "DefaultUser"];

/// What a name that is no option may be.
pub(super) enum Unknown {
    /// One of older versions; what to do.
    Withdrawn(&'static str),
    /// One of other builds; its name.
    OtherBuild(&'static str),
    /// One that is nearly written so.
    Misspelt(&'static str),
    Nothing,
}

pub(super) fn unknown(name: &[u8]) -> Unknown {
    let same = |known: &str| match name {
        [_] => known.as_bytes() == name,
        _ => known.as_bytes().eq_ignore_ascii_case(name),
    };
    if let Some((_, instead)) = WITHDRAWN.iter().find(|(known, _)| same(known)) {
        return Unknown::Withdrawn(instead);
    }
    let other = |spec: &&OptionSpec| !spec.built && !spec.name.is_empty() && same(spec.name);
    if let Some(spec) = OPTIONS.iter().find(other) {
        return Unknown::OtherBuild(spec.name);
    }
    let known = || OPTIONS.iter().filter(|spec| spec.built && !spec.name.is_empty());
    let near = nearest(name, known().map(|spec| spec.name.as_bytes()));
    let near = near.and_then(|near| known().find(|spec| spec.name.as_bytes() == near));
    near.map_or(Unknown::Nothing, |spec| Unknown::Misspelt(spec.name))
}

/// The words that values of an option are made of, where they have names.
pub(super) fn words(option: &OptionSpec) -> Vec<&'static str> {
    match option.kind {
        Kind::Privacy => PRIVACY.to_vec(),
        Kind::DontBlame => DONT_BLAME.to_vec(),
        Kind::Word(words) => words.to_vec(),
        _ => Vec::new(),
    }
}

/// Where the name of an option stands: the letter of the short form, the name in front of a dot, `=` or
/// blank in the long form.
pub(super) fn name_at(source: &Places<'_>, span: Span) -> Option<Range<usize>> {
    let line = source.line(span.line);
    let text = source.text(line.clone());
    if text.get(1) != Some(&b' ') {
        return (text.len() > 1).then(|| line.start + 1..line.start + 2);
    }
    let rest = text.get(2..)?;
    let end =
        rest.iter().position(|b| matches!(b, b'=' | b'.' | b' ' | b'\t')).unwrap_or(rest.len());
    (end > 0).then(|| line.start + 2..line.start + 2 + end)
}

/// The option lines of a file.
fn lines<'a>(context: &Context<'a>) -> Vec<(Span, &'a OptionLine, &'static OptionSpec)> {
    let option = |item: &'a cf_parser::Item| match &item.directive {
        Directive::Option(line) => Some((item.span, line, OPTIONS.get(line.option)?)),
        _ => None,
    };
    context.outline.items.iter().filter_map(option).collect()
}

pub(super) fn check(context: &mut Context<'_>) {
    let lines = lines(context);
    repeated(context, &lines);
    suffixes(context, &lines);
    for_root(context, &lines);
    unsafe_on_command_line(context);
}

/// Whether a second line adds to the first instead of replacing it.
fn adds_up(line: &OptionLine, spec: &OptionSpec) -> bool {
    match spec.kind {
        Kind::Aliases
        | Kind::Privacy
        | Kind::DontBlame
        | Kind::Resolver
        | Kind::MacroDefinition
        | Kind::Ports
        | Kind::SslOptions
        | Kind::Letters(_)
        | Kind::QueueTimeout => true,
        Kind::Timeout | Kind::Milter => line.suboption.is_none(),
        _ => false,
    }
}

fn repeated(context: &mut Context<'_>, lines: &[(Span, &OptionLine, &'static OptionSpec)]) {
    let mut seen: HashMap<(usize, Vec<u8>), (Span, &OptionLine)> = HashMap::new();
    for (span, line, spec) in lines {
        if adds_up(line, spec) {
            continue;
        }
        let sub = match takes_suboption(line.option) {
            true => line.suboption.clone().unwrap_or_default().to_ascii_lowercase(),
            false => Vec::new(),
        };
        let before = seen.insert((line.option, sub), (*span, line));
        let Some((first, _)) = before.filter(|(_, other)| other.value != line.value) else {
            continue;
        };
        let (at, earlier) = (context.source.logical(*span), context.source.logical(first));
        let name = if spec.name.is_empty() { "the option" } else { spec.name };
        let message = format!("{name} is set again, to something else");
        let mut finding = Finding::new(&catalogue::OPTION_REPEATED, at, message);
        if let Some(earlier) = earlier {
            finding = finding.note_at(earlier, "this line has no effect");
        }
        context.report(finding);
    }
}

fn suffixes(context: &mut Context<'_>, lines: &[(Span, &OptionLine, &'static OptionSpec)]) {
    for (span, line, spec) in lines {
        let Some(sub) = line.suboption.as_ref().filter(|_| !takes_suboption(line.option)) else {
            continue;
        };
        let dotted = [b".", &sub[..]].concat();
        let at = context.source.find(*span, &dotted);
        let message = format!("`{}` behind {} is not read", shown(&dotted), spec.name);
        context.report(Finding::new(&catalogue::OPTION_SUFFIX, at, message));
    }
}

/// Options that a submission program, which nobody runs as root, passes over.
fn for_root(context: &mut Context<'_>, lines: &[(Span, &OptionLine, &'static OptionSpec)]) {
    if !context.subject.configuration.options.flag("UseMSP", false) {
        return;
    }
    for (span, line, spec) in lines {
        if !ROOT_ONLY.contains(&spec.name) || line.value.is_empty() {
            continue;
        }
        let at = context.source.logical(*span);
        let message = format!("{} does nothing in a file for submission", spec.name);
        let finding = Finding::new(&catalogue::OPTION_NEEDS_ROOT, at, message);
        context
            .report(finding.note("with UseMSP the program runs as the user who submits a message"));
    }
}

/// Options of the command line for which sendmail gives up its privileges (OPT-011).
fn unsafe_on_command_line(context: &mut Context<'_>) {
    for text in context.subject.options {
        let (Some(line), _) = cf_parser::parse_option(text) else { continue };
        let Some(spec) = OPTIONS.get(line.option).filter(|spec| !spec.safe) else { continue };
        let value = ruleset_vm::macros::bytes(&line.value);
        // `$r` and `$s` may be set by anybody
        if spec.kind == Kind::MacroDefinition && matches!(value.first(), Some(b'r' | b's')) {
            continue;
        }
        let name = if spec.name.is_empty() { "the option" } else { spec.name };
        let message = format!(
            "{name} on the command line costs a user who is not root the privileges of sendmail"
        );
        context.report(Finding::new(&catalogue::OPTION_UNSAFE, None, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cf_parser::options::{Found, by_name};

    fn exact(name: &str) -> bool {
        matches!(by_name(name.as_bytes()), Found::Exact(_))
    }

    #[test]
    fn withdrawn_options_are_unknown_to_sendmail() {
        for (name, _) in WITHDRAWN.iter().filter(|(name, _)| name.len() > 1) {
            assert!(!exact(name), "{name}");
        }
        for (name, _) in WITHDRAWN.iter().filter(|(name, _)| name.len() == 1) {
            let letter = name.as_bytes()[0];
            assert!(cf_parser::options::by_letter(letter).is_none(), "{name}");
        }
        for name in ROOT_ONLY {
            assert!(exact(name), "{name}");
        }
    }
}
