//! The machine: runs a ruleset over a workspace, one step at a time.
//!
//! [`Machine::step`] returns a result or a [`Step::Lookup`], which the caller answers with
//! [`Machine::answer`] before stepping on. Nothing in here waits.

mod calls;
mod lookup;
mod matcher;
pub mod stepwise;

use std::sync::Arc;

use cf_parser::Piece;
use cf_parser::debug::Category;
use cf_parser::text::Op;

use crate::classes::Classes;
use crate::compile::signature_bit;
use crate::limits::{MAX_ATOMS, MAX_LOOPS, MAX_RECURSION, MAX_WORK};
use crate::macros::Macros;
use crate::prescan::{Mode, Scanned, prescan_text};
use crate::program::{After, Instr, Program, Rule};
use crate::status::{Exit, split_codes};
use crate::token::{Kind, Token, TokenTable, meta};
use crate::trace::{Event, Scene, Tracer};
use crate::validity::shorten;

use calls::Call;
use lookup::Lookup;
use matcher::Matcher;
pub use matcher::{Capture, Subject};

/// How a map wants its key made (MAP-019, MAP-020).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyStyle {
    /// `-q`: quotes stay in the key.
    pub keep_quotes: bool,
    /// `-S`: between two atoms; else the blank substitute.
    pub blank: Option<u8>,
}

/// What a run reads from outside, lent for one step.
pub struct Env<'a> {
    /// Macros for `$&`.
    pub macros: &'a Macros,
    /// Classes, indexed.
    pub classes: &'a Classes,
    /// How a map's key is made; `None` if there is no such map.
    pub key_style: &'a dyn Fn(&[u8]) -> Option<KeyStyle>,
    /// Option `BlankSub`.
    pub blank: u8,
    /// Who watches.
    pub tracer: &'a mut dyn Tracer,
}

/// A question to a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The map's name.
    pub map: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
    /// `%1` and following.
    pub args: Vec<Vec<u8>>,
}

/// A map's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The value that replaces the construct.
    Found(Vec<u8>),
    /// No entry: default or key.
    NotFound,
    /// Not now: as not found, and the ruleset ends with this status.
    Failed(Exit),
    /// Not now, with a value in its place (RS-068); the ruleset ends with this status.
    Substitute(Vec<u8>, Exit),
}

/// What a step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this map, call [`Machine::answer`], step on.
    Lookup(Request),
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
    Lookups(Lookup),
    /// Run the calls of a built right-hand side, right to left.
    Calls(Call),
}

