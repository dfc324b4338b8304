//! Records what rules do to a workspace, as far as that depends on nothing but what they compare
//! ([`super::replay`] says what for).

use std::ops::Range;

use cf_parser::text::Op;

use super::chain::Chain;
use super::lookup::{cut, next_lookup};
use super::matcher::Subject;
use super::recording::{Ask, End, On, Passage, Places, Recording, Spans, Stop};
use super::replay::{MAX_TOKENS, Playing};
use super::{Env, Machine};
use crate::limits::{MAX_LOOPS, MAX_RECURSION, work};
use crate::program::{After, Part, Rule, Steering};
use crate::token::{Token, TokenTable, meta};

/// Places that one recording may have.
const MAX_PLACES: usize = 4096;
/// [`work`] of one recording: rulesets can call each other without end.
pub(super) const MAX_RECORDED: usize = 512;
/// Questions to maps and macros in one recording.
const MAX_STOPS: usize = 64;

/// A token and where it comes from.
type Placed = (Token, u16);

struct Frame {
    ruleset: usize,
    rule: usize,
    loops: usize,
    workspace: Vec<Placed>,
    /// In front of the call that the next frame is.
    head: Vec<Placed>,
    /// A right-hand side for which maps are to be asked, and how much of it is settled.
    asking: Option<(Vec<Placed>, usize)>,
}

impl Frame {
    fn new(ruleset: usize, workspace: Vec<Placed>) -> Self {
        Self { ruleset, rule: 0, loops: 0, workspace, head: Vec::new(), asking: None }
    }
}

/// Where recording goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// With the next rule.
    Step,
    /// Nowhere: the machine goes on from here.
    End,
    /// Nowhere: the machine goes on from the last stop.
    Stopped,
}

/// Records from the machine's top frame on; `chain` follows it.
pub(super) fn record(machine: &mut Machine, chain: Chain, env: &Env<'_>) -> Recording {
    let Some(top) = machine.frames.last() else { return Recording::default() };
    let workspace = top.workspace.iter().copied().zip(0..).collect();
    let mut frame = Frame::new(top.ruleset, workspace);
    (frame.rule, frame.loops) = (top.rule, top.loops);
    let first = top.workspace.clone();
    let recorder = Recorder::new(machine.recordings.key().to_vec(), first, vec![frame], chain);
    // What a triple becomes, or its user, matters even if no rule does anything.
    let counts = machine.frames.len() == 1
        && (machine.recordings.source.is_some() || machine.is_resolved(chain));
    recorder.record(machine, Next::Step, counts, env)
}

/// Records from the stop on whose map has answered these tokens.
pub(super) fn record_answered(
    machine: &mut Machine,
    at: Playing,
    answer: &[Token],
    env: &Env<'_>,
) -> Option<Recording> {
    let (recording, stop, ends) = machine.recordings.stop_of(at)?;
    let On::Map(ask) = &stop.on else { return None };
    let base = &machine.recordings.base.tokens;
    let first = [base.get(..recording.base)?, answer].concat();
    let key = machine.recordings.key().to_vec();
    let mut recorder = Recorder::new(key, first, Vec::new(), stop.chain);
    for end in ends {
        let frame = recorder.frame_of(recording, end, base);
        recorder.frames.push(frame);
    }
    let (built, settled) = recorder.frames.last_mut()?.asking.as_mut()?;
    *settled = ask.pending.start + answer.len();
    let answer = answer.iter().copied().zip(recording.base as u16..);
    built.splice(ask.pending.start..ask.pending.end, answer);
    recorder.recording.depth = recorder.frames.len();
    let next = recorder.look_up(machine, env);
    Some(recorder.record(machine, next, true, env))
}

struct Recorder {
    recording: Recording,
    frames: Vec<Frame>,
    /// The first workspace: own tokens stand behind it.
    first: Vec<Token>,
    /// There is no room for more.
    full: bool,
    /// [`work`] so far, in the ruleset of the chain that runs and before it.
    work: usize,
    done: usize,
    /// The first of these and what followed at the last stop.
    noted: usize,
    noted_chain: Chain,
    /// Rulesets that follow the outermost one.
    chain: Chain,
}

impl Recorder {
    /// Of frames whose tokens stand in a first workspace.
    fn new(key: Vec<u32>, first: Vec<Token>, frames: Vec<Frame>, chain: Chain) -> Self {
        Self {
            recording: Recording { key, base: first.len(), ..Recording::default() },
            frames,
            first,
            full: false,
            work: 0,
            done: 0,
            noted: 0,
            noted_chain: chain,
            chain,
        }
    }

