//! One transaction under way: which command is next, which replies are outstanding, what each
//! recipient has got so far (SM-092, SM-095..SM-100, SM-108).

use std::collections::VecDeque;

use ruleset_vm::{Exit, Status};

use super::command;
use super::ehlo::Offers;
use super::outcome::{self, Outcome, Stage, Verdict};
use super::reply::Reply;
use super::settings::{Protocol, Settings};
use super::transaction::Transaction;

/// The next command of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Mail,
    Rcpt(usize),
    Data,
    Nothing,
}

/// A reply that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Mail,
    Rcpt(usize),
    Data,
    /// The reply to the final dot; with LMTP that of one recipient.
    Dot(Option<usize>),
}

/// What the session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Go on: send what may be sent, then wait.
    More,
    /// The peer waits for the message.
    Message,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Exchange {
    order: Transaction,
    next: Next,
    awaited: VecDeque<Awaited>,
    verdicts: Vec<Option<Verdict>>,
    accepted: Vec<usize>,
    host: Option<Status>,
    return_body: bool,
    protocol_error: bool,
    /// The connection is not to be used after this transaction.
    pub(super) closing: bool,
}

impl Exchange {
    pub(super) fn new(order: Transaction) -> Self {
        let verdicts = vec![None; order.recipients.len()];
        Self {
            order,
            next: Next::Mail,
            awaited: VecDeque::new(),
            verdicts,
            accepted: Vec::new(),
            host: None,
            return_body: true,
            protocol_error: false,
            closing: false,
        }
    }

    /// The stage whose reply comes next.
    pub(super) fn stage(&self) -> Stage {
        match self.awaited.front() {
            None | Some(Awaited::Mail) => Stage::Mail,
            Some(Awaited::Rcpt(_)) => Stage::Rcpt,
            Some(Awaited::Data) => Stage::Data,
            Some(Awaited::Dot(_)) => Stage::Dot,
        }
    }

    /// The next command that may be sent now. With PIPELINING the recipients and `DATA` follow each
    /// other without waiting (RFC 2920).
    pub(super) fn command(&mut self, settings: &Settings, offers: &Offers) -> Option<Vec<u8>> {
        loop {
            let waiting = !self.awaited.is_empty();
            match self.next {
                Next::Nothing => return None,
                _ if waiting && !offers.pipelining => return None,
                Next::Mail => {
                    if let Ok(line) = command::mail(settings, offers, &self.order) {
                        self.next = Next::Rcpt(0);
                        self.awaited.push_back(Awaited::Mail);
                        return Some(line);
                    }
                    self.settle_rest(&outcome::unsendable(Stage::Mail));
                    self.next = Next::Nothing;
                }
                Next::Rcpt(index) => {
                    let Some(recipient) = self.order.recipients.get(index) else {
                        self.next = Next::Data;
                        continue;
                    };
                    self.next = Next::Rcpt(index + 1);
                    if let Ok(line) = command::rcpt(offers, recipient) {
                        self.awaited.push_back(Awaited::Rcpt(index));
                        return Some(line);
                    }
                    self.settle(index, outcome::unsendable(Stage::Rcpt));
                }
                Next::Data => {
                    self.next = Next::Nothing;
                    if waiting || !self.accepted.is_empty() {
                        self.awaited.push_back(Awaited::Data);
                        return Some(b"DATA".to_vec());
                    }
                }
            }
        }
    }

    /// Takes the reply to the oldest command without one.
    pub(super) fn reply(&mut self, reply: Reply, settings: &Settings, offers: &Offers) -> After {
        let Some(awaited) = self.awaited.pop_front() else { return After::More };
        let trusted = offers.enhanced_status_codes;
        if reply.code == 421 {
            self.closing = true;
        }
        match awaited {
            Awaited::Mail => self.mail_reply(reply, offers, trusted),
            Awaited::Rcpt(index) => self.rcpt_reply(index, reply, trusted),
            Awaited::Data => return self.data_reply(reply, trusted),
            Awaited::Dot(one) => self.dot_reply(one, reply, trusted, settings),
        }
        After::More
    }

