//! Priorities: what a message starts with and what each attempt adds (QU-056 to QU-058, QU-065).

/// The factors of the configuration (ClassFactor, RecipientFactor, RetryFactor).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Subtracted once per point of message class.
    pub class: i64,
    /// Added per recipient.
    pub recipient: i64,
    /// Added per attempt.
    pub retry: i64,
}

impl Default for Factors {
    /// The oracle's defaults (QU-058).
    fn default() -> Self {
        Self { class: 1800, recipient: 30_000, retry: 90_000 }
    }
}

/// The priority of a new message; smaller runs first. `size` is in bytes (QU-056).
#[must_use]
pub fn initial(size: u64, class: i64, recipients: usize, factors: &Factors) -> i64 {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let recipients = i64::try_from(recipients).unwrap_or(i64::MAX);
    size.saturating_sub(class.saturating_mul(factors.class))
        .saturating_add(recipients.saturating_mul(factors.recipient))
}

/// The priority with which a message is read back for an attempt (QU-019, QU-057).
#[must_use]
pub fn aged(priority: i64, factors: &Factors) -> i64 {
    priority.saturating_add(factors.retry)
}

/// How busy the machine is, and what is delivered then (QU-065).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The load average, rounded.
    pub average: i64,
    /// QueueLA.
    pub limit: i64,
    /// QueueFactor.
    pub factor: i64,
}

impl Load {
    /// Whether load forbids delivering a message of this priority.
    #[must_use]
    pub fn forbids(&self, priority: i64) -> bool {
        if self.average < self.limit {
            return false;
        }
        priority > self.factor / (self.average - self.limit).saturating_add(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_priority_counts_size_class_and_recipients() {
        let factors = Factors::default();
        // QU-056, observed: 39 bytes and 4 recipients; 100 with precedence -60 and 10 recipients.
        assert_eq!(initial(39, 0, 4, &factors), 120_039);
        assert_eq!(initial(100, -60, 10, &factors), 408_100);
        assert_eq!(aged(30_245, &factors), 120_245);
        assert_eq!(initial(u64::MAX, i64::MIN, usize::MAX, &factors), i64::MAX);
    }

    #[test]
    fn load_holds_back_what_is_large() {
        // QU-065
        let at = |average| Load { average, limit: 8, factor: 600_000 };
        assert!(!at(7).forbids(i64::MAX));
        assert!(at(8).forbids(600_001));
        assert!(!at(8).forbids(600_000));
        assert!(at(9).forbids(300_001));
    }
}
