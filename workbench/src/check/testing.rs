//! Configurations in memory, for the tests of checks.

use std::collections::BTreeMap;

use cf_parser::{Config, Diagnostic, Name};
use mapper::{MapDescription, MapSet};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, OwnInterface, Surroundings,
    User, load, option_checks, post_checks,
};

use super::{FileFacts, FileKind, Files, Finding, Subject};

/// A machine with maps, a few users, and no files.
#[derive(Default)]
struct World {
    maps: MapSet,
}

impl Surroundings for World {
    fn class_file(&mut self, path: &[u8], _: ClassFileBlame) -> Result<ClassText, Complaint> {
        let text = [b"cannot open '", path, b"': No such file or directory"].concat();
        Err(Complaint::error(text, 71))
    }

    fn class_program(&mut self, _: &[u8]) -> Result<Vec<u8>, Complaint> {
        Ok(Vec::new())
    }

    fn class_lookup(
        &mut self,
        _: &Name,
        _: &[u8],
        _: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        Ok(None)
    }

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        let errors = self.maps.declare(line);
        errors.into_iter().map(|error| Complaint::error(error.text, 70)).collect()
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
        (name == b"mail").then(|| User { name: name.to_vec(), uid: 8, gid: 8 })
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
        None
    }
}

/// A loaded configuration.
pub(super) struct Loaded {
    pub(super) bytes: Vec<u8>,
    pub(super) config: Config,
    pub(super) configuration: Configuration,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) maps: Vec<MapDescription>,
}

impl Loaded {
    /// Loads a file on the host `mail.example.com`.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let facts = HostFacts {
            name: b"mail.example.com".to_vec(),
            node: b"mail".to_vec(),
            mode: b't',
            processors: 1,
            ..HostFacts::default()
        };
        let mut world = World::default();
        let (config, said) = cf_parser::parse(bytes);
        let (configuration, mut diagnostics) = load(&config, said, &facts, &mut world);
        diagnostics.extend(option_checks(&configuration));
        diagnostics.extend(post_checks(&configuration, b'C'));
        let maps = world.maps.descriptions();
        Self { bytes: bytes.to_vec(), config, configuration, diagnostics, maps }
    }

    pub(super) fn check(&self, files: Option<&dyn Files>, options: &[Vec<u8>]) -> Vec<Finding> {
        super::check(Subject {
            bytes: &self.bytes,
            config: &self.config,
            configuration: &self.configuration,
            diagnostics: &self.diagnostics,
            maps: &self.maps,
            files,
            options,
        })
    }
}

/// What is found in a file.
pub(super) fn found(bytes: &[u8]) -> Vec<Finding> {
    Loaded::new(bytes).check(None, &[])
}

/// A small configuration in which nothing is found; lines can be put behind it.
pub(super) const BASE: &str = "\
V10/Berkeley
Djmail.example.com
O QueueDirectory=/var/spool/mqueue
O OperatorChars=.:%@!^/[]+
O DaemonPortOptions=Name=MTA, Addr=127.0.0.1
Scanonify=3
R$*\t$: $1
Sparse=0
R$*\t$#local $: $1
Mlocal, P=/bin/mail, F=lsDFMAw5:/|@qu, A=mail -d $u
";

/// Files by name: mode and time of change.
#[derive(Default)]
pub(super) struct Tree(pub(super) BTreeMap<Vec<u8>, (FileKind, u32, i64)>);

impl Tree {
    pub(super) fn with(mut self, path: &str, mode: u32, time: i64) -> Self {
        let kind = if path.ends_with('/') { FileKind::Directory } else { FileKind::File };
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        self.0.insert(path.as_bytes().to_vec(), (kind, mode, time));
        self
    }
}

impl Files for Tree {
    fn facts(&self, path: &[u8]) -> Option<FileFacts> {
        let (kind, mode, time) = *self.0.get(path)?;
        Some(FileFacts { kind, mode: Some(mode), modified: (time, 0) })
    }
}
