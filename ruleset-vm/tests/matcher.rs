//! The compiled machine does what the naive engine does, on rules and addresses nobody wrote.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod naive;

use std::fmt::Write as _;

use naive::compare::{Agreement, Pair};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// `PROPTEST_CASES` if set.
fn cases(otherwise: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(otherwise),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Words and operators, few enough to meet again, in both cases.
const TOKENS: &[&str] =
    &["a", "b", "c", "A", "B", "ab", "Ab", ".", ".", "@", "!", "\"q\"", "[", "<"];

/// Members of classes: one to five tokens, some of them the beginning of others.
const MEMBERS: &[&str] = &[
    "a", "B", "ab", "a.b", "A.b.c", "b.b", "b.b.b", "b.a", "c.c.c.c", "a@b", "ab_a", "a_b",
    "a_B.c", "!", "..", ".a", "q",
];

/// Values of macros: none, one token, several, and such as can only be put, not matched.
const VALUES: &[&str] = &["", "a", "B", "a.b", "A@B", ".", "a b", "ab.c", "(gone)", "c (gone) b"];

/// How a part of a rule looks before its wildcards are numbered.
fn token() -> impl Strategy<Value = String> {
    select(TOKENS).prop_map(str::to_owned)
}

fn class_name() -> impl Strategy<Value = &'static str> {
    select(&["X", "Y", "{Long}", "Z"][..])
}

fn macro_name() -> impl Strategy<Value = &'static str> {
    select(&["M", "N", "{Value}", "U"][..])
}

fn left_part() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => token(),
        4 => Just("$*".to_owned()),
        3 => Just("$+".to_owned()),
        3 => Just("$-".to_owned()),
        4 => class_name().prop_map(|name| format!("$={name}")),
        2 => class_name().prop_map(|name| format!("$~{name}")),
        1 => Just("$@".to_owned()),
        1 => Just("$|".to_owned()),
        1 => Just("$#".to_owned()),
        2 => macro_name().prop_map(|name| format!("$&{name}")),
    ]
}

fn is_wildcard(part: &str) -> bool {
    ["$*", "$+", "$-", "$=", "$~"].iter().any(|sign| part.starts_with(sign))
}

/// A left-hand side with at most nine wildcards.
fn left(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(left_part(), 1..=most).prop_map(|mut parts| {
        let mut wildcards = 0;
        parts.retain(|part| {
            wildcards += usize::from(is_wildcard(part));
            !is_wildcard(part) || wildcards <= 9
        });
        parts
    })
}

/// A part of a right-hand side; arguments are an index into the wildcards of the left.
#[derive(Clone, Debug)]
enum Right {
    Text(String),
    Argument(Index),
    Call(Index),
}

fn right_part() -> impl Strategy<Value = Right> {
    prop_oneof![
        4 => token().prop_map(Right::Text),
        8 => any::<Index>().prop_map(Right::Argument),
        1 => macro_name().prop_map(|name| Right::Text(format!("$&{name}"))),
        1 => select(&["$|", "$@", "$:"][..]).prop_map(|op| Right::Text(op.to_owned())),
        2 => any::<Index>().prop_map(Right::Call),
    ]
}

#[derive(Clone, Debug)]
struct Rule {
    left: Vec<String>,
    prefix: &'static str,
    right: Vec<Right>,
}

fn rule(longest: usize) -> impl Strategy<Value = Rule> {
    let prefix = prop_oneof![
        4 => Just(""), 6 => Just("$:"), 2 => Just("$@"), 1 => Just("$#"), 1 => Just("$: $#")
    ];
    let right = prop::collection::vec(right_part(), 0..6);
    (left(longest), prefix, right).prop_map(|(left, prefix, right)| Rule { left, prefix, right })
}

/// A file: classes, macros, rulesets. Ruleset `E` has no rules, `nosuch` does not exist.
#[derive(Clone, Debug)]
struct Program {
    blank: &'static str,
    classes: Vec<(&'static str, &'static str)>,
    macros: Vec<&'static str>,
    rulesets: Vec<Vec<Rule>>,
}

