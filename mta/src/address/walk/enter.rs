//! Entering a resolved address into the envelope: limits, direct programs, loops, duplicates.

use std::rc::Rc;

use ruleset_vm::{Enhanced, Exit, Parsed, Status, Target, Triple};

use super::{Candidate, Control, Key, Member, Slot, Walk, too_deep};
use crate::address::note::What;
use crate::address::sender::route;
use crate::message::address_list::bare;
use crate::message::envelope::{Recipient, RecipientState, Route};

/// RS-091: a map failed for now while the address was resolved.
pub(in crate::address) fn transient_parse() -> Status {
    let text = "Transient parse error -- message queued for future delivery";
    Status::from_reply(Exit::TEMPFAIL, 450, Enhanced::new(4, 4, 3), text)
}

/// Whether an error triple is one for now: its exit status or its reply says so.
fn is_for_now(status: &Status) -> bool {
    status.exit == Exit::TEMPFAIL || status.reply.is_some_and(|code| (400..500).contains(&code))
}

fn refused(text: Vec<u8>) -> Status {
    Status::from_reply(Exit::USAGE, 550, Enhanced::new(5, 7, 1), text)
}

/// The mailers of programs, files and lists, and what mail to them goes to.
const DIRECT: [(&[u8], &[u8]); 3] =
    [(b"prog", b"programs"), (b"*file*", b"files"), (b"*include*", b":include:s")];

/// AD-024, AD-038: what a submitter may not name.
pub(in crate::address) fn direct_refusal(mailer: &[u8]) -> Option<Status> {
    let (_, what) = DIRECT.into_iter().find(|(name, _)| *name == mailer)?;
    Some(refused([b"Cannot mail directly to ", what].concat()))
}

/// Whether it is one of [`direct_refusal`].
pub(in crate::address) fn is_direct_refusal(status: &Status) -> bool {
    DIRECT.iter().any(|(mailer, _)| direct_refusal(mailer).as_ref() == Some(status))
}

/// What is said of an address when the rules have resolved it to an error.
pub(super) fn verdict(triple: &Triple) -> Option<What> {
    let Target::Error(status) = &triple.mailer else { return None };
    let status = status.clone();
    Some(if is_for_now(&status) { What::Doubtful(status) } else { What::Failed(status) })
}

/// What the error mailer was called with.
fn error_route(triple: &Triple) -> Route {
    let host = triple.host.clone().unwrap_or_default();
    Route { mailer: Route::ERROR, host, user: triple.user.clone() }
}

