//! Rules: which one fires next, its right-hand side (RS-062, step 1), and what becomes of the workspace.

use std::sync::Arc;

use cf_parser::text::Op;
use cf_parser::{Name, Span};

use super::calls::Call;
use super::chain::Chain;
use super::lookup::Lookup;
use super::replay::Played;
use super::{Control, Env, Machine, Phase, Subject};
use crate::limits::{MAX_ATOMS, MAX_LOOPS, work};
use crate::program::{After, Part, Program, Rule, Ruleset, Steering};
use crate::status::Exit;
use crate::token::{Token, meta};
use crate::trace::{Event, Scene};

/// Why a right-hand side cannot be built.
enum Unbuilt {
    /// It names a wildcard that the left-hand side does not have.
    OutOfBounds(u8),
    TooLong,
    /// A macro has text but no tokens (RS-144).
    NoTokens,
}

impl Machine {
    /// Runs the rules of the top ruleset, and of those it calls, until one asks a map or the ruleset
    /// is through.
    pub(super) fn match_rules(&mut self, env: &mut Env<'_>) -> Control {
        let program = Arc::clone(&self.program);
        let watch = env.tracer.wants_rules();
        // A recording may end where it began, as before a macro that has a value by now: the next rule is the
        // machine's, or it would be played for ever.
        let mut just_played = false;
        loop {
            let Some(frame) = self.frames.last() else { return Control::Leave };
            let Some(ruleset) = program.ruleset(frame.ruleset) else { return Control::Leave };
            // A ruleset without rules is passed together with those that follow it.
            let passes =
                frame.rule == 0 && self.frames.len() == 1 && self.chain != Chain::default();
            let has_more =
                frame.rule < ruleset.rules.len() || passes || self.is_resolved(self.chain);
            let may_replay = !watch && !self.strays && has_more && !just_played;
            just_played = false;
            let played = if may_replay { self.replay(env) } else { Played::Nothing };
            match (played, self.frames.last().map(|frame| &frame.phase)) {
                (Played::Nothing, _) => {}
                (Played::Asks, _) => return Control::Wait,
                (Played::Through(outcome), _) => return Control::Through(outcome),
                (Played::All, Some(Phase::Match)) => {
                    just_played = true;
                    continue;
                }
                (Played::All, _) => return Control::Continue,
            }
            let Some(frame) = self.frames.last() else { return Control::Leave };
            let is_through = frame.rule >= ruleset.rules.len();
            let found = if is_through || frame.workspace.first() == Some(&meta(Op::Hash)) {
                None
            } else if watch {
                match self.watched_match(ruleset, &program, env) {
                    Ok(found) => found,
                    Err(control) => return control,
                }
            } else {
                match self.next_match(ruleset, env) {
                    Ok(found) => found,
                    Err(control) => return control,
                }
            };
            let next = match found {
                Some(rule) => self.fire(rule, watch, env),
                None => self.come_back(watch, env),
            };
            if let Some(control) = next {
                return control;
            }
        }
    }

    /// Whether nothing is left to be done but to make use of a triple, which a recording knows more of. The
    /// ruleset is followed by `chain`.
    pub(super) fn is_resolved(&self, chain: Chain) -> bool {
        let [outermost] = &self.frames[..] else { return false };
        chain == Chain::default() && outermost.workspace.first() == Some(&meta(Op::Hash))
    }

