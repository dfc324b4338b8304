//! Rulesets in the order in which sendmail chains them: an address to a triple (completed in
//! [`crate::triple`]), and an address as a mailer wants to see it (RS-079..RS-093).
//!
//! The machine asks for lookups; here they are answered at once through [`Lookups`], so whoever
//! calls may block.

use cf_parser::Piece;
use cf_parser::debug::Category;
use cf_parser::text::{Op, plain};

use crate::crack::{CrackOptions, crack_with};
pub use crate::error_mailer::error_status;
use crate::filling::fill;
use crate::limits::{MAX_ATOMS, MAX_FILLED, MAX_REWRITTEN};
use crate::load::Configuration;
use crate::machine::{Answer, Env, KeyStyle, KnownMaps, Machine, Outcome, Request, Step};
use crate::macros::Macros;
use crate::mailer::Mailer;
use crate::prescan::{Complaint, Mode, Scanned, prescan};
use crate::status::{Exit, split_codes};
use crate::token::{Kind, Token};
use crate::trace::{Event, Scene, Tracer};
use crate::triple::{Target, Triple};
pub use crate::validity::invalid;
use crate::validity::{masked, shorten};

/// `$g` as sendmail holds it: the place of the address in a display text.
const ADDRESS: &[u8] = b"\x81g";

/// Answers lookups. A `macro` map changes `macros`.
pub trait Lookups: KnownMaps {
    /// Another address begins: what has changed meanwhile is to be noticed.
    fn begin(&mut self) {}

    /// The answer of the map the request names; the map is known to exist.
    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer;
}

/// No map is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMaps;

impl KnownMaps for NoMaps {
    fn key_style(&self, _map: &[u8]) -> Option<KeyStyle> {
        None
    }
}

