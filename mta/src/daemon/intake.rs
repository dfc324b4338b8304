//! Taking a message in: sender, recipients, text, and the moment it is on stable storage.
//!
//! One value serves a session, one message after the other. Calls block; they are made by the
//! thread that owns the connection or standard input.

mod addresses;
mod assembling;
mod expanding;
mod handing_over;
mod hooks;
mod submitting;

pub use crate::message::address_list::bare;
pub use addresses::SenderFlaw;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ruleset_vm::{Enhanced, Exit, Status};

pub(super) use assembling::persistent_macros;
pub(super) use handing_over::{counted, unsettled};

use expanding::Expanded;

use super::collect::{Collecting, Intaking};
use super::dead_letter::DeadLetter;
use super::post::Post;
use super::telling::Said;
use crate::address::expand::{self, ExpandOptions, Expansion};
use crate::address::worker::Worker;
use crate::events::{Event, Severity};
use crate::message::date;
use crate::message::envelope::{BodyType, ControllingUser, DeliverBy, Envelope, QueueId};
use crate::queue::store::{Claimed, StoreError};
use crate::sys::ids;

/// Where messages of a session come from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// `$_` and `relay=`: `root@localhost`, `host.example.com [192.0.2.1]`.
    pub relay: Vec<u8>,
    /// By SMTP, else from the command line: about that nobody asks check_mail and check_eom, and its recipients come without
    /// being resolved (observed).
    pub by_smtp: bool,
    /// Who sends is what the header says in the end (`-ba`).
    pub sender_in_header: bool,
    /// The sender is named by somebody who is neither that nor trusted: nobody vouches for it.
    pub doubtful: bool,
    /// The local user who submits, if one does.
    pub user: Option<ControllingUser>,
    /// Full name of the sender given with `-F`, `$x`; empty for that of the account.
    pub full_name: Vec<u8>,
    /// Lines of delivery progress go to standard output (`-v`).
    pub verbose: bool,
    /// Says at once what is wrong with recipients, reply codes in front.
    pub says: Option<fn(&[u8])>,
    /// Delivery mode of the command line, in place of the configuration's.
    pub delivery_mode: Option<u8>,
    /// Recipients that are only queued are logged: those of the command line (observed).
    pub logs_queued: bool,
    /// Where a message that fails is kept instead of being sent back.
    pub dead_letter: Option<DeadLetter>,
}

/// Parameters of `MAIL`.
#[derive(Clone, Debug, Default)]
pub struct SenderParameters {
    /// `SIZE=`
    pub size: Option<u64>,
    /// `BODY=`
    pub body: Option<BodyType>,
    /// How that was spelled.
    pub body_word: Vec<u8>,
    /// `ENVID=`, xtext.
    pub envid: Option<Vec<u8>>,
    /// `RET=`: `Some(true)` for HDRS.
    pub return_headers_only: Option<bool>,
    /// `AUTH=`, xtext.
    pub auth: Option<Vec<u8>>,
    /// `BY=`
    pub deliver_by: Option<DeliverBy>,
}

/// Parameters of `RCPT`.
#[derive(Clone, Debug, Default)]
pub struct RecipientParameters {
    /// `NOTIFY=`: success, failure, delay; `None` if not given.
    pub notify: Option<(bool, bool, bool)>,
    /// `ORCPT=`: `type;addr`.
    pub original: Option<Vec<u8>>,
}

/// A message that is on stable storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its queue id.
    pub id: QueueId,
    /// It was discarded on purpose: nothing is stored.
    pub discarded: bool,
}

