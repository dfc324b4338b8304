//! Taking a message in: sender, recipients, text, and the moment it is on stable storage.
//!
//! One value serves a session, one message after the other. Calls block; they are made by the
//! thread that owns the connection or standard input.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use ruleset_vm::crack::CrackOptions;
use ruleset_vm::{Enhanced, Exit, Role, Status, Target};

use super::attempt::{self, Attempt};
use super::collect::{Collected, Collecting, Intaking};
use super::header_host::Headers;
use super::hook_log;
use super::post::Post;
use crate::address::expand::{self, ExpandOptions};
use crate::address::worker::{Verdict, Worker};
use crate::events::{Accepted as AcceptedEvent, Event, Happening, Severity};
use crate::message::defaults::{self, NoRecipientAction};
use crate::message::envelope::{
    BodyType, ControllingUser, Envelope, EnvelopeFlags, Field, QueueId, Recipient, RecipientState,
};
use crate::message::output::{OutputOptions, stored_header};
use crate::message::{address_list::ListStyle, date};
use crate::queue::priority;
use crate::queue::store::{Claimed, Kind, QueueStore as _, StoreError};
use crate::sys::{clock, ids, users};

/// Where messages of a session come from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// `$_` and `relay=`: `root@localhost`, `host.example.com [192.0.2.1]`.
    pub relay: Vec<u8>,
    /// The local user who submits, if one does.
    pub user: Option<ControllingUser>,
    /// Full name of the sender given with `-F`, `$x`; empty for that of the account.
    pub full_name: Vec<u8>,
    /// Lines of delivery progress go to standard output (`-v`).
    pub verbose: bool,
    /// Delivery mode of the command line, in place of the configuration's.
    pub delivery_mode: Option<u8>,
    /// Recipients that are only queued are logged: those of the command line, and with `-bs` those
    /// that the command line says are to be queued (observed).
    pub logs_queued: bool,
    /// Where a message that fails is kept instead of being sent back.
    pub dead_letter: Option<super::dead_letter::DeadLetter>,
}

/// Parameters of `MAIL`.
#[derive(Clone, Debug, Default)]
pub struct SenderParameters {
    /// `SIZE=`
    pub size: Option<u64>,
    /// `BODY=`
    pub body: Option<BodyType>,
    /// `ENVID=`, decoded.
    pub envid: Option<Vec<u8>>,
    /// `RET=`: `Some(true)` for HDRS.
    pub return_headers_only: Option<bool>,
    /// `AUTH=`, xtext.
    pub auth: Option<Vec<u8>>,
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
    /// The queue id of the next message, once log lines have named it.
    reserved: Option<QueueId>,
    collecting: Option<Collecting>,
    discard: bool,
    /// The recipients that are known while the header is read, unless they are all.
    named: Option<Vec<Vec<u8>>>,
    accepted: Vec<Claimed>,
}

impl Intake {
    /// An intake for one session.
    #[must_use]
    pub fn new(post: Arc<Post>, origin: Origin) -> Self {
        let worker = Worker::new(post.site.clone());
        let mut intake = Self {
            post,
            worker,
            session_macros: BTreeMap::new(),
            envelope: Envelope::default(),
            sender_shown: Vec::new(),
            sender_mailer: None,
            reserved: None,
            collecting: None,
            discard: false,
            named: None,
            accepted: Vec::new(),
            origin,
        };
        let relay = intake.origin.relay.clone();
        intake.set_session_macro(b"_", &relay);
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
        self.set_session_macro(b"r", protocol);
        self.set_session_macro(b"s", name);
    }

