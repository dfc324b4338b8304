//! The answers to what an SMTP session asks of the world outside.

use std::time::Duration;

use ruleset_vm::Status;
use ruleset_vm::validity::label;

use super::hook_log;
use super::intake::{RecipientParameters, RecipientRefused, SenderParameters};
use super::queue_run::{self, RunOptions};
use super::smtp_session::Server;
use super::smtp_settings;
use crate::address::worker::Verdict;
use crate::events::{Event, Severity};
use crate::message::envelope::{BodyType, DeliverBy, QueueId};
use crate::protocol::smtp::server::{
    Admission, Answer, Body, Features, MailParameters, Note, Question, RcptParameters, Reply,
    Return, replies,
};
use crate::queue::selection::{Condition, Part, Selection};

/// Longest pause that greet_pause may ask for (RS-132).
const MAX_GREET_PAUSE: Duration = Duration::from_secs(300);

impl Server<'_> {
    pub(super) fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Connect => Answer::Admission(Box::new(self.admit())),
            Question::Hello { extended, name } => {
                let verb: &[u8] = if extended { b"EHLO" } else { b"HELO" };
                let command = [verb, b" ", name.as_slice()].concat();
                let refusal = self.check_other(&command, b"2");
                if refusal.is_ok() {
                    self.intake.hello(if extended { b"ESMTP" } else { b"SMTP" }, &name);
                }
                Answer::Status(refusal)
            }
            Question::Mail { address, parameters } => self.mail(&address, parameters),
            Question::FaultyMail { address, parameters } => self.faulty_mail(&address, parameters),
            Question::Rcpt { address, parameters } => self.rcpt(&address, parameters),
            Question::FaultyRcpt { address } => self.faulty_rcpt(&address),
            Question::Data { recipients } => Answer::Status(result(self.intake.data(recipients))),
            Question::Message(_) => self.message(),
            Question::Verify(argument) => self.verify(&argument, false),
            Question::Expand(argument) => self.verify(&argument, true),
            Question::Etrn(node) => Answer::Status(self.etrn(&node)),
            Question::Other { command, reply_class } => {
                let class = reply_class.to_string();
                Answer::Status(self.check_other(&command, class.as_bytes()))
            }
            // Never offered.
            Question::Auth { .. } => Answer::Status(replies::AUTH_NOT_AVAILABLE.status(&[])),
            Question::AuthAborted => Answer::Status(Status::ok()),
        }
    }

    /// check_relay, for connections to a daemon, srv_features and greet_pause, in this order (SM-002, RS-109, observed).
    fn admit(&mut self) -> Admission {
        let mut refusal = None;
        let client = self.connection.client();
        let who = client.map(|client| (client.name.clone(), client.address.clone()));
        if let Some((name, address)) = &who {
            let arguments: [&[u8]; 2] = [name, address];
            // whoever has started a program for the client has let it in (observed)
            let verdict = match self.connection.arrival {
                Some(_) => self.judge("check_relay", &arguments),
                None => Verdict::Accept,
            };
            // There is no reply to wait for.
            self.intake.report_late();
            match verdict {
                Verdict::Reject(status) => {
                    refusal = Some(status);
                    self.issued = true;
                }
                Verdict::Discard => self.intake.discard_all(),
                Verdict::Accept | Verdict::Quarantine(_) => {}
            }
        }
        // from here on rules and maps know the queue id of the first message (observed)
        self.intake.worker().macros.set(b"i", &self.id.0);
        let (features, unavailable) = self.features();
        refusal = unavailable.or(refusal);
        if refusal.is_none() && !self.intake.discards() {
            self.log(Severity::Info, 10, &[b"Milter: no active filter"]);
        }
        let (name, address) = who.unwrap_or_else(|| (b"localhost".to_vec(), b"0".to_vec()));
        let greet_pause = self.greet_pause(&[&name, &address]);
        Admission { features, refusal, greet_pause }
    }

    /// What srv_features offers this peer, and the refusal if it has none for now (RS-128).
    pub(super) fn features(&mut self) -> (Features, Option<Status>) {
        let mut refusal = None;
        let arguments: [&[u8]; 2] = [&self.connection.display, b""];
        let mut words = self.intake.worker().ask_words("srv_features", &arguments);
        if words.first().is_some_and(|word| word.eq_ignore_ascii_case(b"temp")) {
            refusal = Some(replies::TRY_AGAIN.status(&[]));
            let relay = self.intake.worker().macros.value(b"_");
            let text = [b"ERROR: srv_features=tempfail, relay=", &relay[..]].concat();
            let text = [&text[..], b", access temporarily disabled"].concat();
            self.post.log(Some(&QueueId(Vec::new())), Severity::Warning, 4, text);
            words.clear();
        }
        let modifiers = &self.connection.modifiers;
        let (features, complaints) = smtp_settings::features(&self.post.site, modifiers, &words);
        for complaint in complaints {
            self.log(Severity::Warning, 9, &[&complaint[..]]);
        }
        (features, refusal)
    }

    /// check_other, which only is asked if there is one (observed).
    fn check_other(&mut self, command: &[u8], reply_class: &[u8]) -> Status {
        match self.intake.worker().has_ruleset("check_other") {
            true => self.check("check_other", &[command, reply_class]),
            false => Status::ok(),
        }
    }

    /// The silence that greet_pause asks for, in milliseconds (RS-132).
    fn greet_pause(&mut self, arguments: &[&[u8]]) -> Option<Duration> {
        let (milliseconds, _, _) = self.intake.worker().ask("greet_pause", arguments, true)?;
        let text = String::from_utf8(milliseconds).ok()?;
        Some(Duration::from_millis(text.trim().parse().ok()?).min(MAX_GREET_PAUSE))
    }

    fn mail(&mut self, address: &[u8], parameters: MailParameters) -> Answer {
        self.issued = true;
        let begun = self.intake.begin(address, sender_parameters(parameters));
        self.in_transaction = begun.is_ok();
        match begun {
            Ok(()) => Answer::Accepted { address: self.intake.stand_in(), will_queue: false },
            Err(status) => {
                self.intake.refuse();
                Answer::Status(status)
            }
        }
    }

    fn faulty_mail(&mut self, address: &[u8], parameters: MailParameters) -> Answer {
        self.issued = true;
        let named = self.intake.name(address);
        // so that the log has them
        self.intake.take_parameters(sender_parameters(parameters));
        self.intake.refuse();
        Answer::Status(result(named.map(drop)))
    }

    fn rcpt(&mut self, address: &[u8], parameters: RcptParameters) -> Answer {
        let parameters = RecipientParameters {
            notify: parameters.notify.map(|it| (it.success, it.failure, it.delay)),
            original: parameters.orcpt,
        };
        match self.intake.recipient(address, parameters) {
            // It is no matter of the delivery mode (observed).
            Ok(taken) => Answer::Accepted { address: taken.known_as, will_queue: taken.waits },
            Err(RecipientRefused::Address(status)) => {
                self.log_refused_recipient(&status, Some(address));
                Answer::Status(status)
            }
            Err(RecipientRefused::Member(status)) => {
                self.log_refused_recipient(&status, None);
                Answer::Refusal(status)
            }
        }
    }

    fn faulty_rcpt(&mut self, address: &[u8]) -> Answer {
        let resolved = self.intake.can_resolve(address);
        if let Err(status) = &resolved {
            self.log_refused_recipient(status, Some(address));
        }
        Answer::Status(result(resolved))
    }

    fn message(&mut self) -> Answer {
        self.in_transaction = false;
        match self.intake.finish() {
            Ok(accepted) => {
                self.accepted = true;
                Answer::Queued(accepted.id.0)
            }
            Err(status) => {
                self.intake.abandon();
                Answer::Status(status)
            }
        }
    }

    /// `ETRN`: a queue run for a node, its subdomains with `@`, a queue group with `#` (SM-028).
    fn etrn(&mut self, argument: &[u8]) -> Status {
        self.issued = true;
        let refusal = self.check("check_etrn", &[argument]);
        if !refusal.is_ok() {
            return refusal;
        }
        let node = argument.to_vec();
        self.note(&Note::TurnRequested { node, rejected: false });
        if let Some(group) = argument.strip_prefix(b"#") {
            return replies::QUEUE_UNKNOWN.status(&[group]);
        }
        // `@node` means subdomains too, a plain node the part behind the `@` of a recipient.
        let text = match argument.strip_prefix(b"@") {
            Some(domain) => domain.to_vec(),
            None => [b"@", argument].concat(),
        };
        let condition = Condition { part: Part::Recipient, negated: false, text };
        let options = RunOptions {
            selection: Selection { conditions: vec![condition] },
            ..RunOptions::default()
        };
        if self.post.rehearsal.is_none() {
            let post = self.post.clone();
            self.post.in_background(move || {
                queue_run::run(&post, &options);
            });
        }
        replies::QUEUING_NODE.status(&[argument])
    }

    /// Runs a hook of the session; success or the refusal, which is logged.
    pub(super) fn check(&mut self, ruleset: &str, arguments: &[&[u8]]) -> Status {
        match self.judge(ruleset, arguments) {
            Verdict::Reject(status) => {
                self.intake.note_refusal(&status);
                status
            }
            Verdict::Accept | Verdict::Discard | Verdict::Quarantine(_) => Status::ok(),
        }
    }

    pub(super) fn judge(&mut self, ruleset: &str, arguments: &[&[u8]]) -> Verdict {
        let verdict = self.intake.worker().check(ruleset, arguments, true);
        let relay = &self.connection.display;
        if let Some(line) = hook_log::line(ruleset, arguments, relay, &verdict, None) {
            // These lines carry no queue id (LG-069).
            self.intake.tell(Event::text(Some(b""), Severity::Notice, 3, line), &verdict);
        }
        verdict
    }

    /// `ADDR... User unknown` (LG-012), for refusals that no ruleset has logged.
    fn log_refused_recipient(&mut self, status: &Status, address: Option<&[u8]>) {
        // a triple that rules got wrong is a system error, in the log already
        if self.intake.has_late_events() || status.text.starts_with(b"buildaddr:") {
            return;
        }
        let address = address.map(label);
        self.log_recipient(&Reply::from_status(status, address.as_deref()).text);
    }
}

fn sender_parameters(parameters: MailParameters) -> SenderParameters {
    SenderParameters {
        size: parameters.size,
        body: parameters.body.map(|body| match body {
            Body::SevenBit => BodyType::SevenBit,
            Body::EightBitMime => BodyType::EightBitMime,
        }),
        body_word: parameters.body_word,
        envid: parameters.envid,
        return_headers_only: parameters.ret.map(|ret| ret == Return::Headers),
        auth: parameters.auth,
        deliver_by: parameters.by.map(|by| DeliverBy::of(by.return_if_late, by.trace, by.seconds)),
    }
}

fn result(outcome: Result<(), Status>) -> Status {
    outcome.err().unwrap_or_else(Status::ok)
}
