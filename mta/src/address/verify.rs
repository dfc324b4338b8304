//! One address as `RCPT` judges it, and the line of `-bv`.

use cf_parser::debug::Category;
use mapper::Answer;
use ruleset_vm::validity::label;
use ruleset_vm::{Enhanced, Exit, Parsed, Role, Status, Target, Triple};

use super::note;
use super::options::ExpandOptions;
use super::walk::judge;
use super::worker::Worker;
use crate::config::site::Site;
use crate::message::envelope::{ERROR_MAILER, Envelope, Recipient};

/// An address that is acceptable as a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The address.
    pub address: Vec<u8>,
    /// Index of the mailer.
    pub mailer: usize,
    /// Its name.
    pub mailer_name: Vec<u8>,
    /// The host; empty for none.
    pub host: Vec<u8>,
    /// The user.
    pub user: Vec<u8>,
    /// It could not be decided now: accepted, and resolved again by a queue run.
    pub deferred: bool,
    /// Ruleset 5 is not to be asked about it.
    not_remote: bool,
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reply.
    pub status: Status,
    /// The rules have refused it.
    pub by_rules: bool,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { status, by_rules: false }
    }
}

/// Resolves one address as it comes from `RCPT`; nothing if there is no address. Whether it
/// [exists](Resolved::exists) is asked later.
///
/// # Errors
/// The reply that refuses it: an error triple, or a flaw in its syntax.
pub fn resolve_recipient(worker: &mut Worker, address: &[u8]) -> Result<Option<Resolved>, Refusal> {
    worker.take_messages();
    let parsed = worker.parse(address, Role::default());
    let messages = worker.take_messages();
    worker.take_failures();
    if let Some(complaint) = messages.iter().find_map(|message| complaint(message)) {
        return Err(complaint.into());
    }
    let Some(parsed) = parsed else { return Ok(None) };
    let mailer = match parsed.triple.mailer {
        Target::Error(status) => return Err(Refusal { status, by_rules: true }),
        Target::Mailer(mailer) => mailer,
    };
    let site = worker.site.clone();
    let Some(known) = site.mailers.get(mailer) else { return Err(judge::user_unknown().into()) };
    Ok(Some(Resolved {
        address: address.to_vec(),
        mailer,
        mailer_name: known.name.clone(),
        host: parsed.triple.host.unwrap_or_default(),
        user: parsed.triple.user,
        deferred: parsed.deferred,
        not_remote: parsed.triple.not_remote,
    }))
}

/// Whether somebody named a program, a file or a list, which only aliases may (AD-024, AD-038).
#[must_use]
pub fn is_direct_refusal(status: &Status) -> bool {
    judge::is_direct_refusal(status)
}

/// Whether it is the mailer of programs, files or lists, which are of no host.
#[must_use]
pub fn is_direct_mailer(name: &[u8]) -> bool {
    judge::direct_refusal(name).is_some()
}

/// Whether a recipient waits because aliases cannot be looked up for now.
#[must_use]
pub fn is_unavailable(status: &Status) -> bool {
    let known = judge::unavailable();
    (status.reply, status.enhanced) == (known.reply, known.enhanced)
}

/// Whether aliases lead too deep, or to nobody (AD-014, AD-015).
#[must_use]
pub fn is_loop(status: &Status) -> bool {
    status.text.starts_with(judge::LOOP.as_bytes())
}

/// Whether somebody named a program.
#[must_use]
pub fn is_program_refusal(status: &Status) -> bool {
    judge::direct_refusal(b"prog").as_ref() == Some(status)
}

impl Resolved {
    /// What rules have made of the address.
    #[must_use]
    pub fn parsed(&self) -> Parsed {
        let host = Some(self.host.clone()).filter(|host| !host.is_empty());
        let mailer = Target::Mailer(self.mailer);
        let triple = Triple { mailer, host, user: self.user.clone(), not_remote: self.not_remote };
        Parsed { triple, deferred: self.deferred, used: 0 }
    }

    /// The refusal of a program, a file or a list (AD-024, AD-038).
    #[must_use]
    pub fn as_direct(&self) -> Option<Status> {
        judge::direct_refusal(&self.mailer_name)
    }

    /// The refusal of a program (AD-038).
    #[must_use]
    pub fn as_program(&self) -> Option<Status> {
        judge::direct_refusal(&self.mailer_name).filter(|_| self.mailer_name == b"prog")
    }

    /// Whether there is such a recipient. Aliases and lists are not expanded, but they must exist; so must local users
    /// (AD-046).
    ///
    /// # Errors
    /// The reply that refuses it: `User unknown`, programs, files and lists (AD-038).
    pub fn exists(&mut self, worker: &mut Worker, options: &ExpandOptions) -> Result<(), Status> {
        if let Some(refusal) = judge::direct_refusal(&self.mailer_name) {
            return Err(refusal);
        }
        if self.deferred {
            return Ok(());
        }
        let existence = Existence { options, not_remote: self.not_remote };
        let exists = existence.of(worker, self, options.max_recursion);
        worker.take_messages();
        exists
    }
}

