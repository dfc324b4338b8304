//! A host that has whatever a configuration names, and nothing in it: for reading a file for its own
//! sake.

use cf_parser::{Config, Diagnostic};
use mapper::{MapDescription, MapError, MapSet};
use ruleset_vm::load::{
    self, ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, OwnInterface,
    Surroundings, User,
};

/// No file is opened, nothing is missing: class files are empty, every user and service exists.
#[derive(Default)]
pub struct Nowhere {
    maps: MapSet,
}

impl Nowhere {
    /// With maps that have their settings already.
    #[must_use]
    pub fn new(maps: MapSet) -> Self {
        Self { maps }
    }

    /// The maps that the file declares, once it has been read.
    #[must_use]
    pub fn into_maps(self) -> MapSet {
        self.maps
    }
}

impl Surroundings for Nowhere {
    fn class_file(&mut self, _: &[u8], _: ClassFileBlame) -> Result<ClassText, Complaint> {
        Ok(Vec::new().into())
    }

    fn class_program(&mut self, _: &[u8]) -> Result<Vec<u8>, Complaint> {
        Ok(Vec::new())
    }

    fn class_lookup(
        &mut self,
        _: &cf_parser::Name,
        _: &[u8],
        _: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        Ok(None)
    }

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        let errors = self.maps.declare(line).into_iter();
        let complaint = |error: MapError| {
            let exit = error.exit();
            Complaint::error(error.text, exit)
        };
        errors.map(complaint).collect()
    }

    fn end_of_file(&mut self, configuration: &Configuration) -> Vec<Complaint> {
        drop(self.maps.finish(configuration.level));
        Vec::new()
    }

    fn declare_alias_map(&mut self, _: Option<&[u8]>, _: &[u8]) -> Vec<Complaint> {
        Vec::new()
    }

    fn environment(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn user(&mut self, name: &[u8]) -> Option<User> {
        Some(User { name: name.to_vec(), uid: 1, gid: 1 })
    }

    fn interfaces(&mut self, _: bool) -> Vec<OwnInterface> {
        Vec::new()
    }

    fn service(&mut self, _: &[u8]) -> bool {
        true
    }

    fn host(&mut self, _: &[u8], _: bool) -> bool {
        true
    }

    fn group(&mut self, _: &[u8]) -> Option<u32> {
        Some(1)
    }
}

/// Loads a file that has been parsed as if on a host `localhost.localdomain`, and what there is to say
/// about it; `parsed` is what the parser said.
#[must_use]
pub fn load(config: &Config, parsed: Vec<Diagnostic>) -> (Configuration, Vec<Diagnostic>) {
    let (configuration, found, _) = load_with_maps(config, parsed);
    (configuration, found)
}

/// As [`load()`], with the maps.
#[must_use]
pub fn load_with_maps(
    config: &Config,
    parsed: Vec<Diagnostic>,
) -> (Configuration, Vec<Diagnostic>, Vec<MapDescription>) {
    let facts = HostFacts {
        name: b"localhost.localdomain".to_vec(),
        node: b"localhost".to_vec(),
        processors: 1,
        mode: b'm',
        ..HostFacts::default()
    };
    let mut nowhere = Nowhere::default();
    let (configuration, found) = load::load(config, parsed, &facts, &mut nowhere);
    (configuration, found, nowhere.maps.descriptions())
}
