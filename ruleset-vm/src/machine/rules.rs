//! Rules: which one fires next, its right-hand side (RS-062, step 1), and what becomes of the workspace.

use std::sync::Arc;

use cf_parser::text::Op;
use cf_parser::{Name, Span};

use super::calls::Call;
use super::lookup::Lookup;
use super::{Control, Env, Frame, Machine, Phase, Subject};
use crate::filter::Offer;
use crate::limits::{MAX_ATOMS, MAX_LOOPS};
use crate::program::{After, Instr, Program, Rule, Ruleset, Steering};
use crate::status::Exit;
use crate::token::{Token, TokenTable, meta};
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
    /// Runs the rules of the top ruleset until one asks or calls, or the ruleset is through.
    pub(super) fn match_rules(&mut self, env: &mut Env<'_>) -> Control {
        let program = Arc::clone(&self.program);
        let watch = env.tracer.wants_rules();
        loop {
            let Some(frame) = self.frames.last_mut() else { return Control::Leave };
            let Some(ruleset) = program.ruleset(frame.ruleset) else { return Control::Leave };
            if frame.workspace.first() == Some(&meta(Op::Hash)) {
                return Control::Leave;
            }
            let found = if watch {
                self.watched_match(ruleset, &program, env)
            } else {
                self.next_match(ruleset, env)
            };
            let rule = match found {
                Ok(Some(rule)) => rule,
                Ok(None) => return Control::Leave,
                Err(looping) => return looping,
            };
            if let Some(control) = self.fire(ruleset, rule, watch, env) {
                return control;
            }
        }
    }

    /// The next rule that matches; its captures are filled in.
    fn next_match<'p>(
        &mut self,
        ruleset: &'p Ruleset,
        env: &mut Env<'_>,
    ) -> Result<Option<&'p Rule>, Control> {
        let Self { frames, table, matcher, captures, .. } = self;
        let Some(frame) = frames.last_mut() else { return Ok(None) };
        let offer = Offer::of(&frame.workspace);
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
            if matcher.run(code, subject(frame, table, env)) {
                captures.clear();
                captures.extend(matcher.captures());
                return Ok(Some(rule));
            }
            frame.rule += 1;
            frame.loops = 0;
        }
        Ok(None)
    }

    /// [`Machine::next_match`] with every rule told to the tracer.
    fn watched_match<'p>(
        &mut self,
        ruleset: &'p Ruleset,
        program: &Program,
        env: &mut Env<'_>,
    ) -> Result<Option<&'p Rule>, Control> {
        let Self { frames, table, matcher, captures, .. } = self;
        let Some(frame) = frames.last_mut() else { return Ok(None) };
        let scene = Scene { program, table };
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
            if matcher.run(code, compared) {
                captures.clear();
                captures.extend(matcher.captures());
                let event = Event::Match {
                    ruleset: set,
                    rule: index,
                    span: rule.span,
                    workspace: &frame.workspace,
                    captures,
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
    fn fire(
        &mut self,
        ruleset: &Ruleset,
        rule: &Rule,
        watch: bool,
        env: &mut Env<'_>,
    ) -> Option<Control> {
        let rhs = ruleset.code.get(rule.rhs.clone()).unwrap_or_default();
        let call = match self.build(rhs, watch, env) {
            Ok(call) => call,
            Err(Unbuilt::OutOfBounds(number)) => return Some(self.out_of_bounds(number, env)),
            Err(Unbuilt::TooLong) => return Some(self.too_long(env)),
            Err(Unbuilt::NoTokens) => return Some(Control::Abort(Exit::DATAERR)),
        };
        let frame = self.frames.last_mut()?;
        frame.fired = frame.rule;
        self.work += 1;
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
                Some(self.enter(target, at))
            }
            (Steering::Lookups, _) | (_, _) => {
                let built =
                    std::mem::replace(&mut self.built, self.spare.pop().unwrap_or_default());
                frame.phase = if rule.steering == Steering::Lookups || self.strays {
                    Phase::Lookups(Lookup::new(built))
                } else {
                    Phase::Calls(Call::new(built))
                };
                Some(Control::Continue)
            }
        }
    }

    /// Makes the only call of what was built, which stands at `at`.
    fn enter(&mut self, target: usize, at: usize) -> Control {
        let mut tail = self.spare.pop().unwrap_or_default();
        tail.extend_from_slice(self.built.get(at + 2..).unwrap_or_default());
        self.built.truncate(at);
        let head = std::mem::replace(&mut self.built, self.spare.pop().unwrap_or_default());
        if let Some(frame) = self.frames.last_mut() {
            frame.phase = Phase::Calls(Call::running(head));
        }
        Control::Enter(target, tail)
    }

    /// Puts together a right-hand side; tells where in it the last call stands.
    fn build(
        &mut self,
        rhs: &[Instr],
        watch: bool,
        env: &mut Env<'_>,
    ) -> Result<Option<usize>, Unbuilt> {
        let mut call = None;
        self.built.clear();
        for instr in rhs {
            match instr {
                Instr::Copy(number) => {
                    let capture = usize::from(*number).checked_sub(1);
                    let capture = capture.and_then(|n| self.captures.get(n));
                    let tokens = capture.and_then(|capture| {
                        self.frames.last()?.workspace.get(capture.start..capture.end)
                    });
                    let Some(tokens) = tokens else { return Err(Unbuilt::OutOfBounds(*number)) };
                    if watch {
                        let event = Event::Copied { number: *number, tokens };
                        let scene = Scene { program: &self.program, table: &self.table };
                        env.tracer.event(scene, &event);
                    }
                    self.built.extend_from_slice(tokens);
                }
                Instr::Deferred(name) => {
                    let tokens = self.deferred(name, env).ok_or(Unbuilt::NoTokens)?;
                    self.built.extend_from_slice(&tokens);
                    self.recycle(tokens);
                }
                Instr::Emit(token) | Instr::Literal(token) | Instr::Inert(token) => {
                    if *token == meta(Op::Call) {
                        call = Some(self.built.len());
                    }
                    self.built.push(*token);
                }
                _ => {}
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

    pub(super) fn too_long(&mut self, env: &mut Env<'_>) -> Control {
        self.say(env, &[b"554 5.3.0 rewrite: expansion too long"]);
        Control::Abort(Exit::DATAERR)
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
        let shown = crate::macros::bytes(value);
        let plain = value.iter().all(|piece| matches!(piece, cf_parser::Piece::Byte(_)));
        let tokens = if plain {
            self.scan_bytes(&shown, env)
        } else {
            let value = value.clone();
            self.scan(&value, &shown, env)
        };
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

/// What a rule is matched against.
fn subject<'a>(frame: &'a Frame, table: &'a TokenTable, env: &'a Env<'_>) -> Subject<'a> {
    Subject {
        workspace: &frame.workspace,
        table,
        classes: env.classes,
        macros: env.macros,
        blank: Some(env.blank),
    }
}
