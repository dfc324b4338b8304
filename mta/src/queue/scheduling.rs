//! When a message is tried, warned about and given up, and in which order a run works
//! (QU-056 to QU-067, QU-082, QU-083). Pure: the time comes from the caller.

use std::cmp::Ordering;

use crate::message::envelope::Envelope;

/// QueueSortOrder (QU-060 to QU-062).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// By priority number.
    #[default]
    Priority,
    /// By the first recipient's host, then priority.
    Host,
    /// By creation time.
    Time,
    /// By file name.
    FileName,
    /// By modification time of the control file.
    Modification,
    /// At random.
    Random,
    /// By host, the hosts in random order.
    Shuffle,
    /// As the directory gives them.
    None,
}

impl SortOrder {
    /// The order a configuration names; only the first letter counts, in either case.
    #[must_use]
    pub fn from_option(value: &[u8]) -> Option<Self> {
        Some(match value.first()?.to_ascii_lowercase() {
            b'h' => Self::Host,
            b'p' => Self::Priority,
            b't' => Self::Time,
            b'f' => Self::FileName,
            b'm' => Self::Modification,
            b'r' => Self::Random,
            b's' => Self::Shuffle,
            b'n' => Self::None,
            _ => return None,
        })
    }
}

/// What the order of a run needs to know of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Name behind the two letters.
    pub id: Vec<u8>,
    /// Priority number.
    pub priority: i64,
    /// Creation time, seconds since 1970.
    pub created: u64,
    /// Modification time of the control file, seconds since 1970.
    pub modified: i64,
    /// Host part of the first recipient's text, lower case; empty without one.
    pub host: Vec<u8>,
    /// Another process works on it.
    pub is_locked: bool,
}

/// Host part of a recipient's text as the control file has it: behind the last `@`, up to `>`.
#[must_use]
pub fn host_of(address: &[u8]) -> Vec<u8> {
    let at = memchr::memrchr(b'@', address).map_or(address.len(), |at| at + 1);
    let host = address.get(at..).unwrap_or_default();
    let end = host.iter().position(|&b| b == b'>' || b.is_ascii_whitespace()).unwrap_or(host.len());
    host.get(..end).unwrap_or_default().to_ascii_lowercase()
}

/// Sorts a run. `seed` drives the random orders: the same seed gives the same order.
pub fn sort(work: &mut [Work], order: SortOrder, seed: u64) {
    match order {
        SortOrder::None => {}
        SortOrder::Priority => work.sort_by_key(|w| (w.priority, w.created)),
        SortOrder::Time => work.sort_by_key(|w| w.created),
        SortOrder::FileName => work.sort_by(|a, b| a.id.cmp(&b.id)),
        SortOrder::Modification => work.sort_by_key(|w| w.modified),
        SortOrder::Random => work.sort_by_cached_key(|w| mix(seed, &w.id)),
        SortOrder::Host => work.sort_by(|a, b| {
            a.is_locked
                .cmp(&b.is_locked)
                .then_with(|| reversed(&a.host, &b.host))
                .then(a.priority.cmp(&b.priority))
        }),
        SortOrder::Shuffle => {
            work.sort_by_cached_key(|w| (w.is_locked, mix(seed, &w.host), w.priority))
        }
    }
}

/// Compares host names from their ends, so that neighbours in the name space come together.
fn reversed(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

/// A small mixing function (FNV-1a with a finishing step); no secret hangs on it.
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, &b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// The limits of a queue run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryLimits {
    /// MinQueueAge, seconds.
    pub min_age: u64,
    /// MaxQueueAge, seconds; 0 for none.
    pub max_age: u64,
}

/// Whether a message is too young for another attempt (QU-063, QU-064). Selective runs do not ask.
#[must_use]
pub fn is_too_young(
    now: u64,
    created: u64,
    last_try: u64,
    tries: u32,
    limits: &RetryLimits,
) -> bool {
    if tries == 0 {
        return false;
    }
    let waited = now.saturating_sub(last_try);
    if limits.max_age > 0 {
        let wait = last_try.saturating_sub(created).min(limits.max_age).max(limits.min_age);
        return waited < wait;
    }
    waited < limits.min_age
}

/// The class that selects timeouts: `Priority:` header, or an error response (QU-059).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeoutClass {
    /// Nothing said.
    #[default]
    Normal,
    /// `Priority: urgent`
    Urgent,
    /// `Priority: non-urgent`
    NonUrgent,
    /// The null sender: an error response or a delivery notice.
    Dsn,
}

impl TimeoutClass {
    /// The class of a `Priority:` value; other words are normal.
    #[must_use]
    pub fn from_header(value: &[u8]) -> Self {
        let value = value.trim_ascii();
        if value.eq_ignore_ascii_case(b"urgent") {
            Self::Urgent
        } else if value.eq_ignore_ascii_case(b"non-urgent") {
            Self::NonUrgent
        } else {
            Self::Normal
        }
    }

