//! What reading a configuration asks of the outside, for a file of another machine or of unknown origin.

use std::net::IpAddr;
use std::sync::Arc;

use cf_parser::{Diagnostic, Name};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, OwnInterface, Surroundings, User,
};
use workbench::machine::{Allowed, Facts, Kind, NotAsked, kind_of_class};

use crate::config::reading::{Reading, System};
use crate::sys::hostname::{NameService, OwnName};

/// The system, as far as it may be asked.
pub(super) struct Elsewhere {
    system: System,
    facts: Arc<Facts>,
    allowed: Allowed,
    not_asked: Vec<NotAsked>,
}

impl Elsewhere {
    pub(super) fn new(system: System, facts: Arc<Facts>, allowed: Allowed) -> Self {
        Self { system, facts, allowed, not_asked: Vec::new() }
    }

    /// What has been read, and what was not asked.
    pub(super) fn reading(
        self,
        path: &[u8],
        configuration: Configuration,
        diagnostics: Vec<Diagnostic>,
    ) -> (Reading, Vec<NotAsked>) {
        (self.system.reading(path, configuration, diagnostics), self.not_asked)
    }

    fn may(&mut self, kind: Kind, question: &[u8]) -> bool {
        if !self.allowed.has(kind) {
            self.not_asked.push(NotAsked { kind, question: question.to_vec() });
        }
        self.allowed.has(kind)
    }

    /// Whether this machine is the one that the configuration is for.
    fn is_here(&self) -> bool {
        self.facts.host.is_none()
    }
}

impl Surroundings for Elsewhere {
    fn class_file(&mut self, path: &[u8], blame: ClassFileBlame) -> Result<ClassText, Complaint> {
        self.system.class_file(path, blame)
    }

    fn class_program(&mut self, command: &[u8]) -> Result<Vec<u8>, Complaint> {
        match self.may(Kind::Programs, command) {
            true => self.system.class_program(command),
            false => Ok(Vec::new()),
        }
    }

    fn class_schema(&mut self, name: &Name, cluster: &[u8], host: &[u8]) -> Vec<u8> {
        self.system.class_schema(name, cluster, host)
    }

    fn class_lookup(
        &mut self,
        name: &Name,
        key: &[u8],
        spec: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        let class = spec.split(|byte| *byte == b':').next().unwrap_or_default();
        let question = [key, b"@", spec].concat();
        match kind_of_class(class).is_none_or(|kind| self.may(kind, &question)) {
            true => self.system.class_lookup(name, key, spec),
            false => Ok(None),
        }
    }

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        self.system.declare_map(line)
    }

    fn end_of_file(&mut self, configuration: &Configuration) -> Vec<Complaint> {
        self.system.end_of_file(configuration)
    }

    fn declare_alias_map(&mut self, class: Option<&[u8]>, spec: &[u8]) -> Vec<Complaint> {
        self.system.declare_alias_map(class, spec)
    }

    fn ldap_defaults(&mut self, spec: &[u8]) {
        self.system.ldap_defaults(spec);
    }

    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.system.environment(name)
    }

    fn user(&mut self, name: &[u8]) -> Option<User> {
        if self.facts.users.is_empty() {
            return self.system.user(name);
        }
        let user = self.facts.user(name)?;
        Some(User { name: user.name.clone(), uid: user.uid, gid: user.gid })
    }

    fn interfaces(&mut self, loopback_names: bool) -> Vec<OwnInterface> {
        match (self.is_here(), self.allowed.has(Kind::Dns)) {
            (false, _) => Vec::new(),
            (true, true) => self.system.interfaces(loopback_names),
            (true, false) => System::interfaces_by(loopback_names, &mut NoNames),
        }
    }

    fn service(&mut self, name: &[u8]) -> bool {
        self.system.service(name)
    }

    /// Nobody says that a host is unknown who has not asked.
    fn host(&mut self, name: &[u8], v6: bool) -> bool {
        !self.is_here() || !self.allowed.has(Kind::Dns) || self.system.host(name, v6)
    }

    /// Groups of another machine are not known; nobody says that there is none.
    fn group(&mut self, name: &[u8]) -> Option<u32> {
        match self.is_here() {
            true => self.system.group(name),
            false => Some(self.system.group(name).unwrap_or(1)),
        }
    }
}

/// A name service that is not asked: names come from the hosts file alone.
pub(super) struct NoNames;

impl NameService for NoNames {
    fn by_name(&mut self, _name: &[u8]) -> Option<OwnName> {
        None
    }

    fn by_address(&mut self, _address: IpAddr) -> Vec<Vec<u8>> {
        Vec::new()
    }
}
