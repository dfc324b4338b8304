//! The walk over aliases, lists and `.forward` files: from the addresses given to those delivered to.
//!
//! Depth first, with a stack of tasks instead of recursion. The elements of one alias value or line
//! are resolved in order and then entered last first, as the oracle does; where each recipient came
//! from is kept in [`Member`]s that stand at the same index as the recipients.

mod alias;
mod enter;
mod lists;
mod local;

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use cf_parser::debug::Category;
use ruleset_vm::{Enhanced, Exit, Parsed, Status};

use super::list;
use super::note::{Note, Undelivered, What};
use super::options::ExpandOptions;
use super::sender;
use super::worker::{Failure, Worker};
use crate::events::ControllingAddress;
use crate::message::envelope::{
    ControllingUser, Envelope, Listed, Listing, Recipient, RecipientState, ResolvedSender, Route,
};

/// Who the programs and files that an address stands for run as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Control {
    /// Nobody has answered for it yet: DefaultUser, once it has been through an alias.
    #[default]
    Default,
    /// A local user, or the owner of a list.
    User(ControllingUser),
}

/// Where a recipient came from, and what is still known of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    /// Aliases, lists and `.forward` files it went through.
    pub(super) level: u32,
    /// The recipient that stands for it.
    pub(super) parent: Option<usize>,
    /// The owner of the innermost list with one.
    pub(super) owner: Option<Vec<u8>>,
    /// It is a list with an owner of its own.
    pub(super) has_owner: bool,
    /// It occurs in its own expansion and stays.
    pub(super) self_reference: bool,
    /// Elements of its list that count as recipients.
    pub(super) entered: usize,
    /// Members that are recipients already, from outside of the list.
    pub(super) known: usize,
    /// Where its members begin among all recipients.
    pub(super) members_from: usize,
    /// Who its programs and files run as.
    pub(super) control: Control,
    /// It came out of a list others may write: no programs and files.
    pub(super) is_unsafe: bool,
    /// It came from a user without a valid shell, whose name this is: no programs and files.
    pub(super) bogus_shell: Option<Vec<u8>>,
    /// Its user part begins with `@` removed: no ruleset 5 (flag `@`).
    pub(super) not_remote: bool,
    /// The place among all recipients in the order in which they were entered.
    pub(super) turn: usize,
}

impl Member {
    /// It, or what it came out of, is a user or a file that answers for what it names.
    pub(super) fn has_account(&self) -> bool {
        matches!(self.control, Control::User(_))
    }
}

/// What makes two recipients one (AD-048).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    mailer: usize,
    host: Vec<u8>,
    user: Vec<u8>,
    /// For programs and files only.
    uid: Option<u32>,
}

/// Where a candidate is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It is in the envelope already.
    At(usize),
    /// Behind the last one.
    New,
}

/// A resolved address that is not entered yet.
pub(super) struct Candidate {
    pub(super) recipient: Recipient,
    pub(super) member: Member,
    pub(super) parsed: Parsed,
    pub(super) slot: Slot,
    pub(super) place: Rc<[u8]>,
}

/// A list file being read.
pub(super) struct OpenList {
    pub(super) path: Vec<u8>,
    pub(super) content: Vec<u8>,
    /// The recipient it stands for.
    pub(super) index: usize,
    /// Whether it is a `.forward` file.
    pub(super) forwarding: bool,
}

/// What is to be done next.
pub(super) enum Task {
    Enter(Box<Candidate>),
    /// The lines of a list from this byte on, and how many lines stand in front.
    Lines(Rc<OpenList>, usize, usize),
    EndAlias(usize, Rc<[u8]>),
    EndList(Rc<OpenList>),
}

