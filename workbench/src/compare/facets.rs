//! What is compared: the triple, the forms that mailers see, the verdicts of check rulesets.

use std::sync::Arc;

use ruleset_vm::load::Configuration;
use ruleset_vm::mailer::Mailer;
use ruleset_vm::trace::Tracer;
use ruleset_vm::{Exit, Parsed, Role, Status, Target};

use super::cause::RuleTexts;
use crate::answering::MapServices;
use crate::engine::{Engine, Messages};
use crate::session::{self, HookAnswer, Verdict};

/// Check rulesets that have an address as their argument.
const CHECKS: [&str; 2] = ["check_mail", "check_rcpt"];

/// The four forms of an address that a mailer sees.
const ROLES: [Role; 4] = [
    Role { header: false, sender: false },
    Role { header: false, sender: true },
    Role { header: true, sender: false },
    Role { header: true, sender: true },
];

/// One thing that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facet {
    /// Where an envelope recipient goes.
    Triple,
    /// How mailers of a view see the address.
    Rewriting {
        /// Which of the plan's views.
        view: usize,
        /// As what.
        role: Role,
    },
    /// What a check ruleset says: which of `CHECKS`.
    Verdict(usize),
}

/// Which kinds of facets are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Triples.
    pub triples: bool,
    /// Envelope addresses for mailers.
    pub envelopes: bool,
    /// Header addresses for mailers.
    pub headers: bool,
    /// Verdicts.
    pub checks: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { triples: true, envelopes: true, headers: true, checks: true }
    }
}

/// Mailers that both configurations rewrite by the same rulesets each.
#[derive(Clone, Debug)]
struct View {
    names: Vec<Vec<u8>>,
    old: usize,
    new: usize,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Old,
    /// The second.
    New,
}

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Plan {
    views: Vec<View>,
    facets: Vec<Facet>,
    /// Macros of the client that check rulesets see.
    client: Vec<(&'static str, Vec<u8>)>,
    /// The rules of both by their texts.
    pub(super) texts: (Arc<RuleTexts>, Arc<RuleTexts>),
    /// Mailers of the first that the second has not.
    pub only_old: Vec<Vec<u8>>,
    /// Mailers of the second that the first has not.
    pub only_new: Vec<Vec<u8>>,
}

/// The results of one side, one text for each facet of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    texts: Vec<u8>,
    ends: Vec<usize>,
}

impl Results {
    /// The result of the facet at this place.
    #[must_use]
    pub fn of(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.texts.get(start.unwrap_or_default()..end).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.ends.clear();
    }

    fn end(&mut self) {
        self.ends.push(self.texts.len());
    }
}

impl Plan {
    /// Compares these two. `client` is the name and the address of the client that check rulesets see.
    #[must_use]
    pub fn new(
        old: &Configuration,
        new: &Configuration,
        wanted: Wanted,
        client: (&[u8], &[u8]),
    ) -> Self {
        let views = views(old, new);
        let names = |of: &Configuration| -> Vec<Vec<u8>> {
            of.mailers.iter().map(|mailer| mailer.name.clone()).collect()
        };
        let without = |some: Vec<Vec<u8>>, other: &Configuration| -> Vec<Vec<u8>> {
            let has = |name: &Vec<u8>| ruleset_vm::mailer::find(&other.mailers, name).is_some();
            some.into_iter().filter(|name| !has(name)).collect()
        };
        let mut facets = Vec::new();
        if wanted.triples {
            facets.push(Facet::Triple);
        }
        for view in 0..views.len() {
            let roles = ROLES.into_iter().filter(|role| match role.header {
                true => wanted.headers,
                false => wanted.envelopes,
            });
            facets.extend(roles.map(|role| Facet::Rewriting { view, role }));
        }
        if wanted.checks {
            let has = |name: &str| {
                [old, new].into_iter().any(|side| side.program.has_rules(name.as_bytes()))
            };
            let checks = CHECKS.iter().enumerate().filter(|(_, name)| has(name));
            facets.extend(checks.map(|(number, _)| Facet::Verdict(number)));
        }
        let (name, address) = client;
        let client = vec![
            ("client_name", name.to_vec()),
            ("client_ptr", name.to_vec()),
            ("client_addr", address.to_vec()),
            ("client_resolve", b"OK".to_vec()),
            ("_", [name, b" [", address, b"]"].concat()),
            ("s", name.to_vec()),
            ("r", b"ESMTP".to_vec()),
        ];
        Self {
            views,
            facets,
            client,
            texts: (Arc::new(RuleTexts::of(&old.program)), Arc::new(RuleTexts::of(&new.program))),
            only_old: without(names(old), new),
            only_new: without(names(new), old),
        }
    }

    /// What is compared, in order.
    #[must_use]
    pub fn facets(&self) -> &[Facet] {
        &self.facets
    }

    /// A facet in words.
    #[must_use]
    pub fn name(&self, facet: Facet) -> Vec<u8> {
        match facet {
            Facet::Triple => b"triple".to_vec(),
            Facet::Rewriting { view, role } => {
                let part = if role.header { "header" } else { "envelope" };
                let end = if role.sender { "sender" } else { "recipient" };
                let names =
                    self.views.get(view).map(|view| view.names.join(&b',')).unwrap_or_default();
                [part.as_bytes(), b" ", end.as_bytes(), b" for ", &names].concat()
            }
            Facet::Verdict(number) => {
                CHECKS.get(number).map(|name| name.as_bytes().to_vec()).unwrap_or_default()
            }
        }
    }

