//! Making the safe edits, and seeing that they did what they were meant to.

use super::finding::{Finding, Fix, Severity};

/// A file after its edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many findings were mended.
    pub mended: usize,
    /// How many edits were not made: they overlap with others, or did not mend what they should.
    pub left: usize,
}

/// Most edits that are tried one by one, when all at once do not do.
const MOST_SINGLE: usize = 100;

/// Makes the edits of the findings that have some. `again` checks a file: edits stay only if there are fewer of
/// the findings they belong to afterwards, and no more of any other that is a warning or an error.
pub fn apply(
    bytes: &[u8],
    findings: &[Finding],
    again: &mut dyn FnMut(&[u8]) -> Vec<Finding>,
) -> Fixed {
    let chosen = apart(findings);
    let all = findings.iter().filter(|finding| finding.fix.is_some()).count();
    if let Some(bytes) = mended(bytes, findings, &chosen, again) {
        return Fixed { bytes, mended: chosen.len(), left: all - chosen.len() };
    }
    // one of them is the culprit
    let mut good: Vec<&Finding> = Vec::new();
    let mut best = bytes.to_vec();
    for finding in chosen.into_iter().take(MOST_SINGLE) {
        good.push(finding);
        match mended(bytes, findings, &good, again) {
            Some(bytes) => best = bytes,
            None => drop(good.pop()),
        }
    }
    Fixed { bytes: best, mended: good.len(), left: all - good.len() }
}

/// Where the edits of a finding begin and end.
fn extent(fix: &Fix) -> (usize, usize) {
    let starts = fix.edits.iter().map(|edit| edit.at.start).min();
    let ends = fix.edits.iter().map(|edit| edit.at.end).max();
    (starts.unwrap_or(0), ends.unwrap_or(0))
}

/// Findings whose edits do not meet, in their order.
fn apart(findings: &[Finding]) -> Vec<&Finding> {
    let with_fix = |finding: &'_ Finding| finding.fix.as_ref().map(extent);
    let mut all: Vec<(usize, usize, &Finding)> = findings
        .iter()
        .filter_map(|finding| with_fix(finding).map(|(start, end)| (start, end, finding)))
        .collect();
    all.sort_by_key(|(start, end, _)| (*start, *end));
    let mut last = 0;
    let mut chosen = Vec::new();
    for (start, end, finding) in all {
        if start >= last {
            chosen.push(finding);
            last = end;
        }
    }
    chosen
}

/// The file with the edits, if they mend what they should.
fn mended(
    bytes: &[u8],
    findings: &[Finding],
    chosen: &[&Finding],
    again: &mut dyn FnMut(&[u8]) -> Vec<Finding>,
) -> Option<Vec<u8>> {
    if chosen.is_empty() {
        return None;
    }
    let edited = edit(bytes, chosen);
    let now = again(&edited);
    let count = |all: &[Finding], code: &str| {
        all.iter().filter(|finding| finding.check.code == code && finding.fix.is_some()).count()
    };
    let fewer = chosen.iter().all(|one| {
        let code = one.check.code;
        let gone = chosen.iter().filter(|other| other.check.code == code).count();
        count(&now, code) + gone <= count(findings, code)
    });
    let bad = |all: &[Finding], code: &str| {
        let matters = |f: &&Finding| f.check.code == code && f.severity > Severity::Note;
        all.iter().filter(matters).count()
    };
    let worse = now.iter().any(|one| bad(&now, one.check.code) > bad(findings, one.check.code));
    (fewer && !worse).then_some(edited)
}

fn edit(bytes: &[u8], chosen: &[&Finding]) -> Vec<u8> {
    let mut edits: Vec<_> = chosen
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .flat_map(|fix| &fix.edits)
        .collect();
    edits.sort_by_key(|edit| edit.at.start);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(bytes.get(at..edit.at.start).unwrap_or_default());
        out.extend_from_slice(&edit.text);
        at = edit.at.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
