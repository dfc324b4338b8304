//! Timeouts (OPT-213..OPT-241).

use super::{Interpreted, OptionValue};
use crate::numbers::atoi;
use crate::translate::is_space;

/// How a timeout's value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A time; a bare number is in this unit (`m`, `h`, `d` or `s`).
    Time(u8),
    /// A number.
    Count,
}

/// One timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutSpec {
    /// The name behind `Timeout.`; `.*` sets all of a family.
    pub name: &'static str,
    /// How the value is read.
    pub unit: Unit,
    /// What holds without a line: seconds, or a count; `None` leaves it to the system.
    pub default: Option<i64>,
    /// Set by the old list of one time (OPT-240).
    pub common: bool,
}

const fn row(name: &'static str, unit: Unit, default: Option<i64>, common: bool) -> TimeoutSpec {
    TimeoutSpec { name, unit, default, common }
}

const MINUTES: Unit = Unit::Time(b'm');
const HOURS: Unit = Unit::Time(b'h');
const DAYS: Unit = Unit::Time(b'd');
const SECONDS: Unit = Unit::Time(b's');

/// Every timeout.
#[rustfmt::skip]
pub const TIMEOUTS: &[TimeoutSpec] = &[
    row("connect", MINUTES, Some(0), false),
    row("aconnect", MINUTES, Some(0), false),
    row("iconnect", MINUTES, Some(0), false),
    row("initial", MINUTES, Some(300), false),
    row("helo", MINUTES, Some(300), false),
    row("mail", MINUTES, Some(600), true),
    row("rcpt", MINUTES, Some(3600), true),
    row("datainit", MINUTES, Some(300), true),
    row("datablock", MINUTES, Some(3600), true),
    row("datafinal", MINUTES, Some(3600), true),
    row("rset", MINUTES, Some(300), false),
    row("quit", MINUTES, Some(120), false),
    row("misc", MINUTES, Some(120), false),
    row("command", MINUTES, Some(3600), true),
    row("ident", MINUTES, Some(5), false),
    row("lhlo", MINUTES, Some(120), false),
    row("auth", MINUTES, Some(600), false),
    row("starttls", MINUTES, Some(3600), false),
    row("fileopen", MINUTES, Some(60), false),
    row("control", MINUTES, Some(120), false),
    row("hoststatus", MINUTES, Some(1800), false),
    row("resolver.retrans", SECONDS, None, false),
    row("resolver.retrans.normal", SECONDS, None, false),
    row("resolver.retrans.first", SECONDS, None, false),
    row("resolver.retry", Unit::Count, None, false),
    row("resolver.retry.normal", Unit::Count, None, false),
    row("resolver.retry.first", Unit::Count, None, false),
    row("queuereturn", DAYS, Some(432_000), false),
    row("queuereturn.normal", DAYS, Some(432_000), false),
    row("queuereturn.urgent", DAYS, Some(432_000), false),
    row("queuereturn.non-urgent", DAYS, Some(432_000), false),
    row("queuereturn.dsn", DAYS, Some(432_000), false),
    row("queuewarn", HOURS, Some(0), false),
    row("queuewarn.normal", HOURS, Some(0), false),
    row("queuewarn.urgent", HOURS, Some(0), false),
    row("queuewarn.non-urgent", HOURS, Some(0), false),
    row("queuewarn.dsn", HOURS, Some(0), false),
];

/// `Timeout.name=value`, or without a name the old list.
pub(super) fn interpret(suboption: Option<&[u8]>, value: &[u8]) -> Interpreted {
    let mut out = Interpreted::default();
    let set = match suboption {
        Some(name) => one(name, value, &mut out).into_iter().collect(),
        None => list(value, &mut out),
    };
    out.value = Some(OptionValue::Timeouts(set));
    out
}

/// The old `T`: return time, and warning time behind a slash (OPT-053).
pub(super) fn queue_timeout(value: &[u8]) -> Interpreted {
    let mut out = Interpreted::default();
    let mut parts = value.splitn(2, |b| *b == b'/');
    let both = [
        parts.next().map(|v| (&b"queuereturn"[..], v)),
        parts.next().map(|v| (&b"queuewarn"[..], v)),
    ];
    // What stands behind the slash is read first.
    let set = both.into_iter().rev().flatten().filter_map(|(name, v)| one(name, v, &mut out));
    let set = set.collect();
    out.value = Some(OptionValue::Timeouts(set));
    out
}

fn one(name: &[u8], value: &[u8], out: &mut Interpreted) -> Option<(usize, i64)> {
    // `queuereturn.*` is all of them, as `queuereturn` is (OPT-236).
    let plain = name
        .strip_suffix(b".*")
        .filter(|n| n.get(..5).is_some_and(|p| p.eq_ignore_ascii_case(b"queue")));
    let wanted = plain.unwrap_or(name);
    let Some(index) = position(wanted) else {
        out.error([b"settimeout: invalid timeout ".as_slice(), name].concat());
        return None;
    };
    // OPT-239: `now` is no time at all.
    if value.eq_ignore_ascii_case(b"now") {
        return Some((index, 0));
    }
    // The oracle reads values of another unit a second time, and tells about them again.
    let minutes = out.time(value, b'm');
    let seconds = match TIMEOUTS.get(index)?.unit {
        Unit::Time(b'm') => minutes,
        Unit::Time(unit) => out.time(value, unit),
        Unit::Count => i64::from(atoi(value)),
    };
    Some((index, seconds))
}

fn position(name: &[u8]) -> Option<usize> {
    TIMEOUTS.iter().position(|t| t.name.as_bytes().eq_ignore_ascii_case(name))
}

/// `Or10m`, `name=time` and `name:time` between commas; items of another form are skipped
/// (OPT-240, OPT-295).
fn list(value: &[u8], out: &mut Interpreted) -> Vec<(usize, i64)> {
    let mut set = Vec::new();
    for item in value.split(|b| *b == b',') {
        let start = item.iter().position(|b| !is_space(*b)).unwrap_or(item.len());
        let item = item.get(start..).unwrap_or_default();
        if item.first().is_some_and(u8::is_ascii_digit) {
            let seconds = out.time(item, b'm');
            let common = TIMEOUTS.iter().enumerate().filter(|(_, t)| t.common);
            set.extend(common.map(|(at, _)| (at, seconds)));
        } else if let Some(mark) = item.iter().position(|b| matches!(b, b'=' | b':')) {
            let (name, value) = item.split_at(mark);
            set.extend(one(name, value.get(1..).unwrap_or_default(), out));
        }
    }
    set
}