    fn mail_reply(&mut self, reply: Reply, offers: &Offers, trusted: bool) {
        let verdict = verdict(Stage::Mail, reply, trusted);
        if verdict.status.is_ok() {
            return;
        }
        self.return_body = !(verdict.status.reply == Some(552) && offers.size.is_some());
        self.refuse_rest(&verdict);
    }

    fn rcpt_reply(&mut self, index: usize, reply: Reply, trusted: bool) {
        let verdict = verdict(Stage::Rcpt, reply, trusted);
        if self.verdicts.get(index).is_none_or(Option::is_some) {
            return;
        }
        if verdict.status.is_ok() {
            self.accepted.push(index);
        } else if self.closing {
            self.refuse_rest(&verdict);
        } else {
            self.protocol_error |= verdict.status.exit == Exit::PROTOCOL;
            self.settle(index, verdict);
        }
    }

    fn data_reply(&mut self, reply: Reply, trusted: bool) -> After {
        let verdict = verdict(Stage::Data, reply, trusted);
        if verdict.status.is_ok() {
            return After::Message;
        }
        self.closing |= verdict.status.retry;
        self.refuse_rest(&verdict);
        After::More
    }

    fn dot_reply(&mut self, one: Option<usize>, reply: Reply, trusted: bool, settings: &Settings) {
        let verdict = verdict(Stage::Dot, reply, trusted);
        if verdict.status.retry && verdict.status.reply != Some(452) {
            self.host = Some(verdict.status.clone());
        }
        self.protocol_error |= verdict.status.exit == Exit::PROTOCOL;
        match (settings.protocol, one) {
            (Protocol::Lmtp, Some(index)) => self.settle(index, verdict),
            _ => self.settle_rest(&verdict),
        }
    }

    /// The message has been sent: the replies to the final dot are awaited.
    pub(super) fn message_sent(&mut self, settings: &Settings) {
        match settings.protocol {
            Protocol::Smtp => self.awaited.push_back(Awaited::Dot(None)),
            Protocol::Lmtp => {
                self.awaited.extend(self.accepted.iter().map(|&index| Awaited::Dot(Some(index))));
            }
        }
    }

    /// Whether somebody is to get the message.
    pub(super) fn has_accepted(&self) -> bool {
        self.accepted.iter().any(|&index| self.verdicts.get(index).is_some_and(Option::is_none))
    }

    /// Whether nothing is left to send or to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.awaited.is_empty() && self.next == Next::Nothing
    }

    /// Gives every recipient without verdict this one and stops sending.
    pub(super) fn refuse_rest(&mut self, verdict: &Verdict) {
        self.protocol_error |= verdict.status.exit == Exit::PROTOCOL;
        self.settle_rest(verdict);
        self.next = Next::Nothing;
        if self.closing {
            self.awaited.clear();
        }
    }

    fn settle_rest(&mut self, verdict: &Verdict) {
        for slot in self.verdicts.iter_mut().filter(|slot| slot.is_none()) {
            *slot = Some(verdict.clone());
        }
    }

    fn settle(&mut self, index: usize, verdict: Verdict) {
        if let Some(slot) = self.verdicts.get_mut(index) {
            slot.get_or_insert(verdict);
        }
    }

    /// The result; a recipient still without verdict gets `missing`.
    pub(super) fn outcome(self, missing: &Verdict) -> Outcome {
        Outcome {
            recipients: self
                .verdicts
                .into_iter()
                .map(|verdict| verdict.unwrap_or_else(|| missing.clone()))
                .collect(),
            host: self.host,
            return_body: self.return_body,
            protocol_error: self.protocol_error,
        }
    }
}

fn verdict(stage: Stage, reply: Reply, trusted: bool) -> Verdict {
    Verdict { status: outcome::meaning(stage, &reply, trusted), reply: Some(reply), stage }
}