fn program(rulesets: impl Strategy<Value = Vec<Vec<Rule>>>) -> impl Strategy<Value = Program> {
    let blank = select(&["", "O BlankSub=_\n", "O BlankSub=.\n"][..]);
    let member = (select(&["X", "Y", "{Long}"][..]), select(MEMBERS));
    let classes = prop::collection::vec(member, 0..14);
    let macros = prop::collection::vec(select(VALUES), 3);
    (blank, classes, macros, rulesets).prop_map(|(blank, classes, macros, rulesets)| Program {
        blank,
        classes,
        macros,
        rulesets,
    })
}

impl Program {
    fn cf(&self) -> String {
        let mut cf = String::from("V10/Berkeley\nO OperatorChars=.:%@!^/[]+\n");
        cf.push_str(self.blank);
        for (name, word) in &self.classes {
            writeln!(cf, "C{name} {word}").unwrap();
        }
        for (name, value) in ["M", "N", "{Value}"].iter().zip(&self.macros) {
            writeln!(cf, "D{name}{value}").unwrap();
        }
        cf.push_str("Snone\n");
        for (number, rules) in self.rulesets.iter().enumerate() {
            writeln!(cf, "Ss{number}").unwrap();
            for rule in rules {
                writeln!(cf, "R{}\t{}", rule.left.join(" "), self.right(rule, number)).unwrap();
            }
        }
        cf
    }

    fn right(&self, rule: &Rule, own: usize) -> String {
        let wildcards = rule.left.iter().filter(|part| is_wildcard(part)).count();
        let mut parts = vec![rule.prefix.to_owned()];
        for part in &rule.right {
            match part {
                Right::Text(text) => parts.push(text.clone()),
                Right::Argument(_) if wildcards == 0 => {}
                Right::Argument(index) => parts.push(format!("${}", index.index(wildcards) + 1)),
                Right::Call(index) => parts.push(format!("$>{}", self.callee(*index, own))),
            }
        }
        let text = parts.join(" ").trim().to_owned();
        if text.is_empty() { "$@".to_owned() } else { text }
    }

    /// Mostly a later ruleset, so that most runs end; now and then any, none or an empty one.
    fn callee(&self, index: Index, own: usize) -> String {
        let count = self.rulesets.len();
        match index.index(3 * count + 2) {
            0 => "none".to_owned(),
            1 => "nosuch".to_owned(),
            pick if pick < count + 2 => format!("s{}", pick - 2),
            pick if own + 1 < count => format!("s{}", own + 1 + pick % (count - own - 1)),
            _ => "none".to_owned(),
        }
    }

    fn rule(&self, at: Index) -> &Rule {
        let rules: &Vec<Rule> = at.get(&self.rulesets);
        at.get(rules)
    }
}

