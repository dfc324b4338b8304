//! Queue ids: eight characters of time and sequence and the process id (QU-001, QU-002).

use crate::message::date::Moment;
use crate::message::envelope::QueueId;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Ids of one process within one second are told apart by a number below this (QU-002).
pub const SEQUENCES: u32 = 3600;

fn digit(value: u32) -> u8 {
    DIGITS.get(value as usize % 60).copied().unwrap_or(b'0')
}

/// The id for a moment (seconds since 1970), a process id and a sequence number; the sequence is
/// taken modulo [`SEQUENCES`].
#[must_use]
pub fn queue_id(seconds: u64, pid: u32, sequence: u32) -> QueueId {
    let now = Moment::utc(seconds).civil();
    let sequence = sequence % SEQUENCES;
    let mut id = vec![
        digit((i32::from(now.year()) - 1900).rem_euclid(60).unsigned_abs()),
        digit(u32::from(now.month().unsigned_abs()) - 1),
        digit(u32::from(now.day().unsigned_abs())),
        digit(u32::from(now.hour().unsigned_abs())),
        digit(u32::from(now.minute().unsigned_abs())),
        digit(u32::from(now.second().unsigned_abs())),
        digit(sequence / 60),
        digit(sequence % 60),
    ];
    id.extend_from_slice(format!("{pid:06}").as_bytes());
    QueueId(id)
}

/// Hands out ids of one process: never the same one twice.
///
/// When all numbers of a second are used up the next second's are lent, so that the caller need
/// not wait (the oracle sleeps until the next second).
#[derive(Clone, Debug)]
pub struct IdSource {
    pid: u32,
    second: u64,
    next: u32,
    used: u32,
}

impl IdSource {
    /// A source for a process; `start` is a random offset (QU-002).
    #[must_use]
    pub fn new(pid: u32, start: u32) -> Self {
        Self { pid, second: 0, next: start % SEQUENCES, used: 0 }
    }

    /// The next id at the time `now` (seconds since 1970).
    pub fn next(&mut self, now: u64) -> QueueId {
        if now > self.second {
            self.second = now;
            self.used = 0;
        } else if self.used >= SEQUENCES {
            self.second += 1;
            self.used = 0;
        }
        let id = queue_id(self.second, self.pid, self.next);
        self.next = (self.next + 1) % SEQUENCES;
        self.used += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_the_observed_ones() {
        // QU-001: 2026-11-22 02:57:42 UTC, process 7375; the file was qf6AM2vgb0007375.
        assert_eq!(queue_id(1_795_316_262, 7375, 37 * 60).0, b"6AM2vgb0007375");
        // QU-001: six digits at least, more when the process id has more.
        assert!(queue_id(0, 4_194_303, 3599).0.ends_with(b"xx4194303"));
    }

    #[test]
    fn a_source_never_repeats() {
        // QU-002
        let mut source = IdSource::new(1, 3590);
        let mut seen = HashSet::new();
        for step in 0..10_000u64 {
            assert!(seen.insert(source.next(1_795_316_262 + step / 9000)));
        }
    }
}
