//! Trying rules costs no memory: what an address allocates does not depend on how many rules are tried.
//! Allocations are counted, not time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "naive/world.rs"]
mod world;

use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, NoMaps, Rewriter};

/// Rules that look promising for `address` and fail late, and one that fires ten times.
fn rules(number: usize) -> String {
    let mut cf = String::from("V10/Berkeley\nO OperatorChars=.:%@!^/[]+\nCX a.b\nStest\n");
    for n in 0..number {
        let rule = match n % 4 {
            0 => "R$* < @ $* . $* . $* > $+\t$@ no",
            1 => "R$* . $* @ $* @ $*\t$@ no",
            2 => "R$* $=X $* . $+ @\t$@ no",
            _ => "R$+ < $* @ $* x $* > $*\t$@ no",
        };
        cf.push_str(rule);
        cf.push('\n');
    }
    cf.push_str("R$* . one $*\t$: $1 . two $2\n");
    cf
}

/// Allocations of the third address: by then memory has its size and what repeats is known. Each address
/// has another shape, so that nothing is known of the next; `known` takes the same address instead.
fn allocations(number: usize, known: bool) -> u64 {
    let (configuration, said) = world::loaded(rules(number).as_bytes());
    assert!(said.is_empty(), "{said:?}");
    let ruleset = configuration.program.number(b"test").unwrap();
    let mut machine = Machine::new(configuration.program.clone());
    let mut macros = configuration.macros.clone();
    let (mut lookups, mut tracer) = (NoMaps, NoTracer);
    let mut rewriter = Rewriter {
        machine: &mut machine,
        configuration: &configuration,
        macros: &mut macros,
        lookups: &mut lookups,
        tracer: &mut tracer,
    };
    let shapes = ["user < @ a . b . one >", "user < @ a . b . c . one >", "user . x < @ a . one >"];
    let addresses = if known { [shapes[0]; 3] } else { shapes };
    let mut count = 0;
    for address in addresses {
        let info = allocation_counter::measure(|| {
            let (tokens, _) = rewriter.tokenize(address.as_bytes(), None);
            let outcome = rewriter.apply(ruleset, tokens.unwrap());
            let text = rewriter.machine.table().join(&outcome.workspace, None);
            assert!(text.ends_with(b"two>"), "{}", String::from_utf8_lossy(&text));
        });
        count = info.count_total;
    }
    count
}

#[test]
fn rules_that_are_tried_allocate_nothing() {
    for known in [false, true] {
        let (few, many) = (allocations(4, known), allocations(40, known));
        assert_eq!(few, many, "4 and 40 rules; known: {known}");
        assert!(few <= 8, "{few} allocations for an address; known: {known}");
    }
}
