//! What a child does between fork and exec: signals, new root, user, directory, priority.
//!
//! The standard library offers no safe way to set the group list or
//! the root directory of a child. The closure runs in a forked copy of a process that may have had
//! other threads, so it must not allocate, lock or call the name service: everything it needs is
//! prepared before, and it makes system calls only.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{self, Gid, Uid};

use super::Identity;

/// What the child does before it becomes the program, in this order: signals, chroot, nice, groups,
/// group, user, working directory, umask.
pub(super) struct Preparation {
    pub(super) root: Option<CString>,
    pub(super) nice: i32,
    pub(super) identity: Identity,
    /// The first of these that the user can enter becomes the working directory; when none can, the
    /// last one, entered before the user is switched.
    pub(super) directories: Vec<CString>,
}

/// Arranges for `preparation` to be carried out in the child `command` starts.
pub(super) fn attach(command: &mut Command, preparation: Preparation) {
    let groups: Vec<Gid> = preparation.identity.groups().map(Gid::from_raw).collect();
    // SAFETY: `prepare` only makes system calls on memory allocated here, before the fork; it neither
    // allocates, nor takes locks, nor touches state shared with other threads of the parent.
    unsafe {
        command.pre_exec(move || prepare(&preparation, &groups));
    }
}

fn prepare(preparation: &Preparation, groups: &[Gid]) -> io::Result<()> {
    // The signals that this process reads from a descriptor are blocked, and a child inherits that.
    SigSet::empty().thread_set_mask()?;
    if let Some(root) = &preparation.root {
        unistd::chroot(root.as_c_str())?;
        unistd::chdir(c"/")?;
    }
    if preparation.nice != 0 {
        // SAFETY: a plain system call without pointers. Failing to become nicer is no reason to
        // refuse the delivery.
        let _ = unsafe { libc::nice(preparation.nice) };
    }
    if let Some(last) = preparation.directories.last() {
        // The queue directory, which the user may not be able to enter (observed).
        let _ = unistd::chdir(last.as_c_str());
    }
    switch_user(&preparation.identity, groups)?;
    for directory in &preparation.directories {
        if unistd::chdir(directory.as_c_str()).is_ok() {
            break;
        }
    }
    umask(Mode::from_bits_truncate(0o022));
    Ok(())
}

fn switch_user(identity: &Identity, groups: &[Gid]) -> io::Result<()> {
    match *identity {
        Identity::Unchanged => {}
        Identity::Full { uid, gid, .. } => {
            unistd::setgroups(groups)?;
            unistd::setgid(Gid::from_raw(gid))?;
            unistd::setuid(Uid::from_raw(uid))?;
        }
        Identity::EffectiveOnly { uid, gid } => {
            unistd::setgid(Gid::from_raw(gid))?;
            unistd::seteuid(Uid::from_raw(uid))?;
        }
    }
    Ok(())
}
