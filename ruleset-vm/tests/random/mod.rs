//! Rules, programs and addresses nobody wrote.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Words and operators, few enough to meet again, in both cases.
const TOKENS: &[&str] =
    &["a", "b", "c", "A", "B", "ab", "Ab", ".", ".", "@", "!", "\"q\"", "[", "<"];

/// Words that stand in addresses only: rules cannot tell one from another.
const STRANGERS: [&str; 3] = ["x", "yy", "zzz"];

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
pub(crate) enum Right {
    Text(String),
    Argument(Index),
    Calls(Vec<Index>),
}

fn right_part() -> impl Strategy<Value = Right> {
    prop_oneof![
        20 => token().prop_map(Right::Text),
        40 => any::<Index>().prop_map(Right::Argument),
        5 => macro_name().prop_map(|name| Right::Text(format!("$&{name}"))),
        5 => select(&["$|", "$@", "$:"][..]).prop_map(|op| Right::Text(op.to_owned())),
        12 => prop::collection::vec(any::<Index>(), 1..3).prop_map(Right::Calls),
        // One call is too many at sixteen.
        1 => (any::<Index>(), 14..18usize).prop_map(|(index, count)| Right::Calls(vec![index; count])),
    ]
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    left: Vec<String>,
    prefix: &'static str,
    right: Vec<Right>,
}

pub(crate) fn rule(longest: usize) -> impl Strategy<Value = Rule> {
    let prefix = prop_oneof![
        4 => Just(""), 6 => Just("$:"), 2 => Just("$@"), 1 => Just("$#"), 1 => Just("$: $#")
    ];
    let right = prop::collection::vec(right_part(), 0..6);
    let usual = (left(longest), prefix, right).prop_map(|(left, prefix, right)| Rule {
        left,
        prefix,
        right,
    });
    // The workspace becomes six times as long, perhaps in a call: up to the limit and over it.
    let grows = (any::<Index>(), any::<bool>()).prop_map(|(index, call)| {
        let call = call.then(|| Right::Calls(vec![index]));
        let copies = std::iter::repeat_n(Right::Argument(index), 6);
        Rule {
            left: vec!["$*".to_owned()],
            prefix: "$:",
            right: call.into_iter().chain(copies).collect(),
        }
    });
    prop_oneof![30 => usual, 1 => grows]
}

/// A file: classes, macros, rulesets. Ruleset `E` has no rules, `nosuch` does not exist.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    blank: &'static str,
    classes: Vec<(&'static str, &'static str)>,
    macros: Vec<&'static str>,
    rulesets: Vec<Vec<Rule>>,
}

