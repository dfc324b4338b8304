//! Triples: the resolved workspace `$#mailer $@ host $: user` taken apart and completed (RS-079..RS-081,
//! RS-092, RS-093).

use std::ops::Range;

use cf_parser::debug::Category;
use cf_parser::text::Op;

use crate::error_mailer::{error_status, status_text, strip_quotes};
use crate::limits::{MAX_HOST, MAX_NAME, MAX_USER};
use crate::machine::{KnownTriple, Rulesets};
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

/// What a hook ruleset returned: mailer name, `$@` text, `$:` text, quotes and all.
pub type Verdict = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// A workspace that begins with `$#`, cut at its operators.
struct Parts {
    mailer: Token,
    host: Option<Range<usize>>,
    /// Missing without `$:`.
    user: Option<Range<usize>>,
}

/// A part of a workspace.
type Part<'w> = (&'w [Token], Range<usize>);

fn tokens<'w>((workspace, part): &Part<'w>) -> &'w [Token] {
    workspace.get(part.clone()).unwrap_or_default()
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
        let part = user.clone();
        let user = (workspace, user);
        let host = parts.host.clone().map(|host| self.host_text((workspace, host)));
        let mailer = self.machine.table().text(parts.mailer);
        if mailer.eq_ignore_ascii_case(b"error") {
            let mut text = self.machine.table().join(tokens(&user), Some(b' '));
            text.truncate(MAX_USER);
            let status = error_status(host.as_deref(), &text);
            self.say(&status_text(&shorten(address), &status));
            self.check_user(&mut text, address, role);
            return Triple { mailer: Target::Error(status), host, user: text, not_remote: false };
        }
        match find(&self.configuration.mailers, mailer) {
            Some(index) => {
                let triple = self.finish(index, host, user, address, role);
                if let Some(mailer) = self.configuration.mailers.get(index)
                    && triple.mailer == Target::Mailer(index)
                {
                    let rulesets = user_rulesets(self.configuration.level, mailer, role);
                    let host = parts.host.as_ref();
                    self.machine.note_triple(workspace, index, host, &part, rulesets);
                }
                triple
            }
            None => {
                let words = [b"554 5.3.5 buildaddr: unknown mailer ", mailer].concat();
                self.refuse(&words)
            }
        }
    }

    /// [`Rewriter::build`] for the workspace that the last run has left, if a recording knows what comes of
    /// it.
    pub(crate) fn known(&mut self, left: &[Token], address: &[u8], role: Role) -> Option<Triple> {
        let configuration = self.configuration;
        if self.is_watched() || self.tracer.wants(Category::Triple) {
            return None;
        }
        let rulesets = |index: usize, name: &[u8]| {
            let mailer = configuration.mailers.get(index)?;
            let named = mailer.name == name || mailer.name.eq_ignore_ascii_case(name);
            named.then(|| user_rulesets(configuration.level, mailer, role))
        };
        let known = self.machine.known_triple(left, blank_sub(configuration), &rulesets)?;
        let KnownTriple { mailer: index, host, mut user, first, sound } = known;
        let mailer = configuration.mailers.get(index)?;
        let special = match first {
            Some(b'@') => mailer.flags.has(b'@'),
            first => is_special(first),
        };
        let long = user.len() > MAX_USER || host.as_ref().is_some_and(|host| host.len() > MAX_HOST);
        let hosted = host.is_some() || mailer.flags.has(b'l');
        if special || long || !hosted {
            return None;
        }
        if host.is_none() {
            self.macros.clear(b"h");
        }
        if !mailer.flags.has(b'u') {
            user.make_ascii_lowercase();
        }
        if !sound {
            self.check_user(&mut user, address, role);
        }
        Some(self.complete(index, host, user, false))
    }

    fn finish(
        &mut self,
        index: usize,
        host: Option<Vec<u8>>,
        user: Part<'_>,
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
        if mailer.flags.has(b'@') && self.first_byte(tokens(&user)) == Some(b'@') {
            user.1.start += 1;
            not_remote = true;
        }
        let first = self.first_byte(tokens(&user));
        let text = is_special(first).then(|| self.machine.table().join(tokens(&user), Some(b' ')));
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
        let triple = self.complete(index, host, user, not_remote);
        if self.tracer.wants(Category::Triple) {
            self.tell(&Event::Built(&triple));
        }
        triple
    }

    /// The triple of a mailer; its host becomes `$h`.
    fn complete(
        &mut self,
        index: usize,
        mut host: Option<Vec<u8>>,
        user: Vec<u8>,
        not_remote: bool,
    ) -> Triple {
        let mailer = self.configuration.mailers.get(index);
        let keeps_case = mailer.is_some_and(|mailer| mailer.flags.has(b'h'));
        if let Some(host) = host.as_mut().filter(|_| !keeps_case) {
            host.make_ascii_lowercase();
        }
        if let Some(host) = &host {
            // `$h` is lower case from now on only (observed).
            self.macros.set(b"h", host);
        }
        Triple { mailer: Target::Mailer(index), host, user, not_remote }
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

    /// The user part as its rulesets make it, in lower case unless the mailer keeps its case.
    fn final_user(
        &mut self,
        mailer: &Mailer,
        host: Option<&[u8]>,
        user: Part<'_>,
        role: Role,
    ) -> Vec<u8> {
        let rulesets = user_rulesets(self.configuration.level, mailer, role);
        let blank = blank_sub(self.configuration);
        let known = match self.is_watched() {
            true => None,
            false => self.machine.text_made_of(user.0, &user.1, rulesets, blank),
        };
        let mut text = match known.filter(|text| text.len() <= MAX_USER) {
            Some(text) => {
                // Rules that read `$h` are not known beforehand; if there is a host, it is set below.
                if host.is_none() {
                    self.define(b"h", None);
                }
                text
            }
            None => {
                self.define(b"h", host);
                self.machine.start_with(user.0, user.1, rulesets);
                let workspace = self.run().workspace;
                let text = self.machine.table().join_cut(&workspace, Some(blank), MAX_USER);
                self.machine.recycle(workspace);
                text
            }
        };
        if !mailer.flags.has(b'u') {
            text.make_ascii_lowercase();
        }
        text
    }

    /// Whether somebody sees rulesets, or macros that they could read.
    fn is_watched(&self) -> bool {
        let tracer = &*self.tracer;
        let shown = [Category::Macros, Category::Tokens];
        tracer.wants_rulesets()
            || tracer.wants_rules()
            || shown.into_iter().any(|category| tracer.wants(category))
    }

    /// What a hook ruleset returned (RS-095..RS-105): mailer name, `$@` text and `$:` text; `None`
    /// without `$#`.
    #[must_use]
    pub fn verdict(&self, workspace: &[Token]) -> Option<Verdict> {
        let parts = split(workspace)?;
        let table = self.machine.table();
        let blank = Some(blank_sub(self.configuration));
        let part = |part| tokens(&(workspace, part));
        let host = parts.host.map(|host| table.join_cut(part(host), blank, MAX_HOST));
        let text = parts.user.map_or_else(Vec::new, |user| table.join(part(user), Some(b' ')));
        Some((table.text(parts.mailer).to_vec(), host, text))
    }

    /// The `$@` part as text.
    fn host_text(&mut self, (workspace, host): Part<'_>) -> Vec<u8> {
        let blank = blank_sub(self.configuration);
        let text = self.machine.text_of(workspace, host.clone(), blank);
        if text.len() <= MAX_HOST {
            return text;
        }
        self.machine.table().join_cut(tokens(&(workspace, host)), Some(blank), MAX_HOST)
    }

    fn first_byte(&self, tokens: &[Token]) -> Option<u8> {
        self.machine.table().text(*tokens.first()?).first().copied()
    }

    fn refuse(&mut self, text: &[u8]) -> Triple {
        self.say(text);
        let (_, words) = split_codes(text);
        // A system error, with the exit status of one (observed).
        let status = Status::from_reply(Exit::SOFTWARE, 554, Enhanced::new(5, 3, 5), words);
        Triple { mailer: Target::Error(status), host: None, user: Vec::new(), not_remote: false }
    }
}