    /// The commands of test mode that show a facet, the last one the result.
    #[must_use]
    pub fn commands(&self, facet: Facet, address: &[u8]) -> Vec<Vec<u8>> {
        match facet {
            Facet::Triple => vec![[b"/parse ", address].concat()],
            Facet::Rewriting { view, role } => {
                let flags = match (role.header, role.sender) {
                    (false, false) => "ER",
                    (false, true) => "ES",
                    (true, false) => "HR",
                    (true, true) => "HS",
                };
                let name = self.views.get(view).and_then(|view| view.names.first());
                let name = name.map(Vec::as_slice).unwrap_or_default();
                vec![
                    [b"/tryflags ", flags.as_bytes()].concat(),
                    [b"/try ", name, b" ", address].concat(),
                ]
            }
            Facet::Verdict(number) => {
                let name = CHECKS.get(number).copied().unwrap_or_default();
                vec![[name.as_bytes(), b" <", address, b">"].concat()]
            }
        }
    }

    /// Commands of test mode that come first: the client.
    #[must_use]
    pub fn opening(&self) -> Vec<Vec<u8>> {
        let define = |(name, value): &(&str, Vec<u8>)| {
            let name = if name.len() == 1 { (*name).to_owned() } else { format!("{{{name}}}") };
            [b".D", name.as_bytes(), value].concat()
        };
        self.client.iter().map(define).collect()
    }

    /// Everything about an address, by one side.
    pub fn evaluate<S: MapServices>(
        &self,
        side: Side,
        engine: &mut Engine<S>,
        address: &[u8],
        results: &mut Results,
    ) {
        results.clear();
        engine.reset();
        let mut said = Messages::default();
        for facet in &self.facets {
            self.write(side, engine, address, *facet, &mut said, &mut results.texts);
            for message in said.0.drain(..) {
                results.texts.push(b'\n');
                results.texts.extend(message);
            }
            results.end();
        }
    }

    /// One facet again, watched.
    pub(super) fn follow<S: MapServices>(
        &self,
        side: Side,
        engine: &mut Engine<S>,
        address: &[u8],
        facet: Facet,
        tracer: &mut dyn Tracer,
    ) {
        engine.reset();
        self.write(side, engine, address, facet, tracer, &mut Vec::new());
    }

    fn write<S: MapServices>(
        &self,
        side: Side,
        engine: &mut Engine<S>,
        address: &[u8],
        facet: Facet,
        tracer: &mut dyn Tracer,
        out: &mut Vec<u8>,
    ) {
        match facet {
            Facet::Triple => {
                let parsed = engine.resolve(address, Role::default(), tracer);
                triple(parsed.as_ref(), engine.configuration(), out);
            }
            Facet::Rewriting { view, role } => {
                let Some(view) = self.views.get(view) else { return };
                let mailer = if side == Side::Old { view.old } else { view.new };
                let (text, exit) = engine.rewrite_for(address, mailer, role, tracer);
                out.extend(text);
                deferral(exit == Exit::TEMPFAIL, out);
            }
            Facet::Verdict(number) => {
                let Some(name) = CHECKS.get(number) else { return };
                for (name, value) in &self.client {
                    engine.macros.set(name.as_bytes(), value);
                }
                let argument = [b"<", address, b">"].concat();
                let answer = engine.hook_verdict(name.as_bytes(), &[&argument], true, tracer);
                verdict(name, answer, out);
            }
        }
    }
}

/// Mailers that both have, those together that are rewritten by the same rulesets.
fn views(old: &Configuration, new: &Configuration) -> Vec<View> {
    let key = |mailer: &Mailer| (mailer.sender, mailer.recipient, mailer.flags.has(b'c'));
    let mut views: Vec<View> = Vec::new();
    for (number, mailer) in old.mailers.iter().enumerate() {
        let Some(other) = ruleset_vm::mailer::find(&new.mailers, &mailer.name) else { continue };
        // mailers of files and lists take no addresses that anybody sees
        if mailer.name.starts_with(b"*") {
            continue;
        }
        let same = |view: &&mut View| {
            old.mailers.get(view.old).map(key) == Some(key(mailer))
                && new.mailers.get(view.new).map(key) == new.mailers.get(other).map(key)
        };
        match views.iter_mut().find(same) {
            Some(view) => view.names.push(mailer.name.clone()),
            None => views.push(View { names: vec![mailer.name.clone()], old: number, new: other }),
        }
    }
    views
}

fn triple(parsed: Option<&Parsed>, configuration: &Configuration, out: &mut Vec<u8>) {
    let Some(Parsed { triple, deferred, .. }) = parsed else {
        out.extend_from_slice(b"no address");
        return;
    };
    match &triple.mailer {
        Target::Error(status) => refusal(status, out),
        Target::Mailer(number) => {
            let name = configuration.mailers.get(*number).map(|mailer| &mailer.name[..]);
            out.extend_from_slice(b"mailer ");
            out.extend_from_slice(name.unwrap_or_default());
            if let Some(host) = &triple.host {
                out.extend_from_slice(b", host ");
                out.extend_from_slice(host);
            }
            out.extend_from_slice(b", user ");
            out.extend_from_slice(&triple.user);
        }
    }
    deferral(*deferred, out);
}

fn deferral(deferred: bool, out: &mut Vec<u8>) {
    if deferred {
        out.extend_from_slice(b" (deferred)");
    }
}

fn refusal(status: &Status, out: &mut Vec<u8>) {
    out.extend_from_slice(b"refused: ");
    out.extend(session::refusal(status));
}

/// What a check ruleset says (RS-109..RS-136).
fn verdict(ruleset: &str, answer: Option<HookAnswer>, out: &mut Vec<u8>) {
    match Verdict::of(ruleset, answer) {
        Verdict::Reject(status) => refusal(&status, out),
        verdict => out.extend(verdict.words()),
    }
}
