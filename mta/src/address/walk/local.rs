//! Recipients without alias: ruleset 5, the local user, its `.forward` (AD-029..AD-034, AD-046,
//! RS-088).

use std::io;
use std::rc::Rc;

use cf_parser::debug::Category;
use nix::errno::Errno;
use ruleset_vm::{Enhanced, Exit, Parsed, Status};

use super::enter::verdict as verdict_of;
use super::{Candidate, Control, OpenList, Slot, Task, Walk};
use crate::address::list_safety::{FORWARD, ListVerdict, verdict};
use crate::address::note::What;
use crate::address::sender::route;
use crate::config::mailer::Mailer;
use crate::message::envelope::ControllingUser;
use crate::sys::errors;
use crate::sys::list_files::{ListFile, Reader};
use crate::sys::users::{self, Account};

/// 550 5.1.1, AD-046.
pub(in crate::address) fn user_unknown() -> Status {
    Status::from_reply(Exit::NOUSER, 550, Enhanced::new(5, 1, 1), "User unknown")
}

fn no_user_database() -> Status {
    let text = "User database unavailable";
    Status::from_reply(Exit::TEMPFAIL, 450, Enhanced::new(4, 3, 0), text)
}

/// The login name in a user part: quotes and one backslash in front of a character are taken away.
/// Also whether there was a backslash, which means no forwarding (AD-054).
pub(in crate::address) fn login(user: &[u8]) -> (Vec<u8>, bool) {
    let mut name = Vec::with_capacity(user.len());
    let mut bytes = user.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => name.extend(bytes.next()),
            _ => name.push(byte),
        }
    }
    (name, user.contains(&b'\\'))
}

impl Walk<'_> {
    /// What a recipient is that no alias replaces.
    pub(super) fn after_alias(&mut self, index: usize, place: &Rc<[u8]>) {
        let Some(route) = self.recipients.get(index).and_then(|r| r.route.clone()) else { return };
        let site = self.worker.site.clone();
        let Some(mailer) = site.mailers.get(route.mailer) else { return };
        if mailer.flags.has(b'w') {
            self.worker.debug(Category::UserDb, 1, &[b"udbexpand(", &self.address(index), b")"]);
        }
        if self.replaced_by_ruleset(index, mailer, &route.user, place) {
            return;
        }
        if !mailer.flags.has(b'w') {
            return;
        }
        let (name, escaped) = login(&route.user);
        let account = match self.options.find_user(&site, &name) {
            Ok(Some(account)) if account.name != name => {
                return self.known_by_full_name(index, &account, place);
            }
            Ok(Some(account)) => account,
            Ok(None) => return self.settle(index, user_unknown(), place),
            Err(_) => return self.settle(index, no_user_database(), place),
        };
        self.answers_for_itself(index, &account);
        if !escaped && !self.options.verify_only {
            self.forward(index, &account, &route.host, place);
        }
    }

    /// The login name takes the place of a full name, and may be an alias itself (observed).
    fn known_by_full_name(&mut self, index: usize, account: &Account, place: &Rc<[u8]>) {
        self.forget(index);
        if let Some(route) = self.recipients.get_mut(index).and_then(|known| known.route.as_mut()) {
            route.user.clone_from(&account.name);
        }
        let Some(member) = self.members.get_mut(index) else { return };
        member.level += 1;
        let (level, limit) = (member.level, self.options.max_recursion);
        if level > limit {
            return self.settle(index, super::too_deep(level, limit), place);
        }
        self.open(index, place);
    }

    /// The local user runs its own programs.
    fn answers_for_itself(&mut self, index: usize, account: &Account) {
        let user =
            ControllingUser { user: account.name.clone(), uid: account.uid, gid: account.gid };
        if let Some(recipient) = self.recipients.get_mut(index)
            && recipient.alias.is_some()
        {
            recipient.controlling_user = Some(user.clone()).filter(|user| user.uid != 0);
        }
        if let Some(member) = self.members.get_mut(index) {
            member.control = Control::User(user);
        }
    }

    /// Ruleset 5 (flag `5`): another triple takes the place of this one (RS-088).
    fn replaced_by_ruleset(
        &mut self,
        index: usize,
        mailer: &Mailer,
        user: &[u8],
        place: &Rc<[u8]>,
    ) -> bool {
        let not_remote = self.members.get(index).is_some_and(|member| member.not_remote);
        if !mailer.flags.has(b'5')
            || not_remote
            || !self.worker.site.configuration.program.has_rules(b"5")
        {
            return false;
        }
        let (triple, deferred) = self.worker.localaddr(user);
        let address = self.address(index);
        let mut said = self.worker.take_messages();
        self.note_troubles(&address);
        let verdict = triple.as_ref().and_then(verdict_of);
        if verdict.is_some() {
            // The verdict itself becomes the note of the failure.
            said.pop();
        }
        for text in said {
            self.note(place, &address, What::Said(text));
        }
        if let Some(verdict) = verdict {
            self.note(place, &address, verdict);
        }
        if deferred {
            self.settle(index, super::enter::transient_parse(), place);
            return true;
        }
        let Some(triple) = triple else { return false };
        let parsed = Parsed { triple, deferred: false, used: 0 };
        let own = self.recipients.get(index).and_then(|known| known.route.as_ref());
        if route(&parsed).as_ref() == own {
            return false;
        }
        let from_alias = self.recipients.get(index).is_some_and(|known| known.flags.from_alias);
        let mut recipient = self.child(index, &address, from_alias);
        let mut member = self.child_member(index);
        if let (Control::Default, Some(known)) = (&member.control, self.recipients.get(index)) {
            // Only aliases make DefaultUser answer.
            recipient.controlling_user.clone_from(&known.controlling_user);
        }
        member.level = member.level.saturating_sub(1);
        self.expanded(index);
        let place = place.clone();
        let candidate = Candidate { recipient, member, parsed, slot: Slot::New, place };
        self.push(Task::Enter(Box::new(candidate)));
        true
    }

    /// Looks for a `.forward` file along ForwardPath; the first that opens is used.
    fn forward(&mut self, index: usize, account: &Account, detail: &[u8], place: &Rc<[u8]>) {
        let options = self.options;
        self.worker.debug(Category::Alias, 1, &[b"forward(", &self.address(index), b")"]);
        let macros = &mut self.worker.macros;
        macros.set(b"z", &account.home);
        macros.set(b"u", &account.name);
        macros.set(b"h", detail);
        let address = self.address(index);
        let mut transient = false;
        for template in &options.forward_path {
            let path = self.worker.expand(template);
            self.worker.debug(Category::Alias, 3, &[b"forward: trying ", &path]);
            self.trace_opening(&path, account.uid);
            let opened = open_forward(&path, account, self);
            self.trace_opened(account.uid, opened.as_ref().err().map(Refusal::text).as_deref());
            match opened {
                Ok((file, is_unsafe)) => {
                    let content = match file.read() {
                        Ok(content) => content,
                        Err(error) => {
                            transient |= self.skip(&address, &path, &error, place);
                            continue;
                        }
                    };
                    self.trust(index, account, is_unsafe, &path);
                    let list = Rc::new(OpenList { path, content, index, forwarding: true });
                    self.begin_members(index);
                    self.push(Task::EndList(list.clone()));
                    self.push(Task::Lines(list, 0, 0));
                    return;
                }
                Err(Refusal::Unsafe(reason)) => {
                    let (file, reason) = (path, reason.as_bytes().to_vec());
                    let what = What::ForwardSkipped { file, reason, transient: false };
                    self.note(place, &address, what);
                }
                Err(Refusal::System(error)) if is_missing(&error) => {}
                Err(Refusal::System(error)) => {
                    transient |= self.skip(&address, &path, &error, place);
                }
            }
        }
        if transient {
            // AD-033
            let text = "transient .forward open error: message queued";
            let code = Enhanced::new(4, 2, 0);
            self.settle(index, Status::from_reply(Exit::TEMPFAIL, 451, code, text), place);
        }
    }

    fn skip(&mut self, address: &[u8], file: &[u8], error: &io::Error, place: &[u8]) -> bool {
        let transient = errors::is_transient(error);
        let reason = errors::describe(error).into_bytes();
        self.note(place, address, What::ForwardSkipped { file: file.to_vec(), reason, transient });
        transient
    }

    /// Marks what the file names as unsafe for programs and files, if it is (AD-027, AD-035).
    fn trust(&mut self, index: usize, account: &Account, mark: Option<&str>, path: &[u8]) {
        let bogus = !users::is_valid_shell(&account.shell);
        let address = self.address(index);
        if bogus {
            let parts = [path, b": user ", &account.name, b" has bad shell ", &account.shell];
            let line = [&parts.concat()[..], b", marked bogus"].concat();
            self.note(b"", &address, What::Logged(11, line));
        }
        if let Some(mark) = mark {
            let line = [path, b": ", mark.as_bytes(), b" .forward file, marked unsafe"].concat();
            self.note(b"", &address, What::Logged(11, line));
        }
        if let Some(member) = self.members.get_mut(index) {
            member.is_unsafe = mark.is_some();
            member.bogus_shell = bogus.then(|| account.name.clone());
        }
    }
}

