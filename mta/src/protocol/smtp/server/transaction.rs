//! `MAIL`, `RCPT`, `DATA`, the message, `RSET`.

use super::action::{Abandoned, Answer, Lost, Note, Question, UnexpectedAnswer};
use super::body::{BodyReader, BodyRules};
use super::parameters::{self, Body, Rules};
use super::replies;
use super::reply::Reply;
use super::session::{Phase, Session, Topic, Transaction};
use super::verbs::Command;
use ruleset_vm::Status;
use std::time::Duration;

impl Session {
    pub(super) fn mail(&mut self, command: &Command) {
        match self.check_mail(command) {
            Ok((question, topic)) => self.ask(question, topic),
            Err(reply) => self.reply(reply),
        }
    }

    fn check_mail(&self, command: &Command) -> Result<(Question, Topic), Reply> {
        let needed = self.settings.privacy.need_mail_hello;
        if let Some(reply) = self.missing_hello(needed, replies::POLITE_PEOPLE.reply()) {
            return Err(reply);
        }
        if self.features.auth_required && !self.authenticated {
            return Err(replies::AUTH_REQUIRED.reply());
        }
        if self.transaction.is_some() {
            return Err(replies::SENDER_SPECIFIED.reply());
        }
        let argument = parameters::after_word(&command.argument, "FROM")?;
        let (address, rest) = parameters::split_address(argument);
        let rules = Rules {
            dsn: self.offers_dsn(),
            message_size: self.settings.limits.message_size,
            deliver_by_min: self.settings.limits.deliver_by_min,
        };
        let parameters = match parameters::mail(rest, rules) {
            (parameters, Ok(())) => parameters,
            (parameters, Err(reply)) => {
                let address = address.to_vec();
                let topic = Topic::FaultyMail { address: address.clone(), reply };
                return Ok((Question::FaultyMail { address, parameters }, topic));
            }
        };
        let eight_bit_mime = parameters.body == Some(Body::EightBitMime);
        let address = address.to_vec();
        let sender = address.clone();
        let transaction = Transaction { sender, eight_bit_mime, ..Transaction::default() };
        let topic = Topic::Mail { address: address.clone(), transaction };
        Ok((Question::Mail { address, parameters }, topic))
    }

    pub(super) fn mail_answered(
        &mut self,
        address: &[u8],
        transaction: Transaction,
        answer: Answer,
    ) -> Result<(), UnexpectedAnswer> {
        let shown = match answer {
            Answer::Status(status) if !status.is_ok() => {
                self.sender_refused = true;
                self.reply(Reply::from_status(&status, Some(address)));
                return Ok(());
            }
            Answer::Status(_) => None,
            Answer::Accepted { address, .. } => address,
            _ => return Err(UnexpectedAnswer),
        };
        self.transaction = Some(transaction);
        self.sender_refused = false;
        let shown = shown.as_deref().unwrap_or(address);
        self.reply(replies::SENDER_OK.reply().about(Some(shown)));
        Ok(())
    }

    pub(super) fn rcpt(&mut self, command: &Command) {
        if self.has_too_many_bad_recipients() {
            self.reply(replies::TOO_MANY_BAD_RECIPIENTS.with(&[&self.settings.hostname]));
            return self.close();
        }
        self.throttle_recipients();
        match self.check_rcpt(command) {
            Ok((question, topic)) => self.ask(question, topic),
            Err(reply) => {
                self.count_bad_recipient();
                let told = self.transaction.is_some().then(|| reply.text.clone());
                self.reply(reply);
                told.into_iter().for_each(|text| self.note(Note::RecipientRefused(text)));
            }
        }
    }

    fn check_rcpt(&self, command: &Command) -> Result<(Question, Topic), Reply> {
        let Some(transaction) = &self.transaction else {
            return Err(replies::NEED_MAIL_FIRST.reply());
        };
        let limit = self.settings.limits.recipients;
        if limit > 0 && transaction.recipients >= limit {
            return Err(replies::TOO_MANY_RECIPIENTS.reply());
        }
        let argument = parameters::after_word(&command.argument, "TO")?;
        let (address, rest) = parameters::split_address(argument);
        let address = address.to_vec();
        let parameters = match parameters::rcpt(rest, self.offers_dsn()) {
            Ok(parameters) => parameters,
            Err(reply) => {
                let topic = Topic::FaultyRcpt { address: address.clone(), reply };
                return Ok((Question::FaultyRcpt { address }, topic));
            }
        };
        Ok((Question::Rcpt { address: address.clone(), parameters }, Topic::Rcpt { address }))
    }

    pub(super) fn rcpt_answered(
        &mut self,
        address: &[u8],
        answer: Answer,
    ) -> Result<(), UnexpectedAnswer> {
        let (shown, will_queue) = match answer {
            Answer::Status(status) if !status.is_ok() => {
                self.count_bad_recipient();
                self.reply(Reply::from_status(&status, Some(address)));
                return Ok(());
            }
            Answer::Refusal(status) => {
                self.count_bad_recipient();
                self.reply(Reply::from_status(&status, None));
                return Ok(());
            }
            Answer::Status(_) => (None, false),
            Answer::Accepted { address, will_queue } => (address, will_queue),
            _ => return Err(UnexpectedAnswer),
        };
        if let Some(transaction) = &mut self.transaction {
            transaction.recipients = transaction.recipients.saturating_add(1);
        }
        let template = if will_queue { replies::RECIPIENT_QUEUED } else { replies::RECIPIENT_OK };
        let shown = shown.as_deref().unwrap_or(address);
        self.reply(template.reply().about(Some(shown)));
        Ok(())
    }

