//! The envelope of a message that has come in whole: header, flags, class, priority, persistent macros.

use std::cell::RefCell;

use ruleset_vm::crack::CrackOptions;

use super::{Intake, counted};
use crate::address::worker::Worker;
use crate::daemon::collect::Collected;
use crate::daemon::header_host::Headers;
use crate::daemon::post::Post;
use crate::message::address_list::ListStyle;
use crate::message::defaults::{self, NoRecipientAction};
use crate::message::envelope::{BodyType, EnvelopeFlags, Field, value_of};
use crate::message::full_name::phrase;
use crate::message::output::{OutputOptions, stored_header};
use crate::message::xtext;
use crate::queue::priority;

impl Intake {
    /// Header, flags, class, priority and persistent macros.
    /// `recipients` are those given, before they were resolved.
    pub(super) fn make_envelope(&mut self, collected: &Collected, recipients: &[Vec<u8>]) {
        let size = collected.size;
        self.worker.macros.set(b"msg_size", size.to_string().as_bytes());
        let sender = self.worker.macros.value(b"f");
        self.worker.macros.set(b"g", &sender);
        let given = self.envelope.sender.clone();
        let names: Vec<&[u8]> = match self.sender_mailer {
            Some(index) if self.post.site.mailers[index].flags.has(b'!') => Vec::new(),
            _ => vec![&given],
        };
        let warnings = self.warnings.iter().map(|text| warning(text));
        let fields = warnings.chain(collected.fields.iter().cloned()).collect();
        let mut assembled = defaults::assemble(&self.post.site.default_header, fields, &names);
        let action = no_recipient_action(&self.post);
        defaults::add_recipient_field(
            &mut assembled.header,
            action,
            recipients.iter().map(Vec::as_slice),
        );
        let hops = assembled.hops.max(self.envelope.hops);
        self.worker.macros.set(b"c", hops.to_string().as_bytes());
        match self.named.as_deref().unwrap_or(recipients) {
            [one] if !self.has_missing => self.worker.macros.set(b"u", one),
            _ => self.worker.macros.clear(b"u"),
        }
        if let Some(name) = value_of(&collected.fields, b"full-name") {
            let name = phrase(name.trim_ascii(), &self.post.site.must_quote());
            self.worker.macros.set(b"x", &name);
        }
        let value = |name: &[u8]| {
            assembled
                .header
                .iter()
                .find(|field| !field.is_default && field.is_named(name))
                .map(|field| field.value.trim_ascii().to_vec())
        };
        let id_name: &[u8] = if assembled.resent { b"resent-message-id" } else { b"message-id" };
        if let Some(id) = value(id_name) {
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
        if let Some(id) = value_of(&header, id_name) {
            self.worker.macros.set(b"msg_id", id.trim_ascii());
        }
        let is_mime = value_of(&header, b"mime-version").is_some();
        let eight_bit = |field: &Field| !field.value.is_ascii();
        if self.envelope.body_type.is_none() && is_mime && collected.fields.iter().any(eight_bit) {
            // nobody has said so; only the header counts (observed)
            self.envelope.body_type = Some(BodyType::EightBitMime);
        }
        let is_submission = !self.origin.by_smtp && !self.origin.doubtful;
        let envelope = &mut self.envelope;
        envelope.header = header;
        envelope.size = size;
        envelope.flags = EnvelopeFlags {
            delete_bcc: assembled.delete_bcc,
            has_8bit: collected.has_8bit,
            // of SMTP clients' ones in quarantine it is found out when they are told of
            split: envelope.quarantine.is_none() || !self.origin.by_smtp,
            no_body_return: envelope.flags.no_body_return || envelope.class < 0,
            ..envelope.flags
        };
        envelope.macros = persistent_macros(&self.worker);
        if is_submission && envelope.auth.is_none() && !envelope.is_from_nobody() {
            // QU-111; complete (observed)
            let mut auth = self.worker.macros.value(b"f");
            if !auth.contains(&b'@') {
                auth = [&auth[..], b"@", &self.worker.macros.value(b"j")].concat();
            }
            envelope.auth = Some(xtext::encode(&auth));
        }
        let factors = self.post.factors();
        envelope.priority = priority::initial(size, envelope.class, counted(envelope), &factors);
    }

    /// `-ba`: the sender is the text of Sender:, else of From:, whoever that was before (CMD-008, AD-057).
    pub(super) fn take_sender_from_header(&mut self) {
        let header = &self.envelope.header;
        let named = value_of(header, b"sender").or_else(|| value_of(header, b"from"));
        let Some(sender) = named.map(|text| text.trim_ascii().to_vec()) else { return };
        self.sender_shown.clone_from(&sender);
        self.envelope.sender = sender;
        // rules have seen the login only
        self.envelope.resolved_sender = None;
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
}

fn warning(text: &[u8]) -> Field {
    Field {
        condition: Vec::new(),
        name: b"X-Authentication-Warning".to_vec(),
        value: [b" ", text].concat(),
        is_default: false,
    }
}

/// The macros of class `{persistentMacros}` that have a value, in the oracle's order.
pub(in crate::daemon) fn persistent_macros(worker: &Worker) -> Vec<(Vec<u8>, Vec<u8>)> {
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
