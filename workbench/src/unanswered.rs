//! What maps could not answer while many addresses went through the rules: questions that were not allowed, and
//! complaints. A result that rests on such an answer is none to rely on, so each tool says it.

use std::collections::BTreeMap;

use crate::answering::MapServices;
use crate::engine::Engine;
use crate::json::{Value, json, text, texts};
use crate::machine::Kind;

/// Complaints that are kept.
const MOST_COMPLAINTS: usize = 16;

/// Lookups of one kind that were not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NotAsked {
    /// How many.
    lookups: u64,
    /// The first one: the map and what it would have asked.
    map: Vec<u8>,
    question: Vec<u8>,
}

/// All of it, in constant memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unanswered {
    not_asked: BTreeMap<Kind, NotAsked>,
    complaints: Vec<Vec<u8>>,
}

impl Unanswered {
    /// Takes what an engine has gathered since the last time.
    pub fn take<S: MapServices>(&mut self, engine: &mut Engine<S>) {
        for unasked in engine.take_unasked() {
            let first =
                || NotAsked { lookups: 0, map: unasked.map, question: unasked.what.question };
            self.not_asked.entry(unasked.what.kind).or_insert_with(first).lookups += 1;
        }
        engine.take_complaints().into_iter().for_each(|complaint| self.complain(complaint));
    }

    /// Adds what came of the addresses that follow.
    pub fn add(&mut self, other: Self) {
        for (kind, more) in other.not_asked {
            let lookups = more.lookups;
            let none = || NotAsked { lookups: 0, ..more };
            self.not_asked.entry(kind).or_insert_with(none).lookups += lookups;
        }
        other.complaints.into_iter().for_each(|complaint| self.complain(complaint));
    }

    fn complain(&mut self, complaint: Vec<u8>) {
        if self.complaints.len() < MOST_COMPLAINTS && !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }

    /// For people, several lines; nothing if all was answered.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, NotAsked { lookups, map, question }) in &self.not_asked {
            let head = format!(
                "not asked (--allow {}): {lookups} lookups, the first in map ",
                kind.name()
            );
            out.extend([head.as_bytes(), map, b": ", question, b"\n"].concat());
        }
        for complaint in &self.complaints {
            out.extend([b"map trouble: ", &complaint[..], b"\n"].concat());
        }
        out
    }

    /// For machines: an object of the type `unanswered`, if there is any.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        let object = |(kind, NotAsked { lookups, map, question }): (&Kind, &NotAsked)| {
            json!({
                "kind": kind.name(),
                "lookups": lookups,
                "map": text(map),
                "question": text(question),
            })
        };
        let not_asked: Value = self.not_asked.iter().map(object).collect();
        let all = json!({
            "type": "unanswered",
            "not_asked": not_asked,
            "troubles": texts(&self.complaints),
        });
        (*self != Self::default()).then_some(all)
    }
}
