//! Names that nothing defines, and definitions that nothing uses.

use std::collections::BTreeSet;

use cf_parser::predefined::{CLASSES, MACROS, MacroSpec, Start};
use cf_parser::{Name, Span};

use super::Context;
use super::catalogue;
use super::finding::{Finding, Severity, shown};
use super::flow::{self, Callee};
use super::outline::Use;
use super::suggest::nearest;

/// Classes that rules of the m4 package ask for in every file, whether the site fills them or not, or that the
/// program fills while it runs.
const STOCK_CLASSES: [&str; 27] = [
    ".",
    "[",
    "TrustAuthMech",
    "SMTPOpModes",
    "cert_altnames",
    "B",
    "E",
    "G",
    "L",
    "M",
    "N",
    "O",
    "P",
    "R",
    "U",
    "V",
    "W",
    "X",
    "Y",
    "Z",
    "VirtHost",
    "Canonify",
    "LDAPRoute",
    "LDAPRouteEquiv",
    "GenericsDomain",
    "ResOk",
    "TLS_Name",
];

/// Macros that rules of the m4 package read whether the site sets them or not: relays, hubs, names to hide
/// behind.
const STOCK_MACROS: [&str; 10] = ["B", "C", "F", "H", "M", "U", "V", "W", "X", "Y"];

/// Rulesets that the m4 package writes whether they are called or not.
const STOCK_RULESETS: [&str; 5] =
    ["MasqRelay", "Delay_TLS_Clt2", "RelayTLS", "STS_disabled", "DANE_disabled"];

/// Maps that the program asks by itself.
const OWN_MAPS: [&str; 4] = ["host", "aliases", "user", "userdb"];

/// Maps of these classes are tools, which m4 declares in every file.
const TOOLS: [&str; 4] = ["dequote", "arith", "macro", "syslog"];

pub(super) fn check(context: &mut Context<'_>) {
    rulesets(context);
    referred(context);
    unused_rulesets(context);
    macros(context);
    late_macros(context);
    unused_macros(context);
    classes(context);
    maps(context);
}

fn rulesets(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let names = program.names();
    let mut findings = Vec::new();
    for (span, callee) in context.flow.sets.iter().flat_map(|set| &set.calls) {
        match callee {
            Callee::Unknown(name) => {
                let at = context.source.find(*span, name);
                let message = format!("ruleset `{}` is called, but not defined", shown(name));
                let finding = Finding::new(&catalogue::RULESET_UNDEFINED, at, message);
                let near = nearest(name, names.iter().map(Vec::as_slice));
                findings.push(match near {
                    Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
                    None => finding,
                });
            }
            Callee::Known(number, name) => {
                let has_rules = program.ruleset(*number).is_some_and(|set| !set.rules.is_empty());
                if has_rules || context.flow.is_declared(*number) {
                    continue;
                }
                let at = context.source.find(*span, name);
                let message = format!(
                    "ruleset `{}` is called, but has no rules: nothing happens",
                    shown(name)
                );
                let finding = Finding::new(&catalogue::RULESET_UNDEFINED, at, message);
                findings.push(finding.as_severity(Severity::Note));
            }
            Callee::Dynamic => {}
        }
    }
    context.findings.extend(findings);
}

/// Rulesets that mailers and headers name.
fn referred(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let names: Vec<Vec<u8>> = context
        .flow
        .declared
        .iter()
        .filter_map(|(number, _)| program.shown_name(*number).map(<[u8]>::to_vec))
        .collect();
    for (number, name, span) in flow::referred(&context.subject) {
        let has_rules = program.ruleset(number).is_some_and(|set| !set.rules.is_empty());
        if number == 0 || has_rules || context.flow.is_declared(number) {
            continue;
        }
        let header = context.source.line_text(span.line).first() == Some(&b'H');
        let check = if header { &catalogue::RULESET_UNDEFINED } else { &catalogue::MAILER_RULESET };
        let at = context.source.find(span, &name);
        let message = format!("ruleset `{}` is named here, but not defined", shown(&name));
        let mut finding = Finding::new(check, at, message);
        if name.first().is_some_and(u8::is_ascii_digit) {
            finding = finding.as_severity(Severity::Note);
        } else if header {
            finding = finding.as_severity(Severity::Warning);
        }
        context.report(match nearest(&name, names.iter().map(Vec::as_slice)) {
            Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
            None => finding,
        });
    }
}

