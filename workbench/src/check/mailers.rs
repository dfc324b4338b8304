//! Mailers, their flags, headers for flags, filters.

use std::collections::BTreeSet;

use cf_parser::item::{Directive, HeaderCondition};
use ruleset_vm::mailer::find;
use ruleset_vm::mailer_flags::FLAGS;

use super::Context;
use super::catalogue;
use super::finding::{Finding, shown};
use super::suggest::nearest;

/// What stands behind `$#` without being a mailer.
const NO_MAILERS: [&[u8]; 2] = [b"error", b"discard"];

/// Mailers that are used without a rule that names them.
const OWN_MAILERS: [&[u8]; 4] = [b"local", b"prog", b"*file*", b"*include*"];

/// Flags that m4 asks for in headers, whether a mailer has them or not.
const STOCK_FLAGS: &[u8] = b"DFMPx";

pub(super) fn check(context: &mut Context<'_>) {
    undefined(context);
    unused(context);
    flags(context);
    header_flags(context);
    filters(context);
}

fn undefined(context: &mut Context<'_>) {
    let mailers = &context.subject.configuration.mailers;
    let mut findings = Vec::new();
    let sets = context.flow.resolving.iter().filter_map(|number| context.flow.sets.get(*number));
    for (span, target) in sets.flat_map(|set| &set.targets) {
        let Some(name) = target else { continue };
        let known = find(mailers, name).is_some()
            || NO_MAILERS.iter().any(|other| other.eq_ignore_ascii_case(name));
        if known {
            continue;
        }
        let at = context.source.find(*span, name);
        let message = format!("there is no mailer `{}`", shown(name));
        let finding = Finding::new(&catalogue::MAILER_UNDEFINED, at, message);
        let near = nearest(name, mailers.iter().map(|mailer| &mailer.name[..]));
        findings.push(match near {
            Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
            None => finding,
        });
    }
    context.findings.extend(findings);
}

fn unused(context: &mut Context<'_>) {
    if context.flow.dynamic_mailers {
        return;
    }
    let used: BTreeSet<Vec<u8>> = context
        .flow
        .sets
        .iter()
        .flat_map(|set| &set.targets)
        .filter_map(|(_, name)| Some(name.as_ref()?.to_ascii_lowercase()))
        .collect();
    for item in context.outline.items {
        let Directive::Mailer { name, .. } = &item.directive else { continue };
        let folded = name.to_ascii_lowercase();
        if used.contains(&folded) || OWN_MAILERS.contains(&&folded[..]) {
            continue;
        }
        let at = context.source.find(item.span, name);
        let message = format!("no rule resolves to mailer `{}`", shown(name));
        context.findings.push(Finding::new(&catalogue::MAILER_UNUSED, at, message));
    }
}

/// The flags that `H` lines ask for.
fn asked_flags(context: &Context<'_>) -> BTreeSet<u8> {
    let condition = |item: &cf_parser::Item| match &item.directive {
        Directive::Header(header) => match &header.condition {
            HeaderCondition::MailerFlags(flags) => Some(flags.clone()),
            _ => None,
        },
        _ => None,
    };
    context.outline.items.iter().filter_map(condition).flatten().collect()
}

fn flags(context: &mut Context<'_>) {
    let asked = asked_flags(context);
    for item in context.outline.items {
        let Directive::Mailer { name, equates } = &item.directive else { continue };
        for equate in equates.iter().filter(|equate| equate.letter == b'F') {
            let value = ruleset_vm::macros::bytes(&equate.value);
            for flag in value {
                let known = FLAGS.iter().any(|row| row.flag == flag)
                    || asked.contains(&flag)
                    || flag.is_ascii_whitespace();
                if known {
                    continue;
                }
                let line = context.source.line(equate.span.line);
                let start = line.start + (equate.span.column as usize).saturating_sub(1);
                let at = context.source.find_in(start..line.end, &[flag]);
                let at = at.or_else(|| context.source.logical(item.span));
                let message =
                    format!("flag `{}` of mailer `{}` means nothing", shown(&[flag]), shown(name));
                context.findings.push(Finding::new(&catalogue::MAILER_FLAG, at, message));
            }
        }
    }
}

fn header_flags(context: &mut Context<'_>) {
    let mailers = &context.subject.configuration.mailers;
    for item in context.outline.items {
        let Directive::Header(header) = &item.directive else { continue };
        let HeaderCondition::MailerFlags(flags) = &header.condition else { continue };
        let can = flags.iter().any(|flag| {
            STOCK_FLAGS.contains(flag) || mailers.iter().any(|mailer| mailer.flags.has(*flag))
        });
        if can || flags.is_empty() {
            continue;
        }
        let at = context.source.logical(item.span);
        let message =
            format!("no mailer has the flag `{}`: the header is never added", shown(flags));
        context.findings.push(Finding::new(&catalogue::HEADER_FLAG, at, message));
    }
}

/// Filters, and what calls them.
fn filters(context: &mut Context<'_>) {
    let options = &context.subject.configuration.options;
    let mut named: Vec<(Vec<u8>, cf_parser::Span)> = Vec::new();
    for setting in options.all("InputMailFilters") {
        let value = ruleset_vm::macros::bytes(&setting.value);
        let words = value.split(|byte| matches!(byte, b',' | b';' | b' ' | b'\t'));
        named.extend(words.filter(|w| !w.is_empty()).map(|word| (word.to_vec(), setting.span)));
    }
    let of_listeners: Vec<u8> = options
        .all("DaemonPortOptions")
        .flat_map(|setting| [ruleset_vm::macros::bytes(&setting.value), b"\n".to_vec()].concat())
        .collect();
    let defined = |item: &cf_parser::Item| match &item.directive {
        Directive::Milter { name, .. } => Some((name.clone(), item.span)),
        _ => None,
    };
    let defined: Vec<_> = context.outline.items.iter().filter_map(defined).collect();
    let same = |a: &[u8], b: &[u8]| a.eq_ignore_ascii_case(b);
    for (name, span) in &named {
        if defined.iter().any(|(known, _)| same(known, name)) {
            continue;
        }
        let at = context.source.find(*span, name);
        let message = format!("there is no filter `{}`", shown(name));
        context.findings.push(Finding::new(&catalogue::FILTER_UNDEFINED, at, message));
    }
    for (name, span) in &defined {
        let listener = memchr::memmem::find(&of_listeners, name).is_some();
        if listener || named.iter().any(|(known, _)| same(known, name)) {
            continue;
        }
        let at = context.source.find(*span, name);
        let message = format!("nothing calls the filter `{}`", shown(name));
        context.findings.push(Finding::new(&catalogue::FILTER_UNUSED, at, message));
    }
}
