//! Rules and maps that no feature explains.
//!
//! The m4 files of sendmail 8.17 write a few thousand different rules. Fingerprints of them are in
//! `known_rules.txt`; a rule that is not among them was written by hand, or by another version.

use std::collections::HashSet;
use std::hash::Hasher;
use std::sync::LazyLock;

use cf_parser::{Config, Directive, Piece};

use super::super::features::Feature;
use super::super::lines::heading;
use super::super::remark::{Loss, Place};
use super::Recognition;
use super::tables::{HELPERS, TABLES};
use crate::answering::MapServices;

/// Fingerprints of the rules that m4 files write, one in hexadecimal a line, in order.
pub const KNOWN_RULES: &str = include_str!("known_rules.txt");

static KNOWN: LazyLock<HashSet<u64>> = LazyLock::new(|| {
    KNOWN_RULES.lines().filter_map(|line| u64::from_str_radix(line, 16).ok()).collect()
});

/// Runs of unknown rules that are told one by one; the others are counted.
const MAX_RUNS: usize = 50;

/// FNV-1a, which is the same everywhere.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn fingerprint(seed: u8, parts: [&[u8]; 3]) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    hasher.write(&[seed]);
    for part in parts {
        hasher.write(part);
        hasher.write(b"\t");
    }
    hasher.finish()
}

/// A side of a rule with one blank for several.
fn side(text: &[Piece]) -> Vec<u8> {
    let text = cf_parser::octets(text);
    let words =
        text.split(|byte| matches!(byte, b' ' | b'\t' | b'\n')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// The same with its words taken out: what a rule with arguments of a feature looks like.
fn skeleton(side: &[u8]) -> Vec<u8> {
    let is_word = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-' | b'_' | b' ' | b'"' | b',' | b'\'')
    };
    let mut out = Vec::new();
    for byte in side {
        if !is_word(*byte) {
            out.push(*byte);
        } else if out.last() != Some(&b'w') {
            out.push(b'w');
        }
    }
    out
}

/// Each rule of a file with its line, its exact fingerprint, and that without its words.
#[must_use]
pub fn fingerprints(config: &Config) -> Vec<(u32, u64, u64, Vec<u8>)> {
    let mut ruleset = Vec::new();
    let mut found = Vec::new();
    for item in &config.items {
        match &item.directive {
            Directive::Ruleset(text) => ruleset = heading(&cf_parser::octets(text)).to_vec(),
            Directive::Rule { lhs, rhs, .. } => {
                let (lhs, rhs) = (side(lhs), side(rhs));
                let exact = fingerprint(b'=', [&ruleset, &lhs, &rhs]);
                let bare = fingerprint(b'~', [&ruleset, &skeleton(&lhs), &skeleton(&rhs)]);
                found.push((item.span.line, exact, bare, ruleset.clone()));
            }
            _ => {}
        }
    }
    found
}

impl<S: MapServices> Recognition<'_, S> {
    pub(super) fn rules(&mut self) {
        let mut runs: Vec<(u32, u32, usize, Vec<u8>)> = Vec::new();
        let mut known_before = true;
        for (line, exact, bare, ruleset) in fingerprints(self.lines.0) {
            let known = KNOWN.contains(&exact) || KNOWN.contains(&bare);
            match runs.last_mut() {
                _ if known => {}
                Some((_, last, count, own)) if !known_before && *own == ruleset => {
                    *last = line;
                    *count += 1;
                }
                _ => runs.push((line, line, 1, ruleset)),
            }
            known_before = known;
        }
        let total: usize = runs.iter().map(|(_, _, count, _)| count).sum();
        for (first, last, count, ruleset) in runs.iter().take(MAX_RUNS) {
            let what = match count {
                1 => format!("a rule of ruleset {}", String::from_utf8_lossy(ruleset)),
                _ => format!(
                    "{count} rules of ruleset {}, lines {first} to {last}",
                    String::from_utf8_lossy(ruleset)
                ),
            };
            let why = "sendmail's m4 files (8.17) do not write it: it was added by hand or in a LOCAL_ section, or is of another version";
            let places = vec![Place::cf(*first)];
            self.site.found(Feature::CustomRules, places.clone());
            self.site.remark(Feature::CustomRules, Loss::Left, what.as_bytes(), why, places);
        }
        if let Some((first, ..)) = runs.get(MAX_RUNS) {
            let what = format!("{} more places, {total} rules in all", runs.len() - MAX_RUNS);
            let why = "the same; the file is hardly one of sendmail 8.17's m4 files";
            let places = vec![Place::cf(*first)];
            self.site.remark(Feature::CustomRules, Loss::Left, what.as_bytes(), why, places);
        }
        self.maps();
    }

    /// Maps that belong to no feature.
    fn maps(&mut self) {
        let config = self.lines.0;
        for item in &config.items {
            let Directive::Map(text) = &item.directive else { continue };
            let text = cf_parser::octets(text);
            let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let (name, class) =
                (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let shown = String::from_utf8_lossy(name).to_ascii_lowercase();
            let places = vec![Place::cf(item.span.line)];
            if class.eq_ignore_ascii_case(b"ldap") {
                self.site.found(Feature::Ldap, places);
            } else if !HELPERS.contains(&&shown[..])
                && !TABLES.iter().any(|(table, _)| *table == shown)
            {
                self.site.found(Feature::CustomMaps, places.clone());
                let what = [b"K", name].concat();
                let why = "no feature declares it: only rules of the file's own ask it";
                self.site.remark(Feature::CustomMaps, Loss::Left, &what, why, places);
            }
        }
    }
}
