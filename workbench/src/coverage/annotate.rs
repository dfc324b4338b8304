//! The source with counts in the margin.

use std::collections::HashMap;

use ruleset_vm::load::Configuration;

use super::{Coverage, RuleCount};
use crate::source::Source;

/// Width of each column.
const WIDTH: usize = 9;

/// Every line of the source; in front of one where a rule begins, how often it matched and was tried: `#####` never
/// although it was tried, `-----` never tried.
#[must_use]
pub fn annotate(coverage: &Coverage, configuration: &Configuration, source: &Source) -> Vec<u8> {
    let rules = by_line(coverage, configuration);
    let mut out = format!("{:>WIDTH$} {:>WIDTH$} | {}\n", "matched", "tried", "line").into_bytes();
    for number in 1..=u32::try_from(source.len()).unwrap_or(u32::MAX) {
        let margin = match rules.get(&number) {
            None => format!("{:WIDTH$} {:WIDTH$}", "", ""),
            Some(RuleCount { tried: 0, .. }) => format!("{:>WIDTH$} {:>WIDTH$}", "-----", ""),
            Some(RuleCount { tried, matched: 0 }) => format!("{:>WIDTH$} {tried:>WIDTH$}", "#####"),
            Some(RuleCount { tried, matched }) => format!("{matched:>WIDTH$} {tried:>WIDTH$}"),
        };
        out.extend(margin.into_bytes());
        out.extend(format!(" | {number:>5}: ").into_bytes());
        out.extend_from_slice(source.line(number));
        while out.last().is_some_and(|byte| *byte == b' ') {
            out.pop();
        }
        out.push(b'\n');
    }
    out
}

/// The counts of rules by the line they begin in. Rules that a line has together count as one.
pub(super) fn by_line(
    coverage: &Coverage,
    configuration: &Configuration,
) -> HashMap<u32, RuleCount> {
    let program = &configuration.program;
    let mut found: HashMap<u32, RuleCount> = HashMap::new();
    for number in 0..program.count() {
        let Some(set) = program.ruleset(number) else { continue };
        for (index, rule) in set.rules.iter().enumerate() {
            let count = coverage.rule(number, index);
            let sum = found.entry(rule.span.line).or_default();
            sum.tried += count.tried;
            sum.matched += count.matched;
        }
    }
    found
}
