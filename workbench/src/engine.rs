//! One thread's machine, maps and macros: what every tool resolves and rewrites addresses with.

use std::sync::Arc;

use cf_parser::debug::Levels;
use mapper::{DnsAnswer, DnsQuery, LookupContext, MapSet, NoticeKind};
use ruleset_vm::load::Configuration;
use ruleset_vm::prescan::Mode;
use ruleset_vm::token::Token;
use ruleset_vm::trace::{Event, Scene, Tracer};
use ruleset_vm::validity::invalid;
use ruleset_vm::{
    Answer, Exit, KeyStyle, KnownMaps, Lookups, Machine, Macros, Outcome, Parsed, Question,
    Request, Rewriter, Role, Target, Triple,
};

pub use crate::answering::Unasked;
use crate::answering::{Answering, MapMessage, MapServices};
use crate::machine::Guarded;

/// A configuration at work for one address after the other.
pub struct Engine<S> {
    configuration: Arc<Configuration>,
    machine: Machine,
    /// Macros as the next address sees them.
    pub macros: Macros,
    lookups: Desk<S>,
}

/// Where the machine's questions go.
struct Desk<S> {
    maps: MapSet,
    services: Guarded<S>,
    /// Lookups that reached a map.
    count: usize,
    unasked: Vec<Unasked>,
    complaints: Vec<Vec<u8>>,
}

impl<S: MapServices> Engine<S> {
    /// An engine with maps of its own.
    pub fn new(configuration: Arc<Configuration>, maps: MapSet, services: Guarded<S>) -> Self {
        let machine = Machine::new(configuration.program.clone());
        let macros = configuration.macros.clone();
        let lookups =
            Desk { maps, services, count: 0, unasked: Vec::new(), complaints: Vec::new() };
        Self { configuration, machine, macros, lookups }
    }

    /// The configuration.
    #[must_use]
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// The maps.
    pub fn maps(&mut self) -> &mut MapSet {
        &mut self.lookups.maps
    }

    /// Macros as they are when a message begins.
    pub fn reset(&mut self) {
        self.macros = self.configuration.macros.clone();
    }

    /// Lookups so far that reached a map.
    #[must_use]
    pub fn lookups(&self) -> usize {
        self.lookups.count
    }

    /// Lookups that were not asked, since the last call.
    pub fn take_unasked(&mut self) -> Vec<Unasked> {
        std::mem::take(&mut self.lookups.unasked)
    }

