//! Left-hand sides without classes and macros, matched without going back.
//!
//! Such a rule is a row of segments, each as long as it is written, with open wildcards (`$*`, `$+`)
//! between them. Taking each segment at the first place where it fits gives what sendmail's order of
//! preference (RS-045) gives: if the last segment, which must end the workspace, does not fit behind the
//! first places of the others, it fits behind no later ones.

use super::matcher::Capture;
use crate::limits::MAX_WILDCARDS;
use crate::program::Instr;
use crate::token::UNKNOWN;

/// What the wildcards of a rule have taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Captures {
    places: [Capture; MAX_WILDCARDS],
    count: usize,
}

impl Captures {
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    #[inline]
    pub(super) fn push(&mut self, start: usize, end: usize) {
        if let Some(place) = self.places.get_mut(self.count) {
            *place = Capture { start, end };
            self.count += 1;
        }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[Capture] {
        self.places.get(..self.count).unwrap_or_default()
    }
}

/// A left-hand side as a row of segments.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    /// Symbols of literals, [`UNKNOWN`] for `$-`; those of all segments in a row.
    elements: Box<[u32]>,
    segments: Box<[Segment]>,
    /// There are elements that take a token: `$-`.
    takes: bool,
}

/// A part of fixed length, and the open wildcard behind it.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Elements.
    length: usize,
    /// Fewest tokens of the wildcard in front; unused for the first segment.
    least: usize,
}

impl Glob {
    /// The segments of a left-hand side; `None` if it has parts whose length is not known.
    pub(crate) fn new(code: &[Instr]) -> Option<Self> {
        let mut opens = 0;
        for instr in code {
            match instr {
                Instr::Literal(_) | Instr::One => {}
                Instr::ZeroOrMore | Instr::OneOrMore => opens += 1,
                _ => return None,
            }
        }
        let mut elements = Vec::with_capacity(code.len() - opens);
        let mut segments = Vec::with_capacity(opens + 1);
        segments.push(Segment { length: 0, least: 0 });
        for instr in code {
            let last = segments.last_mut()?;
            match instr {
                Instr::Literal(token) => {
                    elements.push(token.symbol());
                    last.length += 1;
                }
                Instr::One => {
                    elements.push(UNKNOWN);
                    last.length += 1;
                }
                Instr::ZeroOrMore => segments.push(Segment { length: 0, least: 0 }),
                Instr::OneOrMore => segments.push(Segment { length: 0, least: 1 }),
                _ => return None,
            }
        }
        let takes = elements.contains(&UNKNOWN);
        Some(Self { elements: elements.into(), segments: segments.into(), takes })
    }

    /// Matches a whole workspace, of which the symbols count; adds tokens looked at to `steps`.
    pub(super) fn matches(
        &self,
        workspace: &[u32],
        captures: &mut Captures,
        steps: &mut u64,
    ) -> bool {
        captures.clear();
        let Some((first, others)) = self.segments.split_first() else { return false };
        let (segment, mut elements) = self.elements.split_at(first.length.min(self.elements.len()));
        *steps += segment.len() as u64 + 1;
        if !fits(segment, workspace, 0) {
            return false;
        }
        self.take(segment, 0, captures);
        let mut at = segment.len();
        let Some((last, middle)) = others.split_last() else { return at == workspace.len() };
        for part in middle {
            let (segment, rest) = elements.split_at(part.length.min(elements.len()));
            elements = rest;
            let Some(place) = find(segment, workspace, at + part.least, steps) else {
                return false;
            };
            captures.push(at, place);
            self.take(segment, place, captures);
            at = place + segment.len();
        }
        *steps += elements.len() as u64;
        let Some(place) = workspace.len().checked_sub(elements.len()) else { return false };
        if place < at + last.least || !fits(elements, workspace, place) {
            return false;
        }
        captures.push(at, place);
        self.take(elements, place, captures);
        true
    }

    /// Notes what the wildcards of a segment take.
    #[inline]
    fn take(&self, segment: &[u32], at: usize, captures: &mut Captures) {
        if self.takes {
            for (element, at) in segment.iter().zip(at..) {
                if *element == UNKNOWN {
                    captures.push(at, at + 1);
                }
            }
        }
    }
}

/// Whether a segment fits at this place.
#[inline]
fn fits(segment: &[u32], workspace: &[u32], at: usize) -> bool {
    let Some(rest) = workspace.get(at..).filter(|rest| rest.len() >= segment.len()) else {
        return false;
    };
    segment.iter().zip(rest).all(|(element, symbol)| element == symbol || *element == UNKNOWN)
}

/// The first place from `from` on where a segment fits.
#[inline]
fn find(segment: &[u32], workspace: &[u32], from: usize, steps: &mut u64) -> Option<usize> {
    let last = workspace.len().checked_sub(segment.len())?;
    let first = segment.first().copied().unwrap_or(UNKNOWN);
    for at in from..=last {
        *steps += 1;
        let here = workspace.get(at).copied().unwrap_or(UNKNOWN);
        if first != UNKNOWN && first != here {
            continue;
        }
        if fits(segment, workspace, at) {
            return Some(at);
        }
        *steps += segment.len() as u64;
    }
    None
}