    /// `MAIL`: resolves the sender and asks check_mail. `sender` is as written, with angle brackets
    /// if it came with them.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn begin(&mut self, sender: &[u8], parameters: SenderParameters) -> Result<(), Status> {
        self.abandon();
        self.check_room(parameters.size)?;
        self.start_envelope();
        self.sender_shown = sender.to_vec();
        let address = bare(sender).to_vec();
        let (host, user, mailer) = self.resolve_sender(&address)?;
        self.sender_mailer = mailer;
        let mailer_name =
            mailer.and_then(|index| self.post.site.mailers.get(index)).map(|m| m.name.clone());
        let canonical =
            if address.is_empty() { Vec::new() } else { self.worker.canonical_sender(&address) };
        self.envelope.sender =
            if address.is_empty() { Vec::new() } else { sender.trim_ascii().to_vec() };
        self.name_sender(&user, mailer);
        let macros = &mut self.worker.macros;
        macros.set(b"mail_mailer", &mailer_name.unwrap_or_default());
        macros.set(b"mail_host", &host);
        macros.set(b"mail_addr", &user);
        macros.set(b"mail_from", sender);
        macros.set(b"f", &canonical);
        macros.set(b"g", &canonical);
        if let Some(size) = parameters.size {
            macros.set(b"msg_size", size.to_string().as_bytes());
        }
        self.take_parameters(parameters);
        self.trust_author(sender);
        self.hook("check_mail", &[sender], true, Some(sender))
    }

    /// `AUTH=` names who submitted the message first; trust_auth says whether that is passed on
    /// (RFC 4954 section 5, RS-122).
    fn trust_author(&mut self, sender: &[u8]) {
        let Some(author) = self.envelope.auth.clone() else { return };
        self.worker.macros.set(b"auth_author", &author);
        if author.is_empty() || author == b"<>" {
            return;
        }
        // Its log lines carry no queue id (observed).
        let none = Some(QueueId(Vec::new()));
        if self.hook_as(none, "trust_auth", &[&author], true, Some(sender)).is_err() {
            self.envelope.auth = Some(b"<>".to_vec());
        }
    }

    /// `MinFreeBlocks`: room for the message and so many blocks beside it (OPT-020, SM-050).
    fn check_room(&self, size: Option<u64>) -> Result<(), Status> {
        let reserve = self.post.site.configuration.options.number("MinFreeBlocks", 0);
        let reserve = u64::try_from(reserve).unwrap_or(0);
        let Some(free) = crate::sys::disk::free(&self.post.queue_directory) else { return Ok(()) };
        let wanted = size.unwrap_or(0).div_ceil(free.block).saturating_add(reserve);
        if wanted == 0 || free.blocks >= wanted {
            return Ok(());
        }
        let text = "Insufficient disk space; try again later";
        Err(Status::from_reply(Exit::TEMPFAIL, 452, Enhanced::new(4, 4, 5), text))
    }

    fn start_envelope(&mut self) {
        self.worker.reset();
        for (name, value) in &self.session_macros {
            self.worker.macros.set(name, value);
        }
        let now = clock::now();
        let id = self.id();
        self.reserved = None;
        set_time_macros(&mut self.worker, &self.post, now, &id);
        self.worker.macros.set(b"x", &self.origin.full_name);
        self.envelope = Envelope { id: Some(id), created: now, ..Envelope::default() };
        self.discard = false;
    }

    fn take_parameters(&mut self, parameters: SenderParameters) {
        let envelope = &mut self.envelope;
        envelope.body_type = parameters.body;
        envelope.envid = parameters.envid;
        envelope.auth = parameters.auth;
        if let Some(headers_only) = parameters.return_headers_only {
            envelope.flags.ret_given = true;
            envelope.flags.no_body_return = headers_only;
        }
        if let Some(envid) = &envelope.envid {
            self.worker.macros.set(b"dsn_envid", envid);
        }
    }

    /// A bracket or quote without its partner refuses the address (RS-011, SM-017).
    fn refuse_unbalanced(&self) -> Result<(), Status> {
        let Some(message) = self.worker.messages.iter().find(|text| text.starts_with(b"553 "))
        else {
            return Ok(());
        };
        let (_, text) = ruleset_vm::split_codes(message);
        let text = match text.windows(4).rposition(|part| part == b"... ") {
            Some(at) => &text[at + 4..],
            None => text,
        };
        Err(Status::from_reply(Exit::USAGE, 553, Enhanced::new(5, 0, 0), text))
    }

    /// Host, user and mailer of the sender's triple.
    fn resolve_sender(&mut self, address: &[u8]) -> Result<SenderTriple, Status> {
        let nobody = (Vec::new(), Vec::new(), None);
        if address.is_empty() {
            return Ok(nobody);
        }
        let role = Role { header: false, sender: true };
        let parsed = self.worker.parse(address, role);
        self.refuse_unbalanced()?;
        let Some(parsed) = parsed else { return Ok(nobody) };
        match parsed.triple.mailer {
            Target::Error(status) => Err(status),
            Target::Mailer(index) => {
                Ok((parsed.triple.host.unwrap_or_default(), parsed.triple.user, Some(index)))
            }
        }
    }

    /// `$x`: the name given with `-F`, else that of the local user who sends.
    fn name_sender(&mut self, user: &[u8], mailer: Option<usize>) {
        let mailer = mailer.and_then(|index| self.post.site.mailers.get(index));
        if mailer.is_none_or(|m| m.name != b"local") {
            self.worker.macros.clear(b"x");
            return;
        }
        if !self.origin.full_name.is_empty() {
            return;
        }
        if let Ok(Some(account)) = users::by_name(user) {
            self.worker.macros.set(b"x", &account.full_name());
        }
    }

    /// `Final-Recipient` of an address given to `RCPT`: its type, and the address, complete (QU-033).
    fn final_recipient(&self, address: &[u8], resolved: &expand::Resolved) -> Vec<u8> {
        let mailer = self.post.site.mailers.get(resolved.mailer);
        let kind = mailer.and_then(|mailer| mailer.types.address.clone());
        let kind = kind.unwrap_or_else(|| b"rfc822".to_vec());
        if address.contains(&b'@') {
            return [&kind[..], b"; ", address].concat();
        }
        [&kind[..], b"; ", address, b"@", &self.worker.macros.value(b"j")].concat()
    }

    /// `RCPT`: resolves the recipient and asks check_rcpt. Returns whether it is only queued.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn recipient(
        &mut self,
        address: &[u8],
        parameters: RecipientParameters,
    ) -> Result<RecipientTaken, Status> {
        let options = self.expand_options();
        let resolved = expand::verify_recipient(&mut self.worker, bare(address), &options)?;
        let count = self.envelope.recipients.len().to_string();
        let macros = &mut self.worker.macros;
        macros.set(b"rcpt_mailer", &resolved.mailer_name);
        macros.set(b"rcpt_host", &resolved.host);
        macros.set(b"rcpt_addr", &resolved.user);
        macros.set(b"nrcpts", count.as_bytes());
        let verdict = self.hook("check_rcpt", &[address], true, Some(address));
        for name in [&b"rcpt_mailer"[..], b"rcpt_host", b"rcpt_addr"] {
            self.worker.macros.clear(name);
        }
        verdict?;
        let mut recipient = Recipient::primary(address.trim_ascii());
        let final_recipient = self.final_recipient(bare(address), &resolved);
        recipient.final_recipient = Some(final_recipient);
        if let Some((success, failure, delay)) = parameters.notify {
            recipient.flags.notify_given = true;
            recipient.flags.on_success = success;
            recipient.flags.on_failure = failure;
            recipient.flags.on_delay = delay;
        }
        recipient.original = parameters.original;
        self.envelope.recipients.push(recipient);
        let mode = self.delivery_mode();
        Ok(RecipientTaken { will_queue: matches!(mode, b'q' | b'd') })
    }

    /// Adds a recipient without resolving it now, for `-bm` and `-t`, where errors become reports.
    pub fn push_recipient(&mut self, recipient: Recipient) {
        self.envelope.recipients.push(recipient);
    }

    /// Of the recipients only these are known while the header is read: those of the command line with
    /// `-t`, on which `$u` depends (observed).
    pub fn name_only(&mut self, recipients: &[Vec<u8>]) {
        self.named = Some(recipients.to_vec());
    }

    /// The hops that the caller has counted (`-h`, CMD-037).
    pub fn set_hops(&mut self, hops: usize) {
        self.envelope.hops = hops;
    }

    /// `DATA`: asks check_data.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn data(&mut self, recipients: u32) -> Result<(), Status> {
        let count = recipients.to_string();
        self.worker.macros.set(b"nrcpts", count.as_bytes());
        self.hook("check_data", &[count.as_bytes()], false, None)
    }

    /// More of the message; lines end in LF.
    pub fn body(&mut self, bytes: &[u8]) {
        if self.collecting.is_none() {
            let id = self.envelope.id.clone().unwrap_or_else(|| self.post.new_id());
            self.envelope.id = Some(id.clone());
            let how = self.intaking();
            let choice = usize::try_from(ids::random_u64() >> 1).unwrap_or(0);
            self.collecting = Some(Collecting::new(self.post.store.begin(&id, choice), how));
        }
        if let Some(collecting) = &mut self.collecting {
            collecting.push(bytes);
        }
    }

    fn intaking(&self) -> Intaking {
        let options = &self.post.site.configuration.options;
        Intaking {
            header_limit: self.header_limit(),
            keep_from: options.flag("SaveFromLine", false),
            seven_bit: options.flag("SevenBitInput", false),
        }
    }

    /// MaxHeadersLength in bytes; 0 for no limit.
    fn header_limit(&self) -> usize {
        let options = &self.post.site.configuration.options;
        usize::try_from(options.number("MaxHeadersLength", 32_768)).unwrap_or(0)
    }

    /// The message is complete. When this returns, it is on stable storage.
    ///
    /// # Errors
    /// The reply that refuses it; nothing is stored then.
    pub fn finish(&mut self) -> Result<Accepted, Status> {
        self.body(b"");
        let Some(collecting) = self.collecting.take() else { return Err(no_space(true)) };
        let collected = collecting.finish().map_err(|error| refused(&error))?;
        if collected.header_too_long {
            let text = format!("Headers too large ({} max)", self.header_limit());
            let code = Enhanced::new(5, 6, 0);
            return Err(Status::from_reply(Exit::DATAERR, 552, code, text));
        }
        let id = self.envelope.id.clone().unwrap_or_else(|| self.post.new_id());
        self.make_envelope(&collected);
        self.check_headers(&collected)?;
        if self.discard {
            self.log(Severity::Info, 4, b"discarded".to_vec());
            return Ok(Accepted { id, discarded: true });
        }
        self.store(collected)?;
        Ok(Accepted { id, discarded: false })
    }

    /// Header, flags, class, priority and persistent macros.
    fn make_envelope(&mut self, collected: &Collected) {
        let size = collected.size;
        self.worker.macros.set(b"msg_size", size.to_string().as_bytes());
        let given = self.envelope.sender.clone();
        let names: Vec<&[u8]> = match self.sender_mailer {
            Some(index) if self.post.site.mailers[index].flags.has(b'!') => Vec::new(),
            _ => vec![&given],
        };
        let fields = collected.fields.clone();
        let mut assembled = defaults::assemble(&self.post.site.default_header, fields, &names);
        let action = no_recipient_action(&self.post);
        let recipients: Vec<Vec<u8>> =
            self.envelope.recipients.iter().map(|r| r.address.clone()).collect();
        defaults::add_recipient_field(
            &mut assembled.header,
            action,
            recipients.iter().map(Vec::as_slice),
        );
        let hops = assembled.hops.max(self.envelope.hops);
        self.worker.macros.set(b"c", hops.to_string().as_bytes());
        match self.named.as_ref().unwrap_or(&recipients).as_slice() {
            [one] => self.worker.macros.set(b"u", one),
            _ => self.worker.macros.clear(b"u"),
        }
        if let Some(name) = collected.fields.iter().find(|f| is_named(f, b"full-name")) {
            self.worker.macros.set(b"x", name.value.trim_ascii());
        }
        let value = |name: &[u8]| {
            assembled
                .header
                .iter()
                .find(|field| !field.is_default && field.name.eq_ignore_ascii_case(name))
                .map(|field| field.value.trim_ascii().to_vec())
        };
        if let Some(id) = value(b"message-id") {
            self.worker.macros.set(b"msg_id", &id);
        }
        self.envelope.class = value(b"precedence").map_or(0, |word| self.class_of(&word));
        let site = self.post.site.clone();
        let must_quote = site.configuration.options.bytes("MustQuoteChars");
        let options = OutputOptions {
            crack: CrackOptions::new(site.configuration.colon_ok, must_quote.as_deref()),
            resent: assembled.resent,
            delete_bcc: assembled.delete_bcc,
            list_style: self.list_style(&assembled),
            ..OutputOptions::default()
        };
        let cell = RefCell::new(&mut self.worker);
        let host = Headers { worker: &cell, mailer: None, sender_domain: None };
        let header = stored_header(&assembled.header, &host, &options);
        if let Some(id) = header.iter().find(|field| is_named(field, b"message-id")) {
            self.worker.macros.set(b"msg_id", id.value.trim_ascii());
        }
        let is_submission = self.is_submission();
        let envelope = &mut self.envelope;
        envelope.header = header;
        envelope.size = size;
        envelope.flags = EnvelopeFlags {
            delete_bcc: assembled.delete_bcc,
            has_8bit: collected.has_8bit,
            split: envelope.quarantine.is_none(),
            no_body_return: envelope.flags.no_body_return || envelope.class < 0,
            ..envelope.flags
        };
        envelope.macros = persistent_macros(&self.worker);
        if is_submission && envelope.auth.is_none() && !envelope.is_from_nobody() {
            envelope.auth = Some(self.worker.macros.value(b"f")); // QU-111
        }
        let factors = self.post.factors();
        envelope.priority =
            priority::initial(size, envelope.class, envelope.recipients.len(), &factors);
    }

    /// Blanks separate addresses only if the option says so and nothing else does (AD-053).
    fn list_style(&self, assembled: &defaults::Assembled) -> ListStyle {
        let allowed = self.post.site.configuration.options.flag("OldStyleHeaders", false);
        if allowed && assembled.old_style { ListStyle::Spaces } else { ListStyle::Commas }
    }

    fn class_of(&self, word: &[u8]) -> i64 {
        let lines = &self.post.site.configuration.precedences;
        lines.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map_or(0, |(_, n)| *n)
    }

    /// Header checks, check_eoh and check_eom, in the oracle's order (RS-146).
    fn check_headers(&mut self, collected: &Collected) -> Result<(), Status> {
        let site = self.post.site.clone();
        let mut bytes = 0;
        for field in &collected.fields {
            bytes += field.name.len() + field.value.len() + 2;
            let Some((ruleset, keep)) = header_check(&site.configuration.headers, field) else {
                continue;
            };
            let macros = &mut self.worker.macros;
            macros.set(b"hdr_name", &field.name);
            macros.set(b"hdrlen", field.value.len().to_string().as_bytes());
            macros.set(b"currHeader", &field.value);
            let name = String::from_utf8_lossy(&ruleset).into_owned();
            self.hook(&name, &[&field.value], !keep, None)?;
        }
        let count = collected.fields.len().to_string();
        let bytes = bytes.to_string();
        self.hook("check_eoh", &[count.as_bytes(), bytes.as_bytes()], false, None)?;
        let size = collected.size.to_string();
        self.hook("check_eom", &[size.as_bytes()], false, None)
    }

    /// Expands the recipients and writes every envelope that results.
    fn store(&mut self, collected: Collected) -> Result<(), Status> {
        let options = self.expand_options();
        let id = self.envelope.id.clone().map_or_else(Vec::new, |id| id.0);
        let post = self.post.clone();
        let verbose = self.origin.verbose;
        let mut notes = |note: expand::Note| {
            if verbose && let Some(line) = note.verbose() {
                crate::sys::terminal::print(&[&line[..], b"\n"].concat());
            }
            if let Some(event) = note.event(&id) {
                post.events.report(event);
            }
        };
        let expansion = expand::expand(&mut self.worker, &mut self.envelope, &options, &mut notes);
        self.log_accepted();
        let parts = attempt::split_by_owner(&self.post, &mut self.envelope, &expansion);
        let kind_hold = self.envelope.quarantine.is_some();
        let mut claimed =
            collected.draft.commit(unsettled(&self.envelope)).map_err(|error| refused(&error))?;
        claimed.envelope = self.envelope.clone();
        for part in parts {
            match self.post.store.split(&claimed, part) {
                Ok(split) => self.accepted.push(split),
                Err(error) => {
                    // The first part must not survive alone: the client will send all again.
                    let _ = self.post.store.finish(claimed);
                    for split in self.accepted.drain(..) {
                        let _ = self.post.store.finish(split);
                    }
                    return Err(refused(&error));
                }
            }
        }
        if kind_hold {
            let held = self.post.store.set_kind(claimed, Kind::Quarantined);
            return held.map_err(|error| refused(&error));
        }
        self.accepted.insert(0, claimed);
        Ok(())
    }

    fn log_accepted(&self) {
        let envelope = &self.envelope;
        let text = |name: &[u8]| {
            let value = self.worker.macros.value(name);
            (!value.is_empty()).then_some(value)
        };
        let accepted = AcceptedEvent {
            from: Some(self.sender_shown.clone()),
            size: envelope.size,
            class: envelope.class,
            recipients: envelope.recipients.iter().filter(|r| r.flags.primary).count(),
            message_id: text(b"msg_id"),
            body_type: envelope.body_type.map(|kind| match kind {
                BodyType::SevenBit => b"7BIT".to_vec(),
                BodyType::EightBitMime => b"8BITMIME".to_vec(),
            }),
            protocol: text(b"r"),
            daemon: text(b"daemon_name"),
            relay: self.origin.relay.clone(),
        };
        self.post.events.report(Event {
            id: envelope.id.as_ref().map(|id| id.0.clone()),
            severity: Severity::Info,
            level: 4,
            what: Happening::Accepted(Box::new(accepted)),
        });
    }

    fn log(&self, severity: Severity, level: u8, text: Vec<u8>) {
        self.post.log(self.envelope.id.as_ref(), severity, level, text);
    }

    /// Starts the delivery of what was accepted, as the delivery mode says: at once (`i`), in the
    /// background (`b`), or not (`q`, `d`). Returns the exit status of an immediate delivery.
    pub fn deliver_accepted(&mut self) -> Exit {
        let accepted = std::mem::take(&mut self.accepted);
        if accepted.is_empty() {
            return Exit::OK;
        }
        let mode = self.delivery_mode();
        let attempt = Attempt {
            post: self.post.clone(),
            sender_user: self.origin.user.clone(),
            verbose: self.origin.verbose,
            first: true,
            dead_letter: self.origin.dead_letter.clone(),
        };
        let only_queue = matches!(mode, b'q' | b'd');
        if only_queue || mode == b'i' || self.origin.verbose {
            let mut worst = Exit::OK;
            for claimed in accepted {
                if only_queue && self.origin.logs_queued {
                    attempt.log_queued(&claimed);
                }
                let exit = if only_queue {
                    attempt.report_early(&mut self.worker, claimed)
                } else {
                    attempt.run(&mut self.worker, claimed)
                };
                if worst == Exit::OK {
                    worst = exit;
                }
            }
            return worst;
        }
        let site = self.post.site.clone();
        self.post.in_background(move || {
            let mut worker = Worker::new(site);
            for claimed in accepted {
                attempt.run(&mut worker, claimed);
            }
        });
        Exit::OK
    }

    /// Drops what was begun by `MAIL`, and says so in the log (LG-073); after `RSET` also for each
    /// recipient (LG-074).
    pub fn cut_short(&mut self, reset: bool) {
        if self.envelope.id.is_some() {
            if reset {
                for recipient in &self.envelope.recipients {
                    let shown = [b"to=<", bare(&recipient.address), b">"].concat();
                    let text = [&shown[..], b", delay=00:00:00, pri=0, stat=RSET"].concat();
                    self.log(Severity::Info, 8, text);
                }
            }
            self.log_accepted();
        }
        self.abandon();
    }

    /// Drops what `MAIL` began because it was refused: the next attempt has the same queue id.
    pub fn refuse(&mut self) {
        let id = self.envelope.id.take();
        self.abandon();
        self.reserved = id;
    }

    /// Drops what was begun.
    pub fn abandon(&mut self) {
        self.collecting = None;
        self.envelope = Envelope::default();
        self.sender_mailer = None;
        self.discard = false;
    }

    /// Neither a client nor a protocol is known: the command line submits.
    fn is_submission(&self) -> bool {
        self.envelope.recipients.iter().any(|r| r.flags.primary && r.final_recipient.is_none())
    }

    fn delivery_mode(&self) -> u8 {
        let daemon = self.worker.macros.value(b"deliveryMode").first().copied();
        let mode = self.origin.delivery_mode.or(daemon);
        mode.unwrap_or_else(|| self.post.site.delivery_mode())
    }

    fn expand_options(&self) -> ExpandOptions {
        expand::ExpandOptions::of_site(&self.post.site, &self.post.delivery.default_user)
    }

    /// Asks a hook ruleset and does what it says; `about` is the address a refusal names.
    fn hook(
        &mut self,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
        about: Option<&[u8]>,
    ) -> Result<(), Status> {
        self.hook_as(self.envelope.id.clone(), ruleset, arguments, comments, about)
    }

    /// [`Intake::hook`] with this queue id in the log.
    fn hook_as(
        &mut self,
        id: Option<QueueId>,
        ruleset: &str,
        arguments: &[&[u8]],
        comments: bool,
        about: Option<&[u8]>,
    ) -> Result<(), Status> {
        let verdict = self.worker.check(ruleset, arguments, comments);
        let relay = &self.origin.relay;
        if let Some(line) = hook_log::line(ruleset, arguments, relay, &verdict, about) {
            self.post.log(id.as_ref(), Severity::Notice, 3, line);
        }
        match verdict {
            Verdict::Accept => Ok(()),
            Verdict::Reject(status) => Err(status),
            Verdict::Discard => {
                self.discard = true;
                Ok(())
            }
            Verdict::Quarantine(reason) => {
                self.envelope.quarantine = Some(reason);
                Ok(())
            }
        }
    }
}

