//! What hook rulesets say now about what they, or another system, have said before.

use std::rc::Rc;
use std::sync::Arc;

use ruleset_vm::load::Configuration;
use ruleset_vm::trace::{NoTracer, Tracer};
use ruleset_vm::{Role, Status, Target, error_mailer, split_codes};

use super::super::causes::{Macro, Watcher};
use super::super::findings::{Cause, Findings, Kind};
use super::super::session::{Assumption, Client, Protocol, SESSION, define};
use super::super::{exim, postfix};
use super::{
    Carrier, Delivery, Doubt, Judge, Record, Refusal, System, Transaction, Verdict, bare, doubt_of,
    found, unknown,
};
use crate::answering::MapServices;
use crate::session::{self, HookAnswer};

/// Mechanisms that are tried where a client has logged in and the log does not say how, beside those of class
/// `{TrustAuthMech}`.
const MECHANISM: &[u8] = b"PLAIN";
/// Mechanisms tried at most.
const MAX_MECHANISMS: usize = 8;
/// Bytes of an argument in a log line; longer ones have `...` in the middle.
const SHORTENED: usize = 150;

/// A question to a hook ruleset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) ruleset: &'a [u8],
    pub(super) arguments: &'a [&'a [u8]],
    pub(super) transaction: &'a Transaction,
    pub(super) system: System,
    /// The message is known, and not only the client.
    pub(super) has_sender: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    verdict: Verdict,
    doubt: Option<Doubt>,
}

/// What the sender of a message is to rules.
pub(super) struct Sender {
    canonical: Vec<u8>,
    mailer: Vec<u8>,
    host: Vec<u8>,
    user: Vec<u8>,
}

impl<S: MapServices> Judge<S> {
    /// A sender, and the client it came from, that had been accepted.
    pub(super) fn accepted(
        &mut self,
        record: &Record,
        transaction: &Arc<Transaction>,
        findings: &mut Findings,
    ) {
        let client = Client::read(&transaction.relay);
        if !client.is_remote() {
            return;
        }
        findings.tally.senders += record.times;
        let system = record.system;
        let arguments: [&[u8]; 2] = [&client.name, &client.address];
        let relay = Question {
            ruleset: b"check_relay",
            arguments: &arguments,
            transaction,
            system,
            has_sender: false,
        };
        let arguments: [&[u8]; 1] = [&transaction.sender];
        let mail =
            Question { ruleset: b"check_mail", arguments: &arguments, has_sender: true, ..relay };
        for question in [relay, mail] {
            if !self.is_said(&question, &Verdict::Accept) {
                return self.differs(record, &question, &Verdict::Accept, findings);
            }
        }
        findings.tally.same_senders += record.times;
    }

    /// A recipient that a client had been allowed to name.
    pub(super) fn recipient(
        &mut self,
        record: &Record,
        delivery: &Delivery,
        findings: &mut Findings,
    ) {
        let Some(transaction) = &delivery.transaction else { return };
        let given = match record.system {
            // in brackets as RCPT gave it; members of aliases have none, or somebody who answers for them
            System::Sendmail => {
                let whole = delivery.to.starts_with(b"<") && delivery.to.ends_with(b">");
                let direct = delivery.controlling.is_none() && !transaction.protocol.is_empty();
                (whole && direct).then(|| delivery.to.clone())
            }
            System::Postfix | System::Exim => {
                let address = delivery.original.as_ref().unwrap_or(&delivery.to);
                Some([b"<", bare(address), b">"].concat())
            }
        };
        let local = matches!(&delivery.carrier, Carrier::Mailer(name) if name == b"*file*");
        let Some(given) = given.filter(|_| !local) else { return };
        if !Client::read(&transaction.relay).is_remote() {
            return;
        }
        findings.tally.recipients += record.times;
        let arguments: [&[u8]; 1] = [&given];
        let question = Question {
            ruleset: b"check_rcpt",
            arguments: &arguments,
            transaction,
            system: record.system,
            has_sender: true,
        };
        match self.is_said(&question, &Verdict::Accept) {
            true => findings.tally.same_recipients += record.times,
            false => self.differs(record, &question, &Verdict::Accept, findings),
        }
    }

    /// What a ruleset had said against something.
    pub(super) fn refusal(&mut self, record: &Record, refusal: &Refusal, findings: &mut Findings) {
        findings.tally.refusals += record.times;
        let unknown;
        let transaction = match &refusal.transaction {
            Some(transaction) => transaction.as_ref(),
            None => {
                unknown = Transaction { relay: refusal.relay.clone(), ..Transaction::default() };
                &unknown
            }
        };
        let arguments: Vec<&[u8]> = refusal.arguments.iter().map(Vec::as_slice).collect();
        let question = Question {
            ruleset: &refusal.ruleset,
            arguments: &arguments,
            transaction,
            system: record.system,
            has_sender: refusal.transaction.is_some(),
        };
        match self.is_said(&question, &refusal.verdict) {
            true => findings.tally.same_refusals += record.times,
            false => self.differs(record, &question, &refusal.verdict, findings),
        }
    }

