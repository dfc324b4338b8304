//! "Would this be relayed, and why", in one line.

use ruleset_vm::load::Configuration;
use ruleset_vm::mailer::Mailer;
use ruleset_vm::{Target, Triple};

use super::{Asked, Exchange, Run, Said, Verdict};
use crate::source::Source;
use crate::story::Firing;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// Whether mail would leave for another host.
    pub relayed: bool,
    /// Why, or why not.
    pub because: Vec<u8>,
}

impl Conclusion {
    /// `relayed: no, because ...`
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let answer: &[u8] =
            if self.relayed { b"relayed: yes, because " } else { b"relayed: no, because " };
        [answer, &self.because, b"\n"].concat()
    }

    fn no(because: Vec<u8>) -> Self {
        Self { relayed: false, because }
    }
}

/// What a session comes to. Of several messages the last one counts.
#[must_use]
pub fn conclude(
    exchanges: &[Exchange],
    configuration: &Configuration,
    source: &Source,
) -> Conclusion {
    let mail = exchanges.iter().rposition(|exchange| exchange.behind(b"MAIL FROM:").is_some());
    let transaction = exchanges.get(mail.unwrap_or(0)..).unwrap_or_default();
    // one that refuses the session is the reason for all that is refused later
    let connection = exchanges.first().filter(|first| first.input.is_empty());
    let connection = connection.and_then(Exchange::objection);
    let words = Words { configuration, source, connection };
    if let Some(why) = words.dropped(exchanges, transaction) {
        return Conclusion::no(why);
    }
    let recipients: Vec<&Exchange> =
        transaction.iter().filter(|exchange| exchange.behind(b"RCPT TO:").is_some()).collect();
    let remote = recipients.iter().find_map(|exchange| words.remote(exchange));
    let refused = transaction.iter().rev().find(|exchange| exchange.refuses_all());
    let begins = |first: &&Exchange| first.behind(b"MAIL FROM:").is_some();
    let unwelcome = transaction.first().filter(begins).filter(|mail| mail.refused());
    match (remote, refused) {
        (Some(because), None) => Conclusion { relayed: true, because },
        (Some(_), Some(refused)) => Conclusion::no(words.refusal(refused)),
        (None, _) => Conclusion::no(match unwelcome {
            Some(mail) => words.refusal(mail),
            None => words.nobody(exchanges, &recipients),
        }),
    }
}

struct Words<'a> {
    configuration: &'a Configuration,
    source: &'a Source,
    /// What has been said against the connection.
    connection: Option<&'a Run>,
}

