//! Counting commands of one session, and what too many of a kind cost (op guide 4.6, SM-061).

use std::time::Duration;

/// Longest pause before a reply.
const MAX_PAUSE: Duration = Duration::from_secs(240);

/// How often each kind of command came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) bad: u32,
    /// `NOOP` and `VERB` together (observed).
    pub(super) noop: u32,
    pub(super) hello: u32,
    pub(super) verify: u32,
    pub(super) etrn: u32,
    pub(super) auth: u32,
}

/// What a count asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    None,
    Pause(Duration),
    Close,
}

/// Judges the `count`th command of a kind with this limit; from the limit on each costs twice the
/// time of the one before, starting with one second.
pub(super) fn measure(count: u32, limit: u32, close_at_twice: bool) -> Measure {
    if limit == 0 || count < limit {
        return Measure::None;
    }
    if close_at_twice && count >= limit.saturating_mul(2) {
        return Measure::Close;
    }
    let seconds = 1u64.checked_shl(count - limit).filter(|&s| s > 0).unwrap_or(u64::MAX);
    Measure::Pause(Duration::from_secs(seconds).min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_four_minutes() {
        // SM-061, SM-015, SM-022
        let seconds = |count, limit| match measure(count, limit, false) {
            Measure::Pause(pause) => pause.as_secs(),
            _ => 0,
        };
        let pauses: Vec<u64> = (1..=7).map(|count| seconds(count, 3)).collect();
        assert_eq!(pauses, [0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(seconds(10, 3), 128);
        assert_eq!(seconds(11, 3), 240);
        assert_eq!(seconds(u32::MAX, 3), 240);
        assert_eq!(seconds(u32::MAX, 0), 0);
    }

    #[test]
    fn twice_the_limit_closes_if_children_are_limited() {
        assert_eq!(measure(6, 3, true), Measure::Close);
        assert_eq!(measure(5, 3, true), Measure::Pause(Duration::from_secs(4)));
    }
}
