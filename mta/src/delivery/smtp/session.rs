//! One connection: drives the client machine over a channel.

use std::io::{self, Write};
use std::time::Duration;

use ruleset_vm::{Exit, Status};

use crate::delivery::context::{DeliveryContext, MessageForm, MessageSource};
use crate::delivery::timeouts::Timeouts;
use crate::protocol::smtp::client::{
    Client, DotStuffer, Line, Loss, Offers, Outcome, Refusal, Settings, Settled, Step, Timeout,
    Transaction, Transcript,
};
use crate::sys::errors;
use crate::sys::net::Channel;
use crate::sys::traffic::{self, Way};

/// Bytes of the message sent at once.
const BLOCK: usize = 16 * 1024;

/// How a transaction on a connection ended.
#[derive(Debug)]
pub(super) enum Talk {
    /// Every recipient has a verdict.
    Done(Outcome),
    /// The peer takes no mail; another host may be tried.
    Refused(Refusal),
}

/// A connection to a host.
pub struct Session {
    channel: Box<dyn Channel>,
    client: Client,
    timeouts: Timeouts,
    transcript: Transcript,
    lines: Vec<Vec<u8>>,
    /// Shown in front of the next `MAIL`, once the peer has shown that it still listens.
    announcement: Option<Vec<u8>>,
    closed: bool,
    /// What the peer says, for the traffic log.
    heard: traffic::Stream,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(channel: Box<dyn Channel>, settings: Settings, timeouts: Timeouts) -> Self {
        let transcript = Transcript::new(settings.peer.clone());
        let client = Client::new(settings);
        Self {
            channel,
            client,
            timeouts,
            transcript,
            lines: Vec::new(),
            announcement: None,
            closed: false,
            heard: traffic::Stream::new(Way::Heard),
        }
    }

    /// Has this said in front of the next transaction.
    pub(super) fn announce(&mut self, line: Vec<u8>) {
        self.announcement = Some(line);
    }

    /// What the peer offers; known once a transaction has been tried.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The lines for the transcript of a bounce since the last call.
    pub(super) fn take_transcript(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lines)
    }

    /// Carries out one transaction; the connection stays open if the peer lets it.
    pub(super) fn transact(
        &mut self,
        transaction: &Transaction,
        index: usize,
        message: &dyn MessageSource,
        context: &DeliveryContext<'_>,
        settled: &mut dyn FnMut(&Settled, &Offers) -> Vec<u8>,
    ) -> Talk {
        let mut begun = false;
        self.transcript = Transcript::new(self.client.settings().peer.clone());
        loop {
            let step = self.client.step();
            self.show(context.verbose, settled);
            match step {
                Step::Done(outcome) => return Talk::Done(outcome),
                Step::Refused(refusal) => {
                    self.close(context.verbose);
                    return Talk::Refused(refusal);
                }
                Step::Idle if !begun => begun = self.client.begin(transaction.clone()),
                Step::Idle => self.client.quit(),
                Step::SendMessage => self.send_message(index, message, context),
                Step::Close => {
                    self.closed = true;
                    return Talk::Refused(never_begun());
                }
                Step::Write(_) | Step::Wait { .. } => self.exchange(step),
            }
        }
    }

    /// Whether another transaction can follow; a connection the peer ends is brought to its end.
    pub(super) fn is_idle(&mut self, verbose: &dyn Fn(&[u8])) -> bool {
        while !self.closed {
            let step = self.client.step();
            self.show(verbose, &mut |_, _| Vec::new());
            match step {
                Step::Idle => return true,
                Step::Write(_) | Step::Wait { .. } => self.exchange(step),
                _ => self.closed = true,
            }
        }
        false
    }

    /// Says `QUIT`, if the connection is still good, and waits for the reply; a program is given the
    /// same time to end.
    pub fn close(&mut self, verbose: &dyn Fn(&[u8])) {
        if self.closed {
            return;
        }
        self.say_goodbye(verbose);
        self.channel.close(self.timeouts.quit);
    }

    fn say_goodbye(&mut self, verbose: &dyn Fn(&[u8])) {
        while !self.closed {
            match self.client.step() {
                Step::Idle => self.client.quit(),
                step @ (Step::Write(_) | Step::Wait { .. }) => self.exchange(step),
                Step::SendMessage => self.client.lost(&Loss::Closed),
                Step::Done(_) | Step::Refused(_) => {}
                Step::Close => self.closed = true,
            }
            self.show(verbose, &mut |_, _| Vec::new());
        }
    }

    /// Sends or receives.
    fn exchange(&mut self, step: Step) {
        match step {
            Step::Write(bytes) => {
                traffic::write(Way::Sent, &bytes);
                if let Err(error) = self.channel.send(&bytes, self.timeouts.data_block) {
                    self.client.lost(&loss(&error));
                }
            }
            Step::Wait { what } => {
                let mut buffer = [0; 4096];
                match self.channel.receive(&mut buffer, limit(&self.timeouts, what)) {
                    Ok(0) => self.client.lost(&Loss::Closed),
                    Ok(count) => {
                        let bytes = buffer.get(..count).unwrap_or_default();
                        self.heard.push(bytes);
                        self.client.feed(bytes);
                    }
                    Err(error) => self.client.lost(&loss(&error)),
                }
            }
            _ => {}
        }
    }

    /// Reports what was said; `settled` says what became of a recipient that a reply was about.
    fn show(
        &mut self,
        verbose: &dyn Fn(&[u8]),
        settled: &mut dyn FnMut(&Settled, &Offers) -> Vec<u8>,
    ) {
        for line in self.client.take_dialogue() {
            if matches!(&line, Line::Sent(text) if text.starts_with(b"MAIL"))
                && let Some(announcement) = self.announcement.take()
            {
                verbose(&announcement);
            }
            verbose(&line.verbose());
            self.transcript.note(&line, &mut self.lines);
            if let Line::Received { settles: Some(one), .. } = &line {
                self.lines.push(settled(one, self.client.offers()));
            }
        }
    }

    fn send_message(
        &mut self,
        index: usize,
        message: &dyn MessageSource,
        context: &DeliveryContext<'_>,
    ) {
        let Some(mailer) = context.mailers.get(index) else { return };
        let eight_bit = self.client.offers().eight_bit_mime;
        let form = MessageForm::for_mailer(mailer, index, false, eight_bit);
        let mut out = Stuffed {
            channel: self.channel.as_mut(),
            stuffer: DotStuffer::new(self.client.settings().hidden_dot),
            limit: self.timeouts.data_block,
            buffer: Vec::with_capacity(BLOCK),
            failed: None,
            said: traffic::Stream::new(Way::Sent),
        };
        let written = message.write(&form, &mut out).and_then(|()| out.finish(&form.eol));
        match (out.failed, written) {
            (Some(loss), _) => self.client.lost(&loss),
            (None, Ok(())) => self.client.message_sent(),
            (None, Err(error)) => {
                let text = format!("cannot read the message: {}", errors::describe(&error));
                self.client.abandon(Status::from_exit(Exit::IOERR, text));
            }
        }
    }
}

