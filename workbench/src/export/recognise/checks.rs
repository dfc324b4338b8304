//! Who may send what: the access table, relaying, lists, encryption, passwords.

use ruleset_vm::macros;

use super::super::access::{self, Subject, Tag, Verdict};
use super::super::features::Feature;
use super::super::probe::{CLIENT, DOMAIN, Said, Session, USER};
use super::super::remark::{Loss, Place};
use super::super::route::Refusal;
use super::super::site::{Domain, Encryption, Filter, Login, Port, Rule, Site};
use super::super::table::Entry;
use super::Recognition;
use crate::answering::MapServices;

/// Rulesets that look at a client and at a sender, under both of their names.
const CHECK_CLIENT: [&[u8]; 2] = [b"check_relay", b"checkrelay"];
const CHECK_SENDER: [&[u8]; 2] = [b"check_mail", b"checkmail"];
/// Options that name certificates and what belongs to them.
const TLS_OPTIONS: [&str; 8] = [
    "ServerCertFile",
    "ServerKeyFile",
    "ClientCertFile",
    "ClientKeyFile",
    "CACertFile",
    "CACertPath",
    "DHParameters",
    "CipherList",
];
/// Fields of the `H` lines that m4 files write.
const KNOWN_HEADERS: [&str; 14] = [
    "Return-Path",
    "Received",
    "Resent-Date",
    "Date",
    "Resent-From",
    "From",
    "Full-Name",
    "Subject",
    "Resent-Message-Id",
    "Message-Id",
    "Posted-Date",
    "Errors-To",
    "Received-Date",
    "X-Authentication-Warning",
];