fn unused_rulesets(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let mut told = BTreeSet::new();
    let declared = context.flow.declared.clone();
    for (number, span) in declared {
        let has_rules = program.ruleset(number).is_some_and(|set| !set.rules.is_empty());
        if !has_rules || context.flow.reached.contains(&number) || !told.insert(number) {
            continue;
        }
        let name = shown(&program.name(number));
        if STOCK_RULESETS.contains(&name.as_str()) {
            continue;
        }
        let message = format!("nothing calls ruleset `{name}`");
        let at = context.source.logical(span);
        context.report(Finding::new(&catalogue::RULESET_UNUSED, at, message));
    }
}

/// The row of a macro that the program knows.
fn own_macro(name: &Name) -> Option<&'static MacroSpec> {
    MACROS.iter().find(|spec| spec.name.as_bytes() == name.as_bytes())
}

/// A name as it is written behind `sign`.
fn written(sign: &[u8], name: &Name) -> Vec<u8> {
    let mut out = sign.to_vec();
    name.write(&mut out);
    out
}

/// Where a name stands behind one of these signs.
fn place(
    context: &Context<'_>,
    span: Span,
    signs: &[&[u8]],
    name: &Name,
) -> Option<std::ops::Range<usize>> {
    let whole = context.source.logical(span)?;
    let find = |sign: &&[u8]| context.source.find_in(whole.clone(), &written(sign, name));
    signs.iter().find_map(find).or_else(|| Some(context.source.line(span.line)))
}

/// Macros that nothing defines, and those that have no value yet when a rule is read.
fn macros(context: &mut Context<'_>) {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for mention in &context.outline.macro_uses {
        let name = &mention.name;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let known = context.outline.macros.contains_key(name)
            || context.subject.configuration.macros.is_defined(name.as_bytes())
            || STOCK_MACROS.iter().any(|stock| stock.as_bytes() == name.as_bytes())
            || !name.as_bytes().iter().all(is_name);
        if known || mention.how == Use::Asked {
            continue;
        }
        let at = place(context, mention.span, &[b"$&", b"$"], name);
        let sign = if mention.how == Use::Deferred { &b"$&"[..] } else { b"$" };
        let text = shown(&written(sign, name));
        let spec = own_macro(name);
        if let Some(spec) = spec {
            if mention.how == Use::Rule && spec.start == Start::Undefined {
                let message = format!("`{text}` has no value yet when this rule is read");
                let finding = Finding::new(&catalogue::MACRO_AMPERSAND, at, message);
                let deferred = shown(&written(b"$&", name));
                findings.push(
                    finding
                        .note(format!("its value comes later: {}", spec.set))
                        .help(format!("write `{deferred}`")),
                );
            }
            continue;
        }
        let later = matches!(mention.how, Use::Deferred | Use::Late);
        let stored = later && context.outline.stored.contains(name);
        if stored || !told.insert(name.clone()) {
            continue;
        }
        let message = format!("nothing defines `{text}`: it stands for nothing");
        let finding = Finding::new(&catalogue::MACRO_UNDEFINED, at, message);
        let known = context.outline.macros.keys().map(Name::as_bytes);
        let known = known.chain(MACROS.iter().map(|spec| spec.name.as_bytes()));
        findings.push(match nearest(name.as_bytes(), known) {
            Some(near) => {
                finding.help(format!("perhaps `{}`", shown(&written(sign, &Name::new(near)))))
            }
            None => finding,
        });
    }
    context.findings.extend(findings);
}

/// Macros that are used above their definition.
fn late_macros(context: &mut Context<'_>) {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for mention in &context.outline.macro_uses {
        let name = &mention.name;
        if !matches!(mention.how, Use::Rule | Use::Read) {
            continue;
        }
        let Some(first) = context.outline.macros.get(name).and_then(|spans| spans.first()) else {
            continue;
        };
        let starts = own_macro(name).is_some_and(|spec| spec.start != Start::Undefined);
        if starts || mention.span.line >= first.line || !told.insert(name.clone()) {
            continue;
        }
        let at = place(context, mention.span, &[b"$"], name);
        let text = shown(&written(b"$", name));
        let message = format!("`{text}` is defined further down: it stands for nothing here");
        let finding = Finding::new(&catalogue::MACRO_LATE, at, message);
        findings.push(match context.source.logical(*first) {
            Some(place) => finding.note_at(place, "it is defined here"),
            None => finding,
        });
    }
    context.findings.extend(findings);
}

