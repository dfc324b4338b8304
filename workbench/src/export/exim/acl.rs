//! Access control lists.

use super::super::access::{Subject, Verdict};
use super::super::features::Feature;
use super::super::site::Rule;
use super::super::writing::network;
use super::Exim;

/// What an entry says, as the conditions of the lists take it apart.
fn value(verdict: &Verdict) -> Vec<u8> {
    match verdict {
        Verdict::Ok | Verdict::Relay | Verdict::Skip => b"OK".to_vec(),
        Verdict::Discard => b"DISCARD".to_vec(),
        Verdict::Quarantine(reason) => [b"FREEZE ", &reason[..]].concat(),
        Verdict::Refuse(refusal) if refusal.is_temporary() => {
            [b"DEFER ", &refusal.line()[..]].concat()
        }
        Verdict::Refuse(refusal) => [b"REJECT ", &refusal.line()[..]].concat(),
    }
}

fn entries(rules: &[Rule], subjects: &[Subject]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let own = rules.iter().filter(|rule| subjects.contains(&rule.subject));
    own.map(|rule| (rule.key.clone(), value(&rule.verdict))).collect()
}

impl Exim<'_> {
    pub(super) fn acls(&mut self) {
        self.access_tables();
        self.section("acl");
        let delayed = self.site.checks.delayed;
        self.line("\nacl_check_connect:");
        if let Some(pause) = self.site.checks.greet_pause {
            self.line(&format!("  accept condition = yes\n         hosts = ! +relay_from_hosts\n         delay = {pause}s"));
        }
        self.line("  accept hosts = :");
        if !delayed {
            self.about_client();
        }
        self.line("  accept");
        self.line("\nacl_check_mail:");
        if self.site.privacy.contains("needmailhelo") || self.site.privacy.contains("goaway") {
            self.line("  deny    condition = ${if eq{$sender_helo_name}{}}\n          message = 503 5.0.0 Polite people say HELO first");
        }
        if self.site.checks.dotted_helo {
            self.line("  deny    condition = ${if !match{$sender_helo_name}{\\N[.:]\\N}}\n          ! hosts = +relay_from_hosts\n          message = 550 5.7.1 bogus HELO name used");
        }
        if !delayed {
            self.silent("acl_c_client");
            self.about_sender();
        }
        self.line("  accept");
        self.recipient(delayed);
    }

    fn access_tables(&mut self) {
        let clients = std::mem::take(&mut self.site.clients);
        let names = entries(&clients, &[Subject::Domain]);
        self.table("client_names", Feature::Access, &names);
        let mut networks: Vec<(Vec<u8>, u32, Vec<u8>)> = clients
            .iter()
            .filter(|rule| rule.subject == Subject::Network)
            .filter_map(|rule| {
                let (address, bits) = network(&rule.key)?;
                Some((address, bits, value(&rule.verdict)))
            })
            .collect();
        // the first that fits counts
        networks.sort_by_key(|(_, bits, _)| std::cmp::Reverse(*bits));
        let networks: Vec<_> = networks
            .into_iter()
            .map(|(address, bits, value)| {
                ([&address[..], b"/", bits.to_string().as_bytes()].concat(), value)
            })
            .collect();
        self.table("client_networks", Feature::Access, &networks);
        self.site.clients = clients;
        let senders = std::mem::take(&mut self.site.sender_rules);
        let recipients = std::mem::take(&mut self.site.recipients);
        for (rules, domains, addresses) in [
            (&senders, "sender_domains", "senders_access"),
            (&recipients, "recipient_domains", "recipients_access"),
        ] {
            let names = entries(rules, &[Subject::Domain]);
            self.table(domains, Feature::Access, &names);
            let others = entries(rules, &[Subject::Address, Subject::User]);
            self.table(addresses, Feature::Access, &others);
        }
        self.site.sender_rules = senders;
        self.site.recipients = recipients;
    }

    /// What becomes of a verdict in a variable: it is refused, deferred, thrown away, put aside.
    fn verdict(&mut self, variable: &str) {
        self.refusals(variable);
        self.silent(variable);
    }

    fn refusals(&mut self, variable: &str) {
        let text = format!("${{sg{{${variable}}}{{\\N^[A-Z]+ \\N}}{{}}}}");
        for (verb, word) in [("deny", "REJECT"), ("defer", "DEFER")] {
            self.line(&format!("  {verb:<7} condition = ${{if match{{${variable}}}{{^{word} }}}}\n          message = {text}"));
        }
    }

    /// What a connection cannot be told.
    fn silent(&mut self, variable: &str) {
        self.line(&format!("  discard condition = ${{if eq{{${variable}}}{{DISCARD}}}}"));
        self.line(&format!("  warn    condition = ${{if match{{${variable}}}{{^FREEZE }}}}\n          control = freeze"));
    }

    fn about_client(&mut self) {
        self.about(Feature::Access);
        self.line("  warn    set acl_c_client = ${lookup{$sender_host_name}partial0()lsearch{TABLES/client_names}{$value}{${lookup{$sender_host_address}iplsearch{TABLES/client_networks}{$value}{}}}}");
        self.refusals("acl_c_client");
        if self.site.checks.named_clients {
            self.line("  deny    condition = ${if !eq{$acl_c_client}{OK}}\n          ! verify = reverse_host_lookup\n          message = 550 5.7.1 Fix reverse DNS for $sender_host_address");
        }
        for zone in self.site.checks.client_lists.clone() {
            let zone = String::from_utf8_lossy(&super::item(&zone)).into_owned();
            self.line(&format!("  deny    condition = ${{if !eq{{$acl_c_client}}{{OK}}}}\n          dnslists = {zone}\n          message = 550 5.7.1 Rejected: $sender_host_address listed at $dnslist_domain"));
        }
    }

    fn about_sender(&mut self) {
        self.about(Feature::Access);
        self.line("  warn    set acl_m_sender = ${lookup{$sender_address}lsearch{TABLES/senders_access}{$value}{${lookup{$sender_address_domain}partial0()lsearch{TABLES/sender_domains}{$value}{${lookup{$sender_address_local_part@}lsearch{TABLES/senders_access}{$value}{}}}}}}");
        self.verdict("acl_m_sender");
        if self.site.checks.resolvable_senders {
            self.line("  deny    ! senders = :\n          condition = ${if !eq{$acl_m_sender}{OK}}\n          condition = ${if !match_domain{$sender_address_domain}{+local_domains}}\n          condition = ${if eq{${lookup dnsdb{defer_never,>: a=$sender_address_domain}}${lookup dnsdb{defer_never,>: mxh=$sender_address_domain}}${lookup dnsdb{defer_never,>: aaaa=$sender_address_domain}}}{}}\n          message = 553 5.1.8 Domain of sender address $sender_address does not exist");
        }
        for zone in self.site.checks.sender_lists.clone() {
            let zone = String::from_utf8_lossy(&super::item(&zone)).into_owned();
            self.line(&format!("  deny    condition = ${{if !eq{{$acl_m_sender}}{{OK}}}}\n          dnslists = {zone}/$sender_address_domain\n          message = 550 5.7.1 Mail from $sender_address_domain refused by blackhole site $dnslist_domain"));
        }
    }

    fn recipient(&mut self, delayed: bool) {
        self.line("\nacl_check_rcpt:");
        self.line("  accept  hosts = :");
        if delayed {
            self.about_sender();
            self.about_client();
            self.silent("acl_c_client");
        }
        if !self.site.recipients.is_empty() {
            self.about(Feature::BlockedRecipients);
            self.line("  warn    set acl_m_recipient = ${lookup{$local_part@$domain}lsearch{TABLES/recipients_access}{$value}{${lookup{$domain}partial0()lsearch{TABLES/recipient_domains}{$value}{${if match_domain{$domain}{+local_domains}{${lookup{$local_part@}lsearch{TABLES/recipients_access}{$value}{}}}}}}}}");
            self.verdict("acl_m_recipient");
        }
        self.about(Feature::Relaying);
        self.line("  deny    local_parts = \\N[@%!]\\N\n          ! hosts = +relay_from_hosts\n          message = 550 5.7.1 Relaying denied");
        self.line("  accept  domains = +local_domains : +relay_to_domains");
        self.line("  accept  hosts = +relay_from_hosts");
        self.line("  accept  authenticated = *");
        self.line("  deny    message = 550 5.7.1 Relaying denied");
    }
}
