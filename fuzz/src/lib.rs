//! What the targets share: a configuration loaded in a world without files, and an address put
//! through its rules.

use cf_parser::{Config, parse};
use ruleset_vm::load::{
    ClassFileBlame, Complaint, Configuration, HostFacts, OwnInterface, Surroundings, User, load,
};
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Answer, KeyStyle, Lookups, Machine, Macros, Request, Rewriter, Role};

/// Longest input of a target that runs rules. sendmail's own lines are shorter.
pub const MAX_ADDRESS: usize = 4096;

/// No files, no programs, no users; every map can be declared.
struct Nowhere;

impl Surroundings for Nowhere {
    fn class_file(&mut self, _path: &[u8], _blame: ClassFileBlame) -> Result<Vec<u8>, Complaint> {
        Ok(b"one two\n# three\nfour\n".to_vec())
    }

    fn class_program(&mut self, _command: &[u8]) -> Result<Vec<u8>, Complaint> {
        Ok(Vec::new())
    }

    fn class_lookup(
        &mut self,
        _name: &cf_parser::Name,
        _key: &[u8],
        _spec: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        Ok(None)
    }

    fn declare_map(&mut self, _line: &[u8]) -> Vec<Complaint> {
        Vec::new()
    }

    fn environment(&mut self, _name: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn user(&mut self, _name: &[u8]) -> Option<User> {
        None
    }

    fn interfaces(&mut self, _loopback_names: bool) -> Vec<OwnInterface> {
        Vec::new()
    }

    fn service(&mut self, _name: &[u8]) -> bool {
        true
    }

    fn host(&mut self, _name: &[u8]) -> bool {
        true
    }

    fn group(&mut self, _name: &[u8]) -> Option<u32> {
        None
    }
}

/// Loads a cf file as a host called `mail.example.com` would.
#[must_use]
pub fn loaded(cf: &[u8]) -> Configuration {
    let (config, diagnostics) = parse(cf);
    load_config(&config, diagnostics)
}

/// Loads what was parsed.
#[must_use]
pub fn load_config(config: &Config, diagnostics: Vec<cf_parser::Diagnostic>) -> Configuration {
    let facts = HostFacts {
        name: b"mail.example.com".to_vec(),
        node: b"mail".to_vec(),
        mode: b't',
        macros: vec![
            (b"stateDir".to_vec(), b"/state".to_vec()),
            (b"user".to_vec(), b"joe".to_vec()),
        ],
        ..HostFacts::default()
    };
    load(config, diagnostics, &facts, &mut Nowhere).0
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

/// Parses an address as recipient and header sender, and rewrites it for the mailer it resolves to.
pub fn route(configuration: &Configuration, machine: &mut Machine, address: &[u8]) {
    let mut macros = configuration.macros.clone();
    let (mut lookups, mut tracer) = (Echo, NoTracer);
    let mut rewriter = Rewriter {
        machine,
        configuration,
        macros: &mut macros,
        lookups: &mut lookups,
        tracer: &mut tracer,
    };
    let roles = [Role::default(), Role { header: true, sender: true }];
    for role in roles {
        let _ = rewriter.crack(address);
        drop(rewriter.parse(address, None, role));
        for mailer in configuration.mailers.iter().take(8) {
            let _ = rewriter.remote_name(address, mailer, role, None);
        }
    }
}
