//! One SMTP session, as the server: does what the protocol's machine asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ruleset_vm::Exit;

use super::connection::Connection;
use super::intake::Intake;
use super::post::Post;
use super::smtp_notes::cause;
use super::smtp_settings::{self, Waits};
use crate::events::Severity;
use crate::message::date;
use crate::message::envelope::QueueId;
use crate::protocol::smtp::server::{Abandoned, Action, Lost, Peer, Session, Timeout};
use crate::sys::clock;
use crate::sys::duplex::{Bell, Duplex, Woken};
use crate::sys::traffic::{self, Way};

/// Bytes read at a time.
const BUFFER: usize = 16 << 10;
/// Replies are held back for a pipelining peer up to so many bytes.
const MAX_HELD: usize = 64 << 10;
/// How long a message that is being received may take when the daemon stops.
const GRACE: Duration = Duration::from_secs(5);

/// Serves one connection until it ends. Messages that were accepted are delivered as the delivery
/// mode says once their reply is out. When `stop` rings the peer gets a 421.
pub fn serve(
    stream: &mut dyn Duplex,
    post: &Arc<Post>,
    connection: &Connection,
    stop: Option<&Bell>,
) -> Exit {
    let mut server = Server::new(stream, post, connection, stop);
    let text = [b"connect from ", connection.display.as_slice()].concat();
    post.log(None, Severity::Info, 9, text);
    let settings = smtp_settings::settings(server.intake.worker());
    let peer = Peer { name: connection.peer_name().to_vec(), display: connection.display.clone() };
    let mut session = Session::new(Arc::new(settings), peer);
    if connection.arrival.is_some() {
        post.counting.count(|counts| counts.connections.from += 1);
    }
    server.run(&mut session);
    server.say_goodbye();
    post.counting.save();
    server.note_exit(Exit::OK);
    server.exit
}

/// The world around one session.
pub(super) struct Server<'a> {
    stream: &'a mut dyn Duplex,
    pub(super) post: &'a Arc<Post>,
    pub(super) connection: &'a Connection,
    stop: Option<&'a Bell>,
    pub(super) intake: Intake,
    waits: Waits,
    /// The queue id of the message, or of the next one: log lines carry it.
    pub(super) id: QueueId,
    /// Replies not yet written.
    held: Vec<u8>,
    /// Nothing can be written any more.
    deaf: bool,
    /// The connection was reset.
    pub(super) broken: bool,
    /// What the peer says, for the traffic log.
    heard: traffic::Stream,
    /// A message was accepted whose delivery begins when the reply is out.
    pub(super) accepted: bool,
    /// A transaction is open.
    pub(super) in_transaction: bool,
    /// `MAIL`, `EXPN`, `VRFY` or `ETRN` was issued, or is refused to this peer.
    pub(super) issued: bool,
    /// The last command, if it was one, for log lines.
    pub(super) stage: String,
    /// What a process that serves standard input ends with.
    exit: Exit,
    /// When the message that is being received must be complete, once the daemon stops.
    grace: Option<Instant>,
    pub(super) started: Instant,
}

impl<'a> Server<'a> {
    fn new(
        stream: &'a mut dyn Duplex,
        post: &'a Arc<Post>,
        connection: &'a Connection,
        stop: Option<&'a Bell>,
    ) -> Self {
        let mut intake = Intake::new(post.clone(), connection.origin());
        connection.define_macros(&mut intake);
        let now = date::rfc822(&post.moment(clock::now()));
        let id = intake.id();
        intake.worker().macros.set(b"b", &now);
        Self {
            stream,
            post,
            connection,
            stop,
            waits: Waits::of(&post.site),
            id,
            intake,
            held: Vec::new(),
            deaf: false,
            broken: false,
            heard: traffic::Stream::new(Way::Heard),
            accepted: false,
            in_transaction: false,
            issued: false,
            stage: "startup".to_owned(),
            exit: Exit::OK,
            grace: None,
            started: clock::monotonic(),
        }
    }

