//! Comparing transcripts, and reporting the differences.

use crate::{MIN_EQUAL_PERCENT, Result, at};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many lines of each side a difference shows.
const SHOWN_LINES: usize = 8;

/// How many differences are printed whole; the others are one line each, and whole in the report.
const SHOWN_DIFFERENCES: usize = 30;

/// One thing that both subjects did.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The configuration or case file.
    pub group: String,
    /// The input line or case.
    pub label: String,
    /// What the oracle gave, munged and printable.
    pub expected: String,
    /// What the subject under test gave.
    pub actual: String,
}

impl Pair {
    fn equal(&self) -> bool {
        self.expected == self.actual
    }
}

/// The comparison of a family of tests.
#[derive(Debug, Default)]
pub struct Comparison {
    family: String,
    pairs: Vec<Pair>,
}

impl Comparison {
    /// An empty comparison; the family names its report file.
    pub fn new(family: &str) -> Self {
        Self { family: family.into(), pairs: Vec::new() }
    }

    /// Adds a pair.
    pub fn add(&mut self, pair: Pair) {
        self.pairs.push(pair);
    }

    /// Prints the summary and every difference, writes the report with the full differences, and
    /// fails when less than [`MIN_EQUAL_PERCENT`] of 100 are equal.
    pub fn finish(self) -> Result<()> {
        let known = known_differences()?;
        let summary = self.summary();
        let different: Vec<&Pair> = self.pairs.iter().filter(|pair| !pair.equal()).collect();
        let mut report = format!("{summary}\n");
        let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, pair) in different.iter().enumerate() {
            let cause = cause_of(&known, &self.family, pair);
            *causes.entry(cause).or_default() += 1;
            let heading = format!("## {}: {}\n", pair.group, pair.label);
            let text = diff(pair);
            let whole = at < SHOWN_DIFFERENCES;
            say(&if whole { heading.clone() + &text } else { first_line(&heading, &text) });
            let _ = writeln!(report, "{heading}{text}");
        }
        for (cause, count) in &causes {
            say(&format!("{count:6} {cause}"));
        }
        say(&summary);
        write_report(&self.family, &report)?;
        let equal = self.pairs.len() - different.len();
        assert!(
            equal * 100 >= self.pairs.len() * MIN_EQUAL_PERCENT,
            "{}: {equal} of {} equal, {MIN_EQUAL_PERCENT} of 100 are needed",
            self.family,
            self.pairs.len(),
        );
        Ok(())
    }

    /// A table: equal and all transcripts by group.
    pub fn summary(&self) -> String {
        let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for pair in &self.pairs {
            for name in [pair.group.as_str(), "~ all"] {
                let entry = groups.entry(name).or_default();
                entry.0 += usize::from(pair.equal());
                entry.1 += 1;
            }
        }
        let mut out = format!("{:28} {:>7} {:>7}\n", self.family, "equal", "of");
        for (name, (equal, total)) in groups {
            let _ = writeln!(out, "{:28} {equal:7} {total:7}", name.trim_start_matches("~ "));
        }
        out
    }
}

/// Prints a line past the test runner, which keeps the output of tests that pass to itself.
pub fn say(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
}

/// The lines that differ: what is equal at the start and the end is left out.
pub fn diff(pair: &Pair) -> String {
    let expected: Vec<&str> = pair.expected.lines().collect();
    let actual: Vec<&str> = pair.actual.lines().collect();
    let start = expected.iter().zip(&actual).take_while(|(a, b)| a == b).count();
    let limit = expected.len().min(actual.len()) - start;
    let end = expected.iter().rev().zip(actual.iter().rev()).take_while(|(a, b)| a == b).count();
    let end = end.min(limit);
    let mut out = String::new();
    if let Some(before) = start.checked_sub(1).and_then(|at| expected.get(at)) {
        let _ = writeln!(out, "   {before}");
    }
    for (sign, side) in [('-', &expected), ('+', &actual)] {
        let lines = side.get(start..side.len() - end).unwrap_or_default();
        for line in lines.iter().take(SHOWN_LINES) {
            let _ = writeln!(out, " {sign} {line}");
        }
        if lines.len() > SHOWN_LINES {
            let _ = writeln!(out, " {sign} ({} more lines)", lines.len() - SHOWN_LINES);
        }
    }
    out
}

/// A difference in one line: where it is and the first line that only one side has.
fn first_line(heading: &str, diff: &str) -> String {
    let line = diff.lines().find(|line| line.starts_with(" -") || line.starts_with(" +"));
    format!("{} |{}", heading.trim_end(), line.unwrap_or_default())
}

/// Bytes as text: what is not printable ASCII as `\xNN`, a tab as `\t`.
pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' | b' '..=b'~' => out.push(char::from(byte)),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out
}

/// The rows of `known-differences.txt`: a prefix of `family/group/label`, a tab, the cause.
fn known_differences() -> Result<Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("known-differences.txt");
    let text = at(&path, std::fs::read_to_string(&path))?;
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows
        .filter_map(|line| line.split_once('\t'))
        .map(|(prefix, cause)| (prefix.to_owned(), cause.trim().to_owned()))
        .collect())
}

fn cause_of<'a>(known: &'a [(String, String)], family: &str, pair: &Pair) -> &'a str {
    let place = format!("{family}/{}/{}", pair.group, pair.label);
    let row = known.iter().find(|(prefix, _)| place.starts_with(prefix));
    row.map_or("differences without a known cause", |(_, cause)| cause)
}

/// Writes `target/compat-report/FAMILY.md`.
fn write_report(family: &str, report: &str) -> Result<()> {
    let Ok(me) = std::env::current_exe() else { return Ok(()) };
    let Some(target) = me.ancestors().nth(3) else { return Ok(()) };
    let dir: PathBuf = target.join("compat-report");
    at(&dir, std::fs::create_dir_all(&dir))?;
    let path = dir.join(format!("{family}.md"));
    at(&path, std::fs::write(&path, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(expected: &str, actual: &str) -> Pair {
        Pair {
            group: "g".into(),
            label: "l".into(),
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    #[test]
    fn diff_shows_what_differs() {
        insta::assert_snapshot!(diff(&pair("a\nb\nc\nd", "a\nX\nY\nd")), @r"
           a
         - b
         - c
         + X
         + Y
        ");
        insta::assert_snapshot!(diff(&pair("a\na", "a")), @r"
           a
         - a
        ");
    }

    #[test]
    fn summary_counts() {
        let mut comparison = Comparison::new("fam");
        comparison.add(pair("a", "a"));
        comparison.add(pair("a", "b"));
        insta::assert_snapshot!(comparison.summary(), @r"
        fam                            equal      of
        g                                  1       2
        all                                1       2
        ");
    }

    #[test]
    #[should_panic(expected = "1 of 2 equal")]
    fn too_many_differences_fail() {
        let mut comparison = Comparison::new("unit-test");
        comparison.add(pair("a", "a"));
        comparison.add(pair("a", "b"));
        comparison.finish().unwrap();
    }

    #[test]
    fn printable_keeps_lines() {
        assert_eq!(printable(b"a\tb\r\n\x81\n"), "a\\tb\\r\n\\x81\n");
    }
}