struct Existence<'a> {
    options: &'a ExpandOptions,
    not_remote: bool,
}

impl Existence<'_> {
    /// Whether there is an alias or a user; ruleset 5 may lead to another one.
    fn of(&self, worker: &mut Worker, at: &mut Resolved, depth: u32) -> Result<(), Status> {
        let site = worker.site.clone();
        let Some(mailer) = site.mailers.get(at.mailer) else { return Ok(()) };
        if mailer.flags.has(b'A') && self.options.aliases {
            worker.debug(Category::Alias, 1, &[b"alias(", &at.user, b")"]);
            match worker.lookup(b"aliases", &at.user, &[&at.host]) {
                Answer::Found(value) => {
                    judge::show_alias(worker, (&at.address, &at.host, &at.user), &value);
                    return Ok(());
                }
                Answer::Temporary { .. } => {
                    at.deferred = true;
                    return Ok(());
                }
                _ => {}
            }
        }
        if mailer.flags.has(b'5') && !self.not_remote && site.configuration.program.has_rules(b"5")
        {
            match worker.localaddr(&at.user) {
                (_, true) => {
                    at.deferred = true;
                    return Ok(());
                }
                (Some(triple), false) => match triple.mailer {
                    Target::Error(status) => return Err(status),
                    Target::Mailer(mailer) => {
                        let host = triple.host.unwrap_or_default();
                        if depth > 0
                            && (mailer, &host, &triple.user) != (at.mailer, &at.host, &at.user)
                        {
                            let mut next = Resolved {
                                address: at.address.clone(),
                                mailer,
                                host,
                                user: triple.user,
                                mailer_name: Vec::new(),
                                deferred: false,
                                not_remote: self.not_remote,
                            };
                            let found = self.of(worker, &mut next, depth - 1);
                            at.deferred = next.deferred;
                            return found;
                        }
                    }
                },
                (None, false) => {}
            }
        }
        if !mailer.flags.has(b'w') {
            return Ok(());
        }
        match self.options.find_user(&site, &judge::login(&at.user).0) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(judge::user_unknown()),
            Err(_) => {
                at.deferred = true;
                Ok(())
            }
        }
    }
}

/// The reply to an address the tokenizer complains of, though it can be repaired.
#[must_use]
pub fn complaint(message: &[u8]) -> Option<Status> {
    let (codes, text) = ruleset_vm::split_codes(message);
    if text.starts_with(b"Syntax error in mailbox address") {
        let (code, _) = Enhanced::parse_prefix(codes.get(4..)?)?;
        return Some(Status::from_reply(Exit::USAGE, 501, code, text));
    }
    let code = Enhanced::new(5, 0, 0);
    Some(Status::from_reply(Exit::USAGE, 553, code, note::complaint(message)?))
}

/// What `-bv` prints for an address that can be delivered to (CMD-093).
#[must_use]
pub fn verify_line(address: &[u8], mailer: &[u8], host: &[u8], user: &[u8]) -> Vec<u8> {
    let mut line = [&label(address)[..], b"... deliverable: mailer ", mailer].concat();
    if !host.is_empty() {
        line.extend_from_slice(b", host ");
        line.extend_from_slice(host);
    }
    line.extend_from_slice(b", user ");
    line.extend_from_slice(user);
    line
}

/// What `-bv` prints of the recipients of an expanded envelope that can be delivered to; what is wrong with
/// others the notes of the expansion have said (CMD-140).
#[must_use]
pub fn verify_lines(site: &Site, envelope: &Envelope) -> Vec<Vec<u8>> {
    let good = |recipient: &Recipient| {
        if !recipient.state.waits() {
            return None;
        }
        let route = recipient.route.as_ref()?;
        let name = match site.mailers.get(route.mailer) {
            Some(mailer) => &mailer.name,
            None => ERROR_MAILER,
        };
        Some(verify_line(&recipient.address, name, &route.host, &route.user))
    };
    envelope.recipients.iter().filter_map(good).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_bv() {
        // CMD-093, CMD-140
        for (address, mailer, host, user, expected) in [
            (
                "a@b.c",
                "smtp",
                "b.c",
                "a@b.c",
                "a@b.c... deliverable: mailer smtp, host b.c, user a@b.c",
            ),
            ("ALICE", "local", "", "alice", "ALICE... deliverable: mailer local, user alice"),
            (
                "\"|/bin/cat\"",
                "prog",
                "",
                "\"|/bin/cat\"",
                "\"|/bin/cat\"... deliverable: mailer prog, user \"|/bin/cat\"",
            ),
        ] {
            let [address, mailer, host, user] = [address, mailer, host, user].map(str::as_bytes);
            assert_eq!(verify_line(address, mailer, host, user), expected.as_bytes());
        }
    }
}