    /// The class of a message: its sender decides before its header.
    #[must_use]
    pub fn of(envelope: &Envelope) -> Self {
        if envelope.sender.is_empty() || envelope.flags.response {
            return Self::Dsn;
        }
        let priority = envelope.header.iter().rfind(|f| f.name.eq_ignore_ascii_case(b"priority"));
        priority.map_or(Self::Normal, |field| Self::from_header(&field.value))
    }
}

/// Timeout.queuereturn and Timeout.queuewarn, seconds, for the four classes; 0 means never warn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueTimeouts {
    /// Given up after: normal, urgent, non-urgent, dsn.
    pub give_up: [u64; 4],
    /// Warned about after: normal, urgent, non-urgent, dsn.
    pub warn: [u64; 4],
}

impl Default for QueueTimeouts {
    /// Five days for all, no warning, as without options.
    fn default() -> Self {
        Self { give_up: [5 * 86_400; 4], warn: [0; 4] }
    }
}

/// What the age of a message asks for after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Wait for the next run.
    Keep,
    /// Tell the sender once that it is late (QU-082).
    Warn,
    /// Return it (QU-083).
    GiveUp,
}

impl QueueTimeouts {
    /// Seconds after creation at which a message of this class is given up.
    #[must_use]
    pub fn give_up_after(&self, class: TimeoutClass) -> u64 {
        self.give_up.get(class as usize).copied().unwrap_or(u64::MAX)
    }

    /// The verdict for a message of this age.
    #[must_use]
    pub fn verdict(&self, class: TimeoutClass, age: u64, warning_sent: bool) -> Verdict {
        let warn = self.warn.get(class as usize).copied().unwrap_or(0);
        if age > self.give_up_after(class) {
            Verdict::GiveUp
        } else if warn > 0 && age > warn && !warning_sent {
            Verdict::Warn
        } else {
            Verdict::Keep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(id: &str, priority: i64, created: u64, host: &str) -> Work {
        Work {
            id: id.into(),
            priority,
            created,
            modified: -(created as i64),
            host: host.into(),
            is_locked: id == "locked",
        }
    }

    fn sorted(order: SortOrder) -> Vec<String> {
        let mut list = vec![
            work("locked", 1, 5, "a.example"),
            work("b", 30, 1, "z.example"),
            work("a", 20, 2, "z.example"),
            work("c", 10, 3, "b.test"),
        ];
        sort(&mut list, order, 7);
        list.into_iter().map(|w| String::from_utf8(w.id).unwrap()).collect()
    }

    #[test]
    fn each_order_sorts_by_its_key() {
        // QU-060, QU-061, QU-062
        assert_eq!(sorted(SortOrder::Priority), ["locked", "c", "a", "b"]);
        assert_eq!(sorted(SortOrder::Host), ["a", "b", "c", "locked"]);
        assert_eq!(sorted(SortOrder::Time), ["b", "a", "c", "locked"]);
        assert_eq!(sorted(SortOrder::FileName), ["a", "b", "c", "locked"]);
        assert_eq!(sorted(SortOrder::Modification), ["locked", "c", "a", "b"]);
        assert_eq!(sorted(SortOrder::None), ["locked", "b", "a", "c"]);
        assert_eq!(sorted(SortOrder::Random), sorted(SortOrder::Random));
    }

    #[test]
    fn hosts_are_read_from_recipient_texts() {
        for (address, host) in
            [("a@B.example", "b.example"), ("x (y) <z@r.example>", "r.example"), ("joe", "")]
        {
            assert_eq!(host_of(address.as_bytes()), host.as_bytes());
        }
    }

    #[test]
    fn young_messages_wait() {
        // QU-063, QU-064
        let limits = |min_age, max_age| RetryLimits { min_age, max_age };
        assert!(!is_too_young(10, 0, 10, 0, &limits(100, 0)));
        assert!(is_too_young(109, 0, 10, 1, &limits(100, 0)));
        assert!(!is_too_young(110, 0, 10, 1, &limits(100, 0)));
        assert!(is_too_young(1040, 0, 1000, 3, &limits(0, 50)));
        assert!(!is_too_young(1050, 0, 1000, 3, &limits(0, 50)));
        assert!(!is_too_young(1020, 980, 1000, 3, &limits(0, 50)));
    }

    #[test]
    fn age_warns_once_and_then_returns() {
        // QU-082, QU-083
        let timeouts = QueueTimeouts { give_up: [100, 50, 200, 10], warn: [40, 0, 40, 0] };
        let verdict = |class, age, sent| timeouts.verdict(class, age, sent);
        assert_eq!(verdict(TimeoutClass::Normal, 41, false), Verdict::Warn);
        assert_eq!(verdict(TimeoutClass::Normal, 41, true), Verdict::Keep);
        assert_eq!(verdict(TimeoutClass::Normal, 101, false), Verdict::GiveUp);
        assert_eq!(verdict(TimeoutClass::Urgent, 49, false), Verdict::Keep);
        assert_eq!(verdict(TimeoutClass::Dsn, 11, true), Verdict::GiveUp);
        assert_eq!(TimeoutClass::from_header(b" Non-Urgent"), TimeoutClass::NonUrgent);
    }
}
