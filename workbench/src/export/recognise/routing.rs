//! Where mail goes.

use ruleset_vm::Target;
use ruleset_vm::mailer::find;

use super::super::features::Feature;
use super::super::probe::{DOMAIN, USER};
use super::super::remark::Loss;
use super::super::route::{Refusal, Route};
use super::super::site::{Routed, Stands, VirtualUser, domain_of};
use super::Recognition;
use crate::answering::MapServices;

/// Macros of relays for networks that nobody else knows.
const OTHER_RELAYS: [(&[u8], &str); 4] =
    [(b"B", "BITNET_RELAY"), (b"U", "UUCP_RELAY"), (b"C", "DECNET_RELAY"), (b"F", "FAX_RELAY")];

impl<S: MapServices> Recognition<'_, S> {
    pub(super) fn routing(&mut self) {
        self.others();
        self.null_client();
        self.percent_hack();
        self.bang_paths();
        self.relays();
        self.routes();
        self.virtual_users();
        self.networks_of_old();
    }

    /// Where mail for an unknown host goes.
    fn others(&mut self) {
        let address = format!("{USER}@{DOMAIN}").into_bytes();
        let Some(triple) = self.probe.triple(&address) else { return };
        let places = self.lines.of_macro(b"S");
        self.site.smart_host = match triple.mailer {
            Target::Mailer(number) => {
                let host = triple.host.unwrap_or_default();
                if host.eq_ignore_ascii_case(DOMAIN.as_bytes()) {
                    return;
                }
                let mailers = &self.configuration.mailers;
                let name = mailers.get(number).map(|mailer| mailer.name.clone());
                let text = [&name.unwrap_or_default(), &b":"[..], &host].concat();
                Some(Route::of(&text, mailers))
            }
            Target::Error(status) => {
                let text = String::from_utf8_lossy(&status.text).into_owned();
                let enhanced = status.enhanced.map_or("5.0.0".to_owned(), |code| code.to_string());
                Some(Route::Error(Refusal::of(format!("{enhanced}:{text}").as_bytes())))
            }
        };
        self.site.found(Feature::SmartHost, places.clone());
        if let Some(Route::Other(why)) = &self.site.smart_host {
            let why = why.clone();
            self.site.remark(Feature::SmartHost, Loss::Left, b"mail for other hosts", why, places);
            self.site.smart_host = None;
        }
    }

    /// Whether even users of this host are where all other mail goes.
    fn null_client(&mut self) {
        let Some(Route::Smtp(hops)) = self.site.smart_host.clone() else { return };
        let hub = self.macro_value(b"H");
        if Route::of(&hub, &self.configuration.mailers) != Route::Smtp(hops.clone()) {
            return;
        }
        self.site.null_client = true;
        self.site.found(Feature::NullClient, self.lines.of_macro(b"H"));
        if let Some(hop) = hops.first() {
            self.site.origin = hop.host.clone();
        }
    }

    /// Whether `host!user` is a user of another host.
    fn bang_paths(&mut self) {
        let address = format!("bangpath-host!{USER}");
        let local = find(&self.configuration.mailers, b"local");
        let mailer = self.probe.mailer(address.as_bytes()).map(|(mailer, _)| mailer);
        self.site.bang_paths = mailer.is_some() && mailer != local;
    }

    /// Whether `user%host` of this host is a user of another.
    fn percent_hack(&mut self) {
        let address = [USER.as_bytes(), b"%", DOMAIN.as_bytes(), b"@", &self.site.host].concat();
        let other = self.probe.mailer(format!("{USER}@{DOMAIN}").as_bytes());
        if other.is_some() && self.probe.mailer(&address) == other {
            self.site.percent_hack = true;
            self.site.found(Feature::PercentHack, Vec::new());
        }
    }

    fn relays(&mut self) {
        let route = |this: &Self, name: &[u8]| {
            let value = this.macro_value(name);
            let value = value.trim_ascii();
            (!value.is_empty())
                .then(|| (Route::of(value, &this.configuration.mailers), value.to_vec()))
        };
        if let Some((hub, value)) = route(self, b"H").filter(|_| !self.site.null_client) {
            let places = self.lines.of_macro(b"H");
            self.site.found(Feature::MailHub, places.clone());
            match hub {
                Route::Smtp(hops) => self.site.local.hub = Some(hops),
                Route::Other(why) => {
                    self.site.remark(Feature::MailHub, Loss::Left, &value, why, places);
                }
                _ => {
                    let why = "it is no other host";
                    self.site.remark(Feature::MailHub, Loss::Left, &value, why, places);
                }
            }
        }
        if let Some((unknown, value)) = route(self, b"L") {
            let places = self.lines.of_macro(b"L");
            self.site.found(Feature::LuserRelay, places.clone());
            match unknown {
                Route::Other(why) => {
                    self.site.remark(Feature::LuserRelay, Loss::Left, &value, why, places);
                }
                route => self.site.local.unknown = Some(route),
            }
        }
        if route(self, b"R").is_some() {
            self.site.found(Feature::LocalRelay, self.lines.of_macro(b"R"));
        }
        for (name, m4) in OTHER_RELAYS {
            if let Some((_, value)) = route(self, name) {
                let places = self.lines.of_macro(name);
                let why = format!("{m4}: addresses of its network have no form in the target");
                self.site.remark(Feature::OtherRelays, Loss::Left, &value, why, places);
            }
        }
    }

    /// The mailertable.
    fn routes(&mut self) {
        for (entry, place) in self.entries(b"mailertable", Feature::Mailertable) {
            let left = |site: &mut super::Site, why: String| {
                site.remark(Feature::Mailertable, Loss::Left, &entry.key, why, vec![place.clone()]);
            };
            if self.site.is_local(&entry.key) {
                let why = "the domain is in class w, so that rules never look for it here";
                left(&mut self.site, why.to_owned());
                continue;
            }
            if entry.key.contains(&b'@') {
                left(
                    &mut self.site,
                    "a domain was expected, and no rule would ask for it".to_owned(),
                );
                continue;
            }
            match Route::of(&entry.value, &self.configuration.mailers) {
                Route::Other(why) => left(&mut self.site, why),
                route => self.site.routes.push(Routed { key: entry.key, route }),
            }
        }
    }

    /// The virtusertable, where rules ask it.
    fn virtual_users(&mut self) {
        let entries = self.entries(b"virtuser", Feature::Virtusertable);
        let declared = self.class(b"VirtHost");
        if !declared.is_empty() {
            self.site.found(Feature::Virtusertable, self.lines.of_class(b"VirtHost"));
        }
        let mut below = Vec::new();
        for domain in declared {
            match domain.strip_prefix(b".") {
                Some(parent) => below.push(parent.to_vec()),
                None if !self.site.is_local(&domain) => self.site.virtual_domains.push(domain),
                None => {}
            }
        }
        let known: std::collections::HashSet<Vec<u8>> =
            self.site.virtual_domains.iter().cloned().collect();
        for (entry, place) in entries {
            let domain = domain_of(&entry.key).unwrap_or_default();
            let mut parents = domain.iter().enumerate().filter(|(_, byte)| **byte == b'.');
            let is_below = parents.any(|(dot, _)| {
                domain
                    .get(dot + 1..)
                    .is_some_and(|parent| below.iter().any(|known| known == parent))
            });
            if domain.is_empty()
                || !(known.contains(domain) || is_below || self.site.is_local(domain))
            {
                let why = "its domain is neither in class VirtHost nor in class w, so that no rule asks for it";
                let places = vec![place];
                self.site.remark(Feature::Virtusertable, Loss::Left, &entry.key, why, places);
                continue;
            }
            let stands = match entry.value.strip_prefix(b"error:") {
                Some(refusal) => Stands::Nobody(Refusal::of(refusal)),
                None => Stands::For(entry.value),
            };
            self.site.virtual_users.push(VirtualUser { key: entry.key, stands });
        }
    }

    /// UUCP, BITNET.
    fn networks_of_old(&mut self) {
        for class in [&b"U"[..], b"Y", b"Z", b"V"] {
            let places = self.lines.of_class(class);
            if !places.is_empty() && !self.class(class).is_empty() {
                self.site.found(Feature::Uucp, places);
            }
        }
        for (map, feature) in
            [(&b"uudomain"[..], Feature::Uucp), (b"bitdomain", Feature::Bitdomain)]
        {
            let places = self.lines.of_map(map);
            if !places.is_empty() {
                self.site.found(feature, places);
            }
        }
    }
}
