//! What whole files read as: one line per item, `first-last line: kind  fields`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use cf_parser::item::{ClassSource, Equate, Header, HeaderAction, Milter, QueueGroup};
use cf_parser::options;
use cf_parser::text::{Text, write};
use cf_parser::{Directive, parse};

fn s(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn t(text: &Text) -> String {
    s(&write(text))
}

fn equates(name: &[u8], equates: &[Equate]) -> String {
    let mut out = s(name);
    for e in equates {
        let place = format!("{}.{}", e.span.line, e.span.column);
        out += &format!(" | {} at {place}: {}", char::from(e.letter), t(&e.value));
    }
    out
}

fn header(h: &Header) -> String {
    let action = match &h.action {
        HeaderAction::Template(text) => format!("template[{}]", t(text)),
        HeaderAction::Check { ruleset, keep_comments } => {
            format!("check {} keep={keep_comments}", s(ruleset))
        }
    };
    format!("header {} {:?} {action}", s(&h.name), h.condition)
}

fn describe(directive: &Directive) -> String {
    match directive {
        Directive::Class { name, words } => format!("class {name:?} [{}]", t(words)),
        Directive::Macro { name, value } => format!("macro {name:?} [{}]", t(value)),
        Directive::Environment { name, value } => {
            format!("environment {} {:?}", s(name), value.as_ref().map(t))
        }
        Directive::ClassSource { name, optional, source } => {
            let source = match source {
                ClassSource::File { path, format } => {
                    format!("file {} {:?}", t(path), format.as_ref().map(t))
                }
                ClassSource::Program { command, .. } => format!("program {}", t(command)),
                ClassSource::Lookup { key, spec } => format!("lookup {} in {}", t(key), t(spec)),
            };
            format!("class {name:?} from {source} optional={optional}")
        }
        Directive::Header(h) => header(h),
        Directive::Map(text) => format!("map [{}]", t(text)),
        Directive::Mailer { name, equates: e } => format!("mailer {}", equates(name, e)),
        Directive::QueueGroup { name, equates: e } => {
            format!("queue {}\n      {:?}", equates(name, e), QueueGroup::of(e))
        }
        Directive::Milter { name, equates: e } => {
            format!("milter {}\n      {:?}", equates(name, e), Milter::of(e))
        }
        Directive::Option(o) => {
            let spec = options::OPTIONS[o.option];
            let value =
                options::interpret(o.option, o.suboption.as_deref(), &write(&o.value)).value;
            let sub = o.suboption.as_deref().map(s).unwrap_or_default();
            format!(
                "option {}.{sub} short={} [{}]\n      {value:?}",
                spec.name,
                o.short,
                t(&o.value)
            )
        }
        Directive::Precedence { name, value } => format!("precedence {} {value}", s(name)),
        Directive::Rule { lhs, rhs, comment } => {
            format!("rule [{}] [{}] [{}]", t(lhs), t(rhs), s(comment))
        }
        Directive::Ruleset(text) => format!("ruleset [{}]", t(text)),
        Directive::Trusted(words) => {
            format!("trusted {:?}", words.iter().map(t).collect::<Vec<_>>())
        }
        Directive::Version { level, vendor } => {
            format!("version {level} {:?}", vendor.as_deref().map(s))
        }
    }
}

fn listing(file: &[u8]) -> String {
    let (config, diagnostics) = parse(file);
    let mut out = String::new();
    for item in &config.items {
        let (first, last) = (item.span.line, item.span.last_line);
        out += &format!("{first}-{last}: {}\n", describe(&item.directive));
    }
    for d in diagnostics {
        out += &format!("! {}: {}\n", d.span.last_line, s(&d.text));
    }
    out
}

#[test]
fn modern() {
    insta::assert_snapshot!(listing(include_bytes!("cf/modern.cf")));
}

#[test]
fn old() {
    insta::assert_snapshot!(listing(include_bytes!("cf/old.cf")));
}
