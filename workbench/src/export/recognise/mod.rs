//! From a loaded configuration to a [`Site`]: classes, macros, maps and options as they stand when the file has been
//! read, and what the rules do with addresses made for the purpose.

mod checks;
mod local;
mod rewriting;
mod routing;
mod rules;
mod tables;

use std::sync::Arc;

use cf_parser::{Config, Name};
use ruleset_vm::load::Configuration;

use super::features::Feature;
use super::lines::Lines;
use super::probe::Probe;
use super::remark::{Loss, Place};
use super::site::{AliasText, Site};
use super::table::{Contents, Entry, Table};
use crate::answering::MapServices;
use crate::engine::Engine;

pub use rules::{KNOWN_RULES, fingerprints};
pub use tables::TABLES;

/// What a site is recognised from.
pub struct Input<'a> {
    /// The lines of the configuration.
    pub config: &'a Config,
    /// Its tables, those of [`TABLES`] that it has.
    pub tables: &'a [Table],
    /// Its alias files.
    pub aliases: Vec<AliasText>,
    /// Alias files that could not be read, or have no text, and why.
    pub unread_aliases: Vec<(Vec<u8>, String)>,
}

/// What everybody here works with.
struct Recognition<'a, S> {
    lines: Lines<'a>,
    tables: &'a [Table],
    configuration: Arc<Configuration>,
    probe: Probe<'a, S>,
    site: Site,
}

/// The site of a configuration.
pub fn site<S: MapServices>(input: Input<'_>, engine: &mut Engine<S>) -> Site {
    let probe = Probe::new(engine);
    let configuration = probe.configuration();
    let mut recognition = Recognition {
        lines: Lines(input.config),
        tables: input.tables,
        configuration,
        probe,
        site: Site::default(),
    };
    recognition.names();
    recognition.routing();
    recognition.local();
    recognition.aliases(input.aliases, &input.unread_aliases);
    recognition.rewriting();
    recognition.checks();
    recognition.unread_tables();
    recognition.rules();
    recognition.site
}

impl<S: MapServices> Recognition<'_, S> {
    fn macro_value(&self, name: &[u8]) -> Vec<u8> {
        self.configuration.macros.value(name)
    }

    /// The members of a class in lower case.
    fn class(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let members = self.configuration.classes.list(&Name::new(name));
        members.into_iter().map(|member| member.to_ascii_lowercase()).collect()
    }

    fn table(&self, map: &[u8]) -> Option<&Table> {
        self.tables.iter().find(|table| table.map.eq_ignore_ascii_case(map))
    }

    /// The entries of a table, with their places; those that no target's table could hold are noted and left out.
    fn entries(&mut self, map: &[u8], feature: Feature) -> Vec<(Entry, Place)> {
        let Some(table) = self.table(map) else { return Vec::new() };
        let entries: Vec<_> =
            table.entries().iter().map(|entry| (entry.clone(), table.place(entry))).collect();
        self.site.found(feature, self.lines.of_map(map));
        let control = |text: &[u8]| text.iter().any(u8::is_ascii_control);
        let (bad, good): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|(entry, _)| control(&entry.key) || control(&entry.value));
        for (entry, place) in bad {
            let why = "there are control characters in it";
            self.site.remark(feature, Loss::Left, &entry.key, why, vec![place]);
        }
        good
    }

    /// Names of this host and of its domain.
    fn names(&mut self) {
        self.site.host = self.macro_value(b"j");
        self.site.domain = self.macro_value(b"m");
        self.site.origin = self.site.host.clone();
        self.site.found(Feature::HostName, self.lines.of_macro(b"j"));
        self.site.found(Feature::LocalNames, self.lines.of_class(b"w"));
        for name in self.class(b"w") {
            let literal = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
            match literal {
                Some(literal) => self.site.literals.insert(literal.to_vec()),
                None => self.site.local_names.insert(name),
            };
        }
        let host = self.site.host.to_ascii_lowercase();
        self.site.local_names.insert(host);
    }

    /// Tables that have entries nobody could read.
    fn unread_tables(&mut self) {
        for table in self.tables {
            if let Contents::Unknown(why) = &table.contents {
                let why = String::from_utf8_lossy(why).into_owned();
                let what = [b"K", &table.map[..]].concat();
                let places = self.lines.of_map(&table.map);
                let feature =
                    if why.contains("ldap") { Feature::Ldap } else { Feature::UnreadTable };
                self.site.found(feature, places.clone());
                self.site.remark(feature, Loss::Left, &what, why, places);
            }
        }
    }
}