    /// Whether the ruleset says so now, under any assumption about what the log does not tell.
    fn is_said(&mut self, question: &Question<'_>, verdict: &Verdict) -> bool {
        let client = Client::read(&question.transaction.relay);
        let assumptions = self.assumptions(question, &client);
        assumptions.iter().any(|assumption| {
            let answer = self.answer(question, &client, assumption);
            difference(question, verdict, &answer.verdict).is_none()
        })
    }

    /// What may be taken for granted, one after the other.
    fn assumptions(&self, question: &Question<'_>, client: &Client) -> Vec<Assumption> {
        let Question { transaction, system, .. } = question;
        let login = Protocol::of(transaction, *system).login;
        let told = transaction.login.as_ref().map(|login| login.mechanism.clone());
        let mechanisms = match (login, told) {
            (Some(false), _) => vec![None],
            (_, Some(mechanism)) if !mechanism.is_empty() => vec![Some(mechanism)],
            (Some(true), _) => {
                let class = cf_parser::Name::new(b"TrustAuthMech");
                let mut names = self.engine.configuration().classes.list(&class);
                names.sort_unstable();
                names.truncate(MAX_MECHANISMS);
                names.push(MECHANISM.to_vec());
                names.into_iter().map(Some).collect()
            }
            (None, _) => vec![None],
        };
        let resolved = client.resolved.iter().copied();
        resolved
            .flat_map(|resolved| {
                mechanisms
                    .iter()
                    .map(move |mechanism| Assumption { resolved, mechanism: mechanism.clone() })
            })
            .collect()
    }

    fn answer(
        &mut self,
        question: &Question<'_>,
        client: &Client,
        assumption: &Assumption,
    ) -> Rc<Answer> {
        let key = key(question, assumption);
        if let Some(known) = self.answers.get(&key).0 {
            return Rc::clone(known);
        }
        let (answer, _) = self.ask(question, client, assumption, &mut NoTracer);
        let answer = Rc::new(answer);
        self.answers.insert(key, Rc::clone(&answer));
        answer
    }

    /// Asks; also tells which macros of the session are known.
    fn ask(
        &mut self,
        question: &Question<'_>,
        client: &Client,
        assumption: &Assumption,
        tracer: &mut dyn Tracer,
    ) -> (Answer, Vec<Macro>) {
        let configuration = Arc::clone(self.engine.configuration());
        let sender = question.has_sender.then(|| self.sender(&question.transaction.sender));
        let recipient = match (question.ruleset, question.arguments.first()) {
            (b"check_rcpt", Some(address)) => Some(self.way(address)),
            _ => None,
        };
        let flags = self.flags(question.system, Some(question.transaction));
        self.engine.reset();
        let macros = &mut self.engine.macros;
        let mut known = Vec::new();
        let mut put = |name: &[u8], value: Option<&[u8]>| {
            known.extend(SESSION.iter().position(|it| *it == name));
            match value {
                Some(value) => macros.set(name, value),
                None => macros.clear(name),
            }
        };
        let Question { transaction, system, .. } = question;
        define(transaction, client, *system, assumption, flags.as_deref(), &mut put);
        if let Some(sender) = &sender {
            put(b"mail_from", Some(&transaction.sender));
            put(b"f", Some(&sender.canonical));
            put(b"mail_mailer", Some(&sender.mailer));
            put(b"mail_host", Some(&sender.host));
            put(b"mail_addr", Some(&sender.user));
        }
        let triple = recipient.as_ref().and_then(|way| way.parsed.as_ref()).map(|it| &it.triple);
        if let Some(triple) = triple
            && let Target::Mailer(number) = triple.mailer
        {
            let mailer = configuration.mailers.get(number).map_or(&b""[..], |it| &it.name);
            put(b"rcpt_mailer", Some(mailer));
            put(b"rcpt_host", Some(triple.host.as_deref().unwrap_or_default()));
            put(b"rcpt_addr", Some(&triple.user));
        }
        let comments = keeps_comments(&configuration, question.ruleset);
        let Question { ruleset, arguments, .. } = *question;
        let said = self.engine.hook_verdict(ruleset, arguments, comments, tracer);
        let verdict = verdict(ruleset, said);
        let doubt = doubt_of(&mut self.engine, false);
        (Answer { verdict, doubt }, known)
    }

