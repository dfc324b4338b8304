//! Who may send what: restriction lists, access tables, TLS, passwords.

use super::super::access::{Subject, Verdict};
use super::super::features::Feature;
use super::super::remark::Loss;
use super::super::route::Route;
use super::super::site::{Domain, Encryption, Rule};
use super::super::writing::network;
use super::super::{File, Use};
use super::Postfix;
use super::routing::next_hops;

/// Lists in which a name stands for the domains below it. Relay domains and access tables say so themselves.
const PARENTS: &[u8] =
    b"debug_peer_list, fast_flush_domains, mynetworks, permit_mx_backup_networks, \
    qmqpd_authorized_clients";

/// What an access table says.
fn action(verdict: &Verdict) -> Vec<u8> {
    match verdict {
        Verdict::Ok | Verdict::Relay => b"OK".to_vec(),
        Verdict::Refuse(refusal) => refusal.line(),
        Verdict::Discard => b"DISCARD".to_vec(),
        Verdict::Quarantine(reason) => [b"HOLD ", &reason[..]].concat(),
        Verdict::Skip => b"DUNNO".to_vec(),
    }
}

/// Entries of an access table; a domain has a second one for what is below it.
fn entries(rules: &[Rule]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut out = Vec::with_capacity(rules.len());
    for rule in rules {
        let key = rule.key.strip_prefix(b"ipv6:").unwrap_or(&rule.key);
        out.push((key.to_vec(), action(&rule.verdict)));
        if rule.subject == Subject::Domain {
            out.push(([b".", key].concat(), action(&rule.verdict)));
        }
    }
    out
}

/// Names with `.` in front for what is below them.
fn domains(domains: &[Domain]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut out: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for domain in domains {
        let below = domain.below.then(|| [b".", &domain.name[..]].concat());
        for name in std::iter::once(domain.name.clone()).chain(below) {
            if seen.insert(name.clone()) {
                out.push((name, b"OK".to_vec()));
            }
        }
    }
    out
}

