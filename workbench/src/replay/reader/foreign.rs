//! The logs of Postfix and Exim, as records of the same kind.

use std::sync::Arc;

use super::super::exim;
use super::super::host::Relay;
use super::super::postfix;
use super::super::session::Client;
use super::super::{Carrier, Delivery, Login, Record, Refusal, System, Transaction, Verdict, What};
use super::Reader;

impl Reader {
    pub(super) fn postfix(&mut self, part: &[u8], text: &[u8], out: &mut Vec<Record>) {
        let Some(colon) = memchr::memchr(b':', text) else { return };
        let id = text.get(..colon).unwrap_or_default();
        let rest = text.get(colon..).and_then(|rest| rest.strip_prefix(b": "));
        let Some(line) = rest.and_then(|rest| postfix::line(part, rest)) else { return };
        self.mail += 1;
        match line {
            postfix::Line::Client { relay, login } => {
                self.opened(id, out).client = Some((relay, login));
            }
            postfix::Line::From { sender, recipients } => {
                let open = self.opened(id, out);
                // retries of what waits log it again
                if open.transaction.is_some() {
                    return;
                }
                let client = open.client.take();
                let came_in = client.is_some();
                let (relay, login) = client.unwrap_or_default();
                let transaction = Arc::new(Transaction {
                    sender: sender.to_vec(),
                    relay,
                    login,
                    recipients,
                    ..Transaction::default()
                });
                open.transaction = Some(Arc::clone(&transaction));
                if came_in {
                    out.push(self.record(System::Postfix, What::Accepted(transaction)));
                }
            }
            postfix::Line::To(to) => {
                let Some(remote) = to.remote else { return };
                let delivery = Delivery {
                    id: id.to_vec(),
                    to: to.recipient.to_vec(),
                    original: to.original.map(<[u8]>::to_vec),
                    controlling: None,
                    carrier: if remote { Carrier::Remote } else { Carrier::Local },
                    relay: remote.then(|| Relay::read(to.relay)),
                    dsn: to.dsn.to_vec(),
                    stat: to.status.to_vec(),
                    transaction: self.opened(id, out).transaction.clone(),
                };
                out.push(self.record(System::Postfix, What::Delivery(delivery)));
            }
            postfix::Line::Reject(reject) => {
                let subject = match reject.command {
                    b"RCPT" => reject.recipient,
                    _ => reject.sender,
                };
                let protocol = reject.protocol;
                let said = (reject.command, reject.reply);
                let refusal = foreign(said, subject, reject.sender, &reject.relay, protocol);
                out.extend(refusal.map(|it| self.record(System::Postfix, What::Refusal(it))));
            }
            postfix::Line::Removed => drop(self.open.remove(id)),
        }
    }

    pub(super) fn exim(&mut self, text: &[u8], out: &mut Vec<Record>) {
        let (id, rest) = match exim::message_id(text) {
            Some((id, rest)) => (Some(id), rest),
            None => (None, text),
        };
        let Some(line) = exim::line(rest) else { return };
        self.mail += 1;
        match (id, line) {
            (Some(id), exim::Line::Arrived { sender, relay, protocol, login }) => {
                let sender = match sender {
                    b"<>" => sender.to_vec(),
                    sender => [b"<", sender, b">"].concat(),
                };
                let login = login.map(|name| Login {
                    name: name.to_vec(),
                    mechanism: Vec::new(),
                    bits: Vec::new(),
                });
                let protocol = protocol.to_ascii_uppercase();
                let came_in = !relay.is_empty();
                let transaction = Arc::new(Transaction {
                    sender,
                    relay,
                    protocol,
                    login,
                    recipients: 1,
                    ..Transaction::default()
                });
                self.opened(id, out).transaction = Some(Arc::clone(&transaction));
                if came_in {
                    out.push(self.record(System::Exim, What::Accepted(transaction)));
                }
            }
            (Some(id), exim::Line::To(to)) => self.exim_to(id, &to, out),
            (Some(id), exim::Line::Completed) => drop(self.open.remove(id)),
            (_, exim::Line::Rejected { command, relay, sender, subject, text, tls }) => {
                let subject = subject.strip_prefix(b"<").unwrap_or(subject);
                let subject = subject.strip_suffix(b">").unwrap_or(subject);
                let protocol: &[u8] = if tls { b"ESMTPS" } else { b"ESMTP" };
                let refusal = foreign((command, text), subject, sender, &relay, protocol);
                out.extend(refusal.map(|it| self.record(System::Exim, What::Refusal(it))));
            }
            _ => {}
        }
    }

    fn exim_to(&mut self, id: &[u8], to: &exim::To<'_>, out: &mut Vec<Record>) {
        let took = matches!(to.mark, b"=>" | b"->" | b">>");
        let carrier = match to.host {
            Some(_) => Carrier::Remote,
            None if took && to.has_transport => Carrier::Local,
            None => return,
        };
        let full = to.recipient.contains(&b'@') || to.recipient.starts_with(b"|");
        let full = full || to.recipient.starts_with(b"/");
        let recipient = match to.original {
            Some(original) if !full => original,
            _ => to.recipient,
        };
        let address = |(name, address): (&[u8], &[u8])| Relay {
            host: name.to_vec(),
            address: Some(address.to_vec()),
        };
        let delivery = Delivery {
            id: id.to_vec(),
            to: recipient.to_vec(),
            original: to.original.map(<[u8]>::to_vec),
            controlling: None,
            carrier,
            relay: to.host.map(address),
            dsn: Vec::new(),
            stat: to.mark.to_vec(),
            transaction: self.opened(id, out).transaction.clone(),
        };
        out.push(self.record(System::Exim, What::Delivery(delivery)));
    }
}

/// What another system refused, as the question that sendmail would ask.
fn foreign(
    (command, text): (&[u8], &[u8]),
    subject: &[u8],
    sender: &[u8],
    relay: &[u8],
    protocol: &[u8],
) -> Option<Refusal> {
    let bracketed = [b"<", subject, b">"].concat();
    let client = Client::read(relay);
    let (ruleset, arguments): (&[u8], _) = match command {
        b"RCPT" => (b"check_rcpt", vec![bracketed]),
        b"MAIL" => (b"check_mail", vec![bracketed]),
        b"CONNECT" | b"connection" => (b"check_relay", vec![client.name.clone(), client.address]),
        _ => return None,
    };
    let transaction = Arc::new(Transaction {
        sender: [b"<", sender, b">"].concat(),
        relay: relay.to_vec(),
        protocol: protocol.to_vec(),
        ..Transaction::default()
    });
    Some(Refusal {
        ruleset: ruleset.to_vec(),
        arguments,
        relay: relay.to_vec(),
        verdict: Verdict::Reject(text.to_vec()),
        transaction: Some(transaction),
    })
}