    /// The next rule that matches; what its wildcards took is in the matcher.
    #[inline]
    fn next_match<'p>(
        &mut self,
        ruleset: &'p Ruleset,
        env: &mut Env<'_>,
    ) -> Result<Option<&'p Rule>, Control> {
        let Self { frames, table, matcher, .. } = self;
        let Some(frame) = frames.last_mut() else { return Ok(None) };
        let subject = Subject {
            workspace: &frame.workspace,
            table,
            classes: env.classes,
            macros: env.macros,
            blank: Some(env.blank),
        };
        let offer = matcher.look_at(&frame.workspace);
        while frame.rule < ruleset.rules.len() {
            if frame.loops >= MAX_LOOPS {
                return Err(self.looping(env));
            }
            frame.loops += 1;
            let next = ruleset.filter.next(frame.rule, &offer, &frame.workspace);
            if next != frame.rule {
                frame.rule = next;
                frame.loops = 1;
            }
            let Some(rule) = ruleset.rules.get(frame.rule) else { break };
            let code = ruleset.code.get(rule.lhs.clone()).unwrap_or_default();
            if matcher.run(code, rule.glob.as_ref(), subject) {
                return Ok(Some(rule));
            }
            frame.rule += 1;
            frame.loops = 0;
        }
        Ok(None)
    }

    /// Leaves the top ruleset if it was called by a right-hand side that waits for nothing else: its
    /// result completes that. Otherwise says what is to be done.
    fn come_back(&mut self, watch: bool, env: &mut Env<'_>) -> Option<Control> {
        let [.., below, _] = &self.frames[..] else { return Some(Control::Leave) };
        if !matches!(below.phase, Phase::Only(_)) {
            return Some(Control::Leave);
        }
        self.announce_return(env);
        let frame = self.frames.pop()?;
        self.complete(frame.workspace, frame.exit, watch, env).map(Control::Abort)
    }

    /// The only call of the top frame's right-hand side has come back: its result becomes the workspace.
    /// If that is too long the frame fails with the status returned.
    pub(super) fn complete(
        &mut self,
        mut result: Vec<Token>,
        exit: Exit,
        watch: bool,
        env: &mut Env<'_>,
    ) -> Option<Exit> {
        let frame = self.frames.last_mut()?;
        let Phase::Only(mut head) = std::mem::replace(&mut frame.phase, Phase::Match) else {
            return Some(Exit::SOFTWARE);
        };
        if head.is_empty() {
            std::mem::swap(&mut frame.workspace, &mut result);
        } else {
            head.extend_from_slice(&result);
            std::mem::swap(&mut frame.workspace, &mut head);
        }
        if frame.workspace.len() > MAX_ATOMS {
            // What came back has replaced the workspace already, as far as it fits (observed).
            frame.workspace.truncate(MAX_ATOMS);
            self.say_too_long(env);
            return Some(Exit::DATAERR);
        }
        if exit != Exit::OK {
            frame.fail(exit);
        }
        self.recycle(head);
        self.recycle(result);
        if watch {
            self.announce_rewriting(env);
        }
        None
    }

    /// [`Machine::next_match`] with every rule told to the tracer.
    fn watched_match<'p>(
        &mut self,
        ruleset: &'p Ruleset,
        program: &Program,
        env: &mut Env<'_>,
    ) -> Result<Option<&'p Rule>, Control> {
        let Self { frames, table, matcher, .. } = self;
        let Some(frame) = frames.last_mut() else { return Ok(None) };
        let scene = Scene { program, table };
        matcher.look_at(&frame.workspace);
        while let Some(rule) = ruleset.rules.get(frame.rule) {
            let (set, index) = (frame.ruleset, frame.rule);
            let compared = Subject {
                workspace: &frame.workspace,
                table,
                classes: env.classes,
                macros: env.macros,
                blank: Some(env.blank),
            };
            env.tracer.event(scene, &Event::Try { ruleset: set, rule: index, subject: compared });
            frame.loops += 1;
            if frame.loops > MAX_LOOPS {
                return Err(self.looping(env));
            }
            let code = ruleset.code.get(rule.lhs.clone()).unwrap_or_default();
            if matcher.run(code, rule.glob.as_ref(), compared) {
                let event = Event::Match {
                    ruleset: set,
                    rule: index,
                    span: rule.span,
                    workspace: &frame.workspace,
                    captures: matcher.captures(),
                };
                env.tracer.event(scene, &event);
                return Ok(Some(rule));
            }
            env.tracer.event(scene, &Event::Fail { ruleset: set, rule: index });
            frame.rule += 1;
            frame.loops = 0;
        }
        Ok(None)
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

    /// Builds the right-hand side of the rule that matches. `None` if that is the new workspace and
    /// the ruleset goes on.
    fn fire(&mut self, rule: &Rule, watch: bool, env: &mut Env<'_>) -> Option<Control> {
        let call = match self.build(&rule.parts, watch, env) {
            Ok(call) => call,
            Err(Unbuilt::OutOfBounds(number)) => return Some(self.out_of_bounds(number, env)),
            Err(Unbuilt::TooLong) => return Some(self.too_long(env)),
            Err(Unbuilt::NoTokens) => return Some(self.no_tokens()),
        };
        let frame = self.frames.last_mut()?;
        frame.fired = frame.rule;
        self.work += work(self.built.len());
        match rule.after {
            After::Repeat => {}
            After::Next => {
                frame.rule += 1;
                frame.loops = 0;
            }
            After::Return => frame.rule = usize::MAX,
        }
        match (rule.steering, call) {
            (Steering::None, _) if !self.strays => {
                std::mem::swap(&mut frame.workspace, &mut self.built);
                if watch {
                    self.announce_rewriting(env);
                }
                None
            }
            (Steering::Call { target: Some(target) }, Some(at)) if !self.strays => {
                self.enter(target, at, env)
            }
            (Steering::Skip { target }, Some(at)) if !self.strays => {
                if watch {
                    let scene = Scene { program: &self.program, table: &self.table };
                    env.tracer.event(scene, &Event::Skipped { ruleset: target });
                }
                self.built.drain(at..(at + 2).min(self.built.len()));
                std::mem::swap(&mut frame.workspace, &mut self.built);
                if watch {
                    self.announce_rewriting(env);
                }
                None
            }
            _ => {
                let built =
                    std::mem::replace(&mut self.built, self.spare.pop().unwrap_or_default());
                frame.phase = if rule.steering == Steering::Lookups || self.strays {
                    Phase::Lookups(Box::new(Lookup::new(built)))
                } else {
                    Phase::Calls(Box::new(Call::new(built)))
                };
                Some(Control::Continue)
            }
        }
    }

    /// Makes the only call of what was built, which stands at `at`.
    fn enter(&mut self, target: usize, at: usize, env: &mut Env<'_>) -> Option<Control> {
        let mut head = Vec::new();
        if at > 0 {
            head = self.fresh();
            head.extend_from_slice(self.built.get(..at).unwrap_or_default());
        }
        self.built.drain(..(at + 2).min(self.built.len()));
        let tail = std::mem::replace(&mut self.built, self.spare.pop().unwrap_or_default());
        if let Some(frame) = self.frames.last_mut() {
            frame.phase = Phase::Only(head);
        }
        self.enter_ruleset(target, tail, env)
    }

    /// Puts together a right-hand side; tells where in it the last call stands.
    fn build(
        &mut self,
        rhs: &[Part],
        watch: bool,
        env: &mut Env<'_>,
    ) -> Result<Option<usize>, Unbuilt> {
        let mut call = None;
        self.built.clear();
        for part in rhs {
            let Self { built, frames, matcher, .. } = self;
            match part {
                Part::Copy(number) => {
                    let capture = matcher.captures().get(usize::from(*number).wrapping_sub(1));
                    let workspace = frames.last().map(|frame| &frame.workspace[..]);
                    let (Some(capture), Some(workspace)) = (capture, workspace) else {
                        return Err(Unbuilt::OutOfBounds(*number));
                    };
                    let tokens = workspace.get(capture.start..capture.end).unwrap_or_default();
                    if watch {
                        let event = Event::Copied { number: *number, tokens };
                        let scene = Scene { program: &self.program, table: &self.table };
                        env.tracer.event(scene, &event);
                    }
                    built.extend(tokens.iter().copied());
                }
                Part::Tokens(tokens) => built.extend(tokens.iter().copied()),
                Part::Call => {
                    call = Some(built.len());
                    built.push(meta(Op::Call));
                }
                Part::Deferred(name) => {
                    let tokens = self.deferred(name, env).ok_or(Unbuilt::NoTokens)?;
                    self.built.extend_from_slice(&tokens);
                    self.recycle(tokens);
                }
            }
            if self.built.len() > MAX_ATOMS {
                return Err(Unbuilt::TooLong);
            }
        }
        Ok(call)
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

    /// Text in which there is no token ends the ruleset. The outermost leaves nothing in the workspace,
    /// one that was called leaves it as it is (observed).
    pub(super) fn no_tokens(&mut self) -> Control {
        if let [outermost] = &mut self.frames[..] {
            outermost.workspace.clear();
        }
        Control::Abort(Exit::DATAERR)
    }

    pub(super) fn too_long(&mut self, env: &mut Env<'_>) -> Control {
        self.say_too_long(env);
        Control::Abort(Exit::DATAERR)
    }

    fn say_too_long(&self, env: &mut Env<'_>) {
        self.say(env, &[b"554 5.3.0 rewrite: expansion too long"]);
    }

    /// The value of a macro as tokens (RS-061); `None` if it has text but no tokens (RS-144).
    fn deferred(&mut self, name: &Name, env: &mut Env<'_>) -> Option<Vec<Token>> {
        let value = env.macros.get(name);
        if env.tracer.wants_rules() {
            let text = value.map(|value| crate::macros::bytes(value));
            let event = Event::Macro { name: name.as_bytes(), value: text.as_deref() };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Some(Vec::new());
        };
        let held = crate::macros::held(value);
        let tokens = self.scan_bytes(&held, env);
        let tokens = tokens.filter(|tokens| !tokens.is_empty())?;
        if env.tracer.wants_rules() {
            let scene = Scene { program: &self.program, table: &self.table };
            env.tracer.event(scene, &Event::MacroTokens(&tokens));
        }
        Some(tokens)
    }

    /// The right-hand side is complete: it becomes the workspace.
    pub(super) fn finish_rule(&mut self, built: Vec<Token>, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        let old = std::mem::replace(&mut frame.workspace, built);
        frame.phase = Phase::Match;
        self.recycle(old);
        if env.tracer.wants_rules() {
            self.announce_rewriting(env);
        }
        Control::Continue
    }

    fn announce_rewriting(&self, env: &mut Env<'_>) {
        let Some(frame) = self.frames.last() else { return };
        let ruleset = self.program.ruleset(frame.ruleset);
        let rule = ruleset.and_then(|set| set.rules.get(frame.fired));
        let event = Event::Rewritten {
            ruleset: frame.ruleset,
            rule: frame.fired,
            span: rule.map_or_else(Span::default, |rule| rule.span),
            workspace: &frame.workspace,
        };
        env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
    }
}