/// Host, user and mailer of a sender; no mailer for the null sender.
type SenderTriple = (Vec<u8>, Vec<u8>, Option<usize>);

/// What became of a `RCPT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipientTaken {
    /// No delivery is tried at once.
    pub will_queue: bool,
}

fn is_named(field: &Field, name: &[u8]) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

/// The envelope as it is first stored: what has failed already is still in it, so that a crash
/// before it is reported does not lose the report.
fn unsettled(envelope: &Envelope) -> Envelope {
    let mut stored = envelope.clone();
    for recipient in &mut stored.recipients {
        if matches!(recipient.state, RecipientState::Failed(_)) {
            recipient.state = RecipientState::Pending;
        }
    }
    stored
}

/// An address without one pair of angle brackets around it.
#[must_use]
pub fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    match address.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")) {
        Some(inside) if !inside.contains(&b'<') => inside.trim_ascii(),
        _ => address,
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

/// The macros of class `{persistentMacros}` that have a value, in the oracle's order.
fn persistent_macros(worker: &Worker) -> Vec<(Vec<u8>, Vec<u8>)> {
    let class = cf_parser::Name::new(b"persistentMacros");
    let mut names = worker.site.configuration.classes.list(&class);
    names.sort_by_key(|name| name.len());
    names
        .into_iter()
        .filter_map(|name| {
            let parsed = cf_parser::names::parse_name(&name);
            let parsed = parsed.name?;
            let value = worker.macros.value(parsed.as_bytes());
            let is_set = !value.is_empty() || worker.macros.get(&parsed).is_some();
            is_set.then_some((name, value))
        })
        .collect()
}

/// The ruleset that checks a field, and whether comments are kept (CF-064, RS-120, RS-121).
fn header_check(lines: &[cf_parser::item::Header], field: &Field) -> Option<(Vec<u8>, bool)> {
    use cf_parser::item::HeaderAction;
    let check = |name: &[u8]| {
        lines.iter().rev().find_map(|line| match &line.action {
            HeaderAction::Check { ruleset, keep_comments }
                if line.name.eq_ignore_ascii_case(name) =>
            {
                Some((ruleset.clone(), *keep_comments))
            }
            _ => None,
        })
    };
    check(&field.name).or_else(|| check(b"*"))
}

fn no_recipient_action(post: &Post) -> NoRecipientAction {
    let value = post.site.configuration.options.bytes("NoRecipientAction").unwrap_or_default();
    match value.to_ascii_lowercase().as_slice() {
        b"add-to" => NoRecipientAction::AddTo,
        b"add-apparently-to" => NoRecipientAction::AddApparentlyTo,
        b"add-bcc" => NoRecipientAction::AddBcc,
        b"add-to-undisclosed" => NoRecipientAction::AddUndisclosed,
        _ => NoRecipientAction::None,
    }
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