    /// What `RCPT` with parameters that are wrong is told: `refusal` comes before `reply`.
    pub(super) fn faulty_rcpt_answered(&mut self, address: &[u8], refusal: &Status, reply: Reply) {
        self.count_bad_recipient();
        if !refusal.is_ok() {
            return self.reply(Reply::from_status(refusal, Some(address)));
        }
        let text = reply.text.clone();
        self.reply(reply);
        self.note(Note::RecipientRefused(text));
    }

    fn count_bad_recipient(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.bad_recipients = transaction.bad_recipients.saturating_add(1);
        }
    }

    /// BadRcptShutdown, unless too few of all are bad (OPT-159, OPT-160).
    fn has_too_many_bad_recipients(&self) -> bool {
        let limits = &self.settings.limits;
        let Some(transaction) = &self.transaction else { return false };
        let (bad, good) =
            (u64::from(transaction.bad_recipients), u64::from(transaction.recipients));
        limits.shutdown_recipients > 0
            && bad >= u64::from(limits.shutdown_recipients)
            && bad * 100 >= u64::from(limits.shutdown_percent) * (bad + good)
    }

    /// BadRcptThrottle: one second before each further recipient (SM-062).
    fn throttle_recipients(&mut self) {
        let limit = self.settings.limits.bad_recipients;
        let bad = self.transaction.as_ref().map_or(0, |transaction| transaction.bad_recipients);
        if limit > 0 && bad >= limit {
            if bad == limit {
                self.note(Note::RecipientFlood);
            }
            self.pause(Duration::from_secs(1));
        }
    }

    pub(super) fn data(&mut self, _command: &Command) {
        match self.transaction.as_ref().map(|transaction| transaction.recipients) {
            None => self.reply(replies::NEED_MAIL.reply()),
            Some(0) => self.reply(replies::NEED_RCPT.reply()),
            Some(recipients) => self.ask(Question::Data { recipients }, Topic::Data),
        }
    }

    pub(super) fn enter_data(&mut self) {
        self.reply(replies::ENTER_MAIL.reply());
        self.phase = Phase::Data(Box::new(BodyReader::new(BodyRules {
            bare_cr: self.features.bare_cr,
            bare_lf: self.features.bare_lf,
            lenient_end: self.features.lenient_end,
            size_limit: self.settings.limits.message_size,
        })));
    }

    /// The final dot has come: refuse what the session itself can see, or ask.
    pub(super) fn body_complete(&mut self, reader: &BodyReader) {
        let limits = &self.settings.limits;
        let received = reader.received();
        let eight_bit_mime = self.transaction.as_ref().is_some_and(|it| it.eight_bit_mime);
        let fault = if reader.over_limit() {
            let (size, limit) = (received.size, limits.message_size);
            let reply = replies::MESSAGE_OVER_LIMIT.with(&[limit.to_string().as_bytes()]);
            self.abandon(Abandoned::TooLarge { size, limit });
            Some(reply)
        } else if limits.reject_nul && received.nul {
            Some(replies::NUL_BYTE.reply())
        } else if limits.reject_eight_bit && received.eight_bit && !eight_bit_mime {
            Some(replies::EIGHT_BIT_DATA.reply())
        } else {
            None
        };
        match fault {
            Some(reply) => {
                self.abandon(Abandoned::Refused);
                self.reply(reply);
            }
            None => self.ask(Question::Message(received), Topic::Message),
        }
    }

    /// A bare CR or LF: the reply, and the end, because what follows cannot be told from commands.
    pub(super) fn body_refused(&mut self, reply: Reply, in_header: bool) {
        let sender = self.transaction.as_ref().map(|it| it.sender.clone()).unwrap_or_default();
        self.note(Note::BadLineEnd { sender, info: reply.text.clone(), in_header });
        self.abandon(Abandoned::Refused);
        self.reply(reply);
        self.close();
    }

    /// The connection failed inside the message (observed; also sent after a half close).
    pub(super) fn body_lost(&mut self, how: Lost) {
        let info: &[u8] = match how {
            Lost::TimedOut => b"read timeout",
            Lost::Closed => b"unexpected close",
        };
        let sender = self.transaction.as_ref().map(|it| it.sender.clone()).unwrap_or_default();
        let reply = replies::COLLECT_LOST.with(&[&self.peer.name, &sender, info]);
        self.note(Note::LostMessage { sender, how });
        self.reply(reply);
        self.close();
    }

    pub(super) fn message_answered(&mut self, answer: Answer) -> Result<(), UnexpectedAnswer> {
        match answer {
            Answer::Queued(id) => self.reply(replies::ACCEPTED.with(&[&id])),
            Answer::Status(status) => self.reply(Reply::from_status(&status, None)),
            _ => return Err(UnexpectedAnswer),
        }
        self.transaction = None;
        Ok(())
    }

    pub(super) fn rset(&mut self, _command: &Command) {
        self.reply(replies::RESET.reply());
        self.abandon(Abandoned::Reset);
    }
}