    fn sender(&mut self, sender: &[u8]) -> Rc<Sender> {
        if let Some(known) = self.senders.get(sender).0 {
            return Rc::clone(known);
        }
        let found = Rc::new(self.read_sender(sender));
        self.senders.insert(sender.to_vec(), Rc::clone(&found));
        found
    }

    fn read_sender(&mut self, sender: &[u8]) -> Sender {
        let none = || Sender { canonical: vec![], mailer: vec![], host: vec![], user: vec![] };
        let address = bare(sender);
        if address.is_empty() {
            return none();
        }
        let role = Role { header: false, sender: true };
        let nobody = ruleset_vm::mailer::Mailer::named(b"");
        let canonical = self.engine.rewrite(&mut NoTracer, |rewriter| {
            rewriter.remote_address(address, &nobody, role, None)
        });
        let canonical = canonical.map_or_else(|| address.to_vec(), |(text, _)| text);
        let parsed = self.engine.resolve(address, role, &mut NoTracer);
        // a sender decides nothing by itself
        doubt_of(&mut self.engine, false);
        let Some(triple) = parsed.map(|parsed| parsed.triple) else {
            return Sender { canonical, ..none() };
        };
        let mailer = match triple.mailer {
            Target::Mailer(number) => {
                let mailers = &self.engine.configuration().mailers;
                mailers.get(number).map(|mailer| mailer.name.clone()).unwrap_or_default()
            }
            Target::Error(_) => Vec::new(),
        };
        Sender { canonical, mailer, host: triple.host.unwrap_or_default(), user: triple.user }
    }

    /// Finds out why it is different, and files it.
    fn differs(
        &mut self,
        record: &Record,
        question: &Question<'_>,
        was: &Verdict,
        findings: &mut Findings,
    ) {
        let client = Client::read(&question.transaction.relay);
        let assumption = self.assumptions(question, &client).into_iter().next().unwrap_or_default();
        let mut watcher = Watcher::default();
        let (answer, known) = self.ask(question, &client, &assumption, &mut watcher);
        let (rule, read) = watcher.finish();
        let Some(kind) = difference(question, was, &answer.verdict) else { return };
        let shortened = question.arguments.iter().any(|argument| {
            argument.len() >= SHORTENED && memchr::memmem::find(argument, b"...").is_some()
        });
        let no_user = match record.system {
            System::Sendmail => |_: &[u8]| false,
            System::Postfix => postfix::is_unknown_user,
            System::Exim => exim::is_unknown_user,
        };
        let foreign = record.system != System::Sendmail;
        let users =
            matches!(was, Verdict::Reject(text) if no_user(text) || foreign && is_own_text(text));
        let doubt = answer.doubt.or_else(|| unknown(&read, &known));
        let doubt = doubt.or(shortened.then_some(Doubt::Shortened));
        let doubt = doubt.or(users.then_some(Doubt::Users));
        let cause = Cause {
            kind,
            system: record.system,
            asked: question.ruleset.to_vec(),
            rule,
            was: shown(question, was),
            now: shown(question, &answer.verdict),
            doubt,
        };
        let subject = question.arguments.join(&b", "[..]);
        findings.add(found(record, cause, &subject, Some(question.transaction)));
    }
}

/// All that an answer depends on.
fn key(question: &Question<'_>, assumption: &Assumption) -> Vec<u8> {
    let Question { ruleset, arguments, transaction, has_sender, .. } = question;
    let Transaction { relay, protocol, daemon, login, tls, .. } = transaction;
    let mut key = Vec::with_capacity(160);
    let mut add = |part: &[u8]| {
        key.extend_from_slice(part);
        key.push(0);
    };
    add(ruleset);
    arguments.iter().for_each(|argument| add(argument));
    [relay, protocol, daemon].into_iter().for_each(|part| add(part));
    if *has_sender {
        add(&transaction.sender);
    }
    if let Some(login) = login {
        add(&login.name);
        add(&login.mechanism);
    }
    if let Some(tls) = tls {
        [&tls.version, &tls.verify, &tls.cipher, &tls.bits].into_iter().for_each(|part| add(part));
    }
    add(assumption.resolved);
    add(assumption.mechanism.as_deref().unwrap_or(b"-"));
    key
}

/// Whether the ruleset of a header line gets comments (RS-121); those of the dialogue do.
fn keeps_comments(configuration: &Configuration, ruleset: &[u8]) -> bool {
    use cf_parser::item::HeaderAction;
    let of_header = configuration.headers.iter().find_map(|line| match &line.action {
        HeaderAction::Check { ruleset: name, keep_comments } if name == ruleset => {
            Some(!*keep_comments)
        }
        _ => None,
    });
    of_header.unwrap_or(!matches!(ruleset, b"check_data" | b"check_eoh" | b"check_eom"))
}

