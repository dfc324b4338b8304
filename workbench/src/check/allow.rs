//! Comments that allow what would be found: `# bangpath: allow CODE` above a line, `# bangpath: allow-file
//! CODE` for the whole file.

use std::ops::Range;

use super::catalogue::{self, Check};
use super::finding::Finding;
use super::places::Places;

/// What an allow comment begins with, behind `#` and blanks.
const MARK: &[u8] = b"bangpath:";

/// One word of an allow comment.
struct Allowed {
    check: &'static Check,
    /// The lines that it counts for; all without.
    lines: Option<(u32, u32)>,
    at: Range<usize>,
    used: bool,
}

/// Takes away what comments allow, and tells of those that allow nothing.
pub(super) fn apply(source: &Places<'_>, findings: &mut Vec<Finding>) {
    let (mut allowed, unknown) = read(source);
    if allowed.is_empty() && unknown.is_empty() {
        return;
    }
    findings.extend(unknown);
    findings.retain(|finding| {
        let line = finding.at.clone().map(|at| source.position(at.start).0);
        let fits = |one: &Allowed| {
            let within = |(first, last)| line.is_some_and(|line| (first..=last).contains(&line));
            std::ptr::eq(one.check, finding.check) && one.lines.is_none_or(within)
        };
        let mut kept = true;
        for one in allowed.iter_mut().filter(|one| fits(one)) {
            one.used = true;
            kept = false;
        }
        kept
    });
    for one in allowed.iter().filter(|one| !one.used) {
        let message = format!("nothing here is {} ({})", one.check.code, one.check.name);
        findings.push(Finding::new(&catalogue::ALLOW_UNUSED, Some(one.at.clone()), message));
    }
}

/// The words of all allow comments, and findings about those that are no code.
fn read(source: &Places<'_>) -> (Vec<Allowed>, Vec<Finding>) {
    let (mut allowed, mut unknown) = (Vec::new(), Vec::new());
    for found in memchr::memmem::find_iter(source.bytes, MARK) {
        let (number, column) = source.position(found);
        let line = source.line(number);
        let before = source.text(line.start..found);
        let is_comment = before.first() == Some(&b'#')
            && before.iter().skip(1).all(|b| *b == b'#' || b.is_ascii_whitespace());
        if !is_comment || column < 2 {
            continue;
        }
        let rest = found + MARK.len()..line.end;
        let mut words = words(source, rest).into_iter();
        let lines = match words.next().map(|at| source.text(at)) {
            Some(b"allow") => Some(lines_below(source, number)),
            Some(b"allow-file") => None,
            _ => continue,
        };
        for at in words {
            let word = String::from_utf8_lossy(source.text(at.clone())).into_owned();
            match catalogue::by_code(&word) {
                Some(check) => allowed.push(Allowed { check, lines, at, used: false }),
                None => {
                    let message = format!("there is no check `{}`", super::shown(word.as_bytes()));
                    unknown.push(Finding::new(&catalogue::ALLOW_UNKNOWN, Some(at), message));
                }
            }
        }
    }
    (allowed, unknown)
}

/// The line below a comment with those that continue it; comments in between are passed over.
fn lines_below(source: &Places<'_>, comment: u32) -> (u32, u32) {
    let last = u32::try_from(source.lines()).unwrap_or(u32::MAX);
    let mut first = comment + 1;
    while first < last && source.line_text(first).first() == Some(&b'#') {
        first += 1;
    }
    let mut end = first;
    while end < last && matches!(source.line_text(end + 1).first(), Some(b' ' | b'\t')) {
        end += 1;
    }
    (first, end)
}

/// Words between blanks and commas, up to `--`, behind which people say why.
fn words(source: &Places<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    let separates = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    for at in range.start..=range.end {
        let byte = source.bytes.get(at).filter(|_| at < range.end);
        let ends = byte.is_none_or(separates);
        match (start, ends) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    let why = found.iter().position(|at| source.text(at.clone()) == b"--");
    found.truncate(why.unwrap_or(found.len()));
    found
}
