//! The connection: greeting, hello, transactions one after another, quit.

use std::mem;

use ruleset_vm::{Exit, Status};

use super::command;
use super::dialogue::{Dialogue, Line};
use super::ehlo::Offers;
use super::exchange::{After, Exchange};
use super::meaning;
use super::outcome::{self, Loss, Outcome, Refusal, Stage, Verdict};
use super::reply::{Reply, ReplyReader};
use super::settings::{Esmtp, Protocol, Settings};
use super::transaction::Transaction;

/// The limits of waiting, by the names of the `Timeout` options (OPT-216..OPT-228).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// `Timeout.initial`: the greeting.
    Initial,
    /// `Timeout.helo`: reply to `EHLO` or `HELO`.
    Helo,
    /// `Timeout.lhlo`: reply to `LHLO`.
    Lhlo,
    /// `Timeout.mail`
    Mail,
    /// `Timeout.rcpt`
    Rcpt,
    /// `Timeout.datainit`: reply to `DATA`.
    DataInit,
    /// `Timeout.datafinal`: reply to the final dot.
    DataFinal,
    /// `Timeout.rset`
    Rset,
    /// `Timeout.quit`
    Quit,
    /// `Timeout.misc`: `VERB`.
    Misc,
}

/// What the caller is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes.
    Write(Vec<u8>),
    /// Read, then [`Client::feed`]; on failure [`Client::lost`].
    Wait {
        /// Which limit applies.
        what: Timeout,
    },
    /// Write the message (each block within `Timeout.datablock`), then [`Client::message_sent`].
    SendMessage,
    /// The connection is ready: [`Client::begin`] or [`Client::quit`].
    Idle,
    /// The transaction is over.
    Done(Outcome),
    /// The peer takes no mail; a transaction given to [`Client::begin`] was not begun. `QUIT`
    /// follows by itself.
    Refused(Refusal),
    /// Close the connection; nothing follows.
    Close,
}

#[derive(Debug)]
enum State {
    Greeting,
    Hello { extended: bool },
    Verb,
    Idle,
    Reset(Box<Exchange>),
    Exchange(Box<Exchange>),
    Message(Box<Exchange>),
    Quit,
    Closed,
}

/// The client side of one connection; see the [module](super).
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    offers: Offers,
    extended: bool,
    state: State,
    replies: ReplyReader,
    out: Vec<u8>,
    result: Option<Step>,
    dialogue: Dialogue,
    loss: Option<Loss>,
    /// A transaction was begun on this connection: `RSET` comes before the next (SM-101).
    used: bool,
}

