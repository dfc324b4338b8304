//! Comparing transcripts, and reporting the differences.

use crate::diff::{diff, first_difference};
use crate::{Result, at, floor_per_mille};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many differences are printed whole; the others are one line each, and whole in the report.
const SHOWN_DIFFERENCES: usize = 30;

/// How many differences are printed at all.
const LISTED_DIFFERENCES: usize = 400;

/// How many lines of a difference are printed; the report has all.
const SHOWN_LINES: usize = 30;

/// One thing that both subjects did: the answer to one input line, or a case.
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

    /// How many of its transcripts are equal, and of how many. An input line is one transcript; a
    /// case holds one for each prompt of test mode, SMTP command or heading of its script, matched by
    /// their place.
    fn score(&self, cut: bool) -> (usize, usize) {
        if !cut {
            return (usize::from(self.equal()), 1);
        }
        let (expected, actual) = (transcripts(&self.expected), transcripts(&self.actual));
        let equal = expected.iter().zip(&actual).filter(|(a, b)| a == b).count();
        (equal, expected.len().max(actual.len()))
    }
}

/// Cuts a case before each line that begins a transcript.
fn transcripts(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && ["> ", "C: ", "== ", "--- "].iter().any(|mark| line.starts_with(mark)) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts.windows(2).filter_map(|w| text.get(*w.first()?..*w.last()?)).collect()
}

/// The comparison of a family of tests. Of what is equal only the numbers are kept.
#[derive(Debug, Default)]
pub struct Comparison {
    family: String,
    cut: bool,
    groups: Vec<(String, Count)>,
    differences: Vec<Pair>,
}

/// Counts for one line of the summary.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    equal: usize,
    transcripts: usize,
    equal_cases: usize,
    cases: usize,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.equal += other.equal;
        self.transcripts += other.transcripts;
        self.equal_cases += other.equal_cases;
        self.cases += other.cases;
    }
}

impl Comparison {
    /// An empty comparison of answers to input lines; the family names its report file.
    pub fn of_lines(family: &str) -> Self {
        Self { family: family.into(), cut: false, ..Self::default() }
    }

    /// An empty comparison of cases, which are cut into transcripts.
    pub fn of_cases(family: &str) -> Self {
        Self { family: family.into(), cut: true, ..Self::default() }
    }

    /// Adds a pair.
    pub fn add(&mut self, pair: Pair) {
        let (equal, transcripts) = pair.score(self.cut);
        let equal_cases = usize::from(pair.equal());
        self.count(&pair.group, Count { equal, transcripts, equal_cases, cases: 1 });
        if !pair.equal() {
            self.differences.push(pair);
        }
    }

    /// Adds an input line whose answers are equal.
    pub fn add_equal(&mut self, group: &str) {
        self.count(group, Count { equal: 1, transcripts: 1, equal_cases: 1, cases: 1 });
    }

    fn count(&mut self, group: &str, count: Count) {
        match self.groups.last_mut() {
            Some((name, sum)) if name == group => sum.add(count),
            _ => self.groups.push((group.to_owned(), count)),
        }
    }

    /// Prints the summary and every difference, writes the report with the full differences, and
    /// panics when fewer transcripts are equal than [`floor_per_mille`] asks for.
    pub fn finish(self) -> Result<()> {
        self.report()?;
        if let Err(text) = self.verdict() {
            panic!("{text}");
        }
        Ok(())
    }

    /// Prints the summary and every difference, and writes the report with the full differences.
    pub fn report(&self) -> Result<()> {
        let known = known_differences()?;
        let summary = self.summary();
        let mut report = format!("{summary}\n");
        let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, pair) in self.differences.iter().enumerate() {
            let cause = cause_of(&known, &self.family, pair);
            *causes.entry(cause).or_default() += 1;
            let text = diff(&pair.expected, &pair.actual);
            let heading = format!("## {}: {}", pair.group, pair.label);
            if at < SHOWN_DIFFERENCES {
                let shown: Vec<&str> = text.lines().take(SHOWN_LINES).collect();
                say(&format!("{heading}\n{}", shown.join("\n")));
            } else if at < LISTED_DIFFERENCES {
                say(&format!("{heading} |{}", first_difference(&text)));
            }
            let _ = writeln!(report, "{heading}\n{text}");
        }
        if let Some(more) =
            self.differences.len().checked_sub(LISTED_DIFFERENCES).filter(|n| *n > 0)
        {
            say(&format!("... and {more} more in the report"));
        }
        for (cause, count) in &causes {
            say(&format!("{count:6} {cause}"));
        }
        say(&summary);
        write_report(&self.family, &report)
    }

    /// Whether enough transcripts are equal.
    pub fn verdict(&self) -> std::result::Result<(), String> {
        let (Count { equal, transcripts, .. }, floor) = (self.all(), floor_per_mille(&self.family));
        if equal * 1000 >= transcripts * floor {
            return Ok(());
        }
        Err(format!("{}: {equal} of {transcripts} equal, {floor} of 1000 are needed", self.family))
    }

    fn all(&self) -> Count {
        let mut all = Count::default();
        self.groups.iter().for_each(|(_, count)| all.add(*count));
        all
    }

    /// How many transcripts are equal, and of how many.
    pub fn totals(&self) -> (usize, usize) {
        let all = self.all();
        (all.equal, all.transcripts)
    }

    /// A table by group: equal and all transcripts, equal and all cases (or input lines).
    pub fn summary(&self) -> String {
        let mut out = format!(
            "{:24} {:>11} {:>6} {:>8} {:>6}\n",
            self.family, "transcripts", "of", "cases", "of"
        );
        let mut row = |name: &str, count: Count| {
            let Count { equal, transcripts, equal_cases, cases } = count;
            let _ = writeln!(out, "{name:24} {equal:11} {transcripts:6} {equal_cases:8} {cases:6}");
        };
        self.groups.iter().for_each(|(name, count)| row(name, *count));
        row("all", self.all());
        out
    }
}

/// Prints a line past the test runner, which keeps the output of tests that pass to itself.
pub fn say(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
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
    fn a_case_is_cut_into_transcripts() {
        let text = "--- stdout\nbanner\n> a\nb\n> c\n--- status 0\n";
        let expected = ["--- stdout\nbanner\n", "> a\nb\n", "> c\n", "--- status 0\n"];
        assert_eq!(transcripts(text), expected);
        assert_eq!(transcripts(""), [""]);
        assert_eq!(pair(text, text).score(true), (4, 4));
        assert_eq!(pair(text, "--- stdout\nbanner\n> x\n").score(true), (1, 4));
    }

    #[test]
    fn summary_counts() {
        let mut comparison = Comparison::of_cases("fam");
        comparison.add(pair("a", "a"));
        comparison.add(pair("a\n> b", "a\n> c"));
        insta::assert_snapshot!(comparison.summary(), @r"
        fam                      transcripts     of    cases     of
        g                                  2      3        1      2
        all                                2      3        1      2
        ");
    }

    #[test]
    fn too_many_differences_fail() {
        let mut comparison = Comparison::of_lines("unit");
        comparison.add(pair("a", "a"));
        assert_eq!(comparison.verdict(), Ok(()));
        comparison.add(pair("a", "b"));
        let text = "unit: 1 of 2 equal, 1000 of 1000 are needed";
        assert_eq!(comparison.verdict(), Err(text.to_owned()));
    }
}
