//! Log lines to records: what belongs to one message is put together.
//!
//! Memory is bounded: at most [`OPEN_MESSAGES`] messages are remembered, those of which something was logged last; a
//! recipient of a message that has been forgotten is a record without its sender and client.

use std::sync::Arc;

use super::fields::{addresses, plain};
use super::frame::{Stamp, frame};
use super::host::Relay;
use super::journal::{Journal, Taken};
use super::postfix;
use super::recent::Recent;
use super::sendmail::{self, Line};
use super::{
    Carrier, Delivery, Login, Place, Record, Refusal, System, Tls, Transaction, Verdict, What,
};

mod foreign;

/// Messages remembered at once.
pub const OPEN_MESSAGES: usize = 1 << 16;
/// Sessions of which TLS and login are remembered.
const SESSIONS: usize = 1 << 13;
/// Long lines of which the rest is awaited.
const PIECES: usize = 256;
/// Refusals of one message that wait for its `from=` line.
const WAITING: usize = 128;
/// What a line has beyond this many bytes is dropped.
pub const MAX_LINE: usize = 1 << 16;

/// Puts the lines of a log together.
pub struct Reader {
    place: Place,
    times: u64,
    journal: Journal,
    open: Recent<Vec<u8>, Open>,
    sessions: Recent<Vec<u8>, Session>,
    pieces: Recent<Vec<u8>, Piece>,
    /// The line before: program, process, text.
    last: (Vec<u8>, Vec<u8>, Vec<u8>),
    lines: u64,
    mail: u64,
}

/// What is known of a message.
#[derive(Default)]
struct Open {
    transaction: Option<Arc<Transaction>>,
    /// Refusals whose sender is not known yet.
    waiting: Vec<Record>,
    /// It was accepted to be thrown away, or kept: not as other messages are.
    spoiled: bool,
    /// The client and its login, where these have a line of their own.
    client: Option<(Vec<u8>, Option<Login>)>,
}

/// What is known of the session that a process serves.
#[derive(Default)]
struct Session {
    login: Option<(Vec<u8>, Login)>,
    tls: Option<(Vec<u8>, Tls)>,
}