/// What a phase does to the frames.
enum Control {
    /// Go on with the top frame.
    Continue,
    /// Wait for a map.
    Wait(Request),
    /// Enter a ruleset.
    Enter(usize, Vec<Token>),
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
    captures: Vec<Capture>,
    answer: Option<Answer>,
    /// Rulesets entered and rules applied since the start.
    work: usize,
}

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
            captures: Vec::new(),
            answer: None,
            work: 0,
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

    /// Matching steps since the machine was made: what linearity tests count.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.matcher.steps
    }

    /// Forgets the texts of earlier addresses.
    pub fn reset(&mut self) {
        self.frames.clear();
        self.table.reset();
        self.answer = None;
    }

    /// Turns what the tokenizer found into tokens of this machine.
    pub fn intern(&mut self, scanned: &[Scanned]) -> Vec<Token> {
        let table = &mut self.table;
        let mut out = Vec::with_capacity(scanned.len());
        for token in scanned {
            out.push(match token {
                Scanned::Word(kind, text) => table.add(*kind, text),
                Scanned::Piece(cf_parser::Piece::Op(op)) => meta(*op),
                Scanned::Piece(piece) => {
                    table.add(Kind::Atom, &cf_parser::text::write(std::slice::from_ref(piece)))
                }
            });
        }
        out
    }

    /// One text as a token of this machine.
    pub fn intern_word(&mut self, kind: Kind, text: &[u8]) -> Token {
        self.table.add(kind, text)
    }

    /// Begins a ruleset; its first step says that it is entered.
    pub fn start(&mut self, ruleset: usize, workspace: Vec<Token>) {
        self.frames.clear();
        self.answer = None;
        self.work = 0;
        self.frames.push(Frame::new(ruleset, workspace));
    }

    /// Answers the lookup the last step asked for.
    pub fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// Runs until a map is to be asked or the ruleset has ended.
    pub fn step(&mut self, env: &mut Env<'_>) -> Step {
        if self.frames.last().is_some_and(|frame| !frame.announced) {
            self.announce_entry(env);
        }
        loop {
            let control = match self.frames.last().map(|frame| &frame.phase) {
                None => {
                    let outcome = Outcome { workspace: Vec::new(), exit: Exit::SOFTWARE };
                    return Step::Done(outcome);
                }
                Some(Phase::Match) => self.match_rules(env),
                Some(Phase::Lookups(_)) => self.lookups(env),
                Some(Phase::Calls(_)) => self.calls(env),
            };
            match control {
                Control::Continue => {}
                Control::Wait(request) => return Step::Lookup(request),
                Control::Enter(..) if self.work > MAX_WORK => return Step::Done(self.give_up(env)),
                Control::Enter(ruleset, workspace) => {
                    self.work += 1;
                    self.frames.push(Frame::new(ruleset, workspace));
                    self.announce_entry(env);
                    if self.frames.len() > MAX_RECURSION + 1 {
                        let name = self.name(ruleset);
                        self.say(env, &[b"rewrite: excessive recursion (max 50), ruleset ", &name]);
                        if let Some(outcome) = self.leave(Exit::CONFIG) {
                            return Step::Done(outcome);
                        }
                    }
                }
                Control::Leave => {
                    self.announce_return(env);
                    let exit = self.frames.last().map_or(Exit::SOFTWARE, |frame| frame.exit);
                    if let Some(outcome) = self.leave(exit) {
                        return Step::Done(outcome);
                    }
                }
                Control::Abort(exit) => {
                    if let Some(outcome) = self.leave(exit) {
                        return Step::Done(outcome);
                    }
                }
            }
        }
    }

    /// The address has cost too much: the workspace of the outermost ruleset stands.
    fn give_up(&mut self, env: &mut Env<'_>) -> Outcome {
        let ruleset = self.frames.last().map_or(0, |frame| frame.ruleset);
        let name = self.name(ruleset);
        self.say(env, &[b"554 5.3.5 Rulesets call each other without end, ruleset ", &name]);
        self.frames.truncate(1);
        let workspace = self.frames.pop().map_or_else(Vec::new, |frame| frame.workspace);
        Outcome { workspace, exit: Exit::CONFIG }
    }

    /// Drops the top frame; hands its result to the call below or, at the bottom, out.
    fn leave(&mut self, exit: Exit) -> Option<Outcome> {
        let frame = self.frames.pop()?;
        let outcome = Outcome { workspace: frame.workspace, exit };
        match self.frames.last_mut().map(|below| &mut below.phase) {
            Some(Phase::Calls(call)) => {
                call.returned(outcome);
                None
            }
            _ => Some(outcome),
        }
    }

    /// Finds the next rule that matches and builds its right-hand side.
    fn match_rules(&mut self, env: &mut Env<'_>) -> Control {
        let program = self.program.clone();
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        let Some(ruleset) = program.ruleset(frame.ruleset) else { return Control::Leave };
        if frame.workspace.first() == Some(&meta(Op::Hash)) {
            return Control::Leave;
        }
        let signature = signature(&self.table, &frame.workspace);
        while let Some(rule) = ruleset.rules.get(frame.rule) {
            frame.loops += 1;
            let scene = Scene { program: &program, table: &self.table };
            let (set, index) = (frame.ruleset, frame.rule);
            let watch = env.tracer.wants_rules();
            let subject = Subject {
                workspace: &frame.workspace,
                table: &self.table,
                classes: env.classes,
                macros: env.macros,
                blank: Some(env.blank),
            };
            if watch {
                env.tracer.event(scene, &Event::Try { ruleset: set, rule: index, subject });
            }
            if frame.loops > MAX_LOOPS {
                return self.looping(env);
            }
            if may_match(rule, signature, frame.workspace.len())
                && self.matcher.run(&ruleset.code[rule.lhs.clone()], subject)
            {
                self.captures.clear();
                self.captures.extend(self.matcher.captures());
                if watch {
                    let event = Event::Match {
                        ruleset: set,
                        rule: index,
                        span: rule.span,
                        workspace: &frame.workspace,
                        captures: &self.captures,
                    };
                    env.tracer.event(scene, &event);
                }
                return self.fire(&ruleset.code[rule.rhs.clone()], rule.after, env);
            }
            if watch {
                env.tracer.event(scene, &Event::Fail { ruleset: set, rule: index });
            }
            frame.rule += 1;
            frame.loops = 0;
        }
        Control::Leave
    }

    fn looping(&mut self, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last() else { return Control::Leave };
        let rule = (frame.rule + 1).to_string();
        let name = self.name(frame.ruleset);
        self.say(
            env,
            &[b"554 5.3.5 Infinite loop in ruleset ", &name, b", rule ", rule.as_bytes()],
        );
        if env.tracer.wants_rules()
            && let Some(frame) = self.frames.last()
        {
            let event = Event::Looping { workspace: &frame.workspace };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        Control::Leave
    }

    /// Builds the right-hand side (RS-062, step 1) and moves on to its lookups and calls.
    fn fire(&mut self, rhs: &[Instr], after: After, env: &mut Env<'_>) -> Control {
        let mut built = Vec::with_capacity(rhs.len());
        for instr in rhs {
            match instr {
                Instr::Copy(number) => {
                    let capture = usize::from(*number).checked_sub(1);
                    let Some(capture) = capture.and_then(|n| self.captures.get(n)) else {
                        return self.out_of_bounds(*number, env);
                    };
                    let Some(frame) = self.frames.last() else { return Control::Leave };
                    let tokens = &frame.workspace[capture.start..capture.end];
                    if env.tracer.wants_rules() {
                        let event = Event::Copied { number: *number, tokens };
                        let scene = Scene { program: &self.program, table: &self.table };
                        env.tracer.event(scene, &event);
                    }
                    built.extend_from_slice(tokens);
                }
                Instr::Deferred(name) => match self.deferred(name.as_bytes(), env) {
                    Some(tokens) => built.extend(tokens),
                    None => return Control::Abort(Exit::DATAERR),
                },
                Instr::Emit(token) | Instr::Literal(token) | Instr::Inert(token) => {
                    built.push(*token);
                }
                _ => {}
            }
            if built.len() > MAX_ATOMS {
                return self.too_long(env);
            }
        }
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        frame.fired = frame.rule;
        self.work += 1;
        match after {
            After::Repeat => {}
            After::Next => {
                frame.rule += 1;
                frame.loops = 0;
            }
            After::Return => frame.rule = usize::MAX,
        }
        frame.phase = Phase::Lookups(Lookup::new(built));
        Control::Continue
    }

    fn out_of_bounds(&mut self, number: u8, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last() else { return Control::Leave };
        let name = self.name(frame.ruleset);
        let digit = [b'0' + number];
        self.say(
            env,
            &[b"554 5.3.0 rewrite: ruleset ", &name, b": replacement $", &digit, b" out of bounds"],
        );
        Control::Abort(Exit::CONFIG)
    }

    fn too_long(&mut self, env: &mut Env<'_>) -> Control {
        self.say(env, &[b"554 5.3.0 rewrite: expansion too long"]);
        Control::Abort(Exit::DATAERR)
    }

    /// The value of a macro as tokens (RS-061); `None` if it has text but no tokens (RS-144).
    fn deferred(&mut self, name: &[u8], env: &mut Env<'_>) -> Option<Vec<Token>> {
        let value = env.macros.get(&cf_parser::Name::new(name)).cloned();
        let text = value.as_ref().map(|value| crate::macros::bytes(value));
        if env.tracer.wants_rules() {
            let event = Event::Macro { name, value: text.as_deref() };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        let value = value.filter(|value| !value.is_empty()).unwrap_or_default();
        if value.is_empty() {
            return Some(Vec::new());
        }
        let shown = crate::macros::bytes(&value);
        let tokens = self.scan(&value, &shown, env).filter(|tokens| !tokens.is_empty())?;
        if env.tracer.wants_rules() {
            let scene = Scene { program: &self.program, table: &self.table };
            env.tracer.event(scene, &Event::MacroTokens(&tokens));
        }
        Some(tokens)
    }

    /// Tokens of a value that comes into a right-hand side (RS-056): comments are removed. `shown`
    /// is what complaints call it.
    fn scan(&mut self, text: &[Piece], shown: &[u8], env: &mut Env<'_>) -> Option<Vec<Token>> {
        let mode = Mode {
            operators: self.program.operators(),
            delimiter: None,
            comments: true,
            ignore: false,
        };
        let scan = prescan_text(text, mode);
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

    /// The right-hand side is complete: it becomes the workspace.
    fn finish_rule(&mut self, built: Vec<Token>, env: &mut Env<'_>) -> Control {
        let program = self.program.clone();
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        frame.workspace = built;
        frame.phase = Phase::Match;
        if env.tracer.wants_rules() {
            let span = program
                .ruleset(frame.ruleset)
                .and_then(|set| set.rules.get(frame.fired))
                .map_or_else(cf_parser::Span::default, |rule| rule.span);
            let event = Event::Rewritten {
                ruleset: frame.ruleset,
                rule: frame.fired,
                span,
                workspace: &frame.workspace,
            };
            env.tracer.event(Scene { program: &program, table: &self.table }, &event);
        }
        Control::Continue
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
        if let Some(frame) = self.frames.last_mut() {
            frame.announced = true;
            let event = Event::Enter { ruleset: frame.ruleset, workspace: &frame.workspace };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
    }

    fn announce_return(&mut self, env: &mut Env<'_>) {
        if let Some(frame) = self.frames.last() {
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

/// Bits of the literals in a workspace.
fn signature(table: &TokenTable, workspace: &[Token]) -> u64 {
    workspace.iter().fold(0, |bits, token| bits | signature_bit(table.symbol(*token)))
}

/// Whether a rule could match, by what it needs and how many tokens there are.
fn may_match(rule: &Rule, signature: u64, tokens: usize) -> bool {
    rule.needs & !signature == 0
        && tokens >= rule.min_tokens
        && (!rule.fixed || tokens == rule.min_tokens)
}
