//! Arbitrary bytes never panic, and what was read and printed reads back the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use cf_parser::item::{
    ClassSource, Directive, Equate, Header, HeaderAction, HeaderCondition, OptionLine,
};
use cf_parser::options::{self, OPTIONS};
use cf_parser::text::plain;
use cf_parser::{Config, Item, Name, Op, Piece, Span, parse, print};
use proptest::prelude::*;

/// The directives, with the places of equates put aside.
fn directives(config: Config) -> Vec<Directive> {
    let place = |mut directive: Directive| {
        if let Directive::Mailer { equates, .. }
        | Directive::QueueGroup { equates, .. }
        | Directive::Milter { equates, .. } = &mut directive
        {
            for equate in equates {
                equate.span = Span::default();
            }
        }
        directive
    };
    config.items.into_iter().map(|item| place(item.directive)).collect()
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-zA-Z!%,;_/]".prop_map(|n| Name::new(n.as_bytes())),
        "[a-z_]{2,3}".prop_map(|n| Name::new(n.as_bytes())),
    ]
}

fn operator() -> impl Strategy<Value = Piece> {
    prop_oneof![
        name().prop_map(Piece::Macro),
        name().prop_map(Piece::Deferred),
        name().prop_map(Piece::Class),
        name().prop_map(Piece::NotClass),
        name().prop_map(Piece::If),
        (0u8..10).prop_map(Piece::Arg),
        prop::sample::select(cf_parser::text::OPS.to_vec()).prop_map(|(op, _)| Piece::Op(op)),
    ]
}

/// Text whose bytes come from a class of characters, without blanks at its ends.
fn text(class: &'static str, most: usize) -> impl Strategy<Value = Vec<Piece>> {
    let byte = class.prop_map(|c| Piece::Byte(c.as_bytes()[0]));
    let blank = prop::sample::select(vec![
        vec![b' '],
        vec![b' ', b' '],
        vec![b'\n', b' '],
        vec![b'\n', b'\t'],
        vec![b'\r', b'\n', b' '],
        vec![b'\r', b'\r', b'\n', b'\t'],
    ]);
    let word = prop::collection::vec(prop_oneof![4 => byte, 1 => operator()], 1..6);
    prop::collection::vec((word, blank), 0..most).prop_map(|words| {
        let mut text = Vec::new();
        for (word, blank) in words {
            text.extend(word);
            text.extend(blank.into_iter().map(Piece::Byte));
        }
        while matches!(text.last(), Some(Piece::Byte(b' ' | b'\n' | b'\t' | b'\r'))) {
            text.pop();
        }
        text
    })
}

const ANY: &str = "[!-~]";

/// Any bytes and operators: for values with quoting of their own.
fn value() -> impl Strategy<Value = Vec<Piece>> {
    prop::collection::vec(
        prop_oneof![4 => (1u8..=255).prop_map(Piece::Byte), 1 => operator()],
        0..12,
    )
}

fn equates(letters: &'static [u8]) -> impl Strategy<Value = Vec<Equate>> {
    let one = (prop::sample::select(letters), value()).prop_map(|(letter, value)| Equate {
        letter,
        value,
        span: Span::default(),
    });
    prop::collection::vec(one, 0..5)
}

fn word(pattern: &'static str) -> impl Strategy<Value = Vec<u8>> {
    pattern.prop_map(String::into_bytes)
}

fn path() -> impl Strategy<Value = Vec<Piece>> {
    text("[!#-~]", 3).prop_map(|mut rest| {
        rest.insert(0, Piece::Byte(b'/'));
        rest
    })
}

fn source() -> impl Strategy<Value = ClassSource> {
    let format = prop::option::of(text(ANY, 2).prop_filter("not empty", |t| !t.is_empty()));
    let plain = |t: &Vec<Piece>, marks: &[u8]| {
        !t.iter().any(|p| matches!(p, Piece::Byte(b) if marks.contains(b)))
            && matches!(t.first(), Some(Piece::Byte(b)) if !b"-/|".contains(b))
    };
    prop_oneof![
        (path(), format).prop_map(|(path, format)| ClassSource::File { path, format }),
        path().prop_map(|command| ClassSource::Program { command, format: None }),
        (text(ANY, 2), text("[a-z:]", 2)).prop_filter_map("a map", move |(key, mut spec)| {
            spec.splice(0..0, b"hash:".iter().copied().map(Piece::Byte));
            plain(&key, b"@").then_some(ClassSource::Lookup { key, spec })
        }),
    ]
}

fn header() -> impl Strategy<Value = Header> {
    let condition = prop_oneof![
        Just(HeaderCondition::Always),
        word("[!->@-~]{0,4}").prop_map(HeaderCondition::MailerFlags),
        name().prop_map(HeaderCondition::MacroSet),
    ];
    let template =
        text(ANY, 4).prop_filter("not a check", |t| t.first() != Some(&Piece::Op(Op::Call)));
    let action = prop_oneof![
        template.prop_map(HeaderAction::Template),
        (word("[a-zA-Z][a-zA-Z0-9_]{0,5}"), any::<bool>())
            .prop_map(|(ruleset, keep_comments)| HeaderAction::Check { ruleset, keep_comments }),
    ];
    (condition, word("[!-9;->@-~][!-9;-~]{0,6}"), action)
        .prop_map(|(condition, name, action)| Header { condition, name, action })
}

