//! A worker: one thread's own machine, maps and services to apply the configuration with.

mod listener;

use std::sync::Arc;

use cf_parser::debug::{Category, Levels};
use cf_parser::text::{Op, Text};
use mapper::{LookupContext, MapSet, NoticeKind, SystemServices};
use ruleset_vm::prescan::{Complaint, Mode, prescan};
use ruleset_vm::token::{Token, meta};
use ruleset_vm::trace::Tracer;
use ruleset_vm::validity::invalid;
use ruleset_vm::{Enhanced, Exit, Machine, Macros, Parsed, Rewriter, Role, Status, Target};
use workbench::answering::{Answering, MapMessage, MapServices, Unasked, exit_of};
use workbench::explain::{Firing, Firings};
use workbench::machine::Guarded;
pub use workbench::session::Verdict;
use workbench::session::{Asked, HookAnswer, Said, Watch};
use workbench::story::Recorder;
use workbench::traces::{Traces, closing};

use self::listener::Listener;
use super::alias_names;
use crate::config::site::Site;
use crate::events::{Sink, map_lines};
use crate::sys::{terminal, users};

/// Something wrong with a map or its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What, codes in front.
    pub text: Vec<u8>,
    /// The exit status it asks for.
    pub exit: Exit,
    /// How many messages were there before it.
    pub at: usize,
}

impl Failure {
    fn new(code: &str, text: &[u8], exit: u8, at: usize) -> Self {
        Self { text: [code.as_bytes(), b" ", text].concat(), exit: Exit(exit), at }
    }
}

/// Applies rules and maps for one message or connection at a time.
pub struct Worker {
    /// The configuration.
    pub site: Arc<Site>,
    /// Macros: those of the configuration, those of the message in front.
    pub macros: Macros,
    /// What rules and maps had to say since it was taken last; reply codes in front.
    pub messages: Vec<Vec<u8>>,
    /// What is wrong with maps, codes in front, and the exit status it asks for, since it was taken last.
    failures: Vec<Failure>,
    /// What the first map said that could not answer, since it was taken last.
    postponed: Option<Vec<u8>>,
    /// What the next address is resolved to, if it is this one: see [`Worker::keep`].
    kept: Option<(Vec<u8>, Role, Option<Parsed>)>,
    machine: Machine,
    maps: MapSet,
    services: Guarded<SystemServices>,
    /// Where lines of maps go.
    log: Option<Arc<Sink>>,
    /// Who looks on.
    watch: Option<Watch>,
}