/// The rulesets that make the user part for a mailer: 2, `R=` and 4 for recipients (and for senders from
/// V10 on), else 4 alone.
fn user_rulesets(level: i32, mailer: &Mailer, role: Role) -> Rulesets {
    let own = mailer.recipient.envelope;
    match level >= 10 || role == Role::default() {
        true if own > 0 => Rulesets::new(2, &[own, 4]),
        true => Rulesets::new(2, &[4]),
        false => Rulesets::new(4, &[]),
    }
}

/// Whether a user part that begins so may be a program, a file or a list.
fn is_special(first: Option<u8>) -> bool {
    matches!(first, Some(b'"' | b'|' | b'/' | b':'))
}

/// Cuts a triple at its operators; `None` if it does not begin with `$#` and a name.
fn split(workspace: &[Token]) -> Option<Parts> {
    let [hash, mailer, rest @ ..] = workspace else { return None };
    if *hash != meta(Op::Hash) {
        return None;
    }
    let begin = workspace.len() - rest.len();
    let colon = rest.iter().position(|token| *token == meta(Op::Colon)).map(|at| begin + at);
    let end = colon.unwrap_or(workspace.len());
    let host = (rest.first() == Some(&meta(Op::At)) && begin + 1 < end).then_some(begin + 1..end);
    Some(Parts { mailer: *mailer, host, user: colon.map(|colon| colon + 1..workspace.len()) })
}

/// `/path` of `:include:/path`.
fn include_path(user: &[u8]) -> Option<&[u8]> {
    let (head, path) = user.split_at_checked(9)?;
    head.eq_ignore_ascii_case(b":include:").then_some(path)
}
