//! What came of holding records to a configuration: counts, and what differs, by cause.

use std::collections::HashMap;

use super::causes::Decision;
use super::judge::Doubt;
use super::{Place, System};

/// Causes kept; what further ones have is counted with [`Findings::others`].
pub const MAX_CAUSES: usize = 1000;

/// In what a record and the configuration differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Another mailer would take the recipient.
    Mailer,
    /// The same mailer would take it to another host.
    Host,
    /// What was accepted would be refused.
    Refused,
    /// What was refused would be accepted.
    Accepted,
    /// It would be refused with other codes, discarded instead, or the like.
    Verdict,
    /// It would be refused with other words.
    Words,
}

impl Kind {
    /// All of them, with the names JSON has.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Mailer, "mailer"),
        (Self::Host, "host"),
        (Self::Refused, "refused"),
        (Self::Accepted, "accepted"),
        (Self::Verdict, "verdict"),
        (Self::Words, "words"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// What differences have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// In what they differ.
    pub kind: Kind,
    /// Whose log.
    pub system: System,
    /// The ruleset that was asked; empty for the way of a recipient.
    pub asked: Vec<u8>,
    /// The first rule that decided as things are now; `None` if no rule did.
    pub rule: Option<Decision>,
    /// What happened: a mailer, a host, a reply.
    pub was: Vec<u8>,
    /// What would happen.
    pub now: Vec<u8>,
    /// Why it may be no difference after all.
    pub doubt: Option<Doubt>,
}

/// One of the records that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The address, or the arguments.
    pub subject: Vec<u8>,
    /// The client, if it is part of the question.
    pub client: Vec<u8>,
    /// The sender, likewise.
    pub sender: Vec<u8>,
    /// Where its line stands.
    pub place: Place,
}

/// A record that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub cause: Cause,
    /// Which.
    pub example: Example,
    /// How many times.
    pub times: u64,
}

/// All that differs for one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts of records and of what they were compared in.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Tally { $($(#[$doc])* pub $name: u64,)* }

        impl Tally {
            /// Every count with its name.
            #[must_use]
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

tally! {
    /// Recipients that a mailer took, or was to take.
    deliveries,
    /// Of these, those that the same mailer would take.
    same_mailer,
    /// Of these, those that would go to the same host.
    same_host,
    /// Those whose host the log and the configuration alone do not tell: its mail exchangers are not known.
    hosts_not_told,
    /// Recipients handed on by the program for submission, which has another configuration; not compared.
    submissions,
    /// Senders and clients that had been accepted.
    senders,
    /// Of these, those that would be accepted.
    same_senders,
    /// Recipients that clients had been allowed to name.
    recipients,
    /// Of these, those that would be allowed.
    same_recipients,
    /// Refusals, and what was discarded or kept by rules.
    refusals,
    /// Of these, those that would be the same.
    same_refusals,
    /// Comparisons that differ.
    different,
    /// Comparisons that differ, but might not if more was known.
    undecided,
}

/// Counts and causes.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The counts.
    pub tally: Tally,
    /// What differs; no more than [`MAX_CAUSES`].
    groups: HashMap<Cause, Group>,
    /// What differs for causes that were too many to keep.
    pub others: u64,
    /// Examples kept of each cause.
    most: usize,
}

impl Findings {
    /// Nothing yet; keeps so many examples of each cause.
    #[must_use]
    pub fn new(examples: usize) -> Self {
        Self { most: examples, ..Self::default() }
    }

    /// Takes a finding in.
    pub fn add(&mut self, finding: Finding) {
        let Finding { cause, example, times } = finding;
        match cause.doubt {
            None => self.tally.different += times,
            Some(_) => self.tally.undecided += times,
        }
        self.group(cause, times, vec![example]);
    }

    /// Takes in what came of later records.
    pub fn append(&mut self, later: Self) {
        self.tally.add(&later.tally);
        self.others += later.others;
        // in the order of their examples, so that the same log gives the same causes
        for (cause, group) in later.sorted() {
            self.group(cause, group.count, group.examples);
        }
    }

    fn group(&mut self, cause: Cause, count: u64, examples: Vec<Example>) {
        let full = self.groups.len() >= MAX_CAUSES;
        if full && !self.groups.contains_key(&cause) {
            self.others += count;
            return;
        }
        let group = self.groups.entry(cause).or_default();
        group.count += count;
        let room = self.most.saturating_sub(group.examples.len());
        group.examples.extend(examples.into_iter().take(room.max(1)));
        group.examples.truncate(self.most.max(1));
    }

    fn sorted(self) -> Vec<(Cause, Group)> {
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| first_place(group));
        groups
    }

    /// The causes: differences first, then what is undecided, each with the most frequent first.
    #[must_use]
    pub fn causes(&self) -> Vec<(&Cause, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(cause, group)| {
            (cause.doubt.is_some(), std::cmp::Reverse(group.count), first_place(group))
        });
        groups
    }

    /// Whether anything differs for certain.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.tally.different > 0
    }
}

fn first_place(group: &Group) -> (u32, u64) {
    group.examples.first().map_or((u32::MAX, u64::MAX), |it| (it.place.file, it.place.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(now: &str, line: u64, doubt: Option<Doubt>) -> Finding {
        let cause = Cause {
            kind: Kind::Mailer,
            system: System::Sendmail,
            asked: Vec::new(),
            rule: None,
            was: b"esmtp".to_vec(),
            now: now.as_bytes().to_vec(),
            doubt,
        };
        let example = Example {
            subject: b"a@b".to_vec(),
            client: Vec::new(),
            sender: Vec::new(),
            place: Place { file: 0, line },
        };
        Finding { cause, example, times: 2 }
    }

    #[test]
    fn the_most_frequent_cause_stands_first_and_doubtful_ones_last() {
        let mut all = Findings::new(2);
        for (now, line, doubt) in
            [("doubtful", 1, Some(Doubt::Exchangers)), ("rare", 2, None), ("often", 3, None)]
        {
            all.add(finding(now, line, doubt));
        }
        let mut later = Findings::new(2);
        for line in 4..9 {
            later.add(finding("often", line, None));
        }
        all.append(later);
        let shown: Vec<_> = all
            .causes()
            .into_iter()
            .map(|(cause, group)| {
                let lines: Vec<u64> = group.examples.iter().map(|it| it.place.line).collect();
                (String::from_utf8_lossy(&cause.now).into_owned(), group.count, lines)
            })
            .collect();
        let expected = [("often", 12, vec![3, 4]), ("rare", 2, vec![2]), ("doubtful", 2, vec![1])];
        assert_eq!(shown, expected.map(|(now, count, lines)| (now.to_owned(), count, lines)));
        assert_eq!((all.tally.different, all.tally.undecided), (14, 2));
    }

    #[test]
    fn causes_are_no_more_than_the_limit() {
        let mut all = Findings::new(1);
        for number in 0..MAX_CAUSES as u64 + 10 {
            all.add(finding(&number.to_string(), number, None));
        }
        assert_eq!((all.causes().len(), all.others), (MAX_CAUSES, 20));
    }
}
