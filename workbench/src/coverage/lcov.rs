//! A tracefile as lcov and genhtml read it (geninfo(1)).

use std::collections::BTreeMap;

use ruleset_vm::load::Configuration;

use super::annotate::by_line;
use super::{Coverage, rulesets};

/// Rulesets are functions, rules lines, and whether a rule matched a branch of its line. `path` is where genhtml finds
/// the file.
#[must_use]
pub fn lcov(coverage: &Coverage, configuration: &Configuration, path: &[u8]) -> Vec<u8> {
    let mut out = [b"TN:\nSF:", path, b"\n"].concat();
    let mut put = |line: String| {
        out.extend(line.into_bytes());
        out.push(b'\n');
    };
    let functions = rulesets(coverage, configuration);
    let name = |name: &[u8]| String::from_utf8_lossy(name).replace([',', '\n'], "_");
    for line in &functions {
        let set = configuration.program.ruleset(line.number);
        let first = set.and_then(|set| set.rules.first()).map_or(0, |rule| rule.span.line);
        put(format!("FN:{first},{}", name(&line.name)));
    }
    for line in &functions {
        put(format!("FNDA:{},{}", line.entered, name(&line.name)));
    }
    put(format!("FNF:{}", functions.len()));
    put(format!("FNH:{}", functions.iter().filter(|line| line.entered > 0).count()));
    let lines: BTreeMap<_, _> = by_line(coverage, configuration).into_iter().collect();
    let mut branches = 0;
    for (number, count) in &lines {
        let missed = count.tried.saturating_sub(count.matched);
        let taken = |taken: u64| match count.tried {
            0 => "-".to_owned(),
            _ => taken.to_string(),
        };
        put(format!("BRDA:{number},0,0,{}", taken(count.matched)));
        put(format!("BRDA:{number},0,1,{}", taken(missed)));
        branches += usize::from(count.matched > 0) + usize::from(missed > 0);
    }
    put(format!("BRF:{}", lines.len() * 2));
    put(format!("BRH:{branches}"));
    for (number, count) in &lines {
        put(format!("DA:{number},{}", count.matched));
    }
    put(format!("LF:{}", lines.len()));
    put(format!("LH:{}", lines.values().filter(|count| count.matched > 0).count()));
    put("end_of_record".to_owned());
    out
}
