//! One transaction under way: which command is next, which replies are outstanding, what each
//! recipient has got so far (SM-092, SM-095..SM-100, SM-108).

use std::collections::VecDeque;

use ruleset_vm::{Enhanced, Exit, Status};

use super::command;
use super::dialogue::Settled;
use super::ehlo::Offers;
use super::meaning;
use super::outcome::{self, Outcome, Stage, Verdict};
use super::reply::Reply;
use super::settings::{Protocol, Settings};
use super::transaction::Transaction;

/// Commands without a reply at a time; more would fill the buffers of both sides while each writes.
const MAX_PIPELINED: usize = 100;

/// The next command of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Mail,
    Rcpt(usize),
    Data,
    Reset,
    Nothing,
}

/// A reply that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Mail,
    Rcpt(usize),
    Data,
    Reset,
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
    /// First line of the reply to each `RCPT` that was accepted.
    replies: Vec<Option<Vec<u8>>>,
    host: Option<Status>,
    return_body: bool,
    protocol_error: bool,
    /// The recipient the last reply decided over, if it was one alone.
    settled: Option<usize>,
    /// The connection is not to be used after this transaction.
    pub(super) closing: bool,
}

impl Exchange {
    pub(super) fn new(order: Transaction) -> Self {
        let verdicts = vec![None; order.recipients.len()];
        let replies = vec![None; order.recipients.len()];
        Self {
            order,
            next: Next::Mail,
            awaited: VecDeque::new(),
            verdicts,
            accepted: Vec::new(),
            replies,
            host: None,
            return_body: true,
            protocol_error: false,
            settled: None,
            closing: false,
        }
    }

    /// The stage whose reply comes next.
    pub(super) fn stage(&self) -> Stage {
        match self.awaited.front() {
            None | Some(Awaited::Mail) => Stage::Mail,
            Some(Awaited::Rcpt(_)) => Stage::Rcpt,
            Some(Awaited::Data) => Stage::Data,
            Some(Awaited::Reset) => Stage::Reset,
            Some(Awaited::Dot(_)) => Stage::Dot,
        }
    }

    /// The next command that may be sent now. With PIPELINING the recipients and `DATA` follow each
    /// other without waiting (RFC 2920), but not before `MAIL` has been answered (observed).
    pub(super) fn command(&mut self, settings: &Settings, offers: &Offers) -> Option<Vec<u8>> {
        loop {
            let waiting = !self.awaited.is_empty();
            let piped = offers.pipelining && self.awaited.front() != Some(&Awaited::Mail);
            if waiting && !piped || self.awaited.len() >= MAX_PIPELINED {
                return None;
            }
            match self.next {
                Next::Mail => {
                    if let Some(verdict) = outcome::too_late(self.order.by, offers) {
                        self.settle_rest(&verdict);
                    } else if let Ok(line) = command::mail(settings, offers, &self.order) {
                        return self.sent(line, Awaited::Mail, Next::Rcpt(0));
                    } else {
                        self.settle_rest(&outcome::unsendable(Stage::Mail));
                    }
                }
                Next::Rcpt(index) => {
                    let Some(recipient) = self.order.recipients.get(index) else {
                        self.next = Next::Data;
                        continue;
                    };
                    let after = Next::Rcpt(index + 1);
                    if let Ok(line) = command::rcpt(offers, recipient) {
                        return self.sent(line, Awaited::Rcpt(index), after);
                    }
                    self.next = after;
                    self.settle(index, outcome::unsendable(Stage::Rcpt));
                }
                Next::Data if waiting || !self.accepted.is_empty() => {
                    return self.sent(b"DATA".to_vec(), Awaited::Data, Next::Nothing);
                }
                Next::Data => self.next = Next::Reset,
                Next::Reset if waiting => return None,
                Next::Reset => return self.sent(b"RSET".to_vec(), Awaited::Reset, Next::Nothing),
                Next::Nothing => return None,
            }
        }
    }

    fn sent(&mut self, line: Vec<u8>, awaited: Awaited, next: Next) -> Option<Vec<u8>> {
        self.awaited.push_back(awaited);
        self.next = next;
        Some(line)
    }

