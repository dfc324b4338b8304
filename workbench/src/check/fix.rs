//! Making the safe edits, and seeing that they did what they were meant to.

use super::finding::{Edit, Finding};

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

/// Makes the edits of the findings that have some. `again` checks a file: an edit stays only if the finding
/// it belongs to is gone afterwards and nothing of warning or error has come that was not there.
pub fn apply(
    bytes: &[u8],
    findings: &[Finding],
    again: &mut dyn FnMut(&[u8]) -> Vec<Finding>,
) -> Fixed {
    let mut edits: Vec<&Edit> = Vec::new();
    let (mut mended, mut left) = (0, 0);
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let free = |edit: &Edit| {
            edits.iter().all(|other| edit.at.end <= other.at.start || other.at.end <= edit.at.start)
        };
        if fix.edits.iter().all(free) {
            edits.extend(&fix.edits);
            mended += 1;
        } else {
            left += 1;
        }
    }
    if mended == 0 {
        return Fixed { bytes: bytes.to_vec(), mended, left };
    }
    edits.sort_by_key(|edit| edit.at.start);
    let edited = edit(bytes, &edits);
    let before = counts(findings);
    let now = again(&edited);
    let after = counts(&now);
    let fixable = now.iter().filter(|finding| finding.fix.is_some()).count();
    let worse = after.iter().any(|(code, count)| {
        before.iter().find(|(known, _)| known == code).map_or(0, |(_, count)| *count) < *count
    });
    if worse || fixable > left {
        return Fixed { bytes: bytes.to_vec(), mended: 0, left: mended + left };
    }
    Fixed { bytes: edited, mended, left }
}

/// How many findings there are of each code, notes left aside.
fn counts(findings: &[Finding]) -> Vec<(&'static str, usize)> {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for finding in findings.iter().filter(|f| f.severity > super::Severity::Note) {
        match counts.iter_mut().find(|(code, _)| *code == finding.check.code) {
            Some((_, count)) => *count += 1,
            None => counts.push((finding.check.code, 1)),
        }
    }
    counts
}

fn edit(bytes: &[u8], edits: &[&Edit]) -> Vec<u8> {
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