fn unused_macros(context: &mut Context<'_>) {
    let used: BTreeSet<&Name> =
        context.outline.macro_uses.iter().map(|mention| &mention.name).collect();
    let mut findings = Vec::new();
    for (name, spans) in &context.outline.macros {
        if used.contains(name) || own_macro(name).is_some() {
            continue;
        }
        let Some(span) = spans.first() else { continue };
        let at = context.source.logical(*span);
        // m4 writes these whether they are needed or not
        if context.source.text(at.clone().unwrap_or(0..0)).trim_ascii().len() <= 2 {
            continue;
        }
        let message = format!("nothing uses `{}`", shown(&written(b"$", name)));
        findings.push(Finding::new(&catalogue::MACRO_UNUSED, at, message));
    }
    context.findings.extend(findings);
}

fn classes(context: &mut Context<'_>) {
    let own = |name: &Name| CLASSES.iter().any(|spec| spec.name.as_bytes() == name.as_bytes());
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for (name, span) in &context.outline.class_uses {
        let stock = STOCK_CLASSES.iter().any(|stock| stock.as_bytes() == name.as_bytes());
        if context.outline.classes.contains_key(name) || own(name) || stock {
            continue;
        }
        if !told.insert(name.clone()) {
            continue;
        }
        let at = place(context, *span, &[b"$=", b"$~"], name);
        let message = format!("class `{}` has no members", shown(&written(b"", name)));
        let finding = Finding::new(&catalogue::CLASS_UNDEFINED, at, message);
        let known = context.outline.classes.keys().map(Name::as_bytes);
        findings.push(match nearest(name.as_bytes(), known) {
            Some(near) => {
                finding.help(format!("perhaps `{}`", shown(&written(b"$=", &Name::new(near)))))
            }
            None => finding,
        });
    }
    let used: BTreeSet<&Name> = context.outline.class_uses.iter().map(|(name, _)| name).collect();
    for (name, spans) in &context.outline.classes {
        let stock = STOCK_CLASSES.iter().any(|stock| stock.as_bytes() == name.as_bytes());
        if used.contains(name) || own(name) || stock {
            continue;
        }
        let at = spans.first().and_then(|span| context.source.logical(*span));
        let message = format!("no rule asks for class `{}`", shown(&written(b"", name)));
        findings.push(Finding::new(&catalogue::CLASS_UNUSED, at, message));
    }
    context.findings.extend(findings);
}

fn maps(context: &mut Context<'_>) {
    let same = |a: &[u8], b: &[u8]| a.eq_ignore_ascii_case(b);
    let outline = &context.outline;
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    for (name, span) in &outline.map_uses {
        let declared = outline.maps.iter().any(|map| same(&map.name, name))
            || context.subject.maps.iter().any(|map| same(&map.name, name));
        let odd = name.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"_.".contains(byte));
        if declared || odd || !told.insert(name.to_ascii_lowercase()) {
            continue;
        }
        let at = context.source.find(*span, name);
        let message = format!("map `{}` is asked, but not declared", shown(name));
        let finding = Finding::new(&catalogue::MAP_UNDEFINED, at, message);
        let known = outline.maps.iter().map(|map| &map.name[..]);
        findings.push(match nearest(name, known) {
            Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
            None => finding,
        });
    }
    for map in outline.maps.iter().filter(|_| !outline.dynamic_maps) {
        let used = outline.map_uses.iter().any(|(name, _)| same(name, &map.name));
        let own = OWN_MAPS.iter().any(|own| map.name.starts_with(own.as_bytes()));
        let tool = TOOLS.iter().any(|tool| tool.as_bytes() == map.class);
        if used || own || tool || map.name.is_empty() {
            continue;
        }
        let at = context.source.logical(map.span);
        let message = format!("no rule asks map `{}`", shown(&map.name));
        findings.push(Finding::new(&catalogue::MAP_UNUSED, at, message));
    }
    context.findings.extend(findings);
}
