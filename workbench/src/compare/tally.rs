//! Differences by their causes, counted.

use std::collections::HashMap;

use super::cause::Cause;
use crate::unanswered::Unanswered;

/// Examples that are kept of each cause.
const EXAMPLES: usize = 3;
/// Causes that are kept apart.
const MOST_CAUSES: usize = 10_000;

/// One result that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The address.
    pub address: Vec<u8>,
    /// What was compared.
    pub facet: Vec<u8>,
    /// The result of the first side.
    pub old: Vec<u8>,
    /// That of the second.
    pub new: Vec<u8>,
}

/// All differences of one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Addresses.
    pub addresses: u64,
    /// How many of them differ in what.
    pub facets: Vec<(Vec<u8>, u64)>,
    /// The first addresses, each with all that differs.
    pub examples: Vec<Vec<Example>>,
}

impl Group {
    fn add(&mut self, other: Self) {
        self.addresses += other.addresses;
        for (facet, count) in other.facets {
            match self.facets.iter_mut().find(|(known, _)| *known == facet) {
                Some((_, sum)) => *sum += count,
                None => self.facets.push((facet, count)),
            }
        }
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// What is known so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Addresses compared.
    pub addresses: u64,
    /// Addresses of causes beyond those that are kept apart.
    pub others: u64,
    /// What maps could not answer, on either side.
    pub unanswered: Unanswered,
    groups: HashMap<Cause, Group>,
}

impl Tally {
    /// Counts an address that differs.
    pub fn count(&mut self, cause: Cause, different: Vec<Example>) {
        let facets = different.iter().map(|example| (example.facet.clone(), 1)).collect();
        self.put(cause, Group { addresses: 1, facets, examples: vec![different] });
    }

    fn put(&mut self, cause: Cause, group: Group) {
        if self.groups.len() >= MOST_CAUSES && !self.groups.contains_key(&cause) {
            self.others += group.addresses;
            return;
        }
        self.groups.entry(cause).or_default().add(group);
    }

    /// Adds what was found of the addresses that follow.
    pub fn add(&mut self, other: Self) {
        self.addresses += other.addresses;
        self.others += other.others;
        self.unanswered.add(other.unanswered);
        for (cause, group) in other.groups {
            self.put(cause, group);
        }
    }

    /// Addresses that differ.
    #[must_use]
    pub fn different(&self) -> u64 {
        self.others + self.groups.values().map(|group| group.addresses).sum::<u64>()
    }

    /// The causes, the most frequent first.
    #[must_use]
    pub fn groups(&self) -> Vec<(&Cause, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by(|(a, x), (b, y)| y.addresses.cmp(&x.addresses).then_with(|| a.cmp(b)));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(address: &str) -> Example {
        Example {
            address: address.into(),
            facet: b"triple".to_vec(),
            old: b"a".to_vec(),
            new: b"b".to_vec(),
        }
    }

    #[test]
    fn sums_do_not_depend_on_batches() {
        let addresses: Vec<String> = (0..20).map(|n| format!("user{n}")).collect();
        let cause = |n: usize| {
            if n.is_multiple_of(3) { Cause::Around } else { Cause::Map(b"access".into()) }
        };
        let tally = |size: usize| {
            let mut all = Tally::default();
            for (batch, part) in addresses.chunks(size).enumerate() {
                let mut tally = Tally::default();
                for (at, address) in part.iter().enumerate() {
                    tally.addresses += 1;
                    tally.count(cause(batch * size + at), vec![example(address)]);
                }
                all.add(tally);
            }
            all
        };
        assert_eq!(tally(20), tally(3));
        let all = tally(7);
        assert_eq!((all.addresses, all.different()), (20, 20));
        let groups = all.groups();
        assert_eq!(groups[0].1.addresses, 13);
        assert_eq!(groups[0].1.examples.len(), EXAMPLES);
        assert_eq!(groups[0].1.examples[0][0].address, b"user1");
    }
}
