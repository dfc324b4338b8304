//! What rules did to a workspace, done again for the next one that rules cannot tell from it.
//!
//! Which rules fire, and where their parts go, depends on what rules compare: the symbols of tokens and
//! the classes they may belong to. Workspaces that are alike in this, such as most addresses of one
//! site, go the same way until a map answers, a macro is read, or a class looks at a text. That way is
//! recorded ([`super::record`]): the questions to maps on it and the frames at its end, with the place in
//! the first workspace for each token. It is replayed by copying. Where a map has an answer another recording
//! goes on ([`super::answered`]), or the machine.
//! As in a regular expression engine that makes its states when it needs them, memory is bounded: when it
//! is full, all is forgotten.

use cf_parser::debug::Category;
use hashbrown::HashTable;

use super::chain::Chain;
use super::lookup::Lookup;
use super::onward::{Left, Source};
use super::record::{MAX_RECORDED, record};
use super::recording::{Base, End, On, Recording, Stop};
use super::{Answer, Env, Frame, Machine, Outcome, Phase, Question};
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

/// Words of a key in front of the shapes of tokens.
pub(super) const HEAD: usize = 5;

/// The first word of keys of what follows an answer: more than any ruleset has.
const ANSWER: u32 = u32::MAX;

/// All recordings of one machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Recordings {
    pub(super) all: Vec<Recording>,
    /// Memory of all of them.
    pub(super) bytes: usize,
    by_key: HashTable<u32>,
    /// There was no room for one.
    full: bool,
    /// How often all were forgotten: numbers of recordings in keys are of one age.
    age: u32,
    seen: Vec<u32>,
    /// The key of the frame at hand.
    key: Vec<u32>,
    pub(super) base: Base,
    playing: Option<Playing>,
    /// The arguments of the lookup that is asked are still to be made, with this blank substitute.
    arguments_due: Option<u8>,
    /// Where the recording in `base` has ended, if that was the end of everything.
    pub(super) left: Option<Left>,
    /// What the rulesets at hand have begun with.
    pub(super) source: Option<Source>,
}

/// A recording that waits for a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Playing {
    pub(super) recording: usize,
    pub(super) stop: usize,
    /// The status of the frame that was replaced.
    pub(super) exit: Exit,
    /// What followed it, if it was the outermost.
    pub(super) follows: Option<Chain>,
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

/// Where the way goes on behind a stop.
enum Next {
    /// At the next stop.
    Stop,
    /// With the answer of a map.
    Answer,
    /// In the machine, or nowhere.
    Machine,
}

impl Recordings {
    /// Makes the key of a frame: ruleset, rule, applications of it, rulesets that follow, and what rules
    /// see of each token. Returns its hash.
    fn look_at(&mut self, frame: &Frame, chain: Chain) -> u64 {
        let [ruleset, rule, loops] = [frame.ruleset, frame.rule, frame.loops]
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let [low, high] = chain.key();
        self.set_key([ruleset, rule, loops, low, high], &frame.workspace)
    }

    /// Makes the key of what follows when the map of a stop answers these tokens; returns its hash.
    pub(super) fn look_at_answer(&mut self, at: Playing, answer: &[Token]) -> u64 {
        let [recording, stop] =
            [at.recording, at.stop].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        self.set_key([ANSWER, self.age, recording, stop, 0], answer)
    }

