//! What becomes of a part of what rulesets have left: its text, or the text that other rulesets make of it
//! (a triple's host, and its user after 2, `R=` and 4). Where all of them were replayed for a workspace,
//! it is known for all workspaces that rules cannot tell from it.

use std::ops::Range;

use super::Machine;
use super::chain::{Chain, Rulesets};
use super::recording::{Recording, Spans};
use super::replay::{HEAD, Playing};
use crate::token::Token;
use crate::validity::is_sound;

/// Bytes of a host or user on the average, rather more than less.
const TEXT_GUESS: usize = 64;
/// What is kept for one end of a recording.
const MOST: usize = 4;

/// A text that is known of what is left at the end of a recording.
#[derive(Clone, Debug)]
pub(super) struct Onward {
    part: Range<usize>,
    /// The rulesets that make it of that part; none for its own text.
    rulesets: Option<Rulesets>,
    text: Spans,
}

/// The end of a recording, behind which no ruleset follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    recording: usize,
    stop: usize,
}

/// Rulesets that have begun with a part of what was left there.
#[derive(Clone, Debug)]
pub(super) struct Source {
    left: Left,
    /// The first workspace of that recording.
    base: Vec<Token>,
    part: Range<usize>,
    rulesets: Rulesets,
}

/// A triple that is known of what is left at the end of a recording.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The mailer's number.
    mailer: usize,
    /// The rulesets that make the user.
    rulesets: Rulesets,
    host: Option<Spans>,
    user: Spans,
    /// Where the user part begins before that.
    first: u16,
}

/// A triple as rules make it.
#[derive(Debug)]
pub(crate) struct KnownTriple {
    /// The mailer's number.
    pub(crate) mailer: usize,
    pub(crate) host: Option<Vec<u8>>,
    pub(crate) user: Vec<u8>,
    /// The first byte of the user part in front of its rulesets.
    pub(crate) first: Option<u8>,
    /// There is nothing in it but printable ASCII without quotes and backslashes.
    pub(crate) sound: bool,
}

impl Machine {
    /// The text of a part of the workspace that was left last, `blank` between two atoms.
    pub(crate) fn text_of(
        &mut self,
        workspace: &[Token],
        part: Range<usize>,
        blank: u8,
    ) -> Vec<u8> {
        if let Some(text) = self.known_text(workspace, &part, None, blank) {
            return text;
        }
        let tokens = workspace.get(part.clone()).unwrap_or_default();
        if let Some(left) = self.left(workspace, &part) {
            let places = self.places_left(left, &part);
            self.know(left, &self.base_of(left), part, None, tokens, &places);
        }
        self.table.join(tokens, Some(blank))
    }

    /// The text that rulesets make of a part of the workspace that was left last, if that is known.
    pub(crate) fn text_made_of(
        &self,
        workspace: &[Token],
        part: &Range<usize>,
        rulesets: Rulesets,
        blank: u8,
    ) -> Option<Vec<u8>> {
        self.known_text(workspace, part, Some(rulesets), blank)
    }

    /// The triple that the workspace comes to that the last run has left, if that is known. `rulesets` tells
    /// which make the user for a mailer, given by number, if that has this name.
    pub(crate) fn known_triple(
        &self,
        workspace: &[Token],
        blank: u8,
        rulesets: &dyn Fn(usize, &[u8]) -> Option<Rulesets>,
    ) -> Option<KnownTriple> {
        let base = &self.recordings.base;
        let Left { recording, stop } = self.recordings.left?;
        let recording = self.recordings.all.get(recording)?;
        let name = self.table.text(*workspace.get(1)?);
        let mut known = recording.stops.get(stop)?.resolved.iter();
        let fits = |known: &&Resolved| rulesets(known.mailer, name) == Some(known.rulesets);
        let known = known.find(fits).filter(|_| base.has_text())?;
        let text = |spans: &Spans| {
            let mut text = Vec::with_capacity(TEXT_GUESS);
            recording.put(spans, base, blank, &mut text);
            text
        };
        Some(KnownTriple {
            mailer: known.mailer,
            host: known.host.as_ref().map(text),
            user: text(&known.user),
            first: self.table.text(*base.tokens.get(usize::from(known.first))?).first().copied(),
            sound: base.is_sound() && !recording.own_loud && is_sound(blank),
        })
    }

    /// Keeps that the workspace that was left last comes to this mailer, if the texts of its host and of
    /// its user are known.
    pub(crate) fn note_triple(
        &mut self,
        workspace: &[Token],
        mailer: usize,
        host: Option<&Range<usize>>,
        user: &Range<usize>,
        rulesets: Rulesets,
    ) {
        let Some(left) = self.left(workspace, &(0..workspace.len())) else { return };
        let Some(first) = self.end_of(left).and_then(|(_, places)| places.get(user.start)) else {
            return;
        };
        let first = *first;
        let recording = self.recordings.all.get_mut(left.recording);
        let Some(stop) = recording.and_then(|recording| recording.stops.get_mut(left.stop)) else {
            return;
        };
        let known = |part: &Range<usize>, rulesets: Option<Rulesets>| {
            let mut known = stop.onward.iter();
            let known = known.find(|known| known.part == *part && known.rulesets == rulesets);
            known.map(|known| known.text.clone())
        };
        let host_text = host.map(|host| known(host, None));
        let (Some(user), false) = (known(user, Some(rulesets)), host_text == Some(None)) else {
            return;
        };
        if stop.resolved.len() < MOST {
            let host = host_text.flatten();
            stop.resolved.push(Resolved { mailer, rulesets, host, user, first });
            self.recordings.bytes += size_of::<Resolved>();
        }
    }

