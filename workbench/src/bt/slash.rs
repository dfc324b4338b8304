//! `/parse`, `/try` and the other commands behind a slash (CMD-111..CMD-123).

use cf_parser::debug::Category;
use cf_parser::{Name, Piece, Text};
use mapper::{Answer, Exchangers, LookupContext, Notice, NoticeKind};
use ruleset_vm::error_mailer::status_text;
use ruleset_vm::limits::MAX_NAME;
use ruleset_vm::prescan::{Complaint, Mode, prescan};
use ruleset_vm::validity::{invalid, shorten, shown};
use ruleset_vm::{Parsed, Role, Target, split_codes};

use super::{Control, Session};
use crate::answering::exit_of;
use crate::show::Look;

impl Session<'_> {
    pub(super) fn slash(&mut self, rest: &[u8]) -> Control {
        let rest = rest.trim_ascii_end();
        if rest.is_empty() {
            self.say("Usage: /[canon|map|mx|parse|try|tryflags]");
            return Control::Continue;
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (command, argument) = rest.split_at(end);
        let argument = argument.trim_ascii_start();
        match command.to_ascii_lowercase().as_slice() {
            b"quit" => return Control::Quit,
            b"mx" => self.mx(argument),
            b"canon" => self.canon(argument),
            b"map" => self.map(argument),
            b"parse" => self.parse(argument),
            b"try" => self.try_mailer(argument),
            b"tryflags" => self.tryflags(argument),
            b"sender" => self.sender(argument),
            b"expand" => self.expand(argument),
            b"header" => self.header(argument),
            // Built in, but silent unless debugging asks for more (observed).
            b"gethostbyname" => {}
            _ => self.say([b"Unknown \"/\" command /", command].concat()),
        }
        Control::Continue
    }

    fn mx(&mut self, host: &[u8]) {
        if host.is_empty() {
            return self.say("Usage: /mx address");
        }
        let head = [b"getmxrr(", host, b") returns "].concat();
        let fallback = self.configuration.options.bytes("FallbackMXhost").unwrap_or_default();
        let (found, notices) = self.maps.exchangers(host, self.services);
        self.trace_mail_hosts(host, &found);
        self.traces_of(notices);
        let mut hosts = match found {
            Exchangers::Hosts(hosts) => hosts,
            Exchangers::Unknown => Vec::new(),
            Exchangers::Failure if !fallback.is_empty() => Vec::new(),
            Exchangers::Failure => return self.say([&head[..], b"-1 value(s):"].concat()),
            Exchangers::Null => return self.say([&head[..], b"null MX (See RFC7505)"].concat()),
        };
        if fallback.starts_with(b"[") {
            hosts.push(fallback);
        } else if !fallback.is_empty()
            && let (Exchangers::Hosts(more), _) = self.maps.exchangers(&fallback, self.services)
        {
            hosts.extend(more);
        }
        self.say([&head[..], format!("{} value(s):", hosts.len()).as_bytes()].concat());
        for host in hosts {
            self.say([b"\t", &host[..]].concat());
        }
    }

    /// How the question for mail hosts went (category 8).
    fn trace_mail_hosts(&mut self, host: &[u8], found: &Exchangers) {
        let line = |parts: &[&[u8]]| [&parts.concat()[..], b"\n"].concat();
        let levels = self.levels;
        let out = self.traces();
        let mut trace = |level, text: Vec<u8>| {
            if levels.at(Category::Resolver, level) {
                out.extend(text);
            }
        };
        trace(2, line(&[b"getmxrr(", host, b", droplocalhost=0, flags=2, port=-1)"]));
        let failed: &[u8] = match found {
            Exchangers::Unknown => b"1",
            Exchangers::Hosts(hosts) if hosts.is_empty() => b"4",
            Exchangers::Hosts(hosts) if *hosts == [[host, b"."].concat()] => b"4",
            Exchangers::Failure => b"2",
            Exchangers::Hosts(_) | Exchangers::Null => {
                trace(2, line(&[b"getmxrr(", host, b"), hp=0x7ffd10000000, ad=0"]));
                if *found == Exchangers::Null {
                    let words: &[u8] =
                        b"Null MX record found, domain doesn't accept mail (RFC7505)";
                    trace(4, line(&[b"getmxrr: ", words]));
                }
                return;
            }
        };
        trace(1, line(&[b"getmxrr: res_search(", host, b") failed, h_errno=", failed]));
    }

    /// Only the traces: what else there is to tell is not for these commands.
    fn traces_of(&mut self, notices: Vec<Notice>) {
        let traces = notices.into_iter().filter(|notice| notice.kind == NoticeKind::Trace);
        traces.for_each(|notice| self.notice(notice));
    }

    fn canon(&mut self, host: &[u8]) {
        if host.is_empty() {
            return self.say("Usage: /canon address");
        }
        if host.len() >= MAX_NAME {
            return self.say("Name too long");
        }
        let bare = host.strip_suffix(b".").unwrap_or(host);
        let literal = host.starts_with(b"[");
        let mut name = host.to_vec();
        if !literal {
            let (found, notices) = self.maps.canonical_name(bare, self.services);
            self.traces_of(notices);
            name = found.unwrap_or(name);
        }
        self.say([b"getcanonname(", host, b") returns ", &name].concat());
    }

    fn map(&mut self, argument: &[u8]) {
        if argument.is_empty() {
            return self.say("Usage: /map mapname key");
        }
        let end = argument.iter().position(u8::is_ascii_whitespace).unwrap_or(argument.len());
        // Only one blank separates the name from the key.
        let (name, key) = argument.split_at(end);
        let key = key.get(1..).unwrap_or_default();
        if key.is_empty() {
            return self.say("No key specified");
        }
        let context = LookupContext { direct: true, ..self.context };
        let lookup = self.maps.lookup(name, key, &[], &context, self.services);
        for (name, value) in self.services.take_macros() {
            match value {
                Some(value) => self.macros.set(&name, &value),
                None => self.macros.clear(&name),
            }
        }
        // What opening the map has to say comes before the lookup's own line.
        let mut notices = lookup.notices.into_iter();
        notices.by_ref().take(lookup.opening).for_each(|notice| self.notice(notice));
        let code = format!(" ({})", lookup.answer.exit());
        let result = match lookup.answer {
            Answer::NoSuchMap => {
                return self.say([b"Map named \"", name, b"\" not found"].concat());
            }
            Answer::NotOpen => return self.say([b"Map named \"", name, b"\" not open"].concat()),
            Answer::Found(value) => [b"returns ", &value[..]].concat(),
            _ => b"no match".to_vec(),
        };
        self.out.extend([b"map_lookup: ", name, b" (", key, b") "].concat());
        notices.for_each(|notice| self.notice(notice));
        self.say([&result[..], code.as_bytes()].concat());
    }

    fn notice(&mut self, notice: Notice) {
        if notice.kind == NoticeKind::Trace {
            self.traces().extend(notice.text);
            return;
        }
        let exit = exit_of(&notice);
        self.say(notice.text);
        self.fail(exit);
    }

    fn parse(&mut self, address: &[u8]) {
        if address.is_empty() {
            return self.say("Usage: /parse address");
        }
        self.subject.clear();
        let template = self.with_rewriter(|rewriter| rewriter.crack(address)).fill(b"\x81g");
        self.say([b"Cracked address = ", &Look::of(&self.levels).text(&template)[..]].concat());
        let role = self.role;
        self.say(format!("Parsing {} {} address", place(role), kind(role)));
        if self.refused(address) {
            return self.say("Cannot parse");
        }
        let parsed = self.with_rewriter(|rewriter| {
            let parsed = rewriter.resolve(address, None, role)?;
            rewriter.queue_group(&parsed.triple, role);
            Some(parsed)
        });
        self.tell_deferred(address, parsed.as_ref());
        let Some(parsed) = parsed else { return self.say("Cannot parse") };
        let name = match &parsed.triple.mailer {
            Target::Mailer(index) => {
                self.configuration.mailers.get(*index).map_or(Vec::new(), |m| m.name.clone())
            }
            Target::Error(status) => {
                if !status.retry {
                    self.fail(status.exit.0);
                }
                b"*error*".to_vec()
            }
        };
        let mut line = [b"mailer ", &name[..]].concat();
        if let Some(host) = &parsed.triple.host {
            line.extend([b", host ", &host[..]].concat());
        }
        line.extend([b", user ", &parsed.triple.user[..]].concat());
        self.say(line);
    }

    /// Says what makes an address unusable before any ruleset sees it: first what the tokenizer has to
    /// say, then length and octets (observed).
    pub(super) fn refused(&mut self, address: &[u8]) -> bool {
        let Some(status) = invalid(address, Some(MAX_NAME)) else { return false };
        let (tokens, _) = self.with_rewriter(|rewriter| rewriter.tokenize(address, None));
        if tokens.is_some() {
            if !self.quiet {
                let text = status_text(&shorten(&shown(address)), &status);
                self.say(split_codes(&text).1);
            }
            self.fail(status.exit.0);
        }
        true
    }

    /// A map that failed for now keeps the address in the queue (RS-091).
    pub(super) fn tell_deferred(&mut self, address: &[u8], parsed: Option<&Parsed>) {
        let waits =
            |parsed: &Parsed| parsed.deferred && matches!(parsed.triple.mailer, Target::Mailer(_));
        if !parsed.is_some_and(waits) {
            return;
        }
        let mode = self.configuration.options.bytes("DeliveryMode").unwrap_or_default();
        let words: &[u8] = match mode.first() {
            Some(b'd' | b'D') => b"... Deferring message until queue run",
            _ => b"... Transient parse error -- message queued for future delivery",
        };
        let shown: Vec<u8> = shorten(address).iter().map(|byte| byte & 0x7f).collect();
        self.say([&shown[..], words].concat());
    }

    fn try_mailer(&mut self, argument: &[u8]) {
        let end = argument.iter().position(u8::is_ascii_whitespace).unwrap_or(argument.len());
        let (name, address) = argument.split_at(end);
        let address = address.trim_ascii_start();
        if address.is_empty() {
            return self.say("Usage: /try mailer address");
        }
        let Some(index) = ruleset_vm::mailer::find(&self.configuration.mailers, name) else {
            return self.say([b"Unknown mailer ", name].concat());
        };
        self.subject.clear();
        let role = self.role;
        let words = format!("Trying {} {} address ", place(role), kind(role));
        self.say([words.as_bytes(), address, b" for mailer ", name].concat());
        let mailer = self.configuration.mailers[index].clone();
        let (mut text, exit) =
            self.with_rewriter(|rewriter| rewriter.remote_name(address, &mailer, role, None));
        let mode = Mode::of_text(self.configuration.program.operators());
        if prescan(address, mode).complaints.contains(&Complaint::AddressTooLong) {
            // only its beginning is kept (observed)
            text.truncate(MAX_NAME);
        }
        let code = format!("Rcode = {}, addr = ", exit.0);
        self.say([code.as_bytes(), &text].concat());
    }

    fn tryflags(&mut self, argument: &[u8]) {
        if argument.is_empty() {
            return self.say("Usage: /tryflags [Hh|Ee][Ss|Rr]");
        }
        for letter in argument {
            match letter {
                b'H' | b'h' => self.role.header = true,
                b'E' | b'e' => self.role.header = false,
                b'S' | b's' => self.role.sender = true,
                b'R' | b'r' => self.role.sender = false,
                _ => {}
            }
        }
        self.tell_role();
    }

    /// `${addr_type}` gets the value of the role.
    pub(super) fn tell_role(&mut self) {
        if self.meet(&Name::new(b"addr_type")) {
            self.set(b"addr_type", Some(self.role.addr_type()));
        }
    }

    fn expand(&mut self, text: &[u8]) {
        if text.is_empty() {
            return self.say("Usage: /expand string");
        }
        let expanded = self.macros.expand(&typed(text)).text;
        self.out.extend(crate::show::visible(&cf_parser::octets(&expanded)));
    }
}

/// Text given by hand: `$` has no meaning there, only the octet in which sendmail holds it.
fn typed(text: &[u8]) -> Text {
    let mut pieces = Text::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind.split_first()) {
            (0x81, Some((name, behind))) => {
                pieces.push(Piece::Macro(Name::new(&[*name])));
                rest = behind;
            }
            _ => pieces.push(Piece::Byte(byte)),
        }
    }
    pieces
}

fn place(role: Role) -> &'static str {
    if role.header { "header" } else { "envelope" }
}

fn kind(role: Role) -> &'static str {
    if role.sender { "sender" } else { "recipient" }
}
