//! What strangers may do: the configuration's own rules are asked.

use cf_parser::text::Op;
use mapper::MapDescription;
use ruleset_vm::prescan::{Mode, prescan};
use ruleset_vm::program::Instr;
use ruleset_vm::token::meta;
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{
    Answer, Exit, KeyStyle, KnownMaps, Lookups, Machine, Macros, Request, Rewriter, Role, Target,
};

use super::Context;
use super::catalogue::{self, Check};
use super::finding::Finding;
use super::flow;
use super::outline::MapLine;

/// Letters of srv_features that let line ends pass which are not CR LF.
const TOLERANT: [&[u8]; 3] = [b"O", b"G", b"U"];

/// The recipient of somebody else (RFC 2606 names no host of this kind).
const FOREIGN: &[u8] = b"somebody@victim.example";
const FOREIGN_HOST: &[u8] = b"victim.example";

pub(super) fn check(context: &mut Context<'_>) {
    smuggling(context);
    if is_exposed(context) {
        relaying(context);
    }
}

/// Whether strangers can connect: some listener is not on the loopback address.
fn is_exposed(context: &Context<'_>) -> bool {
    let options = &context.subject.configuration.options;
    if options.flag("UseMSP", false) {
        return false;
    }
    let listeners: Vec<Vec<u8>> = options
        .all("DaemonPortOptions")
        .map(|setting| ruleset_vm::macros::bytes(&setting.value).to_ascii_lowercase())
        .collect();
    let inside = |value: &Vec<u8>| {
        let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
        has(b"=127.") || has(b"=::1") || has(b"localhost") || has(b"=local") || has(b"=unix")
    };
    listeners.is_empty() || !listeners.iter().all(inside)
}

/// A way to relay: its check, sender, recipient, whether this host is everybody's mail exchanger, in words.
type Way<'a> = (&'static Check, &'a [u8], &'a [u8], bool, &'static str);

