//! The answers to `VRFY` and `EXPN` (SM-024, SM-025).

use super::smtp_session::Server;
use crate::address::expand::{ExpandOptions, is_direct_mailer};
use crate::address::inquiry::{Found, inquire};
use crate::config::mailer::Mailer;
use crate::protocol::smtp::server::{Answer, Verified, replies};

impl Server<'_> {
    /// What the addresses of an argument are resolved to, with `expand` what they stand for.
    pub(super) fn verify(&mut self, argument: &[u8], expand: bool) -> Answer {
        self.issued = true;
        let (ruleset, verb): (_, &[u8]) =
            if expand { ("check_expn", b"EXPN") } else { ("check_vrfy", b"VRFY") };
        let refusal = self.check(ruleset, &[argument]);
        if !refusal.is_ok() {
            return Answer::Refusal(refusal);
        }
        let options = ExpandOptions::of_site(&self.post.site, &self.post.delivery.default_user);
        match inquire(self.intake.worker(), argument, &options, expand) {
            Ok(found) if found.is_empty() => Answer::Status(replies::NOTHING_TO.status(&[verb])),
            Ok(found) => {
                let own = self.intake.worker().macros.value(b"j");
                let line = |found| self.verified(found, &own, expand);
                Answer::Addresses(found.into_iter().map(line).collect())
            }
            Err(refused) => {
                if refused.by_rules {
                    self.intake.note_refusal(&refused.status);
                }
                Answer::Refusal(refused.status)
            }
        }
    }

    /// One line of a reply; a user without a host gets ours (SM-129). `VRFY` is certain of what mailers with flag `q`
    /// deliver.
    fn verified(&self, found: Found, own: &[u8], expand: bool) -> Verified {
        let mailer = self.post.site.mailers.get(found.route.mailer);
        let has = |flag| mailer.is_some_and(|mailer: &Mailer| mailer.flags.has(flag));
        let login = found.login.filter(|_| has(b'w'));
        let account = login.and_then(|login| self.post.site.user(&login).ok().flatten());
        let full_name = account.map_or_else(Vec::new, |account| account.full_name());
        let user = found.route.user;
        let place = mailer.is_some_and(|mailer| is_direct_mailer(&mailer.name));
        let address =
            if place || user.contains(&b'@') { user } else { [&user[..], b"@", own].concat() };
        Verified { certain: expand || has(b'q'), full_name, address }
    }
}
