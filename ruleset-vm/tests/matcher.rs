//! The compiled machine does what the naive engine does, on rules and addresses nobody wrote.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod naive;
mod random;

use naive::compare::{Agreement, Pair};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use random::{Address, Program, address, dense, every_workspace, program, rule};

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
    let mut pair = match Pair::new(cf.as_bytes()) {
        Ok(pair) => pair,
        Err(undecided) => return Err(TestCaseError::fail(format!("{undecided:?}\n{cf}"))),
    };
    let mut total = Agreement::default();
    for address in addresses {
        let told = std::panic::AssertUnwindSafe(|| pair.agree(b"s0", address.as_bytes()));
        match std::panic::catch_unwind(told) {
            Ok(Ok(one)) => total.add(one),
            // Too long for plain backtracking, or a `$>` in front of what cannot be a name.
            Ok(Err(_)) => total.undecided += 1,
            Err(_) => {
                return Err(TestCaseError::fail(format!("they differ\n{cf}\naddress: {address}")));
            }
        }
    }
    Ok(total)
}

fn holds(program: &Program, addresses: &[Address]) -> Result<Agreement, TestCaseError> {
    let addresses: Vec<String> = addresses.iter().map(|address| address.text(program)).collect();
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
    #![proptest_config(cases(300))]

    /// One rule against every workspace of up to six tokens out of two.
    #[test]
    fn one_rule_every_workspace(cf in dense()) {
        let addresses: Vec<String> = every_workspace(6).collect();
        agrees(&cf, &addresses)?;
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
