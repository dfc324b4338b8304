//! A rule is tried in steps proportional to the tokens of the workspace times its own length, whatever
//! the rule and the workspace. Steps are counted, not time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "naive/world.rs"]
mod world;

use ruleset_vm::token::Token;
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, NoMaps, Rewriter};

/// Members of class X: one to eight tokens, each the beginning of the next.
const PHRASES: &str = "CX a a.a a.a.a a.a.a.a\nCX b.a b.a.b b.a.b.c\nCX aa aaa\n";

/// The longest phrase of X and the longest value of a macro, in tokens: how much one step into a class
/// or a macro can be worth.
const LONGEST: u64 = 7;

/// A left-hand side, and what the workspace is made of: what stands in front, what is repeated, what
/// stands behind. Every literal of the rule is in the workspace, so that no glance at both can tell
/// that they do not match; none of the rules matches.
const SHAPES: &[(&str, &str, &str, &str)] = &[
    // Wildcards between the same literal.
    ("$* a $* a $* a $* b", "b", "a", "c"),
    ("$* a $* a $* a $* b c", "b", "a", "c"),
    ("$* a $* a $* a $* b a $*", "c b c", "a", "a"),
    ("$+ a $+ a $+ a $+ b c", "b", "a", "c"),
    ("$* a $+ a $* a $+ b a $*", "c b c", "a", "a"),
    ("$* a . $* a . $* a . $* b a", "b", "a .", "a"),
    ("$* . $* @ $* . $* @ $* . $* % $* a", "%", "a . b @", "a"),
    // Nothing but wildcards.
    ("$* $* $* $* $* $* $* $* $* b", "b", "a", "c"),
    ("$+ $+ $+ $+ $+ $+ $+ $+ $+ b", "b", "a", "c"),
    ("$* $+ $* $+ $* $+ $* $+ $* b c", "b", "a", "c"),
    ("$- $* $- $* $- $* $- $* $- b c", "b", "a", "c"),
    ("$+ $- $+ $- $+ $- $+ $- $+ b c", "b", "a", "c"),
    ("$- $- $- $- $- $- $- $- $* b c", "b", "a", "c"),
    // Classes with phrases.
    ("$* $=X $* $=X $* b c", "b", "a .", "c"),
    ("$* $=X $* $=X $* $=X $* b c", "b", "a . b .", "c"),
    ("$* $=X $=X $=X $=X $* b c", "b", "a", "c"),
    ("$=X $=X $=X $=X $=X $=X $* b c", "a b", "a", "c"),
    ("$=X . $=X . $=X . $* b c", "a . a", ". a", "c"),
    ("$+ $=X $- $=X $+ $=X $* b c", "b", "a . a", "c"),
    ("$* $~X $* $~X $* $~X $* b c", "b", "c d", "c"),
    ("$* $~X $* $=X $- $~X $+ $=X b c", "b", "c a", "c"),
    // A class without members that fit, and one without members.
    ("$* $=Y $* $=Y $* b c", "b", "a .", "c"),
    ("$* $=E $* $=E $* b c", "b", "a .", "c"),
    // Values of macros: one that fits everywhere, one that fails at its end, none.
    ("$* $&M $* $&M $* $&M $* b c", "b", "a . b", "c"),
    ("$* $&F $* $&F $* b c", "b", "a .", "c"),
    ("$* $&U $* $&U $* $&U $* b c", "b", "a", "c"),
    ("$* $=X $* $&M $- $=X $* $&M b c", "b", "a . b a", "c"),
    // Zero tokens.
    ("$@ $* $@ $* $@ $* $@ a b c", "b", "a", "c"),
];

const TOKENS: [usize; 4] = [120, 240, 480, 960];