/// In what two verdicts differ.
fn difference(question: &Question<'_>, was: &Verdict, now: &Verdict) -> Option<Kind> {
    match (was, now) {
        (Verdict::Accept, Verdict::Accept) | (Verdict::Discard, Verdict::Discard) => None,
        (Verdict::Accept, _) => Some(Kind::Refused),
        (_, Verdict::Accept) => Some(Kind::Accepted),
        // another system has words of its own
        (Verdict::Reject(_), Verdict::Reject(_)) if question.system != System::Sendmail => None,
        (Verdict::Reject(was), Verdict::Reject(now)) => {
            let ((codes, text), (now_codes, now_text)) = (split_codes(was), split_codes(now));
            if codes.trim_ascii() != now_codes.trim_ascii() {
                return Some(Kind::Verdict);
            }
            let same = same_words(without_address(question, text), now_text);
            (!same).then_some(Kind::Words)
        }
        (Verdict::Quarantine(was), Verdict::Quarantine(now)) => {
            (!same_words(was, now)).then_some(Kind::Words)
        }
        _ => Some(Kind::Verdict),
    }
}

/// The text of a reply without `ADDR... ` in front.
fn without_address<'t>(question: &Question<'_>, text: &'t [u8]) -> &'t [u8] {
    let argument = question.arguments.first().copied().unwrap_or_default();
    let inside = || {
        let at = memchr::memmem::find(text, b"... ")?;
        let named = text.get(..at)?;
        // long ones are shortened
        let begin = named.get(..named.len().min(20))?;
        (!named.is_empty() && argument.starts_with(begin)).then(|| text.get(at + 4..))?
    };
    inside().unwrap_or(text)
}

/// Whether two texts have the same letters, as far as both go: log lines have one line, and blanks of their own.
pub(super) fn same_words(one: &[u8], other: &[u8]) -> bool {
    let letters = |text: &[u8]| -> Vec<u8> {
        text.iter().copied().filter(|byte| byte.is_ascii_graphic() && *byte != b'"').collect()
    };
    let (one, other) = (letters(one), letters(other));
    one == other
        || (!one.is_empty() && other.starts_with(&one))
        || (!other.is_empty() && one.starts_with(&other))
}

/// A refusal as a reply without an address in it.
pub(super) fn reply(status: &Status) -> Vec<u8> {
    let status = Status { reply: status.reply.or(Some(553)), ..status.clone() };
    let text = error_mailer::status_text(b"", &status);
    let (codes, words) = split_codes(&text);
    [codes, words.strip_prefix(b"... ").unwrap_or(words)].concat()
}

/// A verdict without what is different from message to message: addresses are `*`.
fn shown(question: &Question<'_>, verdict: &Verdict) -> Vec<u8> {
    match verdict {
        Verdict::Accept => b"accepted".to_vec(),
        Verdict::Discard => b"discarded".to_vec(),
        Verdict::Quarantine(reason) => [b"quarantined: ", &reason[..]].concat(),
        Verdict::Reject(reply) => {
            let (codes, text) = split_codes(reply);
            let mut text = without_address(question, text).to_vec();
            let client = Client::read(&question.transaction.relay);
            let sender = bare(&question.transaction.sender);
            let arguments = question.arguments.iter().map(|argument| bare(argument));
            let own: [&[u8]; 4] = [sender, &client.name, &client.pointer, &client.address];
            for name in arguments.chain(own).filter(|name| name.len() > 2) {
                text = bstr::ByteSlice::replace(&text[..], name, b"*");
            }
            [codes, &text].concat()
        }
    }
}

/// Texts with which sendmail itself, and no rule, refuses a recipient.
pub(super) fn is_own_text(text: &[u8]) -> bool {
    const OWN: [&[u8]; 9] = [
        b"Unbalanced",
        b"Invalid",
        b"Cannot mail directly",
        b"Transient parse error",
        b"aliasing/forwarding loop",
        b"User address required",
        b"Address",
        b"Cannot open",
        b"Colon illegal",
    ];
    OWN.iter().any(|own| text.starts_with(own))
}

/// What a hook ruleset returned, as the log tells it.
fn verdict(ruleset: &[u8], said: Option<HookAnswer>) -> Verdict {
    match session::Verdict::of(&String::from_utf8_lossy(ruleset), said) {
        session::Verdict::Accept => Verdict::Accept,
        session::Verdict::Discard => Verdict::Discard,
        session::Verdict::Quarantine(reason) => Verdict::Quarantine(reason),
        session::Verdict::Reject(status) => Verdict::Reject(reply(&status)),
    }
}
