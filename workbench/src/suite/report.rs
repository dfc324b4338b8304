//! What came of tests: for people, as TAP, as JSON.

use super::judge::Failure;
use super::run::Deciding;
use crate::json::{Value, json, text as string};
use crate::show::visible;

/// A test that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    /// Where it stands in its file.
    pub line: usize,
    /// Its title.
    pub title: Vec<u8>,
    /// What was not as expected; nothing if it passes.
    pub failures: Vec<Failure>,
    /// The rule that decided.
    pub rule: Option<Deciding>,
    /// Why, of a session.
    pub because: Option<Vec<u8>>,
}

/// The tests of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file.
    pub file: Vec<u8>,
    /// The configuration, as places name it.
    pub configuration: Vec<u8>,
    /// Its tests.
    pub results: Vec<Result>,
}

impl Report {
    /// How many have failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.failures.is_empty()).count()
    }

    /// What is wrong with a test, in lines.
    pub(super) fn details(&self, result: &Result) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        for failure in &result.failures {
            let place = format!(":{}:", failure.line);
            out.push([&visible(&self.file)[..], place.as_bytes()].concat());
            for (head, text) in
                [(&b"  expected  "[..], &failure.expected), (b"  got       ", &failure.got)]
            {
                for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
                    let head = if at == 0 { head } else { b"            " };
                    out.push([head, &visible(line)].concat());
                }
            }
        }
        if let Some(rule) = result.rule.as_ref().filter(|_| !result.failures.is_empty()) {
            let place = format!(":{}", rule.line);
            let place = [&self.configuration[..], place.as_bytes()].concat();
            let parts: [&[u8]; 6] =
                [b"  decided by ", &place, b" (", &rule.ruleset, b")  ", &rule.text];
            out.push(visible(&parts.concat()));
        }
        if let Some(because) = result.because.as_ref().filter(|_| !result.failures.is_empty()) {
            out.push([b"  because ", &visible(because)[..]].concat());
        }
        out
    }
}

/// For people: what has failed, and how many.
#[must_use]
pub fn text(reports: &[Report]) -> Vec<u8> {
    let mut out = Vec::new();
    for report in reports {
        for result in report.results.iter().filter(|result| !result.failures.is_empty()) {
            out.extend([b"FAILED  ", &visible(&result.title)[..], b"\n"].concat());
            for line in report.details(result) {
                out.extend([b"  ", &line[..], b"\n"].concat());
            }
            out.push(b'\n');
        }
    }
    let (total, failed) = totals(reports);
    let passed = total - failed;
    let line = format!("{passed} of {total} tests passed, {failed} failed\n");
    out.extend(line.into_bytes());
    out
}

/// How many tests there are, and how many have failed.
fn totals(reports: &[Report]) -> (usize, usize) {
    let total = reports.iter().map(|report| report.results.len()).sum();
    (total, reports.iter().map(Report::failed).sum())
}

/// As the Test Anything Protocol, version 14.
#[must_use]
pub fn tap(reports: &[Report]) -> Vec<u8> {
    let (total, _) = totals(reports);
    let mut out = format!("TAP version 14\n1..{total}\n").into_bytes();
    let mut number = 0;
    for report in reports {
        for result in &report.results {
            number += 1;
            let word = if result.failures.is_empty() { "ok" } else { "not ok" };
            out.extend(format!("{word} {number} - ").into_bytes());
            out.extend(description(&result.title));
            out.push(b'\n');
            if result.failures.is_empty() {
                continue;
            }
            out.extend_from_slice(b"  ---\n  message: |\n");
            for line in report.details(result) {
                out.extend([b"    ", &line[..], b"\n"].concat());
            }
            out.extend_from_slice(b"  ...\n");
        }
    }
    out
}

/// A title as TAP takes it: `#` begins a directive, a backslash an escape.
fn description(title: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in visible(title) {
        if matches!(byte, b'#' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

/// One object for each test.
#[must_use]
pub fn json(report: &Report, result: &Result) -> Value {
    let failure = |failure: &Failure| {
        json!({
            "line": failure.line,
            "expected": string(&failure.expected),
            "got": string(&failure.got),
        })
    };
    json!({
        "type": "test",
        "file": string(&report.file),
        "line": result.line,
        "title": string(&result.title),
        "passed": result.failures.is_empty(),
        "failures": result.failures.iter().map(failure).collect::<Value>(),
        "rule": result.rule.as_ref().map(|rule| json!({
            "ruleset": string(&rule.ruleset),
            "line": rule.line,
            "text": string(&rule.text),
        })),
        "because": result.because.as_deref().map(string),
    })
}

/// The last object.
#[must_use]
pub fn summary_json(reports: &[Report]) -> Value {
    let (total, failed) = totals(reports);
    json!({ "type": "test_summary", "tests": total, "failed": failed })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::suite) fn example() -> Report {
        let failure = Failure {
            line: 4,
            expected: b"mailer \"a\" & <b>".to_vec(),
            got: b"mailer local\nhost\x01".to_vec(),
        };
        let rule = Deciding {
            ruleset: b"parse".to_vec(),
            line: 77,
            text: b"R$* -> $#local $: $1".to_vec(),
        };
        let good = Result {
            line: 1,
            title: b"recipient #1 \\".to_vec(),
            failures: Vec::new(),
            rule: Some(rule.clone()),
            because: None,
        };
        let bad = Result {
            line: 3,
            title: b"recipient \xff]]>".to_vec(),
            failures: vec![failure],
            rule: Some(rule),
            because: Some(b"no".to_vec()),
        };
        Report {
            file: b"a.test".to_vec(),
            configuration: b"hub.cf".to_vec(),
            results: vec![good, bad],
        }
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(String::from_utf8(text(&[example()])).unwrap());
    }

    #[test]
    fn for_tap() {
        insta::assert_snapshot!(String::from_utf8(tap(&[example()])).unwrap());
    }
}
