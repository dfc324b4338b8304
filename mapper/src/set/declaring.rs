//! Declaring maps: those of `K` lines, of classes, of AliasFile, and those that need no line.

use std::sync::Arc;

use super::{Map, MapSet, State};
use crate::answer::MapError;
use crate::class::given::Given;
use crate::class::{self, Declared};
use crate::flags::Common;
use crate::k_line::{self, KLine};
use crate::schema;
use crate::service_switch;

/// Classes that no alias map can be of (observed).
const WITHOUT_ALIASES: [&str; 10] =
    ["arith", "bestmx", "dequote", "dns", "host", "macro", "regex", "syslog", "user", "userdb"];

/// Classes whose maps are files of their own.
const IN_FILES: [&str; 6] = ["hash", "btree", "implicit", "stab", "text", "fst"];

/// The maps of sources of aliases, beside files.
const ALIAS_SOURCES: [(&str, &str); 2] =
    [("nis", "nis mail.aliases"), ("nisplus", "nisplus -kalias -vexpansion mail_aliases.org_dir")];

impl MapSet {
    /// Declares a map from the text after `K`, macros already expanded. A later line with the same
    /// name replaces an earlier one, but for settings that it does not have (MAP-004). Returns complaints
    /// in sendmail's words.
    pub fn declare(&mut self, k_line: &[u8]) -> Vec<MapError> {
        let KLine { name, class, arguments } = match k_line::parse(k_line) {
            Ok(line) => line,
            Err(error) => return vec![error],
        };
        let Some(row) = class::by_name(class) else {
            let text = [b"readcf: map ", name, b": class ", class, b" not available"].concat();
            return vec![MapError { text, map: name.to_vec() }];
        };
        // what an earlier line of the name has set stays unless this one sets it as well (observed)
        let before = self.named(name).map(|map| map.common.clone()).unwrap_or_default();
        let mut common = Common { name: name.to_vec(), class: row.name, ..before };
        let declared = (row.declare)(&mut common, arguments, self);
        self.insert(common, declared)
    }

    /// Declares the map of an `F` line, which finds the words of a class.
    pub fn declare_for_class(&mut self, name: &[u8], class: &[u8], spec: &[u8]) -> Vec<MapError> {
        let errors = self.declare(&[name, b" ", class, b" ", spec].concat());
        let number = self.number(name).unwrap_or(usize::MAX);
        if let Some(Some(map)) = self.maps.get_mut(number) {
            map.common.list_delimiter = Some(b' ');
        }
        errors
    }

    /// Gives a map these entries instead of its own source, whatever its class; flags that fold keys and change
    /// values count as before. False if there is no map of this name.
    pub fn give(&mut self, name: &[u8], entries: &[(Vec<u8>, Vec<u8>)]) -> bool {
        let place = self.number(name).and_then(|number| self.maps.get_mut(number));
        let Some(Some(map)) = place else { return false };
        map.state = State::Open(Box::new(Given::new(&map.common, entries)));
        true
    }

    /// Tells the maps that are kept in files, and are not open yet, where these are: `place` gets the path of the
    /// `K` line.
    pub fn relocate(&mut self, place: &dyn Fn(&[u8]) -> Vec<u8>) {
        for map in self.maps.iter_mut().flatten() {
            if IN_FILES.contains(&map.common.class) && matches!(map.state, State::Declared(_)) {
                map.common.file = place(&map.common.file);
            }
        }
    }

    fn insert(&mut self, common: Common, declared: Declared) -> Vec<MapError> {
        let state = declared.class.map_or(State::Faulty, State::Declared);
        let map = common.name.clone();
        let place = Some(Box::new(Map { common, state }));
        match self.maps.get_mut(self.numbers.add(&map)) {
            Some(declared) => *declared = place,
            None => self.maps.push(place),
        }
        declared.errors.into_iter().map(|text| MapError { text, map: map.clone() }).collect()
    }

    /// Declares what every configuration has without saying so: `host` (MAP-038, MAP-090) and the
    /// alias maps (MAP-091, MAP-092). To be called after the whole file has been read.
    pub fn finish(&mut self, version_level: i32) -> Vec<MapError> {
        let mut settings = (*self.settings).clone();
        settings.version_level = version_level;
        self.settings = Arc::new(settings);
        let mut errors = Vec::new();
        if !self.contains(b"host") {
            let line: &[u8] = if version_level >= 2 { b"host host -a. -D" } else { b"host host" };
            errors.extend(self.declare(line));
        }
        errors.extend(self.declare_aliases());
        errors
    }

    /// Declares the next alias map from one file of option AliasFile: `[class:][flags ]path`
    /// (MAP-092). A map that cannot be used leaves its name to the next one.
    pub fn declare_alias_file(&mut self, spec: &[u8]) -> Vec<MapError> {
        let name = format!("Alias{}", self.alias_maps).into_bytes();
        let (class, arguments) = k_line::alias_file(spec);
        let schema = (class.eq_ignore_ascii_case(b"ldap") && arguments.trim_ascii().is_empty())
            .then(|| schema::aliases(&self.settings));
        let arguments = schema.as_deref().unwrap_or(arguments);
        let refusal = match class::by_name(class) {
            None => Some([b"setalias: unknown alias class ", class].concat()),
            Some(row) if WITHOUT_ALIASES.contains(&row.name) => {
                Some([b"setalias: map class ", class, b" can't handle aliases"].concat())
            }
            Some(_) => None,
        };
        if let Some(text) = refusal {
            let common = Common { name, class: "", ..Common::default() };
            return self.insert(common, Declared { class: None, errors: vec![text] });
        }
        let errors = self.declare(&[name.as_slice(), b" ", class, b" ", arguments].concat());
        let number = self.number(&name).unwrap_or(usize::MAX);
        if let Some(Some(map)) = self.maps.get_mut(number) {
            map.common.aliases = true;
            map.common.list_delimiter = Some(b',');
            if !matches!(map.state, State::Faulty) {
                self.alias_maps += 1;
            }
        }
        errors
    }

    /// The alias maps, and what asks them. What is wrong with the files was said when the option was
    /// read.
    fn declare_aliases(&mut self) -> Vec<MapError> {
        let mut errors = Vec::new();
        let settings = Arc::clone(&self.settings);
        self.alias_maps = 0;
        for spec in &settings.alias_files {
            drop(self.declare_alias_file(spec));
        }
        let members: Vec<Vec<u8>> =
            (0..self.alias_maps).map(|number| format!("Alias{number}").into_bytes()).collect();
        if !self.contains(b"aliases.files") {
            // without option AliasFile no alias is ever found (observed: `/map` shows 68)
            let line = match &members[..] {
                [] => b"aliases.files null".to_vec(),
                _ => [&b"aliases.files sequence "[..], &members.join(&b' ')].concat(),
            };
            errors.extend(self.declare(&line));
        }
        // sources of aliases that the service switch names have maps as well (MAP-091)
        for source in service_switch::service(&settings, b"aliases") {
            let name = [b"aliases.", &source[..]].concat();
            let row = ALIAS_SOURCES.iter().find(|(known, _)| known.as_bytes() == source);
            if let Some((_, line)) = row.filter(|_| !self.contains(&name)) {
                errors.extend(self.declare(&[&name[..], b" ", line.as_bytes()].concat()));
            }
        }
        if !self.contains(b"aliases") {
            errors.extend(self.declare(b"aliases switch aliases"));
        }
        errors
    }
}
