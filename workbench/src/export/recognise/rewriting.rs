//! What addresses look like to others.
//!
//! Which domains are masqueraded is asked of the rules, domain by domain: the features around MASQUERADE_AS differ
//! in nothing else.

use std::collections::{BTreeMap, HashSet};

use ruleset_vm::Role;
use ruleset_vm::mailer::find;

use super::super::features::Feature;
use super::super::probe::{DOMAIN, USER};
use super::super::remark::Loss;
use super::super::site::{MAX_COMBINATIONS, Rename, domain_of};
use super::Recognition;
use crate::answering::MapServices;

const HEADER_SENDER: Role = Role { header: true, sender: true };
const HEADER_RECIPIENT: Role = Role { header: true, sender: false };
const ENVELOPE_SENDER: Role = Role { header: false, sender: true };
/// A label below a domain.
const BELOW: &str = "bangpath-below";

impl<S: MapServices> Recognition<'_, S> {
    pub(super) fn rewriting(&mut self) {
        let renamed = self.entries(b"domaintable", Feature::Domaintable);
        for (entry, _) in renamed {
            let (from, to) = ([b"@", &entry.key[..]].concat(), [b"@", &entry.value[..]].concat());
            self.site.renamed_domains.push(Rename { from, to });
        }
        let Some((mailer, _)) = self.probe.mailer(format!("{USER}@{DOMAIN}").as_bytes()) else {
            return;
        };
        let generics = self.generics(mailer);
        let masked = self.masqueraded(mailer);
        self.kinds(mailer, &generics, &masked);
        self.exposed(&masked);
        self.site.senders.extend(masked);
        self.unqualified();
    }

    /// Entries of the genericstable, each with the domains it counts for.
    fn generics(&mut self, mailer: usize) -> Option<Vec<u8>> {
        let entries = self.entries(b"generics", Feature::Genericstable);
        if entries.is_empty() {
            return None;
        }
        self.site.found(Feature::Genericstable, self.lines.of_class(b"G"));
        let candidates: HashSet<Vec<u8>> =
            self.class(b"G").into_iter().chain(self.site.local_names.iter().cloned()).collect();
        let mut domains: Vec<Vec<u8>> =
            candidates.into_iter().filter(|domain| self.asks_generics(domain, mailer)).collect();
        domains.sort();
        self.qualified_generics(&domains, mailer);
        let own: HashSet<&Vec<u8>> = domains.iter().collect();
        let keys: HashSet<&[u8]> = entries.iter().map(|(entry, _)| &entry.key[..]).collect();
        let mut renames = Vec::new();
        for (entry, place) in &entries {
            let to = match domain_of(&entry.value) {
                Some(_) => entry.value.strip_prefix(b"%1").unwrap_or(&entry.value).to_vec(),
                None => [&entry.value[..], b"@", &self.site.host].concat(),
            };
            if to.contains(&b'%') {
                let why = "parts of the address (%1) are put into the new one";
                let places = vec![place.clone()];
                self.site.remark(Feature::Genericstable, Loss::Left, &entry.key, why, places);
                continue;
            }
            match domain_of(&entry.key) {
                Some(domain) if own.contains(&domain.to_vec()) => {
                    renames.push(Rename { from: entry.key.clone(), to });
                }
                Some(_) => {
                    let why = "its domain is neither in class G nor this host's, so that no rule asks for it";
                    let places = vec![place.clone()];
                    self.site.remark(Feature::Genericstable, Loss::Left, &entry.key, why, places);
                }
                None if renames.len().saturating_add(domains.len()) > MAX_COMBINATIONS => {
                    let why = "there are too many domains to write it for each";
                    let places = vec![place.clone()];
                    self.site.remark(Feature::Genericstable, Loss::Left, &entry.key, why, places);
                }
                None => {
                    for domain in &domains {
                        let from = [&entry.key[..], b"@", domain].concat();
                        let whole = [b"@", &domain[..]].concat();
                        if !keys.contains(&from[..]) && !keys.contains(&whole[..]) {
                            renames.push(Rename { from, to: to.clone() });
                        }
                    }
                }
            }
        }
        self.site.senders = renames;
        domains.into_iter().next()
    }

    /// Notes that users of this host are looked for only if they have no domain, which the targets cannot tell.
    fn qualified_generics(&mut self, domains: &[Vec<u8>], mailer: usize) {
        let host = self.site.host.to_ascii_lowercase();
        if !domains.contains(&host) {
            return;
        }
        let address = [USER.as_bytes(), b"@", &host].concat();
        let value = format!("{USER}@{DOMAIN}");
        self.probe.give(b"generics", Some((&address, value.as_bytes())));
        let seen = self.probe.rewritten(&address, mailer, HEADER_SENDER);
        self.probe.give(b"generics", None);
        if seen != value.as_bytes() {
            let why = "users of this host are looked for whether they were written with its name or without a domain; \
                the rules look for the latter only (class G lacks the name)";
            let places = self.lines.of_class(b"G");
            self.site.remark(Feature::Genericstable, Loss::Changed, &host, why, places);
        }
    }

    /// An address of a domain as senders write it: without a domain on this host itself, for most mail that begins
    /// here has none, and the targets add the name before they look anything up.
    fn address_in(&self, domain: &[u8]) -> Vec<u8> {
        match domain.eq_ignore_ascii_case(&self.site.host) {
            true => USER.as_bytes().to_vec(),
            false => [USER.as_bytes(), b"@", domain].concat(),
        }
    }

    /// Whether the rules ask the genericstable about addresses of a domain.
    fn asks_generics(&mut self, domain: &[u8], mailer: usize) -> bool {
        let key = [USER.as_bytes(), b"@", domain].concat();
        let value = format!("{USER}@{DOMAIN}");
        self.probe.give(b"generics", Some((&key, value.as_bytes())));
        let address = self.address_in(domain);
        let seen = self.probe.rewritten(&address, mailer, HEADER_SENDER);
        self.probe.give(b"generics", None);
        seen == value.as_bytes()
    }

    /// The domains that are masqueraded.
    fn masqueraded(&mut self, mailer: usize) -> Vec<Rename> {
        let declared = self.class(b"M");
        let names: BTreeMap<Vec<u8>, bool> = declared
            .iter()
            .map(|name| (name.clone(), true))
            .chain(self.site.local_names.iter().map(|name| (name.clone(), false)))
            .chain(self.site.literals.iter().map(|name| ([b"[", &name[..], b"]"].concat(), false)))
            .collect();
        let mut masked = Vec::new();
        for (name, is_declared) in names {
            let name = name.strip_prefix(b".").unwrap_or(&name).to_vec();
            if let Some(to) = self.masqueraded_as(&name, mailer) {
                masked.push(Rename { from: [b"@", &name[..]].concat(), to });
            }
            let below = [BELOW.as_bytes(), b".", &name].concat();
            if is_declared && let Some(to) = self.masqueraded_as(&below, mailer) {
                masked.push(Rename { from: [b".", &name[..]].concat(), to });
            }
        }
        if !masked.is_empty() {
            self.site.found(Feature::Masquerade, self.lines.of_macro(b"M"));
            self.site.found(Feature::Masquerade, self.lines.of_class(b"M"));
            self.site.kept_domains = self.class(b"N");
        }
        masked
    }

    /// `@domain` that a sender in `domain` appears in, if it is another.
    fn masqueraded_as(&mut self, domain: &[u8], mailer: usize) -> Option<Vec<u8>> {
        let address = self.address_in(domain);
        let seen = self.probe.rewritten(&address, mailer, HEADER_SENDER);
        let (user, to) = (seen.strip_prefix(USER.as_bytes())?, domain_of(&seen)?);
        (user.starts_with(b"@") && !to.eq_ignore_ascii_case(domain)).then(|| [b"@", to].concat())
    }

    /// Which kinds of addresses change.
    fn kinds(&mut self, mailer: usize, generics: &Option<Vec<u8>>, masked: &[Rename]) {
        let host = [b"@", &self.site.host[..]].concat();
        let whole = || masked.iter().filter(|rename| rename.from.starts_with(b"@"));
        let first = whole()
            .find(|rename| rename.from.eq_ignore_ascii_case(&host))
            .or_else(|| whole().next());
        let domain = match (first, generics) {
            (Some(rename), _) => rename.from.get(1..).unwrap_or_default().to_vec(),
            (None, Some(domain)) => {
                let key = [USER.as_bytes(), b"@", domain].concat();
                let value = format!("{USER}@{DOMAIN}");
                self.probe.give(b"generics", Some((&key, value.as_bytes())));
                domain.clone()
            }
            (None, None) => return,
        };
        let address = self.address_in(&domain);
        let changes = |this: &mut Self, mailer, role| {
            let seen = this.probe.rewritten(&address, mailer, role);
            domain_of(&seen).is_some_and(|seen| !seen.eq_ignore_ascii_case(&domain))
        };
        self.site.envelope_senders = changes(self, mailer, ENVELOPE_SENDER);
        self.site.header_recipients = changes(self, mailer, HEADER_RECIPIENT);
        let local = find(&self.configuration.mailers, b"local");
        if let Some(local) = local
            && !changes(self, local, HEADER_SENDER)
        {
            self.site.found(Feature::MasqueradeHeadersOfLocalMail, Vec::new());
        }
        self.probe.give(b"generics", None);
    }

    /// Users that are not masqueraded.
    fn exposed(&mut self, masked: &[Rename]) {
        let users = self.class(b"E");
        if users.is_empty() || masked.is_empty() {
            return;
        }
        let places = self.lines.of_class(b"E");
        self.site.found(Feature::Masquerade, places.clone());
        if users.len().saturating_mul(masked.len()) > MAX_COMBINATIONS {
            let why = "too many exposed users in too many domains";
            self.site.remark(Feature::Masquerade, Loss::Left, b"class E", why, places);
            return;
        }
        let known: HashSet<Vec<u8>> =
            self.site.senders.iter().map(|rename| rename.from.clone()).collect();
        for rename in masked.iter().filter(|rename| rename.from.starts_with(b"@")) {
            for user in &users {
                let address = [&user[..], &rename.from].concat();
                if !known.contains(&address) {
                    self.site.senders.push(Rename { from: address.clone(), to: address });
                }
            }
        }
    }

    /// Whether recipients without a domain get one in local mail.
    fn unqualified(&mut self) {
        let Some(local) = find(&self.configuration.mailers, b"local") else { return };
        let seen = self.probe.rewritten(USER.as_bytes(), local, HEADER_RECIPIENT);
        if domain_of(&seen).is_none() {
            self.site.found(Feature::UnqualifiedLocal, Vec::new());
        }
    }
}