fn option() -> impl Strategy<Value = OptionLine> {
    (0..OPTIONS.len(), any::<bool>(), prop::option::of(word("[a-z.]{1,8}")), text(ANY, 3))
        .prop_filter_map("a known option", |(option, short, suboption, value)| {
            let spec = OPTIONS.get(option)?;
            let short = spec.built && spec.letter.is_some() && (short || spec.name.is_empty());
            let suboption = suboption.filter(|_| !short);
            (spec.built && (short || !options::name(option).is_empty())).then_some(OptionLine {
                option,
                suboption,
                value,
                short,
            })
        })
}

fn rule() -> impl Strategy<Value = Directive> {
    let side = || text("[!-~]", 4).prop_map(|t| no_tabs(&t));
    (side(), side(), word("([!-~]([ -~]{0,8}[!-~])?)?")).prop_map(|(lhs, mut rhs, comment)| {
        if rhs.is_empty() {
            rhs.push(Piece::Op(Op::At));
        }
        Directive::Rule { lhs, rhs, comment }
    })
}

fn no_tabs(text: &[Piece]) -> Vec<Piece> {
    text.iter().filter(|p| !matches!(p, Piece::Byte(b'\t' | b'\n'))).cloned().collect()
}

fn directive() -> impl Strategy<Value = Directive> {
    prop_oneof![
        (name(), text(ANY, 3)).prop_map(|(name, words)| Directive::Class { name, words }),
        (name(), value()).prop_map(|(name, value)| Directive::Macro { name, value }),
        (word("[!-<>-~]{1,6}"), prop::option::of(text(ANY, 3)))
            .prop_map(|(name, value)| Directive::Environment { name, value }),
        (name(), any::<bool>(), source())
            .prop_map(|(name, optional, source)| Directive::ClassSource { name, optional, source }),
        header().prop_map(Directive::Header),
        text(ANY, 4).prop_map(Directive::Map),
        (word("[!-+.-~]{1,6}"), equates(b"/ACDEFLMNPQRSTUWmr"))
            .prop_map(|(name, equates)| Directive::Mailer { name, equates }),
        (word("[!-+.-~]{0,6}"), equates(b"PFINRJr"))
            .prop_map(|(name, equates)| Directive::QueueGroup { name, equates }),
        option().prop_map(Directive::Option),
        (word("[!-<>-~]{1,6}"), any::<i32>())
            .prop_map(|(name, value)| Directive::Precedence { name, value: i64::from(value) }),
        rule(),
        word("[a-z][a-z0-9_]{0,4}( ?= ?[1-9][0-9]{0,2})?")
            .prop_map(|text| Directive::Ruleset(plain(&text))),
        word("[1-9][0-9]{0,2}").prop_map(|text| Directive::Ruleset(plain(&text))),
        prop::collection::vec(word("[!-~]{1,6}"), 0..4)
            .prop_map(|words| Directive::Trusted(words.iter().map(|w| plain(w)).collect())),
        (0..=10, prop::option::of(Just(b"Berkeley".to_vec())))
            .prop_map(|(level, vendor)| Directive::Version { level, vendor }),
    ]
}

/// Lines of any kind. Of macros with a blank or a mark as name only those in texts survive, so
/// that `$` stands before letters and operators here.
const LINES: &str = concat!(
    "(V10\n)?([CDEFHKMOPQRSTVX]([ -#%-~\t\u{e4}]|\\$([a-z@|]|[&~?]?[a-z]|\\{[a-z]{1,4}\\})){0,20}",
    "\n([ \t][ -#%-~]{0,6}\n)?){0,8}"
);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_reads_back(mut generated in prop::collection::vec(directive(), 0..12)) {
        // Queue groups need it.
        let option = options::by_letter(b'Q').unwrap();
        let value = vec![Piece::Byte(b'/')];
        generated.insert(0, Directive::Option(OptionLine { option, suboption: None, value, short: true }));
        let items = generated
            .iter()
            .map(|directive| Item { span: Span::default(), directive: directive.clone() })
            .collect();
        let printed = print(&Config { items, ..Config::default() });
        let read = directives(parse(&printed).0);
        prop_assert_eq!(read, generated, "{}", String::from_utf8_lossy(&printed));
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = cf_parser::parse_text(&bytes);
        let _ = cf_parser::parse_name(&bytes);
    }

    #[test]
    fn read_printed_and_read(text in LINES) {
        let first = parse(text.as_bytes()).0;
        let printed = print(&first);
        let read = directives(parse(&printed).0);
        prop_assert_eq!(read, directives(first), "{}", String::from_utf8_lossy(&printed));
    }
}
