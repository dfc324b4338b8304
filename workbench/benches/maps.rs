//! Keys through a rule that looks them up: the library call, without output and traces.
//!
//!     cargo bench -p workbench --bench maps -- CF RULESET KEYS [ROUNDS]
//!
//! Prints what a key costs in nanoseconds: the rule with its lookup, workspace to workspace; and all of it, from the text
//! on, with the look at the file that every address begins with. `benches/maps` runs it.

mod common;

use common::{configuration, read};
use mapper::{LookupContext, SystemServices};
use nix::sys::time::TimeValLike as _;
use ruleset_vm::prescan::Mode;
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, Rewriter};
use workbench::answering::{Answering, MapMessage};

/// Nanoseconds of CPU that this thread has had: other programs make it no longer, as they do the time of the clock.
fn cpu_time() -> i64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(0, |time| time.num_nanoseconds())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [cf, ruleset, keys, rest @ ..] = &arguments[..] else {
        eprintln!("usage: maps CF RULESET KEYS [ROUNDS]");
        return;
    };
    let rounds: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (configuration, mut maps) = configuration(&read(cf));
    let keys = read(keys);
    let keys: Vec<&[u8]> = keys.split(|byte| *byte == b'\n').filter(|k| !k.is_empty()).collect();
    let mut services = SystemServices::default();
    let mut say = |message: MapMessage| {
        eprintln!("{}", String::from_utf8_lossy(&message.text));
    };
    let mut lookups = Answering {
        maps: &mut maps,
        services: &mut services,
        context: LookupContext::default(),
        levels: Default::default(),
        say: &mut say,
        postponed: None,
        count: 0,
        unasked: Vec::new(),
    };
    let mut machine = Machine::new(configuration.program.clone());
    let mut macros = configuration.macros.clone();
    let mut tracer = NoTracer;
    let mut rewriter = Rewriter {
        machine: &mut machine,
        configuration: &configuration,
        macros: &mut macros,
        lookups: &mut lookups,
        tracer: &mut tracer,
    };
    let number = configuration.program.number(ruleset.as_bytes());
    let number = number.unwrap_or_else(|| panic!("no ruleset {ruleset}"));
    // the first round opens the file and reads its pages
    let mut best = [f64::MAX; 2];
    let mut changed = 0;
    for _ in 0..=rounds {
        let (rules, rewritten) = rules_only(&mut rewriter, number, &keys);
        let whole = whole(&mut rewriter, number, &keys);
        best = [best[0].min(rules), best[1].min(whole)];
        changed = rewritten;
    }
    println!("{:.0} {:.0} {changed}", best[0], best[1]);
}

/// Nanoseconds for the rule, and how many keys it has changed by more than a word.
fn rules_only(rewriter: &mut Rewriter<'_>, number: usize, keys: &[&[u8]]) -> (f64, usize) {
    let (mut spent, mut changed) = (0, 0);
    for some in keys.chunks(1000) {
        let mut workspaces = Vec::with_capacity(some.len());
        for (nth, key) in some.iter().enumerate() {
            // the first one begins another address
            let tokens = match nth {
                0 => rewriter.tokenize(key, None).0,
                _ => {
                    let program = rewriter.machine.program().clone();
                    rewriter.machine.tokenize(key, Mode::of_text(program.operators())).0
                }
            };
            workspaces.push(tokens.unwrap_or_default());
        }
        let start = cpu_time();
        for tokens in workspaces {
            let count = tokens.len();
            let left = rewriter.apply(number, tokens).workspace;
            changed += usize::from(left.len() != count + 1);
            rewriter.machine.recycle(left);
        }
        spent += cpu_time() - start;
    }
    (spent as f64 / keys.len() as f64, changed)
}

/// Nanoseconds for all of it.
fn whole(rewriter: &mut Rewriter<'_>, number: usize, keys: &[&[u8]]) -> f64 {
    let start = cpu_time();
    for key in keys {
        let tokens = rewriter.tokenize(key, None).0.unwrap_or_default();
        let left = rewriter.apply(number, tokens).workspace;
        rewriter.machine.recycle(left);
    }
    (cpu_time() - start) as f64 / keys.len() as f64
}
