//! A configuration with its maps, loaded without the rest of the system.

use mapper::{MapSet, Settings};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, OwnInterface, Surroundings,
    User, load,
};

/// The files a configuration names, and nothing else of the system.
struct Files {
    maps: MapSet,
}

impl Surroundings for Files {
    fn class_file(&mut self, path: &[u8], _blame: ClassFileBlame) -> Result<ClassText, Complaint> {
        let path = String::from_utf8_lossy(path).into_owned();
        let found = std::fs::read(&path);
        found
            .map(ClassText::Bytes)
            .map_err(|error| Complaint::error(error.to_string().into_bytes(), 71))
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

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        self.maps.declare(line).into_iter().map(|e| Complaint::error(e.text, 70)).collect()
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

/// What stands in a file.
pub(crate) fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Loads a cf file; maps may lie in directories that others may write in.
pub(crate) fn configuration(cf: &[u8]) -> (Configuration, MapSet) {
    let (config, diagnostics) = cf_parser::parse(cf);
    let facts = HostFacts {
        name: b"bench.example.test".to_vec(),
        node: b"bench".to_vec(),
        mode: b't',
        ..HostFacts::default()
    };
    let mut files = Files { maps: MapSet::new(Settings::default()) };
    let (configuration, _) = load(&config, diagnostics, &facts, &mut files);
    let mut settings = Settings::default();
    settings.blame.map_in_unsafe_dir_path = true;
    settings.blame.group_writable_dir_safe = true;
    files.maps.set_settings(settings);
    files.maps.finish(configuration.level);
    (configuration, files.maps)
}
