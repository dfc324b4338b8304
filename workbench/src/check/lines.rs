//! Lines as they stand in the file: blanks for tabs, continuations nobody meant, names cut short.

use std::ops::Range;

use cf_parser::item::Directive;
use cf_parser::{Span, parse};

use super::Context;
use super::catalogue;
use super::finding::{Edit, Finding, Severity, shown};
use super::flow::Callee;

pub(super) fn check(context: &mut Context<'_>) {
    tabs(context);
    continuations(context);
    ruleset_names(context);
    called_names(context);
    nul_bytes(context);
    reopened(context);
}

/// Rules without a tab.
fn tabs(context: &mut Context<'_>) {
    for said in context.subject.diagnostics {
        if !said.text.ends_with(b"(tab expected)") {
            continue;
        }
        let Some(line) = context.source.logical(said.span) else { continue };
        let text = context.source.text(line.clone());
        let runs = blank_runs(text);
        let message = "blanks separate the sides of this rule; it takes a tab, and without one the rule is left out";
        let mut at = context.source.line(said.span.line);
        let mut finding = None;
        if let [only] = &runs[..] {
            at = line.start + only.start..line.start + only.end;
            let edit = Edit { at: at.clone(), text: b"\t".to_vec() };
            if is_rule_with(text, only) {
                let base = Finding::new(&catalogue::TAB_MISSING, Some(at.clone()), message);
                finding = Some(base.fix("put a tab here", vec![edit]));
            }
        }
        let finding = finding.unwrap_or_else(|| {
            let base = Finding::new(&catalogue::TAB_MISSING, Some(at), message);
            match context.source.text(line.clone()).contains(&b'#') {
                true => base.note("`#` begins a comment: what stands behind it does not count"),
                false => base.help("put a tab between the sides"),
            }
        });
        let finding = Finding { sendmail: Some(said.text.clone()), ..finding };
        context.report(finding);
    }
}

/// Runs of two blanks or more in front of which and behind which something stands.
fn blank_runs(text: &[u8]) -> Vec<Range<usize>> {
    let text = text.trim_ascii_end();
    let mut runs = Vec::new();
    let mut at = 1;
    while at < text.len() {
        let length = text.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
        if length > 1 && at > 1 {
            runs.push(at..at + length);
        }
        at += length.max(1);
    }
    runs
}

/// Whether a rule comes about, without a word of complaint, when a tab stands in place of the blanks.
fn is_rule_with(text: &[u8], blanks: &Range<usize>) -> bool {
    let (before, rest) = text.split_at(blanks.start);
    let behind = rest.get(blanks.len()..).unwrap_or_default();
    let file = [b"V10\nSx\n", before, b"\t", behind, b"\n"].concat();
    let (config, diagnostics) = parse(&file);
    let rule = config.items.iter().find_map(|item| match &item.directive {
        Directive::Rule { lhs, rhs, .. } => Some((lhs, rhs)),
        _ => None,
    });
    let Some((lhs, rhs)) = rule else { return false };
    diagnostics.is_empty() && super::rules::sides_fit(lhs, rhs)
}

/// Physical lines that continue the one above without looking like it.
fn continuations(context: &mut Context<'_>) {
    let lines = u32::try_from(context.source.lines()).unwrap_or(u32::MAX);
    let mut comment = false;
    let mut first = 1;
    for number in 1..=lines {
        let text = context.source.line_text(number);
        if !matches!(text.first(), Some(b' ' | b'\t')) {
            comment = text.first() == Some(&b'#');
            first = number;
            continue;
        }
        if comment || number == 1 {
            continue;
        }
        if text.trim_ascii().is_empty() {
            looks_empty(context, number, first);
        } else if looks_like_a_line(text.trim_ascii_start()) {
            swallowed(context, number, first);
        }
    }
}

/// The last line of the logical line that `number` belongs to, if anything but blanks stands on it.
fn goes_on(context: &Context<'_>, number: u32) -> Option<u32> {
    let mut next = number + 1;
    loop {
        let text = context.source.line_text(next);
        if !matches!(text.first(), Some(b' ' | b'\t')) {
            return None;
        }
        if !text.trim_ascii().is_empty() {
            return Some(next);
        }
        next += 1;
    }
}

fn looks_empty(context: &mut Context<'_>, number: u32, first: u32) {
    let at = context.source.line(number);
    let above = context.source.line(first);
    let nothing = context.source.line_text(first).is_empty();
    let message = "this line is not empty: it continues the line above";
    let finding = Finding::new(&catalogue::LINE_CONTINUES, Some(at.clone()), message);
    let finding = match goes_on(context, number) {
        Some(next) => finding
            .note_at(above, "the line that it continues")
            .note_at(context.source.line(next), "and so this belongs to it, too"),
        // an empty line with blanks behind it is an unknown line, of which sendmail tells
        None if nothing => return,
        None => {
            let edit = Edit { at, text: Vec::new() };
            finding.as_severity(Severity::Note).fix("take the blanks away", vec![edit])
        }
    };
    context.report(finding);
}

