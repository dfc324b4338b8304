//! Before the greeting, and before the replies that a peer must wait for.

use super::action::{Action, Note};
use super::replies;
use super::reply::Reply;
use super::session::{Held, Phase, Session};
use super::settings::Admission;

impl Session {
    pub(super) fn admit(&mut self, admission: Admission) {
        self.features = admission.features;
        let refusal = admission.refusal.map(|status| Reply::from_status(&status, None));
        if let Some(reply) = refusal.as_ref().filter(|reply| reply.code == 421) {
            self.reply(reply.clone());
            return self.close();
        }
        self.refusal = refusal;
        if let Some(pause) = admission.greet_pause.filter(|pause| !pause.is_zero()) {
            self.out.push_back(Action::AwaitSilence(pause));
            self.phase = Phase::GreetPause;
        } else {
            self.say_greeting();
        }
    }

    /// The greeting after its pause: whoever spoke meanwhile is refused (SM-007). The commands
    /// themselves are then read without suspicion (observed).
    pub(super) fn greet(&mut self) {
        if self.input.is_empty() {
            return self.say_greeting();
        }
        self.note(Note::PreGreetingTraffic);
        self.refusal = Some(replies::COMMAND_REJECTED.reply());
        self.reply(replies::NOT_ACCEPTING.with(&[&self.settings.hostname]));
    }

    fn say_greeting(&mut self) {
        let text = with_esmtp(&self.settings.greeting);
        self.reply(replies::GREETING.with(&[&text]));
    }

    /// Holds a reply back until the caller has looked for early input.
    pub(super) fn hold(&mut self, held: Held) {
        self.out.push_back(Action::Peek);
        self.phase = Phase::Listening(held);
    }

    pub(super) fn release(&mut self, held: Held) {
        let spoke = !self.input.is_empty() || self.ended.is_some();
        let early = spoke && !self.features.early_input;
        match held {
            Held::Hello { extended, .. } if early => {
                self.note(Note::EarlyTraffic(if extended { "EHLO" } else { "HELO" }));
                self.refusal = Some(replies::COMMAND_REJECTED.reply());
                self.reply(replies::PROTOCOL_ERROR.reply());
            }
            Held::Hello { extended, name } => self.introduced(extended, name),
            Held::Data if early => {
                self.note(Note::EarlyTraffic("DATA"));
                self.reply(replies::PROTOCOL_ERROR.reply());
                self.close();
            }
            Held::Data => self.enter_data(),
        }
    }
}

/// Puts `ESMTP` behind the first word of the greeting (SM-001).
fn with_esmtp(greeting: &[u8]) -> Vec<u8> {
    let end = greeting.iter().position(u8::is_ascii_whitespace).unwrap_or(greeting.len());
    let (name, rest) = greeting.split_at(end);
    [name, b" ESMTP", rest].concat()
}