impl Lookups for NoMaps {
    fn lookup(&mut self, _request: &Request, _macros: &mut Macros) -> Answer {
        Answer::NotFound
    }
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
        self.apply_all(ruleset, &[], workspace)
    }

    /// Applies rulesets, each to what the one before left: see [`Machine::start`].
    pub fn apply_all(&mut self, first: usize, then: &[usize], workspace: Vec<Token>) -> Outcome {
        self.machine.start(first, then, workspace);
        self.run()
    }

    /// Applies a hook ruleset to its arguments, `$|` between them (RS-109..RS-136).
    pub fn apply_hook(&mut self, ruleset: usize, arguments: &[&[u8]], comments: bool) -> Outcome {
        self.machine.reset();
        self.lookups.begin();
        let program = self.machine.program().clone();
        let operators = program.operators();
        let mode = Mode { operators, delimiter: None, comments, ignore: !comments };
        let mut tokens = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                tokens.push(Scanned::Piece(Piece::Op(Op::Bar)));
            }
            tokens.extend(prescan(argument, mode).tokens.unwrap_or_default());
        }
        let workspace = self.machine.intern(&tokens);
        self.apply(ruleset, workspace)
    }

    /// Goes on to the outcome of what the machine has started, and answers what it asks.
    pub(crate) fn run(&mut self) -> Outcome {
        loop {
            match self.with_env(Machine::step) {
                Step::Done(outcome) => return outcome,
                Step::Lookup => {
                    let answer = self.lookups.lookup(self.machine.request(), self.macros);
                    self.machine.answer(answer);
                }
            }
        }
    }

    /// Lends the machine what it reads from outside.
    #[inline]
    fn with_env<T>(&mut self, run: impl FnOnce(&mut Machine, &mut Env<'_>) -> T) -> T {
        let mut env = Env {
            macros: self.macros,
            classes: &self.configuration.classes,
            maps: self.lookups,
            blank: blank_sub(self.configuration),
            tracer: self.tracer,
        };
        run(self.machine, &mut env)
    }

    /// Tokenizes an address as rulesets of the oracle get it; complaints go to the tracer.
    pub fn tokenize(
        &mut self,
        address: &[u8],
        delimiter: Option<u8>,
    ) -> (Option<Vec<Token>>, usize) {
        self.machine.reset();
        self.lookups.begin();
        let plain = match self.tracer.wants(Category::Tokens) {
            true => None,
            false => self.machine.plain_tokens(address, delimiter),
        };
        let (tokens, used) = match plain {
            Some(tokens) => (Some(tokens), address.len()),
            None => self.scan(&masked(address), address, delimiter, false),
        };
        (tokens.filter(|tokens| !tokens.is_empty()), used)
    }

    /// Tokens of a text, which complaints call `shown`, and how much of it they take.
    fn scan(
        &mut self,
        text: &[u8],
        shown: &[u8],
        delimiter: Option<u8>,
        ignore: bool,
    ) -> (Option<Vec<Token>>, usize) {
        let program = self.machine.program().clone();
        let mode = Mode { operators: program.operators(), delimiter, comments: true, ignore };
        if self.tracer.wants(Category::Tokens) {
            return self.watched_scan(text, shown, mode);
        }
        let (tokens, ending) = self.machine.tokenize(text, mode);
        if !ignore {
            self.complain(shown, &ending.complaints);
        }
        (tokens, ending.used)
    }

    /// [`Rewriter::scan`] told to the tracer.
    fn watched_scan(
        &mut self,
        text: &[u8],
        shown: &[u8],
        mode: Mode<'_>,
    ) -> (Option<Vec<Token>>, usize) {
        let scan = prescan(text, mode);
        self.tell(&Event::Scan { text: &plain(text), tokens: scan.tokens.as_deref() });
        if !mode.ignore {
            self.complain(shown, &scan.complaints);
        }
        self.tell(&Event::Scanned(scan.tokens.as_deref()));
        (scan.tokens.map(|tokens| self.machine.intern(&tokens)), scan.used)
    }

    /// Passes an event to the tracer.
    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        let program = self.machine.program().clone();
        let scene = Scene { program: &program, table: self.machine.table() };
        self.tracer.event(scene, event);
    }

    /// Gives a macro a value, or takes it away.
    pub(crate) fn define(&mut self, name: &[u8], value: Option<&[u8]>) {
        if self.tracer.wants(Category::Macros) {
            let again = self.macros.is_defined(name);
            self.tell(&Event::Defined { name, value, again });
        }
        match value {
            Some(value) => self.macros.set(name, value),
            None => self.macros.clear(name),
        }
    }

    /// An address to its triple: rulesets 3 and 0, then 2, the mailer's and 4 (RS-079..RS-081,
    /// RS-092, RS-093). `None` if there is nothing in it.
    pub fn parse(&mut self, address: &[u8], delimiter: Option<u8>, role: Role) -> Option<Parsed> {
        self.define(b"addr_type", Some(role.addr_type()));
        self.resolve(address, delimiter, role)
    }

    /// [`Rewriter::parse`] with `${addr_type}` as it stands.
    pub fn resolve(&mut self, address: &[u8], delimiter: Option<u8>, role: Role) -> Option<Parsed> {
        if self.tracer.wants(Category::Parse) {
            self.tell(&Event::Parsing(address));
        }
        let (tokens, used) = self.tokenize(address, delimiter);
        let tokens = tokens?;
        // the rest of a list is no part of it
        let shown = match delimiter {
            Some(_) => address.get(..used).unwrap_or(address).trim_ascii_end(),
            None => address,
        };
        let resolved = self.apply_all(3, &[0], tokens);
        let deferred = resolved.exit == Exit::TEMPFAIL;
        let watch = self.tracer.wants(Category::Triple);
        if watch {
            self.tell(&Event::Building { workspace: &resolved.workspace, role });
        }
        let triple = match self.known(&resolved.workspace, address, role) {
            Some(triple) => triple,
            None => self.build(&resolved.workspace, address, role),
        };
        self.machine.recycle(resolved.workspace);
        if watch {
            self.tell(&Event::Kept { address: shown, role });
        }
        // Without a ruleset for it, sendmail still asks for the queue group; see `queue_group`.
        if role == Role::default()
            && matches!(triple.mailer, Target::Mailer(_))
            && self.tracer.wants(Category::Hooks)
        {
            self.tell(&Event::Hook { ruleset: b"queuegroup", argument: &triple.user });
        }
        if self.tracer.wants(Category::Parse) {
            self.tell(&Event::Parsed { address: shown, triple: &triple });
        }
        Some(Parsed { triple, deferred, used })
    }

    /// The queue group that ruleset `queuegroup` names for an envelope recipient that some mailer
    /// takes (RS-094, RS-131); it need not exist. To be asked right after [`Rewriter::parse`].
    pub fn queue_group(&mut self, triple: &Triple, role: Role) -> Option<Vec<u8>> {
        let program = self.machine.program().clone();
        let applies = role == Role::default() && matches!(triple.mailer, Target::Mailer(_));
        if !applies || !program.has_rules(b"queuegroup") {
            return None;
        }
        let (tokens, _) = self.scan(&triple.user, &triple.user, None, false);
        let workspace = tokens.filter(|tokens| !tokens.is_empty())?;
        let outcome = self.apply(program.number(b"queuegroup")?, workspace);
        let (group, ..) = self.verdict(&outcome.workspace)?;
        (!group.eq_ignore_ascii_case(b"error")).then_some(group)
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
        let display = !mailer.flags.has(b'c');
        match self.remote_forms((address, display), mailer, role, domain) {
            Some((_, filled, exit)) => (filled, exit),
            None => (address.to_vec(), Exit::OK),
        }
    }

    /// [`Rewriter::remote_address`] with what [`Rewriter::remote_name`] tells the tracer, for whoever keeps the display
    /// text of an address in a header. In the envelope there is none.
    pub fn told_remote_address(
        &mut self,
        address: &[u8],
        mailer: &Mailer,
        role: Role,
        domain: Option<&[u8]>,
    ) -> Option<(Vec<u8>, Exit)> {
        let told = [Category::RemoteName, Category::Crack, Category::Macros];
        if !told.into_iter().any(|category| self.tracer.wants(category)) {
            return self.remote_address(address, mailer, role, domain);
        }
        let display = role.header && !mailer.flags.has(b'c');
        let (text, _, exit) = self.remote_forms((address, display), mailer, role, domain)?;
        Some((text, exit))
    }

    /// The address as a mailer is to see it, alone and, if that is to be kept, in the display text around it; `None` if
    /// there is no address.
    fn remote_forms(
        &mut self,
        (address, display): (&[u8], bool),
        mailer: &Mailer,
        role: Role,
        domain: Option<&[u8]>,
    ) -> Option<(Vec<u8>, Vec<u8>, Exit)> {
        let watch = self.tracer.wants(Category::RemoteName);
        if watch {
            self.tell(&Event::Rewriting(address));
        }
        let template = display.then(|| self.crack(address));
        let (alone, exit) = self.remote_address(address, mailer, role, domain)?;
        let mut text = fill(template.as_ref(), alone.clone(), self.macros, self.machine.table());
        text.truncate(MAX_FILLED);
        if self.tracer.wants(Category::Macros) {
            let template = template.map_or(ADDRESS.to_vec(), |template| template.fill(ADDRESS));
            self.tell(&Event::Filled { template: &template, address: &alone, text: &text });
        }
        if watch {
            self.tell(&Event::RewrittenFor { text: &text, exit });
        }
        Some((alone, text, exit))
    }

    /// An address as this mailer is to see it, without the display text; `None` if there is no address in it.
    pub fn remote_address(
        &mut self,
        address: &[u8],
        mailer: &Mailer,
        role: Role,
        domain: Option<&[u8]>,
    ) -> Option<(Vec<u8>, Exit)> {
        let tokens = self.tokenize(address, None).0?;
        self.define(b"addr_type", Some(role.addr_type()));
        let (workspace, exit) = self.remote_tokens(tokens, mailer, role, domain)?;
        let blank = Some(blank_sub(self.configuration));
        Some((self.machine.table().join_cut(&workspace, blank, MAX_REWRITTEN), exit))
    }

    /// [`Rewriter::remote_address`] as tokens and with `${addr_type}` as it stands.
    pub fn remote_workspace(
        &mut self,
        address: &[u8],
        mailer: &Mailer,
        role: Role,
    ) -> Option<Vec<Token>> {
        let tokens = self.tokenize(address, None).0?;
        Some(self.remote_tokens(tokens, mailer, role, None)?.0)
    }

    fn remote_tokens(
        &mut self,
        tokens: Vec<Token>,
        mailer: &Mailer,
        role: Role,
        domain: Option<&[u8]>,
    ) -> Option<(Vec<Token>, Exit)> {
        let mut exit = Exit::OK;
        let pair = if role.sender { mailer.sender } else { mailer.recipient };
        let own = if role.header { pair.header } else { pair.envelope };
        let common = if role.sender { 1 } else { 2 };
        let with_own = [common, own, 4];
        let rest = if own > 0 { &with_own[..] } else { &[common, 4] };
        let Some(domain) = domain else {
            return Some((self.chain(3, rest, tokens, &mut exit), exit));
        };
        let mut workspace = self.chain(3, &[], tokens, &mut exit);
        if !self.has_at(&workspace) {
            workspace = self.add_domain(workspace, domain, &mut exit);
        }
        let (first, then) = rest.split_first()?;
        Some((self.chain(*first, then, workspace, &mut exit), exit))
    }

    /// The template around an address, with the configuration's options.
    pub fn crack(&mut self, address: &[u8]) -> crate::crack::Cracked {
        let must_quote = self.configuration.options.bytes("MustQuoteChars");
        let options = CrackOptions::new(self.configuration.colon_ok, must_quote.as_deref());
        let cracked = crack_with(address, &options);
        if self.tracer.wants(Category::Crack) {
            let template = cracked.fill(ADDRESS);
            self.tell(&Event::Cracked { address, template: &template });
        }
        cracked
    }

    fn chain(
        &mut self,
        first: usize,
        then: &[usize],
        workspace: Vec<Token>,
        exit: &mut Exit,
    ) -> Vec<Token> {
        let outcome = self.apply_all(first, then, workspace);
        if outcome.exit == Exit::TEMPFAIL {
            *exit = Exit::TEMPFAIL;
        }
        outcome.workspace
    }

    fn has_at(&self, workspace: &[Token]) -> bool {
        workspace.iter().any(|token| self.machine.table().text(*token) == b"@")
    }

    fn add_domain(&mut self, workspace: Vec<Token>, domain: &[u8], exit: &mut Exit) -> Vec<Token> {
        let (tail, _) = self.scan(domain, domain, None, true);
        let mut workspace = workspace;
        workspace.extend(tail.unwrap_or_default());
        if workspace.len() > MAX_ATOMS {
            self.say(b"553 5.1.0 remotename: too many tokens");
            workspace.truncate(MAX_ATOMS);
        }
        self.chain(3, &[], workspace, exit)
    }

    fn complain(&mut self, address: &[u8], complaints: &[Complaint]) {
        for complaint in complaints {
            let message = complaint.to_string();
            let (codes, text) = split_codes(message.as_bytes());
            let text = [codes, &shorten(address), b"... ", text].concat();
            self.say(&text);
        }
    }

    pub(crate) fn say(&mut self, text: &[u8]) {
        self.tell(&Event::Message(text));
    }

    /// Text to tokens of this machine, for callers that build workspaces (hook rulesets).
    pub fn word(&mut self, text: &[u8]) -> Token {
        self.machine.intern_word(Kind::Atom, text)
    }
}

/// Option `BlankSub`; a space by default.
#[must_use]
pub fn blank_sub(configuration: &Configuration) -> u8 {
    configuration.program.blank_sub()
}
