//! What a child does between fork and exec, and exec itself: signals, new root, user, directory, priority.
//!
//! The only `unsafe` of this crate. The standard library offers no safe way to set the group list, the root
//! directory or the signals of a child, and hands what is no program to a shell. The closure runs in a forked
//! copy of a process that may have had other threads, so it must not allocate, lock or call the name service:
//! everything it needs is prepared before, and it makes system calls only.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{self, Gid, Uid};

use super::Identity;

/// The first descriptor beyond standard error, and where looking for open ones ends on systems that cannot
/// mark all of them at once.
const FIRST_OWN: libc::c_uint = 3;
const LAST_OWN: libc::c_int = 4096;

/// What the child does before it becomes the program, in this order: session, signals, chroot, nice, groups,
/// group, user, working directory, umask, descriptors.
pub(super) struct Preparation {
    pub(super) own_session: bool,
    pub(super) root: Option<CString>,
    pub(super) nice: i32,
    pub(super) identity: Identity,
    /// The first of these that the user can enter becomes the working directory; when none can, the
    /// last one, entered before the user is switched.
    pub(super) directories: Vec<CString>,
    pub(super) ignored: &'static [Signal],
    pub(super) path: CString,
    pub(super) argv: Words,
    pub(super) environment: Words,
}

/// Words as execve(2) takes them.
pub(super) struct Words {
    /// Points to the texts of `_texts`, with a null pointer behind.
    pointers: Vec<*const libc::c_char>,
    _texts: Vec<CString>,
}

// SAFETY: the pointers lead to texts on the heap that the value owns and nobody changes.
unsafe impl Send for Words {}
// SAFETY: as above; nothing can be changed through a shared reference.
unsafe impl Sync for Words {}

impl Words {
    pub(super) fn new(texts: Vec<CString>) -> Self {
        let pointers = texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect();
        Self { pointers, _texts: texts }
    }
}

/// Arranges for `preparation` to be carried out in the child `command` starts, which then becomes the
/// program: whatever `command` itself says of arguments and environment does not count.
pub(super) fn attach(command: &mut Command, preparation: Preparation) {
    let groups: Vec<Gid> = match &preparation.identity {
        Identity::Unchanged | Identity::EffectiveOnly { .. } => Vec::new(),
        Identity::Full { groups, .. } => groups.iter().copied().map(Gid::from_raw).collect(),
    };
    // SAFETY: `prepare` and `become_program` only make system calls on memory allocated here, before the
    // fork; they neither allocate, nor take locks, nor touch state shared with other threads of the parent.
    unsafe {
        command.pre_exec(move || {
            prepare(&preparation, &groups)?;
            Err(become_program(&preparation))
        });
    }
}

fn prepare(preparation: &Preparation, groups: &[Gid]) -> io::Result<()> {
    if preparation.own_session {
        // It cannot fail: a child just forked leads no process group.
        let _ = unistd::setsid();
    }
    // The signals that this process reads from a descriptor are blocked, and a child inherits that.
    SigSet::empty().thread_set_mask()?;
    for ignored in preparation.ignored {
        // SAFETY: no handler of ours is involved.
        unsafe { signal(*ignored, SigHandler::SigIgn) }?;
    }
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
    leave_descriptors();
    Ok(())
}

/// Becomes the program; what went wrong otherwise. execvp(3), which the standard library would use, searches
/// directories and has a shell read what is no program.
fn become_program(preparation: &Preparation) -> io::Error {
    let Preparation { path, argv, environment, .. } = preparation;
    // SAFETY: the texts end in NUL bytes and the lists in null pointers (`Words`), and all of them live as long
    // as the preparation.
    unsafe {
        libc::execve(path.as_ptr(), argv.pointers.as_ptr(), environment.pointers.as_ptr());
    }
    io::Error::last_os_error()
}

/// Lets go of all descriptors but the first three at exec: the standard library's own one, which tells the
/// parent what went wrong, is still needed until then.
fn leave_descriptors() {
    // SAFETY: a plain system call without pointers.
    let marked = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            FIRST_OWN,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if marked == 0 {
        return;
    }
    for descriptor in FIRST_OWN.cast_signed()..LAST_OWN {
        // SAFETY: a plain system call without pointers; a descriptor that is not open is refused.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
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
