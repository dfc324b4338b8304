//! The machine: runs a ruleset over a workspace, one step at a time.
//!
//! [`Machine::step`] returns a result or a [`Step::Lookup`], which the caller answers with
//! [`Machine::answer`] before stepping on. Nothing in here waits.

mod answered;
mod calls;
mod chain;
pub(crate) mod glob;
mod lookup;
mod matcher;
mod onward;
pub mod progress;
mod question;
mod record;
mod recording;
mod replay;
mod rules;
pub mod stepwise;

use std::sync::Arc;

use cf_parser::Piece;
use cf_parser::debug::Category;
use cf_parser::text::plain;

use crate::classes::Classes;
use crate::limits::{MAX_RECURSION, MAX_WORK, work};
use crate::macros::Macros;
use crate::prescan::{Ending, Mode, Scanned, Sink, prescan_into, prescan_text};
use crate::program::Program;
use crate::status::{Exit, split_codes};
use crate::token::{Kind, Token, TokenTable, meta};
use crate::trace::{Event, Scene, Tracer};
use crate::validity::shorten;

use calls::Call;
use chain::Chain;
pub(crate) use chain::Rulesets;
use lookup::Lookup;
use matcher::Matcher;
pub use matcher::{Capture, Subject};
pub(crate) use onward::KnownTriple;
pub use question::{Answer, KeyStyle, KnownMaps, Question, Request};
use replay::{Played, Recordings};

/// What a run reads from outside, lent for one step.
pub struct Env<'a> {
    /// Macros for `$&`.
    pub macros: &'a Macros,
    /// Classes, indexed.
    pub classes: &'a Classes,
    /// What is known of maps.
    pub maps: &'a mut dyn KnownMaps,
    /// Option `BlankSub`.
    pub blank: u8,
    /// Who watches.
    pub tracer: &'a mut dyn Tracer,
}

/// What a step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask what [`Machine::request`] says, call [`Machine::answer`], step on.
    Lookup,
    /// The ruleset has ended.
    Done(Outcome),
}

/// How a ruleset ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The workspace it left.
    pub workspace: Vec<Token>,
    /// OK, temporary failure of a map, or an error.
    pub exit: Exit,
}

/// How many workspaces are kept for their memory.
const SPARE_WORKSPACES: usize = 16;

/// Tokens found become tokens of a table.
struct Interner<'a> {
    table: &'a mut TokenTable,
    out: &'a mut Vec<Token>,
    strays: &'a mut bool,
}

impl Sink for Interner<'_> {
    fn word(&mut self, kind: Kind, text: &[u8]) {
        self.out.push(self.table.add(kind, text));
    }

    fn piece(&mut self, piece: &Piece) {
        self.out.push(match piece {
            Piece::Op(op) => {
                *self.strays = true;
                meta(*op)
            }
            piece => {
                let text = cf_parser::text::write(std::slice::from_ref(piece));
                self.table.add(Kind::Atom, &text)
            }
        });
    }
}

/// A ruleset in progress.
#[derive(Debug)]
struct Frame {
    ruleset: usize,
    /// The next rule to try.
    rule: usize,
    /// The rule that fired last.
    fired: usize,
    loops: usize,
    workspace: Vec<Token>,
    exit: Exit,
    announced: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Compare rules with the workspace.
    Match,
    /// Ask maps for the lookups in a built right-hand side, left to right.
    Lookups(Box<Lookup>),
    /// Run the calls of a built right-hand side, right to left.
    Calls(Box<Call>),
    /// The only call of a right-hand side is under way; this stands in front of it.
    Only(Vec<Token>),
}

/// What a phase does to the frames.
enum Control {
    /// Go on with the top frame.
    Continue,
    /// Wait for a map.
    Wait,
    /// Enter a ruleset.
    Enter(usize, Vec<Token>),
    /// The address has cost too much.
    GiveUp,
    /// The outermost ruleset is through.
    Through(Outcome),
    /// The top frame is through.
    Leave,
    /// The top frame fails; it prints nothing and its workspace is kept.
    Abort(Exit),
}

