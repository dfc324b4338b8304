//! Routers: where mail goes, in the order of sendmail's rules.

use super::super::features::Feature;
use super::super::remark::Loss;
use super::super::route::{Hop, Refusal, Route};
use super::super::site::{Stands, domain_of};
use super::{Exim, item, literal};

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Routers say who they are: `exim -v -bt` shows which one took an address, and to which servers it goes.
fn trace(router: &str, servers: &str) -> String {
    let to = if servers.is_empty() { String::new() } else { format!(" to {servers}") };
    format!("  debug_print = R: {router} for ${{quote_local_part:$local_part}}@$domain{to}")
}

/// Servers as `route_data` names them.
pub(super) fn hosts(hops: &[Hop]) -> Vec<u8> {
    let hop = |hop: &Hop| {
        let name = hop.host.strip_prefix(b"ipv6:").or_else(|| hop.host.strip_prefix(b"IPv6:"));
        let mut out = item(name.unwrap_or(&hop.host));
        if hop.exchangers {
            out.extend_from_slice(b"/MX");
        }
        if let Some(port) = &hop.port {
            out.extend([b"::", &port[..]].concat());
        }
        out
    };
    hops.iter().map(hop).collect::<Vec<_>>().join(&b" : "[..])
}

/// What a redirection says to give mail back.
fn failure(refusal: &Refusal) -> Vec<u8> {
    let word: &[u8] = if refusal.is_temporary() { b":defer: " } else { b":fail: " };
    [word, &refusal.line()].concat()
}