/// Whether an indented text is made like a line of its own: a rule, an option, a map, a mailer.
fn looks_like_a_line(text: &[u8]) -> bool {
    match text.first() {
        Some(b'R') => {
            let (lhs, rhs) = text.split_at(memchr::memchr(b'\t', text).unwrap_or(0));
            memchr::memchr(b'$', lhs).is_some() && memchr::memchr(b'$', rhs).is_some()
        }
        Some(b'O') => {
            let name = text.strip_prefix(b"O ").unwrap_or_default();
            let end = name.iter().position(|b| *b == b'=' || *b == b'.').unwrap_or(0);
            let name = name.get(..end).unwrap_or_default();
            matches!(cf_parser::options::by_name(name), cf_parser::options::Found::Exact(_))
        }
        Some(b'K') => {
            let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let (_, class) = (words.next(), words.next());
            let known: [&[u8]; 6] = [b"hash", b"btree", b"dbm", b"text", b"regex", b"dns"];
            class.is_some_and(|class| known.contains(&class))
        }
        Some(b'M') => {
            let comma = memchr::memchr(b',', text);
            comma.is_some_and(|at| {
                text.get(at + 1..).unwrap_or_default().trim_ascii_start().starts_with(b"P=")
            })
        }
        _ => false,
    }
}

fn swallowed(context: &mut Context<'_>, number: u32, first: u32) {
    let at = context.source.line(number);
    let above = context.source.line(first);
    let message = "this is no line of its own: it is indented, and so belongs to the line above";
    let finding = Finding::new(&catalogue::LINE_SWALLOWED, Some(at), message);
    context.report(
        finding.note_at(above, "the line that it belongs to").help("begin it in the first column"),
    );
}

/// What of a name behind `S` is read, and what is left.
fn cut_name(name: &[u8]) -> (&[u8], &[u8]) {
    let is_digit = name.first().is_some_and(u8::is_ascii_digit);
    let belongs = |byte: &u8| match is_digit {
        true => byte.is_ascii_digit(),
        false => byte.is_ascii_alphanumeric() || *byte == b'_',
    };
    name.split_at(name.iter().position(|byte| !belongs(byte)).unwrap_or(name.len()))
}

/// What a number with letters for digits may have been meant for: `1O` for `10`.
fn with_digits(name: &[u8]) -> Option<String> {
    let digit = |byte: &u8| match byte {
        b'O' | b'o' => Some('0'),
        b'l' | b'I' => Some('1'),
        digit if digit.is_ascii_digit() => Some(char::from(*digit)),
        _ => None,
    };
    name.iter().map(digit).collect()
}

fn cut_short(base: Finding, name: &[u8]) -> Finding {
    match with_digits(name) {
        Some(digits) => base.help(format!("there is a letter in it; perhaps `{digits}` is meant")),
        None => base,
    }
}

/// `S1O`, `Sa-b`.
fn ruleset_names(context: &mut Context<'_>) {
    for item in context.outline.items {
        let Directive::Ruleset(text) = &item.directive else { continue };
        // of an expanded name nothing is known here
        if text.iter().any(|piece| !matches!(piece, cf_parser::Piece::Byte(_))) {
            continue;
        }
        let text = ruleset_vm::macros::bytes(text);
        let whole = text.trim_ascii();
        let word =
            whole.split(|b| b.is_ascii_whitespace() || *b == b'=').next().unwrap_or_default();
        let (name, lost) = cut_name(word);
        if name.is_empty() || lost.is_empty() {
            continue;
        }
        let at = context.source.find(item.span, word);
        let message = format!("`{}` is read as ruleset `{}`", shown(word), shown(name));
        let base = Finding::new(&catalogue::RULESET_NAME_CUT, at, message);
        context.report(cut_short(base, word));
    }
}

/// `$>1O`
fn called_names(context: &mut Context<'_>) {
    let mut findings = Vec::new();
    for (span, callee) in context.flow.sets.iter().flat_map(|set| &set.calls) {
        let Callee::Known(_, word) = callee else { continue };
        let (name, lost) = cut_name(word);
        if lost.is_empty() || name.is_empty() {
            continue;
        }
        let at = context.source.find(*span, word);
        let message = format!("`$>{}` calls ruleset `{}`", shown(word), shown(name));
        let base = Finding::new(&catalogue::RULESET_NAME_CUT, at, message);
        findings.push(cut_short(base, word));
    }
    context.findings.extend(findings);
}

fn nul_bytes(context: &mut Context<'_>) {
    let at = memchr::memchr_iter(0, context.subject.bytes);
    let mut last = 0;
    for at in at {
        let (line, _) = context.source.position(at);
        if line == last || context.source.line_text(line).first() == Some(&b'#') {
            continue;
        }
        last = line;
        let message = "a zero byte ends this line: what stands behind it is not read";
        context.report(Finding::new(&catalogue::NUL_BYTE, Some(at..at + 1), message));
    }
}

/// Rulesets with more than one `S` line that have rules behind each.
fn reopened(context: &mut Context<'_>) {
    let mut findings = Vec::new();
    let mut with_rules: Vec<(usize, Span)> = Vec::new();
    let mut items = context.outline.items.iter().peekable();
    let mut declared = context.flow.declared.iter().copied();
    while let Some(item) = items.next() {
        if !matches!(item.directive, Directive::Ruleset(_)) {
            continue;
        }
        let Some((number, _)) = declared.clone().find(|(_, span)| *span == item.span) else {
            continue;
        };
        declared.next();
        let has_rules =
            items.peek().is_some_and(|next| matches!(next.directive, Directive::Rule { .. }));
        if !has_rules {
            continue;
        }
        if let Some((_, first)) = with_rules.iter().find(|(known, _)| *known == number) {
            let name = context.subject.configuration.program.name(number);
            let message =
                format!("ruleset `{}` has rules already, and these are added", shown(&name));
            let at = context.source.logical(item.span);
            let finding = Finding::new(&catalogue::RULESET_REOPENED, at, message);
            findings.push(match context.source.logical(*first) {
                Some(first) => finding.note_at(first, "it was begun here"),
                None => finding,
            });
        } else {
            with_rules.push((number, item.span));
        }
    }
    context.findings.extend(findings);
}