    /// Takes the reply to the oldest command without one.
    pub(super) fn reply(&mut self, reply: Reply, offers: &Offers) -> After {
        let Some(awaited) = self.awaited.pop_front() else { return After::More };
        let trusted = offers.enhanced_status_codes;
        if reply.code == 421 {
            self.closing = true;
        }
        match awaited {
            Awaited::Mail => self.mail_reply(reply, offers, trusted),
            Awaited::Rcpt(index) => self.rcpt_reply(index, reply, trusted),
            Awaited::Data => return self.data_reply(reply, trusted),
            Awaited::Reset => {}
            Awaited::Dot(one) => self.dot_reply(one, reply, trusted),
        }
        After::More
    }

    fn mail_reply(&mut self, reply: Reply, offers: &Offers, trusted: bool) {
        let verdict = verdict(Stage::Mail, reply, trusted);
        if verdict.status.is_ok() {
            return;
        }
        self.return_body = !(verdict.status.reply == Some(552) && offers.size.is_some());
        self.settle_rest(&verdict);
    }

    fn rcpt_reply(&mut self, index: usize, reply: Reply, trusted: bool) {
        let verdict = verdict(Stage::Rcpt, reply, trusted);
        if self.verdicts.get(index).is_none_or(Option::is_some) {
            return;
        }
        if verdict.status.is_ok() {
            self.accepted.push(index);
            if let Some(slot) = self.replies.get_mut(index) {
                *slot = verdict.reply.and_then(|reply| reply.lines.into_iter().next());
            }
            return;
        }
        self.settle(index, verdict.clone());
        self.settled = Some(index);
        if self.closing {
            for accepted in std::mem::take(&mut self.accepted) {
                self.settle(accepted, with_code(&verdict, Enhanced::new(4, 0, 0)));
            }
            self.settle_rest(&with_code(&verdict, Enhanced::new(4, 2, 0)));
        }
    }

    /// `DATA` refused: for the time being closes the connection, for good is followed by `RSET`
    /// (SM-097).
    fn data_reply(&mut self, reply: Reply, trusted: bool) -> After {
        let verdict = verdict(Stage::Data, reply, trusted);
        if verdict.status.is_ok() {
            return After::Message;
        }
        self.closing |= verdict.status.retry;
        self.settle_rest(&verdict);
        if !self.closing {
            self.next = Next::Reset;
        }
        After::More
    }

    fn dot_reply(&mut self, one: Option<usize>, reply: Reply, trusted: bool) {
        let mut verdict = verdict(Stage::Dot, reply, trusted);
        if verdict.status.retry && verdict.status.reply != Some(452) {
            self.host = Some(verdict.status.clone());
        }
        match one {
            Some(index) => {
                if verdict.status.is_ok() {
                    verdict.status.text.clear();
                } else {
                    self.settled = Some(index);
                }
                self.settle(index, verdict.clone());
                if self.closing {
                    self.settle_rest(&with_code(&verdict, Enhanced::new(4, 0, 0)));
                }
            }
            None => self.settle_rest(&verdict),
        }
    }

    /// The recipient decided over by the last reply alone.
    pub(super) fn take_settled(&mut self) -> Option<Settled> {
        let index = self.settled.take()?;
        let verdict = self.verdicts.get(index)?.clone()?;
        Some(Settled { index, verdict: Box::new(verdict) })
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
    fn settle_rest(&mut self, verdict: &Verdict) {
        self.protocol_error |= verdict.status.exit == Exit::PROTOCOL;
        for slot in self.verdicts.iter_mut().filter(|slot| slot.is_none()) {
            *slot = Some(verdict.clone());
        }
        self.next = Next::Nothing;
        if self.closing {
            self.awaited.clear();
        }
    }

    fn settle(&mut self, index: usize, verdict: Verdict) {
        self.protocol_error |= verdict.status.exit == Exit::PROTOCOL;
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
            accepted: self.replies,
            host: self.host,
            return_body: self.return_body,
            protocol_error: self.protocol_error,
        }
    }
}

fn verdict(stage: Stage, reply: Reply, trusted: bool) -> Verdict {
    Verdict { status: meaning::meaning(stage, &reply, trusted), reply: Some(reply), stage }
}

/// `verdict` with an enhanced code of its own: after 421 the recipients that were not answered do not
/// get that of the reply (observed).
fn with_code(verdict: &Verdict, code: Enhanced) -> Verdict {
    let mut other = verdict.clone();
    other.status.enhanced = Some(code);
    other
}