impl<S: MapServices> Recognition<'_, S> {
    pub(super) fn checks(&mut self) {
        self.habits();
        self.relaying();
        self.access();
        self.authinfo();
        self.lists();
        self.transfer();
        self.listeners();
        self.filters();
        self.others_that_are_left();
    }

    fn has(&self, ruleset: &[u8]) -> bool {
        self.configuration.program.has_rules(ruleset)
    }

    fn refuses(&mut self, rulesets: &[&[u8]], arguments: &[&[u8]], session: &Session<'_>) -> bool {
        matches!(self.probe.check(rulesets, arguments, session), Said::Refused(_))
    }

    /// What the rules do with strangers.
    fn habits(&mut self) {
        let stranger = Session::stranger();
        let delayed = !self.has(b"check_relay") && self.has(b"checkrelay");
        self.site.checks.delayed = delayed;
        if delayed {
            self.site.found(Feature::DelayChecks, self.lines.of_ruleset(b"checkrelay"));
        }
        let unqualified = format!("<{USER}>").into_bytes();
        let local = [b"<", USER.as_bytes(), b"@", &self.site.host, b">"].concat();
        // without rules for senders there is nothing to find out
        if self.has(b"check_mail") || self.has(b"checkmail") {
            let takes_own = !self.refuses(&CHECK_SENDER, &[&local], &stranger);
            self.site.checks.qualified_senders =
                takes_own && self.refuses(&CHECK_SENDER, &[&unqualified], &stranger);
            self.site.checks.resolvable_senders =
                takes_own && self.refuses(&CHECK_SENDER, &[stranger.sender], &stranger);
        }
        if !self.site.checks.qualified_senders {
            self.site.found(Feature::UnqualifiedSenders, Vec::new());
        }
        if !self.site.checks.resolvable_senders {
            self.site.found(Feature::UnresolvableSenders, Vec::new());
        }
        let nameless = Session { name: b"", resolve: b"FAIL", ..Session::stranger() };
        let arguments = [&b"[192.0.2.1]"[..], CLIENT.as_bytes()];
        if self.refuses(&CHECK_CLIENT, &arguments, &nameless) {
            self.site.checks.named_clients = true;
            self.site.found(Feature::ReverseNames, Vec::new());
        }
        let recipient = local;
        let dotless = Session { helo: b"nodots", ..Session::stranger() };
        let refused = |this: &mut Self, session: &Session<'_>| {
            this.refuses(&[b"checkrcpt", b"check_rcpt"], &[&recipient], session)
                || this.refuses(&CHECK_SENDER, &[b"<>"], session)
        };
        if refused(self, &dotless) && !refused(self, &stranger) {
            self.site.checks.dotted_helo = true;
            self.site.found(Feature::Helo, Vec::new());
        }
        self.greeting();
    }

    fn greeting(&mut self) {
        if !self.has(b"greet_pause") {
            return;
        }
        let stranger = Session::stranger();
        let said =
            self.probe.check(&[b"greet_pause"], &[stranger.name, stranger.address], &stranger);
        let milliseconds = match said {
            Said::Other(text) => {
                std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<u64>().ok())
            }
            _ => None,
        };
        self.site.found(Feature::GreetPause, self.lines.of_ruleset(b"greet_pause"));
        self.site.checks.greet_pause = milliseconds.map(|pause| pause.div_ceil(1000));
    }

    fn relaying(&mut self) {
        let stranger = Session::stranger();
        let foreign = |label: &str| format!("{USER}@{label}").into_bytes();
        let open = self.probe.takes(&foreign(DOMAIN), &stranger);
        if open && !self.site.null_client {
            self.site.found(Feature::OpenRelay, Vec::new());
            return;
        }
        let own_sender = [b"<", USER.as_bytes(), b"@", &self.site.host, b">"].concat();
        let named = Session { sender: &own_sender, ..Session::stranger() };
        self.probe.give(b"access", Some((format!("from:{DOMAIN}").as_bytes(), b"RELAY")));
        let by_sender = self.probe.takes(&foreign(DOMAIN), &stranger);
        self.probe.give(b"access", None);
        if by_sender || self.probe.takes(&foreign(DOMAIN), &named) {
            self.site.found(Feature::RelayBySender, Vec::new());
        }
        let domain = self.site.domain.clone();
        let below = foreign(&format!("bangpath-below.{}", String::from_utf8_lossy(&domain)));
        if !domain.is_empty() && self.probe.takes(&below, &stranger) {
            self.site.found(Feature::Relaying, self.lines.of_macro(b"m"));
            let whole = Domain { name: domain.to_ascii_lowercase(), below: true };
            self.site.relay_to.push(whole.clone());
            self.site.relay_clients.push(whole);
        }
        let mut hosts_only = None;
        for member in self.class(b"R") {
            self.site.found(Feature::Relaying, self.lines.of_class(b"R"));
            if Subject::of(&member) == Subject::Network || member.starts_with(b"[") {
                self.site.relay_networks.push(member);
                continue;
            }
            let name = member.strip_prefix(b".").unwrap_or(&member).to_vec();
            let below = *hosts_only.get_or_insert_with(|| {
                let below = [USER.as_bytes(), b"@bangpath-below.", &name].concat();
                self.probe.takes(&below, &stranger)
            });
            let domain = Domain { name, below };
            self.site.relay_to.push(domain.clone());
            self.site.relay_clients.push(domain);
        }
        self.site.relay_to.extend(
            self.site
                .virtual_domains
                .iter()
                .map(|name| Domain { name: name.clone(), below: false }),
        );
    }

    /// The text and codes of `REJECT`.
    fn refusal(&mut self) -> Refusal {
        let stranger = Session::stranger();
        let key = format!("connect:{CLIENT}");
        self.probe.give(b"access", Some((key.as_bytes(), b"REJECT")));
        let said = self.probe.check(&CHECK_CLIENT, &[stranger.name, stranger.address], &stranger);
        self.probe.give(b"access", None);
        match said {
            Said::Refused(text) => Refusal::of(&text),
            _ => Refusal::of(b"550 5.7.1 Access denied"),
        }
    }

    fn access(&mut self) {
        let host = self.site.host.clone();
        let recipient = [USER.as_bytes(), b"@", &host].concat();
        let key = [b"to:", &recipient[..]].concat();
        let stranger = Session::stranger();
        let before = self.probe.takes(&recipient, &stranger);
        self.probe.give(b"access", Some((&key, b"REJECT")));
        self.site.checks.blocked_recipients = before && !self.probe.takes(&recipient, &stranger);
        self.probe.give(b"access", None);
        let refusal = self.refusal();
        let entries = self.entries(b"access", Feature::Access);
        if self.site.checks.blocked_recipients {
            self.site.found(Feature::BlockedRecipients, Vec::new());
        }
        let rates = [self.has(b"RateControl"), self.has(b"ConnControl")];
        for (entry, place) in entries {
            Sorting { site: &mut self.site, entry: &entry, place, refusal: &refusal, rates }.sort();
        }
    }

    fn authinfo(&mut self) {
        for (entry, place) in self.entries(b"authinfo", Feature::Authinfo) {
            let (tag, host) = access::split(&entry.key);
            if tag == Tag::AuthInfo {
                login(&mut self.site, host, &entry, place);
            }
        }
    }

    fn lists(&mut self) {
        let (clients, senders) = self.probe.lists();
        let places = |this: &Self| {
            let maps = [&b"dnsbl"[..], b"ednsbl"];
            maps.iter().flat_map(|map| this.lines.of_map(map)).collect::<Vec<Place>>()
        };
        if !clients.is_empty() {
            self.site.found(Feature::Dnsbl, places(self));
        }
        if !senders.is_empty() {
            self.site.found(Feature::Rhsbl, places(self));
        }
        self.site.checks.client_lists = clients;
        self.site.checks.sender_lists = senders;
        let lines = self.lines.of_map(b"bestmx");
        if !lines.is_empty() {
            self.site.checks.relay_by_exchanger = true;
            self.site.found(Feature::RelayByExchanger, lines);
        }
    }

    /// Encryption and passwords of users.
    fn transfer(&mut self) {
        for option in TLS_OPTIONS {
            let places = self.lines.of_option(option);
            if !places.is_empty() {
                self.site.found(Feature::Tls, places);
            }
        }
        let places = self.lines.of_class(b"TrustAuthMech");
        if !self.class(b"TrustAuthMech").is_empty() {
            self.site.server_auth = true;
            self.site.found(Feature::ServerAuth, places);
        }
        self.site.server_tls = !self.lines.of_option("ServerCertFile").is_empty();
        let places = self.lines.of_option("PrivacyOptions");
        if !places.is_empty() {
            self.site.found(Feature::Privacy, places);
        }
        let settings = self.configuration.options.all("PrivacyOptions");
        self.site.privacy = settings
            .flat_map(|setting| {
                let words =
                    String::from_utf8_lossy(&macros::bytes(&setting.value)).to_ascii_lowercase();
                let words = words.split([',', ' ']).map(str::to_owned).collect::<Vec<_>>();
                words.into_iter().filter(|word| !word.is_empty())
            })
            .collect();
        let places = self.lines.of_option("DefaultAuthInfo");
        if !places.is_empty() {
            self.site.found(Feature::DefaultAuthInfo, places);
        }
    }

    fn listeners(&mut self) {
        let settings = Vec::from_iter(
            self.configuration
                .options
                .all("DaemonPortOptions")
                .map(|setting| (macros::bytes(&setting.value), Place::cf(setting.span.line))),
        );
        for (value, place) in settings {
            self.site.found(Feature::Ports, vec![place.clone()]);
            match port(&value) {
                Some(port) => self.site.ports.push(port),
                None => {
                    let why = "it is no Internet socket";
                    self.site.remark(Feature::Ports, Loss::Left, &value, why, vec![place]);
                }
            }
        }
    }

    fn filters(&mut self) {
        let used = self.configuration.options.bytes("InputMailFilters").unwrap_or_default();
        let used =
            used.split(|byte| matches!(byte, b',' | b' ' | b';')).filter(|name| !name.is_empty());
        for name in used {
            let known = self.configuration.milters.iter().find(|(own, _)| own == name);
            let Some((_, equates)) = known else { continue };
            let field = |letter| {
                equates
                    .iter()
                    .find(|equate| equate.letter == letter)
                    .map(|equate| macros::bytes(&equate.value))
            };
            let socket = field(b'S').unwrap_or_default();
            let socket = match socket.strip_prefix(b"local:") {
                Some(path) => [b"unix:", path].concat(),
                None if socket.starts_with(b"/") => [b"unix:", &socket[..]].concat(),
                None => inet(&socket),
            };
            let otherwise = match field(b'F').and_then(|flags| flags.first().copied()) {
                Some(b'R') => "reject",
                Some(b'T' | b'4') => "tempfail",
                _ => "accept",
            };
            self.site.filters.push(Filter { socket, otherwise });
        }
        let places = self.lines.of_milters();
        if !places.is_empty() {
            self.site.found(Feature::Filters, places);
        }
    }

    fn others_that_are_left(&mut self) {
        let groups = self.lines.of_queue_groups();
        if !groups.is_empty() {
            self.site.found(Feature::QueueGroups, groups);
        }
        let lookups = self.lines.of_class_lookups();
        if !lookups.is_empty() {
            self.site.found(Feature::Ldap, lookups);
        }
        for (field, place) in self.lines.of_headers(&KNOWN_HEADERS) {
            self.site.found(Feature::Headers, vec![place.clone()]);
            let what = [b"H", field].concat();
            let why = "header lines are templates and rules";
            self.site.remark(Feature::Headers, Loss::Left, &what, why, vec![place]);
        }
        let database = self.lines.of_option("UserDatabaseSpec");
        if !database.is_empty() {
            self.site.found(Feature::UserDatabase, database);
        }
    }
}

