//! Aliases and their owners (AD-007..AD-018).

use std::rc::Rc;

use cf_parser::debug::Category;
use mapper::Answer;
use ruleset_vm::{Enhanced, Exit, Status};

use super::{Task, Walk};
use crate::address::note::What;
use crate::address::worker::Worker;
use crate::message::envelope::RecipientState;

/// Longest name whose owner is looked up as `owner-NAME` (AD-017).
const MAX_OWNED: usize = 250;
/// An owner that holds one of these is no single address (AD-016).
const NOT_AN_ADDRESS: &[u8] = b",:/|\"";

/// AD-008.
pub(in crate::address) fn unavailable() -> Status {
    let text = "alias database unavailable";
    Status::from_reply(Exit::TEMPFAIL, 451, Enhanced::new(4, 3, 0), text)
}

/// The alias that names the owner of the list `name`.
fn owner_name(name: &[u8]) -> Vec<u8> {
    if name.starts_with(b"owner-") || name.len() > MAX_OWNED {
        return b"owner-owner".to_vec();
    }
    [b"owner-", name].concat()
}

/// The sender for the members of a list: the owner's value if it is one address, else its name.
fn owner_address(name: Vec<u8>, value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    if value.is_empty() || value.iter().any(|byte| NOT_AN_ADDRESS.contains(byte)) {
        return name;
    }
    value.to_vec()
}

/// Shows that an address has an alias, if debugging flags ask for it: the address, its host and user.
pub(in crate::address) fn show_alias(
    worker: &Worker,
    (address, host, user): (&[u8], &[u8], &[u8]),
    value: &[u8],
) {
    let parts = [address, b" (", host, b", ", user, b") aliased to ", value];
    worker.debug(Category::Alias, 1, &parts);
}

impl Walk<'_> {
    /// What follows once a recipient is entered: its list or alias is opened, or it is looked up as a
    /// local user.
    pub(super) fn open(&mut self, index: usize, place: &Rc<[u8]>) {
        let Some(route) = self.recipients.get(index).and_then(|r| r.route.clone()) else { return };
        let site = self.worker.site.clone();
        let Some(mailer) = site.mailers.get(route.mailer) else { return };
        if mailer.name == b"*include*" {
            return self.include(index, &route.user, place);
        }
        if !mailer.flags.has(b'A') || !self.options.aliases {
            return self.after_alias(index, place);
        }
        let host = route.host.as_slice();
        let (answer, file_said) = self.ask_aliases(index, &route.user, host, place);
        if let Answer::Found(value) = &answer {
            show_alias(self.worker, (&self.address(index), host, &route.user), value);
        }
        match answer {
            Answer::Found(_) if self.options.verify_only => {}
            Answer::Found(value) => {
                let said = What::Aliased { value: value.clone(), unnamed: file_said };
                self.replace_by(index, &route.user, &value, (said, place));
            }
            Answer::Temporary { .. } => {
                // Nothing is said; the queue's listing tells it.
                if let Some(recipient) = self.recipients.get_mut(index) {
                    let status = Status { text: Vec::new(), ..unavailable() };
                    recipient.state = RecipientState::Deferred(status);
                }
                let address = self.address(index);
                self.note(place, &address, What::Waits(unavailable()));
            }
            _ => self.after_alias(index, place),
        }
    }

    /// Also whether the alias file itself had something to say.
    fn ask_aliases(
        &mut self,
        index: usize,
        key: &[u8],
        host: &[u8],
        place: &Rc<[u8]>,
    ) -> (Answer, bool) {
        self.worker.debug(Category::Alias, 1, &[b"alias(", key, b")"]);
        let answer = self.worker.lookup(b"aliases", key, &[host]);
        let address = self.address(index);
        let mut file_said = false;
        let mut failures = self.worker.take_failures().into_iter().peekable();
        for (at, text) in self.worker.take_messages().into_iter().enumerate() {
            while let Some(failure) = failures.next_if(|failure| failure.at <= at) {
                self.note_trouble(&address, failure);
            }
            // Messages about the file itself name it.
            let by_file = text.starts_with(b"/");
            file_said |= by_file;
            let shown = if by_file { text } else { [&address[..], b"... ", &text].concat() };
            self.note(place, &address, What::Said(shown));
        }
        for failure in failures {
            self.note_trouble(&address, failure);
        }
        (answer, file_said)
    }

    pub(super) fn address(&self, index: usize) -> Vec<u8> {
        self.recipients.get(index).map_or_else(Vec::new, |known| known.address.clone())
    }

    fn replace_by(
        &mut self,
        index: usize,
        name: &[u8],
        value: &[u8],
        (said, place): (What, &Rc<[u8]>),
    ) {
        let address = self.address(index);
        self.note(place, &address, said);
        let owner = owner_name(name);
        if let Answer::Found(value) = self.worker.lookup(b"aliases", &owner, &[])
            && let Some(member) = self.members.get_mut(index)
        {
            member.owner = Some(owner_address(owner, &value));
            member.has_owner = true;
        }
        self.worker.take_messages();
        self.begin_members(index);
        self.push(Task::EndAlias(index, place.clone()));
        self.push_elements(index, value, true, place);
    }

    /// All members of an alias are entered.
    pub(super) fn end_alias(&mut self, index: usize, place: &Rc<[u8]>) {
        self.list_members(index);
        if self.members.get(index).is_some_and(|member| member.self_reference) {
            self.after_alias(index, place);
        } else {
            self.expanded(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_addresses_or_names() {
        // AD-016, AD-017
        assert_eq!(owner_name(b"list"), b"owner-list");
        assert_eq!(owner_name(b"owner-list"), b"owner-owner");
        assert_eq!(owner_name(&[b'x'; 300]), b"owner-owner");
        for (value, expected) in [
            ("carol", "carol"),
            (" a@b ", "a@b"),
            ("a, b", "owner-x"),
            ("|/bin/cat", "owner-x"),
            (":include:/l", "owner-x"),
            ("/dev/null", "owner-x"),
            ("", "owner-x"),
        ] {
            let found = owner_address(b"owner-x".to_vec(), value.as_bytes());
            assert_eq!(found, expected.as_bytes(), "{value:?}");
        }
    }
}