    /// Goes on as long as possible. `counts` says whether it is worth while to come to the end of
    /// everything without work; without any of the two the machine is to run this itself.
    fn record(
        mut self,
        machine: &mut Machine,
        mut next: Next,
        counts: bool,
        env: &Env<'_>,
    ) -> Recording {
        while next == Next::Step {
            next = self.step(machine, env);
        }
        if next == Next::End {
            self.stop(On::Nothing);
        }
        if self.work + self.done == 0 && !(counts && self.is_through()) {
            self.recording.stops.clear();
        }
        self.recording
    }

    /// A frame in which another recording has stopped; `tokens` are its base with its own tokens.
    fn frame_of(&mut self, recording: &Recording, end: &End, tokens: &[Token]) -> Frame {
        let mut row = |places: &Places| {
            let places = recording.places.get(places.clone()).unwrap_or_default();
            let token = |at: &u16| tokens.get(usize::from(*at)).map(|token| (*at, *token));
            let placed = places.iter().filter_map(token).map(|(at, token)| {
                if usize::from(at) < recording.base { (token, at) } else { self.own(token) }
            });
            placed.collect::<Vec<_>>()
        };
        let mut frame = Frame::new(end.ruleset, row(&end.workspace));
        (frame.rule, frame.loops) = (end.rule, end.loops);
        frame.head = end.head.as_ref().map_or_else(Vec::new, &mut row);
        frame.asking = end.asking.as_ref().map(|(places, settled)| (row(places), *settled));
        frame
    }

    /// A token that is put in.
    fn own(&mut self, token: Token) -> Placed {
        let own = &mut self.recording.own;
        let known = own.iter().position(|other| *other == token);
        let index = known.unwrap_or(own.len());
        if known.is_none() {
            own.push(token);
        }
        (token, (self.first.len() + index) as u16)
    }

    /// One rule, or one ruleset left.
    fn step(&mut self, machine: &mut Machine, env: &Env<'_>) -> Next {
        let program = machine.program.clone();
        let Some(frame) = self.frames.last_mut() else { return Next::End };
        let workspace: Vec<Token> = frame.workspace.iter().map(|(token, _)| *token).collect();
        let Some(ruleset) = program.ruleset(frame.ruleset) else { return Next::End };
        if workspace.first() == Some(&meta(Op::Hash)) {
            return self.leave();
        }
        let offer = machine.matcher.look_at(&workspace);
        let subject = Subject {
            workspace: &workspace,
            table: &machine.table,
            classes: env.classes,
            macros: env.macros,
            blank: Some(env.blank),
        };
        loop {
            if frame.loops + 1 >= MAX_LOOPS {
                return Next::End;
            }
            let next = ruleset.filter.next(frame.rule, &offer, &workspace);
            if next != frame.rule {
                (frame.rule, frame.loops) = (next, 0);
            }
            let Some(rule) = ruleset.rules.get(frame.rule) else { return self.leave() };
            let code = ruleset.code.get(rule.lhs.clone()).unwrap_or_default();
            machine.matcher.opaque = false;
            let matched = machine.matcher.run(code, rule.glob.as_ref(), subject);
            if machine.matcher.opaque {
                return Next::End;
            }
            if matched {
                let loops = frame.loops + 1;
                return self.fire(machine, rule, loops, env);
            }
            (frame.rule, frame.loops) = (frame.rule + 1, 0);
        }
    }