fn relaying(context: &mut Context<'_>) {
    let program = &context.subject.configuration.program;
    let number = program.number(b"check_rcpt").filter(|_| program.has_rules(b"check_rcpt"));
    let own = context.subject.configuration.macros.value(b"j");
    let remote = b"<sender@stranger.example>";
    let local = [b"<root@", &own[..], b">"].concat();
    let recipient = [b"<", FOREIGN, b">"].concat();
    let percent = [b"<somebody%", FOREIGN_HOST, b"@", &own[..], b">"].concat();
    let bang = [b"<", FOREIGN_HOST, b"!somebody@", &own[..], b">"].concat();
    let mut probe = Probe::new(context);
    let mut found: Vec<(&'static Check, String)> = Vec::new();
    let ways: [Way<'_>; 5] = [
        (&catalogue::RELAY_OPEN, remote, &recipient, false, "anybody may relay"),
        (
            &catalogue::RELAY_SENDER,
            &local,
            &recipient,
            false,
            "a sender address of this host is enough to relay",
        ),
        (&catalogue::RELAY_PERCENT, remote, &percent, false, "`user%foreign@this.host` is relayed"),
        (&catalogue::RELAY_PERCENT, remote, &bang, false, "`foreign!user@this.host` is relayed"),
        (
            &catalogue::RELAY_MX,
            remote,
            &recipient,
            true,
            "a host may relay whose mail exchanger is this one",
        ),
    ];
    for (check, sender, recipient, mx, message) in ways {
        // who may do all needs no trick
        if found.first().is_some_and(|(first, _)| first.code == catalogue::RELAY_OPEN.code) {
            break;
        }
        if found.iter().any(|(known, _)| known.code == check.code) {
            continue;
        }
        if probe.relays(number, sender, recipient, mx) {
            let shown = super::shown(recipient);
            found.push((check, format!("{message}: RCPT TO:{shown} is accepted from 192.0.2.77")));
        }
    }
    let place = number.and_then(|number| {
        let (_, span) = context.flow.declared.iter().find(|(known, _)| *known == number)?;
        context.source.logical(*span)
    });
    for (check, message) in found {
        let finding = Finding::new(check, place.clone(), message);
        context.report(match number {
            None => finding.note("there is no ruleset check_rcpt, which could refuse recipients"),
            Some(_) => finding,
        });
    }
}

/// Runs rulesets with the facts of a stranger.
struct Probe<'c, 'a> {
    context: &'c Context<'a>,
    machine: Machine,
}

impl<'c, 'a> Probe<'c, 'a> {
    fn new(context: &'c Context<'a>) -> Self {
        Self { context, machine: Machine::new(context.subject.configuration.program.clone()) }
    }

    /// Whether this recipient is accepted and goes to another host, whatever network the client is in: one of them
    /// may be the site's own.
    fn relays(&mut self, check: Option<usize>, sender: &[u8], recipient: &[u8], mx: bool) -> bool {
        ADDRESSES.iter().all(|from| self.relays_for(from, check, sender, recipient, mx))
    }

    fn relays_for(
        &mut self,
        client: &str,
        check: Option<usize>,
        sender: &[u8],
        recipient: &[u8],
        mx: bool,
    ) -> bool {
        let configuration = self.context.subject.configuration;
        let mut macros = configuration.macros.clone();
        for (name, value) in STRANGER {
            macros.set(name.as_bytes(), value.as_bytes());
        }
        macros.set(b"client_addr", client.as_bytes());
        for name in [&b"client_name"[..], b"_"] {
            macros.set(name, format!("[{client}]").as_bytes());
        }
        for name in
            ["auth_type", "auth_authen", "auth_author", "client_ptr", "cert_issuer", "cert_subject"]
        {
            macros.clear(name.as_bytes());
        }
        macros.set(b"f", sender);
        macros.set(b"mail_from", sender);
        let mut lookups =
            Unknown { maps: self.context.subject.maps, lines: &self.context.outline.maps, own: mx };
        let mut tracer = NoTracer;
        let mut rewriter = Rewriter {
            machine: &mut self.machine,
            configuration,
            macros: &mut macros,
            lookups: &mut lookups,
            tracer: &mut tracer,
        };
        let triple = |rewriter: &mut Rewriter<'_>, address: &[u8], role| {
            rewriter.parse(address, None, role).map(|parsed| parsed.triple)
        };
        if let Some(from) = triple(&mut rewriter, sender, Role { header: false, sender: true }) {
            set_triple(configuration, rewriter.macros, "mail", &from);
        }
        let Some(to) = triple(&mut rewriter, recipient, Role::default()) else { return false };
        set_triple(configuration, rewriter.macros, "rcpt", &to);
        if !goes_away(configuration, &to) {
            return false;
        }
        let Some(check) = check else { return true };
        rewriter.machine.reset();
        let mode = Mode {
            operators: configuration.program.operators(),
            delimiter: None,
            comments: true,
            ignore: false,
        };
        let tokens = prescan(recipient, mode).tokens.unwrap_or_default();
        let workspace = rewriter.machine.intern(&tokens);
        let outcome = rewriter.apply(check, workspace);
        outcome.exit == Exit(0) && outcome.workspace.first() != Some(&meta(Op::Hash))
    }
}

/// Where clients connect from, in different networks (RFC 5737).
const ADDRESSES: [&str; 3] = ["192.0.2.77", "198.51.100.77", "203.0.113.77"];

/// A client that nobody knows.
const STRANGER: [(&str, &str); 8] = [
    ("client_resolve", "FAIL"),
    ("s", "stranger.example"),
    ("r", "ESMTP"),
    ("verify", "NONE"),
    ("daemon_flags", ""),
    ("daemon_name", "MTA"),
    ("addr_type", "e r"),
    ("deliveryMode", "b"),
];

/// Whether the mail leaves this host for the foreign one.
fn goes_away(configuration: &ruleset_vm::load::Configuration, triple: &ruleset_vm::Triple) -> bool {
    let Target::Mailer(index) = triple.mailer else { return false };
    let local = configuration
        .mailers
        .get(index)
        .is_none_or(|mailer| mailer.flags.has(b'l') || mailer.name.eq_ignore_ascii_case(b"prog"));
    let host = triple.host.as_deref().unwrap_or_default();
    let text = [host, b" ", &triple.user[..]].concat();
    !local && memchr::memmem::find(&text, FOREIGN_HOST).is_some()
}