    /// [`Machine::start`] with a part of the workspace that was left last.
    pub(crate) fn start_with(
        &mut self,
        workspace: &[Token],
        part: Range<usize>,
        rulesets: Rulesets,
    ) {
        let left = self.left(workspace, &part);
        let mut own = self.fresh();
        own.extend_from_slice(workspace.get(part.clone()).unwrap_or_default());
        self.begin(rulesets, own);
        self.recordings.source =
            left.map(|left| Source { left, base: self.base_of(left), part, rulesets });
    }

    /// Where the recording has ended that left this part.
    fn left(&self, workspace: &[Token], part: &Range<usize>) -> Option<Left> {
        let left = self.recordings.left?;
        let (_, places) = self.end_of(left)?;
        let base = &self.recordings.base.tokens;
        let same = |(at, token): (&u16, &Token)| base.get(usize::from(*at)) == Some(token);
        let (places, tokens) = (places.get(part.clone())?, workspace.get(part.clone())?);
        places.iter().zip(tokens).all(same).then_some(left)
    }

    fn known_text(
        &self,
        workspace: &[Token],
        part: &Range<usize>,
        rulesets: Option<Rulesets>,
        blank: u8,
    ) -> Option<Vec<u8>> {
        if !self.recordings.base.has_text() {
            return None;
        }
        let Left { recording, stop } = self.left(workspace, part)?;
        let recording = self.recordings.all.get(recording)?;
        let mut known = recording.stops.get(stop)?.onward.iter();
        let known = known.find(|known| known.part == *part && known.rulesets == rulesets)?;
        let mut text = Vec::with_capacity(TEXT_GUESS);
        recording.put(&known.text, &self.recordings.base, blank, &mut text);
        Some(text)
    }

    /// Notes where a replay has come to its end with this workspace.
    pub(super) fn note_left(&mut self, at: Playing, workspace: &[Token]) {
        if self.chain != Chain::default() {
            return;
        }
        self.recordings.left = Some(Left { recording: at.recording, stop: at.stop });
        let Some(source) = self.recordings.source.take() else { return };
        let Some(places) = self.places_made(at, &source) else { return };
        let rulesets = Some(source.rulesets);
        self.know(source.left, &source.base, source.part, rulesets, workspace, &places);
    }

    /// Where what rulesets have left stands in the workspace of what they have begun with; `None` unless
    /// this replay is all they did, and depended on nothing else.
    fn places_made(&self, at: Playing, source: &Source) -> Option<Vec<Option<u16>>> {
        let recording = self.recordings.all.get(at.recording)?;
        let [low, high] = source.rulesets.then.key();
        let head = [u32::try_from(source.rulesets.first).ok()?, 0, 0, low, high];
        let (begun, tokens) = recording.key.split_at_checked(HEAD)?;
        if at.stop != 0 || begun != head || tokens.len() != source.part.len() {
            return None;
        }
        let from = self.places_left(source.left, &source.part);
        let made = self.places_left(Left { recording: at.recording, stop: 0 }, &(0..usize::MAX));
        let place = |made: &Option<u16>| match made {
            None => Some(None),
            Some(at) => from.get(usize::from(*at)).copied(),
        };
        made.iter().map(place).collect()
    }

    /// Where the tokens of a part of what was left stand in the first workspace; nothing for the
    /// recording's own tokens.
    fn places_left(&self, at: Left, part: &Range<usize>) -> Vec<Option<u16>> {
        let Some((recording, places)) = self.end_of(at) else { return Vec::new() };
        let own = recording.base;
        let part = part.start.min(places.len())..part.end.min(places.len());
        let places = places.get(part).unwrap_or_default();
        places.iter().map(|at| Some(*at).filter(|at| usize::from(*at) < own)).collect()
    }

    /// The recording, and where the tokens it has left stand.
    fn end_of(&self, at: Left) -> Option<(&Recording, &[u16])> {
        let recording = self.recordings.all.get(at.recording)?;
        let stop = recording.stops.get(at.stop)?;
        let end = recording.ends.get(stop.ends.start)?;
        Some((recording, recording.places.get(end.workspace.clone())?))
    }

    /// The first workspace of the recording that has just ended.
    fn base_of(&self, at: Left) -> Vec<Token> {
        let length = self.recordings.all.get(at.recording).map_or(0, |recording| recording.base);
        self.recordings.base.tokens.get(..length).unwrap_or_default().to_vec()
    }

    /// Keeps what a text of what was left consists of.
    fn know(
        &mut self,
        at: Left,
        base: &[Token],
        part: Range<usize>,
        rulesets: Option<Rulesets>,
        tokens: &[Token],
        places: &[Option<u16>],
    ) {
        let Self { recordings, table, .. } = self;
        let Some(recording) = recordings.all.get_mut(at.recording) else { return };
        let full = recording.stops.get(at.stop).is_none_or(|stop| stop.onward.len() >= MOST);
        if full || tokens.len() != places.len() {
            return;
        }
        let before = recording.bytes();
        let row = tokens.iter().copied().zip(places.iter().copied()).collect();
        let Some(text) = recording.add_text(row, base, table) else { return };
        recordings.bytes += recording.bytes() - before + size_of::<Onward>();
        if let Some(stop) = recording.stops.get_mut(at.stop) {
            stop.onward.push(Onward { part, rulesets, text });
        }
    }
}