    /// Applies the rule that matches, unless more is needed for that than its parts and maps.
    fn fire(&mut self, machine: &Machine, rule: &Rule, loops: usize, env: &Env<'_>) -> Next {
        for part in &rule.parts {
            let Part::Deferred(name) = part else { continue };
            let is_set = env.macros.get(name).is_some_and(|value| !value.is_empty());
            if is_set || self.recording.stops.len() >= MAX_STOPS {
                return Next::End;
            }
            self.stop(On::Unset(name.clone()));
        }
        let Some((mut built, call)) = self.build(machine, rule) else { return Next::End };
        let cost = work(built.len());
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return Next::End };
        let target = match (rule.steering, call) {
            (Steering::None | Steering::Lookups, _) => None,
            (Steering::Skip { .. }, Some(at)) => {
                built.drain(at..(at + 2).min(built.len()));
                None
            }
            (Steering::Call { target: Some(target) }, Some(at)) if depth < MAX_RECURSION => {
                Some((target, at))
            }
            _ => return Next::End,
        };
        if built.len() > MAX_TOKENS || self.full || self.work + self.done >= MAX_RECORDED {
            return Next::End;
        }
        (frame.rule, frame.loops) = match rule.after {
            After::Repeat => (frame.rule, loops),
            After::Next => (frame.rule + 1, 0),
            After::Return => (usize::MAX, loops),
        };
        self.work += cost;
        if rule.steering == Steering::Lookups {
            frame.asking = Some((built, 0));
            return self.look_up(machine, env);
        }
        match target {
            Some((target, at)) => self.enter(built, at, target),
            None => frame.workspace = built,
        }
        Next::Step
    }

    /// Makes the only call of what was built, which stands at `at`.
    fn enter(&mut self, mut built: Vec<Placed>, at: usize, target: usize) {
        let tail = built.split_off((at + 2).min(built.len()));
        built.truncate(at);
        if let Some(frame) = self.frames.last_mut() {
            frame.head = built;
        }
        self.work += work(tail.len());
        self.passage(true, target, &tail);
        self.frames.push(Frame::new(target, tail));
        self.recording.depth = self.recording.depth.max(self.frames.len());
    }

    /// Goes on as if no map had an answer for the lookups of the top frame's right-hand side.
    fn look_up(&mut self, machine: &Machine, env: &Env<'_>) -> Next {
        loop {
            let asking = self.frames.last().and_then(|frame| frame.asking.as_ref());
            let Some((built, settled)) = asking else { return Next::End };
            let tokens: Vec<Token> = built.iter().map(|(token, _)| *token).collect();
            let Some(start) = next_lookup(&tokens, *settled) else {
                return self.looked_up(&tokens, machine);
            };
            // The name of the map is to be the same for all.
            let named =
                built.get(start + 1).is_some_and(|(_, at)| usize::from(*at) >= self.first.len());
            let parts = cut(&tokens, start);
            let map = parts.map_name(&machine.table);
            let host = tokens.get(start) == Some(&meta(Op::HostBegin));
            let Some(style) = env.maps.key_style(map).filter(|_| named || host) else {
                return Next::End;
            };
            let mut spans = |range: &Range<usize>| {
                let row = self.built().get(range.clone()).unwrap_or_default().to_vec();
                self.spans(&row, &machine.table)
            };
            let ask = Ask {
                map: map.into(),
                style,
                key: spans(&parts.pending.key),
                args: parts.arguments.iter().map(&mut spans).collect(),
                pending: parts.pending.clone(),
            };
            if self.full {
                return Next::End;
            }
            self.stop(On::Map(ask));
            let asked = self.recording.stops.len();
            let fallback = parts.pending.default.as_ref();
            let default = fallback.map(|range| tokens.get(range.clone()).unwrap_or_default());
            if asked >= MAX_STOPS
                || default.is_some_and(|text| !machine.is_read_back_by_shape(text))
            {
                return Next::Stopped;
            }
            let (pending, range) = (&parts.pending, fallback.unwrap_or(&parts.pending.key));
            let asking = self.frames.last_mut().and_then(|frame| frame.asking.as_mut());
            let Some((built, settled)) = asking else { return Next::Stopped };
            let replacement = built.get(range.clone()).unwrap_or_default().to_vec();
            *settled = pending.start + replacement.len();
            built.splice(pending.start..pending.end, replacement);
            if built.len() > MAX_TOKENS || self.full {
                return Next::End;
            }
        }
    }

    /// The top frame's right-hand side has no more lookups.
    fn looked_up(&mut self, built: &[Token], machine: &Machine) -> Next {
        let calls = built.iter().filter(|token| **token == meta(Op::Call)).count();
        let at = built.iter().position(|token| *token == meta(Op::Call));
        let target = at.and_then(|at| {
            let own = |(_, at): &&Placed| usize::from(*at) >= self.first.len();
            let (name, _) = self.built().get(at + 1).filter(own)?;
            let (number, has_rules) = machine.program.callee(*name)?;
            has_rules.then_some((at, number))
        });
        if calls > 0 && (calls > 1 || target.is_none() || self.frames.len() >= MAX_RECURSION) {
            return Next::End;
        }
        let Some(frame) = self.frames.last_mut() else { return Next::End };
        let Some((built, _)) = frame.asking.take() else { return Next::End };
        match target {
            Some((at, target)) => self.enter(built, at, target),
            None => frame.workspace = built,
        }
        Next::Step
    }

    /// The right-hand side of the top frame for which maps are asked.
    fn built(&self) -> &[Placed] {
        let asking = self.frames.last().and_then(|frame| frame.asking.as_ref());
        asking.map_or(&[], |(built, _)| built)
    }

    /// The right-hand side, and where its last call stands; `None` if it needs a wildcard that is not
    /// there.
    fn build(&mut self, machine: &Machine, rule: &Rule) -> Option<(Vec<Placed>, Option<usize>)> {
        let mut call = None;
        let mut built = Vec::new();
        for part in &rule.parts {
            match part {
                Part::Copy(number) => {
                    let captures = machine.matcher.captures();
                    let capture = captures.get(usize::from(*number).checked_sub(1)?)?;
                    let workspace = &self.frames.last()?.workspace;
                    built.extend_from_slice(workspace.get(capture.start..capture.end)?);
                }
                Part::Tokens(tokens) => built.extend(tokens.iter().map(|token| self.own(*token))),
                Part::Call => {
                    call = Some(built.len());
                    built.push(self.own(meta(Op::Call)));
                }
                // It has no value: see `fire`.
                Part::Deferred(_) => {}
            }
        }
        Some((built, call))
    }

    /// Leaves the top ruleset; the end if it is the one the recording began in and none follows.
    fn leave(&mut self) -> Next {
        let outermost = self.frames.len() < 2;
        let follows = if outermost { self.chain.next() } else { None };
        if outermost && follows.is_none() {
            if let Some(frame) = self.frames.last_mut() {
                frame.rule = usize::MAX;
            }
            return Next::End;
        }
        let Some(frame) = self.frames.pop() else { return Next::End };
        self.passage(false, frame.ruleset, &frame.workspace);
        if let Some(next) = follows {
            self.passage(true, next, &frame.workspace);
            self.done += self.work;
            self.work = 0;
            self.frames.push(Frame::new(next, frame.workspace));
            return Next::Step;
        }
        let Some(below) = self.frames.last_mut() else { return Next::End };
        below.workspace = std::mem::take(&mut below.head);
        below.workspace.extend(frame.workspace);
        // What is too long is not made here: the frames stay as they are at the last good place.
        if below.workspace.len() <= MAX_TOKENS { Next::Step } else { Next::End }
    }

    /// Whether nothing is left to be recorded.
    fn is_through(&self) -> bool {
        matches!(&self.frames[..], [Frame { rule: usize::MAX, .. }])
    }

    fn passage(&mut self, entered: bool, ruleset: usize, workspace: &[Placed]) {
        let workspace = self.places(workspace);
        self.recording.passages.push(Passage { entered, ruleset, workspace });
    }

    fn places(&mut self, workspace: &[Placed]) -> Places {
        let start = self.recording.places.len();
        self.recording.places.extend(workspace.iter().map(|(_, place)| *place));
        let end = self.recording.places.len();
        self.full |= end > MAX_PLACES || self.recording.own.len() > MAX_PLACES;
        start..end
    }

    fn spans(&mut self, row: &[Placed], table: &TokenTable) -> Spans {
        let first = |at: u16| Some(at).filter(|at| usize::from(*at) < self.first.len());
        let placed = row.iter().map(|(token, at)| (*token, first(*at))).collect();
        let spans = self.recording.add_text(placed, &self.first, table);
        self.full |= spans.is_none();
        spans.unwrap_or_default()
    }

    /// Notes the frames as they are now.
    fn stop(&mut self, on: On) {
        let frames = std::mem::take(&mut self.frames);
        let last = frames.len().saturating_sub(1);
        let first_end = self.recording.ends.len();
        for (number, frame) in frames.iter().enumerate() {
            let workspace = self.places(&frame.workspace);
            let head = (number < last).then(|| self.places(&frame.head));
            let asking = frame.asking.as_ref();
            let asking = asking.map(|(built, settled)| (self.places(built), *settled));
            let Frame { ruleset, rule, loops, .. } = *frame;
            self.recording.ends.push(End { ruleset, rule, loops, workspace, head, asking });
        }
        self.frames = frames;
        let (ends, passages) = (&self.recording.ends, self.recording.passages.len());
        let ends = first_end..ends.len();
        let anew = self.chain != self.noted_chain;
        let work = if anew { self.work } else { self.work - self.noted };
        (self.noted, self.noted_chain) = (self.work, self.chain);
        let (chain, onward, resolved) = (self.chain, Vec::new(), Vec::new());
        self.recording.stops.push(Stop { ends, passages, work, anew, chain, on, onward, resolved });
    }
}