fn set_triple(
    configuration: &ruleset_vm::load::Configuration,
    macros: &mut Macros,
    prefix: &str,
    triple: &ruleset_vm::Triple,
) {
    let mailer = match triple.mailer {
        Target::Mailer(index) => configuration.mailers.get(index).map(|mailer| &mailer.name[..]),
        Target::Error(_) => Some(&b"error"[..]),
    };
    let mut set =
        |name: &str, value: &[u8]| macros.set(format!("{prefix}_{name}").as_bytes(), value);
    set("mailer", mailer.unwrap_or_default());
    set("host", triple.host.as_deref().unwrap_or_default());
    set("addr", &triple.user);
}

/// Maps that know no key, but for those that compute; every name of a host exists, no address has a name.
struct Unknown<'a> {
    maps: &'a [MapDescription],
    lines: &'a [MapLine],
    /// Whether this host is the mail exchanger of all.
    own: bool,
}

impl Unknown<'_> {
    fn class(&self, map: &[u8]) -> Option<&'static str> {
        let found = self.maps.iter().find(|known| known.name.eq_ignore_ascii_case(map))?;
        Some(found.class)
    }

    /// What `-a` appends.
    fn appended(&self, map: &[u8]) -> Vec<u8> {
        let line = self.lines.iter().rev().find(|line| line.name.eq_ignore_ascii_case(map));
        let flag =
            line.and_then(|line| line.words.iter().find_map(|word| word.strip_prefix(b"-a")));
        match line {
            Some(_) => flag.unwrap_or_default().to_vec(),
            None => b".".to_vec(),
        }
    }
}

impl KnownMaps for Unknown<'_> {
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle> {
        let class = self.class(map)?;
        Some(KeyStyle { keep_quotes: class == "dequote", blank: None, number: 0 })
    }
}

impl Lookups for Unknown<'_> {
    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer {
        match self.class(&request.map) {
            Some("host") if !request.key.starts_with(b"[") => {
                Answer::Found([&request.key[..], &self.appended(&request.map)].concat())
            }
            Some("dequote") => {
                let plain: Vec<u8> =
                    request.key.iter().copied().filter(|byte| *byte != b'"').collect();
                Answer::Found(plain)
            }
            Some("macro") => {
                let value = request.args.first().map(Vec::as_slice).unwrap_or_default();
                let name = request.key.strip_prefix(b"{").unwrap_or(&request.key);
                macros.set(name.strip_suffix(b"}").unwrap_or(name), value);
                Answer::Found(Vec::new())
            }
            Some("bestmx") if self.own => {
                let own = macros.value(b"j");
                Answer::Found([&own[..], b"."].concat())
            }
            _ => Answer::NotFound,
        }
    }
}

/// Letters of srv_features.
fn smuggling(context: &mut Context<'_>) {
    let program = context.subject.configuration.program.clone();
    let Some(number) = program.number(b"srv_features") else { return };
    let table = &context.flow.table;
    let mut findings = Vec::new();
    for number in context.flow.closure(&[number].into()) {
        let Some(ruleset) = program.ruleset(number) else { continue };
        for rule in &ruleset.rules {
            let rhs = flow::side(ruleset, &rule.rhs);
            if rhs.first() != Some(&Instr::Emit(meta(Op::Hash))) {
                continue;
            }
            let letter = rhs.iter().skip(1).find_map(|instr| match instr {
                Instr::Emit(token) => TOLERANT.iter().find(|letter| table.text(*token) == **letter),
                _ => None,
            });
            if let Some(letter) = letter {
                let at = context.source.logical(rule.span);
                let letter = super::shown(letter);
                let message = format!("`{letter}` of srv_features lets messages be smuggled in");
                let finding = Finding::new(&catalogue::SMUGGLING, at, message);
                findings.push(
                    finding
                        .help(format!("write `{}`, or leave it out", letter.to_ascii_lowercase())),
                );
            }
        }
    }
    context.findings.extend(findings);
}
