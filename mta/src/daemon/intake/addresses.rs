//! Sender and recipients: what `MAIL` and `RCPT` give, or the command line.

use cf_parser::debug::Category;
use ruleset_vm::{Enhanced, Exit, Role, Status, Target, error_mailer};

use super::{
    Intake, RecipientParameters, RecipientRefused, RecipientTaken, SenderParameters, bare,
    set_time_macros,
};
use crate::address::{expand, sender, verify};
use crate::events::{Event, Severity};
use crate::message::envelope::{Envelope, QueueId, Recipient, Route};
use crate::sys::{clock, users};

impl Intake {
    /// `MAIL`: resolves the sender and, if it comes by SMTP, asks check_mail. `sender` is as written, with angle
    /// brackets if it came with them.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn begin(&mut self, sender: &[u8], parameters: SenderParameters) -> Result<(), Status> {
        let (host, user, mailer) = self.name(sender)?;
        self.check_room(parameters.size)?;
        let stand_in = self.stand_in();
        let sender = stand_in.as_deref().unwrap_or(sender);
        let address = bare(sender).to_vec();
        let mailer_name =
            mailer.and_then(|index| self.post.site.mailers.get(index)).map(|m| m.name.clone());
        let named = if address.is_empty() { b"<>" } else { sender.trim_ascii() };
        if self.origin.user.is_some() {
            // the user database may know under which name the user sends
            self.worker.debug(Category::UserDb, 1, &[b"udbmatch(", named, b", mailname)"]);
        }
        let route = mailer.map(|mailer| Route { mailer, host: host.clone(), user: user.clone() });
        let resolved = sender::complete(&mut self.worker, named, route);
        self.envelope.sender =
            if address.is_empty() { Vec::new() } else { sender.trim_ascii().to_vec() };
        self.name_sender(&user, mailer);
        let macros = &mut self.worker.macros;
        macros.set(b"mail_mailer", &mailer_name.unwrap_or_default());
        macros.set(b"mail_host", &host);
        macros.set(b"mail_addr", &user);
        macros.set(b"mail_from", sender);
        macros.set(b"f", &resolved.canonical);
        self.envelope.resolved_sender = Some(resolved);
        if let Some(size) = parameters.size {
            macros.set(b"msg_size", size.to_string().as_bytes());
        }
        self.take_parameters(parameters);
        self.trust_author(sender);
        if !self.origin.by_smtp {
            // said already (sender_flaw)
            self.worker.take_messages();
            return Ok(());
        }
        self.hook("check_mail", &[sender], true, Some(sender))
    }

    /// Begins a message of a sender; host and user of the triple it is resolved to, and the mailer.
    ///
    /// # Errors
    /// The reply that refuses the sender.
    pub(in crate::daemon) fn name(&mut self, sender: &[u8]) -> Result<SenderTriple, Status> {
        if !self.is_open {
            self.open_envelope();
        }
        self.is_open = false;
        self.sender_shown = sender.to_vec();
        if self.origin.by_smtp && !self.introduced {
            let relay = self.origin.relay.clone();
            self.warn(&[&relay[..], b" didn't use HELO protocol"].concat());
        }
        let resolved = self.resolve_sender(sender.trim_ascii())?;
        self.sender_mailer = resolved.2;
        Ok(resolved)
    }

    /// Begins a message whose sender comes next.
    fn open_envelope(&mut self) {
        self.abandon();
        self.turned_away = None;
        self.start_envelope();
        self.is_open = true;
    }

    /// Who counts as the sender where a client has named nobody: `(a comment)`.
    pub(in crate::daemon) fn stand_in(&self) -> Option<Vec<u8>> {
        self.unnamed.then(|| self.worker.macros.value(b"n"))
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
        let refused = self.refused;
        if self.hook_as(none, "trust_auth", &[&author], true, Some(sender)).is_err() {
            self.envelope.auth = Some(b"<>".to_vec());
            // nor has it a part in the exit status
            self.refused = refused;
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

    /// What is wrong with a sender of the command line. It is told, and the message goes on: under this name where it can only
    /// not be read as it should, else under that of the user (observed).
    pub fn sender_flaw(&mut self, sender: &[u8]) -> Option<SenderFlaw> {
        let role = Role { header: false, sender: true };
        let address = sender.trim_ascii();
        let null = bare(sender).is_empty() && address == sender;
        let address = if null { b"<>" } else { address };
        self.open_envelope();
        let parsed = self.worker.parse(address, role);
        self.worker.keep(address, role, parsed.clone());
        let messages = self.worker.take_messages();
        let mut lines: Vec<Vec<u8>> =
            messages.into_iter().filter(|text| verify::complaint(text).is_some()).collect();
        let unbalanced = !lines.is_empty();
        let mut exit = if unbalanced { Exit::USAGE } else { Exit::OK };
        let parsed = parsed.map(|parsed| sender::judged(&self.worker, parsed));
        let readable = match parsed.map(|parsed| parsed.triple.mailer) {
            None => null,
            Some(Target::Mailer(_)) => {
                // sendmail reads it twice
                lines.extend_from_within(..);
                true
            }
            Some(Target::Error(status)) => {
                let shown = if null { b"<>" } else { sender };
                lines.push(error_mailer::status_text(shown, &status));
                if null {
                    self.report_unbuilt(&status);
                }
                if !status.retry && !unbalanced {
                    exit = status.exit;
                }
                status.retry
            }
        };
        if !readable {
            self.log_unparsable(if null { b"<>" } else { sender });
        }
        let wrong = !readable || !lines.is_empty();
        wrong.then_some(SenderFlaw { lines, exit, readable })
    }

    fn log_unparsable(&mut self, sender: &[u8]) {
        let meta = |byte: &u8| if (0x80..0xa0).contains(byte) { b'?' } else { *byte };
        let shown: Vec<u8> = sender.iter().map(meta).collect();
        let id = self.id();
        let relay = &self.origin.relay;
        let text = [b"setsender: ", &shown[..], b": invalid or unparsable, received from ", relay];
        self.post.log(Some(&id), Severity::Notice, 3, text.concat());
    }

    /// Rules that end with what is no triple are an error of the configuration.
    fn report_unbuilt(&mut self, status: &Status) {
        if status.text.starts_with(b"buildaddr:") {
            let (id, text) = (self.id(), status.text.clone());
            self.post.events.report(Event::system_error(Some(&id.0), &self.user(), text));
        }
    }

    fn user(&self) -> Vec<u8> {
        users::by_uid(users::real_uid()).ok().flatten().map_or_else(Vec::new, |user| user.name)
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
        self.discard = self.discard_all;
        self.has_missing = false;
        self.unnamed = false;
        self.bad_recipients = 0;
    }

    pub(in crate::daemon) fn take_parameters(&mut self, parameters: SenderParameters) {
        let envelope = &mut self.envelope;
        envelope.body_type = parameters.body;
        envelope.body_word = parameters.body_word;
        // what is said of its size until some of it has come in (observed)
        envelope.size = parameters.size.unwrap_or(0);
        envelope.envid = parameters.envid;
        envelope.auth = parameters.auth;
        envelope.deliver_by = parameters.deliver_by;
        if let Some(headers_only) = parameters.return_headers_only {
            envelope.flags.ret_given = true;
            envelope.flags.no_body_return = headers_only;
        }
        if let Some(envid) = &envelope.envid {
            self.worker.macros.set(b"dsn_envid", envid);
        }
        if let Some(headers_only) = parameters.return_headers_only {
            self.worker.macros.set(b"dsn_ret", if headers_only { b"HDRS" } else { b"FULL" });
        }
    }

    /// A bracket or quote without its partner, or what is no mailbox, refuses the address (RS-011, RS-018, SM-017).
    fn refuse_flawed(&self) -> Result<(), Status> {
        let found = self.worker.messages.iter().find_map(|text| verify::complaint(text));
        found.map_or(Ok(()), Err)
    }

    /// Host, user and mailer of the sender's triple.
    fn resolve_sender(&mut self, address: &[u8]) -> Result<SenderTriple, Status> {
        let nobody = (Vec::new(), Vec::new(), None);
        let role = Role { header: false, sender: true };
        let parsed = self.worker.parse(if address.is_empty() { b"<>" } else { address }, role);
        if self.origin.by_smtp {
            self.refuse_flawed()?;
        }
        let Some(parsed) = parsed else {
            if self.origin.by_smtp {
                self.unnamed = true;
                self.sender_shown = self.worker.macros.value(b"n");
                self.log_unparsable(address);
            }
            return Ok(nobody);
        };
        let by_rules = matches!(parsed.triple.mailer, Target::Error(_));
        let parsed = sender::judged(&self.worker, parsed);
        match parsed.triple.mailer {
            // the command line has been told (sender_flaw)
            Target::Error(_) if !self.origin.by_smtp => Ok(nobody),
            Target::Error(status) => {
                self.report_unbuilt(&status);
                match by_rules {
                    true => self.note_refusal(&status),
                    false => self.log_unparsable(address),
                }
                Err(status)
            }
            Target::Mailer(index) => {
                Ok((parsed.triple.host.unwrap_or_default(), parsed.triple.user, Some(index)))
            }
        }
    }

    /// `$x`: the name given with `-F`, else that of the sender's account if its mailer has users.
    fn name_sender(&mut self, user: &[u8], mailer: Option<usize>) {
        let mailer = mailer.and_then(|index| self.post.site.mailers.get(index));
        if mailer.is_none_or(|m| !m.flags.has(b'w')) {
            self.worker.macros.clear(b"x");
            return;
        }
        if !self.origin.full_name.is_empty() {
            return;
        }
        if let Ok(Some(account)) = self.post.site.user(user) {
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

    /// `RCPT`: resolves the recipient, asks check_rcpt, and looks whether it exists, in this order (RS-145).
    ///
    /// # Errors
    /// The reply that refuses it.
    pub fn recipient(
        &mut self,
        address: &[u8],
        parameters: RecipientParameters,
    ) -> Result<RecipientTaken, RecipientRefused> {
        let taken = self.take_recipient(address, parameters);
        if taken.is_err() {
            self.bad_recipients += 1;
        }
        taken
    }

    /// Whether rules can make something of a recipient.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub(in crate::daemon) fn can_resolve(&mut self, address: &[u8]) -> Result<(), Status> {
        let resolved = self.resolve_recipient(address);
        if resolved.is_err() {
            self.bad_recipients += 1;
        }
        resolved.map(drop)
    }

    fn resolve_recipient(&mut self, address: &[u8]) -> Result<expand::Resolved, Status> {
        match expand::resolve_recipient(&mut self.worker, address.trim_ascii()) {
            Ok(Some(resolved)) => Ok(resolved),
            Ok(None) => Err(missing_recipient()),
            Err(refusal) => {
                if refusal.by_rules {
                    self.note_refusal(&refusal.status);
                    self.report_unbuilt(&refusal.status);
                }
                Err(refusal.status)
            }
        }
    }

    fn take_recipient(
        &mut self,
        address: &[u8],
        parameters: RecipientParameters,
    ) -> Result<RecipientTaken, RecipientRefused> {
        let options = self.expand_options();
        let mut resolved = self.resolve_recipient(address)?;
        let count = self.envelope.recipients.len().to_string();
        let macros = &mut self.worker.macros;
        macros.set(b"rcpt_mailer", &resolved.mailer_name);
        macros.set(b"rcpt_host", &resolved.host);
        macros.set(b"rcpt_addr", &resolved.user);
        macros.set(b"nrcpts", count.as_bytes());
        macros.set(b"nbadrcpts", self.bad_recipients.to_string().as_bytes());
        match &parameters.notify {
            Some(notify) => macros.set(b"dsn_notify", notify_words(*notify).as_bytes()),
            None => macros.clear(b"dsn_notify"),
        }
        let verdict = self.hook("check_rcpt", &[address], true, Some(address));
        for name in [&b"rcpt_mailer"[..], b"rcpt_host", b"rcpt_addr"] {
            self.worker.macros.clear(name);
        }
        verdict?;
        // who gets a message that is discarded does not matter, unless it is a program (observed)
        let at_once = self.delivery_mode() == b'i';
        if !self.discard && !at_once {
            let exists = resolved.exists(&mut self.worker, &options);
            self.has_missing |= exists.is_err();
            exists?;
        } else if let Some(refusal) = resolved.as_program().filter(|_| self.discard) {
            return Err(refusal.into());
        }
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
        let mut waits = resolved.deferred;
        let host = resolved.host.to_ascii_lowercase();
        let key = (resolved.mailer, host, resolved.user.clone());
        if let Some(known) = self.known.get(&key).and_then(|&at| self.envelope.recipients.get(at)) {
            return Ok(RecipientTaken { known_as: Some(known.address.clone()), waits });
        }
        if at_once && !self.discard {
            waits |= self.expand_now(&recipient, &resolved)?;
        }
        self.known.insert(key, self.envelope.recipients.len());
        self.envelope.recipients.push(recipient);
        Ok(RecipientTaken { known_as: None, waits })
    }

    /// Adds a recipient without resolving it now, for `-bm` and `-t`, where errors become reports.
    pub fn push_recipient(&mut self, recipient: Recipient) {
        self.envelope.recipients.push(recipient);
    }

    /// Of the recipients only these are known while the header is read: those of the command line with
    /// `-t`, on which `$u` depends (observed).
    pub fn name_only(&mut self, recipients: &[Recipient]) {
        self.named = Some(recipients.iter().map(|one| one.address.clone()).collect());
    }

    /// The hops that the caller has counted (`-h`, CMD-037).
    pub fn set_hops(&mut self, hops: usize) {
        self.envelope.hops = hops;
    }
}

/// `NOTIFY=` of these flags: success, failure, delay.
fn notify_words((success, failure, delay): (bool, bool, bool)) -> String {
    let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
    let words: Vec<_> = words.iter().filter_map(|(set, word)| set.then_some(*word)).collect();
    if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }
}

/// What is said to a recipient of comments only (observed).
fn missing_recipient() -> Status {
    Status::from_reply(Exit::USAGE, 501, Enhanced::new(5, 0, 0), "Missing recipient")
}

/// What is wrong with a sender of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderFlaw {
    /// What is said about it, reply codes in front.
    pub lines: Vec<Vec<u8>>,
    /// The exit status of the submission.
    pub exit: Exit,
    /// It can stay the sender.
    pub readable: bool,
}

/// Host, user and mailer of a sender; no mailer for the null sender.
type SenderTriple = (Vec<u8>, Vec<u8>, Option<usize>);