/// Takes messages in.
pub struct Intake {
    /// The shared part.
    pub post: Arc<Post>,
    worker: Worker,
    origin: Origin,
    session_macros: BTreeMap<Vec<u8>, Vec<u8>>,
    envelope: Envelope,
    /// The sender as `MAIL` gave it, for the log.
    sender_shown: Vec<u8>,
    sender_mailer: Option<usize>,
    /// A message has begun whose sender is still to be named.
    is_open: bool,
    /// The client has named nobody as the sender.
    unnamed: bool,
    /// A refusal has been counted: of one session only the first one is (observed).
    refusal_counted: bool,
    /// The sender that rules refused last, unless another one came after it.
    turned_away: Option<Envelope>,
    /// The queue id of the next message, once log lines have named it.
    reserved: Option<QueueId>,
    collecting: Option<Collecting>,
    /// The message is taken and dropped.
    discard: bool,
    /// Every message is (check_relay said so).
    discard_all: bool,
    /// Why rules refuse the message that the command line submits.
    refusal: Option<Status>,
    /// It goes back to its sender: nothing is told of what waits.
    returns: bool,
    /// What makes it doubtful who sends, for the header (AD-058).
    warnings: Vec<Vec<u8>>,
    /// The peer has said `HELO` or `EHLO`.
    introduced: bool,
    /// The recipients that are known while the header is read, unless they are all.
    named: Option<Vec<Vec<u8>>>,
    /// The exit status of the first refusal by rules; the process that serves standard input ends with it
    /// (observed).
    refused: Exit,
    /// How many `RCPT` of the transaction were refused.
    bad_recipients: u32,
    /// A recipient of the transaction does not exist: it counts when `$u` is to be the only one (observed).
    has_missing: bool,
    /// The recipients that `RCPT` named, with their places in the envelope.
    known: HashMap<RecipientKey, usize>,
    /// What the recipients so far stand for, where that is found out at `RCPT`.
    expanded: Option<Expanded>,
    /// What was said while the recipients of the last message were resolved.
    said: Said,
    accepted: Vec<Claimed>,
    /// What is logged once the client has its reply.
    late: Vec<Event>,
}

impl Intake {
    /// An intake for one session.
    #[must_use]
    pub fn new(post: Arc<Post>, origin: Origin) -> Self {
        let worker = post.worker();
        let mut intake = Self {
            post,
            worker,
            session_macros: BTreeMap::new(),
            envelope: Envelope::default(),
            sender_shown: Vec::new(),
            sender_mailer: None,
            is_open: false,
            unnamed: false,
            refusal_counted: false,
            turned_away: None,
            reserved: None,
            collecting: None,
            discard: false,
            refusal: None,
            returns: false,
            discard_all: false,
            warnings: Vec::new(),
            introduced: false,
            named: None,
            refused: Exit::OK,
            bad_recipients: 0,
            has_missing: false,
            known: HashMap::new(),
            expanded: None,
            said: Said::default(),
            accepted: Vec::new(),
            late: Vec::new(),
            origin,
        };
        let relay = intake.origin.relay.clone();
        intake.set_session_macro(b"_", &relay);
        let mode = intake.delivery_mode();
        intake.set_session_macro(b"deliveryMode", &[mode]);
        intake
    }

    /// The worker, for hooks of the session.
    pub fn worker(&mut self) -> &mut Worker {
        &mut self.worker
    }

    /// The envelope so far.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The queue id of the message, or the one that the next message will have.
    pub fn id(&mut self) -> QueueId {
        match (&self.envelope.id, &self.reserved) {
            (Some(id), _) | (None, Some(id)) => id.clone(),
            (None, None) => self.reserved.insert(self.post.new_id()).clone(),
        }
    }

    /// Sets a macro for this and all later messages of the session.
    pub fn set_session_macro(&mut self, name: &[u8], value: &[u8]) {
        self.session_macros.insert(name.to_vec(), value.to_vec());
        self.worker.macros.set(name, value);
    }

    /// The peer has introduced itself.
    pub fn hello(&mut self, protocol: &[u8], name: &[u8]) {
        self.introduced = true;
        self.set_session_macro(b"r", protocol);
        self.set_session_macro(b"s", name);
    }

