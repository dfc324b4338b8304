//! Who was answered and when, as sendmail's vacation keeps it in `.vacation.db`.
//!
//! A key is an address, or `@domain`; its value are seconds since 1970 in the eight bytes of the machine's order, 0 for
//! who is never answered. One more key has the interval in seconds, 0 for an infinite one (observed).

use mapper::bdb::DatabaseWriter;

const SECONDS_PER_DAY: i64 = 86_400;
const INTERVAL_KEY: &[u8] = b"__VACATION__INTERVAL__TIMER__\0";
/// The time of an address that is never answered.
const NEVER: i64 = 0;
/// Beyond this many keys, those that no longer matter go when another one comes.
const MANY: usize = 10_000;
/// Bytes of an address in a list.
const SHOWN: usize = 40;

/// How long a sender gets no second answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    /// Seconds; 0 is for ever.
    seconds: i64,
}

impl Interval {
    #[cfg(test)]
    pub(super) fn days(days: i64) -> Self {
        Self { seconds: days * SECONDS_PER_DAY }
    }

    /// The value of `-r`: days, of which a fraction does not count; anything that begins with no digit is for ever.
    /// None if it is too large.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let mut digits = value.iter().take_while(|byte| byte.is_ascii_digit());
        let days = digits.try_fold(0_i64, |days, digit| {
            days.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })?;
        Some(Self { seconds: days.checked_mul(SECONDS_PER_DAY)? })
    }

    /// Whether an answer given at `then` still counts.
    fn covers(self, then: i64, now: i64) -> bool {
        self.seconds <= 0 || now < then.saturating_add(self.seconds)
    }
}

impl Default for Interval {
    /// One week.
    fn default() -> Self {
        Self { seconds: 7 * SECONDS_PER_DAY }
    }
}

/// The content of a database.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) database: DatabaseWriter,
}

impl Ledger {
    fn number(&self, key: &[u8]) -> Option<i64> {
        number(self.database.get(key)?)
    }

    fn set(&mut self, key: &[u8], number: i64) {
        // one of those that may have several values for a key would keep the old one
        self.database.remove(key);
        self.database.put(key, &number.to_ne_bytes());
    }

    /// How long a sender gets no second answer.
    pub(super) fn interval(&self) -> Interval {
        self.number(INTERVAL_KEY).map_or_else(Interval::default, |seconds| Interval { seconds })
    }

    pub(super) fn set_interval(&mut self, interval: Interval) {
        self.set(INTERVAL_KEY, interval.seconds);
    }

    /// Whether `sender` gets an answer at `now`, seconds since 1970.
    pub(super) fn is_due(&self, sender: &[u8], now: i64) -> bool {
        let domain = sender.iter().rposition(|byte| *byte == b'@').and_then(|at| sender.get(at..));
        let excluded = domain.is_some_and(|domain| self.number(domain) == Some(NEVER));
        let answered = self.number(sender);
        !excluded && answered.is_none_or(|then| then != NEVER && !self.interval().covers(then, now))
    }

    /// Notes that `sender` is answered at `now`.
    pub(super) fn note(&mut self, sender: &[u8], now: i64) {
        if self.database.entries().count() > MANY {
            self.forget_old(now);
        }
        self.set(sender, now);
    }

    /// Takes a note back.
    pub(super) fn take_back(&mut self, sender: &[u8]) {
        self.database.remove(sender);
    }

    /// `address` is not answered any more.
    pub(super) fn exclude(&mut self, address: &[u8]) {
        self.set(address, NEVER);
    }

    fn forget_old(&mut self, now: i64) {
        let interval = self.interval();
        let old = |value: &[u8]| {
            number(value).is_some_and(|then| then != NEVER && !interval.covers(then, now))
        };
        let entries = self.database.entries();
        let gone = entries.filter(|(key, values)| {
            *key != INTERVAL_KEY && values.first().is_some_and(|value| old(value))
        });
        let gone: Vec<Vec<u8>> = gone.map(|(key, _)| key.to_vec()).collect();
        gone.iter().for_each(|key| {
            self.database.remove(key);
        });
    }
}

fn number(value: &[u8]) -> Option<i64> {
    value.try_into().ok().map(i64::from_ne_bytes)
}

