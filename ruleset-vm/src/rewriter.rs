//! Rulesets in the order in which sendmail chains them: an address to a triple, and an address as a
//! mailer wants to see it (RS-079..RS-093).
//!
//! The machine asks for lookups; here they are answered at once through [`Lookups`], so whoever
//! calls may block.

use cf_parser::text::Op;

use crate::crack::{CrackOptions, crack_with};
use crate::limits::MAX_ATOMS;
use crate::load::Configuration;
use crate::machine::{Answer, Env, KeyStyle, Machine, Outcome, Request, Step};
use crate::macros::Macros;
use crate::mailer::{Mailer, find};
use crate::prescan::{Complaint, Mode, prescan};
use crate::status::{Enhanced, Exit, Status, split_codes};
use crate::token::{Kind, Token, meta};
use crate::trace::{Event, Scene, Tracer};

/// Answers lookups. A `macro` map changes `macros`.
pub trait Lookups {
    /// The answer of the map the request names; the map is known to exist.
    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer;

    /// How a map's key is made; `None` if there is no such map.
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle>;
}

/// What an address is used as: `${addr_type}` (RS-089).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// In a header, not in the envelope.
    pub header: bool,
    /// A sender, not a recipient.
    pub sender: bool,
}

impl Role {
    /// The value of `${addr_type}`.
    #[must_use]
    pub fn addr_type(self) -> &'static [u8] {
        match (self.header, self.sender) {
            (false, false) => b"e r",
            (false, true) => b"e s",
            (true, false) => b"h r",
            (true, true) => b"h s",
        }
    }
}

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

/// The result of parsing an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The triple.
    pub triple: Triple,
    /// A map failed for now while rulesets 3 or 0 ran (RS-091).
    pub deferred: bool,
    /// How much of the input the address took; a delimiter follows.
    pub used: usize,
}

/// Runs chains of rulesets.
pub struct Rewriter<'a> {
    /// The machine; its token texts are forgotten when the next address begins.
    pub machine: &'a mut Machine,
    /// The loaded configuration.
    pub configuration: &'a Configuration,
    /// Macros, those of the message in front.
    pub macros: &'a mut Macros,
    /// Where lookups go.
    pub lookups: &'a mut dyn Lookups,
    /// Who watches.
    pub tracer: &'a mut dyn Tracer,
}

