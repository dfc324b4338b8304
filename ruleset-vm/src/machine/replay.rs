//! What rules did to a workspace, done again for the next one that rules cannot tell from it.
//!
//! Which rules fire, and where their parts go, depends on what rules compare: the symbols of tokens and
//! the classes they may belong to. Workspaces that are alike in this, such as most addresses of one
//! site, go the same way until a map is asked, a macro is read, or a class looks at a text. That way is
//! recorded ([`super::record`]) as the frames at its end, with the place in the first workspace for each
//! token, and replayed by copying. As in a regular expression engine that makes its states when it needs
//! them, memory is bounded: when it is full, all is forgotten.

use cf_parser::text::Op;
use hashbrown::HashTable;

use super::lookup::Lookup;
use super::record::record;
use super::{Env, Frame, Machine, Phase};
use crate::limits::{MAX_RECURSION, MAX_WORK};
use crate::status::Exit;
use crate::token::{Token, meta};
use crate::trace::{Event, Scene};

/// Longest workspace that is recorded, tokens.
pub(super) const MAX_TOKENS: usize = 64;
/// Recordings kept.
const MAX_RECORDINGS: usize = 2048;
/// Places in which it is noted that a beginning was seen once: what comes only once is not recorded.
const SEEN: usize = 4096;

/// A row of places in the first workspace with the recording's own tokens behind it.
pub(super) type Places = std::ops::Range<usize>;

/// A frame at the end of a recording.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) ruleset: usize,
    pub(super) rule: usize,
    pub(super) loops: usize,
    pub(super) workspace: Places,
    /// In front of the call that the next frame is; none for the last frame.
    pub(super) head: Option<Places>,
    /// A right-hand side for which maps are to be asked.
    pub(super) asking: Option<Places>,
}

/// A ruleset that was entered or left on the way.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) entered: bool,
    pub(super) ruleset: usize,
    pub(super) workspace: Places,
}

/// One way.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// Ruleset, rule, applications of it, and what rules see of each token.
    pub(super) key: Vec<u32>,
    pub(super) places: Vec<u16>,
    /// Tokens that rules put in.
    pub(super) own: Vec<Token>,
    pub(super) passages: Vec<Passage>,
    /// From the frame that ran first to the one that is to go on. Empty if nothing is gained.
    pub(super) ends: Vec<End>,
    /// Rulesets entered and rules applied.
    pub(super) work: usize,
    /// Most frames at one time.
    pub(super) depth: usize,
}

/// All recordings of one machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Recordings {
    all: Vec<Recording>,
    by_key: HashTable<u32>,
    seen: Vec<u32>,
    /// The key of the frame at hand.
    key: Vec<u32>,
    /// The workspace that is replaced.
    base: Vec<Token>,
}

impl Recordings {
    /// Makes the key of a frame; returns its hash.
    fn look_at(&mut self, frame: &Frame) -> u64 {
        self.key.clear();
        let start = [frame.ruleset, frame.rule, frame.loops];
        let start = start.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        self.key.extend(start);
        self.key.extend(frame.workspace.iter().map(|token| token.shape()));
        self.key.iter().fold(0, |hash: u64, word| {
            (hash.rotate_left(5) ^ u64::from(*word)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
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

    /// Whether this beginning was seen before; it is from now on.
    fn saw(&mut self, hash: u64) -> bool {
        self.seen.resize(SEEN, 0);
        let mark = (hash >> 32) as u32 | 1;
        let place = self.seen.get_mut(hash as usize % SEEN);
        place.is_some_and(|place| std::mem::replace(place, mark) == mark)
    }

    fn keep(&mut self, recording: Recording, hash: u64) -> usize {
        if self.all.len() >= MAX_RECORDINGS {
            self.all.clear();
            self.by_key.clear();
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

impl Recording {
    /// The tokens that stand in these places; `base` is the first workspace and the own tokens.
    #[inline]
    fn fill(&self, places: &Places, base: &[Token], out: &mut Vec<Token>) {
        // There is always a token: places are made from workspaces of the same length.
        let nothing = meta(Op::Hash);
        let places = self.places.get(places.clone()).unwrap_or_default();
        out.clear();
        out.extend(places.iter().map(|at| base.get(usize::from(*at)).copied().unwrap_or(nothing)));
    }
}

impl Machine {
    /// Goes as far as a recording goes. False if there is none for the top frame.
    pub(super) fn replay(&mut self, env: &mut Env<'_>) -> bool {
        let Some(frame) = self.frames.last().filter(|frame| frame.workspace.len() <= MAX_TOKENS)
        else {
            return false;
        };
        let hash = self.recordings.look_at(frame);
        let number = match self.recordings.find(hash) {
            Some(number) => number,
            None if !self.recordings.saw(hash) => return false,
            None => {
                let recording = record(self, env);
                self.recordings.keep(recording, hash)
            }
        };
        self.play(number, env)
    }

    fn play(&mut self, number: usize, env: &mut Env<'_>) -> bool {
        let Self { recordings, frames, spare, table, program, work, .. } = self;
        let Recordings { all, base, .. } = recordings;
        let Some(recording) = all.get(number).filter(|recording| !recording.ends.is_empty()) else {
            return false;
        };
        if *work + recording.work > MAX_WORK || frames.len() + recording.depth > MAX_RECURSION {
            return false;
        }
        *work += recording.work;
        let Some(frame) = frames.pop() else { return false };
        let mut exit = frame.exit;
        let mut first = std::mem::replace(base, frame.workspace);
        first.clear();
        base.extend_from_slice(&recording.own);
        if env.tracer.wants_rulesets() {
            let mut room = spare.pop().unwrap_or_default();
            tell(recording, base, &mut room, Scene { program, table }, env);
            room.clear();
            spare.push(room);
        }
        let mut room = Some(first);
        for end in &recording.ends {
            let mut workspace = room.take().or_else(|| spare.pop()).unwrap_or_default();
            recording.fill(&end.workspace, base, &mut workspace);
            let mut frame = Frame::new(end.ruleset, workspace);
            frame.rule = end.rule;
            frame.loops = end.loops;
            frame.announced = true;
            frame.exit = std::mem::replace(&mut exit, Exit::OK);
            if let Some(places) = &end.head {
                let mut head = Vec::new();
                if !places.is_empty() {
                    head = spare.pop().unwrap_or_default();
                    recording.fill(places, base, &mut head);
                }
                frame.phase = Phase::Only(head);
            }
            if let Some(places) = &end.asking {
                let mut built = spare.pop().unwrap_or_default();
                recording.fill(places, base, &mut built);
                frame.phase = Phase::Lookups(Lookup::new(built));
            }
            frames.push(frame);
        }
        true
    }
}

/// Tells the tracer which rulesets are passed.
fn tell(
    recording: &Recording,
    base: &[Token],
    room: &mut Vec<Token>,
    scene: Scene<'_>,
    env: &mut Env<'_>,
) {
    for passage in &recording.passages {
        recording.fill(&passage.workspace, base, room);
        let (ruleset, workspace) = (passage.ruleset, &room[..]);
        let event = match passage.entered {
            true => Event::Enter { ruleset, workspace },
            false => Event::Leave { ruleset, workspace },
        };
        env.tracer.event(scene, &event);
    }
}