/// Runs rulesets of one program.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
    table: TokenTable,
    frames: Vec<Frame>,
    matcher: Matcher,
    /// The right-hand side being built.
    built: Vec<Token>,
    /// Workspaces given back, for their memory.
    spare: Vec<Vec<Token>>,
    /// Memory of the tokenizer.
    room: Vec<u8>,
    /// Operators that steer may stand in workspaces: they came from texts, not from rules.
    strays: bool,
    recordings: Recordings,
    request: Request,
    answer: Option<Answer>,
    /// [`work`] since the start of the chain's ruleset.
    work: usize,
    /// Rulesets that follow.
    chain: Chain,
    /// A ruleset of the chain that has ended failed for now.
    chain_failed: bool,
    /// Arguments of lookups that are not needed now, for their memory.
    spare_texts: Vec<Vec<u8>>,
}

/// Whether nothing ends a text before its end.
fn may_be_plain(text: &[u8], delimiter: Option<u8>) -> bool {
    delimiter.is_none_or(|delimiter| !text.contains(&delimiter))
}

/// What is said when rulesets call each other too deep.
const EXCESSIVE: &[u8] = b"554 5.3.0 rewrite: excessive recursion (max 50), ruleset ";

impl Machine {
    /// A machine for this program.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        let table = TokenTable::new(program.texts().clone());
        Self {
            program,
            table,
            frames: Vec::new(),
            matcher: Matcher::default(),
            built: Vec::new(),
            spare: Vec::new(),
            room: Vec::new(),
            strays: false,
            recordings: Recordings::default(),
            request: Request::default(),
            answer: None,
            work: 0,
            chain: Chain::default(),
            chain_failed: false,
            spare_texts: Vec::new(),
        }
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The texts of all tokens handed out since the last [`Machine::reset`].
    #[must_use]
    pub fn table(&self) -> &TokenTable {
        &self.table
    }

    /// A long name of a macro or class that a user typed: it gets a code, as in sendmail; or what there
    /// is to say where no code is left.
    pub fn meet(&mut self, name: &cf_parser::Name) -> Result<u8, Vec<Vec<u8>>> {
        self.table.meet(name)
    }

