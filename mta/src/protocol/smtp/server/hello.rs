//! `HELO`, `EHLO` and the list of extensions.

use super::action::{Abandoned, Note, Question};
use super::replies;
use super::reply::Reply;
use super::session::{Held, Session, Topic};
use super::settings::StartTls;
use super::verbs::Command;

impl Session {
    pub(super) fn helo(&mut self, command: &Command) {
        self.hello(false, command);
    }

    pub(super) fn ehlo(&mut self, command: &Command) {
        self.hello(true, command);
    }

    fn hello(&mut self, extended: bool, command: &Command) {
        self.counters.hello += 1;
        let limit = self.settings.limits.hello;
        if !self.slow_down("HELO/EHLO", self.counters.hello, limit) {
            return;
        }
        // whoever has spoken on is refused, whatever the name (observed)
        self.hold(Held::Hello { extended, name: command.argument.clone() });
    }

    pub(super) fn introduced(&mut self, extended: bool, name: Vec<u8>) {
        let sane = name.iter().all(|&byte| in_domain(byte));
        // Where anything goes, the first word is looked at.
        let mut first = name.iter().take_while(|byte| **byte != b' ');
        let sane = sane || (self.settings.allow_bogus_hello && first.all(|&byte| in_domain(byte)));
        if !self.settings.allow_bogus_hello {
            if name.is_empty() {
                let verb: &[u8] = if extended { b"EHLO" } else { b"HELO" };
                return self.reply(replies::HELLO_REQUIRES_DOMAIN.with(&[verb]));
            }
            if !sane {
                self.reply(replies::INVALID_DOMAIN.reply());
                let first = name.split(u8::is_ascii_whitespace).next().unwrap_or_default().to_vec();
                return self.note(Note::BadHello(first));
            }
        }
        self.abandon(Abandoned::Hello { extended });
        self.ask(Question::Hello { extended, name }, Topic::Hello { extended, sane });
    }

    pub(super) fn say_hello(&mut self, extended: bool, sane: bool) {
        self.greeted = true;
        let template = if sane { replies::HELLO } else { replies::HELLO_BOGUS };
        let mut reply = template.with(&[&self.settings.hostname, &self.peer.display]);
        if extended {
            for keyword in self.keywords() {
                reply.text.push(b'\n');
                reply.text.extend_from_slice(&keyword);
            }
        }
        self.reply(reply);
    }

    /// The extensions offered, in the oracle's order (SM-037..SM-049). A refused session has only
    /// ENHANCEDSTATUSCODES (RS-102).
    fn keywords(&self) -> Vec<Vec<u8>> {
        let (features, privacy) = (&self.features, &self.settings.privacy);
        let mut keywords = vec![b"ENHANCEDSTATUSCODES".to_vec()];
        if self.refusal.is_some() {
            return keywords;
        }
        let expn = features.expn && !privacy.no_expn;
        let tls = features.starttls == StartTls::Offered && !self.is_tls();
        let table: [(bool, Vec<u8>); 11] = [
            (features.pipelining, b"PIPELINING".to_vec()),
            (expn, b"EXPN".to_vec()),
            (expn && features.verb && !privacy.no_verb, b"VERB".to_vec()),
            (features.eight_bit_mime, b"8BITMIME".to_vec()),
            (true, with_number("SIZE", self.settings.limits.message_size)),
            (self.offers_dsn(), b"DSN".to_vec()),
            (features.etrn && !privacy.no_etrn, b"ETRN".to_vec()),
            (!features.auth.is_empty(), [b"AUTH ", features.auth.join(&b' ').as_slice()].concat()),
            (tls, b"STARTTLS".to_vec()),
            (
                self.settings.limits.deliver_by_min >= 0,
                with_number("DELIVERBY", self.settings.limits.deliver_by_min.unsigned_abs()),
            ),
            (true, b"HELP".to_vec()),
        ];
        keywords.extend(table.into_iter().filter(|row| row.0).map(|row| row.1));
        keywords
    }

    pub(super) fn offers_dsn(&self) -> bool {
        self.features.dsn && !self.settings.privacy.no_receipts
    }

    /// The reply to be given if a peer must say `HELO` first and has not.
    pub(super) fn missing_hello(&self, needed: bool, reply: Reply) -> Option<Reply> {
        (needed && !self.greeted).then_some(reply)
    }
}

fn with_number(keyword: &str, number: u64) -> Vec<u8> {
    if number == 0 { keyword.as_bytes().to_vec() } else { format!("{keyword} {number}").into() }
}

/// Bytes of a name in `HELO` (SM-013).
fn in_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte)
}
