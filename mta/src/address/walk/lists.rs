//! `:include:` files, and the lines of lists (AD-023..AD-028, AD-034, AD-036).

use std::rc::Rc;

use cf_parser::debug::Category;
use nix::errno::Errno;
use ruleset_vm::{Enhanced, Exit, Status};

use super::{Control, OpenList, Task, Walk};
use crate::address::list;
use crate::address::list_safety::{INCLUDE, ListVerdict, verdict};
use crate::address::note::What;
use crate::message::envelope::ControllingUser;
use crate::sys::errors;
use crate::sys::list_files::{ListFile, Reader};
use crate::sys::users;

/// `Cannot open FILE: REASON`, for now or for good (AD-025).
fn cannot_open(path: &[u8], reason: &str, transient: bool) -> Status {
    let text = [b"Cannot open ", path, b": ", reason.as_bytes()].concat();
    if transient {
        Status::from_reply(Exit::TEMPFAIL, 451, Enhanced::new(4, 2, 4), text)
    } else {
        Status::from_reply(Exit::USAGE, 550, Enhanced::new(5, 2, 4), text)
    }
}

impl Walk<'_> {
    /// Reads the file of an `:include:` address.
    pub(super) fn include(&mut self, index: usize, path: &[u8], place: &Rc<[u8]>) {
        let address = self.address(index);
        self.note(place, &address, What::Including(path.to_vec()));
        let reader = self.reader_of(index);
        let uid = reader.uid;
        self.trace_opening(path, uid);
        let opened = self.open_include(path, &reader);
        self.trace_opened(uid, opened.as_ref().err().map(|(reason, _)| reason.as_str()));
        let (file, mark) = match opened {
            Ok(opened) => opened,
            Err((reason, transient)) => {
                return self.no_list(index, cannot_open(path, &reason, transient), place);
            }
        };
        if mark.is_none() {
            let parts = [b"include: parent of ", path, b" is safe, chown is safe"];
            self.worker.debug(Category::Alias, 5, &parts);
        }
        self.take_owner(index, path, &file, mark);
        match file.read() {
            Ok(content) => {
                let path = path.to_vec();
                let list = Rc::new(OpenList { path, content, index, forwarding: false });
                self.begin_members(list.index);
                self.push(Task::EndList(list.clone()));
                self.push(Task::Lines(list, 0, 0));
            }
            Err(error) => {
                let (reason, transient) = (errors::describe(&error), errors::is_transient(&error));
                self.no_list(index, cannot_open(path, &reason, transient), place);
            }
        }
    }

    /// The file of a list cannot be read.
    fn no_list(&mut self, index: usize, status: Status, place: &[u8]) {
        let address = self.address(index);
        match status.retry {
            true => self.settle(index, status, place),
            false => self.fail_unquoted(index, status, (place, &address)),
        }
    }

    /// Who a list is read as: the user who named it, else DefaultUser (observed).
    fn reader_of(&self, index: usize) -> Reader {
        let user = match self.members.get(index).map(|member| &member.control) {
            Some(Control::User(user)) if user.uid != 0 => user,
            _ => &self.options.default_user,
        };
        Reader { uid: user.uid, groups: users::groups_of(&user.user, user.gid) }
    }

    /// The file, and what makes it unsafe; or why it cannot be opened, and whether that is so only for now.
    fn open_include(
        &self,
        path: &[u8],
        reader: &Reader,
    ) -> Result<(ListFile, Option<&'static str>), (String, bool)> {
        let failed =
            |error: &std::io::Error| (errors::describe(error), errors::is_transient(error));
        let privileged = (users::effective_uid() == 0).then_some(reader);
        let file = ListFile::open(path, privileged).map_err(|error| failed(&error))?;
        let mark = match verdict(&INCLUDE, &file.facts, &self.options.forgiven) {
            ListVerdict::Refused(reason) => return Err((reason.to_owned(), false)),
            ListVerdict::Unsafe(reason) => Some(reason),
            ListVerdict::Safe => None,
        };
        if privileged.is_some_and(|reader| !file.readable_by(reader)) {
            return Err(failed(&Errno::EACCES.into()));
        }
        Ok((file, mark))
    }

    /// What debugging flags show when a list is about to be read as this user. sendmail changes its own user for it.
    pub(super) fn trace_opening(&self, path: &[u8], uid: u32) {
        let (real, effective) = (users::real_uid(), users::effective_uid());
        self.worker.debug(Category::Alias, 2, &[b"include(", path, b")"]);
        let ids = format!("   ruid={real} euid={effective}");
        self.worker.debug(Category::Alias, 4, &[ids.as_bytes()]);
        let old = format!("include: old uid = {real}/{effective}");
        self.worker.debug(Category::Alias, 9, &[old.as_bytes()]);
        let effective = if effective == 0 { uid } else { effective };
        let new = format!("include: new uid = {real}/{effective}");
        self.worker.debug(Category::Alias, 9, &[new.as_bytes()]);
    }

    /// How it went; `trouble` is why the list cannot be read.
    pub(super) fn trace_opened(&self, uid: u32, trouble: Option<&str>) {
        if let Some(trouble) = trouble {
            let text = format!("include: not safe (uid={uid}): {trouble}");
            self.worker.debug(Category::Alias, 4, &[text.as_bytes()]);
        }
        let ids = format!("{}/{}", users::real_uid(), users::effective_uid());
        self.worker.debug(Category::Alias, 9, &[b"include: reset uid = ", ids.as_bytes()]);
    }

    /// The owner of the file answers for what it names, unless a user does so already (AD-026).
    fn take_owner(&mut self, index: usize, path: &[u8], file: &ListFile, mark: Option<&str>) {
        let address = self.address(index);
        let mut bogus = None;
        let mut control = None;
        let has_user =
            matches!(self.members.get(index).map(|m| &m.control), Some(Control::User(_)));
        if !has_user {
            let account = users::by_uid(file.facts.uid).ok().flatten();
            let name = account.as_ref().map_or_else(Vec::new, |account| account.name.clone());
            let shell = account.map_or_else(Vec::new, |account| account.shell);
            control = Some(ControllingUser {
                user: name.clone(),
                uid: file.facts.uid,
                gid: file.facts.gid,
            });
            if !users::is_valid_shell(&shell) {
                let line = [path, b": user ", &name, b" has bad shell ", &shell, b", marked bogus"]
                    .concat();
                self.note(b"", &address, What::Logged(11, line));
                bogus = Some(name);
            }
        }
        if let Some(mark) = mark {
            let line = [path, b": ", mark.as_bytes(), b" :include: file, marked unsafe"].concat();
            self.note(b"", &address, What::Logged(11, line));
        }
        let Some(member) = self.members.get_mut(index) else { return };
        member.is_unsafe |= mark.is_some();
        if let Some(user) = control {
            member.control = Control::User(user);
            member.bogus_shell = bogus;
        }
    }

    /// Enters the addresses of one line; the lines behind it come afterwards.
    pub(super) fn line(&mut self, open: &Rc<OpenList>, from: usize, number: usize) {
        let Some(line) = list::next_line(&open.content, from, number) else { return };
        self.push(Task::Lines(open.clone(), line.next, line.number));
        let at = format!(": line {}: ", line.number);
        let place: Rc<[u8]> = [open.path.as_slice(), at.as_bytes()].concat().into();
        let text = line.text.to_vec();
        let what = if open.forwarding { What::Forwarding(text) } else { What::Sending(text) };
        let address = self.address(open.index);
        self.note(&place, &address, what);
        self.push_elements(open.index, line.text, false, &place);
    }

    /// A list is read to its end. A user whose `.forward` names nobody, or the user, gets the mail.
    pub(super) fn end_list(&mut self, open: &OpenList) {
        if open.forwarding {
            self.list_members(open.index);
        }
        let Some(member) = self.members.get(open.index) else { return };
        let stays = member.self_reference || member.entered == 0;
        if !open.forwarding || !stays {
            self.expanded(open.index);
        }
    }
}
