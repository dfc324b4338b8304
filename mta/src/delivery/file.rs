//! Delivery by appending to a file: the `[FILE]` mailers, `*file*` among them (AD-038..AD-045).

use std::io::{self, Write};

use ruleset_vm::{Exit, Status};

use super::context::{DeliveryContext, DeliveryReport, MessageForm, MessageSource};
use super::identity::Candidates;
use super::outcome;
use super::program::Addressees;
use crate::config::mailer::Mailer;
use crate::sys::mailbox_file::{self, Access, MailboxError, MailboxFile};
use crate::sys::{errors, users};

/// The file that takes everything and keeps nothing.
const NULL_FILE: &[u8] = b"/dev/null";

/// Appends the message to the file the second word of `A=` names.
#[must_use]
pub fn deliver(
    index: usize,
    recipients: &[usize],
    addressees: &Addressees,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> DeliveryReport {
    let Some(mailer) = context.mailers.get(index) else { return DeliveryReport::default() };
    let mut report = DeliveryReport::default();
    for (&recipient, user) in recipients.iter().zip(&addressees.users) {
        let path = path_of(mailer, &addressees.host, user, context);
        let status = append(index, mailer, recipient, &path, message, context);
        report.add_all(&[recipient], &status);
    }
    report
}

fn path_of(mailer: &Mailer, host: &[u8], user: &[u8], context: &DeliveryContext<'_>) -> Vec<u8> {
    let binding = super::context::Binding { host, user, sender: context.sender };
    mailer.argv.get(1).map_or_else(Vec::new, |word| context.expand.expand(word, &binding))
}

fn append(
    index: usize,
    mailer: &Mailer,
    recipient: usize,
    path: &[u8],
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> Status {
    if path == NULL_FILE {
        return outcome::from_exit(Exit::OK, mailer);
    }
    if path.len() > MAX_PATH {
        return Status::from_exit(Exit::CANTCREAT, "mailfile: filename too long");
    }
    let access = access(mailer, recipient, path, context);
    let inner = below_root(path, access.root.as_deref());
    let form = MessageForm::for_mailer(mailer, index, true, true);
    let appended = MailboxFile::open(inner, &access).and_then(|file| {
        file.append(&mut |out: &mut dyn Write| -> io::Result<()> {
            message.write(&form, out)?;
            // An empty line parts the messages of a mailbox (observed).
            out.write_all(&form.eol)
        })
    });
    match appended {
        Ok(()) => outcome::from_exit(Exit::OK, mailer),
        Err(error) => status_of(mailer, path, &error),
    }
}

/// Longest path (`PATH_MAX`).
const MAX_PATH: usize = 4096;

/// The part of `path` below the safe directory: a path that begins with it loses that beginning
/// (AD-042).
fn below_root<'a>(path: &'a [u8], root: Option<&[u8]>) -> &'a [u8] {
    let Some(rest) = root.and_then(|root| path.strip_prefix(root)) else { return path };
    if rest.starts_with(b"/") { rest } else { path }
}

/// Whose rights count (AD-041): with flag `S` those of `U=`, or of this process; of the file's owner
/// and group if its set-user-ID and set-group-ID bits are on; else of the controlling user, `U=`,
/// DefaultUser.
fn access(mailer: &Mailer, recipient: usize, path: &[u8], context: &DeliveryContext<'_>) -> Access {
    let settings = context.settings;
    let known = context.envelope.recipients.get(recipient);
    let chosen = Candidates {
        mailer,
        recipient: known.and_then(|recipient| recipient.controlling_user.as_ref()),
        sender: context.sender_user,
        default: &settings.default_user,
    }
    .choose();
    let mut access = Access {
        uid: chosen.uid,
        groups: Vec::new(),
        mode: settings.file_mode,
        hard_links: settings.file_to_hard_link,
        symlinks: settings.file_to_symlink,
        root: settings.safe_file_environment.clone().filter(|root| !root.is_empty()),
        privileged: users::effective_uid() == 0,
    };
    let (mut name, mut gid) = (chosen.name, chosen.gid);
    if mailer.flags.has(b'S') {
        (access.uid, gid) = mailer.user.map_or_else(
            || (users::effective_uid(), users::effective_gid()),
            |user| (user.uid, user.gid.unwrap_or(chosen.gid)),
        );
        name = Vec::new();
    } else if let Some((owner, group, mode)) =
        mailbox_file::owner_bits(below_root(path, access.root.as_deref()), &access)
    {
        if mode & 0o4000 != 0 {
            access.uid = owner;
            name = Vec::new();
        }
        if mode & 0o2000 != 0 {
            gid = group;
            name = Vec::new();
        }
    }
    access.groups = groups(&name, gid);
    access
}

/// The group new files get in front, then the others.
fn groups(name: &[u8], gid: u32) -> Vec<u32> {
    let mut groups = vec![gid];
    if !name.is_empty() {
        groups.extend(users::groups_of(name, gid).into_iter().filter(|&other| other != gid));
    }
    groups
}

/// `Can't create output`, or a deferral when the trouble may pass.
fn status_of(mailer: &Mailer, path: &[u8], error: &MailboxError) -> Status {
    let deferred = |reason: &str| {
        let text = [b"cannot open ", path, b": ", reason.as_bytes()].concat();
        Status { text, ..outcome::from_exit(Exit::TEMPFAIL, mailer) }
    };
    match error {
        MailboxError::Open(source) if errors::is_transient(source) => {
            deferred(&errors::describe(source))
        }
        MailboxError::Unsafe(_) | MailboxError::Open(_) => {
            outcome::from_exit(Exit::CANTCREAT, mailer)
        }
        MailboxError::Locked => deferred("file is locked"),
        MailboxError::Write(_) => outcome::from_exit(Exit::IOERR, mailer),
    }
}

#[cfg(test)]
mod tests;
