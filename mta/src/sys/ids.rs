//! Process id, random numbers and the sequence that keeps queue ids of one process apart.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

static SEQUENCE: AtomicU32 = AtomicU32::new(0);

/// The id of this process.
#[must_use]
pub fn process_id() -> u32 {
    std::process::id()
}

/// The next number of the process's sequence; wraps around (QU-001).
#[must_use]
pub fn next_sequence() -> u32 {
    SEQUENCE.fetch_add(1, Ordering::Relaxed)
}

/// Fills `buffer` with random bytes of the system.
pub fn fill_random(buffer: &mut [u8]) {
    let from_system =
        std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(buffer));
    if from_system.is_ok() {
        return;
    }
    // Without the device (a chroot) the hasher's keys, which the standard library takes from the
    // system call, are the next best source.
    for chunk in buffer.chunks_mut(8) {
        let word = RandomState::new().build_hasher().finish().to_ne_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// A random number.
#[must_use]
pub fn random_u64() -> u64 {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        assert_ne!(next_sequence(), next_sequence());
        assert_ne!(random_u64(), random_u64());
    }
}
