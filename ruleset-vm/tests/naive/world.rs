//! A configuration loaded in a world without files, programs, users and networks.

use cf_parser::{Config, Diagnostic, parse};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, OwnInterface, Surroundings,
    User, load,
};

/// No files, no programs, no users; every map can be declared.
struct Nowhere;

impl Surroundings for Nowhere {
    fn class_file(&mut self, _path: &[u8], _blame: ClassFileBlame) -> Result<ClassText, Complaint> {
        Ok(b"one two\n# three\nfour\n".to_vec().into())
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

    fn declare_alias_map(&mut self, _class: Option<&[u8]>, _spec: &[u8]) -> Vec<Complaint> {
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

    fn host(&mut self, _name: &[u8], _v6: bool) -> bool {
        true
    }

    fn group(&mut self, _name: &[u8]) -> Option<u32> {
        None
    }
}

/// Loads a cf file as a host called `mail.example.com` would, with what is said of it.
pub(crate) fn loaded(cf: &[u8]) -> (Configuration, Vec<Diagnostic>) {
    let (config, diagnostics) = parse(cf);
    load_config(&config, diagnostics)
}

/// Loads what was parsed.
pub(crate) fn load_config(
    config: &Config,
    diagnostics: Vec<Diagnostic>,
) -> (Configuration, Vec<Diagnostic>) {
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
    load(config, diagnostics, &facts, &mut Nowhere)
}