    fn run(&mut self, session: &mut Session) {
        loop {
            match session.poll() {
                Action::Reply(bytes) => self.hold(session, &bytes),
                Action::Read(timeout) => {
                    self.flush(session);
                    self.read(session, timeout);
                }
                Action::Peek => {
                    if matches!(self.wait(Some(Duration::ZERO), None), Ok(Woken::Input)) {
                        self.receive(session, Duration::ZERO);
                    }
                }
                Action::Pause(time) => {
                    self.flush(session);
                    self.pause(time);
                }
                Action::AwaitSilence(time) => {
                    self.flush(session);
                    let waits = self.post.rehearsal.is_none();
                    if waits && matches!(self.wait(Some(time), self.stop), Ok(Woken::Input)) {
                        self.receive(session, time);
                    }
                }
                Action::Ask(question) => {
                    if self.accepted {
                        self.flush(session);
                    }
                    let answer = self.answer(question);
                    if session.answer(answer).is_err() {
                        // Cannot happen; going on would ask the same for ever.
                        session.shut_down();
                    }
                }
                Action::Body(bytes) => self.intake.body(&bytes),
                Action::Abandon(why) => {
                    self.in_transaction = false;
                    match why {
                        Abandoned::TooLarge { size, limit } => self.intake.too_large(size, limit),
                        _ => self.intake.cut_short(cause(why)),
                    }
                    self.id = self.intake.id();
                }
                // Without certificates it is never offered.
                Action::StartTls => session.lost(Lost::Closed),
                Action::Note(note) => self.note(&note),
                Action::Close => {
                    self.flush(session);
                    return;
                }
            }
        }
    }

    fn hold(&mut self, session: &mut Session, bytes: &[u8]) {
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.log(Severity::Info, 14, &[b"--- ", line]);
            traffic::write(Way::Sent, line);
        }
        self.intake.report_late();
        self.held.extend_from_slice(bytes);
        if self.held.len() > MAX_HELD {
            self.flush(session);
        }
    }

    /// Writes the replies; what was accepted goes on its way then, even if nobody hears us.
    fn flush(&mut self, session: &mut Session) {
        let bytes = std::mem::take(&mut self.held);
        if !bytes.is_empty() && !self.deaf {
            let limit = self.waits.limit(Timeout::Command);
            if self.stream.send(&bytes, limit).is_err() {
                self.deaf = true;
                session.lost(Lost::Closed);
            }
        }
        if std::mem::take(&mut self.accepted) {
            let delivered = self.intake.deliver_accepted();
            self.note_exit(delivered);
            self.intake.abandon();
            self.id = self.intake.id();
        }
    }

    /// The first failure counts.
    fn note_exit(&mut self, exit: Exit) {
        let refused = self.intake.refused();
        for found in [refused, exit] {
            if self.exit == Exit::OK {
                self.exit = found;
            }
        }
    }

    fn wait(&self, limit: Option<Duration>, bell: Option<&Bell>) -> std::io::Result<Woken> {
        self.stream.wait_input(limit, bell)
    }

    fn pause(&self, time: Duration) {
        if self.post.rehearsal.is_some() {
            return;
        }
        match self.stop {
            Some(bell) => drop(bell.wait(time)),
            None => clock::pause(time),
        }
    }

    fn read(&mut self, session: &mut Session, timeout: Timeout) {
        if self.deaf {
            return session.lost(Lost::Closed);
        }
        let limit = self.waits.limit(timeout);
        let woken = match (timeout, self.grace) {
            (Timeout::DataBlock, Some(end)) => {
                let left = end.saturating_duration_since(clock::monotonic());
                match self.wait(Some(left.min(limit)), None) {
                    Ok(Woken::Silence) => return session.shut_down(),
                    woken => woken,
                }
            }
            _ => self.wait(Some(limit), self.stop),
        };
        match woken {
            Ok(Woken::Input) if self.asides(session) => {}
            Ok(Woken::Input) => self.receive(session, limit),
            Ok(Woken::Silence) => {
                // A message that breaks off has words of its own.
                if timeout != Timeout::DataBlock {
                    let peer = self.connection.peer_name();
                    let text =
                        [b"timeout waiting for input from ", peer, b" during server cmd read"];
                    self.log(Severity::Notice, 1, &text);
                }
                session.lost(Lost::TimedOut);
            }
            Ok(Woken::Bell) if timeout == Timeout::DataBlock => {
                self.grace = clock::monotonic().checked_add(GRACE);
            }
            Ok(Woken::Bell) => session.shut_down(),
            Err(_) => session.lost(Lost::Closed),
        }
    }

    fn receive(&mut self, session: &mut Session, limit: Duration) {
        let mut buffer = [0; BUFFER];
        match self.stream.receive(&mut buffer, limit) {
            Ok(0) => session.lost(Lost::Closed),
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                self.heard.push(bytes);
                session.feed(bytes);
            }
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                session.lost(Lost::TimedOut);
            }
            Err(_) => {
                self.broken = true;
                session.lost(Lost::Closed);
            }
        }
    }

    fn say_goodbye(&mut self) {
        self.intake.abandon();
        if !self.issued {
            let text = b" did not issue MAIL/EXPN/VRFY/ETRN during connection to ";
            let daemon = self.connection.daemon_name();
            self.log(Severity::Info, 5, &[&self.connection.display, text, daemon]);
        }
    }

    /// A line of the session, with the queue id of its message.
    pub(super) fn log(&self, severity: Severity, level: i16, parts: &[&[u8]]) {
        self.post.log(Some(&self.id), severity, level, parts.concat());
    }
}
