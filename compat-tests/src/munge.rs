//! Replaces what differs between two runs of the same program: dates, queue ids, process ids.
//!
//! Nothing else is hidden; the list is short on purpose.

use regex_automata::meta::Regex;
use std::sync::LazyLock;

/// Pattern and replacement, applied in this order to every line. The patterns are anchored by
/// characters around them where a plain number could otherwise be hit.
const RULES: &[(&str, &str)] = &[
    // RFC 5322 dates, with and without the zone's name: Sun, 22 Nov 2026 02:55:58 GMT
    (
        r"(?-u:\b)[A-Z][a-z]{2}, [ 0-9]?[0-9] [A-Z][a-z]{2} [0-9]{4} [0-9:]{8}( [+-][0-9]{4}| GMT)( \([A-Z]+\))?",
        "<date>",
    ),
    // ctime dates, cut after minutes or seconds in queue listings: Sun Nov 22 02:55:58 2026
    (
        r"(?-u:\b)[A-Z][a-z]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] [0-9]{2}:[0-9]{2}(:[0-9]{2})?( [0-9]{4})?",
        "<ctime>",
    ),
    // syslog and mailq -v dates: Nov 22 02:55:58
    (
        r"(?-u:\b)(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] [0-9]{2}:[0-9]{2}(:[0-9]{2})?",
        "<ctime>",
    ),
    // queue ids: time in eight base-60 characters, then the process id
    (r"((?-u:\b)|[dqxthQ]f)[0-9A-Za-x]{2}[A-V][0-9A-N][0-9A-Za-x]{4}[0-9]{6}", "$1<id>"),
    // message ids and $t: year to minute
    (r"(?-u:\b)20[0-9]{10}(?-u:\b)", "<minute>"),
    // seconds since 1970
    (r"1[789][0-9]{8}(?-u:\b)", "<epoch>"),
    // I line of a queue file: device and inode of the body
    (r"^I[0-9]+/[0-9]+/[0-9]+", "I<inode>"),
    (r"(?-u:\b)pid=[0-9]+", "pid=<pid>"),
    (r"(sendmail|MTA|MSP|sm-mta|bangpath)\[[0-9]+\]", "$1[<pid>]"),
    (r"delay=[0-9+]*[0-9]{2}:[0-9]{2}:[0-9]{2}", "delay=<time>"),
    // pointers in debugging output
    (r"0x[0-9a-f]{8,}", "<pointer>"),
    // the shell's word about a process that a signal ended
    (r": line [0-9]+: +[0-9]+ (Segmentation fault|Aborted|Killed)", ": $1"),
    (r"after [0-9]{2}:[0-9]{2}:[0-9]{2}", "after <time>"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    RULES.iter().filter_map(|(pattern, to)| Some((build(pattern)?, *to))).collect()
});

fn build(pattern: &str) -> Option<Regex> {
    let syntax = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
    let config = Regex::config().utf8_empty(false);
    Regex::builder().syntax(syntax).configure(config).build(pattern).ok()
}

/// Munges a text line by line.
pub fn munge(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&b| b == b'\n') {
        let mut line = line.to_vec();
        for (pattern, to) in COMPILED.iter() {
            if pattern.is_match(&line) {
                line = replace(pattern, &line, to);
            }
        }
        out.extend_from_slice(&line);
    }
    out
}

fn replace(pattern: &Regex, line: &[u8], to: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut end = 0;
    for captures in pattern.captures_iter(line) {
        let Some(whole) = captures.get_match() else { continue };
        out.extend_from_slice(line.get(end..whole.start()).unwrap_or_default());
        captures.interpolate_bytes_into(line, to.as_bytes(), &mut out);
        end = whole.end();
    }
    out.extend_from_slice(line.get(end..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_patterns_compile() {
        assert_eq!(COMPILED.len(), RULES.len());
    }

    #[test]
    fn table() {
        let cases: &[(&str, &str)] = &[
            ("Date: Sun, 22 Nov 2026 02:55:58 GMT", "Date: <date>"),
            ("b: Sun, 22 Nov 2026 02:55:58 +0000 (UTC)", "b: <date>"),
            ("From a@b Sun Nov 22 02:55:58 2026", "From a@b <ctime>"),
            ("6AM2tw0H000123      12 Sun Nov 22 02:55 <a@b>", "<id>      12 <ctime> <a@b>"),
            ("250 2.0.0 6AM2tw0H000123 Message accepted", "250 2.0.0 <id> Message accepted"),
            ("Message-Id: <202611220255.6AM2tw0H000123@h>", "Message-Id: <<minute>.<id>@h>"),
            ("open ./df6AM2tw0H000123: No", "open ./df<id>: No"),
            ("T1795308234", "T<epoch>"),
            ("I254/0/10208634", "I<inode>"),
            (
                "sendmail[123]: x: delay=00:00:01, pri=30",
                "sendmail[<pid>]: x: delay=<time>, pri=30",
            ),
            ("lib.sh: line 6:   126 Aborted      \"$@\"", "lib.sh: Aborted      \"$@\""),
            ("R$+ < @ $+ 12345 >", "R$+ < @ $+ 12345 >"),
        ];
        for (from, to) in cases {
            assert_eq!(munge(from.as_bytes()), to.as_bytes(), "{from}");
        }
    }
}