/// Runs something with the ruleset `test` of a file that is not complained about.
fn with_rules<T>(cf: &str, run: impl FnOnce(&mut Rewriter<'_>, usize) -> T) -> T {
    let (configuration, said) = world::loaded(cf.as_bytes());
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
    run(&mut rewriter, ruleset)
}

/// The steps that one look at `left` takes with workspaces of these sizes.
fn steps<const N: usize>(
    lines: &str,
    (left, front, middle, back): (&str, &str, &str, &str),
    sizes: [usize; N],
) -> [u64; N] {
    let cf = format!(
        "V10/Berkeley\nO OperatorChars=.:%@!^/[]+\n{lines}CY z.z.z zz\n\
         DMa.b\nDFa.a.a.z\nStest\nR{left}\t$@ matches\n"
    );
    with_rules(&cf, |rewriter, ruleset| {
        sizes.map(|tokens| {
            let workspace = workspace(rewriter, tokens, [front, middle, back]);
            let before = rewriter.machine.steps();
            let outcome = rewriter.apply(ruleset, workspace.clone());
            assert_eq!(outcome.workspace, workspace, "{left} matches");
            rewriter.machine.steps() - before
        })
    })
}

/// A workspace of `size` tokens; addresses cannot be so long, what rules make of them can.
fn workspace(rewriter: &mut Rewriter<'_>, size: usize, parts: [&str; 3]) -> Vec<Token> {
    let text = parts.join(" ");
    let (tokens, _) = rewriter.tokenize(text.as_bytes(), None);
    let tokens = tokens.unwrap();
    let [front, middle, back] = parts.map(|part| part.split_whitespace().count());
    assert_eq!(tokens.len(), front + middle + back);
    let (front, rest) = tokens.split_at(front);
    let (middle, back) = rest.split_at(middle);
    let between = size - front.len() - back.len();
    let repeated = middle.iter().copied().cycle().take(between);
    front.iter().copied().chain(repeated).chain(back.iter().copied()).collect()
}

#[test]
fn a_rule_costs_its_length_times_the_tokens() {
    let mut broken = Vec::new();
    for shape in SHAPES {
        let left = shape.0;
        let taken = steps(PHRASES, *shape, TOKENS);
        let length = left.split(' ').count() as u64 + 1;
        for (steps, tokens) in taken.iter().zip(TOKENS) {
            if *steps > 2 * length * LONGEST * tokens as u64 {
                broken.push(format!("{left}: {steps} steps for {tokens} tokens"));
            }
        }
        // Each time twice as many tokens are added, at most twice as many steps are; what does not
        // depend on the tokens may vary.
        let added: Vec<u64> =
            taken.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        if added.windows(2).any(|pair| pair[1] > 2 * pair[0] + 4 * length * LONGEST) {
            broken.push(format!("{left}: {taken:?} steps for {TOKENS:?} tokens"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The same for phrases: with a class that has one of every length, a step into the class is worth the
/// longest one, not its square.
#[test]
fn a_class_costs_its_longest_phrase() {
    const LENGTHS: [usize; 3] = [15, 30, 60];
    for left in ["$* $=X $* b c", "$* $=X $* $=X $* b c", "$+ $=X $=X $* b c", "$=X $=X $=X b c"] {
        let taken = LENGTHS.map(|longest| {
            let class: String = (1..=longest)
                .map(|length| format!("CX {}\n", vec!["a"; length].join(".")))
                .collect();
            steps(&class, (left, "a b a", ". a", "c"), [480])[0]
        });
        for (steps, longest) in taken.iter().zip(LENGTHS) {
            let most = 4 * (left.split(' ').count() as u64 + 1) * 2 * longest as u64 * 480;
            assert!(
                *steps <= most,
                "{left}: {steps} steps for phrases of {longest}, {most} at most"
            );
        }
        assert!(
            taken.windows(2).all(|pair| pair[1] * 10 <= 25 * pair[0] + 10_000),
            "{left}: {taken:?} steps for phrases of {LENGTHS:?}"
        );
    }
}

/// Rulesets that call each other without end are given up, and cost no more when they come again.
#[test]
fn endless_calls_end_when_they_are_recorded_too() {
    let cf = "V10/Berkeley\nStest\nR$*\t$: $>test\nR$*\t$: $>test\nR$*\t$: $>test\n";
    with_rules(cf, |rewriter, ruleset| {
        for _ in 0..4 {
            let (tokens, _) = rewriter.tokenize(b"a", None);
            let outcome = rewriter.apply(ruleset, tokens.unwrap());
            assert_eq!(outcome.exit, ruleset_vm::Exit::CONFIG);
        }
        assert!(rewriter.machine.steps() < 10_000_000, "{}", rewriter.machine.steps());
    });
}

/// The longer the workspace, the sooner that is.
#[test]
fn endless_calls_of_long_workspaces_end_soon() {
    let rule = "R$* b $*\t$: $>test $1 b $2\n";
    let cf = format!("V10/Berkeley\nStest\n{rule}{rule}{rule}");
    with_rules(&cf, |rewriter, ruleset| {
        let address = "a ".repeat(500) + "b";
        let (tokens, _) = rewriter.tokenize(address.as_bytes(), None);
        let outcome = rewriter.apply(ruleset, tokens.unwrap());
        assert_eq!(outcome.exit, ruleset_vm::Exit::CONFIG);
        assert!(rewriter.machine.steps() < 20_000_000, "{}", rewriter.machine.steps());
    });
}
