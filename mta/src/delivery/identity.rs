//! Who a mailer runs as and whose file is written (ML-105, AD-041).
//!
//! The order observed with sendmail 8.17.1.9 for programs: flag `S` keeps the user (`U=` then sets the
//! effective one); with flag `o` the recipient's user counts, before `U=`; without it the local sender;
//! then `U=`; then DefaultUser. Root is never taken from an address.

use crate::config::mailer::{Mailer, MailerUser};
use crate::message::envelope::ControllingUser;
use crate::sys::exec::Identity;
use crate::sys::users;

/// The candidates for one delivery.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// The mailer.
    pub mailer: &'a Mailer,
    /// The recipient's own user, or the owner of the `.forward` or list it came from.
    pub recipient: Option<&'a ControllingUser>,
    /// The local sender.
    pub sender: Option<&'a ControllingUser>,
    /// `O DefaultUser`.
    pub default: &'a ControllingUser,
}

/// A user id with its group, and the name the group list is looked up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Login name; empty if only numbers are known.
    pub name: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Candidates<'_> {
    /// The user for everything but flag `S`.
    #[must_use]
    pub fn choose(&self) -> Chosen {
        let address = if self.mailer.flags.has(b'o') { self.recipient } else { self.sender };
        match (address.filter(|user| user.uid != 0), self.mailer.user) {
            (Some(user), _) => self.of_user(user),
            (None, Some(user)) => of_mailer(user, self.default.gid),
            (None, None) => self.of_user(self.default),
        }
    }

    /// Group 0 is never taken from an address either: DefaultUser's takes its place (observed).
    fn of_user(&self, user: &ControllingUser) -> Chosen {
        let gid = if user.gid == 0 { self.default.gid } else { user.gid };
        Chosen { name: user.user.clone(), uid: user.uid, gid }
    }

    /// The identity of a program. A process that is not root cannot change it.
    #[must_use]
    pub fn for_program(&self, privileged: bool) -> Identity {
        if !privileged {
            return Identity::Unchanged;
        }
        if self.mailer.flags.has(b'S') {
            return self.mailer.user.map_or(Identity::Unchanged, |user| Identity::EffectiveOnly {
                uid: user.uid,
                gid: user.gid.unwrap_or(self.default.gid),
            });
        }
        let chosen = self.choose();
        let groups = users::groups_of(&chosen.name, chosen.gid);
        Identity::Full { uid: chosen.uid, gid: chosen.gid, groups }
    }
}

fn of_mailer(user: MailerUser, default_group: u32) -> Chosen {
    let name = users::by_uid(user.uid).ok().flatten().map_or_else(Vec::new, |found| found.name);
    Chosen { name, uid: user.uid, gid: user.gid.unwrap_or(default_group) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32) -> ControllingUser {
        ControllingUser { user: Vec::new(), uid, gid: uid + 1000 }
    }

    /// flags, U=, recipient, sender, expected uid
    type Row = (&'static [u8], Option<u32>, Option<u32>, Option<u32>, u32);

    #[test]
    fn the_order_is_that_of_sendmail() {
        let rows: &[Row] = &[
            (b"lsw", None, Some(5), None, 9),     // without o: not the recipient
            (b"lswo", None, Some(5), Some(7), 5), // ML-056
            (b"lswo", Some(8), Some(5), None, 5), // o goes before U=
            (b"lsw", Some(8), Some(5), None, 8),  // ML-024
            (b"lsw", Some(8), None, Some(7), 7),  // the local sender
            (b"lsoq", None, None, Some(7), 9),    // ML-144
            (b"lsoq", None, Some(0), None, 9),    // root is not taken
        ];
        for &(flags, u, recipient, sender, expected) in rows {
            let mut mailer = Mailer::new(b"m", b"/x", flags, &[b"x", b"$u"]);
            mailer.user = u.map(|uid| MailerUser { uid, gid: None });
            let (recipient, sender) = (recipient.map(user), sender.map(user));
            let candidates = Candidates {
                mailer: &mailer,
                recipient: recipient.as_ref(),
                sender: sender.as_ref(),
                default: &user(9),
            };
            assert_eq!(candidates.choose().uid, expected, "{flags:?} {u:?}");
        }
    }

    #[test]
    fn group_0_is_that_of_the_default_user() {
        let mailer = Mailer::new(b"m", b"/x", b"o", &[b"x", b"$u"]);
        let default = user(9);
        for (gid, expected) in [(0, 1009), (7, 7)] {
            let recipient = ControllingUser { gid, ..user(5) };
            let candidates = Candidates {
                mailer: &mailer,
                recipient: Some(&recipient),
                sender: None,
                default: &default,
            };
            assert_eq!((candidates.choose().uid, candidates.choose().gid), (5, expected));
        }
    }

    #[test]
    fn flag_s_and_lack_of_privilege_change_nothing() {
        let mut mailer = Mailer::new(b"m", b"/x", b"S", &[b"x", b"$u"]);
        let default = user(9);
        let identity = |mailer: &Mailer, privileged| {
            Candidates { mailer, recipient: None, sender: None, default: &default }
                .for_program(privileged)
        };
        assert_eq!(identity(&mailer, true), Identity::Unchanged); // ML-063
        mailer.user = Some(MailerUser { uid: 5, gid: Some(60) });
        assert_eq!(identity(&mailer, true), Identity::EffectiveOnly { uid: 5, gid: 60 });
        assert_eq!(identity(&mailer, false), Identity::Unchanged);
    }
}
