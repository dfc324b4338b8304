//! Everything beside mail itself: `VRFY`, `EXPN`, `ETRN`, `HELP`, `VERB`, `NOOP`, `QUIT`, and the
//! commands that are refused or unknown.

use super::action::{Abandoned, Answer, Note, Question, UnexpectedAnswer, Verified};
use super::help;
use super::replies::{self, Template};
use super::reply::{Reply, shortened};
use super::session::{Session, Topic};
use super::verbs::Command;
use ruleset_vm::Status;
use std::time::Duration;

/// Longest pause before the reply to a `VRFY` or `EXPN` that yields nothing (observed: the pause
/// doubles only before replies with an address).
const FRUITLESS: Duration = Duration::from_secs(1);

/// `Full Name <address>`; 252 where it is only passed on.
fn address_line(verified: &Verified) -> Reply {
    let mut line = verified.full_name.clone();
    if !line.is_empty() {
        line.push(b' ');
    }
    let line = [&line[..], b"<", &verified.address, b">"].concat();
    let mut reply = replies::ADDRESS.with(&[&line]);
    reply.code = if verified.certain { 250 } else { 252 };
    reply
}

impl Session {
    pub(super) fn vrfy(&mut self, command: &Command) {
        let privacy = self.settings.privacy;
        self.inquire(command, privacy.need_vrfy_hello, privacy.no_vrfy, false);
    }

    pub(super) fn expn(&mut self, command: &Command) {
        let privacy = self.settings.privacy;
        let refused = privacy.no_expn || !self.features.expn;
        self.inquire(command, privacy.need_expn_hello, refused, true);
    }

    fn inquire(&mut self, command: &Command, need_hello: bool, refused: bool, expand: bool) {
        self.counters.verify += 1;
        let limit = self.settings.limits.verify;
        let name = if expand { "EXPN" } else { "VRFY" };
        let Some(pause) = self.price(name, self.counters.verify, limit) else { return };
        let introduced = self.missing_hello(need_hello, replies::POLITE_PEOPLE.reply()).is_none();
        if refused || introduced {
            self.note(Note::Inquiry { line: command.line.clone(), rejected: refused });
        }
        let introduce = replies::INTRODUCE_YOURSELF.reply();
        let argument = command.argument.clone();
        let refusal = if refused {
            let reply = if expand { replies::NOT_ALLOWED } else { replies::CANNOT_VRFY };
            Some(reply.reply())
        } else if let Some(reply) = self.missing_hello(need_hello, introduce) {
            Some(reply)
        } else if argument.is_empty() {
            Some(replies::ARGUMENT_REQUIRED.reply())
        } else {
            None
        };
        if let Some(reply) = refusal {
            self.pause(pause.min(FRUITLESS));
            return self.reply(reply);
        }
        let topic = Topic::Verify { argument: argument.clone(), pause };
        let question = if expand { Question::Expand(argument) } else { Question::Verify(argument) };
        self.ask(question, topic);
    }

    fn inquiry_refused(&mut self, status: &Status, argument: Option<&[u8]>, pause: Duration) {
        self.pause(if status.is_ok() { pause } else { pause.min(FRUITLESS) });
        self.reply(Reply::from_status(status, argument));
    }

    pub(super) fn verify_answered(
        &mut self,
        argument: &[u8],
        pause: Duration,
        answer: Answer,
    ) -> Result<(), UnexpectedAnswer> {
        let addresses = match answer {
            Answer::Addresses(addresses) => addresses,
            Answer::Status(status) => {
                self.inquiry_refused(&status, Some(argument), pause);
                return Ok(());
            }
            Answer::Refusal(status) => {
                self.inquiry_refused(&status, None, pause);
                return Ok(());
            }
            _ => return Err(UnexpectedAnswer),
        };
        self.pause(pause);
        let lines: Vec<Reply> = addresses.iter().map(address_line).collect();
        self.reply_lines(&lines);
        Ok(())
    }

