//! Keys through a rule that looks them up: the library call, without output and traces.
//!
//!     cargo bench -p workbench --bench maps -- CF RULESET KEYS [ROUNDS]
//!
//! Prints what a key costs, from its text to the workspace that the rule leaves, and what of that is the lookup:
//! the difference to ruleset `none`, which rewrites without a map. `benches/maps` runs it.

mod common;

use common::{configuration, read};
use mapper::{LookupContext, SystemServices};
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, Rewriter};
use workbench::answering::{Answering, MapMessage};

/// Nanoseconds of CPU that this thread has had: other programs make it no longer, as they do the time of the clock.
fn cpu_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
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
    let number = |name: &str| {
        configuration.program.number(name.as_bytes()).unwrap_or_else(|| panic!("no ruleset {name}"))
    };
    let mut run = |number: usize| {
        let mut changed = 0;
        let start = cpu_time();
        for key in &keys {
            let tokens = rewriter.tokenize(key, None).0.unwrap_or_default();
            let count = tokens.len();
            changed += usize::from(rewriter.apply(number, tokens).workspace.len() != count);
        }
        ((cpu_time() - start) as f64 / keys.len() as f64, changed)
    };
    let (number, none) = (number(ruleset), number("none"));
    // the first round opens the file and reads its pages
    let mut best = run(number);
    let mut without = run(none).0;
    for _ in 0..rounds {
        let again = run(number);
        best = if again.0 < best.0 { again } else { best };
        without = without.min(run(none).0);
    }
    let (whole, changed) = best;
    println!("{whole:.0} {:.0} {changed}", whole - without);
}
