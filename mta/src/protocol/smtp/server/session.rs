//! The session: bytes in, actions out. The verbs have their own files.

use super::action::{Abandoned, Action, Answer, Lost, Note, Question, Timeout, UnexpectedAnswer};
use super::body::{BodyReader, End};
use super::replies;
use super::reply::{Reply, render_lines};
use super::settings::{Admission, Features, Peer, Settings};
use super::slowdown::{Counters, Measure, measure};
use super::verbs;
use memchr::memchr;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Longest command line with its line end (observed: 2048 accepted, 2049 refused).
pub const MAX_COMMAND: usize = 2048;

/// Octets read as one line. What an `AUTH` line has beyond them is taken for the next one; other
/// commands are refused for their length (observed).
pub const MAX_LINE: usize = 12287;

/// One SMTP session with one peer, the server's side.
#[derive(Debug)]
pub struct Session {
    pub(super) settings: Arc<Settings>,
    pub(super) peer: Peer,
    pub(super) features: Features,
    pub(super) counters: Counters,
    pub(super) phase: Phase,
    /// Set once `HELO` or `EHLO` succeeded.
    pub(super) greeted: bool,
    /// Commands of substance get this reply.
    pub(super) refusal: Option<Reply>,
    pub(super) transaction: Option<Transaction>,
    /// The last `MAIL` was refused by its address: whoever answers may want to hear when it is over.
    pub(super) sender_refused: bool,
    pub(super) authenticated: bool,
    pub(super) verbose: bool,
    tls: bool,
    first_command: bool,
    pub(super) ended: Option<Lost>,
    pub(super) input: Vec<u8>,
    /// The part of `input` already looked at for a line end.
    scanned: usize,
    pub(super) out: VecDeque<Action>,
}

/// Between `MAIL` and the end of the message.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    /// The address of `MAIL` as written.
    pub(super) sender: Vec<u8>,
    pub(super) recipients: u32,
    pub(super) bad_recipients: u32,
    pub(super) eight_bit_mime: bool,
}

/// A line as it was read.
struct Line {
    /// Without its end.
    text: Vec<u8>,
    /// Octets, the end included.
    length: usize,
}

/// What the session is waiting for.
#[derive(Debug)]
pub(super) enum Phase {
    Start,
    /// A question is out.
    Asked(Box<Question>, Topic),
    /// The greeting waits for its pause.
    GreetPause,
    /// A peek is out; this follows.
    Listening(Held),
    Command,
    AuthResponse(Vec<u8>),
    Data(Box<BodyReader>),
    Handshake,
    Closed,
}

/// The question that is out, with what its reply needs.
#[derive(Clone, Debug)]
pub(super) enum Topic {
    Connect,
    Hello { extended: bool, sane: bool },
    Mail { address: Vec<u8>, transaction: Transaction },
    FaultyMail { address: Vec<u8>, reply: Reply },
    Rcpt { address: Vec<u8> },
    FaultyRcpt { address: Vec<u8>, reply: Reply },
    Data,
    Message,
    Verify { argument: Vec<u8>, pause: Duration },
    Etrn,
    Other { reply: Reply, verbose: bool },
    Auth { mechanism: Vec<u8> },
    AuthAborted,
}

/// A reply held back until it is known whether the peer spoke too early.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Hello { extended: bool, name: Vec<u8> },
    Data,
}

impl Session {
    /// A session with a peer that has just connected.
    #[must_use]
    pub fn new(settings: Arc<Settings>, peer: Peer) -> Self {
        Self {
            settings,
            peer,
            features: Features::default(),
            counters: Counters::default(),
            phase: Phase::Start,
            greeted: false,
            refusal: None,
            transaction: None,
            sender_refused: false,
            authenticated: false,
            verbose: false,
            tls: false,
            first_command: true,
            ended: None,
            input: Vec::new(),
            scanned: 0,
            out: VecDeque::new(),
        }
    }

