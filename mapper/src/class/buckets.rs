//! Which keys are in the buckets of a hash file, as far as that is known: most questions to maps have no answer, and
//! the pages of a file need not be searched for that; and of a key that is there, the place in its page.
//!
//! For a bucket that has been searched there are sixteen bits of the hash of each of its keys, in their order.

/// Buckets of which it is kept. One whose place is taken is not learned: files with more buckets would do nothing else.
const MOST: u32 = 1 << 15;
/// Hashes that are compared at once.
const AT_ONCE: usize = 16;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Nothing.
    Unknown,
    /// The file does not have it.
    Nowhere,
    /// If the file has it, it is most likely the key that stands at this place of its bucket.
    At(usize),
}

/// The keys of a bucket.
#[derive(Clone, Debug)]
struct Bucket {
    number: u32,
    keys: Box<[u16]>,
}

/// What is known of one file.
#[derive(Debug)]
pub(super) struct Buckets {
    places: Vec<Option<Bucket>>,
    /// How many places there are once there are any, a power of two.
    room: u32,
}

/// The bits that are kept of a hash: those that selected the bucket are the same for all its keys.
fn kept(hash: u32) -> u16 {
    (hash.wrapping_mul(0x9E37_79B9) >> 16) as u16
}

impl Buckets {
    /// Nothing is known of a file with so many buckets.
    pub(super) fn new(buckets: u32) -> Self {
        Self { places: Vec::new(), room: buckets.clamp(1, MOST).next_power_of_two() }
    }

    fn place(&self, bucket: u32) -> usize {
        (bucket & (self.room - 1)) as usize
    }

    /// Whether there is a place for what this bucket has, which is not known yet.
    pub(super) fn has_room(&self, bucket: u32) -> bool {
        self.places.get(self.place(bucket)).is_none_or(Option::is_none)
    }

    /// What is known of the key with this hash, which would be in this bucket.
    #[inline]
    pub(super) fn find(&self, bucket: u32, hash: u32) -> Where {
        let known = self.places.get(self.place(bucket)).and_then(Option::as_ref);
        let Some(known) = known.filter(|known| known.number == bucket) else {
            return Where::Unknown;
        };
        let wanted = kept(hash);
        for (nth, keys) in known.keys.chunks(AT_ONCE).enumerate() {
            // without a way out of the loop, so that the compiler compares them together
            if keys.iter().fold(false, |any, key| any | (*key == wanted)) {
                let within = keys.iter().position(|key| *key == wanted);
                return Where::At(nth * AT_ONCE + within.unwrap_or_default());
            }
        }
        Where::Nowhere
    }

    /// Takes in the hashes of all keys that the bucket has, in their order.
    pub(super) fn learn(&mut self, number: u32, hashes: &[u32]) {
        let keys = hashes.iter().map(|hash| kept(*hash)).collect();
        self.places.resize(self.room as usize, None);
        let place = self.place(number);
        if let Some(place) = self.places.get_mut(place) {
            *place = Some(Bucket { number, keys });
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bucket_has_is_never_lacking() {
        let mut buckets = Buckets::new(1000);
        let hash = |number: u32| number.wrapping_mul(0x0100_0193) ^ 0x55;
        let keys: Vec<u32> = (0..100).map(hash).collect();
        assert!(buckets.has_room(7) && buckets.find(7, keys[0]) == Where::Unknown);
        buckets.learn(7, &keys);
        assert!(!buckets.has_room(7));
        let same = |(nth, key): (usize, &u32)| buckets.find(7, *key) == Where::At(nth);
        assert!(keys.iter().enumerate().all(same));
        let others = (100..1100).filter(|n| buckets.find(7, hash(*n)) == Where::Nowhere).count();
        assert!(others > 990, "{others}");
        let same_place = 7 + 1024;
        assert!(!buckets.has_room(same_place));
        assert_eq!(buckets.find(same_place, hash(100)), Where::Unknown);
        buckets.clear();
        assert!(buckets.has_room(same_place));
        buckets.learn(same_place, &[]);
        assert_eq!(buckets.find(same_place, keys[0]), Where::Nowhere);
        assert!(!buckets.has_room(7));
    }

    #[test]
    fn room_for_files_of_any_size() {
        for count in [0, 1, 3, MOST, MOST + 1, u32::MAX] {
            let mut buckets = Buckets::new(count);
            buckets.learn(count, &[1, 2]);
            assert_eq!(buckets.find(count, 2), Where::At(1), "{count}");
        }
    }
}
