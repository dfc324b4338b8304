//! A site as Exim has it: one configuration file, and tables that it looks into.

mod acl;
mod routers;
mod tables;
mod transports;

use ruleset_vm::load::Configuration;

use super::features::Feature;
use super::options::OPTION_ROWS;
use super::remark::Place;
use super::site::Site;
use super::writing::{comment, network, origin};
use super::{File, Use};

/// The file and its tables while they are written.
pub(super) struct Exim<'a> {
    site: &'a mut Site,
    /// What the old file is called.
    name: &'a [u8],
    out: Vec<u8>,
    files: Vec<File>,
    /// Settings of transports: those of options, `smtp:` or `pipe:` in front.
    settings: &'a [(&'static str, Vec<u8>, Vec<Place>)],
}

/// Seconds until mail goes back, without an option.
const LIFETIME: &[u8] = b"432000s";

/// All files.
pub(super) fn files(
    site: &mut Site,
    _configuration: &Configuration,
    settings: &[(&'static str, Vec<u8>, Vec<Place>)],
    name: &[u8],
    directory: &[u8],
) -> Vec<File> {
    let mut exim = Exim { site, name, out: Vec::new(), files: Vec::new(), settings };
    exim.head(directory);
    exim.names();
    exim.main_settings();
    exim.acls();
    exim.routers();
    exim.transports();
    exim.rewriting();
    exim.retry();
    exim.authenticators();
    let main = File { name: "exim.conf", bytes: exim.out, use_: Use::Text, secret: false };
    let mut files = vec![main];
    files.append(&mut exim.files);
    files
}

/// A text in which Exim expands nothing.
pub(super) fn literal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter().filter(|byte| !byte.is_ascii_control()) {
        if matches!(byte, b'$' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// An item of a list: colons are doubled.
pub(super) fn item(text: &[u8]) -> Vec<u8> {
    let text = literal(text);
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if byte == b':' {
            out.push(b':');
        }
        out.push(byte);
    }
    out
}

impl Exim<'_> {
    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    /// A setting of the old file's.
    fn set(&mut self, name: &str, value: &[u8]) {
        self.out.extend([name.as_bytes(), b" = ", value, b"\n"].concat());
    }

    fn about(&mut self, feature: Feature) {
        let line = origin(self.site, feature, self.name);
        self.out.push(b'\n');
        self.out.extend(line);
    }

    fn section(&mut self, name: &str) {
        self.line(&format!("\nbegin {name}"));
    }

    fn head(&mut self, directory: &[u8]) {
        let title = [b"# Made from ", self.name, b" by bangpath export exim.\n\n"].concat();
        self.out.extend(title);
        self.line("# Where the tables are");
        self.set("TABLES", directory);
    }

    fn names(&mut self) {
        self.about(Feature::HostName);
        let (host, domain) = (literal(&self.site.host), literal(&self.site.origin));
        self.set("primary_hostname", &host);
        self.set("qualify_domain", &domain);
        self.about(Feature::LocalNames);
        let mut local: Vec<Vec<u8>> = Vec::new();
        let names = self.site.local_names.clone();
        self.names_table("local_names", names.iter().map(|name| &name[..]));
        if !self.site.null_client {
            local.push(b"lsearch;TABLES/local_names".to_vec());
            local.push(b"@[]".to_vec());
            local.extend(
                self.site.literals.iter().map(|literal| item(&[b"[", &literal[..], b"]"].concat())),
            );
        }
        self.set("domainlist local_domains", &local.join(&b" : "[..]));
        self.about(Feature::Virtusertable);
        let keys =
            self.site.virtual_users.iter().filter_map(|entry| super::site::domain_of(&entry.key));
        let keys: std::collections::BTreeSet<Vec<u8>> = keys.map(<[u8]>::to_vec).collect();
        self.names_table("virtual_names", keys.iter().map(|name| &name[..]));
        self.line("domainlist virtual_domains = lsearch;TABLES/virtual_names");
        self.about(Feature::Relaying);
        let relay_to = self.relay_to();
        self.set("domainlist relay_to_domains", &relay_to);
        let relay_from = self.relay_from();
        self.set("hostlist relay_from_hosts", &relay_from);
    }

    fn relay_to(&mut self) -> Vec<u8> {
        let exact: Vec<Vec<u8>> =
            self.site.relay_to.iter().map(|domain| domain.name.clone()).collect();
        let below: Vec<Vec<u8>> = self
            .site
            .relay_to
            .iter()
            .filter(|domain| domain.below)
            .map(|domain| domain.name.clone())
            .collect();
        self.names_table("relay_to", exact.iter().map(|name| &name[..]));
        self.names_table("relay_below", below.iter().map(|name| &name[..]));
        let mut list = b"lsearch;TABLES/relay_to : partial0()lsearch;TABLES/relay_below".to_vec();
        if self.site.checks.relay_by_exchanger {
            list.extend_from_slice(b" : @mx_any");
        }
        list
    }

    fn relay_from(&mut self) -> Vec<u8> {
        let mut list: Vec<Vec<u8>> = vec![b"<; ; @ ; @[] ; 127.0.0.0/8 ; ::1".to_vec()];
        for text in self.site.relay_networks.clone() {
            match network(&text) {
                Some((address, bits)) => {
                    list.push([&address[..], b"/", bits.to_string().as_bytes()].concat())
                }
                None => {
                    let why = "it is no network";
                    let loss = super::remark::Loss::Left;
                    self.site.remark(Feature::Relaying, loss, &text, why, Vec::new());
                }
            }
        }
        for client in self.site.relay_clients.clone() {
            list.push(literal(&client.name));
            if client.below {
                list.push([b"*.", &literal(&client.name)[..]].concat());
            }
        }
        list.join(&b" ; "[..])
    }

    fn main_settings(&mut self) {
        self.about(Feature::TrustedUsers);
        let trusted = self
            .site
            .local
            .trusted
            .iter()
            .map(|user| item(user))
            .collect::<Vec<_>>()
            .join(&b" : "[..]);
        if !trusted.is_empty() {
            self.set("trusted_users", &trusted);
        }
        self.ports();
        self.out.push(b'\n');
        for (name, value, places) in self.settings {
            if name.contains(':') || matches!(*name, "retry") {
                continue;
            }
            let row = OPTION_ROWS.iter().find(
                |row| matches!(row.exim, super::options::Becomes::Set(names, _) if names.contains(name)),
            );
            let line = comment(row.map_or("", |row| row.name), places, self.name);
            self.out.extend(line);
            let value = match *name {
                "errors_copy" => [b"*@* ", &literal(value)[..]].concat(),
                _ => literal(value),
            };
            self.set(name, &value);
        }
        if self.site.server_tls {
            self.line("tls_advertise_hosts = *");
        }
        if !self.site.checks.qualified_senders {
            self.line("sender_unqualified_hosts = *");
        }
        if let Some(limit) = self.site.checks.connection_count {
            self.set("smtp_accept_max_per_host", limit.to_string().as_bytes());
        }
        self.line("# sendmail tells no HELO names apart");
        self.line("helo_allow_chars = _");
        self.line("strip_trailing_dot = true");
        self.line("keep_environment =");
        self.line("acl_smtp_connect = acl_check_connect");
        self.line("acl_smtp_mail = acl_check_mail");
        self.line("acl_smtp_rcpt = acl_check_rcpt");
        let has =
            |word: &str| self.site.privacy.contains(word) || self.site.privacy.contains("goaway");
        let (vrfy, expn) = (!has("novrfy"), !has("noexpn"));
        if vrfy {
            self.line("acl_smtp_vrfy = accept");
        }
        if expn {
            self.line("acl_smtp_expn = accept hosts = +relay_from_hosts");
        }
    }

    fn ports(&mut self) {
        if self.site.ports.is_empty() {
            return;
        }
        self.about(Feature::Ports);
        let ports = self.site.ports.clone();
        let plain: Vec<&[u8]> =
            ports.iter().filter(|port| port.address.is_none()).map(|port| &port.port[..]).collect();
        let bound = ports.iter().filter_map(|port| {
            let address = port.address.as_ref()?;
            Some([b"[", &address[..], b"]:", &port.port].concat())
        });
        let mut interfaces: Vec<Vec<u8>> = bound.collect();
        if !plain.is_empty() {
            interfaces.splice(0..0, [b"0.0.0.0".to_vec(), b"::0".to_vec()]);
            self.set("daemon_smtp_ports", &plain.join(&b" : "[..]));
        }
        self.set("local_interfaces", &[b"<; ", &interfaces.join(&b" ; "[..])[..]].concat());
        let tls: Vec<&[u8]> =
            ports.iter().filter(|port| port.tls).map(|port| &port.port[..]).collect();
        if !tls.is_empty() {
            self.set("tls_on_connect_ports", &tls.join(&b" : "[..]));
        }
    }

    fn retry(&mut self) {
        self.section("retry");
        let lifetime = self.settings.iter().find(|(name, ..)| *name == "retry");
        let lifetime = lifetime.map_or(LIFETIME, |(_, value, _)| value).to_vec();
        self.out.extend([b"*  *  F,2h,15m; G,16h,1h,1.5; F,", &lifetime[..], b",6h\n"].concat());
    }

    fn authenticators(&mut self) {
        self.section("authenticators");
        if self.site.logins.is_empty() {
            return;
        }
        self.about(Feature::Authinfo);
        let logins = std::mem::take(&mut self.site.logins);
        let mut bytes = origin(self.site, Feature::Authinfo, self.name);
        for login in &logins {
            let host = if login.host.is_empty() { b"*".to_vec() } else { login.host.clone() };
            let fields =
                [&tables::quoted(&login.user)[..], b" ", &tables::quoted(&login.password)].concat();
            bytes.extend([&tables::key(&host)[..], b": ", &fields, b"\n"].concat());
        }
        self.files.push(File { name: "logins", bytes, use_: Use::Text, secret: true });
        self.site.logins = logins;
        self.line("plain_login:\n  driver = plaintext\n  public_name = PLAIN");
        self.line("  client_send = \"<; ^${extract{1}{ }{${lookup{$host}lsearch*{TABLES/logins}{$value}fail}}}^\\\n      ${extract{2}{ }{${lookup{$host}lsearch*{TABLES/logins}{$value}fail}}}\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_expanded() {
        assert_eq!(literal(b"a$b\\c\n"), b"a\\$b\\\\c");
        assert_eq!(item(b"[ipv6:::1]"), b"[ipv6::::::1]");
    }
}