impl Rewriter<'_> {
    /// Applies one ruleset and answers what it asks.
    pub fn apply(&mut self, ruleset: usize, workspace: Vec<Token>) -> Outcome {
        self.machine.start(ruleset, workspace);
        loop {
            let step = {
                let lookups = &*self.lookups;
                let style = |map: &[u8]| lookups.key_style(map);
                let mut env = Env {
                    macros: self.macros,
                    classes: &self.configuration.classes,
                    key_style: &style,
                    blank: blank_sub(self.configuration),
                    tracer: self.tracer,
                };
                self.machine.step(&mut env)
            };
            match step {
                Step::Done(outcome) => return outcome,
                Step::Lookup(request) => {
                    let answer = self.lookups.lookup(&request, self.macros);
                    self.machine.answer(answer);
                }
            }
        }
    }

    /// Tokenizes an address as rulesets of the oracle get it; complaints go to the tracer.
    pub fn tokenize(&mut self, address: &[u8], delimiter: Option<u8>) -> (Option<Vec<Token>>, usize) {
        self.machine.reset();
        let program = self.machine.program().clone();
        let mode = Mode { operators: program.operators(), delimiter, comments: true, ignore: false };
        let scan = prescan(&masked(address), mode);
        self.complain(address, &scan.complaints);
        let tokens = scan.tokens.filter(|tokens| !tokens.is_empty());
        let tokens = tokens.map(|tokens| self.machine.intern(&tokens));
        (tokens, scan.used)
    }

    /// An address to its triple: rulesets 3 and 0, then 2, the mailer's and 4 (RS-079..RS-081,
    /// RS-092, RS-093). `None` if there is nothing in it.
    pub fn parse(&mut self, address: &[u8], delimiter: Option<u8>, role: Role) -> Option<Parsed> {
        let (tokens, used) = self.tokenize(address, delimiter);
        let tokens = tokens?;
        self.macros.set(b"addr_type", role.addr_type());
        let canonical = self.apply(3, tokens);
        let resolved = self.apply(0, canonical.workspace);
        let deferred = canonical.exit == Exit::TEMPFAIL || resolved.exit == Exit::TEMPFAIL;
        let triple = self.build(&resolved.workspace, address, role);
        Some(Parsed { triple, deferred, used })
    }

    /// A triple out of a workspace, with what follows the resolution.
    pub fn build(&mut self, workspace: &[Token], address: &[u8], role: Role) -> Triple {
        let Some((name, host, user)) = self.split(workspace) else {
            return self.refuse(b"554 5.3.5 buildaddr: no mailer in parsed address");
        };
        let Some(user) = user else {
            return self.refuse(b"554 5.3.5 buildaddr: no user");
        };
        let table = self.machine.table();
        let host_text = host.map(|host| table.join(&host, None));
        if name.eq_ignore_ascii_case(b"error") {
            let text = table.join(&user, Some(b' '));
            let status = error_status(host_text.as_deref(), &text);
            self.announce_error(address, &status);
            return Triple { mailer: Target::Error(status), host: host_text, user: text, not_remote: false };
        }
        let Some(index) = find(&self.configuration.mailers, &name) else {
            return self.refuse(&[b"554 5.3.5 buildaddr: unknown mailer ", name.as_slice()].concat());
        };
        self.finish(index, host_text, user, role)
    }

    fn finish(&mut self, index: usize, host: Option<Vec<u8>>, user: Vec<Token>, role: Role) -> Triple {
        let configuration = self.configuration;
        let mut index = index;
        let mailer = &configuration.mailers[index];
        if host.is_none() && !mailer.flags.has(b'l') {
            return self.refuse(b"554 5.3.5 buildaddr: no host");
        }
        let mut user = user;
        let mut not_remote = false;
        if mailer.flags.has(b'@') && self.first_byte(&user) == Some(b'@') {
            user.remove(0);
            not_remote = true;
        }
        let text = self.machine.table().join(&user, Some(b' '));
        let bare = text.strip_prefix(b"\"").unwrap_or(&text);
        if bare.first() == Some(&b'|') && mailer.flags.has(b'|') {
            index = find(&configuration.mailers, b"prog").unwrap_or(index);
        } else if bare.first() == Some(&b'/') && mailer.flags.has(b'/') {
            index = find(&configuration.mailers, b"*file*").unwrap_or(index);
        } else if mailer.flags.has(b':') {
            let unquoted = strip_quotes(&text);
            if let Some(path) = include_path(&unquoted) {
                let index = find(&configuration.mailers, b"*include*").unwrap_or(index);
                let user = path.to_vec();
                return Triple { mailer: Target::Mailer(index), host, user, not_remote };
            }
        }
        let mailer = &configuration.mailers[index];
        let mut user = self.final_user(mailer, host.as_deref(), user, role);
        if let Some(reason) = flaw(&user) {
            for byte in user.iter_mut().filter(|byte| byte.is_ascii_control()) {
                *byte = b'?';
            }
            let codes: &[u8] = if role.sender { b"501 5.1.7 " } else { b"501 5.1.3 " };
            let head = [codes, b"Syntax error in mailbox address \"", &user[..]].concat();
            self.say(&[&head[..], b"\" (", reason.as_bytes(), b")"].concat());
        }
        let host = host.map(|h| if mailer.flags.has(b'h') { h } else { h.to_ascii_lowercase() });
        Triple { mailer: Target::Mailer(index), host, user, not_remote }
    }

    /// The user part: 2, `R=` and 4 for recipients (and for senders from V10 on), else 4 alone.
    fn final_user(
        &mut self,
        mailer: &Mailer,
        host: Option<&[u8]>,
        user: Vec<Token>,
        role: Role,
    ) -> Vec<u8> {
        match host {
            Some(host) => self.macros.set(b"h", host),
            None => self.macros.clear(b"h"),
        }
        let mut workspace = user;
        if self.configuration.level >= 10 || role == Role::default() {
            workspace = self.apply(2, workspace).workspace;
            if mailer.recipient.envelope > 0 {
                workspace = self.apply(mailer.recipient.envelope, workspace).workspace;
            }
        }
        workspace = self.apply(4, workspace).workspace;
        let blank = Some(blank_sub(self.configuration));
        let text = self.machine.table().join(&workspace, blank);
        if mailer.flags.has(b'u') { text } else { text.to_ascii_lowercase() }
    }

    /// An address as this mailer is to see it (RS-082..RS-087): 3, 1 or 2, `S=` or `R=`, 4, the
    /// display text kept. `domain` is appended to an address without `@` (flag `C`, RS-085).
    pub fn remote_name(
        &mut self,
        address: &[u8],
        mailer: &Mailer,
        role: Role,
        domain: Option<&[u8]>,
    ) -> (Vec<u8>, Exit) {
        let template = if mailer.flags.has(b'c') { None } else { Some(self.crack(address)) };
        let (Some(tokens), _) = self.tokenize(address, None) else {
            return (address.to_vec(), Exit::OK);
        };
        self.macros.set(b"addr_type", role.addr_type());
        let mut exit = Exit::OK;
        let mut workspace = self.chain(3, tokens, &mut exit);
        if let Some(domain) = domain
            && !self.has_at(&workspace)
        {
            workspace = self.add_domain(workspace, domain, &mut exit);
        }
        workspace = self.chain(if role.sender { 1 } else { 2 }, workspace, &mut exit);
        let pair = if role.sender { mailer.sender } else { mailer.recipient };
        let own = if role.header { pair.header } else { pair.envelope };
        if own > 0 {
            workspace = self.chain(own, workspace, &mut exit);
        }
        workspace = self.chain(4, workspace, &mut exit);
        let blank = Some(blank_sub(self.configuration));
        let text = self.machine.table().join(&workspace, blank);
        let text = match template {
            Some(template) => template.fill(&text),
            None => text,
        };
        (text, exit)
    }

    /// The template around an address, with the configuration's options.
    #[must_use]
    pub fn crack(&self, address: &[u8]) -> crate::crack::Cracked {
        let must_quote = self.configuration.options.bytes("MustQuoteChars");
        let options = CrackOptions {
            colon_ok: self.configuration.colon_ok,
            must_quote: must_quote.as_deref().unwrap_or(CrackOptions::default().must_quote),
        };
        crack_with(address, &options)
    }

    fn chain(&mut self, ruleset: usize, workspace: Vec<Token>, exit: &mut Exit) -> Vec<Token> {
        let outcome = self.apply(ruleset, workspace);
        if outcome.exit == Exit::TEMPFAIL {
            *exit = Exit::TEMPFAIL;
        }
        outcome.workspace
    }

    fn has_at(&self, workspace: &[Token]) -> bool {
        workspace.iter().any(|token| self.machine.table().text(*token) == b"@")
    }

    fn add_domain(&mut self, workspace: Vec<Token>, domain: &[u8], exit: &mut Exit) -> Vec<Token> {
        let program = self.machine.program().clone();
        let mode =
            Mode { operators: program.operators(), delimiter: None, comments: true, ignore: true };
        let tail = prescan(domain, mode).tokens.unwrap_or_default();
        let mut workspace = workspace;
        workspace.extend(self.machine.intern(&tail));
        if workspace.len() > MAX_ATOMS {
            self.say(b"553 5.1.0 remotename: too many tokens");
            workspace.truncate(MAX_ATOMS);
        }
        self.chain(3, workspace, exit)
    }

    /// Mailer name, host and user tokens; the user is missing without `$:`.
    #[allow(clippy::type_complexity)]
    fn split(&self, workspace: &[Token]) -> Option<(Vec<u8>, Option<Vec<Token>>, Option<Vec<Token>>)> {
        let (first, rest) = workspace.split_first()?;
        if *first != meta(Op::Hash) {
            return None;
        }
        let (name, rest) = rest.split_first()?;
        let name = self.machine.table().text(*name).to_vec();
        let colon = rest.iter().position(|token| *token == meta(Op::Colon));
        let before = &rest[..colon.unwrap_or(rest.len())];
        let host = before.strip_prefix(&[meta(Op::At)]).filter(|host| !host.is_empty());
        let user = colon.map(|colon| rest[colon + 1..].to_vec());
        Some((name, host.map(<[Token]>::to_vec), user))
    }

    /// What a hook ruleset returned: mailer name, `$@` text and `$:` text; `None` without `$#`.
    #[must_use]
    pub fn verdict(&self, workspace: &[Token]) -> Option<(Vec<u8>, Option<Vec<u8>>, Vec<u8>)> {
        let (name, host, user) = self.split(workspace)?;
        let table = self.machine.table();
        let host = host.map(|host| table.join(&host, None));
        let text = user.map_or_else(Vec::new, |user| table.join(&user, Some(b' ')));
        Some((name, host, strip_quotes(&text)))
    }

    fn first_byte(&self, tokens: &[Token]) -> Option<u8> {
        self.machine.table().text(*tokens.first()?).first().copied()
    }

    fn refuse(&mut self, text: &[u8]) -> Triple {
        self.say(text);
        let status = Status::from_reply(Exit::CONFIG, 554, Enhanced::new(5, 3, 5), &text[10..]);
        Triple { mailer: Target::Error(status), host: None, user: Vec::new(), not_remote: false }
    }

    fn announce_error(&mut self, address: &[u8], status: &Status) {
        let text = status_text(address, status);
        self.say(&text);
    }

    fn complain(&mut self, address: &[u8], complaints: &[Complaint]) {
        for complaint in complaints {
            let message = complaint.to_string();
            let (codes, text) = split_codes(message.as_bytes());
            let text = [codes, &shorten(address), b"... ", text].concat();
            self.say(&text);
        }
    }

    fn say(&mut self, text: &[u8]) {
        let program = self.machine.program().clone();
        let scene = Scene { program: &program, table: self.machine.table() };
        self.tracer.event(scene, &Event::Message(text));
    }

    /// Text to tokens of this machine, for callers that build workspaces (hook rulesets).
    pub fn word(&mut self, text: &[u8]) -> Token {
        self.machine.intern(&[crate::prescan::Scanned::Word(Kind::Atom, text.to_vec())])[0]
    }
}