impl Postfix<'_> {
    pub(super) fn restrictions(&mut self) {
        self.relaying();
        let client = self.client_restrictions();
        let sender = self.sender_restrictions();
        self.about(Feature::Access);
        self.set("smtpd_client_restrictions", &client.join(&b", "[..]));
        if self.site.checks.dotted_helo {
            self.set("smtpd_helo_restrictions", b"reject_non_fqdn_helo_hostname");
        }
        self.set("smtpd_sender_restrictions", &sender.join(&b", "[..]));
        if !self.site.recipients.is_empty() {
            let entries = entries(&self.site.recipients);
            let table = self.table("recipient_access", Feature::BlockedRecipients, &entries);
            let list = [b"check_recipient_access ", &table[..]].concat();
            self.set("smtpd_recipient_restrictions", &list);
        }
        self.set("smtpd_delay_reject", if self.site.checks.delayed { b"yes" } else { b"no" });
        let checks = &self.site.checks;
        let limits = [
            ("smtpd_client_connection_rate_limit", checks.connection_rate),
            ("smtpd_client_connection_count_limit", checks.connection_count),
        ];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                self.set(name, limit.to_string().as_bytes());
            }
        }
        self.privacy();
    }

    fn relaying(&mut self) {
        self.about(Feature::Relaying);
        let mut networks = vec![b"127.0.0.0/8".to_vec(), b"[::1]/128".to_vec()];
        for text in self.site.relay_networks.clone() {
            match network(&text) {
                Some((address, bits)) if address.contains(&b':') => {
                    networks
                        .push([b"[", &address[..], b"]/", bits.to_string().as_bytes()].concat());
                }
                Some((address, bits)) => {
                    networks.push([&address[..], b"/", bits.to_string().as_bytes()].concat());
                }
                None => {
                    let why = "it is no network";
                    self.site.remark(Feature::Relaying, Loss::Left, &text, why, Vec::new());
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        networks.retain(|network| seen.insert(network.clone()));
        self.set("mynetworks", &networks.join(&b", "[..]));
        let relay_to = domains(&self.site.relay_to);
        if relay_to.is_empty() {
            self.set("relay_domains", b"");
        } else {
            let table = self.table("relay_domains", Feature::Relaying, &relay_to);
            self.set("relay_domains", &table);
        }
        self.set("parent_domain_matches_subdomains", PARENTS);
        let mut list: Vec<Vec<u8>> = vec![b"permit_mynetworks".to_vec()];
        if self.site.server_auth || self.site.ports.iter().any(|port| port.login) {
            list.push(b"permit_sasl_authenticated".to_vec());
        }
        let clients = domains(&self.site.relay_clients);
        if !clients.is_empty() {
            let table = self.table("relay_clients", Feature::Relaying, &clients);
            list.push([b"check_client_access ", &table[..]].concat());
        }
        if self.site.checks.relay_by_exchanger {
            list.push(b"permit_mx_backup".to_vec());
        }
        list.push(b"reject_unauth_destination".to_vec());
        self.set("smtpd_relay_restrictions", &list.join(&b", "[..]));
    }

    fn client_restrictions(&mut self) -> Vec<Vec<u8>> {
        let mut list = Vec::new();
        if !self.site.clients.is_empty() {
            let entries = entries(&self.site.clients);
            let table = self.table("client_access", Feature::Access, &entries);
            list.push([b"check_client_access ", &table[..]].concat());
        }
        if self.site.checks.named_clients {
            list.push(b"reject_unknown_client_hostname".to_vec());
        }
        let lists = &self.site.checks.client_lists;
        list.extend(lists.iter().map(|zone| [b"reject_rbl_client ", &zone[..]].concat()));
        list
    }

    fn sender_restrictions(&mut self) -> Vec<Vec<u8>> {
        let mut list = Vec::new();
        if !self.site.sender_rules.is_empty() {
            let entries = entries(&self.site.sender_rules);
            let table = self.table("sender_access", Feature::Access, &entries);
            list.push([b"check_sender_access ", &table[..]].concat());
        }
        if self.site.checks.qualified_senders {
            list.push(b"reject_non_fqdn_sender".to_vec());
        }
        if self.site.checks.resolvable_senders {
            list.push(b"reject_unknown_sender_domain".to_vec());
        }
        let lists = &self.site.checks.sender_lists;
        list.extend(lists.iter().map(|zone| [b"reject_rhsbl_sender ", &zone[..]].concat()));
        list
    }

    fn privacy(&mut self) {
        self.about(Feature::Privacy);
        let words = &self.site.privacy;
        let has = |word: &str| words.iter().any(|own| own == word);
        let (goaway, helo) = (has("goaway"), has("needmailhelo"));
        let vrfy = has("novrfy");
        let quiet: Vec<&str> = [("noetrn", "etrn"), ("noreceipts", "dsn")]
            .iter()
            .filter(|(word, _)| has(word))
            .map(|(_, name)| *name)
            .collect();
        if goaway || vrfy {
            self.set("disable_vrfy_command", b"yes");
        }
        if goaway || helo {
            self.set("smtpd_helo_required", b"yes");
        }
        if !quiet.is_empty() {
            self.set("smtpd_discard_ehlo_keywords", quiet.join(", ").as_bytes());
        }
    }

    /// TLS and passwords.
    pub(super) fn transfer(&mut self) {
        self.about(Feature::Tls);
        // sendmail encrypts whenever the other side can
        self.set("smtp_tls_security_level", b"may");
        if self.site.server_tls {
            self.set("smtpd_tls_security_level", b"may");
        }
        if self.site.server_auth || self.site.ports.iter().any(|port| port.login) {
            self.about(Feature::ServerAuth);
            let everywhere: &[u8] = if self.site.server_auth { b"yes" } else { b"no" };
            self.set("smtpd_sasl_auth_enable", everywhere);
        }
        self.encryption();
        self.logins();
    }

    fn encryption(&mut self) {
        if self.site.encryption.is_empty() {
            return;
        }
        let mut entries = Vec::new();
        for (name, need) in &self.site.encryption {
            let level: &[u8] = match need {
                Encryption::Never => b"none",
                Encryption::Always => b"encrypt",
                Encryption::Verified => b"verify",
            };
            for key in [name.clone(), [b".", &name[..]].concat(), [b"[", &name[..], b"]"].concat()]
            {
                entries.push((key, level.to_vec()));
            }
        }
        self.about(Feature::TlsPolicy);
        let table = self.table("tls_policy", Feature::TlsPolicy, &entries);
        self.set("smtp_tls_policy_maps", &table);
    }

    fn logins(&mut self) {
        if self.site.logins.is_empty() {
            return;
        }
        self.about(Feature::Authinfo);
        let mut bytes = super::origin(self.site, Feature::Authinfo, self.name);
        for login in &self.site.logins {
            for key in self.login_keys(&login.host) {
                bytes.extend([&key[..], b"\t", &login.user, b":", &login.password, b"\n"].concat());
            }
        }
        self.files.push(File { name: "sasl_passwords", bytes, use_: Use::Postmap, secret: true });
        self.set("smtp_sasl_auth_enable", b"yes");
        self.set("smtp_sasl_security_options", b"noanonymous");
        let table = b"${default_database_type}:${config_directory}/sasl_passwords";
        self.set("smtp_sasl_password_maps", table);
    }

    /// Names under which a server may be asked for: as routes write it.
    fn login_keys(&self, host: &[u8]) -> Vec<Vec<u8>> {
        let routes =
            self.site.routes.iter().map(|routed| &routed.route).chain(&self.site.smart_host);
        let hops = routes.filter_map(|route| match route {
            Route::Smtp(hops) => Some(hops),
            _ => None,
        });
        let named =
            hops.flatten().filter(|hop| host.is_empty() || hop.host.eq_ignore_ascii_case(host));
        let mut keys: Vec<Vec<u8>> =
            named.map(|hop| next_hops(std::slice::from_ref(hop))).collect();
        if !host.is_empty() {
            keys.push(host.to_vec());
            keys.push([b"[", host, b"]"].concat());
        }
        keys.sort();
        keys.dedup();
        keys
    }
}
