//! `/sender`: an address becomes the envelope sender, as a message's would (CMD-117, RS-145).

use ruleset_vm::limits::MAX_SENDER;
use ruleset_vm::mailer::{Mailer, find};
use ruleset_vm::rewriter::blank_sub;
use ruleset_vm::{Role, Target, Triple};

use super::Session;
use ruleset_vm::validity::shorten;

/// Mailers that no sender can have.
const NO_SENDER: [&[u8]; 3] = [b"prog", b"*file*", b"*include*"];

impl Session<'_> {
    /// Without a usable address the sender is whoever runs this, as whom no rule can refuse.
    pub(super) fn sender(&mut self, address: &[u8]) {
        let own = self.user.clone();
        let role = Role { header: false, sender: true };
        self.set(b"x", Some(b""));
        self.set(b"addr_type", Some(role.addr_type()));
        // Configurations of old levels do not hear of bad senders (observed).
        self.quiet = self.configuration.level < 2;
        let given = (!address.is_empty()).then(|| self.resolve_sender(address)).flatten();
        self.quiet = true;
        let (sender, triple) = match given {
            Some(triple) => (address, Some(triple)),
            None => (&own[..], self.parse_sender(&own)),
        };
        self.quiet = false;
        self.subject = sender.to_vec();
        // A sender is then made relative to nobody's mailer.
        let nobody = Mailer::named(b"");
        let mailer = triple.as_ref().and_then(|triple| self.mailer_of(triple)).cloned();
        let user = triple.map(|triple| triple.user).unwrap_or_default();
        self.full_name_of(&user, mailer.as_ref());
        let relative = self.with_rewriter(|rewriter| {
            let workspace = rewriter.remote_workspace(sender, &nobody, role)?;
            let table = rewriter.machine.table();
            let blank = Some(blank_sub(rewriter.configuration));
            // Its domain is looked for (flag `C`) with blanks between its words whatever the option says
            // (observed).
            let cut = |blank| table.join_cut(&workspace, blank, MAX_SENDER);
            Some((cut(blank), cut(Some(b' '))))
        });
        let (mut relative, spaced) = relative.unwrap_or_default();
        // A route is put between angle brackets (observed).
        if relative.starts_with(b"@") {
            relative = [b"<", &relative[..], b">"].concat();
        }
        self.set(b"addr_type", None);
        self.set(b"f", Some(&relative));
        if mailer.is_some_and(|mailer| mailer.flags.has(b'C')) {
            self.with_rewriter(|rewriter| {
                rewriter.remote_address(&spaced, &nobody, role, None);
            });
            self.set(b"addr_type", None);
        }
        self.say([b"addr=", &user[..]].concat());
    }

    fn parse_sender(&mut self, address: &[u8]) -> Option<Triple> {
        let role = Role { header: false, sender: true };
        let parsed = self.with_rewriter(|rewriter| rewriter.resolve(address, None, role));
        self.tell_deferred(address, parsed.as_ref());
        Some(parsed?.triple)
    }

    fn mailer_of(&self, triple: &Triple) -> Option<&Mailer> {
        match triple.mailer {
            Target::Mailer(index) => self.configuration.mailers.get(index),
            Target::Error(_) => None,
        }
    }

    fn resolve_sender(&mut self, address: &[u8]) -> Option<Triple> {
        if self.refused(address) {
            return None;
        }
        let triple = self.parse_sender(address)?;
        let index = match &triple.mailer {
            Target::Mailer(index) => *index,
            Target::Error(status) => {
                if !status.retry {
                    self.fail(status.exit.0);
                }
                return None;
            }
        };
        if self.bad_address {
            return None;
        }
        let mailers = &self.configuration.mailers;
        if NO_SENDER.iter().any(|name| find(mailers, name) == Some(index)) {
            let shown: Vec<u8> = shorten(address).iter().map(|byte| byte & 0x7f).collect();
            if !self.quiet {
                self.say([&shown[..], b"... Invalid sender address"].concat());
            }
            return None;
        }
        Some(triple)
    }

    /// `$x` and `$z` of a sender who has an account here; the first full name stays.
    fn full_name_of(&mut self, user: &[u8], mailer: Option<&Mailer>) {
        if mailer.is_some_and(|mailer| mailer.flags.has(b'w'))
            && let Ok(Some(account)) = self.services.passwd(user)
        {
            self.set(b"z", Some(&account.dir));
            if self.full_name.is_empty() {
                self.full_name = full_name(&account.gecos, &account.name);
            }
        }
        if !self.full_name.is_empty() {
            self.set(b"x", Some(&self.full_name.clone()));
        }
    }
}

/// The full name in a GECOS field: up to the first comma, semicolon or percent sign, `&` being the
/// capitalised login name.
fn full_name(gecos: &[u8], login: &[u8]) -> Vec<u8> {
    let gecos = gecos.strip_prefix(b"*").unwrap_or(gecos);
    let mut name = Vec::new();
    for byte in gecos.iter().take_while(|byte| !matches!(byte, b',' | b';' | b'%')) {
        if *byte == b'&' {
            name.extend(login.iter().take(1).map(u8::to_ascii_uppercase));
            name.extend_from_slice(login.get(1..).unwrap_or_default());
        } else {
            name.push(*byte);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn a_gecos_field_gives_the_name() {
        let rows: [(&[u8], &[u8]); 4] = [
            (b"Alice Example,,,", b"Alice Example"),
            (b"& Singer;room", b"Carol Singer"),
            (b"*& & %", b"Carol Carol "),
            (b"", b""),
        ];
        for (gecos, expected) in rows {
            assert_eq!(full_name(gecos, b"carol"), expected);
        }
    }
}