/// The line that shows one entry of a database, without its end; none for what is no address. `date` writes a time.
pub(super) fn shown(
    key: &[u8],
    value: &[u8],
    date: &mut dyn FnMut(i64) -> Vec<u8>,
) -> Option<Vec<u8>> {
    if key == INTERVAL_KEY {
        return None;
    }
    let time = match number(value) {
        Some(NEVER) => b"(exclusion)".to_vec(),
        Some(then) => date(then),
        None => b"(invalid time stamp)".to_vec(),
    };
    // addresses come from outside, lines go to a terminal
    let visible = |byte: &u8| if byte.is_ascii_control() { b'?' } else { *byte };
    let mut line: Vec<u8> = key.iter().take(SHOWN).map(visible).collect();
    line.resize(SHOWN + 1, b' ');
    line.extend_from_slice(&time);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn intervals_are_read_as_days() {
        let rows: [(&[u8], Option<i64>); 9] = [
            (b"3", Some(3)),
            (b"1.5", Some(1)),
            (b"3d", Some(3)),
            (b"0", Some(0)),
            (b"infinite", Some(0)),
            (b"-1", Some(0)),
            (b"", Some(0)),
            (b"99999999999999999999", None),
            (b"999999999999999", None),
        ];
        for (value, days) in rows {
            assert_eq!(Interval::parse(value), days.map(Interval::days), "{value:?}");
        }
    }

    #[test]
    fn a_sender_gets_one_answer_in_an_interval() {
        const DAY: i64 = SECONDS_PER_DAY;
        // interval in days, age of the answer in seconds, whether another one is due
        let rows = [
            (None, 7 * DAY - 1, false),
            (None, 7 * DAY, true),
            (Some(1), DAY - 1, false),
            (Some(1), DAY, true),
            (Some(0), 10_000 * DAY, false),
            // the clock was set back
            (Some(1), -DAY, false),
        ];
        for (days, age, due) in rows {
            let mut ledger = Ledger::default();
            if let Some(days) = days {
                ledger.set_interval(Interval::days(days));
            }
            ledger.note(b"s@x", NOW - age);
            assert_eq!(ledger.is_due(b"s@x", NOW), due, "{days:?} {age}");
            assert!(ledger.is_due(b"S@x", NOW));
            ledger.take_back(b"s@x");
            assert!(ledger.is_due(b"s@x", NOW));
        }
    }

    #[test]
    fn addresses_and_domains_are_excluded() {
        let mut ledger = Ledger::default();
        for address in [&b"a@x"[..], b"@dom.test", b"plain"] {
            ledger.exclude(address);
        }
        let rows: [(&[u8], bool); 8] = [
            (b"a@x", false),
            (b"b@x", true),
            (b"u@dom.test", false),
            (b"u@v@dom.test", false),
            (b"u@sub.dom.test", true),
            (b"plain", false),
            (b"dom.test", true),
            (b"", true),
        ];
        for (sender, due) in rows {
            assert_eq!(ledger.is_due(sender, NOW), due, "{sender:?}");
        }
    }

    #[test]
    fn values_that_are_no_times_count_for_nothing() {
        let mut ledger = Ledger::default();
        ledger.database.put(b"s@x", b"1234");
        ledger.database.put(INTERVAL_KEY, b"");
        assert_eq!(ledger.interval(), Interval::default());
        assert!(ledger.is_due(b"s@x", NOW));
        for time in [i64::MIN, i64::MAX] {
            ledger.set(b"s@x", time);
            ledger.set(INTERVAL_KEY, i64::MAX);
            assert_eq!(ledger.is_due(b"s@x", NOW), time == i64::MIN && NOW >= -1);
        }
    }

    #[test]
    fn what_no_longer_matters_goes_once_there_is_much() {
        let mut ledger = Ledger::default();
        ledger.exclude(b"@never");
        ledger.set_interval(Interval::days(2));
        for number in 0..=MANY as i64 {
            let old = if number % 2 == 0 { 3 } else { 1 };
            ledger.set(format!("{number}@x").as_bytes(), NOW - old * SECONDS_PER_DAY);
        }
        ledger.note(b"new@x", NOW);
        assert_eq!(ledger.database.entries().count(), MANY / 2 + 3);
        assert_eq!(ledger.interval(), Interval::days(2));
        assert!(!ledger.is_due(b"u@never", NOW));
        assert!(!ledger.is_due(b"1@x", NOW));
    }

    #[test]
    fn entries_are_shown() {
        let long = [b'l'; 50];
        let rows: [(&[u8], &[u8], Option<String>); 5] = [
            (b"a@b", &5_i64.to_ne_bytes(), Some(format!("{:40} at 5", "a@b"))),
            (b"a\x1b\n", &NEVER.to_ne_bytes(), Some(format!("{:40} (exclusion)", "a??"))),
            (b"a", b"123", Some(format!("{:40} (invalid time stamp)", "a"))),
            (&long, &5_i64.to_ne_bytes(), Some(format!("{} at 5", "l".repeat(40)))),
            (INTERVAL_KEY, &5_i64.to_ne_bytes(), None),
        ];
        for (key, value, expected) in rows {
            let line = shown(key, value, &mut |time| format!("at {time}").into_bytes());
            assert_eq!(line, expected.map(String::into_bytes));
        }
    }
}
