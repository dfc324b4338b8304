//! Triples: the resolved workspace `$#mailer $@ host $: user` taken apart and completed (RS-079..RS-081,
//! RS-092, RS-093).

use cf_parser::debug::Category;
use cf_parser::text::Op;

use crate::error_mailer::{error_status, status_text, strip_quotes};
use crate::limits::{MAX_HOST, MAX_NAME, MAX_USER};
use crate::mailer::{Mailer, find};
use crate::rewriter::{Rewriter, Role, blank_sub};
use crate::status::{Enhanced, Exit, Status, split_codes};
use crate::token::{Token, meta};
use crate::trace::Event;
use crate::validity::{flaw, invalid, shorten};

/// Where an address goes: `$#mailer $@host $:user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triple {
    /// Which mailer; the error mailer carries its verdict.
    pub mailer: Target,
    /// `$@`, lower case unless the mailer has flag `h`.
    pub host: Option<Vec<u8>>,
    /// `$:` after rewriting, lower case unless the mailer has flag `u`.
    pub user: Vec<u8>,
    /// The user part began with `@`: no user database, no ruleset 5 (flag `@`).
    pub not_remote: bool,
}

/// The first part of a triple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Index into the configuration's mailers.
    Mailer(usize),
    /// `$#error` and triples that cannot be used.
    Error(Status),
}

/// What a hook ruleset returned: mailer name, `$@` text, `$:` text without quotes.
pub type Verdict = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// A workspace that begins with `$#`, cut at its operators.
struct Parts<'w> {
    mailer: Token,
    host: Option<&'w [Token]>,
    /// Missing without `$:`.
    user: Option<&'w [Token]>,
}