impl Client {
    /// A client on a fresh connection: the peer speaks first.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            offers: Offers::default(),
            extended: false,
            state: State::Greeting,
            replies: ReplyReader::default(),
            out: Vec::new(),
            result: None,
            dialogue: Dialogue::new(),
            loss: None,
            used: false,
        }
    }

    /// Whether the peer has taken `EHLO` or `LHLO`.
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.extended
    }

    /// What the peer offered; nothing before the hello is over.
    #[must_use]
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The settings given.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How the connection was lost, if it was.
    #[must_use]
    pub fn loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    /// The lines said since the last call.
    pub fn take_dialogue(&mut self) -> Dialogue {
        mem::take(&mut self.dialogue)
    }

    /// Takes bytes read from the peer.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.replies.feed(bytes);
    }

    /// What to do next.
    pub fn step(&mut self) -> Step {
        loop {
            self.advance();
            if !self.out.is_empty() {
                return Step::Write(mem::take(&mut self.out));
            }
            if let Some(step) = self.result.take() {
                return step;
            }
            let what = match &self.state {
                State::Closed => return Step::Close,
                State::Idle => return Step::Idle,
                State::Message(_) => return Step::SendMessage,
                State::Greeting => Timeout::Initial,
                State::Hello { .. } if self.settings.protocol == Protocol::Lmtp => Timeout::Lhlo,
                State::Hello { .. } => Timeout::Helo,
                State::Verb => Timeout::Misc,
                State::Reset(_) => Timeout::Rset,
                State::Quit => Timeout::Quit,
                State::Exchange(exchange) => timeout_of(exchange.stage()),
            };
            match self.replies.next_reply() {
                Ok(Some(reply)) => self.take(reply),
                Ok(None) => return Step::Wait { what },
                Err(_) => self.lost(&Loss::Babble),
            }
        }
    }

    /// Begins a transaction; only after [`Step::Idle`], else without effect. Returns whether it was
    /// begun.
    pub fn begin(&mut self, order: Transaction) -> bool {
        if !matches!(self.state, State::Idle) {
            return false;
        }
        let exchange = Box::new(Exchange::new(order));
        if mem::replace(&mut self.used, true) {
            self.say(b"RSET".to_vec());
            self.state = State::Reset(exchange);
        } else {
            self.state = State::Exchange(exchange);
        }
        true
    }

    /// The message after [`Step::SendMessage`] is written; the final dot follows.
    pub fn message_sent(&mut self) {
        match mem::replace(&mut self.state, State::Closed) {
            State::Message(mut exchange) => {
                self.say(b".".to_vec());
                exchange.message_sent(&self.settings);
                self.state = State::Exchange(exchange);
            }
            other => self.state = other,
        }
    }

    /// The message cannot be read to its end (only after [`Step::SendMessage`]): the connection is given up without the final dot, so
    /// that the peer does not take half of it. Recipients without verdict get `status`.
    pub fn abandon(&mut self, status: Status) {
        match mem::replace(&mut self.state, State::Closed) {
            State::Message(exchange) => self.finish(exchange, status, Some(Stage::Data)),
            other => self.state = other,
        }
    }

    /// Ends the session; only after [`Step::Idle`], else without effect.
    pub fn quit(&mut self) {
        if matches!(self.state, State::Idle) {
            self.say(b"QUIT".to_vec());
            self.state = State::Quit;
        }
    }

    /// Reading or writing failed. The outcome follows from [`Client::step`], then [`Step::Close`].
    pub fn lost(&mut self, loss: &Loss) {
        let status = outcome::lost(loss, &self.settings.peer);
        self.out.clear();
        self.replies.clear();
        self.loss = Some(loss.clone());
        match mem::replace(&mut self.state, State::Closed) {
            State::Greeting => self.refuse(Stage::Greeting, status, None),
            State::Hello { .. } | State::Verb => self.refuse(Stage::Hello, status, None),
            State::Reset(_) => self.refuse(Stage::Reset, status, None),
            State::Exchange(exchange) => self.finish(exchange, status, None),
            State::Message(exchange) => self.finish(exchange, status, Some(Stage::Dot)),
            State::Idle | State::Quit | State::Closed => {}
        }
    }

    /// Hands out the outcome; recipients without verdict get `status`.
    fn finish(&mut self, exchange: Box<Exchange>, status: Status, stage: Option<Stage>) {
        let stage = stage.unwrap_or_else(|| exchange.stage());
        let missing = Verdict { status, reply: None, stage };
        self.result = Some(Step::Done(exchange.outcome(&missing)));
    }

    /// Sends what may be sent and ends a transaction that is over.
    fn advance(&mut self) {
        let State::Exchange(exchange) = &mut self.state else { return };
        let mut lines = Vec::new();
        while let Some(line) = exchange.command(&self.settings, &self.offers) {
            lines.push(line);
        }
        let over = lines.is_empty() && exchange.is_over();
        for line in lines {
            self.say(line);
        }
        if over {
            self.conclude();
        }
    }

    fn conclude(&mut self) {
        if let State::Exchange(exchange) = mem::replace(&mut self.state, State::Idle) {
            if exchange.closing {
                self.say(b"QUIT".to_vec());
                self.state = State::Quit;
            }
            let unreached = outcome::lost(&Loss::Closed, &self.settings.peer);
            self.finish(exchange, unreached, None);
        }
    }

    fn take(&mut self, reply: Reply) {
        for line in &reply.lines {
            let (code, text) = (reply.code, line.clone());
            self.dialogue.push(Line::Received { code, text, settles: None });
        }
        match mem::replace(&mut self.state, State::Closed) {
            State::Greeting => self.greeted(reply),
            State::Hello { extended } => self.helloed(extended, reply),
            State::Verb => self.state = State::Idle,
            State::Reset(exchange) => self.reset_done(exchange, reply),
            State::Exchange(exchange) => self.exchanged(exchange, reply),
            other @ (State::Idle | State::Message(_)) => self.state = other,
            State::Quit | State::Closed => {}
        }
    }

    fn greeted(&mut self, reply: Reply) {
        if reply.class() != 2 {
            return self.refuse_with(Stage::Greeting, reply);
        }
        let esmtp = self.settings.protocol == Protocol::Lmtp
            || match self.settings.esmtp {
                Esmtp::Always => true,
                Esmtp::Never => false,
                Esmtp::IfGreeted => {
                    reply.lines.iter().any(|line| line.windows(5).any(|word| word == b"ESMTP"))
                }
            };
        self.hello(esmtp);
    }

    fn hello(&mut self, extended: bool) {
        self.say(command::hello(&self.settings, extended));
        self.state = State::Hello { extended };
    }

    fn helloed(&mut self, extended: bool, reply: Reply) {
        match reply.class() {
            2 => self.extended = extended,
            5 if extended && self.settings.protocol == Protocol::Smtp => return self.hello(false),
            _ => return self.refuse_with(Stage::Hello, reply),
        }
        if self.settings.protocol == Protocol::Smtp && self.is_loop(&reply) {
            let status = Status::from_reply(
                Exit::CONFIG,
                553,
                ruleset_vm::Enhanced::new(5, 3, 5),
                b"config error: mail loops back to me (MX problem?)".to_vec(),
            );
            return self.refuse(Stage::Hello, status, Some(reply));
        }
        if extended {
            self.offers = Offers::read(&reply);
        }
        self.state = State::Idle;
        if self.settings.verbose {
            self.say(b"VERB".to_vec());
            self.state = State::Verb;
        }
    }

    fn is_loop(&self, reply: &Reply) -> bool {
        let text = Reply::text_of(reply.first_line());
        let name = text.split(u8::is_ascii_whitespace).next().unwrap_or(&[]);
        self.settings.loop_name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    fn reset_done(&mut self, exchange: Box<Exchange>, reply: Reply) {
        if reply.class() == 2 {
            self.state = State::Exchange(exchange);
        } else {
            self.refuse_with(Stage::Reset, reply);
        }
    }

    fn exchanged(&mut self, mut exchange: Box<Exchange>, reply: Reply) {
        let after = exchange.reply(reply, &self.offers);
        if let Some(Line::Received { settles, .. }) = self.dialogue.last_mut() {
            *settles = exchange.take_settled();
        }
        match after {
            After::Message if exchange.has_accepted() => self.state = State::Message(exchange),
            After::Message => {
                // Pipelined DATA was accepted although nobody is left to get the message (RFC 2920 3.1).
                self.say(b".".to_vec());
                exchange.message_sent(&self.settings);
                self.state = State::Exchange(exchange);
            }
            After::More => self.state = State::Exchange(exchange),
        }
    }

    fn refuse_with(&mut self, stage: Stage, reply: Reply) {
        let status = meaning::meaning(stage, &reply, self.offers.enhanced_status_codes);
        self.refuse(stage, status, Some(reply));
    }

    /// Ends the session before a transaction; `QUIT` is said only if the peer still listens.
    fn refuse(&mut self, stage: Stage, status: Status, reply: Option<Reply>) {
        if reply.is_some() {
            self.say(b"QUIT".to_vec());
            self.state = State::Quit;
        } else {
            self.state = State::Closed;
        }
        self.result = Some(Step::Refused(Refusal { stage, status, reply }));
    }

    fn say(&mut self, line: Vec<u8>) {
        self.out.extend_from_slice(&line);
        self.out.extend_from_slice(&self.settings.eol);
        self.dialogue.push(Line::Sent(line));
    }
}

fn timeout_of(stage: Stage) -> Timeout {
    match stage {
        Stage::Greeting => Timeout::Initial,
        Stage::Hello => Timeout::Helo,
        Stage::Reset => Timeout::Rset,
        Stage::Mail => Timeout::Mail,
        Stage::Rcpt => Timeout::Rcpt,
        Stage::Data => Timeout::DataInit,
        Stage::Dot => Timeout::DataFinal,
    }
}