/// The state of one expansion.
pub(super) struct Walk<'a> {
    pub(super) worker: &'a mut Worker,
    pub(super) options: &'a ExpandOptions,
    pub(super) recipients: &'a mut Vec<Recipient>,
    pub(super) members: Vec<Member>,
    notes: &'a mut dyn FnMut(Note),
    keys: HashMap<Key, usize>,
    sender: Option<Key>,
    /// The sender: a list whose owner it is keeps its members in the message.
    pub(super) own_sender: Option<Vec<u8>>,
    tasks: Vec<Task>,
    /// Recipients entered or met again for the submitted address in hand.
    touched: Vec<usize>,
    /// How many of the recipients entered are not replaced by others.
    alive: usize,
    turns: usize,
    /// The first error ends all, as in what SMTP clients ask (observed).
    stops: bool,
    /// There was one.
    stopped: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        worker: &'a mut Worker,
        options: &'a ExpandOptions,
        envelope: &'a mut Envelope,
        notes: &'a mut dyn FnMut(Note),
        stops: bool,
    ) -> Self {
        let members = vec![Member::default(); envelope.recipients.len()];
        let mut walk = Self {
            worker,
            options,
            recipients: &mut envelope.recipients,
            members,
            notes,
            keys: HashMap::new(),
            sender: None,
            own_sender: Some(envelope.sender.clone()),
            tasks: Vec::new(),
            touched: Vec::new(),
            alive: 0,
            turns: 0,
            stops,
            stopped: false,
        };
        if !options.me_too && !envelope.sender.is_empty() {
            walk.sender = walk.key_of_sender(&envelope.sender, envelope.resolved_sender.as_ref());
        }
        for index in 0..walk.recipients.len() {
            walk.note_resolved(index);
        }
        walk
    }

    /// A recipient that another attempt has resolved.
    fn note_resolved(&mut self, index: usize) {
        let Some(recipient) = self.recipients.get(index) else { return };
        if let Some(route) = &recipient.route {
            let uid = recipient.controlling_user.as_ref().map(|user| user.uid);
            let key = self.key(route, uid);
            self.keys.entry(key).or_insert(index);
            self.alive += 1;
        }
    }

    fn key_of_sender(&mut self, sender: &[u8], known: Option<&ResolvedSender>) -> Option<Key> {
        let route = match known {
            Some(known) => known.route.clone(),
            None => sender::route_to(self.worker, sender),
        };
        Some(self.key(&route?, None))
    }

    /// What a recipient is compared by.
    pub(super) fn key(&self, route: &Route, uid: Option<u32>) -> Key {
        let named = self.worker.site.mailers.get(route.mailer).map(|mailer| mailer.name.as_slice());
        let runs = matches!(named, Some(b"prog" | b"*file*"));
        Key {
            mailer: route.mailer,
            host: route.host.to_ascii_lowercase(),
            user: route.user.clone(),
            uid: uid.filter(|_| runs),
        }
    }

    /// Expands a list of addresses that nobody has entered yet.
    pub(super) fn named(&mut self, text: &[u8]) {
        let site = self.worker.site.clone();
        let place: Rc<[u8]> = Rc::from(&b""[..]);
        for element in list::elements(text, site.configuration.program.operators()) {
            if self.stopped {
                break;
            }
            let Some(parsed) = self.parse(element.text, element.rest, &place) else { continue };
            let recipient = Recipient::primary(element.text);
            let (member, place) = (Member::default(), place.clone());
            let candidate = Candidate { recipient, member, parsed, slot: Slot::New, place };
            self.push(Task::Enter(Box::new(candidate)));
        }
        self.run();
        if self.alive == 0 && !self.recipients.is_empty() {
            // AD-015
            self.note(b"", text, What::Failed(broken_loop(String::new())));
        }
    }

    /// Expands the submitted addresses of a list, the last of which comes first. All are resolved before one of them is
    /// entered.
    pub(super) fn submitted(&mut self, list: Range<usize>) {
        let place: Rc<[u8]> = Rc::from(&b""[..]);
        let mut resolved: Vec<(usize, Option<Parsed>)> = Vec::new();
        for index in list.rev() {
            let Some(recipient) = self.recipients.get(index).cloned() else { return };
            let rest = recipient.listed.as_ref().map(Listed::rest);
            let shown = rest.unwrap_or(&recipient.address);
            resolved.push((index, self.parse(&recipient.address, shown, &place)));
        }
        for (index, parsed) in resolved.into_iter().rev() {
            self.enter_submitted(index, parsed, &place);
        }
    }

    fn enter_submitted(&mut self, index: usize, parsed: Option<Parsed>, place: &Rc<[u8]>) {
        let Some(recipient) = self.recipients.get(index).cloned() else { return };
        self.touched.clear();
        match parsed {
            Some(parsed) => {
                let user = recipient.controlling_user.clone();
                let control = user.map_or(Control::Default, Control::User);
                let member = Member { control, ..Member::default() };
                let (slot, place) = (Slot::At(index), place.clone());
                let candidate = Candidate { recipient, member, parsed, slot, place };
                self.tasks.push(Task::Enter(Box::new(candidate)));
                self.run();
                self.end_of_submitted(index);
            }
            // a comment in a list is nobody
            None if recipient.listed.is_some() => self.expanded(index),
            None => {
                let code = Enhanced::new(5, 1, 3);
                let status =
                    Status::from_reply(Exit::USAGE, 553, code, "Recipient names must be specified");
                self.settle(index, status, b"");
            }
        }
    }

    fn run(&mut self) {
        while let Some(task) = self.tasks.pop() {
            if self.stopped {
                return self.tasks.clear();
            }
            match task {
                Task::Enter(candidate) => self.enter(*candidate),
                Task::Lines(list, from, number) => self.line(&list, from, number),
                Task::EndAlias(index, place) => self.end_alias(index, &place),
                Task::EndList(list) => self.end_list(&list),
            }
        }
    }

    pub(super) fn push(&mut self, task: Task) {
        self.tasks.push(task);
    }

    /// The address in hand alone counts as named by the submitter; and something must be left over.
    fn end_of_submitted(&mut self, index: usize) {
        let mut only = None;
        let mut several = false;
        for &at in &self.touched {
            let open = self.recipients.get(at).is_some_and(|recipient| recipient.state.waits());
            several |= open && only.is_some_and(|known| known != at);
            only = if open { Some(at) } else { only };
        }
        if let Some(recipient) =
            only.filter(|_| !several).and_then(|at| self.recipients.get_mut(at))
        {
            recipient.flags.primary = true;
        }
        let dead = self
            .recipients
            .get(index)
            .is_some_and(|recipient| recipient.state == RecipientState::Expanded);
        if dead && self.alive == 0 {
            // AD-015
            self.alive += 1;
            self.fail_unquoted(index, broken_loop(String::new()), (b"", b""));
        }
    }

    /// Resolves an address; what is said about it goes to the notes. `shown` is what messages about
    /// its syntax name.
    pub(super) fn parse(
        &mut self,
        address: &[u8],
        shown: &[u8],
        place: &Rc<[u8]>,
    ) -> Option<Parsed> {
        let parsed = self.worker.parse_listed(address, shown);
        let verdict = parsed.as_ref().and_then(|parsed| enter::verdict(&parsed.triple));
        let mut said = self.worker.take_messages();
        self.note_troubles(address);
        if verdict.is_some() {
            // The verdict itself becomes the note of the failure.
            said.pop();
        }
        for text in said {
            let text = renamed(text, address, shown);
            self.note(place, address, What::Said(text));
        }
        if let Some(verdict) = verdict {
            self.note(place, address, verdict);
        }
        if parsed.as_ref().is_some_and(|parsed| parsed.deferred) {
            self.note(place, address, What::Failed(enter::transient_parse()));
        }
        parsed
    }

    /// What has been found wrong with maps; no address or file stands in front of it.
    pub(super) fn note_troubles(&mut self, address: &[u8]) {
        for failure in self.worker.take_failures() {
            self.note_trouble(address, failure);
        }
    }

    pub(super) fn note_trouble(&mut self, address: &[u8], failure: Failure) {
        self.note(b"", address, What::Trouble(failure.text, failure.exit));
    }

    /// Resolves the elements of a list that stands for `index`, to be entered last first.
    pub(super) fn push_elements(
        &mut self,
        index: usize,
        text: &[u8],
        from_alias: bool,
        place: &Rc<[u8]>,
    ) {
        let site = self.worker.site.clone();
        for element in list::elements(text, site.configuration.program.operators()) {
            let Some(parsed) = self.parse(element.text, element.rest, place) else { continue };
            if self.stopped {
                return;
            }
            let head: &[u8] = b"self_reference(";
            self.worker.debug(Category::Alias, 1, &[head, element.text, b")\n\t... no self ref"]);
            let recipient = self.child(index, element.text, from_alias);
            let member = self.child_member(index);
            let place = place.clone();
            let candidate = Candidate { recipient, member, parsed, slot: Slot::New, place };
            self.tasks.push(Task::Enter(Box::new(candidate)));
        }
    }

    /// Says something about an address.
    pub(super) fn note(&mut self, place: &[u8], address: &[u8], what: What) {
        let note = Note { place: place.to_vec(), address: address.to_vec(), what };
        self.stopped |= self.stops && note.is_flaw();
        (self.notes)(note);
    }

    /// Fails a recipient, or puts it off, of which was told already.
    pub(super) fn mark(&mut self, index: usize, status: &Status) {
        let Some(recipient) = self.recipients.get_mut(index) else { return };
        recipient.state = if status.retry {
            RecipientState::Deferred(Status { text: Vec::new(), ..status.clone() })
        } else {
            RecipientState::Failed(status.clone())
        };
    }

    /// Fails a recipient, or puts it off.
    pub(super) fn settle(&mut self, index: usize, status: Status, place: &[u8]) {
        self.mark(index, &status);
        let Some(recipient) = self.recipients.get(index) else { return };
        let address = recipient.address.clone();
        let undelivered =
            recipient.route.as_ref().filter(|r| status.exit == Exit::NOUSER && !r.is_error()).map(
                |route| Undelivered {
                    mailer: route.mailer,
                    controlling: controlling(recipient),
                    status: status.clone(),
                },
            );
        self.note(place, &address, What::Failed(status));
        if let Some(undelivered) = undelivered {
            self.note(b"", &address, What::Undelivered(Box::new(undelivered)));
        }
    }

    /// Fails a recipient that stands for too many, for nobody or for what cannot be read: reports tell why in the
    /// transcript, not beside the recipient (observed).
    pub(super) fn fail_unquoted(&mut self, index: usize, status: Status, about: (&[u8], &[u8])) {
        let (place, address) = about;
        self.mark(index, &Status { reply: None, ..status.clone() });
        self.note(place, address, What::Failed(status));
    }

    /// The key of a recipient whose user is renamed is free again.
    pub(super) fn forget(&mut self, index: usize) {
        self.keys.retain(|_, known| *known != index);
    }

    /// All members of an alias, list or `.forward` are entered: how reports of success name them.
    pub(super) fn list_members(&mut self, index: usize) {
        let Some(member) = self.members.get(index) else { return };
        let (from, has_owner, known) = (member.members_from, member.has_owner, member.known);
        if let Some(parent) = member.parent.and_then(|at| self.members.get_mut(at)) {
            parent.known += known;
        }
        let stays = |known: &&Recipient| {
            !matches!(known.state, RecipientState::Expanded | RecipientState::Duplicate)
        };
        let new = self.recipients.get(from..).unwrap_or_default().iter().filter(stays).count();
        let several = new + known > 1;
        let Some(recipient) = self.recipients.get_mut(index) else { return };
        let address = recipient.address.clone();
        let wanted = recipient.flags.on_success;
        if has_owner {
            recipient.listing = if several { Listing::ListOfSeveral } else { Listing::List };
            self.note(b"", &address, What::ListDelivered);
        }
        if several && wanted {
            self.note(b"", &address, What::Multiple);
        }
        if several || has_owner {
            let members = self.recipients.get_mut(from..).unwrap_or_default();
            members.iter_mut().for_each(|known| known.listing = Listing::Hidden);
        }
    }

    /// Others have taken the place of this recipient.
    pub(super) fn expanded(&mut self, index: usize) {
        if let Some(recipient) = self.recipients.get_mut(index)
            && !matches!(recipient.state, RecipientState::Failed(_))
        {
            recipient.state = RecipientState::Expanded;
            recipient.route = None;
            self.alive = self.alive.saturating_sub(1);
        }
    }
}

