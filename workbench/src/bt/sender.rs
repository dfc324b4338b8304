//! `/sender`: an address becomes the envelope sender, as a message's would (CMD-117, RS-145).

use ruleset_vm::mailer::{Mailer, find};
use ruleset_vm::{Role, Target, Triple};

use super::Session;
use ruleset_vm::validity::shorten;

/// Mailers that no sender can have.
const NO_SENDER: [&[u8]; 3] = [b"prog", b"*file*", b"*include*"];

impl Session<'_> {
    /// Without a usable address the sender is whoever runs this.
    pub(super) fn sender(&mut self, address: &[u8]) {
        let own = self.user.clone();
        self.set(b"x", Some(b""));
        let given = if address.is_empty() { own.as_slice() } else { address };
        // Configurations of old levels do not hear of bad senders (observed).
        self.quiet = self.configuration.level < 2;
        let found = [given, &own]
            .into_iter()
            .find_map(|sender| Some((sender, self.resolve_sender(sender)?)));
        self.quiet = false;
        let Some((sender, triple)) = found else { return };
        // A sender is then made relative to nobody's mailer.
        let nobody = Mailer::named(b"");
        let role = Role { header: false, sender: true };
        let mailer = self.mailer_of(&triple).cloned();
        self.full_name_of(&triple, mailer.as_ref());
        let relative = self.with_rewriter(|rewriter| {
            let (text, _) = rewriter.remote_address(sender, &nobody, role, None)?;
            if mailer.is_some_and(|mailer| mailer.flags.has(b'C')) {
                // What comes out is looked at for the sender's domain (flag `C`).
                rewriter.remote_address(&text, &nobody, role, None);
            }
            Some(text)
        });
        self.set(b"addr_type", None);
        self.set(b"f", Some(&relative.unwrap_or_default()));
        self.say([b"addr=", &triple.user[..]].concat());
    }

    fn mailer_of(&self, triple: &Triple) -> Option<&Mailer> {
        match triple.mailer {
            Target::Mailer(index) => self.configuration.mailers.get(index),
            Target::Error(_) => None,
        }
    }

    fn resolve_sender(&mut self, address: &[u8]) -> Option<Triple> {
        let role = Role { header: false, sender: true };
        let parsed = self.with_rewriter(|rewriter| rewriter.parse(address, None, role));
        let bad = self.bad_address;
        self.tell_deferred(address, parsed.as_ref());
        let triple = parsed.filter(|_| !bad)?.triple;
        let index = match &triple.mailer {
            Target::Mailer(index) => *index,
            Target::Error(status) => {
                if !status.retry {
                    self.fail(status.exit.0);
                }
                return None;
            }
        };
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
    fn full_name_of(&mut self, triple: &Triple, mailer: Option<&Mailer>) {
        if mailer.is_some_and(|mailer| mailer.flags.has(b'w'))
            && let Ok(Some(account)) = self.services.passwd(&triple.user)
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
