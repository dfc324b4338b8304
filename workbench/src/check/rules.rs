//! Rules: those that never match, those that never stop, triples, quotes.

use std::collections::BTreeSet;

use cf_parser::item::Directive;
use cf_parser::text::{Op, Piece};
use ruleset_vm::program::{After, Rule, Ruleset};

use super::Context;
use super::catalogue;
use super::finding::{Finding, shown};
use super::flow::{self, Callee};
use super::hooks::HOOKS;
use super::patterns::{self, Elem};

/// How many earlier rules a rule is compared with, beside those that match everything.
const WINDOW: usize = 64;

/// Rulesets in which the m4 package itself writes a rule behind one with the same left side: what it does with
/// senders without a domain is chosen by leaving rules out, not by leaving out what follows them.
const STOCK_ALTERNATIVES: [&[u8]; 2] = [b"Basic_check_mail", b"check_mail"];

/// Maps of these classes do something when they are asked.
const ACTING: [&str; 5] = ["macro", "syslog", "program", "socket", "null"];

/// How many wildcards a left side has.
pub(super) fn wildcards(lhs: &[Piece]) -> usize {
    let is_wildcard = |piece: &&Piece| {
        matches!(
            piece,
            Piece::Class(_)
                | Piece::NotClass(_)
                | Piece::Op(Op::ZeroOrMore | Op::OneOrMore | Op::One)
        )
    };
    lhs.iter().filter(is_wildcard).count()
}

/// Whether two texts are the sides of a rule that sendmail takes without a word: what a fix must come to.
pub(super) fn sides_fit(lhs: &[Piece], rhs: &[Piece]) -> bool {
    let wild = wildcards(lhs);
    let right = |piece: &Piece| match piece {
        Piece::Arg(number) => (1..=wild).contains(&usize::from(*number)),
        Piece::Class(_) | Piece::NotClass(_) => false,
        Piece::Op(op) => !matches!(op, Op::ZeroOrMore | Op::OneOrMore | Op::One),
        _ => true,
    };
    let left = |piece: &Piece| match piece {
        Piece::Arg(_) => false,
        Piece::Op(op) => {
            matches!(op, Op::ZeroOrMore | Op::OneOrMore | Op::One | Op::At | Op::Bar | Op::Hash)
        }
        _ => true,
    };
    let is_text = |side: &[Piece]| {
        side.iter().any(|p| !matches!(p, Piece::Byte(b) if b.is_ascii_whitespace()))
    };
    is_text(lhs) && is_text(rhs) && lhs.iter().all(left) && rhs.iter().all(right)
}

pub(super) fn check(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let mut number = 0;
    while let Some(ruleset) = program.ruleset(number) {
        if !ruleset.rules.is_empty() {
            let sides: Vec<Vec<Elem>> = ruleset
                .rules
                .iter()
                .map(|rule| patterns::left(flow::side(ruleset, &rule.lhs), &context.flow.table))
                .collect();
            unreachable_rules(context, ruleset, &sides, number);
            loops(context, ruleset, &sides, number);
        }
        number += 1;
    }
    recursion(context);
    triples(context);
    idle_hooks(context);
    quotes(context);
}

/// Whether the left side of a rule has a macro in it, so that another machine reads another pattern.
fn depends_on_macros(context: &Context<'_>, rule: &Rule) -> bool {
    let items = context.outline.items;
    let at = items.partition_point(|item| item.span.line < rule.span.line);
    match items.get(at).map(|item| &item.directive) {
        Some(Directive::Rule { lhs, .. }) => {
            lhs.iter().any(|piece| matches!(piece, Piece::Macro(_) | Piece::If(_)))
        }
        _ => true,
    }
}