    /// What is wrong with maps, since the last call.
    pub fn take_complaints(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lookups.complaints)
    }

    /// Forgets both: the questions were asked before.
    pub fn forget_unanswered(&mut self) {
        self.lookups.unasked.clear();
        self.lookups.complaints.clear();
    }

    /// Lends the rewriter.
    pub fn rewrite<T>(
        &mut self,
        tracer: &mut dyn Tracer,
        run: impl FnOnce(&mut Rewriter<'_>) -> T,
    ) -> T {
        run(&mut Rewriter {
            machine: &mut self.machine,
            configuration: &self.configuration,
            macros: &mut self.macros,
            lookups: &mut self.lookups,
            tracer,
        })
    }

    /// An address to its triple (RS-079..RS-093). A flaw that can be seen without rules is an error triple; `None`
    /// is an address with nothing in it.
    pub fn resolve(
        &mut self,
        address: &[u8],
        role: Role,
        tracer: &mut dyn Tracer,
    ) -> Option<Parsed> {
        if let Some(status) = invalid(address, Some(ruleset_vm::limits::MAX_NAME)) {
            let mailer = Target::Error(status);
            let triple = Triple { mailer, host: None, user: Vec::new(), not_remote: false };
            return Some(Parsed { triple, deferred: false, used: address.len() });
        }
        self.rewrite(tracer, |rewriter| rewriter.parse(address, None, role))
    }

    /// An address as a mailer is to see it (RS-082..RS-087), and whether a map failed for now.
    pub fn rewrite_for(
        &mut self,
        address: &[u8],
        mailer: usize,
        role: Role,
        tracer: &mut dyn Tracer,
    ) -> (Vec<u8>, Exit) {
        let configuration = Arc::clone(&self.configuration);
        match configuration.mailers.get(mailer) {
            Some(mailer) => {
                self.rewrite(tracer, |rewriter| rewriter.remote_name(address, mailer, role, None))
            }
            None => (address.to_vec(), Exit::OK),
        }
    }

    /// Applies rulesets, each to what the one before left, to the tokens of a text; `$|` and other operators in it
    /// count as test mode takes them. `None` if there is nothing in it.
    pub fn apply(
        &mut self,
        rulesets: &[usize],
        text: &[u8],
        tracer: &mut dyn Tracer,
    ) -> Option<Outcome> {
        let (first, then) = rulesets.split_first()?;
        self.rewrite(tracer, |rewriter| {
            rewriter.machine.reset();
            rewriter.lookups.begin();
            let program = Arc::clone(rewriter.machine.program());
            let (tokens, _) = rewriter.machine.tokenize(text, Mode::of_text(program.operators()));
            let tokens = tokens.filter(|tokens| !tokens.is_empty())?;
            Some(rewriter.apply_all(*first, then, tokens))
        })
    }

    /// Runs a hook ruleset on its arguments (RS-109..RS-136); `None` if there is no such ruleset.
    pub fn hook(
        &mut self,
        ruleset: &[u8],
        arguments: &[&[u8]],
        comments: bool,
        tracer: &mut dyn Tracer,
    ) -> Option<Outcome> {
        let program = Arc::clone(self.machine.program());
        if !program.has_rules(ruleset) {
            return None;
        }
        let number = program.number(ruleset)?;
        Some(self.rewrite(tracer, |rewriter| rewriter.apply_hook(number, arguments, comments)))
    }

    /// What a hook ruleset says behind `$#`, `$@` and `$:`; `None` if there is no such ruleset or it returns no triple.
    /// `comments` says whether comments in the arguments count.
    pub fn hook_verdict(
        &mut self,
        ruleset: &[u8],
        arguments: &[&[u8]],
        comments: bool,
        tracer: &mut dyn Tracer,
    ) -> Option<ruleset_vm::triple::Verdict> {
        let outcome = self.hook(ruleset, arguments, comments, tracer)?;
        self.verdict(&outcome.workspace)
    }

    /// Whether there is a user of this login name, as far as anybody knows.
    pub fn has_user(&mut self, login: &[u8]) -> bool {
        mapper::Services::passwd(&mut self.lookups.services, login).is_ok_and(|user| user.is_some())
    }

    /// Asks the name service, as far as that is allowed; `None` if it is not and no fact answers.
    pub fn resolve_name(&mut self, query: &DnsQuery<'_>) -> Option<DnsAnswer> {
        let services = &mut self.lookups.services;
        let answer = mapper::Services::resolve(services, query);
        services.take_not_asked().is_empty().then_some(answer)
    }

    /// What the alias files have for the user of a triple; `None` if its mailer asks no aliases (flag `A`, ML-030).
    pub fn alias_of(&mut self, triple: &Triple) -> Option<Vec<u8>> {
        let Target::Mailer(number) = triple.mailer else { return None };
        let mailer = self.configuration.mailers.get(number)?;
        if !mailer.flags.has(b'A') {
            return None;
        }
        let Desk { maps, services, .. } = &mut self.lookups;
        let context = LookupContext::default();
        match maps.lookup(b"aliases", &triple.user, &[], &context, services).answer {
            mapper::Answer::Found(value) => Some(value),
            _ => None,
        }
    }

    /// The words of a workspace, as they are shown.
    #[must_use]
    pub fn words(&self, workspace: &[Token]) -> Vec<Vec<u8>> {
        let look = crate::show::Look::default();
        workspace.iter().map(|token| look.token(*token, self.machine.table())).collect()
    }

    /// What a workspace names behind `$#`, `$@` and `$:`; `None` if it is no triple.
    pub fn verdict(&mut self, workspace: &[Token]) -> Option<ruleset_vm::triple::Verdict> {
        self.rewrite(&mut ruleset_vm::trace::NoTracer, |rewriter| rewriter.verdict(workspace))
    }
}

impl<S: MapServices> KnownMaps for Desk<S> {
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle> {
        let traits = self.maps.traits(map)?;
        Some(KeyStyle {
            keep_quotes: traits.keep_quotes,
            blank: traits.space_sub,
            number: traits.number,
        })
    }

    fn has_none(&mut self, question: Question<'_>) -> bool {
        let none = self.maps.has_none(question.number, question.key, &LookupContext::default());
        // an answer all the same
        self.count += usize::from(none);
        none
    }
}

impl<S: MapServices> Lookups for Desk<S> {
    fn begin(&mut self) {
        self.maps.begin_address(mapper::Services::instant(&mut self.services));
    }

    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer {
        let mut complaints = Vec::new();
        let mut say = |message: MapMessage| {
            if message.kind == NoticeKind::Error {
                complaints.push(message.text);
            }
        };
        let mut answering = Answering {
            maps: &mut self.maps,
            services: &mut self.services,
            context: LookupContext::default(),
            levels: Levels::default(),
            say: &mut say,
            postponed: None,
            count: self.count,
            unasked: std::mem::take(&mut self.unasked),
        };
        let answer = answering.lookup(request, macros);
        (self.count, self.unasked) = (answering.count, answering.unasked);
        self.complaints.append(&mut complaints);
        // nothing has happened that a log should have
        drop(self.services.take_log());
        answer
    }
}

/// A tracer that keeps what rules have to say: that a map is missing, that a wildcard is, that a rule goes round and
/// round.
#[derive(Debug, Default)]
pub(crate) struct Messages(pub(crate) Vec<Vec<u8>>);

impl Tracer for Messages {
    fn wants_rulesets(&self) -> bool {
        false
    }

    fn event(&mut self, _: Scene<'_>, event: &Event<'_>) {
        if let Event::Message(text) = event {
            self.0.push(text.to_vec());
        }
    }
}