/// The machine closed without a word: cannot happen, and is a temporary failure if it does.
fn never_begun() -> Refusal {
    Refusal {
        stage: crate::protocol::smtp::client::Stage::Hello,
        status: Status::from_exit(Exit::TEMPFAIL, ""),
        reply: None,
    }
}

/// Sends a message with its dots doubled; remembers whether it was the channel that failed.
struct Stuffed<'a> {
    channel: &'a mut dyn Channel,
    stuffer: DotStuffer,
    limit: Duration,
    buffer: Vec<u8>,
    failed: Option<Loss>,
    said: traffic::Stream,
}

impl Stuffed<'_> {
    fn send(&mut self) -> io::Result<()> {
        self.said.push(&self.buffer);
        let sent = self.channel.send(&self.buffer, self.limit);
        self.buffer.clear();
        sent.inspect_err(|error| self.failed = Some(loss(error)))
    }

    fn finish(&mut self, eol: &[u8]) -> io::Result<()> {
        self.stuffer.finish(eol, &mut self.buffer);
        self.send()
    }
}

impl Write for Stuffed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..BLOCK).unwrap_or(bytes);
        self.stuffer.push(piece, &mut self.buffer);
        if self.buffer.len() >= BLOCK {
            self.send()?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn loss(error: &io::Error) -> Loss {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Loss::TimedOut,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof => Loss::Closed,
        _ => Loss::Failed(errors::describe(error).into_bytes()),
    }
}

/// The limit for one reply (OPT-216..OPT-228).
fn limit(timeouts: &Timeouts, what: Timeout) -> Duration {
    match what {
        Timeout::Initial => timeouts.initial,
        Timeout::Helo => timeouts.helo,
        Timeout::Lhlo => timeouts.lhlo,
        Timeout::Mail => timeouts.mail,
        Timeout::Rcpt => timeouts.rcpt,
        Timeout::DataInit => timeouts.data_init,
        Timeout::DataFinal => timeouts.data_final,
        Timeout::Rset => timeouts.rset,
        Timeout::Quit => timeouts.quit,
        Timeout::Misc => timeouts.misc,
    }
}