impl Rewriter<'_> {
    /// A triple out of a workspace, with what follows the resolution.
    pub fn build(&mut self, workspace: &[Token], address: &[u8], role: Role) -> Triple {
        let Some(parts) = split(workspace) else {
            return self.refuse(b"554 5.3.5 buildaddr: no mailer in parsed address");
        };
        let Some(user) = parts.user else {
            return self.refuse(b"554 5.3.5 buildaddr: no user");
        };
        let host = parts.host.map(|host| self.host_text(host));
        let mailer = self.machine.table().text(parts.mailer);
        if mailer.eq_ignore_ascii_case(b"error") {
            let mut text = self.machine.table().join(user, Some(b' '));
            text.truncate(MAX_USER);
            let status = error_status(host.as_deref(), &text);
            self.say(&status_text(&shorten(address), &status));
            self.check_user(&mut text, address, role);
            return Triple { mailer: Target::Error(status), host, user: text, not_remote: false };
        }
        match find(&self.configuration.mailers, mailer) {
            Some(index) => self.finish(index, host, user, address, role),
            None => {
                let words = [b"554 5.3.5 buildaddr: unknown mailer ", mailer].concat();
                self.refuse(&words)
            }
        }
    }

    fn finish(
        &mut self,
        index: usize,
        host: Option<Vec<u8>>,
        user: &[Token],
        address: &[u8],
        role: Role,
    ) -> Triple {
        let configuration = self.configuration;
        let mut index = index;
        let Some(mailer) = configuration.mailers.get(index) else {
            return self.refuse(b"554 5.3.5 buildaddr: unknown mailer");
        };
        if host.is_none() && !mailer.flags.has(b'l') {
            return self.refuse(b"554 5.3.5 buildaddr: no host");
        }
        let mut user = user;
        let mut not_remote = false;
        if mailer.flags.has(b'@')
            && self.first_byte(user) == Some(b'@')
            && let Some((_, rest)) = user.split_first()
        {
            user = rest;
            not_remote = true;
        }
        let special = matches!(self.first_byte(user), Some(b'"' | b'|' | b'/' | b':'));
        let text = special.then(|| self.machine.table().join(user, Some(b' ')));
        let text = text.unwrap_or_default();
        let bare = text.strip_prefix(b"\"").unwrap_or(&text);
        if bare.first() == Some(&b'|') && mailer.flags.has(b'|') {
            index = find(&configuration.mailers, b"prog").unwrap_or(index);
        } else if bare.first() == Some(&b'/') && mailer.flags.has(b'/') {
            index = find(&configuration.mailers, b"*file*").unwrap_or(index);
        } else if mailer.flags.has(b':') {
            let unquoted = strip_quotes(&text);
            if let Some(path) = include_path(&unquoted).filter(|_| bare.first() == Some(&b':')) {
                let index = find(&configuration.mailers, b"*include*").unwrap_or(index);
                let mut user = path.to_vec();
                self.check_user(&mut user, address, role);
                return Triple { mailer: Target::Mailer(index), host, user, not_remote };
            }
        }
        let mailer = configuration.mailers.get(index).unwrap_or(mailer);
        let mut user = self.final_user(mailer, host.as_deref(), user, role);
        self.check_user(&mut user, address, role);
        let mut host = host;
        if let Some(host) = host.as_mut().filter(|_| !mailer.flags.has(b'h')) {
            host.make_ascii_lowercase();
        }
        if let Some(host) = &host {
            // `$h` is lower case from now on only (observed).
            self.macros.set(b"h", host);
        }
        let triple = Triple { mailer: Target::Mailer(index), host, user, not_remote };
        if self.tracer.wants(Category::Triple) {
            self.tell(&Event::Built(&triple));
        }
        triple
    }

    /// Says what makes a user part no mailbox: too long by the blank it was cut at (observed), or its
    /// form; its control characters become `?` (RS-018).
    fn check_user(&mut self, user: &mut Vec<u8>, address: &[u8], role: Role) {
        if user.len() > MAX_USER {
            if let Some(status) = invalid(user, Some(MAX_NAME)) {
                self.say(&status_text(&shorten(address), &status));
            }
            user.truncate(MAX_USER);
            return;
        }
        let Some(reason) = flaw(user) else { return };
        let codes: &[u8] = if role.sender { b"501 5.1.7 " } else { b"501 5.1.3 " };
        let head = [codes, b"Syntax error in mailbox address \"", &user[..]].concat();
        self.say(&[&head[..], b"\" (", reason.as_bytes(), b")"].concat());
    }

    /// The user part: 2, `R=` and 4 for recipients (and for senders from V10 on), else 4 alone.
    fn final_user(
        &mut self,
        mailer: &Mailer,
        host: Option<&[u8]>,
        user: &[Token],
        role: Role,
    ) -> Vec<u8> {
        self.define(b"h", host);
        let mut workspace = self.machine.fresh();
        workspace.extend_from_slice(user);
        let own = mailer.recipient.envelope;
        let outcome = match self.configuration.level >= 10 || role == Role::default() {
            true if own > 0 => self.apply_all(2, &[own, 4], workspace),
            true => self.apply_all(2, &[4], workspace),
            false => self.apply(4, workspace),
        };
        let blank = Some(blank_sub(self.configuration));
        let mut text = self.machine.table().join_cut(&outcome.workspace, blank, MAX_USER);
        self.machine.recycle(outcome.workspace);
        if !mailer.flags.has(b'u') {
            text.make_ascii_lowercase();
        }
        text
    }

    /// What a hook ruleset returned (RS-095..RS-105): mailer name, `$@` text and `$:` text; `None`
    /// without `$#`.
    #[must_use]
    pub fn verdict(&self, workspace: &[Token]) -> Option<Verdict> {
        let parts = split(workspace)?;
        let host = parts.host.map(|host| self.host_text(host));
        let table = self.machine.table();
        let text = parts.user.map_or_else(Vec::new, |user| table.join(user, Some(b' ')));
        Some((table.text(parts.mailer).to_vec(), host, strip_quotes(&text)))
    }

    /// The `$@` part as text.
    fn host_text(&self, host: &[Token]) -> Vec<u8> {
        let blank = Some(blank_sub(self.configuration));
        self.machine.table().join_cut(host, blank, MAX_HOST)
    }

    fn first_byte(&self, tokens: &[Token]) -> Option<u8> {
        self.machine.table().text(*tokens.first()?).first().copied()
    }

    fn refuse(&mut self, text: &[u8]) -> Triple {
        self.say(text);
        let (_, words) = split_codes(text);
        let status = Status::from_reply(Exit::CONFIG, 554, Enhanced::new(5, 3, 5), words);
        Triple { mailer: Target::Error(status), host: None, user: Vec::new(), not_remote: false }
    }
}

/// Cuts a triple at its operators; `None` if it does not begin with `$#` and a name.
fn split(workspace: &[Token]) -> Option<Parts<'_>> {
    let rest = workspace.strip_prefix(&[meta(Op::Hash)])?;
    let (mailer, rest) = rest.split_first()?;
    let mut halves = rest.splitn(2, |token| *token == meta(Op::Colon));
    let before = halves.next().unwrap_or_default();
    let host = before.strip_prefix(&[meta(Op::At)]).filter(|host| !host.is_empty());
    Some(Parts { mailer: *mailer, host, user: halves.next() })
}

/// `/path` of `:include:/path`.
fn include_path(user: &[u8]) -> Option<&[u8]> {
    let (head, path) = user.split_at_checked(9)?;
    head.eq_ignore_ascii_case(b":include:").then_some(path)
}
