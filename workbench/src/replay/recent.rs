//! A table of what was used lately, with a fixed number of places.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Keeps at least the `limit / 2` entries that were added or asked for last, and never more than `limit`. Two tables,
/// the younger of which becomes the older one when it is half of all: adding and asking cost the same whatever the size.
#[derive(Clone, Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// An empty table of at most so many entries (at least two).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (limit / 2).max(1) }
    }

    /// Adds an entry, in place of one with the same key. The entries that had to go, if any.
    pub fn insert(&mut self, key: K, value: V) -> HashMap<K, V> {
        let gone = self.room();
        self.old.remove(&key);
        self.young.insert(key, value);
        gone
    }

    /// The entry of a key, which counts as used, and the entries that had to go, if any.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> (Option<&mut V>, HashMap<K, V>)
    where
        K: Borrow<Q>,
    {
        let mut gone = HashMap::new();
        // taken out before there is room made: it must not be among those that go
        if let Some((key, value)) = self.old.remove_entry(key) {
            gone = self.room();
            self.young.insert(key, value);
        }
        (self.young.get_mut(key), gone)
    }

    /// The entry of a key, which counts as used; a new one if there is none. The entries that had to go, if any.
    pub fn get_or_new<Q>(&mut self, key: &Q) -> (&mut V, HashMap<K, V>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        V: Default,
    {
        if self.young.contains_key(key) {
            return (self.young.entry(key.to_owned()).or_default(), HashMap::new());
        }
        let value = self.old.remove(key).unwrap_or_default();
        let gone = self.room();
        (self.young.entry(key.to_owned()).or_insert(value), gone)
    }

    /// Takes an entry out.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Takes everything out.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        self.old.drain().chain(self.young.drain())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for one more young entry.
    fn room(&mut self) -> HashMap<K, V> {
        if self.young.len() < self.half {
            return HashMap::new();
        }
        std::mem::replace(&mut self.old, std::mem::take(&mut self.young))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut table = Recent::new(8);
        let mut gone = 0;
        for number in 0..100u32 {
            gone += table.insert(number, number).len();
            let (found, more) = table.get(&0);
            assert_eq!(found, Some(&mut 0), "{number}");
            gone += more.len();
            assert!(table.len() <= 8, "{}", table.len());
        }
        // every entry is in the table or has been given back
        assert_eq!(gone + table.len(), 100);
        assert_eq!(table.get(&1).0, None);
        assert_eq!(table.remove(&0), Some(0));
        assert_eq!(table.get(&0).0, None);
        let rest = table.len();
        assert_eq!(table.drain().count(), rest);
        assert!(table.is_empty());
    }
}