/// Option `BlankSub`; a space by default.
#[must_use]
pub fn blank_sub(configuration: &Configuration) -> u8 {
    configuration.options.bytes("BlankSub").and_then(|v| v.first().copied()).unwrap_or(b' ')
}

/// A reply as the oracle prints it without codes; the address in front for the codes that name one
/// (RS-100).
#[must_use]
pub fn status_text(address: &[u8], status: &Status) -> Vec<u8> {
    let code = status.reply.unwrap_or(553);
    let mut out = code.to_string().into_bytes();
    if let Some(enhanced) = status.enhanced {
        out.extend(format!(" {enhanced}").into_bytes());
    }
    out.push(b' ');
    if matches!(code, 50 | 250 | 252 | 450 | 550 | 553) {
        out.extend_from_slice(address);
        out.extend_from_slice(b"... ");
    }
    out.extend_from_slice(&status.text);
    out
}

/// `/path` of `:include:/path`, a quote in front of the path dropped.
fn include_path(user: &[u8]) -> Option<&[u8]> {
    let head = user.get(..9)?;
    if !head.eq_ignore_ascii_case(b":include:") {
        return None;
    }
    Some(&user[9..])
}

fn strip_quotes(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte != b'"').collect()
}

/// The words that `$@` of `$#error` knows (RS-096).
const ERROR_WORDS: [(&[u8], Exit); 9] = [
    (b"usage", Exit::USAGE),
    (b"nouser", Exit::NOUSER),
    (b"nohost", Exit::NOHOST),
    (b"unavailable", Exit::UNAVAILABLE),
    (b"software", Exit::SOFTWARE),
    (b"tempfail", Exit::TEMPFAIL),
    (b"protocol", Exit::PROTOCOL),
    (b"config", Exit::CONFIG),
    (b"", Exit::UNAVAILABLE),
];

