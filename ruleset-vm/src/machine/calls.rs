//! `$>name` in a built right-hand side (RS-051..RS-054): the ruleset gets everything behind its
//! name, its result replaces that tail; several calls run right to left.

use cf_parser::text::Op;

use super::{Control, Env, Machine, Outcome, Phase};
use crate::limits::{MAX_ATOMS, MAX_CALLS};
use crate::program::{NoRuleset, unquote};
use crate::status::Exit;
use crate::token::{Token, meta};
use crate::trace::{Event, Scene};

/// The right-hand side and the calls still to be made.
#[derive(Debug)]
pub(super) struct Call {
    built: Vec<Token>,
    /// Index of each `$>` and the ruleset behind it; `None` until looked at.
    calls: Option<Vec<(usize, usize)>>,
    /// Where the running call's tail begins.
    running: Option<usize>,
    result: Option<Outcome>,
    /// How the calls of this right-hand side went.
    exit: Exit,
}

impl Call {
    pub(super) fn new(built: Vec<Token>) -> Self {
        Self { built, calls: None, running: None, result: None, exit: Exit::OK }
    }

    /// Takes the result of the ruleset that was entered.
    pub(super) fn returned(&mut self, outcome: Outcome) {
        self.result = Some(outcome);
    }
}

impl Machine {
    /// One round: take a result, or enter the next ruleset, or finish the rule.
    pub(super) fn calls(&mut self, env: &mut Env<'_>) -> Control {
        let Some(Phase::Calls(call)) = self.frames.last().map(|frame| &frame.phase) else {
            return Control::Continue;
        };
        if call.calls.is_none() {
            return self.collect_calls(env);
        }
        self.next_call(env)
    }

    fn collect_calls(&mut self, env: &mut Env<'_>) -> Control {
        let Some(Phase::Calls(call)) = self.frames.last().map(|frame| &frame.phase) else {
            return Control::Continue;
        };
        let mut calls = Vec::new();
        let mut built = call.built.clone();
        let mut at = 0;
        while at < built.len() {
            if built[at] != meta(Op::Call) {
                at += 1;
                continue;
            }
            if calls.len() + 1 >= MAX_CALLS {
                self.say(env, &[b"554 5.3.0 Too many subroutine calls (16 max)"]);
                return self.keep(built, Exit::CONFIG, env);
            }
            let name = built.get(at + 1).map_or(Vec::new(), |t| self.table.text(*t).to_vec());
            let name = unquote(&name);
            let number = match self.program.find(name) {
                Ok(number) => number,
                Err(error) => {
                    if error != NoRuleset::Unknown {
                        self.say(env, &[b"554 5.3.0 ", error.to_string().as_bytes()]);
                    }
                    self.say(env, &[b"554 5.3.5 Unknown ruleset ", name]);
                    return self.keep(built, Exit::CONFIG, env);
                }
            };
            if self.program.ruleset(number).is_none_or(|set| set.rules.is_empty()) {
                if env.tracer.wants_rules() {
                    let scene = Scene { program: &self.program, table: &self.table };
                    env.tracer.event(scene, &Event::Skipped { ruleset: number });
                }
                // What moves into this place is not looked at: a call right behind stays (observed).
                self.strays = true;
                built.drain(at..(at + 2).min(built.len()));
                at += 1;
                continue;
            }
            calls.push((at, number));
            at += 2;
        }
        if let Some(Phase::Calls(call)) = self.frames.last_mut().map(|frame| &mut frame.phase) {
            call.built = built;
            call.calls = Some(calls);
        }
        Control::Continue
    }

    /// The calls are not made: the workspace keeps their tokens and the rule is through (observed:
    /// it may fire again).
    fn keep(&mut self, built: Vec<Token>, exit: Exit, env: &mut Env<'_>) -> Control {
        self.strays = true;
        if let Some(frame) = self.frames.last_mut() {
            frame.fail(exit);
        }
        self.finish_rule(built, env)
    }

    fn next_call(&mut self, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        let Phase::Calls(call) = &mut frame.phase else { return Control::Continue };
        let mut returned = Vec::new();
        if let (Some(start), Some(outcome)) = (call.running.take(), call.result.take()) {
            if outcome.exit != Exit::OK {
                call.exit = outcome.exit;
            }
            call.built.truncate(start);
            call.built.extend_from_slice(&outcome.workspace);
            returned = outcome.workspace;
        }
        // After a permanent failure the calls to the left are not made (observed).
        let go_on = matches!(call.exit, Exit::OK | Exit::TEMPFAIL);
        if call.built.len() > MAX_ATOMS {
            // What came back has replaced the workspace already, as far as it fits (observed).
            frame.workspace = std::mem::take(&mut call.built);
            frame.workspace.truncate(MAX_ATOMS);
            self.strays = true;
            return self.too_long(env);
        }
        match call.calls.as_mut().and_then(Vec::pop).filter(|_| go_on) {
            Some((at, number)) => {
                call.running = Some(at);
                let tail = call.built.get(at + 2..).unwrap_or_default().to_vec();
                Control::Enter(number, tail)
            }
            None => {
                let built = std::mem::take(&mut call.built);
                let exit = call.exit;
                frame.fail(exit);
                self.strays |= !go_on;
                self.recycle(returned);
                self.finish_rule(built, env)
            }
        }
    }
}
