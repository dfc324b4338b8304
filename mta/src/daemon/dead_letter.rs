//! `dead.letter`: what a local user submits and cannot be delivered is kept in the home directory
//! instead of being sent back (QU-094, QU-095).

use std::io::{self, Write};
use std::path::Path;

use super::escaped_body;
use crate::message::envelope::ControllingUser;
use crate::queue::store::StoreError;
use crate::sys::mailbox_file::{Access, MailboxFile};
use crate::sys::{durable, terminal, users};

/// The name below the home directory.
const NAME: &[u8] = b"/dead.letter";
/// Mode of a new file.
const MODE: u32 = 0o600;

/// The file of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    path: Vec<u8>,
    uid: u32,
    gid: u32,
    /// What is said goes out as an SMTP reply (`-ba`).
    replies: bool,
    /// Nothing is kept and nothing is said.
    quiet: bool,
}

impl DeadLetter {
    /// The file of `user` in the directory `home`.
    #[must_use]
    pub fn of(user: &ControllingUser, home: &[u8], replies: bool) -> Self {
        let home = home.strip_suffix(b"/").unwrap_or(home);
        let path = [home, NAME].concat();
        Self { path, uid: user.uid, gid: user.gid, replies, quiet: false }
    }

    /// No file: the message is dropped, as `ErrorMode` q asks (OPT-025).
    #[must_use]
    pub fn none() -> Self {
        Self { path: Vec::new(), uid: 0, gid: 0, replies: false, quiet: true }
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.quiet
    }

    /// Appends a message: From_ line, header, empty line and body. Says where it is; returns false,
    /// having kept nothing, where that is not possible.
    pub(super) fn save(&self, from_line: &[u8], header: &[u8], body: Option<&Path>) -> bool {
        if self.quiet {
            return true;
        }
        let access = Access {
            uid: self.uid,
            groups: vec![self.gid],
            mode: MODE,
            hard_links: false,
            symlinks: false,
            root: None,
            privileged: users::effective_uid() == 0,
        };
        let Ok(file) = MailboxFile::open(&self.path, &access) else { return false };
        let saved = file.append(&mut |out: &mut dyn Write| -> io::Result<()> {
            out.write_all(from_line)?;
            out.write_all(header)?;
            out.write_all(b"\n")?;
            if let Some(body) = body {
                let mut body = durable::open_readable(body).map_err(io::Error::other)?;
                let taken = escaped_body::copy(&mut body, &mut |block| {
                    out.write_all(block).map_err(StoreError::Body)
                });
                taken.map_err(io::Error::other)?;
            }
            out.write_all(b"\n")
        });
        if saved.is_ok() {
            let path = &self.path[..];
            let text = [path, b"... Saved message in ", path].concat();
            terminal::print(&self.line(&text));
        }
        saved.is_ok()
    }

    fn line(&self, text: &[u8]) -> Vec<u8> {
        if self.replies { [b"050 ", text, b"\r\n"].concat() } else { [text, b"\n"].concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn the_message_is_appended_to_the_file_of_the_user() {
        // QU-095
        let home = tempfile::tempdir().unwrap();
        let (uid, gid) = (users::real_uid(), users::effective_gid());
        let user = ControllingUser { user: b"u".to_vec(), uid, gid };
        let letter = DeadLetter::of(&user, home.path().as_os_str().as_bytes(), false);
        assert!(letter.save(b"From u\n", b"A: b\n", None));
        assert!(letter.save(b"From u\n", b"C: d\n", None));
        let text = std::fs::read(home.path().join("dead.letter")).unwrap();
        assert_eq!(text, b"From u\nA: b\n\n\nFrom u\nC: d\n\n\n");
        let nowhere = DeadLetter::of(&user, b"/nosuch/home", false);
        assert!(!nowhere.save(b"", b"", None));
        assert_eq!(letter.line(b"x"), b"x\n");
        assert!(DeadLetter::none().save(b"", b"", None));
    }
}