    /// Takes bytes of the peer. They are kept until they can be used: feed when asked for by
    /// [`Action::Read`], [`Action::Peek`] or [`Action::AwaitSilence`], a buffer at a time.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.phase, Phase::Closed) {
            self.input.extend_from_slice(bytes);
        }
    }

    /// What is to be done next. A question is repeated until it is answered, [`Action::StartTls`]
    /// until the handshake is done, [`Action::Close`] for ever.
    pub fn poll(&mut self) -> Action {
        loop {
            if let Some(action) = self.out.pop_front() {
                return action;
            }
            match std::mem::replace(&mut self.phase, Phase::Command) {
                Phase::Start => self.ask(Question::Connect, Topic::Connect),
                Phase::Asked(question, topic) => {
                    let action = Action::Ask((*question).clone());
                    self.phase = Phase::Asked(question, topic);
                    return action;
                }
                Phase::GreetPause => self.greet(),
                Phase::Listening(held) => self.release(held),
                Phase::Command => {
                    if let Some(line) = self.take_line() {
                        self.command_line(&line);
                    } else if let Some(timeout) = self.starved(Timeout::Command) {
                        return Action::Read(timeout);
                    }
                }
                Phase::AuthResponse(mechanism) => {
                    if let Some(line) = self.take_line() {
                        self.auth_line(mechanism, &line);
                    } else if let Some(timeout) = self.starved(Timeout::Auth) {
                        self.phase = Phase::AuthResponse(mechanism);
                        return Action::Read(timeout);
                    }
                }
                Phase::Data(reader) => {
                    if let Some(action) = self.read_body(reader) {
                        return action;
                    }
                }
                Phase::Handshake => {
                    self.phase = Phase::Handshake;
                    return Action::StartTls;
                }
                Phase::Closed => {
                    self.phase = Phase::Closed;
                    return Action::Close;
                }
            }
        }
    }

    /// Answers the question asked last.
    ///
    /// # Errors
    /// If nothing was asked, or the answer is of another kind; the question then stays open.
    pub fn answer(&mut self, answer: Answer) -> Result<(), UnexpectedAnswer> {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Asked(question, topic) => {
                let taken = self.take_answer(topic.clone(), answer);
                taken.inspect_err(|_| self.phase = Phase::Asked(question, topic))
            }
            other => {
                self.phase = other;
                Err(UnexpectedAnswer)
            }
        }
    }

    /// The TLS handshake asked for by [`Action::StartTls`] is done. Everything said before is
    /// forgotten (SM-074), clear-text input behind `STARTTLS` included.
    pub fn tls_started(&mut self, features: Features) {
        self.features = features;
        self.tls = true;
        self.greeted = false;
        self.authenticated = false;
        self.first_command = true;
        self.input.clear();
        self.scanned = 0;
        self.phase = Phase::Command;
    }

    /// Commands of substance get this reply from now on.
    pub fn refuse(&mut self, status: &ruleset_vm::Status) {
        self.refusal = Some(Reply::from_status(status, None));
    }

    /// The peer counts as authenticated without an exchange of `AUTH`.
    pub fn authenticate(&mut self) {
        self.authenticated = true;
    }

    /// The connection is gone or silent. What was read before is still worked off; then the session
    /// ends, without a word unless a message was being read (observed).
    pub fn lost(&mut self, how: Lost) {
        if self.ended.is_none() && !matches!(self.phase, Phase::Closed) {
            self.ended = Some(how);
            // A message that breaks off has words of its own.
            if !matches!(self.phase, Phase::Data(_)) {
                self.note(Note::LostInput(how));
            }
        }
    }

    /// Ends the session from this side, as when the daemon stops (SM-036).
    pub fn shut_down(&mut self) {
        if !matches!(self.phase, Phase::Closed) {
            self.reply(replies::SHUTTING_DOWN.with(&[&self.settings.hostname]));
            self.close();
        }
    }

    /// A line of detail for a peer that said `VERB`: `050 text` (SM-027). Without it, nothing.
    pub fn verbose_line(&mut self, text: &[u8]) {
        if self.verbose {
            let reply = Reply { code: 50, enhanced: None, text: text.to_vec() };
            self.reply(reply);
        }
    }

    /// Whether the peer said `VERB`.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether TLS was started.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    fn command_line(&mut self, line: &Line) {
        let auth = line.text.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        if line.length > MAX_COMMAND && !auth {
            return self.too_long(line.length);
        }
        self.command(&line.text);
    }

    fn auth_line(&mut self, mechanism: Vec<u8>, line: &Line) {
        if line.length >= MAX_LINE {
            return self.too_long(line.length);
        }
        self.auth_response(mechanism, &line.text);
    }

    fn too_long(&mut self, length: usize) {
        self.note(Note::CommandTooLong(length));
        let arguments: [&[u8]; 2] = [&self.settings.hostname, &self.peer.display];
        let reply = replies::COMMAND_TOO_LONG.with(&arguments);
        self.reply(reply);
        self.close();
    }

    /// No line is there: read on, take what came before the end of input for a line, or give up.
    fn starved(&mut self, timeout: Timeout) -> Option<Timeout> {
        match self.ended {
            None => return Some(timeout),
            Some(Lost::Closed) if timeout == Timeout::Command && !self.input.is_empty() => {
                self.input.push(b'\n');
            }
            Some(_) => self.close(),
        }
        None
    }

    /// The next line without its end, CRLF or LF, or as much of it as is read at once; none while it
    /// is incomplete.
    fn take_line(&mut self) -> Option<Line> {
        let available = self.input.len().min(MAX_LINE);
        let length = match memchr(b'\n', self.input.get(self.scanned..available)?) {
            Some(found) => self.scanned + found + 1,
            None if available == MAX_LINE => MAX_LINE,
            None => {
                self.scanned = available;
                return None;
            }
        };
        let mut text: Vec<u8> = self.input.drain(..length).collect();
        self.scanned = 0;
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        }
        Some(Line { text, length })
    }

    fn command(&mut self, line: &[u8]) {
        let (verb, command) = verbs::take_apart(line);
        let row = verbs::find(&verb);
        self.note(Note::Command { line: line.to_vec(), verb: row.map(|row| row.name) });
        let first = std::mem::replace(&mut self.first_command, false);
        let http = verbs::HTTP_COMMANDS.iter().any(|name| name.as_bytes() == verb);
        if http && (first || self.features.refuse_http) {
            self.note(Note::OpenProxy(command.line));
            let arguments: [&[u8]; 2] = [&self.settings.hostname, &self.peer.display];
            let reply = if first { replies::OPEN_PROXY } else { replies::HTTP_COMMAND };
            let reply = reply.with(&arguments);
            self.reply(reply);
            return self.close();
        }
        let Some(row) = row else {
            return self.unrecognized(&command);
        };
        match &self.refusal {
            Some(refusal) if !row.always => {
                let reply = refusal.clone();
                self.bad_command(reply);
            }
            _ => (row.run)(self, &command),
        }
    }

    /// Counts a bad command and replies to it, or closes at the end of patience (SM-033).
    pub(super) fn bad_command(&mut self, reply: Reply) {
        if self.count_bad_command() {
            self.reply(reply);
        }
    }

    /// Counts a bad command; false if the session is closed for it.
    pub(super) fn count_bad_command(&mut self) -> bool {
        self.counters.bad += 1;
        let limit = self.settings.limits.bad_commands;
        if limit == 0 || self.counters.bad <= limit {
            return true;
        }
        self.note(Note::TooManyBadCommands);
        self.reply(replies::TOO_MANY_BAD_COMMANDS.with(&[&self.settings.hostname]));
        self.close();
        false
    }

    /// Slows a peer down that repeats a command; false if the session is closed for it.
    pub(super) fn slow_down(&mut self, command: &'static str, count: u32, limit: u32) -> bool {
        let pause = self.price(command, count, limit);
        self.pause(pause.unwrap_or_default());
        pause.is_some()
    }

    /// The pause before the reply to a repeated command; none if the session is closed for it.
    pub(super) fn price(
        &mut self,
        command: &'static str,
        count: u32,
        limit: u32,
    ) -> Option<Duration> {
        let measure = measure(count, limit, self.settings.limits.close_at_twice);
        if measure != Measure::None && count == limit {
            self.note(Note::Attack { command, count });
        }
        match measure {
            Measure::None => Some(Duration::ZERO),
            Measure::Pause(pause) => Some(pause),
            Measure::Close => {
                self.reply(replies::TOO_MANY_BAD_COMMANDS.with(&[&self.settings.hostname]));
                self.close();
                None
            }
        }
    }

    pub(super) fn pause(&mut self, pause: Duration) {
        if !pause.is_zero() {
            self.out.push_back(Action::Pause(pause));
        }
    }

    /// Queues a reply; SoftBounce makes every refusal a temporary one (observed).
    pub(super) fn reply(&mut self, reply: Reply) {
        let reply = if self.settings.soft_bounce { reply.softened() } else { reply };
        self.out.push_back(Action::Reply(reply.render()));
    }

    /// Queues one reply of good lines, each with its code.
    pub(super) fn reply_lines(&mut self, lines: &[Reply]) {
        self.out.push_back(Action::Reply(render_lines(lines)));
    }

    pub(super) fn note(&mut self, note: Note) {
        self.out.push_back(Action::Note(note));
    }

    pub(super) fn ask(&mut self, question: Question, topic: Topic) {
        self.phase = Phase::Asked(Box::new(question), topic);
    }

    pub(super) fn start_tls(&mut self) {
        self.reply(replies::TLS_READY.reply());
        self.phase = Phase::Handshake;
    }

    pub(super) fn abandon(&mut self, why: Abandoned) {
        let refused = std::mem::take(&mut self.sender_refused);
        if self.transaction.take().is_some() || refused {
            self.out.push_back(Action::Abandon(why));
        }
    }

    pub(super) fn close(&mut self) {
        self.abandon(Abandoned::Ended);
        self.input = Vec::new();
        self.scanned = 0;
        self.phase = Phase::Closed;
    }

    fn take_answer(&mut self, topic: Topic, answer: Answer) -> Result<(), UnexpectedAnswer> {
        match (topic, answer) {
            (Topic::Connect, Answer::Admission(admission)) => self.admit(*admission),
            (Topic::Connect, Answer::Status(status)) => {
                let refusal = (!status.is_ok()).then_some(status);
                self.admit(Admission { refusal, ..Admission::default() });
            }
            (Topic::Hello { extended, sane }, Answer::Status(status)) => {
                if status.is_ok() {
                    self.say_hello(extended, sane);
                } else {
                    self.reply(Reply::from_status(&status, None));
                }
            }
            (Topic::Mail { address, transaction }, answer) => {
                self.mail_answered(&address, transaction, answer)?;
            }
            (Topic::FaultyMail { address, reply }, Answer::Status(status)) => {
                self.sender_refused = true;
                let refused = !status.is_ok();
                let refusal = refused.then(|| Reply::from_status(&status, Some(&address)));
                self.reply(refusal.unwrap_or(reply));
            }
            (Topic::FaultyRcpt { address, reply }, Answer::Status(status)) => {
                self.faulty_rcpt_answered(&address, &status, reply);
            }
            (Topic::Rcpt { address }, answer) => self.rcpt_answered(&address, answer)?,
            (Topic::Data, Answer::Status(status)) => {
                if status.is_ok() {
                    self.hold(Held::Data);
                } else {
                    self.reply(Reply::from_status(&status, None));
                }
            }
            (Topic::Message, answer) => self.message_answered(answer)?,
            (Topic::Verify { argument, pause }, answer) => {
                self.verify_answered(&argument, pause, answer)?;
            }
            (Topic::Etrn, Answer::Status(status)) => self.reply(Reply::from_status(&status, None)),
            (Topic::Other { reply, verbose }, Answer::Status(status)) => {
                self.other_answered(reply, verbose, &status);
            }
            (Topic::Auth { mechanism }, answer) => self.auth_answered(mechanism, answer)?,
            (Topic::AuthAborted, Answer::Status(_)) => {
                self.reply(replies::AUTH_ABORTED.reply());
            }
            _ => return Err(UnexpectedAnswer),
        }
        Ok(())
    }

    /// Reads what is there of the message; an action if more is needed or a piece is ready.
    fn read_body(&mut self, mut reader: Box<BodyReader>) -> Option<Action> {
        let mut chunk = Vec::new();
        let (used, end) = reader.read(&self.input, &mut chunk);
        self.input.drain(..used);
        if !chunk.is_empty() {
            self.out.push_back(Action::Body(chunk));
        }
        match end {
            Some(End::Complete) => self.body_complete(&reader),
            Some(End::BareCr) => self.body_refused(replies::BARE_CR.reply(), reader.is_in_header()),
            Some(End::BareLf) => self.body_refused(replies::BARE_LF.reply(), reader.is_in_header()),
            None => {
                let starved = self.input.is_empty() && self.out.is_empty();
                match self.ended.filter(|_| starved) {
                    Some(how) => self.body_lost(how),
                    None => self.phase = Phase::Data(reader),
                }
                return (starved && self.ended.is_none())
                    .then_some(Action::Read(Timeout::DataBlock));
            }
        }
        None
    }
}
