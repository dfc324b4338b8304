//! Counts for machines (`docs/json.md`).

use ruleset_vm::load::Configuration;

use super::{Coverage, KnownEntries, classes, entries, rulesets};
use crate::json::{Value, json, text};

/// One object for each ruleset, class and map.
#[must_use]
pub fn objects(
    coverage: &Coverage,
    configuration: &Configuration,
    known: &KnownEntries,
) -> Vec<Value> {
    let mut out = Vec::new();
    for line in rulesets(coverage, configuration) {
        let rules = configuration.program.ruleset(line.number).map(|set| set.rules.as_slice());
        let rules = rules.unwrap_or_default().iter().enumerate().map(|(index, rule)| {
            let count = coverage.rule(line.number, index);
            json!({
                "number": index + 1,
                "line": rule.span.line,
                "tried": count.tried,
                "matched": count.matched,
            })
        });
        out.push(json!({
            "type": "ruleset_coverage",
            "ruleset": text(&line.name),
            "entered": line.entered,
            "tried": line.tried,
            "matched": line.matched,
            "rules": rules.collect::<Value>(),
        }));
    }
    let counted =
        |what: &str, (name, count): (&[u8], u64)| json!({ what: text(name), "count": count });
    for class in classes(coverage, configuration) {
        let members =
            class.members.iter().map(|(member, count)| counted("member", (member, *count)));
        out.push(json!({
            "type": "class_coverage",
            "class": text(&class.name),
            "matched": class.matched(),
            "members": members.collect::<Value>(),
        }));
    }
    for (map, counts) in coverage.maps() {
        let mut keys: Vec<_> = counts.keys.iter().collect();
        keys.sort();
        let keys = keys.into_iter().map(|(key, count)| counted("key", (key, *count)));
        out.push(json!({
            "type": "map_coverage",
            "map": text(map),
            "asked": counts.asked,
            "answered": counts.answered,
            "keys": keys.collect::<Value>(),
            "entries": known.contains_key(map).then(|| {
                let found = entries(coverage, map, known);
                found.into_iter().map(|entry| counted("key", entry)).collect::<Value>()
            }),
        }));
    }
    out
}
