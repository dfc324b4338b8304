//! Which keys a hash file surely does not have: most questions to maps have no answer, and the pages of a
//! file need not be searched for that.
//!
//! For a bucket that has been searched there are some bits, of which each of its keys has set one.

/// Buckets of which it is kept. One whose place is taken is not learned: files with more buckets would do nothing else.
const PLACES: usize = 8192;
/// Words of bits for a bucket, which has a hundred keys if they are short.
const WORDS: usize = 32;

/// The keys of a bucket.
#[derive(Clone)]
struct Bucket {
    number: u32,
    keys: [u64; WORDS],
}

/// What is known of one file.
#[derive(Default)]
pub(super) struct Absent {
    places: Vec<Option<Box<Bucket>>>,
}

/// The word and the bit for a key, by all bits of its hash.
fn bit_of(hash: u32) -> (usize, u64) {
    let mixed = hash.wrapping_mul(0x9E37_79B9);
    ((mixed >> (u32::BITS - WORDS.ilog2())) as usize, 1 << (mixed >> 8 & (u64::BITS - 1)))
}

impl Absent {
    fn bucket(&self, number: u32) -> Option<&Bucket> {
        let place = self.places.get(number as usize % PLACES)?;
        place.as_deref().filter(|bucket| bucket.number == number)
    }

    /// Whether there is a place for what this bucket has, which is not known yet.
    pub(super) fn has_room(&self, bucket: u32) -> bool {
        self.places.get(bucket as usize % PLACES).is_none_or(Option::is_none)
    }

    /// Whether no key of the bucket has this hash, as far as that is known.
    #[inline]
    pub(super) fn lacks(&self, bucket: u32, hash: u32) -> bool {
        let (word, bit) = bit_of(hash);
        let keys = self.bucket(bucket).and_then(|bucket| bucket.keys.get(word));
        keys.is_some_and(|keys| keys & bit == 0)
    }

    /// Takes in the hashes of all keys that the bucket has.
    pub(super) fn learn(&mut self, number: u32, hashes: &[u32]) {
        let mut keys = [0; WORDS];
        for (word, bit) in hashes.iter().map(|hash| bit_of(*hash)) {
            if let Some(word) = keys.get_mut(word) {
                *word |= bit;
            }
        }
        self.places.resize(PLACES, None);
        if let Some(place) = self.places.get_mut(number as usize % PLACES) {
            *place = Some(Box::new(Bucket { number, keys }));
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
        let mut absent = Absent::default();
        let hash = |number: u32| number.wrapping_mul(0x0100_0193) ^ 0x55;
        let keys: Vec<u32> = (0..100).map(hash).collect();
        assert!(absent.has_room(7) && !absent.lacks(7, keys[0]));
        absent.learn(7, &keys);
        assert!(!absent.has_room(7) && keys.iter().all(|key| !absent.lacks(7, *key)));
        let others = (100..1100).map(hash).filter(|key| absent.lacks(7, *key)).count();
        assert!(others > 900, "{others}");
        let same_place = 7 + PLACES as u32;
        assert!(!absent.has_room(same_place) && !absent.lacks(same_place, hash(100)));
        absent.clear();
        assert!(absent.has_room(same_place));
        absent.learn(same_place, &[]);
        assert!(absent.lacks(same_place, keys[0]) && !absent.has_room(7));
    }
}
