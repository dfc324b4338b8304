//! The clock and the local time zone.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since 1970 (UTC).
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Microseconds within the current second, for queue ids and intervals shown to the user.
#[must_use]
pub fn microseconds() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_micros())
}

/// Now, as RFC 3339 writes it, with microseconds.
#[must_use]
pub fn timestamp() -> String {
    format!("{:.6}", Timestamp::now())
}

/// A moment of the clock that is never set, for limits.
#[must_use]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Waits.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// `O TimeZoneSpec` (op guide 5.6, option `t`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TimeZoneSpec {
    /// Not set: the zone of the system; `TZ` of the environment is ignored.
    #[default]
    System,
    /// Set to nothing: `TZ` of the environment counts.
    Environment,
    /// Set: used as `TZ` would be.
    Named(Vec<u8>),
}

/// What is shown of a time zone at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalOffset {
    /// Seconds east of Greenwich.
    pub seconds: i32,
    /// The abbreviation, such as `CET`.
    pub name: Vec<u8>,
}

/// A time zone, read once.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
}

impl Zone {
    /// Loads the zone `spec` names; UTC when there is no such zone.
    #[must_use]
    pub fn load(spec: &TimeZoneSpec) -> Self {
        let zone = match spec {
            TimeZoneSpec::System => system(),
            TimeZoneSpec::Environment => {
                std::env::var_os("TZ").map_or_else(system, |name| named(name.as_encoded_bytes()))
            }
            TimeZoneSpec::Named(name) => named(name),
        };
        Self { zone }
    }

    /// The offset and abbreviation in force at `at` (seconds since 1970).
    #[must_use]
    pub fn offset_at(&self, at: u64) -> LocalOffset {
        let second = i64::try_from(at).unwrap_or(i64::MAX);
        let stamp = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        let info = self.zone.to_offset_info(stamp);
        let name = info.abbreviation().as_bytes().to_vec();
        LocalOffset { seconds: info.offset().seconds(), name }
    }
}

/// The zone of the system.
fn system() -> TimeZone {
    let data = std::fs::read("/etc/localtime").ok();
    data.and_then(|data| TimeZone::tzif("local", &data).ok()).unwrap_or(TimeZone::UTC)
}

/// Where the zone database is.
const ZONES: &str = "/usr/share/zoneinfo";

/// When summer time begins and ends where a rule does not say it, as the C library has it.
const SUMMER_TIME: &str = ",M3.2.0,M11.1.0";

/// A zone by the rules for `TZ`: a name of the zone database, a file, or a POSIX rule.
fn named(name: &[u8]) -> TimeZone {
    let name = name.strip_prefix(b":").unwrap_or(name);
    let Ok(text) = std::str::from_utf8(name) else { return TimeZone::UTC };
    let file = || {
        let relative = !text.is_empty() && !text.split('/').any(|part| part == "..");
        let data = std::fs::read(Path::new(ZONES).join(text)).ok().filter(|_| relative)?;
        TimeZone::tzif(text, &data).ok()
    };
    let rule =
        || TimeZone::posix(text).or_else(|_| TimeZone::posix(&[text, SUMMER_TIME].concat())).ok();
    file().or_else(rule).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posix_rule_has_winter_and_summer_time() {
        let zone = Zone::load(&TimeZoneSpec::Named(b"CET-1CEST,M3.5.0,M10.5.0/3".to_vec()));
        let winter = zone.offset_at(1_795_305_600); // 22 November 2026
        assert_eq!((winter.seconds, winter.name.as_slice()), (3600, &b"CET"[..]));
        let summer = zone.offset_at(1_782_000_000); // June 2026
        assert_eq!((summer.seconds, summer.name.as_slice()), (7200, &b"CEST"[..]));
    }

    #[test]
    fn an_unknown_zone_is_utc() {
        let offset = Zone::load(&TimeZoneSpec::Named(b"No/Such".to_vec())).offset_at(0);
        assert_eq!(offset.seconds, 0);
    }
}