impl Walk<'_> {
    /// Enters one address and starts what follows from it.
    pub(super) fn enter(&mut self, candidate: Candidate) {
        let Candidate { mut recipient, mut member, parsed, slot, place } = candidate;
        let limit = self.options.max_recursion;
        if member.level > limit {
            return self.too_deep(recipient, member, slot, &place);
        }
        if let Some(status) = self.flaw(&recipient, &member, &parsed) {
            if let Some(parent) = member.parent {
                self.count_entered(parent);
            }
            let is_error = matches!(parsed.triple.mailer, Target::Error(_));
            if is_error && is_for_now(&status) {
                return self.doubt(recipient, member, &parsed, status, slot);
            }
            if is_error {
                let route = error_route(&parsed.triple);
                if !route.user.is_empty() || recipient.address.contains(&b'@') {
                    let name = self.complete(&recipient.address, &route);
                    let name = [&self.error_type()[..], b"; ", &name].concat();
                    recipient.final_recipient.get_or_insert(name);
                }
                recipient.route = Some(route).filter(|route| !route.user.is_empty());
            }
            if is_direct_refusal(&status) {
                // so that reports know what kind of address it is
                recipient.route = route(&parsed);
                let own = self.worker.macros.value(b"j");
                let user = &parsed.triple.user;
                let name = [&self.error_type()[..], b"; ", user, b"@", &own].concat();
                recipient.final_recipient.get_or_insert(name);
            }
            let index = self.place(recipient, member, slot);
            if is_error {
                self.mark(index, &status);
            } else {
                self.settle(index, status, &place);
            }
            return;
        }
        let Some(route) = route(&parsed) else { return };
        let uid = match &member.control {
            Control::User(user) => Some(user.uid),
            Control::Default => None,
        };
        let key = self.key(&route, uid);
        if member.parent.is_some() && self.sender.as_ref() == Some(&key) {
            return; // AD-051
        }
        if self.refers_to_itself(&member, &key) {
            return;
        }
        if let Some(parent) = member.parent {
            self.count_entered(parent);
        }
        if self.is_duplicate(&recipient, &member, &key, slot, &place) {
            return;
        }
        if recipient.final_recipient.is_none() {
            recipient.final_recipient = Some(self.final_recipient(&recipient.address, &route));
        }
        recipient.route = Some(route);
        member.not_remote = parsed.triple.not_remote;
        let index = self.place(recipient, member, slot);
        self.keys.insert(key, index);
        if parsed.deferred {
            return self.mark(index, &transient_parse());
        }
        self.open(index, &place);
    }

    /// More aliases lead to the address than may: it fails which stands for it (observed).
    fn too_deep(&mut self, recipient: Recipient, member: Member, slot: Slot, place: &Rc<[u8]>) {
        let status = too_deep(member.level, self.options.max_recursion);
        let address = recipient.address.clone();
        if let Some(parent) = member.parent {
            self.count_entered(parent);
        }
        let at = member.parent.unwrap_or_else(|| self.place(recipient, member, slot));
        self.fail_unquoted(at, status, (place, &address));
    }

    /// An error for now is kept like an address that waits (observed).
    fn doubt(
        &mut self,
        mut recipient: Recipient,
        member: Member,
        parsed: &Parsed,
        status: Status,
        slot: Slot,
    ) {
        let route = error_route(&parsed.triple);
        if recipient.final_recipient.is_none() {
            let own = self.worker.macros.value(b"j");
            let name = [&self.error_type()[..], b"; ", &route.user, b"@", &own].concat();
            recipient.final_recipient = Some(name);
        }
        recipient.route = Some(route);
        recipient.state = RecipientState::Deferred(Status { text: Vec::new(), ..status });
        self.place(recipient, member, slot);
    }

    /// What forbids the address: an error triple, a program or file that is not allowed.
    fn flaw(&self, recipient: &Recipient, member: &Member, parsed: &Parsed) -> Option<Status> {
        let mailer = match &parsed.triple.mailer {
            Target::Error(status) => return Some(status.clone()),
            Target::Mailer(mailer) => self.worker.site.mailers.get(*mailer)?,
        };
        let refusal = direct_refusal(&mailer.name)?;
        let Some(alias) = &recipient.alias else { return Some(refusal) };
        let what: &[u8] = match mailer.name.as_slice() {
            b"prog" => b"programs",
            b"*file*" => b"files",
            _ => return None,
        };
        if let Some(user) = &member.bogus_shell {
            let host = self.worker.macros.value(b"j");
            let why: &[u8] = b" doesn't have a valid shell for mailing to ";
            return Some(refused([b"User ", &user[..], b"@", &host, why, what].concat()));
        }
        member.is_unsafe.then(|| {
            refused([b"Address ", &alias[..], b" is unsafe for mailing to ", what].concat())
        })
    }

    /// Whether the address leads back to one it came from, and a user of that name ends the loop: then
    /// the user gets the mail (AD-013, AD-015).
    fn refers_to_itself(&mut self, member: &Member, key: &Key) -> bool {
        let Some(parent) = member.parent else { return false };
        if self.key_at(parent).as_ref() == Some(key)
            && let Some(found) = self.members.get_mut(parent)
        {
            found.self_reference = true;
        }
        let Some(origin) = self.ancestors(parent).find(|&at| self.key_at(at).as_ref() == Some(key))
        else {
            return false;
        };
        let mut candidates = vec![origin];
        candidates.extend(self.ancestors(parent).take_while(|&at| at != origin));
        let Some(real) = candidates.into_iter().find(|&at| self.is_real_user(at)) else {
            return false;
        };
        if let Some(found) = self.members.get_mut(real) {
            found.self_reference = true;
        }
        self.touched.push(real);
        true
    }

    fn ancestors(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(from), |&at| self.members.get(at)?.parent)
    }

    fn key_at(&self, index: usize) -> Option<Key> {
        let route = self.recipients.get(index)?.route.as_ref()?;
        let uid = match &self.members.get(index)?.control {
            Control::User(user) => Some(user.uid),
            Control::Default => None,
        };
        Some(self.key(route, uid))
    }

    fn is_real_user(&self, index: usize) -> bool {
        let Some(route) = self.recipients.get(index).and_then(|r| r.route.as_ref()) else {
            return false;
        };
        let mailer = self.worker.site.mailers.get(route.mailer);
        mailer.is_some_and(|mailer| mailer.flags.has(b'w'))
            && matches!(self.worker.site.user(&super::local::login(&route.user).0), Ok(Some(_)))
    }

    /// Drops a second occurrence (AD-048). One that the submitter named goes silently, unless it is
    /// what is being expanded.
    fn is_duplicate(
        &mut self,
        recipient: &Recipient,
        member: &Member,
        key: &Key,
        slot: Slot,
        place: &Rc<[u8]>,
    ) -> bool {
        let Some(&known) = self.keys.get(key) else { return false };
        if slot == Slot::At(known) {
            return false;
        }
        let Some(other) = self.recipients.get_mut(known) else { return false };
        if other.flags.primary {
            let expands = member.parent.is_some_and(|parent| {
                std::iter::successors(Some(parent), |&at| self.members.get(at)?.parent)
                    .any(|at| at == known)
            });
            if expands {
                return false;
            }
        } else {
            let (flags, new) = (&mut other.flags, recipient.flags);
            flags.primary |= new.primary;
            flags.notify_given |= new.notify_given;
            flags.on_success |= new.on_success;
            flags.on_failure |= new.on_failure;
            flags.on_delay |= new.on_delay;
            self.note(place, &recipient.address, What::Duplicate);
        }
        self.touched.push(known);
        if let Some(parent) = member.parent.and_then(|at| self.members.get_mut(at))
            && known < parent.members_from
        {
            parent.known += 1;
        }
        if let Slot::At(index) = slot
            && let Some(own) = self.recipients.get_mut(index)
        {
            own.state = RecipientState::Duplicate;
        }
        true
    }

    /// The members of an alias or list are those entered from now on.
    pub(super) fn begin_members(&mut self, index: usize) {
        let from = self.recipients.len();
        if let Some(member) = self.members.get_mut(index) {
            member.members_from = from;
        }
    }

    fn count_entered(&mut self, parent: usize) {
        if let Some(parent) = self.members.get_mut(parent) {
            parent.entered += 1;
        }
    }

    fn place(&mut self, recipient: Recipient, mut member: Member, slot: Slot) -> usize {
        self.alive += 1;
        self.turns += 1;
        member.turn = self.turns;
        let index = match slot {
            Slot::At(index) => index,
            Slot::New => self.recipients.len(),
        };
        match (self.recipients.get_mut(index), self.members.get_mut(index)) {
            (Some(own), Some(known)) => (*own, *known) = (recipient, member),
            _ => {
                self.recipients.push(recipient);
                self.members.push(member);
            }
        }
        self.touched.push(index);
        index
    }

    /// A recipient that `parent` stands for.
    pub(super) fn child(&self, parent: usize, address: &[u8], from_alias: bool) -> Recipient {
        let mut child = Recipient::primary(address);
        let Some(known) = self.recipients.get(parent) else { return child };
        child.flags = known.flags;
        child.flags.primary = false;
        child.flags.from_alias = from_alias;
        child.original.clone_from(&known.original);
        child.final_recipient.clone_from(&known.final_recipient);
        child.alias = Some(known.address.clone());
        let member = self.members.get(parent);
        child.controlling_user = match member.map(|member| &member.control) {
            Some(Control::User(user)) => Some(user.clone()).filter(|user| user.uid != 0),
            // Group 0 stands for that of DefaultUser (observed).
            _ => known.route.as_ref().map(|route| crate::message::envelope::ControllingUser {
                user: route.user.clone(),
                uid: self.options.default_user.uid,
                gid: 0,
            }),
        };
        if member.is_some_and(|member| member.owner.is_some() && member.owner != self.own_sender) {
            // What the submitter wants to hear does not concern the owner (AD-022).
            child.flags.notify_given = false;
            child.flags.on_success = false;
            child.flags.on_failure = true;
            child.flags.on_delay = true;
        }
        child
    }

    /// Where a recipient stands that `parent` stands for.
    pub(super) fn child_member(&self, parent: usize) -> Member {
        let known = self.members.get(parent).cloned().unwrap_or_default();
        Member {
            level: known.level + 1,
            parent: Some(parent),
            has_owner: false,
            self_reference: false,
            entered: 0,
            known: 0,
            members_from: 0,
            not_remote: false,
            ..known
        }
    }

    /// The type of addresses that have no mailer: that of the local one (observed).
    fn error_type(&self) -> Vec<u8> {
        let local = self.worker.site.mailers.iter().find(|mailer| mailer.name == b"local");
        let kind = local.and_then(|mailer| mailer.types.address.clone());
        kind.unwrap_or_else(|| b"rfc822".to_vec())
    }

    /// `Final-Recipient` of a submitted address: its type, and the address, complete.
    fn final_recipient(&self, address: &[u8], route: &Route) -> Vec<u8> {
        let mailer = self.worker.site.mailers.get(route.mailer);
        let kind = mailer.and_then(|mailer| mailer.types.address.clone());
        let kind = kind.unwrap_or_else(|| b"rfc822".to_vec());
        [&kind[..], b"; ", &self.complete(address, route)].concat()
    }

    /// An address with a domain: the user part it is resolved to, or itself.
    fn complete(&self, address: &[u8], route: &Route) -> Vec<u8> {
        if route.user.contains(&b'@') {
            route.user.clone()
        } else if address.contains(&b'@') {
            bare(address).to_vec()
        } else {
            [&route.user[..], b"@", &self.worker.macros.value(b"j")].concat()
        }
    }
}