/// Why a file is passed over.
pub(super) enum Refusal {
    Unsafe(&'static str),
    System(io::Error),
}

impl Refusal {
    fn text(&self) -> String {
        match self {
            Self::Unsafe(reason) => (*reason).to_owned(),
            Self::System(error) => errors::describe(error),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOENT | Errno::ENOTDIR))
}

/// Opens a `.forward` file as its user would (AD-032); also the reason for which it is unsafe.
fn open_forward(
    path: &[u8],
    account: &Account,
    walk: &Walk<'_>,
) -> Result<(ListFile, Option<&'static str>), Refusal> {
    let denied = || Refusal::System(Errno::EACCES.into());
    let reader = Reader { uid: account.uid, groups: users::groups_of(&account.name, account.gid) };
    let privileged = (users::effective_uid() == 0).then_some(&reader);
    let file = ListFile::open(path, privileged).map_err(Refusal::System)?;
    let mark = match verdict(&FORWARD, &file.facts, &walk.options.forgiven) {
        ListVerdict::Refused(reason) => return Err(Refusal::Unsafe(reason)),
        ListVerdict::Unsafe(reason) => Some(reason),
        ListVerdict::Safe => None,
    };
    let owned = [account.uid, 0].contains(&file.facts.uid);
    if !owned || !file.readable_by(&reader) {
        return Err(denied());
    }
    Ok((file, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_names_lose_quotes_and_backslashes() {
        // AD-054; `\\alice` is not alice (observed)
        for (user, expected, escaped) in [
            ("alice", "alice", false),
            ("\\alice", "alice", true),
            ("\\\\alice", "\\alice", true),
            ("\"a b\"", "a b", false),
            ("a\\", "a", true),
        ] {
            assert_eq!(login(user.as_bytes()), (expected.into(), escaped), "{user:?}");
        }
    }
}