impl Worker {
    /// A worker for a configuration. Nothing is opened yet.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        let mut worker = Self::without_aliases(site.clone());
        // The text of an alias file is read by a machine of its own: this one waits for it in the middle of a lookup.
        let mut reader = None;
        worker.services.inner().set_alias_reader(Box::new(move |line| {
            let worker = reader.get_or_insert_with(|| Self::without_aliases(site.clone()));
            alias_names::left(worker, line)
        }));
        worker
    }

    /// One that knows no names of aliases in the text of an alias file but plain ones.
    fn without_aliases(site: Arc<Site>) -> Self {
        let macros = site.configuration.macros.clone();
        let machine = Machine::new(site.configuration.program.clone());
        let mut maps = site.maps();
        maps.set_levels(site.levels);
        let services = site.services();
        Self {
            site,
            macros,
            messages: Vec::new(),
            failures: Vec::new(),
            postponed: None,
            kept: None,
            machine,
            maps,
            services,
            log: None,
            watch: None,
        }
    }

    /// Where lines of maps go from now on; until then they are dropped.
    #[must_use]
    pub fn logging_to(self, log: Arc<Sink>) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Who looks on from now on.
    #[must_use]
    pub fn watched_by(self, watch: Option<Watch>) -> Self {
        Self { watch, ..self }
    }

    /// What of the situation lookups depend on: the delivery mode of the message.
    fn context(&self) -> LookupContext {
        let mode = self.macros.value(b"deliveryMode").first().copied();
        LookupContext { delivery_mode: mode.unwrap_or_default(), ..LookupContext::default() }
    }

    /// Logs what maps have had to say.
    fn log_lines(&mut self) {
        let lines = self.services.take_log();
        let Some(log) = self.log.as_ref().filter(|_| !lines.is_empty()) else { return };
        let id = self.macros.value(b"i");
        let user = users::own_name();
        for line in lines {
            log.report(map_lines::event(line, Some(&id[..]).filter(|id| !id.is_empty()), &user));
        }
    }

    /// Shows that maps are closed, at the end of a program.
    pub fn show_end(&self) {
        terminal::trace(&closing::maps(&self.site.levels, &self.maps));
    }

    /// Shows a line if debugging flags ask for it.
    pub(crate) fn debug(&self, category: Category, level: u8, parts: &[&[u8]]) {
        if self.site.levels.at(category, level) {
            terminal::trace(&[&parts.concat()[..], b"\n"].concat());
        }
    }

    /// Forgets the macros of the message before.
    pub fn reset(&mut self) {
        self.macros = self.site.configuration.macros.clone();
        self.messages.clear();
        self.failures.clear();
        self.postponed = None;
    }

    /// Lets `run` work on another message in between: macros and what was said of this one stay as they are.
    pub fn aside<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let macros = self.macros.clone();
        let messages = std::mem::take(&mut self.messages);
        let failures = std::mem::take(&mut self.failures);
        let postponed = self.postponed.take();
        self.reset();
        let result = run(self);
        (self.macros, self.messages) = (macros, messages);
        (self.failures, self.postponed) = (failures, postponed);
        result
    }

    /// Takes the messages.
    pub fn take_messages(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.messages)
    }

    /// Takes what is wrong with maps, such as files that cannot be opened, codes in front, and the exit status it asks for.
    /// The log has it already.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// Takes what the first map said that could not answer: why a message waits (RS-068).
    pub fn take_postponed(&mut self) -> Option<Vec<u8>> {
        self.postponed.take()
    }

    /// An address to its triple (RS-079..RS-093). A flaw that can be seen without rules is an error
    /// triple; `None` is an address with nothing in it.
    pub fn parse(&mut self, address: &[u8], role: Role) -> Option<Parsed> {
        self.parse_seen(address, role, (address, None))
    }

    /// [`Worker::parse`] of an element of a list of recipients. Whoever looks on sees the rest of the list with it, as
    /// sendmail's tokenizer does.
    pub fn parse_listed(&mut self, address: &[u8], rest: &[u8]) -> Option<Parsed> {
        let levels = &self.site.levels;
        let is_seen = levels.on(Category::Parse) || levels.on(Category::Tokens);
        let text = if is_seen && rest != address { (rest, Some(b',')) } else { (address, None) };
        self.parse_seen(address, Role::default(), text)
    }

    fn parse_seen(
        &mut self,
        address: &[u8],
        role: Role,
        (text, delimiter): (&[u8], Option<u8>),
    ) -> Option<Parsed> {
        if let Some((known, known_as, parsed)) = self.kept.take()
            && (known.as_slice(), known_as) == (address, role)
        {
            return parsed;
        }
        let refusal = self.unscannable(address);
        let refusal = refusal.or_else(|| flawed(address, role));
        if let Some(status) = refusal {
            let triple = ruleset_vm::Triple {
                mailer: Target::Error(status),
                host: None,
                user: Vec::new(),
                not_remote: false,
            };
            return Some(Parsed { triple, deferred: false, used: address.len() });
        }
        let asked = || Asked::Address { address: address.to_vec(), role };
        let parsed = self.with_rewriter(asked, |rewriter| rewriter.parse(text, delimiter, role));
        if let Some(watch) = &self.watch {
            watch.said(Said::Triple(parsed.clone()));
        }
        parsed
    }

    /// Keeps what an address was resolved to for who resolves it next, if that is the next thing: rules are not to be
    /// asked again by the one who judges an address first and by the one who takes it then.
    pub fn keep(&mut self, address: &[u8], role: Role, parsed: Option<Parsed>) {
        self.kept = Some((address.to_vec(), role, parsed));
    }

    /// The recipient with which a list begins that `delimiter` separates: messages about its syntax name all of the
    /// list.
    pub fn parse_first(&mut self, list: &[u8], delimiter: u8) -> Option<Parsed> {
        let role = Role::default();
        let asked = || Asked::Address { address: list.to_vec(), role };
        self.with_rewriter(asked, |rewriter| rewriter.parse(list, Some(delimiter), role))
    }

    /// What an address is refused for that is too long to be tokenized.
    fn unscannable(&self, address: &[u8]) -> Option<Status> {
        if address.len() < ruleset_vm::limits::MAX_NAME {
            return None;
        }
        let mode = Mode::of_text(self.site.configuration.program.operators());
        let complaints = prescan(address, mode).complaints;
        let found = complaints.into_iter().find_map(|complaint| match complaint {
            Complaint::TooManyTokens | Complaint::TokenTooLong => Some((complaint, 0)),
            Complaint::AddressTooLong => Some((complaint, 1)),
            _ => None,
        });
        let (complaint, detail) = found?;
        let message = complaint.to_string();
        let (_, text) = ruleset_vm::split_codes(message.as_bytes());
        Some(Status::from_reply(Exit::USAGE, 553, Enhanced::new(5, 1, detail), text))
    }

    /// An address as a mailer is to see it, and whether a map failed for now (RS-082..RS-087).
    pub fn remote_name(
        &mut self,
        address: &[u8],
        mailer: usize,
        role: Role,
        domain: Option<&[u8]>,
    ) -> (Vec<u8>, Exit) {
        let site = self.site.clone();
        match site.configuration.mailers.get(mailer) {
            Some(mailer) => self.with_rewriter(
                || Asked::Form(address.to_vec()),
                |rewriter| rewriter.remote_name(address, mailer, role, domain),
            ),
            None => (address.to_vec(), Exit::OK),
        }
    }

    /// [`Worker::remote_name`] without the display text; `None` if there is no address in it.
    pub fn remote_name_bare(
        &mut self,
        address: &[u8],
        mailer: usize,
        role: Role,
        domain: Option<&[u8]>,
    ) -> Option<(Vec<u8>, Exit)> {
        let site = self.site.clone();
        let mailer = site.configuration.mailers.get(mailer)?;
        self.with_rewriter(
            || Asked::Form(address.to_vec()),
            |rewriter| rewriter.told_remote_address(address, mailer, role, domain),
        )
    }

    /// A sender as it is known before any mailer has seen it: rulesets 3, 1 and 4 (RS-145).
    pub fn canonical_sender(&mut self, address: &[u8]) -> Vec<u8> {
        let nobody = ruleset_vm::mailer::Mailer::named(b"");
        let role = Role { header: false, sender: true };
        let found = self.with_rewriter(
            || Asked::Form(address.to_vec()),
            |rewriter| rewriter.remote_address(address, &nobody, role, None),
        );
        found.map_or_else(|| address.to_vec(), |(text, _)| text)
    }

    /// Ruleset 5 on a user part (RS-088): the triple it returns, if any, and whether a map failed
    /// for now.
    pub fn localaddr(&mut self, user: &[u8]) -> (Option<ruleset_vm::Triple>, bool) {
        let role = Role::default();
        self.macros.set(b"addr_type", role.addr_type());
        let asked = || Asked::User(user.to_vec());
        self.with_rewriter(asked, |rewriter| {
            let (Some(tokens), _) = rewriter.tokenize(user, None) else { return (None, false) };
            let outcome = rewriter.apply(5, tokens);
            let deferred = outcome.exit == Exit::TEMPFAIL;
            if outcome.workspace.first() != Some(&meta(Op::Hash)) {
                return (None, deferred);
            }
            (Some(rewriter.build(&outcome.workspace, user, role)), deferred)
        })
    }

    /// Runs a hook ruleset on its arguments, `$|` between them (RS-109..RS-136). Without such a
    /// ruleset everything is accepted.
    pub fn check(&mut self, ruleset: &str, arguments: &[&[u8]], comments: bool) -> Verdict {
        self.show_call(b"rscheck(", ruleset, arguments);
        let answer =
            self.hook(ruleset, arguments, comments, |rewriter, found| rewriter.verdict(found));
        let verdict = Verdict::of(ruleset, answer);
        if let Some(watch) = self.watch.as_ref().filter(|_| self.has_ruleset(ruleset)) {
            watch.said(Said::Verdict(verdict.clone()));
        }
        verdict
    }

    /// What a hook ruleset returns behind `$#`, `$@` and `$:`; `None` if there is no such ruleset or
    /// it returns no triple.
    pub fn ask(
        &mut self,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
    ) -> Option<HookAnswer> {
        self.show_call(b"rscap(", ruleset, arguments);
        self.hook(ruleset, arguments, comments, |rewriter, workspace| rewriter.verdict(workspace))
    }

    /// What debugging flags show of a hook ruleset that is asked, be there rules in it or not.
    fn show_call(&self, head: &[u8], ruleset: &str, arguments: &[&[u8]]) {
        let null = &b"(NULL)"[..];
        let argument = |at: usize| arguments.get(at).copied().unwrap_or(null);
        let parts = [head, ruleset.as_bytes(), b", ", argument(0), b", ", argument(1), b")"];
        self.debug(Category::Hooks, 2, &parts);
    }

    /// The tokens that a hook ruleset returns behind `$#`, one text each; none without such a ruleset.
    pub fn ask_words(&mut self, ruleset: &str, arguments: &[&[u8]]) -> Vec<Vec<u8>> {
        self.show_call(b"rscap(", ruleset, arguments);
        let words = self.hook(ruleset, arguments, true, |rewriter, workspace| {
            let (first, rest) = workspace.split_first()?;
            let table = rewriter.machine.table();
            let words = rest.iter().map(|token| table.text(*token).to_vec());
            (*first == meta(Op::Hash)).then(|| words.collect())
        });
        words.unwrap_or_default()
    }

    fn hook<T>(
        &mut self,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
        read: impl FnOnce(&Rewriter<'_>, &[Token]) -> Option<T>,
    ) -> Option<T> {
        let program = self.site.configuration.program.clone();
        if !program.has_rules(ruleset.as_bytes()) {
            return None;
        }
        let number = program.number(ruleset.as_bytes())?;
        let asked = || Asked::Hook {
            ruleset: ruleset.as_bytes().to_vec(),
            arguments: arguments.iter().map(|argument| argument.to_vec()).collect(),
        };
        self.with_rewriter(asked, |rewriter| {
            let outcome = rewriter.apply_hook(number, arguments, comments);
            read(rewriter, &outcome.workspace)
        })
    }

    /// Whether the configuration has a ruleset of this name with rules.
    #[must_use]
    pub fn has_ruleset(&self, name: &str) -> bool {
        self.site.configuration.program.has_rules(name.as_bytes())
    }

    /// Asks a map of the configuration.
    pub fn lookup(&mut self, map: &[u8], key: &[u8], args: &[&[u8]]) -> mapper::Answer {
        let context = self.context();
        let lookup = self.maps.lookup(map, key, args, &context, &mut self.services);
        for notice in lookup.notices {
            match notice.kind {
                NoticeKind::Warning => {}
                NoticeKind::Error => {
                    let (exit, at) = (exit_of(&notice), self.messages.len());
                    self.failures.push(Failure::new(notice.code, &notice.text, exit, at));
                }
                NoticeKind::Message => self.messages.push(notice.text),
                NoticeKind::Trace => terminal::trace(&notice.text),
            }
        }
        for (name, value) in MapServices::take_macros(&mut self.services) {
            match value {
                Some(value) => self.macros.set(&name, &value),
                None => self.macros.clear(&name),
            }
        }
        self.log_lines();
        lookup.answer
    }

    /// Expands `$x` in a text given as it stands in a cf file.
    #[must_use]
    pub fn expand(&self, template: &[u8]) -> Vec<u8> {
        let mut text = Text::new();
        for (index, line) in template.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                text.push(cf_parser::Piece::Byte(b'\n'));
            }
            text.extend(cf_parser::parse_text(line).0);
        }
        self.macros.expand_bytes(&text)
    }

    /// The services maps use: name service, users.
    pub fn services(&mut self) -> &mut Guarded<SystemServices> {
        &mut self.services
    }

    /// [`Worker::parse`] with every rule that fires on the way.
    pub fn explain(&mut self, address: &[u8], role: Role) -> (Vec<Firing>, Option<Parsed>) {
        let mut firings = Firings::default();
        let (parsed, _) = self.traced(&mut firings, |rewriter| rewriter.parse(address, None, role));
        self.messages.append(&mut firings.messages);
        (firings.fired, parsed)
    }

    /// Applies rulesets, each to what the one before left, to a text in which operators such as `$|` count.
    pub fn apply(&mut self, rulesets: &[usize], names: &[u8], text: &[u8]) {
        let Some((first, then)) = rulesets.split_first() else { return };
        let asked = || Asked::Typed { rulesets: names.to_vec(), text: text.to_vec() };
        self.with_rewriter(asked, |rewriter| {
            rewriter.machine.reset();
            let program = Arc::clone(rewriter.machine.program());
            let mode = Mode::of_text(program.operators());
            let (tokens, _) = rewriter.machine.tokenize(text, mode);
            tokens.map(|tokens| rewriter.apply_all(*first, then, tokens))
        });
    }

    /// `asked` says what it is for, to those who look on.
    fn with_rewriter<T>(
        &mut self,
        asked: impl FnOnce() -> Asked,
        run: impl FnOnce(&mut Rewriter<'_>) -> T,
    ) -> T {
        let site = self.site.clone();
        let levels = &site.levels;
        let traces = Traces { levels, configuration: &site.configuration, copies: true };
        let shows = *levels != Levels::default();
        let watch = self.watch.clone().map(|watch| (watch, Recorder::default()));
        let mut listener = Listener { messages: Vec::new(), traces, shows, watch };
        let (result, unasked) = self.traced(&mut listener, run);
        self.messages.append(&mut listener.messages);
        if let Some((watch, recorder)) = listener.watch {
            watch.ran(asked(), recorder.finish(&unasked));
        }
        result
    }

    fn traced<T>(
        &mut self,
        tracer: &mut dyn Tracer,
        run: impl FnOnce(&mut Rewriter<'_>) -> T,
    ) -> (T, Vec<Unasked>) {
        let mut said: Vec<Vec<u8>> = Vec::new();
        let mut failures: Vec<Failure> = Vec::new();
        let at = self.messages.len();
        let mut say = |message: MapMessage| match message.kind {
            NoticeKind::Trace => terminal::trace(&message.text),
            NoticeKind::Warning => {}
            NoticeKind::Error => {
                failures.push(Failure::new(message.code, &message.text, message.exit, at));
            }
            NoticeKind::Message => said.push(message.text),
        };
        let context = self.context();
        let mut lookups = Answering {
            maps: &mut self.maps,
            services: &mut self.services,
            context,
            levels: self.site.levels,
            say: &mut say,
            postponed: None,
            count: 0,
            unasked: Vec::new(),
        };
        let mut rewriter = Rewriter {
            machine: &mut self.machine,
            configuration: &self.site.configuration,
            macros: &mut self.macros,
            lookups: &mut lookups,
            tracer,
        };
        let result = run(&mut rewriter);
        let (postponed, unasked) = (lookups.postponed, lookups.unasked);
        self.postponed = self.postponed.take().or(postponed);
        self.messages.append(&mut said);
        self.failures.append(&mut failures);
        self.log_lines();
        (result, unasked)
    }
}

/// What is wrong with an address before rules see it; the code says whether it is a sender's (RS-016, observed).
fn flawed(address: &[u8], role: Role) -> Option<Status> {
    let status = invalid(address, Some(ruleset_vm::limits::MAX_NAME))?;
    let of_sender = role.sender && status.enhanced == Some(Enhanced::new(5, 1, 3));
    let enhanced = if of_sender { Some(Enhanced::new(5, 1, 7)) } else { status.enhanced };
    Some(Status { enhanced, ..status })
}