impl Exim<'_> {
    pub(super) fn routers(&mut self) {
        self.section("routers");
        if self.site.redirect {
            self.redirected();
        }
        if !self.site.virtual_users.is_empty() {
            self.virtual_users();
        }
        if self.site.null_client {
            let origin = String::from_utf8_lossy(&literal(&self.site.origin)).into_owned();
            let data = format!("data = ${{quote_local_part:$local_part}}@{origin}");
            self.router(
                "own_names",
                Feature::NullClient,
                &["driver = redirect", "domains = lsearch;TABLES/local_names", &data],
            );
        } else {
            if self.site.percent_hack {
                self.percent();
            }
            self.local_users();
        }
        self.routes();
        self.others();
    }

    fn router(&mut self, name: &str, feature: Feature, lines: &[&str]) {
        self.about(feature);
        self.line(&format!("{name}:"));
        let route = lines.iter().find_map(|line| line.strip_prefix("route_data = "));
        let list = lines.iter().find_map(|line| line.strip_prefix("route_list = \"* "));
        let list = list.map(|list| list.trim_end_matches('"'));
        self.line(&trace(name, route.or(list).unwrap_or_default()));
        for line in lines {
            self.line(&format!("  {line}"));
        }
    }

    fn redirected(&mut self) {
        self.router("redirected_users", Feature::Redirect, &[
            "driver = redirect",
            "domains = *.redirect",
            "allow_fail",
            "data = :fail: 551 5.1.1 User has moved; please try <$local_part@${sg{$domain}{\\N\\.redirect$\\N}{}}>",
        ]);
        let moved = std::mem::take(&mut self.site.moved);
        if !moved.is_empty() {
            self.table("moved", Feature::Redirect, &moved);
            self.router("moved_users", Feature::Redirect, &[
                "driver = redirect",
                "domains = +local_domains",
                "local_parts = lsearch;TABLES/moved",
                "allow_fail",
                "data = :fail: 551 5.1.1 User has moved; please try <${lookup{$local_part}lsearch{TABLES/moved}}>",
            ]);
        }
        self.site.moved = moved;
    }

    fn virtual_users(&mut self) {
        let users = std::mem::take(&mut self.site.virtual_users);
        let mut entries: Entries = Vec::new();
        for entry in &users {
            let value = match &entry.stands {
                Stands::Nobody(refusal) => failure(refusal),
                Stands::For(target) if target.contains(&b'@') => target.clone(),
                // users of this host are not looked for among virtual ones again
                Stands::For(target) => {
                    [target, &b"@"[..], &self.plain_name(&users, target)].concat()
                }
            };
            entries.push((entry.key.clone(), value));
        }
        self.site.virtual_users = users;
        self.table("virtual", Feature::Virtusertable, &entries);
        // the keys in the order of sendmail's rules: the address, then without its detail, then the domain
        let user = "${if match{$local_part}{\\N^([^+]+)\\+(.*)$\\N}{$1}{$local_part}}";
        let detail = "${if match{$local_part}{\\N^([^+]+)\\+(.*)$\\N}{$2}{}}";
        let mut lookup = String::from("${lookup{@$domain}lsearch{TABLES/virtual}{$value}{}}");
        let plussed = "match{$local_part}{\\N^[^+]+\\+\\N}";
        let more = "match{$local_part}{\\N^[^+]+\\+.\\N}";
        for (condition, wanted) in [
            (plussed, "+*@$domain"),
            (more, "++@$domain"),
            (plussed, &format!("{user}@$domain")[..]),
            (plussed, &format!("{user}+*@$domain")[..]),
            (more, &format!("{user}++@$domain")[..]),
        ] {
            lookup = format!(
                "${{if {condition}{{${{lookup{{{wanted}}}lsearch{{TABLES/virtual}}{{$value}}{{NEXT}}}}}}{{NEXT}}}}"
            )
            .replace("NEXT", &lookup);
        }
        lookup = format!(
            "${{lookup{{$local_part@$domain}}lsearch{{TABLES/virtual}}{{$value}}{{{lookup}}}}}"
        );
        for (part, value) in [("%1", user), ("%2", detail)] {
            lookup = format!("${{sg{{{lookup}}}{{{part}}}{{{value}}}}}");
        }
        lookup = format!("${{sg{{{lookup}}}{{%3}}{{${{if {plussed}{{+{detail}}}{{}}}}}}}}");
        let data = format!("data = {lookup}");
        self.router(
            "virtual_users",
            Feature::Virtusertable,
            &[
                "driver = redirect",
                "domains = +virtual_domains",
                "allow_fail",
                "allow_defer",
                &data,
            ],
        );
    }

    /// A name of this host under which a user has no virtual entry.
    fn plain_name(&self, users: &[super::super::site::VirtualUser], user: &[u8]) -> Vec<u8> {
        let own = [user, b"@"].concat();
        let taken: std::collections::HashSet<&[u8]> = users
            .iter()
            .filter(|entry| entry.key.starts_with(b"@") || entry.key.starts_with(&own))
            .filter_map(|entry| domain_of(&entry.key))
            .collect();
        let host = self.site.host.to_ascii_lowercase();
        let free = std::iter::once(&host)
            .chain(&self.site.local_names)
            .find(|name| !taken.contains(&name[..]));
        free.unwrap_or(&host).clone()
    }

    /// `user%host@here` is `user@host`.
    fn percent(&mut self) {
        self.router(
            "percent_hack",
            Feature::PercentHack,
            &[
                "driver = redirect",
                "domains = +local_domains",
                "condition = ${if match{$local_part}{\\N^(.+)%([^%]+)$\\N}}",
                "data = ${if match{$local_part}{\\N^(.+)%([^%]+)$\\N}{$1@$2}}",
            ],
        );
    }

    fn local_users(&mut self) {
        let aliases = std::mem::take(&mut self.site.aliases);
        let suffix = self.site.local.plussed;
        let plus: &[&str] =
            if suffix { &["local_part_suffix = +*", "local_part_suffix_optional"] } else { &[] };
        for (alias, (router, name)) in aliases.iter().zip([
            ("aliases", "aliases"),
            ("aliases2", "aliases2"),
            ("aliases3", "aliases3"),
            ("aliases4", "aliases4"),
        ]) {
            self.files.push(super::File {
                name,
                bytes: alias.text.clone(),
                use_: super::Use::Text,
                secret: false,
            });
            let data = format!("data = ${{lookup{{$local_part}}lsearch{{TABLES/{name}}}}}");
            let whole = format!(
                "data = ${{lookup{{$local_part$local_part_suffix}}lsearch{{TABLES/{name}}}}}"
            );
            let common = [
                "driver = redirect",
                "domains = +local_domains",
                "allow_fail",
                "allow_defer",
                "file_transport = address_file",
                "pipe_transport = address_pipe",
            ];
            if suffix {
                let mut lines = common.to_vec();
                lines.extend(plus);
                lines.push(&whole);
                self.router(&format!("{router}_with_detail"), Feature::Aliases, &lines);
            }
            let mut lines = common.to_vec();
            lines.extend(plus);
            lines.push(&data);
            self.router(router, Feature::Aliases, &lines);
        }
        self.site.aliases = aliases;
        if let Some(hub) = self.site.local.hub.clone() {
            let host = hub.first().map(|hop| literal(&hop.host)).unwrap_or_default();
            let host = String::from_utf8_lossy(&host).into_owned();
            let data = format!("data = ${{quote_local_part:$local_part}}@{host}");
            self.router(
                "mail_hub",
                Feature::MailHub,
                &["driver = redirect", "domains = +local_domains", &data],
            );
            let domains = format!("domains = {host}");
            let data = format!("route_list = \"* {}\"", String::from_utf8_lossy(&hosts(&hub)));
            self.router(
                "hub_host",
                Feature::MailHub,
                &["driver = manualroute", &domains, "transport = remote_smtp", &data, "no_more"],
            );
            return;
        }
        for (number, file) in self.site.local.forward.clone().iter().enumerate() {
            let text = String::from_utf8_lossy(&literal(file)).replace("\\$home", "$home");
            let text = text.replace("\\$user", "$local_part_data");
            let detail = text.contains("\\$detail");
            let text = text.replace("\\$detail", "${sg{$local_part_suffix}{^\\\\+}{}}");
            let file = format!("file = {text}");
            let mut lines = vec![
                "driver = redirect",
                "domains = +local_domains",
                "check_local_user",
                &file,
                "no_verify",
                "no_expn",
                "check_ancestor",
                "file_transport = address_file",
                "pipe_transport = address_pipe",
            ];
            match (suffix, detail) {
                (true, true) => lines.push("local_part_suffix = +*"),
                (true, false) => lines.extend(plus),
                (false, true) => continue,
                (false, false) => {}
            }
            let name = format!("forward_files_{}", number + 1);
            self.router(&name, Feature::Forward, &lines);
        }
        let mut lines = vec![
            "driver = accept",
            "domains = +local_domains",
            "check_local_user",
            "transport = local_delivery",
        ];
        lines.extend(plus);
        self.router("local_users", Feature::LocalMailer, &lines);
        self.unknown_users();
    }

    fn unknown_users(&mut self) {
        let route = self.site.local.unknown.clone();
        let smtp;
        let text;
        let lines: Vec<&str> = match &route {
            Some(Route::Smtp(hops)) => {
                smtp = format!("route_list = \"* {}\"", String::from_utf8_lossy(&hosts(hops)));
                vec![
                    "driver = manualroute",
                    "domains = +local_domains",
                    "transport = remote_smtp",
                    &smtp,
                    "no_more",
                ]
            }
            other => {
                let data = match other {
                    Some(Route::Local(Some(user))) => literal(user),
                    Some(Route::Error(refusal)) => literal(&failure(refusal)),
                    Some(Route::Discard) => b":blackhole:".to_vec(),
                    _ => b":fail: 550 5.1.1 User unknown".to_vec(),
                };
                text = format!("data = {}", String::from_utf8_lossy(&data));
                vec![
                    "driver = redirect",
                    "domains = +local_domains",
                    "allow_fail",
                    "allow_defer",
                    &text,
                    "no_more",
                ]
            }
        };
        self.router("unknown_users", Feature::LuserRelay, &lines);
    }

    /// The mailertable: what is redirected, and what goes to servers.
    fn routes(&mut self) {
        let routes = std::mem::take(&mut self.site.routes);
        let (mut exact, mut below): (Entries, Entries) = (Vec::new(), Vec::new());
        for routed in &routes {
            let value = match &routed.route {
                Route::Smtp(hops) => hosts(hops),
                Route::Error(refusal) => [b"redirect ", &failure(refusal)[..]].concat(),
                Route::Discard => b"redirect :blackhole:".to_vec(),
                Route::Local(Some(user)) if user.contains(&b'@') => {
                    [b"redirect ", &user[..]].concat()
                }
                Route::Local(Some(user)) => {
                    [b"redirect ", &user[..], b"@", &self.site.host].concat()
                }
                Route::Local(None) => [&b"redirect %1@"[..], &self.site.host].concat(),
                Route::Lmtp(_) | Route::Other(_) => {
                    let why = "sockets of servers that a table names have no transport";
                    self.site.remark(
                        Feature::Mailertable,
                        Loss::Left,
                        &routed.key,
                        why,
                        Vec::new(),
                    );
                    continue;
                }
            };
            match routed.key.strip_prefix(b".") {
                Some(b"") => below.push((b"*".to_vec(), value)),
                Some(parent) => below.push((parent.to_vec(), value)),
                None => exact.push((routed.key.clone(), value)),
            }
        }
        let some = !routes.is_empty();
        self.site.routes = routes;
        if !some {
            return;
        }
        self.table("routes", Feature::Mailertable, &exact);
        self.table("routes_below", Feature::Mailertable, &below);
        // a domain has its own entry, or that of the nearest domain above it
        let route = "${lookup{$domain}lsearch{TABLES/routes}{$value}{${lookup{${if match{$domain}{\\N^[^.]+\\.(.+)$\\N}{$1}{bangpath.invalid}}}partial0()lsearch*{TABLES/routes_below}{$value}{}}}}";
        let redirected = format!("condition = ${{if match{{{route}}}{{\\N^redirect \\N}}}}");
        let data = format!(
            "data = ${{sg{{${{sg{{{route}}}{{\\N^redirect \\N}}{{}}}}}}{{%1}}{{$local_part}}}}"
        );
        self.router(
            "routed_elsewhere",
            Feature::Mailertable,
            &[
                "driver = redirect",
                "domains = ! +local_domains",
                &redirected,
                "allow_fail",
                "allow_defer",
                &data,
            ],
        );
        let data = format!("route_data = {route}");
        self.router(
            "routed",
            Feature::Mailertable,
            &[
                "driver = manualroute",
                "domains = ! +local_domains",
                "transport = remote_smtp",
                &data,
            ],
        );
    }

    fn others(&mut self) {
        let data;
        let domains =
            if self.site.null_client { "domains = *" } else { "domains = ! +local_domains" };
        match self.site.smart_host.clone() {
            Some(Route::Smtp(hops)) => {
                data = format!("route_list = \"* {}\"", String::from_utf8_lossy(&hosts(&hops)));
                self.router(
                    "smart_host",
                    Feature::SmartHost,
                    &["driver = manualroute", domains, "transport = remote_smtp", &data, "no_more"],
                );
            }
            Some(Route::Error(refusal)) => {
                data = format!("data = {}", String::from_utf8_lossy(&literal(&failure(&refusal))));
                self.router(
                    "smart_host",
                    Feature::SmartHost,
                    &["driver = redirect", domains, "allow_fail", "allow_defer", &data, "no_more"],
                );
            }
            _ => {
                self.about(Feature::LocalNames);
                self.line("literal_addresses:");
                self.line(&trace("literal_addresses", "$domain"));
                self.line(
                    "  driver = ipliteral\n  domains = ! +local_domains\n  transport = remote_smtp",
                );
                self.line("\nother_hosts:");
                self.line(&trace("other_hosts", "$domain/MX"));
                self.line("  driver = dnslookup\n  domains = ! +local_domains\n  transport = remote_smtp\n  no_more");
            }
        }
    }
}