    /// `DATA`: asks check_data.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn data(&mut self, recipients: u32) -> Result<(), Status> {
        let count = recipients.to_string();
        let bad = self.bad_recipients.to_string();
        self.worker.macros.set(b"nrcpts", count.as_bytes());
        self.worker.macros.set(b"nbadrcpts", bad.as_bytes());
        self.hook("check_data", &[count.as_bytes()], false, None)
    }

    /// More of the message; lines end in LF.
    pub fn body(&mut self, bytes: &[u8]) {
        if self.collecting.is_none() {
            let id = self.envelope.id.clone().unwrap_or_else(|| self.post.new_id());
            self.envelope.id = Some(id.clone());
            let how = self.intaking();
            self.collecting = Some(Collecting::new(self.post.begin(&id), how));
        }
        if let Some(collecting) = &mut self.collecting {
            collecting.push(bytes);
        }
    }

    fn intaking(&self) -> Intaking {
        let options = &self.post.site.configuration.options;
        Intaking {
            header_limit: self.header_limit(),
            size_limit: if self.origin.by_smtp { 0 } else { self.size_limit() },
            keep_from: options.flag("SaveFromLine", false),
            seven_bit: options.flag("SevenBitInput", false)
                || self.envelope.body_type == Some(BodyType::SevenBit),
        }
    }

    /// MaxHeadersLength in bytes; 0 for no limit.
    fn header_limit(&self) -> usize {
        let options = &self.post.site.configuration.options;
        usize::try_from(options.number("MaxHeadersLength", 32_768)).unwrap_or(0)
    }

    /// MaxMessageSize in bytes; 0 for no limit.
    fn size_limit(&self) -> u64 {
        let options = &self.post.site.configuration.options;
        u64::try_from(options.number("MaxMessageSize", 0)).unwrap_or(0)
    }

    /// The message is complete. When this returns, it is on stable storage.
    ///
    /// # Errors
    /// The reply that refuses it; nothing is stored then.
    pub fn finish(&mut self) -> Result<Accepted, Status> {
        self.body(b"");
        let Some(collecting) = self.collecting.take() else { return Err(no_space(true)) };
        let collected = collecting.finish().map_err(|error| refused(&error))?;
        let id = self.envelope.id.clone().unwrap_or_else(|| self.post.new_id());
        let given: Vec<Vec<u8>> =
            self.envelope.recipients.iter().map(|r| r.address.clone()).collect();
        let refused_unread = self.origin.by_smtp && collected.header_too_long;
        let expansion = if self.expands_at_once() && !self.discard && !refused_unread {
            self.expand(!self.origin.by_smtp && self.is_too_large(&collected))
        } else {
            self.sort_by_host();
            Expansion::default()
        };
        let mut verdict = self.header_length(&collected);
        let is_whole = verdict.is_ok();
        if is_whole {
            verdict = self.check_headers(&collected);
        }
        self.make_envelope(&collected, &given);
        if self.origin.sender_in_header {
            self.take_sender_from_header();
        }
        self.log_accepted();
        if given.is_empty() && !self.origin.by_smtp {
            return Ok(Accepted { id, discarded: true });
        }
        let too_large = !self.origin.by_smtp && self.is_too_large(&collected);
        if verdict.is_ok() && too_large {
            verdict = self.message_length(&collected);
        }
        // What the command line submits is not shown to check_eom (observed).
        if is_whole && self.origin.by_smtp {
            hooks::weigh(&mut verdict, self.check_end(&collected));
        }
        if verdict.is_ok() {
            let mailer = self.counted_mailer();
            self.post.counting.count(|counts| counts.received(mailer, collected.size));
        }
        if let Err(status) = verdict {
            // With -t nobody is known yet.
            if self.named.is_none() || !too_large {
                self.log_refused(&status);
            }
            if self.origin.by_smtp {
                return Err(status);
            }
            self.keep_refused(status, too_large);
        }
        if self.discard {
            self.log_discarded();
            return Ok(Accepted { id, discarded: true });
        }
        if self.post.rehearsal.is_none() {
            self.store(collected, &expansion)?;
        }
        Ok(Accepted { id, discarded: false })
    }

    /// Puts a client's recipients into the order of their hosts (AD-093).
    fn sort_by_host(&mut self) {
        let mut hosts = vec![&b""[..]; self.envelope.recipients.len()];
        for ((_, host, _), index) in &self.known {
            if let Some(slot) = hosts.get_mut(*index) {
                *slot = host;
            }
        }
        let recipients = std::mem::take(&mut self.envelope.recipients);
        let mut sorted: Vec<_> = hosts.into_iter().zip(recipients).collect();
        sorted.sort_by_key(|(host, _)| *host);
        self.envelope.recipients = sorted.into_iter().map(|(_, recipient)| recipient).collect();
    }

    /// What the command line submits is resolved before it is stored. Of an SMTP client's recipients it is
    /// known already that they exist; what they stand for is found out by the delivery (observed).
    fn expands_at_once(&self) -> bool {
        !self.origin.by_smtp || self.delivery_mode() == b'i' || self.origin.verbose
    }

    /// Remembers that rules have refused something.
    pub(super) fn note_refusal(&mut self, status: &Status) {
        if self.refused == Exit::OK && !status.retry && status.exit != Exit::TEMPFAIL {
            self.refused = status.exit;
        }
    }

    /// The exit status of the first refusal by rules.
    #[must_use]
    pub fn refused(&self) -> Exit {
        self.refused
    }

    /// The mailer that counts what its sender does: that of the sender, else the local one.
    fn counted_mailer(&self) -> usize {
        let local = || self.post.site.mailers.iter().position(|mailer| mailer.name == b"local");
        self.sender_mailer.or_else(local).unwrap_or_default()
    }

    fn log(&self, severity: Severity, level: i16, text: Vec<u8>) {
        self.post.log(self.envelope.id.as_ref(), severity, level, text);
    }

    /// Drops what `MAIL` began because it was refused: the next attempt has the same queue id.
    pub fn refuse(&mut self) {
        let id = self.envelope.id.clone();
        // Only a sender that could be resolved is worth a line in the log (observed).
        let is_known = self.sender_mailer.is_some() || self.unnamed;
        self.turned_away = is_known.then(|| std::mem::take(&mut self.envelope));
        self.abandon();
        self.reserved = id;
    }

    /// Drops what was begun.
    pub fn abandon(&mut self) {
        self.collecting = None;
        self.envelope = Envelope::default();
        self.known.clear();
        self.expanded = Some(Expanded::default());
        self.warnings.clear();
        self.said = Said::default();
        self.sender_mailer = None;
        self.discard = false;
    }

    fn delivery_mode(&self) -> u8 {
        let daemon = self.worker.macros.value(b"deliveryMode").first().copied();
        let mode = self.origin.delivery_mode.or(daemon);
        mode.unwrap_or_else(|| self.post.site.delivery_mode())
    }

    fn expand_options(&self) -> ExpandOptions {
        expand::ExpandOptions::of_site(&self.post.site, &self.post.delivery.default_user)
    }
}

