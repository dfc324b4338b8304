//! Where mail goes: `relayhost`, `transport`, `virtual`.

use std::collections::{BTreeMap, HashSet};

use super::super::features::Feature;
use super::super::remark::Loss;
use super::super::route::{Hop, Refusal, Route};
use super::super::site::{Stands, domain_of};
use super::super::writing::quoted_pattern;
use super::Postfix;

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Servers as `transport` and `relayhost` name them.
pub(super) fn next_hops(hops: &[Hop]) -> Vec<u8> {
    hops.iter().map(Hop::bracketed).collect::<Vec<_>>().join(&b", "[..])
}

/// A transport that gives mail back.
fn error(refusal: &Refusal) -> Vec<u8> {
    let service: &[u8] = if refusal.is_temporary() { b"retry" } else { b"error" };
    [service, b":", &refusal.enhanced, b" ", &refusal.text].concat()
}

impl Postfix<'_> {
    pub(super) fn routing(&mut self) {
        let mut transports: Entries = Vec::new();
        let mut virtual_users: Entries = Vec::new();
        self.smart_host(&mut transports);
        let below = self.routes(&mut transports, &mut virtual_users);
        let mut patterns = self.virtual_users(&mut transports, &mut virtual_users);
        patterns.extend(below);
        self.elsewhere(&mut transports, &mut virtual_users);
        if self.site.redirect {
            let moved = Refusal::of(
                b"551 5.1.1 User has moved; please try the address without its last word",
            );
            transports.push((b".redirect".to_vec(), error(&moved)));
        }
        if !transports.is_empty() {
            self.about(Feature::Mailertable);
            let table = self.table("transport", Feature::Mailertable, &transports);
            self.set("transport_maps", &table);
        }
        if !virtual_users.is_empty() || !patterns.is_empty() {
            self.about(Feature::Virtusertable);
            let mut maps = Vec::new();
            if !virtual_users.is_empty() {
                maps.push(self.table("virtual", Feature::Virtusertable, &virtual_users));
            }
            if !patterns.is_empty() {
                maps.push(self.ordered(
                    "regexp",
                    "virtual_regexp",
                    Feature::Virtusertable,
                    &patterns,
                ));
            }
            self.set("virtual_alias_maps", &maps.join(&b", "[..]));
        } else {
            self.set("virtual_alias_maps", b"");
        }
        self.set("virtual_alias_domains", b"");
        self.set("allow_percent_hack", if self.site.percent_hack { b"yes" } else { b"no" });
        self.local_routes();
    }

    fn smart_host(&mut self, transports: &mut Entries) {
        self.about(if self.site.null_client { Feature::NullClient } else { Feature::SmartHost });
        let everything = self.site.routes.iter().any(|routed| routed.key == b".");
        match self.site.smart_host.clone() {
            Some(Route::Smtp(hops)) => self.set("relayhost", &next_hops(&hops)),
            Some(route) if !everything => {
                self.set("relayhost", b"");
                if let Some(transport) = self.transport(&route) {
                    transports.push((b"*".to_vec(), transport));
                }
            }
            _ => self.set("relayhost", b""),
        }
        if self.site.null_client {
            self.set("inet_interfaces", b"loopback-only");
            self.set("local_transport", b"error:5.1.1 nothing is local here");
        }
    }

    fn transport(&self, route: &Route) -> Option<Vec<u8>> {
        Some(match route {
            Route::Smtp(hops) => [b"smtp:", &next_hops(hops)[..]].concat(),
            Route::Lmtp(socket) => [b"lmtp:unix:", &socket[..]].concat(),
            Route::Local(None) => b"local:".to_vec(),
            Route::Error(refusal) => error(refusal),
            Route::Discard => b"discard:".to_vec(),
            Route::Local(Some(_)) | Route::Other(_) => return None,
        })
    }

    /// The mailertable; returns lines of regular expressions for users in the place of domains below one.
    fn routes(&mut self, transports: &mut Entries, virtual_users: &mut Entries) -> Vec<Vec<u8>> {
        let mut below = Vec::new();
        for routed in self.site.routes.clone() {
            let key = if routed.key == b"." { b"*".to_vec() } else { routed.key.clone() };
            match (self.transport(&routed.route), &routed.route) {
                (Some(transport), _) => transports.push((key, transport)),
                (None, Route::Local(Some(user))) if !routed.key.starts_with(b".") => {
                    let user = self.local_user(user);
                    virtual_users.push(([b"@", &routed.key[..]].concat(), user));
                }
                (None, Route::Local(Some(user))) if routed.key.len() > 1 => {
                    let user = self.local_user(user);
                    let domain = quoted_pattern(&routed.key);
                    below.push([b"/^.*@[^@]+", &domain[..], b"$/ ", &user].concat());
                }
                _ => {
                    let why = "a user cannot be put in the place of all recipients elsewhere";
                    self.site.remark(
                        Feature::Mailertable,
                        Loss::Left,
                        &routed.key,
                        why,
                        Vec::new(),
                    );
                }
            }
        }
        below
    }

    /// A user of this host as an address that no entry of `virtual` changes again.
    fn local_user(&self, user: &[u8]) -> Vec<u8> {
        if user.contains(&b'@') {
            return user.to_vec();
        }
        let taken: HashSet<&[u8]> = self
            .site
            .virtual_users
            .iter()
            .filter(|entry| {
                entry.key.starts_with(b"@") || entry.key.starts_with(&[user, b"@"].concat())
            })
            .filter_map(|entry| domain_of(&entry.key))
            .collect();
        let origin = &self.site.origin;
        if !taken.contains(&origin.to_ascii_lowercase()[..]) {
            return [user, b"@", origin].concat();
        }
        let free = self.site.local_names.iter().find(|name| !taken.contains(&name[..]));
        [user, b"@", free.unwrap_or(origin)].concat()
    }

    /// Fills the tables; returns lines of regular expressions for what they cannot say.
    fn virtual_users(&mut self, transports: &mut Entries, table: &mut Entries) -> Vec<Vec<u8>> {
        let users = std::mem::take(&mut self.site.virtual_users);
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut catching: Vec<Vec<u8>> = Vec::new();
        let mut by_domain: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
        for entry in &users {
            by_domain
                .entry(domain_of(&entry.key).unwrap_or_default())
                .or_default()
                .push(&entry.key);
        }
        self.site.virtual_users.clone_from(&users);
        for entry in &users {
            let domain = domain_of(&entry.key).unwrap_or_default();
            let user = entry.key.get(..entry.key.len() - domain.len() - 1).unwrap_or_default();
            let target = match &entry.stands {
                Stands::Nobody(refusal) => {
                    // what is left of the domain once the others have become somebody else
                    let key = if user.is_empty() { domain } else { &entry.key[..] };
                    transports.push((key.to_vec(), error(refusal)));
                    if !user.is_empty() && !user.ends_with(b"+*") && !user.ends_with(b"++") {
                        table.push((entry.key.clone(), entry.key.clone()));
                    }
                    continue;
                }
                Stands::For(target) => target,
            };
            let details = user.ends_with(b"+*") || user.ends_with(b"++");
            if !details && !target.contains(&b'%') {
                let target = self.local_user(target);
                table.push((entry.key.clone(), target));
                continue;
            }
            let target = self.local_user(&parts_as_groups(target));
            if user.is_empty() {
                // users of their own come first, with and without details
                let own = by_domain.get(domain).into_iter().flatten();
                for other in own.filter(|key| !key.starts_with(b"@") && !key.contains(&b'+')) {
                    let local = other.get(..other.len() - domain.len() - 1).unwrap_or_default();
                    let found = users.iter().find(|entry| entry.key == **other);
                    let value = match found.map(|entry| &entry.stands) {
                        Some(Stands::For(value)) => value,
                        Some(Stands::Nobody(_)) => *other,
                        None => continue,
                    };
                    if !value.contains(&b'%') {
                        let (local, domain) = (quoted_pattern(local), quoted_pattern(domain));
                        let value = self.local_user(value);
                        patterns.push(
                            [b"/^", &local[..], b"\\+[^@]*@", &domain, b"$/ ", &value].concat(),
                        );
                    }
                }
                let domain = quoted_pattern(domain);
                catching.push([b"/^([^@+]+)(\\+([^@]*))?@", &domain[..], b"$/ ", &target].concat());
            } else {
                let base =
                    user.strip_suffix(b"+*").or_else(|| user.strip_suffix(b"++")).unwrap_or(user);
                let (base, domain) = (quoted_pattern(base), quoted_pattern(domain));
                let detail: &[u8] = match (details, user.ends_with(b"++")) {
                    (true, true) => b"(\\+([^@]+))",
                    (true, false) => b"(\\+([^@]*))",
                    _ => b"(\\+([^@]*))?",
                };
                patterns.push(
                    [b"/^(", &base[..], b")", detail, b"@", &domain, b"$/ ", &target].concat(),
                );
            }
        }
        patterns.append(&mut catching);
        patterns
    }

    /// Users of this host who are elsewhere: at a hub, or where all other mail goes.
    fn elsewhere(&mut self, transports: &mut Entries, virtual_users: &mut Entries) {
        let hub = match (&self.site.local.hub, &self.site.smart_host) {
            (Some(hops), _) => hops.clone(),
            (None, Some(Route::Smtp(hops))) if self.site.null_client => hops.clone(),
            _ => return,
        };
        let Some(first) = hub.first() else { return };
        for name in &self.site.local_names {
            virtual_users.push(([b"@", &name[..]].concat(), [b"@", &first.host[..]].concat()));
        }
        if !self.site.null_client && (!first.exchangers || first.port.is_some() || hub.len() > 1) {
            transports.push((first.host.clone(), [b"smtp:", &next_hops(&hub)[..]].concat()));
        }
    }

    fn local_routes(&mut self) {
        if let Some(route) = self.site.local.unknown.clone() {
            self.about(Feature::LuserRelay);
            match route {
                Route::Local(Some(user)) => self.set_literal("luser_relay", &user),
                route => {
                    if let Some(transport) = self.transport(&route) {
                        self.set("fallback_transport", &transport);
                    }
                }
            }
            self.set("local_recipient_maps", b"");
        }
    }
}

/// `%1` (the user), `%2` (the detail) and `%3` (the detail with its plus) as groups of the expressions above.
fn parts_as_groups(target: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(target).replace('$', "$$");
    text.replace("%1", "${1}").replace("%2", "${3}").replace("%3", "${2}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops() {
        let hop = |host: &[u8], exchangers, port: Option<&[u8]>| Hop {
            host: host.to_vec(),
            exchangers,
            port: port.map(<[u8]>::to_vec),
        };
        let hops = [hop(b"a.example", true, None), hop(b"b.example", false, Some(b"587"))];
        assert_eq!(next_hops(&hops), b"a.example, [b.example]:587");
        assert_eq!(parts_as_groups(b"%1%3@$x"), b"${1}${2}@$$x");
    }
}