/// The beginning of a line that goes on.
struct Piece {
    place: Place,
    process: Vec<u8>,
    text: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that knows of no message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            place: Place::default(),
            times: 1,
            journal: Journal::default(),
            open: Recent::new(OPEN_MESSAGES),
            sessions: Recent::new(SESSIONS),
            pieces: Recent::new(PIECES),
            last: <_>::default(),
            lines: 0,
            mail: 0,
        }
    }

    /// The lines that come next are those of this file.
    pub fn file(&mut self, number: u32) {
        self.place = Place { file: number, line: 0 };
        self.journal = Journal::default();
    }

    /// How many lines there were, and how many of them said something about mail.
    #[must_use]
    pub fn lines(&self) -> (u64, u64) {
        (self.lines, self.mail)
    }

    /// A line, without its end; appends the records that it makes complete.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<Record>) {
        self.place.line += 1;
        self.lines += 1;
        self.times = 1;
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.journal.line(line) {
            Taken::No => {}
            Taken::Yes => return,
            Taken::Entry(entry) => {
                return self.text(&entry.program, &entry.process, &entry.text, false, out);
            }
        }
        let Some(frame) = frame(line) else { return };
        if let Some(times) = repeated(frame.text) {
            let (program, process, text) = std::mem::take(&mut self.last);
            self.times = times;
            self.text(&program, &process, &text, false, out);
            self.last = (program, process, text);
            return;
        }
        let text = match repeated_text(frame.text) {
            Some((times, text)) => {
                self.times = times;
                text
            }
            None => frame.text,
        };
        self.text(frame.program, frame.process, text, frame.is_exim, out);
        let last = [frame.program, frame.process, text];
        for (kept, now) in
            [&mut self.last.0, &mut self.last.1, &mut self.last.2].into_iter().zip(last)
        {
            kept.clear();
            kept.extend_from_slice(now);
        }
    }

    /// The log is at its end: what is still awaited will not come.
    pub fn finish(&mut self, out: &mut Vec<Record>) {
        let pieces: Vec<Piece> = self.pieces.drain().map(|(_, piece)| piece).collect();
        pieces.into_iter().for_each(|piece| self.piece(piece, out));
        let open: Vec<Open> = self.open.drain().map(|(_, open)| open).collect();
        let mut waiting: Vec<Record> = open.into_iter().flat_map(|open| open.waiting).collect();
        // tables have no order
        waiting.sort_by_key(|record| (record.place.file, record.place.line));
        out.append(&mut waiting);
    }

    fn text(
        &mut self,
        program: &[u8],
        process: &[u8],
        text: &[u8],
        is_exim: bool,
        out: &mut Vec<Record>,
    ) {
        if let Some(part) = postfix::part(program) {
            self.postfix(part, text, out);
        } else if is_exim || program.starts_with(b"exim") {
            self.exim(text, out);
        } else {
            self.sendmail(process, text, out);
        }
    }

    fn record(&self, system: System, what: What) -> Record {
        Record { place: self.place, times: self.times, system, what }
    }

    /// The message of a queue id; what had to be forgotten for it gives up its refusals.
    fn opened(&mut self, id: &[u8], out: &mut Vec<Record>) -> &mut Open {
        let (open, gone) = self.open.get_or_new(id);
        out.extend(gone.into_values().flat_map(|open| open.waiting));
        open
    }

    fn sendmail(&mut self, process: &[u8], text: &[u8], out: &mut Vec<Record>) {
        let (id, rest) = sendmail::queue_id(text);
        let key = id.unwrap_or(process);
        if rest.ends_with(b"...") || rest.starts_with(b"...") {
            return self.part_of_line(key, id, process, rest, out);
        }
        if !self.pieces.is_empty()
            && let Some(piece) = self.pieces.remove(key)
        {
            self.piece(piece, out);
        }
        self.sendmail_line(id, process, rest, out);
    }

    /// A line that begins or ends with the mark of those that were cut (LG-002).
    fn part_of_line(
        &mut self,
        key: &[u8],
        id: Option<&[u8]>,
        process: &[u8],
        rest: &[u8],
        out: &mut Vec<Record>,
    ) {
        let before = self.pieces.remove(key);
        let (place, mut text) = match (before, rest.strip_prefix(b"...")) {
            (Some(piece), Some(more)) => (piece.place, [&piece.text[..], more].concat()),
            (Some(piece), None) => {
                self.piece(piece, out);
                (self.place, rest.to_vec())
            }
            (None, _) => (self.place, rest.to_vec()),
        };
        if text.len() < MAX_LINE && text.ends_with(b"...") {
            text.truncate(text.len() - 3);
            let text = match id {
                Some(id) if !text.starts_with(id) => [id, b": ", &text[..]].concat(),
                _ => text,
            };
            let piece = Piece { place, process: process.to_vec(), text };
            let gone = self.pieces.insert(key.to_vec(), piece);
            gone.into_values().for_each(|piece| self.piece(piece, out));
            return;
        }
        let now = std::mem::replace(&mut self.place, place);
        let (id, rest) = match id {
            Some(_) if sendmail::queue_id(&text).0 == id => sendmail::queue_id(&text),
            id => (id, &text[..]),
        };
        self.sendmail_line(id, process, rest, out);
        self.place = now;
    }

    /// A line that was taken to go on, and does not.
    fn piece(&mut self, piece: Piece, out: &mut Vec<Record>) {
        let now = std::mem::replace(&mut self.place, piece.place);
        let text = [&piece.text[..], b"..."].concat();
        let (id, rest) = sendmail::queue_id(&text);
        self.sendmail_line(id, &piece.process, rest, out);
        self.place = now;
    }

    fn sendmail_line(
        &mut self,
        id: Option<&[u8]>,
        process: &[u8],
        rest: &[u8],
        out: &mut Vec<Record>,
    ) {
        let Some(line) = sendmail::line(rest) else { return };
        self.mail += 1;
        match (id, line) {
            (Some(id), Line::From(from)) => self.from(id, process, &from, out),
            (Some(id), Line::To(to)) => self.to(id, &to, out),
            (Some(id), Line::Clone(clone)) => {
                let transaction = self.opened(id, out).transaction.clone();
                self.opened(clone, out).transaction = transaction;
            }
            (Some(id), Line::Done) => {
                let known = self.open.remove(id);
                out.extend(known.into_iter().flat_map(|open| open.waiting));
            }
            (id, Line::Ruleset(said)) => self.ruleset(id, &said, out),
            (Some(id), Line::Refused { address, text }) => {
                let refusal = Refusal {
                    ruleset: Vec::new(),
                    arguments: vec![plain(address)],
                    relay: Vec::new(),
                    verdict: Verdict::Reject(plain(text)),
                    transaction: None,
                };
                self.refusal(Some(id), refusal, out);
            }
            (_, Line::Auth(relay, login)) => {
                self.session(process).login = Some((relay.to_vec(), login));
            }
            (_, Line::StartTls(relay, tls)) => {
                self.session(process).tls = Some((relay.to_vec(), tls));
            }
            _ => {}
        }
    }

    fn session(&mut self, process: &[u8]) -> &mut Session {
        self.sessions.get_or_new(process).0
    }

    fn from(
        &mut self,
        id: &[u8],
        process: &[u8],
        from: &sendmail::From<'_>,
        out: &mut Vec<Record>,
    ) {
        // numbers of processes come again: only what was said of the same client counts
        let session = self.sessions.get(process).0;
        let login = session.as_ref().and_then(|session| session.login.as_ref());
        let login = login.filter(|(relay, _)| relay == from.relay).map(|(_, login)| login.clone());
        let tls = session.as_ref().and_then(|session| session.tls.as_ref());
        let tls = tls.filter(|(relay, _)| relay == from.relay).map(|(_, tls)| tls.clone());
        let transaction = Arc::new(Transaction {
            sender: plain(from.sender),
            relay: from.relay.to_vec(),
            protocol: from.protocol.to_vec(),
            daemon: from.daemon.to_vec(),
            recipients: from.recipients,
            login,
            tls,
        });
        let open = self.opened(id, out);
        open.transaction = Some(Arc::clone(&transaction));
        let spoiled = open.spoiled;
        let waiting = std::mem::take(&mut open.waiting);
        out.extend(waiting.into_iter().map(|record| known(record, &transaction)));
        if from.recipients > 0 && !spoiled && !from.protocol.is_empty() {
            out.push(self.record(System::Sendmail, What::Accepted(transaction)));
        }
    }

    fn to(&mut self, id: &[u8], to: &sendmail::To<'_>, out: &mut Vec<Record>) {
        let Some(mailer) = to.mailer else { return };
        let transaction = self.opened(id, out).transaction.clone();
        for address in addresses(to.recipients) {
            let delivery = Delivery {
                id: id.to_vec(),
                to: plain(address),
                original: None,
                controlling: to.controlling.map(plain),
                carrier: Carrier::Mailer(mailer.to_vec()),
                relay: to.relay.map(|relay| Relay::read(&plain(relay))),
                dsn: to.dsn.to_vec(),
                stat: plain(to.stat),
                transaction: transaction.clone(),
            };
            out.push(self.record(System::Sendmail, What::Delivery(delivery)));
        }
    }

    fn ruleset(&mut self, id: Option<&[u8]>, said: &sendmail::Ruleset<'_>, out: &mut Vec<Record>) {
        let refusal = Refusal {
            ruleset: said.name.to_vec(),
            arguments: said.arguments.iter().map(|argument| plain(argument)).collect(),
            relay: said.relay.to_vec(),
            verdict: said.verdict.clone(),
            transaction: None,
        };
        self.refusal(id, refusal, out);
    }

    /// A refusal waits for the sender, whose line comes when the message is at its end.
    fn refusal(&mut self, id: Option<&[u8]>, refusal: Refusal, out: &mut Vec<Record>) {
        let spoils = !matches!(refusal.verdict, Verdict::Reject(_));
        let record = self.record(System::Sendmail, What::Refusal(refusal));
        let Some(id) = id else { return out.push(record) };
        let open = self.opened(id, out);
        open.spoiled |= spoils;
        match open.transaction.clone() {
            Some(transaction) => out.push(known(record, &transaction)),
            None if open.waiting.len() < WAITING => open.waiting.push(record),
            None => out.push(record),
        }
    }
}

/// The refusal with the message it belongs to.
fn known(mut record: Record, transaction: &Arc<Transaction>) -> Record {
    if let What::Refusal(refusal) = &mut record.what {
        refusal.transaction = Some(Arc::clone(transaction));
    }
    record
}

/// `last message repeated N times`
fn repeated(text: &[u8]) -> Option<u64> {
    let rest = text.strip_prefix(b"last message repeated ")?;
    let number = rest.strip_suffix(b" times").or_else(|| rest.strip_suffix(b" time"))?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// `message repeated N times: [ TEXT]`
fn repeated_text(text: &[u8]) -> Option<(u64, &[u8])> {
    let rest = text.strip_prefix(b"message repeated ")?;
    let at = memchr::memmem::find(rest, b" times: [ ")?;
    let times = std::str::from_utf8(rest.get(..at)?).ok()?.parse().ok()?;
    Some((times, rest.get(at + 10..)?.strip_suffix(b"]")?))
}

/// The first stamp in the beginning of a file.
#[must_use]
pub fn first_stamp(beginning: &[u8]) -> Option<Stamp> {
    beginning.split(|byte| *byte == b'\n').find_map(|line| frame(line)?.stamp)
}

#[cfg(test)]
mod tests;