/// What makes two recipients one: mailer, host in lower case, user.
type RecipientKey = (usize, Vec<u8>, Vec<u8>);

/// What became of a `RCPT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientTaken {
    /// The address the reply names, when the recipient was there already.
    pub known_as: Option<Vec<u8>>,
    /// It could not be resolved for now.
    pub waits: bool,
}

/// Why a `RCPT` is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientRefused {
    /// For something about the address.
    Address(Status),
    /// For something about what it stands for, which the text names.
    Member(Status),
}

impl From<Status> for RecipientRefused {
    fn from(status: Status) -> Self {
        Self::Address(status)
    }
}

/// The macros that depend on the moment and the message (MC-001..MC-020, MC-075).
pub(super) fn set_time_macros(worker: &mut Worker, post: &Post, now: u64, id: &QueueId) {
    let moment = post.moment(now);
    let macros = &mut worker.macros;
    let rfc822 = date::rfc822(&moment);
    macros.set(b"b", &rfc822);
    macros.set(b"a", &rfc822);
    macros.set(b"d", &date::ctime(&moment));
    macros.set(b"t", &date::compact(now));
    macros.set(b"time", now.to_string().as_bytes());
    macros.set(b"p", ids::process_id().to_string().as_bytes());
    macros.set(b"i", &id.0);
}

/// The reply to a message that could not be stored.
fn refused(error: &StoreError) -> Status {
    no_space(error.is_full())
}

fn no_space(full: bool) -> Status {
    if full {
        let text = "Out of disk space for temp file";
        Status::from_reply(Exit::TEMPFAIL, 452, Enhanced::new(4, 4, 5), text)
    } else {
        let text = "Cannot store the message; try again later";
        Status::from_reply(Exit::TEMPFAIL, 451, Enhanced::new(4, 3, 0), text)
    }
}