/// `inet:port@host` as Postfix writes it: `inet:host:port`.
fn inet(socket: &[u8]) -> Vec<u8> {
    let kind = socket.iter().position(|byte| *byte == b':').unwrap_or(0);
    let (kind, rest) = socket.split_at(kind);
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let mut parts = rest.splitn(2, |byte| *byte == b'@');
    let port = parts.next().unwrap_or_default();
    let host = parts.next().unwrap_or(b"localhost");
    let kind = if kind.is_empty() { b"inet" } else { kind };
    [kind, b":", host, b":", port].concat()
}

/// A listener by its line.
fn port(value: &[u8]) -> Option<Port> {
    let mut port = Port { port: b"25".to_vec(), address: None, login: false, tls: false };
    for setting in value.split(|byte| *byte == b',') {
        let mut parts = setting.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let text = parts.next().unwrap_or_default().trim_ascii();
        match name.first().map(u8::to_ascii_uppercase) {
            Some(b'P') => port.port = text.to_vec(),
            Some(b'A') if text != b"0.0.0.0" && text != b"::" => {
                port.address = Some(text.to_vec());
            }
            Some(b'F')
                if text.eq_ignore_ascii_case(b"local") || text.eq_ignore_ascii_case(b"unix") =>
            {
                return None;
            }
            Some(b'M') => {
                port.login = text.contains(&b'a');
                port.tls = text.contains(&b's');
            }
            _ => {}
        }
    }
    match port.port.as_slice() {
        b"smtp" => port.port = b"25".to_vec(),
        b"submission" => port.port = b"587".to_vec(),
        b"smtps" | b"submissions" => port.port = b"465".to_vec(),
        _ => {}
    }
    let plain = |text: &[u8]| {
        text.iter().all(|byte| byte.is_ascii_alphanumeric() || b".:-_".contains(byte))
    };
    (plain(&port.port) && port.address.as_deref().is_none_or(plain)).then_some(port)
}

