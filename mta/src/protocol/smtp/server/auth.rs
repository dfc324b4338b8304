//! `AUTH` (RFC 4954): the exchange of lines. What they mean is the caller's.

use super::action::{Answer, Question, UnexpectedAnswer};
use super::base64;
use super::replies;
use super::reply::Reply;
use super::session::{Phase, Session, Topic};
use super::verbs::Command;

impl Session {
    pub(super) fn auth(&mut self, command: &Command) {
        let refusal = if self.features.auth.is_empty() {
            Some(replies::AUTH_NOT_AVAILABLE)
        } else if self.authenticated {
            Some(replies::ALREADY_AUTHENTICATED)
        } else if self.transaction.is_some() {
            Some(replies::AUTH_IN_TRANSACTION)
        } else {
            None
        };
        if let Some(template) = refusal {
            return self.reply(template.reply());
        }
        self.counters.auth += 1;
        if !self.slow_down("AUTH", self.counters.auth, self.settings.limits.auth) {
            return;
        }
        if command.argument.is_empty() {
            return self.reply(replies::AUTH_MECHANISM_MISSING.reply());
        }
        let mut words = command.argument.splitn(2, u8::is_ascii_whitespace);
        let named = words.next().unwrap_or_default();
        let mechanism = named.to_ascii_uppercase();
        if !self.features.auth.iter().any(|known| known.eq_ignore_ascii_case(&mechanism)) {
            return self.reply(replies::AUTH_MECHANISM_UNKNOWN.with(&[named]));
        }
        let response = match words.next().map(<[u8]>::trim_ascii) {
            None | Some(b"") => None,
            Some(b"=") => Some(Vec::new()),
            Some(encoded) => match base64::decode(encoded) {
                Some(decoded) => Some(decoded),
                None => return self.reply(replies::AUTH_BASE64.with(&[encoded])),
            },
        };
        self.ask_auth(mechanism, response);
    }

    pub(super) fn auth_response(&mut self, mechanism: Vec<u8>, line: &[u8]) {
        let line = line.trim_ascii();
        if line == b"*" {
            return self.ask(Question::AuthAborted, Topic::AuthAborted);
        }
        match base64::decode(line) {
            Some(decoded) => self.ask_auth(mechanism, Some(decoded)),
            None => self.reply(replies::AUTH_DECODE.with(&[line])),
        }
    }

    fn ask_auth(&mut self, mechanism: Vec<u8>, response: Option<Vec<u8>>) {
        let topic = Topic::Auth { mechanism: mechanism.clone() };
        self.ask(Question::Auth { mechanism, response }, topic);
    }

    pub(super) fn auth_answered(
        &mut self,
        mechanism: Vec<u8>,
        answer: Answer,
    ) -> Result<(), UnexpectedAnswer> {
        match answer {
            Answer::Challenge(challenge) => {
                let encoded = base64::encode(&challenge);
                self.reply(replies::AUTH_CHALLENGE.with(&[&encoded]));
                self.phase = Phase::AuthResponse(mechanism);
            }
            Answer::Status(status) if status.is_ok() => {
                self.authenticated = true;
                self.reply(replies::AUTHENTICATED.reply());
            }
            Answer::Status(status) => self.reply(Reply::from_status(&status, None)),
            _ => return Err(UnexpectedAnswer),
        }
        Ok(())
    }
}