/// What `$#error $@ host $: text` means (RS-095..RS-098).
pub fn error_status(host: Option<&[u8]>, text: &[u8]) -> Status {
    let text = strip_quotes(text);
    let host = host.unwrap_or_default();
    let dotted = host.contains(&b'.').then(|| Enhanced::parse_prefix(host)).flatten();
    let exit = if let Some((code, _)) = dotted {
        exit_of(code)
    } else if host.first().is_some_and(u8::is_ascii_digit) {
        Exit(u8::try_from(crate::load::leading_number(host)).unwrap_or(Exit::UNAVAILABLE.0))
    } else {
        ERROR_WORDS
            .iter()
            .find(|(word, _)| host.eq_ignore_ascii_case(word))
            .map_or(Exit::UNAVAILABLE, |(_, exit)| *exit)
    };
    let (code, enhanced, text) = reply_parts(&text);
    let enhanced = enhanced.or(dotted.map(|(code, _)| code));
    let mut status = match code {
        Some(code) => {
            let class = code / 100;
            let enhanced = enhanced.unwrap_or(Enhanced::new(class, 0, 0));
            Status::from_reply(exit, code, enhanced, text)
        }
        None => {
            let enhanced = enhanced.unwrap_or(Enhanced::new(5, 3, 0));
            Status::from_reply(exit, 553, enhanced, text)
        }
    };
    status.retry = exit.is_temporary() && exit == Exit::TEMPFAIL;
    status
}