/// A login by `"U:user" "P:password"`.
fn login(site: &mut Site, host: &[u8], entry: &Entry, place: Place) {
    let mut login = Login { host: host.to_vec(), user: Vec::new(), password: Vec::new() };
    let mut identity = Vec::new();
    let mut left = Vec::new();
    for word in entry.value.split(|byte| *byte == b'"').map(<[u8]>::trim_ascii) {
        match word {
            [b'U', b':', rest @ ..] => login.user = rest.to_vec(),
            [b'I', b':', rest @ ..] => identity = rest.to_vec(),
            [b'P', b':', rest @ ..] => login.password = rest.to_vec(),
            [] => {}
            other => left.push(other.get(..2).unwrap_or(other).to_vec()),
        }
    }
    if login.user.is_empty() {
        login.user = identity;
    }
    if login.user.is_empty() || login.password.is_empty() {
        let why = "it has no user, or no password in plain form";
        site.remark(Feature::Authinfo, Loss::Left, &entry.key, why, vec![place]);
        return;
    }
    if !left.is_empty() {
        let fields = String::from_utf8_lossy(&left.join(&b", "[..])).into_owned();
        let why = format!("fields {fields} are not carried over");
        site.remark(Feature::Authinfo, Loss::Changed, &entry.key, why, vec![place]);
    }
    site.logins.push(login);
}

/// Puts one entry of the access table where it belongs.
struct Sorting<'a> {
    site: &'a mut Site,
    entry: &'a Entry,
    place: Place,
    refusal: &'a Refusal,
    /// Whether limits of rates and of connections are heeded.
    rates: [bool; 2],
}

