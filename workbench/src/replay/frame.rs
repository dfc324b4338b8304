//! What stands around the text of a log line: time, host, program, process.
//!
//! Read are syslog files of all kinds (RFC 3164, RFC 5424, ISO stamps of rsyslog and journald, priorities in front,
//! years or none), and the main log of Exim, which has no such frame.

/// When a line was written, as far as the line says; of use to order files, not to compute with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// `None` where stamps have no year.
    pub year: Option<u16>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// Second of the day.
    pub second: u32,
}

/// A line without its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When.
    pub stamp: Option<Stamp>,
    /// The program as it calls itself: `sm-mta`, `postfix/smtp`; empty if it does not say.
    pub program: &'a [u8],
    /// Its process; empty if it does not say.
    pub process: &'a [u8],
    /// The text.
    pub text: &'a [u8],
    /// The line is one of Exim's own log, which has no host and no program.
    pub is_exim: bool,
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Takes a line apart; `None` if it begins with no stamp that is known.
#[must_use]
pub fn frame(line: &[u8]) -> Option<Frame<'_>> {
    let (priority, line) = without_priority(line);
    if let Some(rest) = line.strip_prefix(b"1 ").filter(|_| priority) {
        return structured(rest);
    }
    if let Some((stamp, rest)) = old_stamp(line) {
        return Some(tagged(stamp, rest));
    }
    let (stamp, rest) = iso_date(line)?;
    match rest.split_first()? {
        (b'T' | b't', rest) => {
            let (second, rest) = time(rest)?;
            let rest = rest.get(word_length(rest)..)?.strip_prefix(b" ")?;
            Some(tagged(Stamp { second, ..stamp }, rest))
        }
        (b' ', rest) => {
            let (second, rest) = time(rest)?;
            Some(exim(Stamp { second, ..stamp }, rest))
        }
        _ => None,
    }
}

/// `<22>` in front.
fn without_priority(line: &[u8]) -> (bool, &[u8]) {
    let inside = || {
        let rest = line.strip_prefix(b"<")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(digits..)?.strip_prefix(b">").filter(|_| (1..=3).contains(&digits))
    };
    inside().map_or((false, line), |rest| (true, rest))
}

/// `Jan  2 03:04:05`, with a year or fractions behind it.
fn old_stamp(line: &[u8]) -> Option<(Stamp, &[u8])> {
    let (month, rest) = line.split_at_checked(3)?;
    let month = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month))? + 1;
    let (day, rest) = number(rest.strip_prefix(b" ")?.trim_ascii_start(), 2)?;
    let (second, rest) = time(rest.strip_prefix(b" ")?)?;
    let rest = rest.get(word_length(rest)..)?.strip_prefix(b" ")?;
    let year = number(rest, 4).and_then(|(year, behind)| {
        let year = u16::try_from(year).ok().filter(|year| *year >= 1970)?;
        Some((year, behind.strip_prefix(b" ")?))
    });
    let (year, rest) = year.map_or((None, rest), |(year, rest)| (Some(year), rest));
    let stamp =
        Stamp { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()?, second };
    Some((stamp, rest))
}

