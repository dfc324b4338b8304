//! Transports, and how addresses are rewritten.

use super::super::features::Feature;
use super::super::site::{Encryption, Mailbox};
use super::super::writing::comment;
use super::{Exim, item, literal};

/// Where mailboxes are.
const SPOOL: &str = "/var/mail/$local_part_data";

impl Exim<'_> {
    /// Options of a transport that options of the old file have become.
    fn own_settings(&mut self, transport: &str) {
        for (name, value, places) in self.settings {
            let Some(name) = name.strip_prefix(transport).and_then(|name| name.strip_prefix(':'))
            else {
                continue;
            };
            let line = comment("", places, self.name);
            self.out.extend_from_slice(b"  ");
            self.out.extend(line);
            let value = literal(value);
            self.out.extend([b"  ", name.as_bytes(), b" = ", &value, b"\n"].concat());
        }
    }

    pub(super) fn transports(&mut self) {
        self.section("transports");
        self.about(Feature::SmartHost);
        self.line("remote_smtp:\n  driver = smtp");
        self.own_settings("smtp");
        self.encryption();
        if !self.site.logins.is_empty() {
            self.line("  hosts_try_auth = *");
        }
        self.about(Feature::LocalMailer);
        match self.site.local.mailbox.clone() {
            Mailbox::Spool => {
                self.line("local_delivery:\n  driver = appendfile");
                self.line(&format!("  file = {SPOOL}"));
                self.line("  delivery_date_add\n  envelope_to_add\n  return_path_add\n  group = mail\n  mode = 0660");
            }
            Mailbox::Command(path) => {
                let path = String::from_utf8_lossy(&literal(&path)).into_owned();
                let words = match path.ends_with("maildrop") {
                    true => "-d $local_part_data",
                    false => "-a \"${sg{$local_part_suffix}{^\\\\+}{}}\" -d $local_part_data",
                };
                self.line("local_delivery:\n  driver = pipe");
                self.line(&format!("  command = {path} {words}"));
                self.line("  return_path_add\n  delivery_date_add\n  envelope_to_add");
            }
            Mailbox::Lmtp(socket) => {
                let socket = String::from_utf8_lossy(&literal(&socket)).into_owned();
                self.line(&format!(
                    "local_delivery:\n  driver = lmtp\n  socket = {socket}\n  batch_max = 200"
                ));
            }
        }
        self.line("address_file:\n  driver = appendfile\n  delivery_date_add\n  envelope_to_add\n  return_path_add");
        self.about(Feature::Smrsh);
        self.line("address_pipe:\n  driver = pipe\n  return_output");
        if let Some(shell) = self.site.local.shell.clone() {
            let shell = String::from_utf8_lossy(&literal(&shell)).into_owned();
            self.line("  force_command");
            self.line(&format!("  command = {shell} -c \"$address_pipe\""));
        }
        self.own_settings("pipe");
    }

    fn encryption(&mut self) {
        let lists = [
            ("hosts_avoid_tls", vec![Encryption::Never]),
            ("hosts_require_tls", vec![Encryption::Always, Encryption::Verified]),
            ("tls_verify_hosts", vec![Encryption::Verified]),
        ];
        for (name, needs) in lists {
            let hosts = self.site.encryption.iter().filter(|(_, need)| needs.contains(need));
            let hosts = hosts.flat_map(|(host, _)| [item(host), [b"*.", &item(host)[..]].concat()]);
            let hosts = hosts.collect::<Vec<_>>().join(&b" : "[..]);
            if !hosts.is_empty() {
                self.out.extend([b"  ", name.as_bytes(), b" = ", &hosts, b"\n"].concat());
            }
        }
    }

    pub(super) fn rewriting(&mut self) {
        self.section("rewrite");
        let renamed = std::mem::take(&mut self.site.renamed_domains);
        if !renamed.is_empty() {
            self.about(Feature::Domaintable);
            let entries: Vec<_> = renamed
                .iter()
                .map(|rename| (without_at(&rename.from), without_at(&rename.to)))
                .collect();
            self.table("domains", Feature::Domaintable, &entries);
            self.line("*@*  \"$1@${lookup{$2}lsearch{TABLES/domains}{$value}fail}\"  Eh");
        }
        self.site.renamed_domains = renamed;
        let senders = std::mem::take(&mut self.site.senders);
        if senders.is_empty() {
            return;
        }
        self.about(Feature::Masquerade);
        let (below, exact): (Vec<_>, Vec<_>) =
            senders.iter().partition(|rename| rename.from.starts_with(b"."));
        let entries: Vec<_> =
            exact.iter().map(|rename| (rename.from.clone(), rename.to.clone())).collect();
        self.table("senders", Feature::Genericstable, &entries);
        let mut found = String::from("fail");
        if !below.is_empty() {
            let entries: Vec<_> = below
                .iter()
                .map(|rename| {
                    (rename.from.get(1..).unwrap_or_default().to_vec(), rename.to.clone())
                })
                .collect();
            self.table("senders_below", Feature::Masquerade, &entries);
            let kept = self.site.kept_domains.clone();
            self.names_table("senders_kept", kept.iter().map(|name| &name[..]));
            found = "{${if match_domain{$domain}{partial0()lsearch;TABLES/senders_kept}{$0}{${lookup{${sg{$domain}{\\\\N^[^.]+\\\\.?\\\\N}{}}}partial0()lsearch{TABLES/senders_below}{$local_part$value}fail}}}}".to_owned();
        }
        self.site.senders = senders;
        // the address, the address without its detail, the domain
        let table = "lsearch{TABLES/senders}";
        let domain = format!("${{lookup{{@$domain}}{table}{{$local_part$value}}{found}}}");
        let bare = format!(
            "${{lookup{{${{sg{{$local_part}}{{[+].*}}{{}}}}@$domain}}{table}{{$value}}{{{domain}}}}}"
        );
        let found = format!("${{lookup{{$local_part@$domain}}{table}{{$value}}{{{bare}}}}}");
        let mut flags = String::from("frs");
        if self.site.envelope_senders {
            flags.push('F');
        }
        if self.site.header_recipients {
            flags.push_str("tcb");
        }
        self.line(&format!("*@*  \"{found}\"  {flags}"));
    }
}

fn without_at(text: &[u8]) -> Vec<u8> {
    text.strip_prefix(b"@").unwrap_or(text).to_vec()
}
