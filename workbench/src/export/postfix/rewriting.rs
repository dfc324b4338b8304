//! What addresses look like: canonical tables.

use std::collections::{HashMap, HashSet};

use super::super::features::Feature;
use super::super::site::{Rename, domain_of};
use super::super::writing::quoted_pattern;
use super::Postfix;

impl Postfix<'_> {
    pub(super) fn rewriting(&mut self) {
        let entry = |rename: &Rename| (rename.from.clone(), rename.to.clone());
        if !self.site.renamed_domains.is_empty() {
            self.about(Feature::Domaintable);
            let entries: Vec<_> = self.site.renamed_domains.iter().map(entry).collect();
            let table = self.table("canonical", Feature::Domaintable, &entries);
            self.set("canonical_maps", &table);
        }
        if self.site.senders.is_empty() {
            return;
        }
        self.about(Feature::Masquerade);
        let (below, exact): (Vec<_>, Vec<_>) =
            self.site.senders.clone().into_iter().partition(|rename| rename.from.starts_with(b"."));
        let mut entries: Vec<_> = exact.iter().map(entry).collect();
        entries.extend(ends(&exact, &below));
        let mut maps = Vec::new();
        if !entries.is_empty() {
            maps.push(self.table("sender_canonical", Feature::Genericstable, &entries));
        }
        if !below.is_empty() {
            let kept = self.site.kept_domains.iter().map(|domain| {
                [b"/^(.*@([^@]+\\.)?", &quoted_pattern(domain)[..], b")$/ ${1}"].concat()
            });
            let mut lines: Vec<Vec<u8>> = kept.collect();
            lines.extend(below.iter().map(|rename| {
                let domain = quoted_pattern(&rename.from);
                [b"/^(.*)@[^@]+", &domain[..], b"$/ ${1}", &rename.to].concat()
            }));
            maps.push(self.ordered(
                "regexp",
                "sender_canonical_regexp",
                Feature::Masquerade,
                &lines,
            ));
        }
        let maps = maps.join(&b", "[..]);
        self.set("sender_canonical_maps", &maps);
        let classes = if self.site.envelope_senders {
            "envelope_sender, header_sender"
        } else {
            "header_sender"
        };
        self.set("sender_canonical_classes", classes.as_bytes());
        if self.site.header_recipients {
            self.set("recipient_canonical_maps", &maps);
            self.set("recipient_canonical_classes", b"header_recipient");
        }
        // headers of mail from other hosts change as well
        self.set("local_header_rewrite_clients", b"static:all");
    }
}

/// New addresses that would change again: the tables are asked until nothing changes.
fn ends(exact: &[Rename], below: &[Rename]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let whole: HashSet<&[u8]> =
        exact.iter().filter_map(|rename| rename.from.strip_prefix(b"@")).collect();
    let known: HashMap<&[u8], ()> = exact.iter().map(|rename| (&rename.from[..], ())).collect();
    let changes = |domain: &[u8]| {
        whole.contains(domain) || below.iter().any(|rename| domain.ends_with(&rename.from))
    };
    let mut added = HashSet::new();
    let targets =
        exact.iter().filter(|rename| !rename.to.starts_with(b"@") && rename.from != rename.to);
    targets
        .filter(|rename| domain_of(&rename.to).is_some_and(changes))
        .filter(|rename| !known.contains_key(&rename.to[..]) && added.insert(rename.to.clone()))
        .map(|rename| (rename.to.clone(), rename.to.clone()))
        .collect()
}