    fn set_key(&mut self, head: [u32; HEAD], tokens: &[Token]) -> u64 {
        self.key.clear();
        self.key.extend_from_slice(&head);
        self.key.extend(tokens.iter().map(|token| token.shape()));
        let mut pairs = self.key.chunks_exact(2);
        let mut hash = 0u64;
        for pair in &mut pairs {
            let word = pair.iter().fold(0, |word, half| word << u32::BITS | u64::from(*half));
            hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        let last = pairs.remainder().first().copied().unwrap_or_default();
        (hash.rotate_left(5) ^ u64::from(last)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Nothing is played any more.
    pub(super) fn stop(&mut self) {
        self.playing = None;
        self.arguments_due = None;
        self.left = None;
        self.source = None;
    }

    /// The key made last.
    pub(super) fn key(&self) -> &[u32] {
        &self.key
    }

    pub(super) fn find(&self, hash: u64) -> Option<usize> {
        let same = |number: &u32| {
            self.all.get(*number as usize).is_some_and(|recording| recording.key == self.key)
        };
        self.by_key.find(hash, same).map(|number| *number as usize)
    }

    /// A stop and its frames.
    pub(super) fn stop_of(&self, at: Playing) -> Option<(&Recording, &Stop, &[End])> {
        let recording = self.all.get(at.recording)?;
        let stop = recording.stops.get(at.stop)?;
        Some((recording, stop, recording.ends.get(stop.ends.clone())?))
    }

    /// Whether this beginning is not to be recorded: it was not seen before, which it is from now on, or
    /// there is no room.
    pub(super) fn is_left_out(&mut self, hash: u64) -> bool {
        self.seen.resize(SEEN, 0);
        let mark = (hash >> 32) as u32 | 1;
        let place = self.seen.get_mut(hash as usize % SEEN);
        self.full || place.is_none_or(|place| std::mem::replace(place, mark) != mark)
    }

    /// Keeps a recording; `None` if there is no room before the next address.
    pub(super) fn keep(&mut self, recording: Recording, hash: u64) -> Option<usize> {
        let bytes = self.bytes + recording.bytes();
        if self.all.len() >= MAX_RECORDINGS || bytes > MAX_BYTES {
            self.full = true;
            return None;
        }
        self.bytes = bytes;
        let number = self.all.len();
        self.all.push(recording);
        let hash_of = |_: &u32| 0;
        // The table never grows beyond what is reserved, so that hashes need not be made again.
        self.by_key.reserve(MAX_RECORDINGS, hash_of);
        self.by_key.insert_unique(hash, number as u32, hash_of);
        Some(number)
    }

    /// Another address comes: if there is no room for what it brings, all is forgotten.
    pub(super) fn make_room(&mut self) {
        self.stop();
        if self.full {
            self.all.clear();
            self.by_key.clear();
            self.age = self.age.wrapping_add(1);
            (self.bytes, self.full) = (0, false);
        }
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
            None if self.recordings.is_left_out(hash) => return Played::Nothing,
            None => {
                let recording = record(self, chain, env);
                match self.recordings.keep(recording, hash) {
                    Some(number) => number,
                    None => return Played::Nothing,
                }
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
        let Some(recording) = all.get(number) else { return Played::Nothing };
        let old = base.take(frame.workspace, recording, &self.table);
        self.recordings.left = None;
        self.recycle(old);
        self.play(Playing { recording: number, stop: 0, exit: frame.exit, follows }, env)
    }

    /// Goes on with the recording that waits for a map, if there is one.
    pub(super) fn resume(&mut self, env: &mut Env<'_>) -> Played {
        self.recordings.arguments_due = None;
        let Some(playing) = self.recordings.playing.take() else { return Played::Nothing };
        let Some(recording) = self.recordings.all.get(playing.recording) else {
            return Played::Nothing;
        };
        let unanswered = matches!(self.answer, None | Some(Answer::NotFound));
        if unanswered && goes_on(recording, playing, env) {
            self.answer = None;
            return self.play(Playing { stop: playing.stop + 1, ..playing }, env);
        }
        if let Some(playing) = self.take_answer_on(playing, env) {
            return self.play(playing, env);
        }
        let exit = self.arrive(playing);
        self.put_frames(playing, exit);
        Played::All
    }

    /// Goes on from this stop to the next that asks a map, or to where the machine is to go on.
    fn play(&mut self, mut playing: Playing, env: &mut Env<'_>) -> Played {
        loop {
            match self.pass(playing, env) {
                Next::Stop => playing.stop += 1,
                Next::Answer => return self.ask_for(playing, env),
                Next::Machine => return self.end(playing, env),
            }
        }
    }

    /// Asks the map on which this stop waits.
    fn ask_for(&mut self, playing: Playing, env: &Env<'_>) -> Played {
        let Self { recordings, request, .. } = self;
        let Some((_, stop, _)) = recordings.stop_of(playing) else { return Played::Nothing };
        let On::Map(ask) = &stop.on else { return Played::Nothing };
        request.name(&ask.map, ask.style);
        recordings.arguments_due = Some(ask.style.blank.unwrap_or(env.blank));
        recordings.playing = Some(playing);
        Played::Asks
    }

    /// Makes the arguments of the lookup that is asked, if they are not there yet.
    pub(super) fn put_arguments(&mut self) {
        let Self { recordings, request, spare_texts, .. } = self;
        let Recordings { all, base, playing, arguments_due, .. } = recordings;
        let (Some(blank), Some(playing)) = (arguments_due.take(), playing) else { return };
        let Some(recording) = all.get(playing.recording) else { return };
        let stop = recording.stops.get(playing.stop);
        let Some(On::Map(ask)) = stop.map(|stop| &stop.on) else { return };
        request.make_room(ask.args.len(), spare_texts);
        for (room, spans) in request.args.iter_mut().zip(&ask.args) {
            recording.put(spans, base, blank, room);
        }
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
        recording.fill(left, &recordings.base.tokens, &mut workspace);
        if env.tracer.wants_rulesets() {
            let event = Event::Leave { ruleset: *ruleset, workspace: &workspace };
            env.tracer.event(Scene { program, table }, &event);
        }
        self.note_left(at, &workspace);
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

    /// Comes to a stop; says where the way goes on.
    #[inline]
    fn pass(&mut self, playing: Playing, env: &mut Env<'_>) -> Next {
        let Self { recordings, request, answer, spare, table, program, work, .. } = self;
        let Recordings { all, base, .. } = &*recordings;
        let Some(recording) = all.get(playing.recording) else { return Next::Machine };
        let Some(stop) = recording.stops.get(playing.stop) else { return Next::Machine };
        // The count begins anew with each ruleset of a chain.
        *work = stop.work + if stop.anew { 0 } else { *work };
        if env.tracer.wants_rulesets() {
            let before = playing.stop.checked_sub(1).and_then(|number| recording.stops.get(number));
            let passed = before.map_or(0, |before| before.passages)..stop.passages;
            let mut room = spare.pop().unwrap_or_default();
            tell(recording, passed, &base.tokens, &mut room, Scene { program, table }, env);
            room.clear();
            spare.push(room);
        }
        match &stop.on {
            On::Nothing => Next::Machine,
            On::Unset(name) => match env.macros.get(name).is_none_or(|value| value.is_empty()) {
                true => Next::Stop,
                false => Next::Machine,
            },
            On::Map(ask) => {
                recording.put_key(ask, base, env.blank, &mut request.key);
                let (number, key) = (ask.style.number, &request.key[..]);
                if !env.maps.has_none(Question { map: &ask.map, number, key }) {
                    return Next::Answer;
                }
                if goes_on(recording, playing, env) {
                    return Next::Stop;
                }
                *answer = Some(Answer::NotFound);
                Next::Machine
            }
        }
    }

    /// Makes the frames of a stop; `exit` is the status of the first.
    fn put_frames(&mut self, at: Playing, mut exit: Exit) {
        let Self { recordings, frames, spare, .. } = self;
        let Some((recording, stop, ends)) = recordings.stop_of(at) else { return };
        for end in ends {
            let mut frame = put_frame(recording, end, &recordings.base.tokens, spare);
            frame.exit = std::mem::replace(&mut exit, Exit::OK);
            frames.push(frame);
        }
        if let (On::Map(ask), Some(frame)) = (&stop.on, frames.last_mut())
            && let Phase::Lookups(lookup) = &mut frame.phase
        {
            lookup.wait(ask.pending.clone());
        }
    }
}

/// Whether a recording knows what comes behind a map without an answer. Who watches tokens sees them read
/// anew there.
fn goes_on(recording: &Recording, at: Playing, env: &Env<'_>) -> bool {
    at.stop + 1 < recording.stops.len() && !env.tracer.wants(Category::Tokens)
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
