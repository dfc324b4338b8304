//! Addresses through the rules of a configuration: the library call, without output and traces.
//!
//!     cargo bench -p workbench --bench rules -- CF ADDRESSES [ROUNDS]
//!
//! Prints addresses a second of one core. `benches/rules` runs it and sendmail on the same input and
//! prints the ratios, by instructions (callgrind) and by CPU time.

mod common;

use std::time::Instant;

use common::{configuration, read};
use mapper::{LookupContext, SystemServices};
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, Rewriter, Role};
use workbench::answering::{Answering, MapMessage};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [cf, addresses, rest @ ..] = &arguments[..] else {
        eprintln!("usage: rules CF ADDRESSES [ROUNDS]");
        return;
    };
    let rounds: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (configuration, mut maps) = configuration(&read(cf));
    let addresses = read(addresses);
    let addresses: Vec<&[u8]> =
        addresses.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
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
    let start = Instant::now();
    let mut mailers = vec![0u64; configuration.mailers.len() + 1];
    for _ in 0..rounds {
        for address in &addresses {
            let parsed = rewriter.parse(address, None, Role::default());
            let place = match parsed.map(|parsed| parsed.triple.mailer) {
                Some(ruleset_vm::Target::Mailer(index)) => index + 1,
                _ => 0,
            };
            mailers[place] += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = addresses.len() * rounds;
    println!("{count} addresses, {:.0} a second, by mailer {mailers:?}", count as f64 / seconds);
}
