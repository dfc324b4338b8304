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
use ruleset_vm::{Answer, KeyStyle, Lookups, Machine, Macros, Request, Rewriter, Role};

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

impl Lookups for Echo {
    fn lookup(&mut self, request: &Request, _macros: &mut Macros) -> Answer {
        match request.key.last() {
            Some(last) if last % 3 == 0 => {
                Answer::Found([&request.key[..request.key.len().min(64)], b"!x@y.z"].concat())
            }
            Some(last) if last % 31 == 0 => Answer::Failed(ruleset_vm::Exit::TEMPFAIL),
            _ => Answer::NotFound,
        }
    }

    fn key_style(&self, _map: &[u8]) -> Option<KeyStyle> {
        Some(KeyStyle::default())
    }
}

/// Parses an address in these roles, up to each of these delimiters, and rewrites it for these mailers.
pub fn route(
    configuration: &Configuration,
    machine: &mut Machine,
    address: &[u8],
    roles: &[Role],
    delimiters: &[Option<u8>],
    mailers: &[Mailer],
) {
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
            if let Some(parsed) = rewriter.parse(address, *delimiter, role) {
                assert!(parsed.used <= address.len(), "more used than there is");
                let _ = rewriter.queue_group(&parsed.triple, role);
            }
        }
        for mailer in mailers {
            let _ = rewriter.remote_name(address, mailer, role, Some(b"@example.net"));
        }
    }
}
