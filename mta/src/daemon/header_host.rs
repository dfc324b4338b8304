//! What writing a header asks of the configuration: macros, conditions, rewritten addresses.

use std::cell::RefCell;

use cf_parser::debug::Category;
use ruleset_vm::Exit;

use crate::address::worker::Worker;
use crate::message::output::{HeaderHost, Role};

/// Answers with one worker, for one mailer.
pub(super) struct Headers<'a, 'w> {
    pub(super) worker: &'a RefCell<&'w mut Worker>,
    /// The mailer whose rulesets rewrite addresses; none while a header is only stored.
    pub(super) mailer: Option<usize>,
    /// `@domain` of the sender, when its mailer has flag `C` (RS-085).
    pub(super) sender_domain: Option<Vec<u8>>,
}

impl HeaderHost for Headers<'_, '_> {
    fn expand(&self, template: &[u8]) -> Vec<u8> {
        self.worker.borrow().expand(&late_bound(template))
    }

    fn is_set(&self, name: &[u8]) -> bool {
        let parsed = cf_parser::names::parse_name(name);
        let worker = self.worker.borrow();
        parsed.name.is_some_and(|name| worker.macros.get(&name).is_some_and(|v| !v.is_empty()))
    }

    fn rewrite(&self, address: &[u8], role: Role) -> Option<Vec<u8>> {
        let mailer = self.mailer?;
        let role = ruleset_vm::Role { header: true, sender: role == Role::Sender };
        let domain = self.sender_domain.as_deref();
        let mut worker = self.worker.borrow_mut();
        let (text, exit) = worker.remote_name_bare(address, mailer, role, domain)?;
        (exit == Exit::OK || !text.is_empty()).then_some(text)
    }

    fn pass(&self, address: &[u8]) {
        self.worker.borrow().debug(Category::RemoteName, 1, &[b"remotename(", address, b")"]);
    }
}

/// A template as it stands in a cf file, made from one in which the octet 0201 marks macros.
fn late_bound(template: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len());
    for &byte in template {
        match byte {
            0x81 => out.push(b'$'),
            b'$' => out.extend_from_slice(b"$$"),
            other => out.push(other),
        }
    }
    out
}
