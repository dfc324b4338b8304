//! The date texts of headers and macros: RFC 822 form (`$a`, `$b`), ctime form (`$d`) and the
//! twelve digits of `$t` (MC-001, MC-002, MC-004, MC-020).

use jiff::civil::DateTime;
use jiff::tz::Offset;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment with the local zone that is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: u64,
    /// Seconds east of Greenwich at that moment.
    pub offset: i32,
}

impl Moment {
    /// A moment shown in universal time.
    #[must_use]
    pub fn utc(seconds: u64) -> Self {
        Self { seconds, offset: 0 }
    }

    /// Year, month, day and so on at this moment in this zone; the limits of years -9999 to 9999
    /// saturate.
    #[must_use]
    pub fn civil(&self) -> DateTime {
        let offset = Offset::from_seconds(self.offset).unwrap_or(Offset::UTC);
        let seconds = i64::try_from(self.seconds).unwrap_or(i64::MAX);
        let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        offset.to_datetime(stamp)
    }

    fn day(&self) -> &'static str {
        let index = self.civil().weekday().to_sunday_zero_offset();
        DAYS.get(usize::from(index.unsigned_abs())).copied().unwrap_or("Sun")
    }

    fn month(&self) -> &'static str {
        let index = usize::from(self.civil().month().unsigned_abs());
        MONTHS.get(index.saturating_sub(1)).copied().unwrap_or("Jan")
    }
}

/// `Sun, 22 Nov 2026 02:41:58 GMT`, or in another zone `Sun, 22 Nov 2026 03:41:58 +0100`. The zone's
/// name is never added (observed with TimeZoneSpec).
#[must_use]
pub fn rfc822(moment: &Moment) -> Vec<u8> {
    let t = moment.civil();
    let minutes = moment.offset.unsigned_abs() / 60;
    let zone = match moment.offset {
        0 => "GMT".to_owned(),
        east => {
            let sign = if east < 0 { '-' } else { '+' };
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        }
    };
    let (day, month) = (moment.day(), moment.month());
    format!(
        "{day}, {} {month} {} {:02}:{:02}:{:02} {zone}",
        t.day(),
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    )
    .into_bytes()
}

/// `Sun Nov 22 02:41:58 2026`, the form of ctime(3) without its line end.
#[must_use]
pub fn ctime(moment: &Moment) -> Vec<u8> {
    let t = moment.civil();
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {}",
        moment.day(),
        moment.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.year()
    )
    .into_bytes()
}

/// `YYYYMMDDhhmm` of `$t`, in universal time as the oracle gives it.
#[must_use]
pub fn compact(seconds: u64) -> Vec<u8> {
    let t = Moment::utc(seconds).civil();
    format!("{:04}{:02}{:02}{:02}{:02}", t.year(), t.month(), t.day(), t.hour(), t.minute())
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_observed_ones() {
        // MC-002, MC-004, MC-020: one moment in four zones.
        let at = |offset| Moment { seconds: 1_795_316_885, offset };
        let text = |moment| String::from_utf8(rfc822(&moment)).unwrap();
        assert_eq!(text(at(0)), "Sun, 22 Nov 2026 03:08:05 GMT");
        assert_eq!(text(at(3600)), "Sun, 22 Nov 2026 04:08:05 +0100");
        assert_eq!(text(at(-19_800)), "Sat, 21 Nov 2026 21:38:05 -0530");
        assert_eq!(ctime(&at(3600)), b"Sun Nov 22 04:08:05 2026");
        assert_eq!(compact(1_795_316_885), b"202611220308");
        assert_eq!(ctime(&Moment::utc(0)), b"Thu Jan  1 00:00:00 1970");
        assert_eq!(rfc822(&Moment::utc(0)), b"Thu, 1 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn no_time_is_out_of_range() {
        for seconds in [u64::MAX, 1 << 40, 253_402_207_200] {
            assert!(!ctime(&Moment { seconds, offset: i32::MAX }).is_empty());
        }
    }
}