impl Sorting<'_> {
    fn left(&mut self, feature: Feature, why: &str) {
        self.site.found(feature, Vec::new());
        let places = vec![self.place.clone()];
        self.site.remark(feature, Loss::Left, &self.entry.key, why, places);
    }

    fn sort(mut self) {
        let entry = self.entry;
        let (tag, key) = access::split(&entry.key);
        match tag {
            Tag::All => {
                self.about_client(key);
                self.about_sender(key);
                self.about_recipient(key, false);
            }
            Tag::Connect => self.about_client(key),
            Tag::From => self.about_sender(key),
            Tag::To => self.about_recipient(key, true),
            Tag::ClientRate => self.limit(0, key),
            Tag::ClientConn => self.limit(1, key),
            Tag::AuthInfo => {
                self.site.found(Feature::Authinfo, Vec::new());
                login(self.site, key, entry, self.place);
            }
            Tag::TryTls | Tag::TlsServer => self.encryption(tag, key),
            Tag::Tls => self.left(Feature::TlsPolicy, "no such requirement can be made by table"),
            Tag::Features => {
                self.left(Feature::SrvFeatures, "features of sessions are not chosen by table")
            }
            Tag::Spam => self.left(Feature::DelayChecks, "there are no friends and haters"),
            Tag::GreetPause if key.is_empty() => {}
            Tag::GreetPause => self.left(Feature::GreetPause, "the pause is the same for all"),
            Tag::Unknown => self.left(
                Feature::Access,
                "no feature has this tag: only rules of the file's own ask for it",
            ),
        }
    }

    fn about_client(&mut self, key: &[u8]) {
        let subject = Subject::of(key);
        let verdict = Verdict::of(&self.entry.value, self.refusal);
        if !matches!(subject, Subject::Network | Subject::Domain) {
            return;
        }
        if verdict == Verdict::Relay {
            match subject {
                Subject::Network => self.site.relay_networks.push(key.to_vec()),
                _ => self.site.relay_clients.push(Domain { name: key.to_vec(), below: true }),
            }
        }
        self.site.clients.push(Rule { subject, key: key.to_vec(), verdict });
    }

    fn about_sender(&mut self, key: &[u8]) {
        let subject = Subject::of(key);
        let verdict = match Verdict::of(&self.entry.value, self.refusal) {
            Verdict::Relay => Verdict::Ok,
            verdict => verdict,
        };
        if !matches!(subject, Subject::Network | Subject::Everything) {
            self.site.sender_rules.push(Rule { subject, key: key.to_vec(), verdict });
        }
    }

    fn about_recipient(&mut self, key: &[u8], tagged: bool) {
        let subject = Subject::of(key);
        match Verdict::of(&self.entry.value, self.refusal) {
            Verdict::Relay if subject == Subject::Domain => {
                self.site.relay_to.push(Domain { name: key.to_vec(), below: true });
            }
            Verdict::Relay | Verdict::Ok | Verdict::Skip => {}
            verdict => {
                if matches!(subject, Subject::Network | Subject::Everything) {
                    return;
                }
                if !self.site.checks.blocked_recipients {
                    if tagged {
                        let why = "the file does not look at recipients (blocklist_recipients)";
                        self.left(Feature::Access, why);
                    }
                    return;
                }
                let verdict = match (verdict, self.entry.value.eq_ignore_ascii_case(b"REJECT")) {
                    (Verdict::Refuse(_), true) => {
                        let text = b"550 5.2.1 Mailbox disabled for this recipient";
                        Verdict::Refuse(Refusal::of(text))
                    }
                    (verdict, _) => verdict,
                };
                self.site.recipients.push(Rule { subject, key: key.to_vec(), verdict });
            }
        }
    }

    fn limit(&mut self, which: usize, key: &[u8]) {
        let number =
            std::str::from_utf8(&self.entry.value).ok().and_then(|text| text.trim().parse().ok());
        let heeded = self.rates.get(which).copied().unwrap_or(false);
        match number {
            _ if !heeded => self.left(Feature::AccessLimits, "no rule heeds it"),
            Some(number) if key.is_empty() => {
                self.site.found(Feature::AccessLimits, Vec::new());
                let checks = &mut self.site.checks;
                let limit = if which == 0 {
                    &mut checks.connection_rate
                } else {
                    &mut checks.connection_count
                };
                *limit = Some(number);
            }
            _ => self.left(Feature::AccessLimits, "the limit is the same for all clients"),
        }
    }

    fn encryption(&mut self, tag: Tag, key: &[u8]) {
        let value = self.entry.value.to_ascii_uppercase();
        let wanted =
            value.strip_prefix(b"PERM+").or_else(|| value.strip_prefix(b"TEMP+")).unwrap_or(&value);
        let need = match (tag, wanted) {
            (Tag::TryTls, b"NO") => Encryption::Never,
            (Tag::TlsServer, _) if wanted.contains(&b'+') => {
                let why = "no requirement can be made on subjects and issuers by table";
                return self.left(Feature::TlsPolicy, why);
            }
            (Tag::TlsServer, _) if wanted.starts_with(b"VERIFY") => Encryption::Verified,
            (Tag::TlsServer, _) if wanted.starts_with(b"ENCR") => Encryption::Always,
            _ => return self.left(Feature::TlsPolicy, "its value says nothing that is known"),
        };
        if key.is_empty() || Subject::of(key) == Subject::Network {
            return self.left(Feature::TlsPolicy, "it names no domain");
        }
        self.site.found(Feature::TlsPolicy, Vec::new());
        self.site.encryption.push((key.to_vec(), need));
    }
}
