//! A site as Postfix has it: `main.cf`, `master.cf` and tables.

mod master;
mod restrictions;
mod rewriting;
mod routing;

use ruleset_vm::load::Configuration;

use super::features::Feature;
use super::options::OPTION_ROWS;
use super::remark::Place;
use super::site::{Mailbox, Site};
use super::writing::{comment, origin};
use super::{File, Use};

/// Names of alias files, at most so many.
const ALIAS_FILES: [&str; 4] = ["aliases", "aliases2", "aliases3", "aliases4"];
/// So many local names stand in `main.cf`; more in a table.
const INLINE_NAMES: usize = 20;

/// `main.cf` and the tables while they are written.
pub(super) struct Postfix<'a> {
    site: &'a mut Site,
    /// What the old file is called.
    name: &'a [u8],
    main: Vec<u8>,
    files: Vec<File>,
}

/// All files.
pub(super) fn files(
    site: &mut Site,
    _configuration: &Configuration,
    settings: &[(&'static str, Vec<u8>, Vec<Place>)],
    name: &[u8],
) -> Vec<File> {
    let mut postfix = Postfix { site, name, main: Vec::new(), files: Vec::new() };
    postfix.head();
    postfix.names();
    postfix.routing();
    postfix.rewriting();
    postfix.local();
    postfix.restrictions();
    postfix.transfer();
    postfix.settings(settings);
    let main = File { name: "main.cf", bytes: postfix.main, use_: Use::Text, secret: false };
    let master = File {
        name: "master.cf",
        bytes: master::services(postfix.site, name),
        use_: Use::Text,
        secret: false,
    };
    let mut files = vec![main, master];
    files.append(&mut postfix.files);
    files
}

impl Postfix<'_> {
    /// A setting; `$` in a value of the old file is no reference.
    fn set(&mut self, name: &str, value: &[u8]) {
        self.main.extend_from_slice(name.as_bytes());
        self.main.extend_from_slice(if value.is_empty() { b" =" } else { b" = " });
        self.main.extend(value.iter().filter(|byte| !byte.is_ascii_control()));
        self.main.push(b'\n');
    }

    fn line(&mut self, text: &str) {
        self.main.extend_from_slice(text.as_bytes());
        self.main.push(b'\n');
    }

    fn set_literal(&mut self, name: &str, value: &[u8]) {
        let mut escaped = Vec::with_capacity(value.len());
        for byte in value {
            if *byte == b'$' {
                escaped.push(b'$');
            }
            escaped.push(*byte);
        }
        self.set(name, &escaped);
    }

    fn about(&mut self, feature: Feature) {
        let line = origin(self.site, feature, self.name);
        self.main.push(b'\n');
        self.main.extend(line);
    }

    /// A table beside `main.cf`, as `main.cf` names it. Empty tables are not written.
    fn table(
        &mut self,
        name: &'static str,
        feature: Feature,
        entries: &[(Vec<u8>, Vec<u8>)],
    ) -> Vec<u8> {
        let mut bytes = origin(self.site, feature, self.name);
        for (key, value) in entries {
            bytes.extend_from_slice(key);
            bytes.push(b'\t');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        self.files.push(File { name, bytes, use_: Use::Postmap, secret: false });
        format!("${{default_database_type}}:${{config_directory}}/{name}").into_bytes()
    }

    /// A table of regular expressions, or of networks.
    fn ordered(
        &mut self,
        kind: &str,
        name: &'static str,
        feature: Feature,
        lines: &[Vec<u8>],
    ) -> Vec<u8> {
        let mut bytes = origin(self.site, feature, self.name);
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        self.files.push(File { name, bytes, use_: Use::Text, secret: false });
        format!("{kind}:${{config_directory}}/{name}").into_bytes()
    }

    fn head(&mut self) {
        let title = [b"# Made from ", self.name, b" by bangpath export postfix.\n"].concat();
        self.main.extend(title);
        self.set("compatibility_level", b"3.6");
        self.line("# tables give what they say, without the detail of user+detail");
        self.set("propagate_unmatched_extensions", b"");
        self.set("swap_bangpath", if self.site.bang_paths { b"yes" } else { b"no" });
    }

    fn names(&mut self) {
        self.about(Feature::HostName);
        let own: Vec<Vec<u8>> = self
            .site
            .literals
            .iter()
            .map(|literal| literal.strip_prefix(b"ipv6:").unwrap_or(literal).to_vec())
            .filter(|literal| !literal.starts_with(b"127."))
            .collect();
        if !own.is_empty() {
            self.set("proxy_interfaces", &own.join(&b", "[..]));
        }
        let (host, domain, origin) =
            (self.site.host.clone(), self.site.domain.clone(), self.site.origin.clone());
        self.set_literal("myhostname", &host);
        if !domain.is_empty() {
            self.set_literal("mydomain", &domain);
        }
        self.set_literal("myorigin", &origin);
        self.about(Feature::LocalNames);
        if self.site.null_client {
            self.set("mydestination", b"");
            return;
        }
        let names: Vec<Vec<u8>> = self.site.local_names.iter().cloned().collect();
        if names.len() > INLINE_NAMES {
            let entries: Vec<_> = names.into_iter().map(|name| (name, b"OK".to_vec())).collect();
            let table = self.table("local_names", Feature::LocalNames, &entries);
            self.set("mydestination", &table);
        } else {
            self.set("mydestination", &names.join(&b", "[..]));
        }
    }

    fn local(&mut self) {
        if !self.site.null_client {
            self.aliases();
            self.mailboxes();
        }
        let filters = std::mem::take(&mut self.site.filters);
        if let Some(first) = filters.first() {
            self.about(Feature::Filters);
            let sockets: Vec<&[u8]> = filters.iter().map(|filter| &filter.socket[..]).collect();
            self.set("smtpd_milters", &sockets.join(&b", "[..]));
            self.set("non_smtpd_milters", b"$smtpd_milters");
            self.set("milter_default_action", first.otherwise.as_bytes());
        }
        self.site.filters = filters;
    }

    fn aliases(&mut self) {
        self.about(Feature::Aliases);
        let aliases = std::mem::take(&mut self.site.aliases);
        let mut maps = Vec::new();
        for (alias, name) in aliases.iter().zip(ALIAS_FILES) {
            let bytes = alias.text.clone();
            self.files.push(File { name, bytes, use_: Use::Postalias, secret: false });
            maps.push(format!("${{default_database_type}}:${{config_directory}}/{name}"));
        }
        self.site.aliases = aliases;
        let maps = maps.join(", ");
        self.set("alias_maps", maps.as_bytes());
        self.set("alias_database", b"$alias_maps");
        let moved = std::mem::take(&mut self.site.moved);
        if !moved.is_empty() {
            self.about(Feature::Redirect);
            let table = self.table("relocated", Feature::Redirect, &moved);
            self.set("relocated_maps", &table);
        }
        self.site.moved = moved;
    }

    fn mailboxes(&mut self) {
        self.about(Feature::LocalMailer);
        match &self.site.local.mailbox {
            Mailbox::Spool => {}
            Mailbox::Command(path) if path.ends_with(b"maildrop") => {
                let value = [path, &b" -d \"$USER\""[..]].concat();
                self.set("mailbox_command", &value);
            }
            Mailbox::Command(path) => {
                let value = [path, &b" -a \"$EXTENSION\" -d \"$USER\""[..]].concat();
                self.set("mailbox_command", &value);
            }
            Mailbox::Lmtp(socket) => {
                let value = [b"lmtp:unix:", &socket[..]].concat();
                self.set("mailbox_transport", &value);
            }
        }
        if let Some(shell) = self.site.local.shell.clone() {
            self.about(Feature::Smrsh);
            let value = [&shell[..], b" -c"].concat();
            self.set("local_command_shell", &value);
        }
        if self.site.local.plussed {
            self.set("recipient_delimiter", b"+");
        }
        if self.site.found.contains_key(&Feature::Forward) {
            self.about(Feature::Forward);
            let files: Vec<Vec<u8>> =
                self.site.local.forward.iter().map(|file| forward(file)).collect();
            self.set("forward_path", &files.join(&b", "[..]));
        }
    }

    fn settings(&mut self, settings: &[(&'static str, Vec<u8>, Vec<Place>)]) {
        self.main.push(b'\n');
        for (name, value, places) in settings {
            let title = OPTION_ROWS
                .iter()
                .find(|row| matches!(row.postfix, super::options::Becomes::Set(names, _) if names.contains(name)));
            let line = comment(title.map_or("", |row| row.name), places, self.name);
            self.main.extend(line);
            self.set_literal(name, value);
        }
        let copies = settings.iter().any(|(name, ..)| *name == "bounce_notice_recipient");
        let double = settings.iter().any(|(name, ..)| *name == "2bounce_notice_recipient");
        if copies || double {
            let classes =
                [(true, "resource"), (true, "software"), (copies, "bounce"), (double, "2bounce")];
            let names: Vec<&str> =
                classes.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
            self.set("notify_classes", names.join(", ").as_bytes());
        }
    }
}

/// A file of forwarding addresses with Postfix's words for parts.
fn forward(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    // `$home` and `$user` are the same there
    text.replace("$detail", "${extension}").into_bytes()
}