/// The alias or list a recipient came from, and whom it runs as: root where nobody else answers.
fn controlling(recipient: &Recipient) -> Option<ControllingAddress> {
    let address = recipient.alias.clone()?;
    let user = recipient.controlling_user.as_ref();
    Some(ControllingAddress {
        address,
        ids: Some(user.map_or((0, 0), |user| (user.uid, user.gid))),
    })
}

/// What is said of aliases that lead too deep, or to nobody.
pub(in crate::address) const LOOP: &str = "aliasing/forwarding loop broken";

/// [`LOOP`], and how deep (AD-014, AD-015).
pub(super) fn broken_loop(details: String) -> Status {
    let text = format!("{LOOP}{details}");
    Status::from_reply(Exit::USAGE, 554, Enhanced::new(5, 4, 6), text)
}

/// More aliases lead to an address than MaxAliasRecursion allows (AD-014).
pub(super) fn too_deep(level: u32, limit: u32) -> Status {
    broken_loop(format!(" ({level} aliases deep; {limit} max)"))
}

/// Messages about syntax name the rest of the list, not only its element.
fn renamed(text: Vec<u8>, address: &[u8], shown: &[u8]) -> Vec<u8> {
    let (codes, words) = ruleset_vm::split_codes(&text);
    let own = ruleset_vm::validity::shorten(address);
    match words.strip_prefix(own.as_slice()).filter(|rest| rest.starts_with(b"... Unbalanced")) {
        Some(rest) => [codes, &ruleset_vm::validity::shorten(shown), rest].concat(),
        None => text,
    }
}

/// What `RCPT` judges by as well.
pub(super) mod judge {
    pub(in crate::address) use super::LOOP;
    pub(in crate::address) use super::alias::show_alias;
    pub(in crate::address) use super::alias::unavailable;
    pub(in crate::address) use super::enter::{direct_refusal, is_direct_refusal};
    pub(in crate::address) use super::local::{login, user_unknown};
}
