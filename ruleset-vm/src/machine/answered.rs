//! What follows when a map has answered is recorded as well: what rules do then depends on nothing but the
//! way so far and what they see of the tokens of the answer.

use cf_parser::debug::Category;

use super::record::{MAX_RECORDED, record_answered};
use super::replay::{MAX_TOKENS, Playing};
use super::{Answer, Env, Machine};
use crate::limits::{MAX_RECURSION, MAX_WORK};
use crate::token::Token;

impl Machine {
    /// Takes the value that the map of this stop has answered, if it is known what follows. Values that
    /// are not read in one pass, and which somebody wants to see read, are left to the machine.
    pub(super) fn take_answer_on(&mut self, at: Playing, env: &mut Env<'_>) -> Option<Playing> {
        if env.tracer.wants(Category::Tokens) {
            return None;
        }
        let value = match self.answer.take() {
            Some(Answer::Found(value)) => value,
            other => {
                self.answer = other;
                return None;
            }
        };
        let answer = self.plain_tokens(&value, None);
        let playing = answer.as_ref().and_then(|answer| self.go_on_with(at, answer, env));
        self.recycle(answer.unwrap_or_default());
        if playing.is_none() {
            self.answer = Some(Answer::Found(value));
        }
        playing
    }

    /// Where the way goes on with the tokens of an answer.
    fn go_on_with(&mut self, at: Playing, answer: &[Token], env: &Env<'_>) -> Option<Playing> {
        let length = self.recordings.all.get(at.recording)?.base;
        if length + answer.len() > MAX_TOKENS {
            return None;
        }
        let hash = self.recordings.look_at_answer(at, answer);
        let number = match self.recordings.find(hash) {
            Some(number) => number,
            None if self.recordings.is_left_out(hash) => return None,
            None => {
                let recording = record_answered(self, at, answer, env)?;
                self.recordings.keep(recording, hash)?
            }
        };
        let Self { recordings, table, frames, work, .. } = self;
        let recording = recordings.all.get(number)?;
        let deep = frames.len() + recording.depth > MAX_RECURSION;
        if recording.stops.is_empty() || deep || *work + MAX_RECORDED > MAX_WORK {
            return None;
        }
        recordings.base.extend(length, answer, recording, table);
        Some(Playing { recording: number, stop: 0, ..at })
    }
}