fn unreachable_rules(
    context: &mut Context<'_>,
    ruleset: &Ruleset,
    sides: &[Vec<Elem>],
    number: usize,
) {
    let rules = &ruleset.rules;
    let name = context.subject.configuration.program.name(number);
    let stock = STOCK_ALTERNATIVES.contains(&&name[..]);
    // the first rule that takes everything and leaves
    let mut everything = None;
    // where the present run of rules began of which each leaves when it fires
    let mut run = 0;
    for (at, rule) in rules.iter().enumerate() {
        let Some(side) = sides.get(at) else { break };
        let taker = everything.or_else(|| {
            let window = run.max(at.saturating_sub(WINDOW))..at;
            window.into_iter().find(|earlier| {
                let wide = sides.get(*earlier);
                wide.is_some_and(|wide| patterns::covers(wide, side))
                    && rules.get(*earlier).is_some_and(|rule| !depends_on_macros(context, rule))
            })
        });
        let alternative = stock && taker.is_some_and(|taker| sides.get(taker) == Some(side));
        if let Some(taker) = taker.and_then(|taker| rules.get(taker)).filter(|_| !alternative) {
            never(context, rule, taker, everything.is_some());
        }
        if !flow::ends(rule) {
            run = at + 1;
        } else if everything.is_none()
            && patterns::is_universal(side)
            && !depends_on_macros(context, rule)
        {
            everything = Some(at);
        }
    }
}

fn never(context: &mut Context<'_>, rule: &Rule, taker: &Rule, all: bool) {
    let at = context.source.logical(rule.span);
    let message = "this rule can never match";
    let finding = Finding::new(&catalogue::UNREACHABLE, at, message);
    let why = match all {
        true => "this one matches everything and leaves the ruleset",
        false => "this one matches all that it could, and leaves the ruleset",
    };
    context.report(match context.source.logical(taker.span) {
        Some(place) => finding.note_at(place, why),
        None => finding,
    });
}

fn loops(context: &mut Context<'_>, ruleset: &Ruleset, sides: &[Vec<Elem>], number: usize) {
    for (rule, side) in ruleset.rules.iter().zip(sides) {
        if rule.after != After::Repeat {
            continue;
        }
        let rhs = flow::side(ruleset, &rule.rhs);
        let result = patterns::result(side, rhs, &context.flow.table);
        if !result.is_some_and(|result| patterns::covers(side, &result)) {
            continue;
        }
        let at = context.source.logical(rule.span);
        let name = context.subject.configuration.program.name(number);
        let message =
            format!("this rule matches its own result: it loops in ruleset `{}`", shown(&name));
        let finding = Finding::new(&catalogue::LOOPS, at, message);
        context.report(
            finding.help("begin the right side with `$:`, so that the rule is applied once"),
        );
    }
}

/// The rulesets that a ruleset calls for every address, before anything can leave it.
fn certain_calls(context: &Context<'_>, number: usize) -> Vec<usize> {
    let program = &context.subject.configuration.program;
    let Some(ruleset) = program.ruleset(number) else { return Vec::new() };
    let Some(set) = context.flow.sets.get(number) else { return Vec::new() };
    let mut found = Vec::new();
    for rule in &ruleset.rules {
        let side = patterns::left(flow::side(ruleset, &rule.lhs), &context.flow.table);
        if !patterns::is_universal(&side) || depends_on_macros(context, rule) {
            break;
        }
        let calls = set.calls.iter().filter(|(span, _)| *span == rule.span);
        found.extend(calls.filter_map(|(_, callee)| match callee {
            Callee::Known(number, _) => Some(*number),
            _ => None,
        }));
        // what a call returns may be anything, a triple included
        if rule.after == After::Return || !found.is_empty() {
            break;
        }
    }
    found
}

fn recursion(context: &mut Context<'_>) {
    let count = context.flow.sets.len();
    let calls: Vec<Vec<usize>> = (0..count).map(|number| certain_calls(context, number)).collect();
    let mut told = BTreeSet::new();
    for start in 0..count {
        // along the first certain call, until a ruleset comes again
        let mut way = vec![start];
        let mut at = start;
        while let Some(&next) = calls.get(at).and_then(|calls| calls.first()) {
            if next == start {
                if way.iter().all(|number| told.insert(*number)) {
                    tell_recursion(context, &way);
                }
                break;
            }
            if way.contains(&next) {
                break;
            }
            way.push(next);
            at = next;
        }
    }
}

