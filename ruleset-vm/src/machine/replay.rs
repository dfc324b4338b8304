//! What rules did to a workspace, done again for the next one that rules cannot tell from it.
//!
//! Which rules fire, and where their parts go, depends on what rules compare: the symbols of tokens and
//! the classes they may belong to. Workspaces that are alike in this, such as most addresses of one
//! site, go the same way until a map answers, a macro is read, or a class looks at a text. That way is
//! recorded ([`super::record`]): the questions to maps on it and the frames at its end, with the place in
//! the first workspace for each token. It is replayed by copying; a map that has an answer ends it early.
//! As in a regular expression engine that makes its states when it needs them, memory is bounded: when it
//! is full, all is forgotten.

use cf_parser::debug::Category;
use hashbrown::HashTable;

use super::chain::Chain;
use super::lookup::{Lookup, put_arguments, put_key};
use super::record::{MAX_RECORDED, record};
use super::recording::{End, On, Recording, Stop};
use super::{Answer, Env, Frame, Machine, Outcome, Phase};
use crate::limits::{MAX_RECURSION, MAX_WORK};
use crate::status::Exit;
use crate::token::Token;
use crate::trace::{Event, Scene};

/// Longest workspace that is recorded, tokens.
pub(super) const MAX_TOKENS: usize = 64;
/// Recordings kept.
const MAX_RECORDINGS: usize = 2048;
/// Their memory, bytes.
const MAX_BYTES: usize = 16 << 20;
/// Places in which it is noted that a beginning was seen once: what comes only once is not recorded.
const SEEN: usize = 4096;

/// All recordings of one machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Recordings {
    all: Vec<Recording>,
    /// Memory of all of them.
    bytes: usize,
    by_key: HashTable<u32>,
    seen: Vec<u32>,
    /// The key of the frame at hand.
    key: Vec<u32>,
    /// The workspace that is replaced, and the own tokens of the recording that is played.
    base: Vec<Token>,
    playing: Option<Playing>,
}

/// A recording that waits for a map.
#[derive(Clone, Copy, Debug)]
struct Playing {
    recording: usize,
    stop: usize,
    /// The status of the frame that was replaced.
    exit: Exit,
    /// What followed it, if it was the outermost.
    follows: Option<Chain>,
}

/// How far a replay has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// There is no recording.
    Nothing,
    /// A map is to be asked.
    Asks,
    /// The frames are those of its end.
    All,
    /// The outermost ruleset is through.
    Through(Outcome),
}