/// How an address is made: any tokens, or what some rule's left-hand side asks for.
#[derive(Clone, Debug)]
enum Address {
    Any(Vec<&'static str>),
    Made { rule: Index, filler: Vec<&'static str>, loud: bool },
}

fn address() -> impl Strategy<Value = Address> {
    let some = |most| prop::collection::vec(select(TOKENS), 0..most);
    prop_oneof![
        2 => some(14).prop_map(Address::Any),
        5 => (any::<Index>(), some(12), any::<bool>())
            .prop_map(|(rule, filler, loud)| Address::Made { rule, filler, loud }),
    ]
}

impl Address {
    fn text(&self, program: &Program) -> String {
        let (rule, filler, loud) = match self {
            Self::Any(tokens) => return tokens.join(" "),
            Self::Made { rule, filler, loud } => (program.rule(*rule), filler, *loud),
        };
        let mut filler = filler.iter().cycle();
        let mut next = || filler.next().copied().unwrap_or("c");
        let mut words = Vec::new();
        for part in &rule.left {
            match part.as_bytes() {
                b"$*" => words.extend((0..next().len() % 3).map(|_| next().to_owned())),
                b"$+" => words.extend((0..1 + next().len() % 3).map(|_| next().to_owned())),
                b"$-" => words.push(next().to_owned()),
                [b'$', b'=', name @ ..] => words.push(program.member(name, next().len())),
                [b'$', b'~', ..] => words.push(next().to_owned()),
                [b'$', b'&', name @ ..] => words.push(program.value(name)),
                [b'$', ..] => {}
                _ => words.push(part.clone()),
            }
        }
        let text = words.join(" ");
        if loud { text.to_ascii_uppercase() } else { text }
    }
}

impl Program {
    fn member(&self, name: &[u8], pick: usize) -> String {
        let of_class = |(class, _): &&(&str, &str)| class.as_bytes() == name;
        let members: Vec<_> = self.classes.iter().filter(of_class).collect();
        let member = members.get(pick % members.len().max(1)).map_or("a", |(_, member)| member);
        // A blank substitute stands for a blank in the address.
        member.replace('_', " ")
    }

    fn value(&self, name: &[u8]) -> String {
        let names: [&[u8]; 3] = [b"M", b"N", b"{Value}"];
        let at = names.iter().position(|known| *known == name);
        at.and_then(|at| self.macros.get(at)).map_or("", |value| value).to_owned()
    }
}

/// Every address through the first ruleset; one machine for all of them.
fn holds(program: &Program, addresses: &[Address]) -> Result<Agreement, TestCaseError> {
    let cf = program.cf();
    let mut pair = match Pair::new(cf.as_bytes()) {
        Ok(pair) => pair,
        Err(undecided) => return Err(TestCaseError::fail(format!("{undecided:?}\n{cf}"))),
    };
    let mut total = Agreement::default();
    for address in addresses {
        let text = address.text(program);
        let told = std::panic::AssertUnwindSafe(|| pair.agree(b"s0", text.as_bytes()));
        match std::panic::catch_unwind(told) {
            Ok(Ok(one)) => total.add(one),
            // Too long for plain backtracking, or a `$>` in front of what cannot be a name.
            Ok(Err(_)) => total.undecided += 1,
            Err(_) => {
                return Err(TestCaseError::fail(format!("they differ\n{cf}\naddress: {text}")));
            }
        }
    }
    Ok(total)
}

proptest! {
    #![proptest_config(cases(500))]

    /// One rule: what matches, and what each wildcard takes.
    #[test]
    fn one_rule(
        program in program(rule(12).prop_map(|rule| vec![vec![rule]])),
        addresses in prop::collection::vec(address(), 1..6),
    ) {
        holds(&program, &addresses)?;
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// Up to sixty rules in up to four rulesets that call each other.
    #[test]
    fn rulesets(
        program in program(prop::collection::vec(prop::collection::vec(rule(7), 1..16), 1..5)),
        addresses in prop::collection::vec(address(), 1..8),
    ) {
        holds(&program, &addresses)?;
    }
}

proptest! {
    #![proptest_config(cases(40))]

    /// Several hundred rules, so that whatever finds the next one to try is made use of.
    #[test]
    fn many_rules(
        program in program(prop::collection::vec(prop::collection::vec(rule(5), 200..500), 1..2)),
        addresses in prop::collection::vec(address(), 4..12),
    ) {
        holds(&program, &addresses)?;
    }
}

/// The generators above make what the tests claim to hold: rules that match, wildcards that take
/// something, calls, messages. Counted over a fixed sample.
#[test]
fn samples_are_worth_it() {
    let mut runner = TestRunner::deterministic();
    let rulesets = prop::collection::vec(prop::collection::vec(rule(7), 1..16), 1..5);
    let case = (program(rulesets), prop::collection::vec(address(), 2..3));
    let (mut total, mut matching, mut addresses) = (Agreement::default(), 0, 0);
    for _ in 0..60 {
        let (program, made) = case.new_tree(&mut runner).unwrap().current();
        for address in made {
            let one = holds(&program, &[address]).unwrap();
            addresses += 1;
            matching += usize::from(one.matches > 0);
            total.add(one);
        }
    }
    assert!(matching * 3 > addresses, "{matching} of {addresses} addresses match a rule");
    assert!(total.captures > addresses, "{total:?}");
    assert!(total.messages > 10, "{total:?}");
    assert!(total.undecided * 8 < addresses, "{total:?}");
}