    pub(super) fn etrn(&mut self, command: &Command) {
        if self.settings.privacy.no_etrn || !self.features.etrn {
            self.reply(replies::NOT_ALLOWED.reply());
            let node = command.argument.clone();
            return self.note(Note::TurnRequested { node, rejected: true });
        }
        if command.argument.is_empty() {
            return self.reply(replies::PARAMETER_REQUIRED.reply());
        }
        self.counters.etrn += 1;
        let limit = self.settings.limits.etrn;
        if self.slow_down("ETRN", self.counters.etrn, limit) {
            self.ask(Question::Etrn(command.argument.clone()), Topic::Etrn);
        }
    }

    pub(super) fn help(&mut self, command: &Command) {
        let reply = match &self.settings.help {
            None => replies::HELP_MISSING.with(&[&self.settings.program]),
            Some(file) => help::find(file, &command.argument, &self.settings.program),
        };
        self.reply(reply);
    }

    pub(super) fn noop(&mut self, command: &Command) {
        self.counters.noop += 1;
        let limit = self.settings.limits.noop;
        if self.slow_down("NOOP", self.counters.noop, limit) {
            self.after_check_other(command, replies::OK.reply(), false);
        }
    }

    pub(super) fn verb(&mut self, command: &Command) {
        self.counters.noop += 1;
        let limit = self.settings.limits.noop;
        if !self.slow_down("VERB", self.counters.noop, limit) {
            return;
        }
        let privacy = self.settings.privacy;
        if privacy.no_verb || privacy.no_expn || !self.features.verb {
            return self.reply(replies::VERBOSE_UNAVAILABLE.reply());
        }
        self.after_check_other(command, replies::VERBOSE.reply(), true);
    }

    pub(super) fn quit(&mut self, _command: &Command) {
        self.reply(replies::CLOSING.with(&[&self.settings.hostname]));
        self.abandon(Abandoned::Quit);
        self.close();
    }

    pub(super) fn not_implemented(&mut self, command: &Command) {
        self.known_but_refused(command, replies::NOT_IMPLEMENTED);
    }

    pub(super) fn intruder(&mut self, command: &Command) {
        let line = command.line.trim_ascii_start();
        let name = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        self.note(Note::Intruder(name.to_ascii_lowercase()));
        self.known_but_refused(command, replies::UNRECOGNIZED);
    }

    pub(super) fn unrecognized(&mut self, command: &Command) {
        if self.count_bad_command() {
            self.known_but_refused(command, replies::UNRECOGNIZED);
        }
    }

    /// Names the command in the reply. Known commands do not count as bad ones (observed).
    fn known_but_refused(&mut self, command: &Command, template: Template) {
        let reply = template.with(&[&shortened(&command.line)]);
        self.after_check_other(command, reply, false);
    }

    /// Asks check_other, if there is one, before the reply is given and the command takes effect.
    fn after_check_other(&mut self, command: &Command, reply: Reply, verbose: bool) {
        let question =
            Question::Other { command: command.line.clone(), reply_class: reply.code / 100 };
        let topic = Topic::Other { reply, verbose };
        if self.settings.check_other {
            self.ask(question, topic);
        } else if let Topic::Other { reply, verbose } = topic {
            self.other_answered(reply, verbose, &Status::ok());
        }
    }

    /// A refusal takes the place of the reply; 421 ends the session (RS-099). The oracle answers a
    /// refused `NOOP` or `VERB` twice, which puts both sides out of step: not imitated.
    pub(super) fn other_answered(&mut self, reply: Reply, verbose: bool, status: &Status) {
        if status.is_ok() {
            self.verbose |= verbose;
            return self.reply(reply);
        }
        let refusal = Reply::from_status(status, None);
        let ends = refusal.code == 421;
        self.reply(refusal);
        if ends {
            self.close();
        }
    }
}