    /// Matching steps since the machine was made: what linearity tests count.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.matcher.steps
    }

    /// Forgets the texts of earlier addresses.
    pub fn reset(&mut self) {
        self.frames.clear();
        self.recordings.make_room();
        self.table.reset();
        self.strays = false;
        self.answer = None;
    }

    /// The question of the last [`Step::Lookup`].
    #[must_use]
    pub fn request(&mut self) -> &Request {
        self.put_arguments();
        &self.request
    }

    /// Turns what the tokenizer found into tokens of this machine.
    pub fn intern(&mut self, scanned: &[Scanned]) -> Vec<Token> {
        let mut out = self.fresh();
        let mut sink = Interner { table: &mut self.table, out: &mut out, strays: &mut self.strays };
        for token in scanned {
            match token {
                Scanned::Word(kind, text) => sink.word(*kind, text),
                Scanned::Piece(piece) => sink.piece(piece),
            }
        }
        out
    }

    /// Tokens of a plain text, and what the tokenizer says of it; without tokens if it is too long.
    pub fn tokenize(&mut self, text: &[u8], mode: Mode<'_>) -> (Option<Vec<Token>>, Ending) {
        let mut out = self.fresh();
        if may_be_plain(text, mode.delimiter)
            && self.table.add_plain(text, mode.operators, &mut out)
        {
            let ending = Ending { complete: true, used: text.len(), complaints: Vec::new() };
            return (Some(out), ending);
        }
        out.clear();
        let mut sink = Interner { table: &mut self.table, out: &mut out, strays: &mut self.strays };
        let ending = prescan_into(text, mode, &mut sink, &mut self.room);
        (ending.complete.then_some(out), ending)
    }

    /// Tokens of a text that nothing steers, where the operators of the program are in force; `None` if it
    /// is another text.
    pub(crate) fn plain_tokens(
        &mut self,
        text: &[u8],
        delimiter: Option<u8>,
    ) -> Option<Vec<Token>> {
        let mut out = self.fresh();
        let Self { program, table, .. } = self;
        if may_be_plain(text, delimiter) && table.add_plain(text, program.operators(), &mut out) {
            return Some(out);
        }
        self.recycle(out);
        None
    }

    /// An empty workspace with the memory of one that is not used any more.
    pub(crate) fn fresh(&mut self) -> Vec<Token> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes back the memory of a workspace.
    pub fn recycle(&mut self, mut workspace: Vec<Token>) {
        if workspace.capacity() > 0 && self.spare.len() < SPARE_WORKSPACES {
            workspace.clear();
            self.spare.push(workspace);
        }
    }

    /// One text as a token of this machine.
    pub fn intern_word(&mut self, kind: Kind, text: &[u8]) -> Token {
        self.table.add(kind, text)
    }

    /// Goes on with another program; to be called between addresses.
    pub fn set_program(&mut self, program: Arc<Program>) {
        self.table = TokenTable::new(program.texts().clone());
        self.program = program;
        self.recordings = Recordings::default();
        self.reset();
    }

    /// Answers the lookup the last step asked for.
    pub fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// Runs until a map is to be asked or the ruleset has ended.
    pub fn step(&mut self, env: &mut Env<'_>) -> Step {
        match self.resume(env) {
            Played::Asks => return Step::Lookup,
            Played::Through(outcome) => {
                if let Some(step) = self.done(outcome, env) {
                    return step;
                }
            }
            Played::Nothing | Played::All => {}
        }
        if self.frames.last().is_some_and(|frame| !frame.announced) {
            self.announce_entry(env);
        }
        loop {
            let control = match self.frames.last().map(|frame| &frame.phase) {
                None => {
                    let outcome = Outcome { workspace: Vec::new(), exit: Exit::SOFTWARE };
                    return Step::Done(outcome);
                }
                Some(Phase::Match | Phase::Only(_)) => self.match_rules(env),
                Some(Phase::Lookups(_)) => self.lookups(env),
                Some(Phase::Calls(_)) => self.calls(env),
            };
            let next = match control {
                Control::Continue => None,
                Control::Wait => Some(Step::Lookup),
                Control::Enter(ruleset, workspace) => {
                    match self.enter_ruleset(ruleset, workspace, env) {
                        Some(Control::Abort(exit)) => self.leave(exit, env),
                        Some(_) => self.give_up(env),
                        None => None,
                    }
                }
                Control::Leave => {
                    self.announce_return(env);
                    let exit = self.frames.last().map_or(Exit::SOFTWARE, |frame| frame.exit);
                    self.leave(exit, env)
                }
                Control::Abort(exit) => self.leave(exit, env),
                Control::GiveUp => self.give_up(env),
                Control::Through(outcome) => self.done(outcome, env),
            };
            if let Some(step) = next {
                return step;
            }
        }
    }

    /// Enters a ruleset; says what is to be done if that is one too many.
    fn enter_ruleset(
        &mut self,
        ruleset: usize,
        workspace: Vec<Token>,
        env: &mut Env<'_>,
    ) -> Option<Control> {
        if self.work > MAX_WORK {
            return Some(Control::GiveUp);
        }
        self.work += work(workspace.len());
        self.frames.push(Frame::new(ruleset, workspace));
        self.announce_entry(env);
        if self.frames.len() <= MAX_RECURSION + 1 {
            return None;
        }
        let name = self.name(ruleset);
        self.say(env, &[EXCESSIVE, &name]);
        Some(Control::Abort(Exit::CONFIG))
    }

    /// The address has cost too much: the workspace of the outermost ruleset stands.
    fn give_up(&mut self, env: &mut Env<'_>) -> Option<Step> {
        let ruleset = self.frames.last().map_or(0, |frame| frame.ruleset);
        let name = self.name(ruleset);
        self.say(env, &[b"554 5.3.5 Rulesets call each other without end, ruleset ", &name]);
        self.frames.truncate(1);
        let workspace = self.frames.pop().map_or_else(Vec::new, |frame| frame.workspace);
        self.done(Outcome { workspace, exit: Exit::CONFIG }, env)
    }

    /// Drops the top frame; hands its result to the call below or, at the bottom, out.
    fn leave(&mut self, exit: Exit, env: &mut Env<'_>) -> Option<Step> {
        let mut exit = exit;
        loop {
            let workspace = self.frames.pop().map_or_else(Vec::new, |frame| frame.workspace);
            let outcome = Outcome { workspace, exit };
            match self.frames.last_mut().map(|below| &mut below.phase) {
                Some(Phase::Calls(call)) => {
                    call.returned(outcome);
                    return None;
                }
                Some(Phase::Only(_)) => {
                    let watch = env.tracer.wants_rules();
                    exit = self.complete(outcome.workspace, exit, watch, env)?;
                }
                _ => return self.done(outcome, env),
            }
        }
    }

    /// Tokens of a value that comes into a right-hand side (RS-056): comments are removed. `shown`
    /// is what complaints call it.
    fn scan(&mut self, text: &[Piece], shown: &[u8], env: &mut Env<'_>) -> Option<Vec<Token>> {
        let program = Arc::clone(&self.program);
        let scan = prescan_text(text, Mode::of_text(program.operators()));
        let tokens = scan.tokens.as_deref();
        let watch = env.tracer.wants(Category::Tokens);
        if watch {
            let scene = Scene { program: &self.program, table: &self.table };
            env.tracer.event(scene, &Event::Scan { text, tokens });
        }
        self.complain(env, shown, &scan.complaints);
        if watch {
            let scene = Scene { program: &self.program, table: &self.table };
            env.tracer.event(scene, &Event::Scanned(tokens));
        }
        scan.tokens.map(|tokens| self.intern(&tokens))
    }

    /// [`Machine::scan`] for plain text.
    fn scan_bytes(&mut self, text: &[u8], env: &mut Env<'_>) -> Option<Vec<Token>> {
        if env.tracer.wants(Category::Tokens) {
            return self.scan(&plain(text), text, env);
        }
        let program = Arc::clone(&self.program);
        let (tokens, ending) = self.tokenize(text, Mode::of_text(program.operators()));
        self.complain(env, text, &ending.complaints);
        tokens
    }

    fn name(&self, ruleset: usize) -> Vec<u8> {
        self.program.name(ruleset)
    }

    fn say(&self, env: &mut Env<'_>, parts: &[&[u8]]) {
        let scene = Scene { program: &self.program, table: &self.table };
        env.tracer.event(scene, &Event::Message(&parts.concat()));
    }

    /// What the tokenizer says of a text, the text in front.
    fn complain(&self, env: &mut Env<'_>, text: &[u8], complaints: &[crate::prescan::Complaint]) {
        for complaint in complaints {
            let message = complaint.to_string();
            let (codes, words) = split_codes(message.as_bytes());
            self.say(env, &[codes, &shorten(text), b"... ", words]);
        }
    }

    fn announce_entry(&mut self, env: &mut Env<'_>) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.announced = true;
        if env.tracer.wants_rulesets() {
            let event = Event::Enter { ruleset: frame.ruleset, workspace: &frame.workspace };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
    }

    fn announce_return(&mut self, env: &mut Env<'_>) {
        if let Some(frame) = self.frames.last().filter(|_| env.tracer.wants_rulesets()) {
            let event = Event::Leave { ruleset: frame.ruleset, workspace: &frame.workspace };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
    }
}

impl Frame {
    /// The first failure of a ruleset is its status, but a temporary one goes before all (observed).
    fn fail(&mut self, exit: Exit) {
        if self.exit == Exit::OK || exit == Exit::TEMPFAIL {
            self.exit = exit;
        }
    }

    fn new(ruleset: usize, workspace: Vec<Token>) -> Self {
        Self {
            ruleset,
            rule: 0,
            fired: 0,
            loops: 0,
            workspace,
            exit: Exit::OK,
            announced: false,
            phase: Phase::Match,
        }
    }
}
