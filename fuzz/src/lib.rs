//! What the targets share: a configuration loaded in a world without files, an address put through
//! its rules, and the naive engine of the tests of `ruleset-vm`.

// Tests use all of it, the targets a part.
#[allow(dead_code)]
#[path = "../../ruleset-vm/tests/naive/mod.rs"]
mod naive;

use cf_parser::{Config, Diagnostic};
use naive::compare::Pair;
use ruleset_vm::load::Configuration;
use ruleset_vm::mailer::Mailer;
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{
    Answer, Exit, KeyStyle, KnownMaps, Lookups, Machine, Macros, Parsed, Question, Request, Rewriter,
    Role,
};

/// Longest input of a target that runs rules. sendmail's own lines are shorter.
pub const MAX_ADDRESS: usize = 4096;

/// Loads a cf file as a host called `mail.example.com` would.
#[must_use]
pub fn loaded(cf: &[u8]) -> Configuration {
    naive::world::loaded(cf).0
}

/// Loads what was parsed.
#[must_use]
pub fn load_config(config: &Config, diagnostics: Vec<Diagnostic>) -> Configuration {
    naive::world::load_config(config, diagnostics).0
}

/// Puts an address through each of the first rulesets of a file, by the compiled machine and by the
/// naive one, unless the file is more than that one understands.
///
/// # Panics
/// If they differ.
pub fn compare(cf: &[u8], address: &[u8]) {
    let Ok(mut pair) = Pair::new(cf) else { return };
    for ruleset in pair.rulesets().iter().take(4) {
        let _ = pair.agree(ruleset, address);
    }
}

/// Maps whose answers depend on the key alone: found, not found, not now.
struct Echo;

impl KnownMaps for Echo {
    fn key_style(&self, _map: &[u8]) -> Option<KeyStyle> {
        Some(KeyStyle::default())
    }

    fn has_none(&mut self, question: Question<'_>) -> bool {
        let last = question.key.last().copied().unwrap_or_default();
        question.key.len().is_multiple_of(2) && last % 3 != 0 && last % 31 != 0
    }
}

impl Lookups for Echo {
    fn lookup(&mut self, request: &Request, _macros: &mut Macros) -> Answer {
        match request.key.last() {
            Some(last) if last % 3 == 0 => {
                Answer::Found([&request.key[..request.key.len().min(64)], b"!x@y.z"].concat())
            }
            Some(last) if last % 31 == 0 => Answer::Failed(Exit::TEMPFAIL),
            _ => Answer::NotFound,
        }
    }
}

/// [`route`] as often as `times` says: what was recorded is the same when it is replayed.
///
/// # Panics
/// If it is not.
pub fn route_again(
    times: usize,
    configuration: &Configuration,
    address: &[u8],
    roles: &[Role],
    delimiters: &[Option<u8>],
    mailers: &[Mailer],
) {
    let mut machine = Machine::new(configuration.program.clone());
    let mut run = || route(configuration, &mut machine, address, roles, delimiters, mailers);
    let first = run();
    for _ in 1..times {
        assert!(run() == first, "replayed otherwise than run");
    }
}

/// What became of an address: as parsed, and for each mailer.
type Routes = (Vec<Option<Parsed>>, Vec<(Vec<u8>, Exit)>);

/// Parses an address in these roles, up to each of these delimiters, and rewrites it for these mailers.
fn route(
    configuration: &Configuration,
    machine: &mut Machine,
    address: &[u8],
    roles: &[Role],
    delimiters: &[Option<u8>],
    mailers: &[Mailer],
) -> Routes {
    let (mut triples, mut names) = Routes::default();
    let mut macros = configuration.macros.clone();
    let (mut lookups, mut tracer) = (Echo, NoTracer);
    let mut rewriter = Rewriter {
        machine,
        configuration,
        macros: &mut macros,
        lookups: &mut lookups,
        tracer: &mut tracer,
    };
    for &role in roles {
        let _ = rewriter.crack(address);
        for delimiter in delimiters {
            let parsed = rewriter.parse(address, *delimiter, role);
            if let Some(parsed) = &parsed {
                assert!(parsed.used <= address.len(), "more used than there is");
                let _ = rewriter.queue_group(&parsed.triple, role);
            }
            triples.push(parsed);
        }
        for mailer in mailers {
            names.push(rewriter.remote_name(address, mailer, role, None));
            names.push(rewriter.remote_name(address, mailer, role, Some(b"@example.net")));
        }
    }
    (triples, names)
}