fn tell_recursion(context: &mut Context<'_>, way: &[usize]) {
    let program = context.subject.configuration.program.clone();
    let names: Vec<String> = way.iter().map(|number| shown(&program.name(*number))).collect();
    let first = way.first().copied().unwrap_or(0);
    let set = context.flow.sets.get(first);
    let span = set.and_then(|set| set.calls.first()).map(|(span, _)| *span).unwrap_or_default();
    let at = context.source.logical(span);
    let message = match &names[..] {
        [one] => format!("ruleset `{one}` calls itself for every address"),
        several => format!("rulesets {} call each other for every address", several.join(", ")),
    };
    context.report(Finding::new(&catalogue::RECURSION, at, message));
}

/// Ruleset 0 and what it returns.
fn triples(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let Some(ruleset) = program.ruleset(0).filter(|set| !set.rules.is_empty()) else { return };
    if !context.flow.may_resolve(0) {
        let place = context.flow.declared.iter().find(|(number, _)| *number == 0);
        let at = place.and_then(|(_, span)| context.source.logical(*span));
        let message = "ruleset 0 never returns a triple: no mail can be delivered";
        context.report(Finding::new(&catalogue::NO_TRIPLE, at, message));
        return;
    }
    for rule in ruleset.rules.iter().filter(|rule| rule.after == After::Return) {
        let calls = context.flow.sets.first().map(|set| &set.calls);
        let calls: Vec<&Callee> = calls
            .into_iter()
            .flatten()
            .filter(|(span, _)| *span == rule.span)
            .map(|(_, callee)| callee)
            .collect();
        let names_mailer = context
            .flow
            .sets
            .first()
            .is_some_and(|set| set.targets.iter().any(|(span, _)| *span == rule.span));
        let may = calls.iter().any(|callee| match callee {
            Callee::Known(number, _) => context.flow.may_resolve(*number),
            Callee::Dynamic => true,
            Callee::Unknown(_) => false,
        });
        if names_mailer || may {
            continue;
        }
        let at = context.source.logical(rule.span);
        let message = "this rule ends ruleset 0 without a triple";
        let mut finding = Finding::new(&catalogue::NO_TRIPLE, at, message);
        for callee in calls {
            if let Callee::Known(number, _) = callee {
                let name = shown(&program.name(*number));
                finding = finding.note(format!("ruleset `{name}` never returns one"));
            }
        }
        context.report(finding);
    }
}

/// Rulesets that the program asks and that cannot answer.
fn idle_hooks(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    for hook in HOOKS.iter().filter(|hook| hook.needs_hash) {
        let name = hook.name.as_bytes();
        let Some(number) = program.number(name).filter(|_| program.has_rules(name)) else {
            continue;
        };
        let reached = context.flow.closure(&[number].into());
        let acts = reached.iter().filter_map(|number| context.flow.sets.get(*number)).any(|set| {
            set.maps.iter().any(|map| {
                let map = map.as_ref().and_then(|name| {
                    context.subject.maps.iter().find(|map| map.name.eq_ignore_ascii_case(name))
                });
                map.is_none_or(|map| ACTING.contains(&map.class))
            })
        });
        if acts || context.flow.may_resolve(number) {
            continue;
        }
        let place = context.flow.declared.iter().find(|(declared, _)| *declared == number);
        let at = place.and_then(|(_, span)| context.source.logical(*span));
        let message = format!("`{}` never returns `$#`: it can do nothing", hook.name);
        context.report(Finding::new(&catalogue::HOOK_IDLE, at, message));
    }
}

/// `$1` in quotes.
fn quotes(context: &mut Context<'_>) {
    for item in context.outline.items {
        let Directive::Rule { rhs, .. } = &item.directive else { continue };
        let mut quoted = false;
        let mut backslash = false;
        for piece in rhs {
            match piece {
                Piece::Byte(b'"') if !backslash => quoted = !quoted,
                Piece::Arg(number) if quoted => {
                    let written = [b'$', b'0' + number];
                    let at = context.source.find(item.span, &written);
                    let message = format!("`${number}` in quotes is not replaced");
                    let finding = Finding::new(&catalogue::ARGUMENT_QUOTED, at, message);
                    context.findings.push(finding.help("end the quotes in front of it"));
                }
                _ => {}
            }
            backslash = *piece == Piece::Byte(b'\\') && !backslash;
        }
    }
}