pub(crate) fn program(
    rulesets: impl Strategy<Value = Vec<Vec<Rule>>>,
) -> impl Strategy<Value = Program> {
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
    pub(crate) fn cf(&self) -> String {
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
                Right::Calls(calls) => {
                    parts.extend(calls.iter().map(|call| format!("$>{}", self.callee(*call, own))));
                }
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

    pub(crate) fn rule(&self, at: Index) -> &Rule {
        let rules: &Vec<Rule> = at.get(&self.rulesets);
        at.get(rules)
    }
}

/// How an address is made: any tokens, or what some rule's left-hand side asks for.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Any(Vec<&'static str>),
    Made { rule: Index, filler: Vec<&'static str>, loud: bool },
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    let word = prop_oneof![3 => select(TOKENS), 1 => select(&STRANGERS[..])];
    let some = |most| prop::collection::vec(word.clone(), 0..most);
    prop_oneof![
        2 => some(14).prop_map(Address::Any),
        5 => (any::<Index>(), some(12), any::<bool>())
            .prop_map(|(rule, filler, loud)| Address::Made { rule, filler, loud }),
    ]
}

impl Address {
    pub(crate) fn text(&self, program: &Program) -> String {
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

/// The same address with other strangers in it: rules do the same with it.
pub(crate) fn twin(address: &str) -> String {
    let other = |word: &str| match STRANGERS.iter().position(|stranger| *stranger == word) {
        Some(at) => STRANGERS[(at + 1) % STRANGERS.len()].to_owned(),
        None => word.to_owned(),
    };
    address.split(' ').map(other).collect::<Vec<_>>().join(" ")
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

/// A rule and a class over two tokens only, so that everything overlaps with everything.
pub(crate) fn dense() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => select(&["a", ".", "A"][..]),
        3 => select(&["$*", "$+", "$-"][..]),
        5 => select(&["$=X", "$=Y"][..]),
        1 => select(&["$~X", "$~Y", "$@", "$&M", "$&N"][..]),
    ];
    let member =
        select(&["a", ".", "a.", ".a", "..", "a_a", "a.a", ".a.", "a..", "..a", "a.a."][..]);
    let members = prop::collection::vec((select(&["X", "Y"][..]), member), 1..7);
    let value = select(&["", "a", "a.", ".a", "..", "a.a"][..]);
    let any = prop::collection::vec(part.clone(), 2..9);
    // A phrase between wildcards: its ends come in no order.
    let phrase = (
        select(&["$*", "$+", "$-", "a", "$&M"][..]),
        select(&["$=X", "$=X $=Y", "$=X $=X"][..]),
        select(&["$*", "$+", "$=Y", "$- $+"][..]),
        prop::collection::vec(part, 1..4),
    );
    let phrase = phrase.prop_map(|(front, class, wild, rest)| {
        let words = [front, class, wild].map(|words| words.split(' '));
        words.into_iter().flatten().chain(rest).collect::<Vec<_>>()
    });
    let rule = prop_oneof![any, phrase];
    (members, value.clone(), value, rule).prop_map(|(members, m, n, rule)| {
        let classes: String = members.iter().map(|(name, word)| format!("C{name} {word}\n")).collect();
        let (left, copies) = (rule.join(" "), rule.iter().filter(|part| is_wildcard(part)).count());
        let right: String = (1..=copies).map(|number| format!("${number} % ")).collect();
        format!(
            "V10/Berkeley\nO OperatorChars=.:%@!^/[]+\nO BlankSub=_\n{classes}DM{m}\nDN{n}\nSs0\nR{left}\t$@ {}\n",
            right.trim()
        )
    })
}

/// Every text of up to `most` of these two tokens.
pub(crate) fn every_workspace(most: u32) -> impl Iterator<Item = String> {
    (0..=most).flat_map(|length| {
        (0..1u32 << length).map(move |bits| {
            let token = |at| if bits >> at & 1 == 0 { "a " } else { ". " };
            (0..length).map(token).collect()
        })
    })
}

/// Texts of eight to twenty of these two tokens: long enough for a match to be worth remembering what
/// failed.
pub(crate) fn long_workspaces(count: usize) -> Vec<String> {
    let mut random = 1u32;
    let mut next = || {
        // The constants of Numerical Recipes; the high bits are the good ones.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random >> 16
    };
    let mut text = || {
        let length = 8 + next() % 13;
        (0..length).map(|_| if next() % 2 == 0 { "a " } else { ". " }).collect()
    };
    (0..count).map(|_| text()).collect()
}

/// Every rule of a kind under every small class: a phrase behind a wildcard begins ever later but may
/// end earlier than the one before, which is where what is remembered of failures can go wrong. One file
/// for each class, one ruleset for each rule.
pub(crate) fn every_phrase_rule() -> impl Iterator<Item = String> {
    const MEMBERS: [&str; 8] = ["a", ".", "a.", ".a", "..", "a.a", ".a.", "a.a."];
    const WILDS: [&str; 4] = ["$*", "$+", "$=X", "$- $*"];
    const RESTS: [&str; 8] = ["a", ".", "a .", ". a", "a a", "$- .", "$=X a", "$* a . ."];
    let pairs = MEMBERS.iter().enumerate();
    pairs.flat_map(|(at, one)| MEMBERS[at + 1..].iter().map(move |other| (one, other))).map(
        |(one, other)| {
            let mut cf = format!("V10/Berkeley\nO BlankSub=_\nCX {one} {other}\n");
            for (number, (wild, rest)) in
                WILDS.iter().flat_map(|wild| RESTS.iter().map(move |rest| (wild, rest))).enumerate()
            {
                writeln!(cf, "Sr{number}\nR$* $=X {wild} {rest}\t$@ $1 % $2 % $3").unwrap();
            }
            cf
        },
    )
}