/// `2026-01-02`
fn iso_date(line: &[u8]) -> Option<(Stamp, &[u8])> {
    let (year, rest) = number(line, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    let stamp = Stamp {
        year: Some(u16::try_from(year).ok()?),
        month,
        day: u8::try_from(day).ok()?,
        second: 0,
    };
    Some((stamp, rest))
}

/// `03:04:05` as the second of the day.
fn time(text: &[u8]) -> Option<(u32, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    Some((hour * 3600 + minute * 60 + second, rest))
}

/// A number of up to `most` digits.
fn number(text: &[u8], most: usize) -> Option<(u32, &[u8])> {
    let digits = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits).filter(|_| digits > 0)?;
    Some((number.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')), rest))
}

fn word_length(text: &[u8]) -> usize {
    memchr::memchr(b' ', text).unwrap_or(text.len())
}

fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let (word, rest) = text.split_at(word_length(text));
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// `HOST TAG[PID]: TEXT`; the host may be missing.
fn tagged(stamp: Stamp, rest: &[u8]) -> Frame<'_> {
    let (first, behind) = word(rest);
    // FreeBSD can be told to show facility and level
    let (first, behind, rest) = match first.starts_with(b"<") && first.ends_with(b">") {
        true => {
            let (second, after) = word(behind);
            (second, after, behind)
        }
        false => (first, behind, rest),
    };
    let tag_and_text = match first.ends_with(b":") {
        true => rest,
        false => behind,
    };
    let (tag, text) = word(tag_and_text);
    let (program, process, text) = match tag.strip_suffix(b":") {
        Some(tag) => {
            let (program, process) = program_of(tag);
            (program, process, text)
        }
        // `last message repeated 2 times` has no tag
        None => (&b""[..], &b""[..], tag_and_text),
    };
    Frame { stamp: Some(stamp), program, process, text: without_message_id(text), is_exim: false }
}

/// `sm-mta[1234]`
fn program_of(tag: &[u8]) -> (&[u8], &[u8]) {
    let inside = || {
        let open = memchr::memchr(b'[', tag)?;
        let process = tag.get(open + 1..)?.strip_suffix(b"]")?;
        Some((tag.get(..open)?, process))
    };
    inside().unwrap_or((tag, b""))
}

/// Without `[ID 801593 mail.info] `, which Solaris puts in front.
fn without_message_id(text: &[u8]) -> &[u8] {
    let inside = || {
        let end = memchr::memchr(b']', text.strip_prefix(b"[ID ").map(|_| text)?)?;
        text.get(end + 1..)?.strip_prefix(b" ")
    };
    inside().unwrap_or(text)
}

/// RFC 5424 behind the version: `STAMP HOST TAG PID MSGID DATA TEXT`.
fn structured(rest: &[u8]) -> Option<Frame<'_>> {
    let (stamp, rest) = word(rest);
    let stamp = iso_date(stamp).and_then(|(date, rest)| {
        let (second, _) = time(rest.get(1..)?)?;
        Some(Stamp { second, ..date })
    });
    let (_host, rest) = word(rest);
    let (program, rest) = word(rest);
    let (process, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let text = behind_data(rest)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let nil = |word: &'_ [u8]| word == b"-";
    let process = if nil(process) { b"" } else { process };
    Some(Frame { stamp, program, process, text, is_exim: false })
}

/// What stands behind the structured data, `-` or `[id name="value"]...`.
fn behind_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text.strip_prefix(b"-") {
        Some(rest) => return Some(rest.strip_prefix(b" ").unwrap_or(rest)),
        None => text,
    };
    while rest.first() == Some(&b'[') {
        let mut quoted = false;
        let mut escaped = false;
        let end = rest.iter().position(|byte| {
            let ends = *byte == b']' && !quoted;
            quoted ^= *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        rest = rest.get(end + 1..)?;
    }
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// Exim's own log behind the stamp: fractions of seconds, a zone, the process, as its options want it.
fn exim(stamp: Stamp, rest: &[u8]) -> Frame<'_> {
    let mut rest = rest.get(word_length(rest)..).unwrap_or_default();
    rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let (zone, behind) = word(rest);
    if zone.len() == 5 && matches!(zone.first(), Some(b'+' | b'-')) {
        rest = behind;
    }
    let (process, behind) = word(rest);
    let inside = process.strip_prefix(b"[").and_then(|process| process.strip_suffix(b"]"));
    let number = inside.filter(|process| process.iter().all(u8::is_ascii_digit));
    let (process, text) = number.map_or((&b""[..], rest), |process| (process, behind));
    Frame { stamp: Some(stamp), program: b"exim", process, text, is_exim: true }
}

/// The order of files by the stamps of their first lines, earliest first. Without years, the year is taken to begin
/// behind the longest stretch of days without a file; files without a stamp come last, in the order given.
#[must_use]
pub fn order(firsts: &[Option<Stamp>]) -> Vec<usize> {
    const DAYS: u32 = 12 * 31;
    let day = |stamp: &Stamp| (u32::from(stamp.month) * 31 + u32::from(stamp.day)) % DAYS;
    let has_years = firsts.iter().flatten().all(|stamp| stamp.year.is_some());
    let mut days: Vec<u32> = firsts.iter().flatten().map(day).collect();
    days.sort_unstable();
    days.dedup();
    let gap = |at: usize| {
        let before = days.get(at.checked_sub(1).unwrap_or(days.len().saturating_sub(1)));
        let before = before.copied().unwrap_or_default();
        days.get(at).map_or(0, |day| match (DAYS + day - before) % DAYS {
            0 => DAYS,
            days => days,
        })
    };
    // of equal gaps the first: a year that begins in January
    let first = (0..days.len()).rev().max_by_key(|at| gap(*at));
    let begin = first.and_then(|at| days.get(at)).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..firsts.len()).collect();
    order.sort_by_key(|at| {
        let stamp = firsts.get(*at).copied().flatten();
        stamp.map_or((1, None, 0, 0), |stamp| match has_years {
            true => (0, stamp.year, day_of_year(&stamp), stamp.second),
            false => (0, None, (DAYS + day(&stamp) - begin) % DAYS, stamp.second),
        })
    });
    order
}

fn day_of_year(stamp: &Stamp) -> u32 {
    u32::from(stamp.month) * 31 + u32::from(stamp.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `YEAR-MONTH-DAY SECOND|program|process|text`
    fn show(line: &str) -> String {
        let Some(frame) = frame(line.as_bytes()) else { return "none".to_owned() };
        let stamp = frame.stamp.map_or("no stamp".to_owned(), |stamp| {
            let year = stamp.year.map_or("????".to_owned(), |year| year.to_string());
            format!("{year}-{}-{} {}", stamp.month, stamp.day, stamp.second)
        });
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        format!("{stamp}|{}|{}|{}", text(frame.program), text(frame.process), text(frame.text))
    }

    #[test]
    fn frames_of_all_kinds() {
        for (line, expected) in [
            ("Nov 28 07:16:03 hub sm-mta[131]: ID: to=x", "????-11-28 26163|sm-mta|131|ID: to=x"),
            ("<22>Nov 28 07:16:03 sm-mta[131]: ID: x", "????-11-28 26163|sm-mta|131|ID: x"),
            ("Nov  8 00:00:01 h sendmail: x", "????-11-8 1|sendmail||x"),
            ("Nov  8 00:00:01 2024 h sendmail[1]: x", "2024-11-8 1|sendmail|1|x"),
            ("Nov  8 00:00:01.123456 h sendmail[1]: x", "????-11-8 1|sendmail|1|x"),
            ("Nov  8 00:00:01 <mail.info> h sm-mta[1]: x", "????-11-8 1|sm-mta|1|x"),
            (
                "Nov  8 00:00:01 h sendmail[1]: [ID 801593 mail.info] ID: x",
                "????-11-8 1|sendmail|1|ID: x",
            ),
            (
                "Nov  8 00:00:01 h last message repeated 2 times",
                "????-11-8 1|||last message repeated 2 times",
            ),
            (
                "2026-01-02T03:04:05.678+01:00 h postfix/smtp[7]: x",
                "2026-1-2 11045|postfix/smtp|7|x",
            ),
            ("2026-01-02T03:04:05Z h sm-mta[7]: a b", "2026-1-2 11045|sm-mta|7|a b"),
            ("<22>1 2026-01-02T03:04:05Z h sm-mta 7 - - a b", "2026-1-2 11045|sm-mta|7|a b"),
            (
                "<22>1 2026-01-02T03:04:05Z h sm-mta - x [a b=\"]\\\"\"][c] \u{feff}a",
                "2026-1-2 11045|sm-mta||a",
            ),
            (
                "2026-01-02 03:04:05 1abcde-000001-AB <= a@b",
                "2026-1-2 11045|exim||1abcde-000001-AB <= a@b",
            ),
            (
                "2026-01-02 03:04:05.123 +0100 [77] 1abcde <= a",
                "2026-1-2 11045|exim|77|1abcde <= a",
            ),
            ("2026-01-02 03:04:05 [192.0.2.1] x", "2026-1-2 11045|exim||[192.0.2.1] x"),
            ("", "none"),
            ("Foo  8 00:00:01 h x", "none"),
            ("no log line at all", "none"),
            ("2026-13-02T03:04:05Z h x[1]: y", "none"),
        ] {
            assert_eq!(show(line), expected, "{line}");
        }
    }

    #[test]
    fn files_by_their_first_stamps() {
        let old = |month, day| Some(Stamp { year: None, month, day, second: 0 });
        let new = |year, month| Some(Stamp { year: Some(year), month, day: 1, second: 0 });
        // rotated over the new year
        assert_eq!(order(&[old(1, 9), old(1, 2), old(12, 26), old(12, 19)]), [3, 2, 1, 0]);
        assert_eq!(order(&[old(7, 2), old(6, 25)]), [1, 0]);
        assert_eq!(order(&[old(1, 31), None, old(1, 1)]), [2, 0, 1]);
        assert_eq!(order(&[new(2026, 1), new(2025, 12), new(2024, 12)]), [2, 1, 0]);
        assert_eq!(order(&[old(7, 2), old(7, 2)]), [0, 1]);
        assert_eq!(order(&[]), [0usize; 0]);
    }
}
