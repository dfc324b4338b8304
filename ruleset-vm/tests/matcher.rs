//! The compiled machine does what the naive engine does, on rules and addresses nobody wrote.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod naive;
mod random;

use std::fmt::Write as _;

use naive::compare::{Agreement, Pair};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use random::{
    Address, Program, address, dense, every_phrase_rule, every_workspace, long_workspaces, program,
    rule, twin,
};

/// `PROPTEST_CASES` if set.
fn cases(otherwise: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(otherwise),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Every address through the first ruleset; one machine for all of them.
fn agrees(cf: &str, addresses: &[String]) -> Result<Agreement, TestCaseError> {
    agree_in(cf, |_| vec![b"s0".to_vec()], addresses)
}

/// Every address through these rulesets of a file.
fn agree_in(
    cf: &str,
    rulesets: impl Fn(&Pair) -> Vec<Vec<u8>>,
    addresses: &[String],
) -> Result<Agreement, TestCaseError> {
    let mut pair = match Pair::new(cf.as_bytes()) {
        Ok(pair) => pair,
        Err(undecided) => return Err(TestCaseError::fail(format!("{undecided:?}\n{cf}"))),
    };
    let mut total = Agreement::default();
    for (ruleset, address) in
        rulesets(&pair).iter().flat_map(|r| addresses.iter().map(move |a| (r, a)))
    {
        let told = std::panic::AssertUnwindSafe(|| pair.agree(ruleset, address.as_bytes()));
        match std::panic::catch_unwind(told) {
            Ok(Ok(one)) => total.add(one),
            // Too long for plain backtracking, or a `$>` in front of what cannot be a name.
            Ok(Err(_)) => total.undecided += 1,
            Err(_) => {
                let ruleset = String::from_utf8_lossy(ruleset);
                let text = format!("they differ\n{cf}\nruleset {ruleset}, address: {address}");
                return Err(TestCaseError::fail(text));
            }
        }
    }
    Ok(total)
}

fn holds(program: &Program, addresses: &[Address]) -> Result<Agreement, TestCaseError> {
    let addresses = addresses.iter().map(|address| address.text(program));
    // What was recorded of an address is replayed for its twin.
    let addresses: Vec<String> = addresses.flat_map(|one| [twin(&one), one]).collect();
    agrees(&program.cf(), &addresses)
}

proptest! {
    #![proptest_config(cases(300))]

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

proptest! {
    #![proptest_config(cases(200))]

    /// One rule against every workspace of up to six tokens out of two, and longer ones.
    #[test]
    fn one_rule_every_workspace(cf in dense()) {
        let addresses: Vec<String> = every_workspace(6).chain(long_workspaces(20)).collect();
        agrees(&cf, &addresses)?;
    }
}

#[test]
fn every_rule_with_a_phrase() {
    let addresses: Vec<String> = every_workspace(5).chain(long_workspaces(40)).collect();
    let mut total = Agreement::default();
    for cf in every_phrase_rule() {
        total.add(agree_in(&cf, Pair::rulesets, &addresses).unwrap());
    }
    assert!(total.matches > 1000 && total.undecided == 0, "{total:?}");
}

/// What random rules rarely come to: one more than each limit allows.
#[test]
fn limits() {
    let mut cf = String::from("V10/Berkeley\nDC(only a comment)\nSempty\n");
    cf.push_str("Sok\nR$*\t$: ok $1\nSunknown\nR$*\t$: pre $>nosuch $1\n");
    cf.push_str("Sdouble\nR$*\t$: $1 $1\nSabort\nR$+\t$: x $&C $1\n");
    // Applications of one rule in a row.
    cf.push_str("Sloop\nRa $*\t$1\nRb $*\t$: $1\nRb $*\t$>ok $1\n");
    // Nested rulesets.
    cf.push_str("Snest\nRa $*\t$: a $>nest $1\nR$*\t$: end $1\n");
    // Tokens, when they are put and when a call returns them.
    cf.push_str("Sput\nR$*\t$: $1 $1 $1 $1 $1\nR$*\t$: then $1\n");
    cf.push_str("Sback\nR$*\t$: $1 $1 $>double $1 $1\nR$*\t$: then $1\n");
    // Failures below.
    cf.push_str("Sfails\nR$*\t$: $>ok $>unknown $1\nR$*\t$: then $>abort $1\nR$*\t$: at last $1\n");
    for calls in [14, 15, 16, 17] {
        writeln!(cf, "Scalls{calls}\nR$*\t$: $1 {} $1\nR$*\t$: then $1", "$>ok ".repeat(calls))
            .unwrap();
        writeln!(
            cf,
            "Sskips{calls}\nR$*\t$: {} $1\nR$*\t$: then $1",
            "$>ok $>empty x ".repeat(calls)
        )
        .unwrap();
    }
    let repeated = [1, 10, 49, 50, 51, 52, 99, 100, 101, 160, 166, 167, 168, 199, 200, 201];
    let addresses: Vec<String> = repeated.iter().map(|times| "a ".repeat(*times)).collect();
    let total = agree_in(&cf, Pair::rulesets, &addresses).unwrap();
    assert!(total.messages > 100 && total.undecided < 10, "{total:?}");
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