impl Recordings {
    /// Makes the key of a frame; returns its hash.
    fn look_at(&mut self, frame: &Frame, chain: Chain) -> u64 {
        let [ruleset, rule, loops] = [frame.ruleset, frame.rule, frame.loops]
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let [low, high] = chain.key();
        let shapes = frame.workspace.iter().map(|token| token.shape());
        self.key.clear();
        self.key.reserve(MAX_TOKENS + 5);
        self.key.extend_from_slice(&[ruleset, rule, loops, low, high]);
        self.key.extend(shapes);
        self.key.iter().fold(0, |hash: u64, word| {
            (hash.rotate_left(5) ^ u64::from(*word)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
    }

    /// Nothing is played any more.
    pub(super) fn stop(&mut self) {
        self.playing = None;
    }

    /// The key made last.
    pub(super) fn key(&self) -> &[u32] {
        &self.key
    }

    fn find(&self, hash: u64) -> Option<usize> {
        let same = |number: &u32| {
            self.all.get(*number as usize).is_some_and(|recording| recording.key == self.key)
        };
        self.by_key.find(hash, same).map(|number| *number as usize)
    }

    /// A stop and its frames.
    fn stop_of(&self, at: Playing) -> Option<(&Recording, &Stop, &[End])> {
        let recording = self.all.get(at.recording)?;
        let stop = recording.stops.get(at.stop)?;
        Some((recording, stop, recording.ends.get(stop.ends.clone())?))
    }

    /// Whether this beginning was seen before; it is from now on.
    fn saw(&mut self, hash: u64) -> bool {
        self.seen.resize(SEEN, 0);
        let mark = (hash >> 32) as u32 | 1;
        let place = self.seen.get_mut(hash as usize % SEEN);
        place.is_some_and(|place| std::mem::replace(place, mark) == mark)
    }

    fn keep(&mut self, recording: Recording, hash: u64) -> usize {
        self.bytes += recording.bytes();
        if self.all.len() >= MAX_RECORDINGS || self.bytes > MAX_BYTES {
            self.all.clear();
            self.by_key.clear();
            self.bytes = recording.bytes();
        }
        let number = self.all.len();
        self.all.push(recording);
        let hash_of = |_: &u32| 0;
        // The table never grows beyond what is reserved, so that hashes need not be made again.
        self.by_key.reserve(MAX_RECORDINGS, hash_of);
        self.by_key.insert_unique(hash, number as u32, hash_of);
        number
    }
}

impl Machine {
    /// Goes as far as a recording of the top frame goes.
    pub(super) fn replay(&mut self, env: &mut Env<'_>) -> Played {
        let Some(frame) = self.frames.last().filter(|frame| frame.workspace.len() <= MAX_TOKENS)
        else {
            return Played::Nothing;
        };
        // What follows the outermost ruleset does not matter to those that it calls.
        let outermost = self.frames.len() == 1;
        let chain = if outermost { self.chain } else { Chain::default() };
        let hash = self.recordings.look_at(frame, chain);
        let number = match self.recordings.find(hash) {
            Some(number) => number,
            None if !self.recordings.saw(hash) => return Played::Nothing,
            None => {
                let recording = record(self, chain, env);
                self.recordings.keep(recording, hash)
            }
        };
        let Some(recording) = self.recordings.all.get(number) else { return Played::Nothing };
        let deep = self.frames.len() + recording.depth > MAX_RECURSION;
        if recording.stops.is_empty() || deep || self.work + MAX_RECORDED > MAX_WORK {
            return Played::Nothing;
        }
        let Some(frame) = self.frames.pop() else { return Played::Nothing };
        let follows = outermost.then_some(chain);
        let Recordings { all, base, .. } = &mut self.recordings;
        let old = std::mem::replace(base, frame.workspace);
        let own = all.get(number).map(|recording| &recording.own[..]);
        base.extend_from_slice(own.unwrap_or_default());
        self.recycle(old);
        self.play(Playing { recording: number, stop: 0, exit: frame.exit, follows }, env)
    }

    /// Goes on with the recording that waits for a map, if there is one.
    pub(super) fn resume(&mut self, env: &mut Env<'_>) -> Played {
        let Some(playing) = self.recordings.playing.take() else { return Played::Nothing };
        let Some(recording) = self.recordings.all.get(playing.recording) else {
            return Played::Nothing;
        };
        let stop = playing.stop + 1;
        let unanswered = matches!(self.answer, None | Some(Answer::NotFound));
        if unanswered && stop < recording.stops.len() && !env.tracer.wants(Category::Tokens) {
            self.answer = None;
            return self.play(Playing { stop, ..playing }, env);
        }
        let pending = match recording.stops.get(playing.stop).map(|stop| &stop.on) {
            Some(On::Map(ask)) => Some(ask.pending.clone()),
            _ => None,
        };
        let exit = self.arrive(playing);
        self.put_frames(playing, exit);
        if let (Some(pending), Some(frame)) = (pending, self.frames.last_mut())
            && let Phase::Lookups(lookup) = &mut frame.phase
        {
            lookup.wait(pending);
        }
        Played::All
    }

    /// Goes on from this stop to the next that asks a map, or to where the machine is to go on.
    fn play(&mut self, mut playing: Playing, env: &mut Env<'_>) -> Played {
        while self.pass(playing, env) {
            playing.stop += 1;
        }
        let Self { recordings, request, table, spare_texts, .. } = self;
        let Recordings { all, base, .. } = &*recordings;
        let Some(recording) = all.get(playing.recording) else { return Played::Nothing };
        let ask = match recording.stops.get(playing.stop).map(|stop| &stop.on) {
            Some(On::Map(ask)) => Some(ask),
            _ => None,
        };
        let Some((ask, style)) = ask.and_then(|ask| Some((ask, (env.key_style)(&ask.map)?))) else {
            return self.end(playing, env);
        };
        request.map.clear();
        request.map.extend_from_slice(&ask.map);
        let tokens = recording.tokens(&ask.key, base);
        let blank = style.blank.or(Some(env.blank));
        put_key(table, tokens, style, blank, &mut request.key);
        let arguments = ask.args.iter().map(|argument| recording.tokens(argument, base));
        put_arguments(table, arguments, blank, &mut request.args, spare_texts);
        recordings.playing = Some(playing);
        Played::Asks
    }

    /// Ends a replay at this stop: with the frames there or, if these are only the outermost ruleset and
    /// that is through, with what it has left.
    fn end(&mut self, at: Playing, env: &mut Env<'_>) -> Played {
        let exit = self.arrive(at);
        let Self { recordings, frames, spare, table, program, .. } = self;
        let Some((recording, _, ends)) = recordings.stop_of(at) else { return Played::Nothing };
        let (
            true,
            [
                End {
                    ruleset, rule: usize::MAX, workspace: left, head: None, asking: None, ..
                },
            ],
        ) = (frames.is_empty(), ends)
        else {
            self.put_frames(at, exit);
            return Played::All;
        };
        let mut workspace = spare.pop().unwrap_or_default();
        recording.fill(left, &recordings.base, &mut workspace);
        if env.tracer.wants_rulesets() {
            let event = Event::Leave { ruleset: *ruleset, workspace: &workspace };
            env.tracer.event(Scene { program, table }, &event);
        }
        Played::Through(Outcome { workspace, exit })
    }

    /// Takes in which rulesets of the chain have been passed; returns the status of the one that runs.
    fn arrive(&mut self, at: Playing) -> Exit {
        let chain = self.recordings.stop_of(at).map(|(_, stop, _)| stop.chain);
        match chain.filter(|chain| at.follows.is_some_and(|follows| follows != *chain)) {
            None => at.exit,
            Some(chain) => {
                self.chain = chain;
                self.chain_failed |= at.exit == Exit::TEMPFAIL;
                Exit::OK
            }
        }
    }

    /// Comes to a stop; whether the way goes on there without a question.
    fn pass(&mut self, playing: Playing, env: &mut Env<'_>) -> bool {
        let Self { recordings, spare, table, program, work, .. } = self;
        let Recordings { all, base, .. } = &*recordings;
        let Some(recording) = all.get(playing.recording) else { return false };
        let Some(stop) = recording.stops.get(playing.stop) else { return false };
        let before = playing.stop.checked_sub(1).and_then(|number| recording.stops.get(number));
        // The count begins anew with each ruleset of a chain.
        let chain = before.map(|before| before.chain).or(playing.follows);
        *work = match chain.is_none_or(|chain| chain == stop.chain) {
            true => *work + stop.work - before.map_or(0, |before| before.work),
            false => stop.work,
        };
        if env.tracer.wants_rulesets() {
            let passed = before.map_or(0, |before| before.passages)..stop.passages;
            let mut room = spare.pop().unwrap_or_default();
            tell(recording, passed, base, &mut room, Scene { program, table }, env);
            room.clear();
            spare.push(room);
        }
        match &stop.on {
            On::Unset(name) => env.macros.get(name).is_none_or(|value| value.is_empty()),
            On::Nothing | On::Map(_) => false,
        }
    }

    /// Makes the frames of a stop; `exit` is the status of the first.
    fn put_frames(&mut self, at: Playing, mut exit: Exit) {
        let Self { recordings, frames, spare, .. } = self;
        let Some((recording, _, ends)) = recordings.stop_of(at) else { return };
        for end in ends {
            let mut frame = put_frame(recording, end, &recordings.base, spare);
            frame.exit = std::mem::replace(&mut exit, Exit::OK);
            frames.push(frame);
        }
    }
}

fn put_frame(
    recording: &Recording,
    end: &End,
    base: &[Token],
    spare: &mut Vec<Vec<Token>>,
) -> Frame {
    let mut fill = |places| {
        let mut room = spare.pop().unwrap_or_default();
        recording.fill(places, base, &mut room);
        room
    };
    let mut frame = Frame::new(end.ruleset, fill(&end.workspace));
    frame.rule = end.rule;
    frame.loops = end.loops;
    frame.announced = true;
    match (&end.head, &end.asking) {
        (_, Some((places, settled))) => {
            frame.phase = Phase::Lookups(Box::new(Lookup::settled(fill(places), *settled)));
        }
        (Some(places), None) if places.is_empty() => frame.phase = Phase::Only(Vec::new()),
        (Some(places), None) => frame.phase = Phase::Only(fill(places)),
        (None, None) => {}
    }
    frame
}

/// Tells the tracer which rulesets are passed.
fn tell(
    recording: &Recording,
    passed: std::ops::Range<usize>,
    base: &[Token],
    room: &mut Vec<Token>,
    scene: Scene<'_>,
    env: &mut Env<'_>,
) {
    for passage in recording.passages.get(passed).unwrap_or_default() {
        recording.fill(&passage.workspace, base, room);
        let (ruleset, workspace) = (passage.ruleset, &room[..]);
        let event = match passage.entered {
            true => Event::Enter { ruleset, workspace },
            false => Event::Leave { ruleset, workspace },
        };
        env.tracer.event(scene, &event);
    }
}