impl Words<'_> {
    /// Why an accepted recipient makes the mail leave.
    fn remote(&self, exchange: &Exchange) -> Option<Vec<u8>> {
        if exchange.refused() || exchange.replies.is_empty() {
            return None;
        }
        let (mailer, triple) = self.leaves(exchange)?;
        let path = path(exchange.behind(b"RCPT TO:")?);
        let mut out = [path, b" is accepted"].concat();
        out.extend(self.by(exchange.hook(b"check_rcpt")));
        out.extend([b" and goes by mailer ", &mailer.name[..]].concat());
        if let Some(host) = triple.host.as_deref().filter(|host| !host.is_empty()) {
            out.extend([b" to host ", host].concat());
        }
        Some(out)
    }

    /// The mailer and the triple of a recipient that is not delivered here (ML flag `l`).
    fn leaves<'e>(&self, exchange: &'e Exchange) -> Option<(&Mailer, &'e Triple)> {
        let triple = triple(exchange)?;
        let Target::Mailer(number) = triple.mailer else { return None };
        let mailer = self.configuration.mailers.get(number)?;
        (!mailer.flags.has(b'l')).then_some((mailer, triple))
    }

    /// A verdict that takes the mail and drops or keeps it: about the connection, or within the transaction.
    fn dropped(&self, exchanges: &[Exchange], transaction: &[Exchange]) -> Option<Vec<u8>> {
        let held = |run: &&Run| {
            let relay =
                matches!(&run.asked, Asked::Hook { ruleset, .. } if ruleset == b"check_relay");
            match &run.said {
                Said::Verdict(Verdict::Discard) => true,
                // nobody can keep a connection
                Said::Verdict(Verdict::Quarantine(_)) => !relay,
                _ => false,
            }
        };
        let connection = exchanges.iter().take_while(|exchange| exchange.input.is_empty());
        let run = connection.chain(transaction).flat_map(|exchange| &exchange.runs).find(held)?;
        let Said::Verdict(verdict) = &run.said else { return None };
        let what: &[u8] = match verdict {
            Verdict::Discard => b"the mail is taken and discarded",
            _ => b"the mail is quarantined",
        };
        Some([what, &self.by(Some(run))].concat())
    }

    /// Why nobody is left who would get the mail elsewhere.
    fn nobody(&self, all: &[Exchange], recipients: &[&Exchange]) -> Vec<u8> {
        let refused = || recipients.iter().rev().filter(|exchange| exchange.refused());
        let elsewhere = refused().find(|exchange| self.leaves(exchange).is_some());
        if let Some(refused) = elsewhere.or_else(|| refused().next()) {
            return self.refusal(refused);
        }
        let here = recipients.iter().find_map(|exchange| {
            let Target::Mailer(number) = triple(exchange)?.mailer else { return None };
            let mailer = self.configuration.mailers.get(number)?;
            let path = path(exchange.behind(b"RCPT TO:")?);
            Some([path, b" is delivered here, by mailer ", &mailer.name].concat())
        });
        let refused = || all.iter().rev().find(|exchange| exchange.refused());
        here.or_else(|| refused().map(|refused| self.refusal(refused)))
            .unwrap_or_else(|| b"no recipient was named".to_vec())
    }

    /// `RCPT TO:<a@b> is refused with 550 ...: check_rcpt, hub.cf:1653, R...`
    fn refusal(&self, exchange: &Exchange) -> Vec<u8> {
        let command = match exchange.is_message {
            true => b"the message",
            false => &exchange.input[..],
        };
        let reply = exchange.replies.last().cloned().unwrap_or_default();
        let mut out = [command, b" is refused with \"", &reply, b"\""].concat();
        out.extend(self.by(exchange.objection().or(self.connection)));
        out
    }

    /// ` by check_rcpt (hub.cf:1653: R...)`
    fn by(&self, run: Option<&Run>) -> Vec<u8> {
        let Some(run) = run else { return Vec::new() };
        let name = match &run.asked {
            Asked::Hook { ruleset, .. } => ruleset.clone(),
            _ => b"the rules".to_vec(),
        };
        let rule = match run.said {
            Said::Verdict(Verdict::Accept) => run.consent(),
            _ => run.rule(),
        };
        match rule {
            Some(rule) => [b" by ", &name[..], b" (", &self.rule(rule), b")"].concat(),
            None => [b" by ", &name[..]].concat(),
        }
    }

    fn rule(&self, rule: &Firing) -> Vec<u8> {
        let place = self.source.place(rule.span.line);
        [&place[..], b": R", &rule.lhs, b" -> ", &rule.rhs].concat()
    }
}

/// Where a recipient goes.
fn triple(exchange: &Exchange) -> Option<&Triple> {
    exchange.runs.iter().find_map(|run| match (&run.asked, &run.said) {
        (Asked::Address { role, .. }, Said::Triple(Some(parsed))) if !role.sender => {
            Some(&parsed.triple)
        }
        _ => None,
    })
}

/// The path in front of parameters.
fn path(argument: &[u8]) -> &[u8] {
    let end = match argument.iter().rposition(|byte| *byte == b'>') {
        Some(at) if argument.starts_with(b"<") => at + 1,
        _ => argument.iter().position(u8::is_ascii_whitespace).unwrap_or(argument.len()),
    };
    argument.get(..end).unwrap_or(argument)
}
