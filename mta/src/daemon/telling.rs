//! What is said while recipients are resolved: to whoever watches, to the log, and in the transcript of
//! reports.

use ruleset_vm::{Exit, Status};

use super::post::Post;
use super::reports::reply_text;
use crate::address::expand::{Note, Undelivered, What, is_direct_refusal, is_loop};
use crate::address::note::complaint;
use crate::delivery::outcome::stat_text;
use crate::events::{Delivered, Event};
use crate::sys::terminal;

/// What was said about a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Errors, reply codes in front.
    pub(super) errors: Vec<Vec<u8>>,
    /// The lines for the transcript of reports.
    pub(super) transcript: Vec<Vec<u8>>,
    /// Why what is left of the message waits, for the queue's listing: the first error, or the last
    /// that a mailer would have given (observed).
    pub(super) waits: Option<Vec<u8>>,
    /// What the first recipient that failed asks for; loops, and programs, files and lists, which only aliases may
    /// name, ask for nothing (observed).
    pub(super) failure: Option<Exit>,
    /// Something is wrong with recipients, and not with maps alone.
    pub(super) faulty: bool,
    /// There was a system error.
    pub(super) system_error: bool,
    /// The syntax of an address is wrong, but it can be read.
    pub(super) unbalanced: bool,
    /// The exit status of the first trouble with a map.
    pub(super) trouble: Option<Exit>,
    /// The message is too large: the exit status of what was wrong before that was found out, which is the one that
    /// counts (observed).
    pub(super) too_large: Option<Exit>,
}

impl Said {
    /// Adds what was said later.
    pub(super) fn append(&mut self, mut later: Self) {
        self.errors.append(&mut later.errors);
        self.transcript.append(&mut later.transcript);
        self.waits = later.waits.or(self.waits.take());
        self.failure = self.failure.or(later.failure);
        self.faulty |= later.faulty;
        self.system_error |= later.system_error;
        self.unbalanced |= later.unbalanced;
        self.trouble = self.trouble.or(later.trouble);
        self.too_large = self.too_large.or(later.too_large);
    }
}

/// Takes notes and passes them on.
pub(super) struct Telling<'a> {
    pub(super) post: &'a Post,
    /// The queue id of the message.
    pub(super) id: &'a [u8],
    /// Progress is printed.
    pub(super) verbose: bool,
    /// Errors are printed.
    pub(super) complains: bool,
    /// Errors get log lines of their own: not while a message of the queue is resolved (observed).
    pub(super) logs_errors: bool,
    /// Says errors at once, reply codes in front.
    pub(super) says: Option<fn(&[u8])>,
    /// Of several errors the listing shows the last one, not the first.
    pub(super) shows_last: bool,
    /// Priority of the message and the seconds it has waited; nothing yet for a new one.
    pub(super) waited: (i64, u64),
    pub(super) said: Said,
}

impl Telling<'_> {
    /// Passes on one note.
    pub(super) fn note(&mut self, note: &Note) {
        let is_error = note.is_error();
        // of what is wrong with recipients of the header the last thing is told in the end
        let is_told_later = self.shows_last && !matches!(note.what, What::Trouble(..)) && is_error;
        if ((self.verbose && !is_told_later) || (self.complains && is_error))
            && let Some(line) = note.verbose()
        {
            terminal::print(&[&line[..], b"\n"].concat());
        }
        if let Some(event) = note.event(self.id).filter(|_| self.logs_errors || !is_error) {
            self.post.events.report(event);
        }
        match &note.what {
            What::Trouble(_, exit) => {
                self.error(note);
                self.said.waits = note.verbose();
                self.said.trouble = self.said.trouble.or(Some(*exit));
            }
            What::Undelivered(undelivered) => self.undelivered(&note.address, undelivered),
            What::Failed(_) | What::Doubtful(_) | What::Said(_) if is_error => {
                self.said.unbalanced |=
                    matches!(&note.what, What::Said(text) if complaint(text).is_some());
                if let What::Failed(status) = &note.what
                    && !is_direct_refusal(status)
                    && !is_loop(status)
                {
                    self.said.failure = self.said.failure.or(note.exit());
                }
                self.said.faulty = true;
                self.error(note);
                if self.said.waits.is_none() || self.shows_last {
                    self.said.waits = note.verbose();
                }
            }
            What::ListDelivered | What::Multiple => self.said.transcript.extend(note.transcript()),
            What::Failed(status) => {
                self.said.transcript.extend(note.transcript());
                self.waits_because(status);
            }
            What::Waits(status) => self.waits_because(status),
            _ => {}
        }
    }

    fn error(&mut self, note: &Note) {
        let Some(line) = note.transcript() else { return };
        if let Some(say) = self.says {
            say(&line);
        }
        self.said.errors.push(line.clone());
        self.said.transcript.push(line);
    }

    fn waits_because(&mut self, status: &Status) {
        if self.said.waits.is_none() {
            self.said.waits = Some(status.text.clone());
        }
    }

    fn undelivered(&mut self, address: &[u8], undelivered: &Undelivered) {
        let status = &undelivered.status;
        let mailer = self.post.site.mailers.get(undelivered.mailer);
        let (priority, delay) = self.waited;
        let delivered = Delivered {
            to: vec![address.to_vec()],
            controlling: undelivered.controlling.clone(),
            delay,
            mailer: mailer.map(|mailer| mailer.name.clone()),
            priority,
            dsn: status.enhanced,
            reply: reply_text(status),
            stat: stat_text(status),
            ..Delivered::default()
        };
        self.post.events.report(Event::delivered(self.id, delivered, status));
        self.said.waits = Some(stat_text(status));
    }
}
