//! Records what rules do to a workspace, as far as that depends on nothing but what they compare
//! ([`super::replay`] says what for).

use cf_parser::text::Op;

use super::matcher::Subject;
use super::replay::{End, MAX_TOKENS, Passage, Places, Recording};
use super::{Env, Machine};
use crate::limits::{MAX_LOOPS, MAX_RECURSION};
use crate::program::{After, Part, Rule, Steering};
use crate::token::{Token, meta};

/// Places that one recording may have.
const MAX_PLACES: usize = 4096;
/// Rulesets entered and rules applied in one recording: rulesets can call each other without end.
const MAX_RECORDED: usize = 512;

/// A token and where it comes from.
type Placed = (Token, u16);

struct Frame {
    ruleset: usize,
    rule: usize,
    loops: usize,
    workspace: Vec<Placed>,
    /// In front of the call that the next frame is.
    head: Vec<Placed>,
    /// A right-hand side for which maps are to be asked.
    asking: Option<Vec<Placed>>,
}

/// Records from the machine's top frame on.
pub(super) fn record(machine: &mut Machine, env: &Env<'_>) -> Recording {
    let Some(top) = machine.frames.last() else { return Recording::default() };
    let mut recorder = Recorder {
        recording: Recording { key: machine.recordings.key().to_vec(), ..Recording::default() },
        frames: vec![Frame {
            ruleset: top.ruleset,
            rule: top.rule,
            loops: top.loops,
            workspace: top.workspace.iter().copied().zip(0..).collect(),
            head: Vec::new(),
            asking: None,
        }],
        base: top.workspace.len(),
        full: false,
    };
    while recorder.step(machine, env) {}
    recorder.finish()
}

struct Recorder {
    recording: Recording,
    frames: Vec<Frame>,
    /// Tokens of the first workspace: own tokens stand behind them.
    base: usize,
    /// There is no room for more.
    full: bool,
}

impl Recorder {
    /// One rule, or one ruleset left. False where the recording ends.
    fn step(&mut self, machine: &mut Machine, env: &Env<'_>) -> bool {
        let program = machine.program.clone();
        let Some(frame) = self.frames.last_mut() else { return false };
        let workspace: Vec<Token> = frame.workspace.iter().map(|(token, _)| *token).collect();
        let Some(ruleset) = program.ruleset(frame.ruleset) else { return false };
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
                return false;
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
                return false;
            }
            if matched {
                let loops = frame.loops + 1;
                return self.fire(machine, rule, loops);
            }
            (frame.rule, frame.loops) = (frame.rule + 1, 0);
        }
    }

    /// Applies the rule that matches, unless more is needed for that than its parts.
    fn fire(&mut self, machine: &Machine, rule: &Rule, loops: usize) -> bool {
        let Some((mut built, call)) = self.build(machine, rule) else { return false };
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return false };
        let target = match rule.steering {
            Steering::None | Steering::Lookups => None,
            Steering::Skip { .. } => {
                let Some(at) = call else { return false };
                built.drain(at..(at + 2).min(built.len()));
                None
            }
            Steering::Call { target: Some(target) } if depth < MAX_RECURSION => {
                let Some(at) = call else { return false };
                Some((target, at))
            }
            _ => return false,
        };
        if built.len() > MAX_TOKENS || self.full || self.recording.work >= MAX_RECORDED {
            return false;
        }
        (frame.rule, frame.loops) = match rule.after {
            After::Repeat => (frame.rule, loops),
            After::Next => (frame.rule + 1, 0),
            After::Return => (usize::MAX, loops),
        };
        self.recording.work += 1;
        if rule.steering == Steering::Lookups {
            frame.asking = Some(built);
            return false;
        }
        let Some((target, at)) = target else {
            frame.workspace = built;
            return true;
        };
        let tail = built.split_off((at + 2).min(built.len()));
        built.truncate(at);
        frame.head = built;
        self.recording.work += 1;
        self.passage(true, target, &tail);
        self.frames.push(Frame {
            ruleset: target,
            rule: 0,
            loops: 0,
            workspace: tail,
            head: Vec::new(),
            asking: None,
        });
        self.recording.depth = self.recording.depth.max(self.frames.len());
        true
    }

    /// The right-hand side, and where its last call stands; `None` if it needs a macro or a wildcard
    /// that is not there.
    fn build(&mut self, machine: &Machine, rule: &Rule) -> Option<(Vec<Placed>, Option<usize>)> {
        let mut call = None;
        let mut built = Vec::new();
        let frame = self.frames.last()?;
        let (base, own) = (self.base, &mut self.recording.own);
        let mut place = |token: Token| {
            let known = own.iter().position(|other| *other == token);
            let index = known.unwrap_or(own.len());
            if known.is_none() {
                own.push(token);
            }
            (token, (base + index) as u16)
        };
        for part in &rule.parts {
            match part {
                Part::Copy(number) => {
                    let captures = machine.matcher.captures();
                    let capture = captures.get(usize::from(*number).checked_sub(1)?)?;
                    built.extend_from_slice(frame.workspace.get(capture.start..capture.end)?);
                }
                Part::Tokens(tokens) => built.extend(tokens.iter().map(|token| place(*token))),
                Part::Call => {
                    call = Some(built.len());
                    built.push(place(meta(Op::Call)));
                }
                Part::Deferred(_) => return None,
            }
        }
        Some((built, call))
    }

    /// Leaves the top ruleset; false if it is the one the recording began in.
    fn leave(&mut self) -> bool {
        if self.frames.len() < 2 {
            if let Some(frame) = self.frames.last_mut() {
                frame.rule = usize::MAX;
            }
            return false;
        }
        let Some(frame) = self.frames.pop() else { return false };
        self.passage(false, frame.ruleset, &frame.workspace);
        let Some(below) = self.frames.last_mut() else { return false };
        below.workspace = std::mem::take(&mut below.head);
        below.workspace.extend(frame.workspace);
        // What is too long is not made here: the frames stay as they are at the last good place.
        below.workspace.len() <= MAX_TOKENS
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

    fn finish(mut self) -> Recording {
        // Nothing was gained: the machine is to run this itself.
        if self.recording.work == 0 {
            return self.recording;
        }
        let frames = std::mem::take(&mut self.frames);
        let last = frames.len().saturating_sub(1);
        for (number, frame) in frames.into_iter().enumerate() {
            let workspace = self.places(&frame.workspace);
            let head = (number < last).then(|| self.places(&frame.head));
            let asking = frame.asking.as_ref().map(|built| self.places(built));
            let Frame { ruleset, rule, loops, .. } = frame;
            self.recording.ends.push(End { ruleset, rule, loops, workspace, head, asking });
        }
        self.recording
    }
}
