//! The summary for people.

use ruleset_vm::load::Configuration;

use super::{Coverage, KnownEntries, classes, entries, percent, rulesets};
use crate::show::visible;

/// Members and keys that are named in one line.
const NAMED: usize = 8;

/// How much of each ruleset, class and map was reached; rulesets that were reached in no way come last, in one line.
#[must_use]
pub fn summary(
    coverage: &Coverage,
    configuration: &Configuration,
    known: &KnownEntries,
) -> Vec<u8> {
    let lines = rulesets(coverage, configuration);
    let mut out = format!(
        "{:<28} {:>9} {:>6} {:>6} {:>8}\n",
        "ruleset", "entered", "rules", "tried", "matched"
    );
    let mut row = |name: &str, entered: &str, rules: usize, tried: usize, matched: usize| {
        let share = percent(matched, rules);
        out.push_str(&format!(
            "{name:<28} {entered:>9} {rules:>6} {tried:>6} {matched:>8} {share:>3}%\n"
        ));
    };
    for line in lines.iter().filter(|line| line.entered > 0) {
        let name = String::from_utf8_lossy(&visible(&line.name)).into_owned();
        row(&name, &line.entered.to_string(), line.rules, line.tried, line.matched);
    }
    let sum = |part: fn(&super::RulesetLine) -> usize| lines.iter().map(part).sum::<usize>();
    row("all", "", sum(|l| l.rules), sum(|l| l.tried), sum(|l| l.matched));
    let unused = lines.iter().filter(|line| line.entered == 0);
    let unused: Vec<Vec<u8>> = unused.map(|line| line.name.clone()).collect();
    let mut out = out.into_bytes();
    if !unused.is_empty() {
        out.extend([b"\nnever entered: ", &unused.join(&b", "[..])[..], b"\n"].concat());
    }
    out.push(b'\n');
    for class in classes(coverage, configuration) {
        let head = format!("{} of {} members matched", class.matched(), class.members.len());
        out.extend([b"class ", &visible(&class.name)[..], b": ", head.as_bytes()].concat());
        let missing = class.members.iter().filter(|(_, count)| *count == 0);
        let missing: Vec<Vec<u8>> = missing.map(|(member, _)| member.clone()).collect();
        if !missing.is_empty() {
            out.extend([b"; never: ", &named(&missing)[..]].concat());
        }
        out.push(b'\n');
    }
    for (map, counts) in coverage.maps() {
        let head = format!(
            ": asked {}, answered {}, {} different keys",
            counts.asked,
            counts.answered,
            counts.keys.len()
        );
        out.extend([b"map ", &visible(map)[..], head.as_bytes()].concat());
        out.extend(never_answered(&entries(coverage, map, known)));
        out.push(b'\n');
    }
    for map in known.keys().filter(|map| !coverage.maps().contains_key(*map)) {
        out.extend([b"map ", &visible(map)[..], b": never asked\n"].concat());
    }
    out
}

/// What a line says of the entries of a map that is known.
fn never_answered(entries: &[(&[u8], u64)]) -> Vec<u8> {
    if entries.is_empty() {
        return Vec::new();
    }
    let missing = entries.iter().filter(|(_, count)| *count == 0);
    let missing: Vec<Vec<u8>> = missing.map(|(key, _)| key.to_vec()).collect();
    let reached = entries.len() - missing.len();
    let mut out = format!("; {reached} of {} entries reached", entries.len()).into_bytes();
    if !missing.is_empty() {
        out.extend([b", never: ", &named(&missing)[..]].concat());
    }
    out
}

/// The first of them, and how many more there are.
fn named(list: &[Vec<u8>]) -> Vec<u8> {
    let mut out = visible(&list.iter().take(NAMED).cloned().collect::<Vec<_>>().join(&b' '));
    if list.len() > NAMED {
        out.extend(format!(" and {} more", list.len() - NAMED).into_bytes());
    }
    out
}