/// Cuts `NNN D.S.N text`.
fn reply_parts(text: &[u8]) -> (Option<u16>, Option<Enhanced>, &[u8]) {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits != 3 || text.get(3) != Some(&b' ') {
        return (None, None, text);
    }
    let code = text[..3].iter().fold(0, |n, b| n * 10 + u16::from(b - b'0'));
    let rest = text[4..].trim_ascii_start();
    match Enhanced::parse_prefix(rest) {
        Some((enhanced, used)) => (Some(code), Some(enhanced), rest[used..].trim_ascii_start()),
        None => (Some(code), None, rest),
    }
}

/// The exit status that an enhanced code stands for (ML-133..ML-143).
#[must_use]
pub fn exit_of(code: Enhanced) -> Exit {
    match (code.class, code.subject, code.detail) {
        (2, ..) => Exit::OK,
        (4, ..) => Exit::TEMPFAIL,
        (5, 1, 0) | (5, 2, 3) | (5, 7, _) => Exit::DATAERR,
        (5, 1, 1 | 6) => Exit::NOUSER,
        (5, 1, 2 | 8) => Exit::NOHOST,
        (5, 1, 3 | 7) => Exit::USAGE,
        (5, 1, 5) | (5, 4, 6) => Exit::CONFIG,
        (5, 3, _) => Exit::OSERR,
        (5, 4, 0 | 2) => Exit::IOERR,
        (5, 4, 1 | 3 | 5) => Exit::TEMPFAIL,
        (5, 4, 4) | (5, 5, _) => Exit::PROTOCOL,
        (5, ..) => Exit::UNAVAILABLE,
        _ => Exit::CONFIG,
    }
}

/// Longest form in which messages show an address (`MAXSHORTSTR`, CF-104).
const SHOWN_LENGTH: usize = 203;

/// An address cut in the middle for messages.
#[must_use]
pub fn shorten(address: &[u8]) -> Vec<u8> {
    if address.len() <= SHOWN_LENGTH {
        return address.to_vec();
    }
    let part = (SHOWN_LENGTH - 3) / 2;
    [&address[..part], b"...", &address[address.len() - part..]].concat()
}

/// Octet 0377 loses its upper bit (RS-017).
#[must_use]
pub fn masked(address: &[u8]) -> Vec<u8> {
    address.iter().map(|byte| if *byte == 0xff { 0x7f } else { *byte }).collect()
}

/// Why a resolved user part is no mailbox (RS-018): control characters, an open quote, a backslash
/// at the end.
fn flaw(user: &[u8]) -> Option<&'static str> {
    let mut quoted = false;
    let mut escaped = false;
    for byte in user {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            0..=31 | 127 if !quoted => return Some("non-printable character"),
            _ => {}
        }
    }
    if escaped {
        Some("trailing \\ character")
    } else if quoted {
        Some("unbalanced \\ or \"")
    } else {
        None
    }
}

/// What is wrong with an address before it is tokenized (RS-016, RS-017).
#[must_use]
pub fn invalid(address: &[u8], limit: Option<usize>) -> Option<Status> {
    if let Some(limit) = limit
        && address.len() >= limit
    {
        let text = format!(" too long ({} bytes max)", limit - 1);
        let text = [b"Address \"", address, b"\"", text.as_bytes()].concat();
        return Some(Status::from_reply(Exit::OK, 553, Enhanced::new(5, 1, 0), text));
    }
    if !address.iter().any(|byte| (0x80..0xa0).contains(byte)) {
        return None;
    }
    let shown: Vec<u8> = address
        .iter()
        .map(|byte| if (0x80..0xa0).contains(byte) { b'?' } else { byte & 0x7f })
        .collect();
    let text = [b"8-bit character in mailbox address \"", &shown[..], b"\""].concat();
    Some(Status::from_reply(Exit::USAGE, 501, Enhanced::new(5, 1, 3), text))
}
