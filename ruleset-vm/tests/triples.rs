//! A triple is the same whether a tracer watches its rulesets, they run, or what becomes of its parts is
//! known from addresses before it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, reason = "the world is needed, the naive engine is not")]
mod naive;
#[allow(dead_code, reason = "rules and addresses are needed, single-rule generators are not")]
mod random;

use naive::world::loaded;
use proptest::prelude::*;
use random::{Address, Program, address, program, rule, twin};
use ruleset_vm::load::Configuration;
use ruleset_vm::trace::{Event, Scene, Tracer};
use ruleset_vm::{Machine, NoMaps, Parsed, Rewriter, Role};

/// Mailers whose recipients go through random rulesets, and one that reads `$h` there.
const MAILERS: &str = "\
Mlocal, P=/x, F=l/|:, R=s1, A=x $u
Mprog, P=/x, F=l, A=x $u
M*file*, P=/x, F=l, A=x $u
M*include*, P=/x, F=l, A=x $u
Mroute, P=/x, F=@uh, R=s2, A=x $u
Mreads, P=/x, F=C, R=reads, A=x $u
Sreads
R$- @ $&h\t$1 at home
R$+\t$: $1 . $&h
S3
R$*\t$: $>s0 $1
S4
R$+ .\t$1
S0
R$#$*\t$#$1
R$* a $*\t$#error $@ 5.1.1 $: no $1
R$* b $*\t$#local $: $1 $2
R$- . $*\t$#reads $@ $1.Host $: $1 @ $2
R$+ : $*\t$#route $@ $1 $: @ $2 , $1
R$+ @ $*\t$#route $@ $2 $: $1 @ $2
R$- -\t$#reads $: $1
R$*\t$#local $: $1
";

struct Watcher(bool);

impl Tracer for Watcher {
    fn wants_rulesets(&self) -> bool {
        self.0
    }

    fn wants_rules(&self) -> bool {
        self.0
    }

    fn event(&mut self, _scene: Scene<'_>, _event: &Event<'_>) {}
}

/// The triple and `$h` behind it.
fn parse(
    machine: &mut Machine,
    configuration: &Configuration,
    address: &str,
    role: Role,
    watched: bool,
) -> (Option<Parsed>, Vec<u8>) {
    let mut macros = configuration.macros.clone();
    macros.set(b"h", b"stale");
    let mut rewriter = Rewriter {
        machine,
        configuration,
        macros: &mut macros,
        lookups: &mut NoMaps,
        tracer: &mut Watcher(watched),
    };
    let parsed = rewriter.parse(address.as_bytes(), None, role);
    (parsed, macros.value(b"h"))
}

fn holds(program: &Program, addresses: &[Address]) -> Result<(), TestCaseError> {
    // The random rulesets begin at `Ss0`; `S0` is the one above.
    let cf = program.cf() + MAILERS;
    let (configuration, _) = loaded(cf.as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    for address in addresses.iter().map(|address| address.text(program)) {
        for address in [twin(&address), twin(&twin(&address)), address] {
            for role in [Role::default(), Role { header: true, sender: true }] {
                let watched = parse(&mut machine, &configuration, &address, role, true);
                // Cold, recorded, known.
                for _ in 0..8 {
                    let again = parse(&mut machine, &configuration, &address, role, false);
                    prop_assert_eq!(&watched, &again, "{}\naddress: {}", &cf, &address);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn triples(
        program in program(prop::collection::vec(prop::collection::vec(rule(4), 1..6), 3..4)),
        addresses in prop::collection::vec(address(), 1..6),
    ) {
        holds(&program, &addresses)?;
    }
}

#[test]
fn a_triple_may_be_built_again() {
    let cf = format!("V10\nSs0\nR$*\t$: $1\nSs1\nR$+\t$@ $1\nSs2\nR$+\t$@ $1\n{MAILERS}");
    let (configuration, _) = loaded(cf.as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    let mut macros = configuration.macros.clone();
    let mut rewriter = Rewriter {
        machine: &mut machine,
        configuration: &configuration,
        macros: &mut macros,
        lookups: &mut NoMaps,
        tracer: &mut Watcher(false),
    };
    for address in ["x@h1", "y@h2", "z@h3", "x@h4", "y@h5", "z@h6"] {
        let tokens = rewriter.tokenize(address.as_bytes(), None).0.unwrap();
        let left = rewriter.apply_all(3, &[0], tokens).workspace;
        let mut build = || rewriter.build(&left, address.as_bytes(), Role::default());
        let first = build();
        assert_eq!(first.host.as_deref(), Some(&address.as_bytes()[2..]));
        assert_eq!(first.user, address.as_bytes());
        assert_eq!(first, build());
    }
}
