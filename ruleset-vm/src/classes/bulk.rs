//! Members of a large class file: an automaton instead of words, so that a million of them cost what a
//! compressed file of them would.
//!
//! An automaton is built from sorted words. The file is read several times, each time for the words of
//! one range, so that no more than one range of them is in memory at once.

use std::collections::HashMap;

use fst::raw::{Builder, Fst};

use super::fold;

/// Bytes of the words of one range, on the average.
const RANGE: usize = 1 << 20;
/// Words looked at to find ranges of the same size.
const SAMPLES: usize = 4096;
/// A file that changes while it is read is read again at most so often.
const TRIES: usize = 3;

/// Gives the words of a file, as often as they are asked for.
pub trait Words {
    /// Calls `visit` with every word in order.
    ///
    /// # Errors
    /// As the medium gives them.
    fn each(&mut self, visit: &mut dyn FnMut(&[u8])) -> std::io::Result<()>;
}

/// The members.
#[derive(Clone)]
pub(super) struct Bulk {
    /// Folded words; the outputs are their places in the order of arrival.
    pub(super) words: Fst<Vec<u8>>,
    /// First spellings of words that are not written as they are folded.
    pub(super) spellings: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl std::fmt::Debug for Bulk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bulk of {} words", self.words.len())
    }
}

impl Bulk {
    /// Reads the words; the first of them arrives as number `arrival`.
    ///
    /// # Errors
    /// The file cannot be read, or never stays the same.
    pub(super) fn read(words: &mut dyn Words, arrival: u64) -> std::io::Result<Self> {
        for _ in 0..TRIES {
            let (ranges, count) = survey(words)?;
            if let Some(bulk) = Self::collect(words, &ranges, count, arrival)? {
                return Ok(bulk);
            }
        }
        Err(std::io::Error::other("it changes while it is read"))
    }

    /// One pass for each range. `None` if the file is not the one that was surveyed.
    fn collect(
        words: &mut dyn Words,
        ranges: &[Vec<u8>],
        count: u64,
        arrival: u64,
    ) -> std::io::Result<Option<Self>> {
        let mut builder = Builder::memory();
        let mut spellings = HashMap::new();
        let mut seen = 0;
        for range in 0..=ranges.len() {
            let from = range.checked_sub(1).and_then(|before| ranges.get(before));
            let found = Range::read(words, from, ranges.get(range))?;
            seen += found.places.len() as u64;
            for (word, place) in found.first_of_each() {
                builder.insert(word, arrival + place).map_err(std::io::Error::other)?;
                if let Some(spelled) = found.spellings.get(&place) {
                    spellings.insert(word.into(), spelled.clone());
                }
            }
        }
        if seen != count {
            return Ok(None);
        }
        let bytes = builder.into_inner().map_err(std::io::Error::other)?;
        let words = Fst::new(bytes).map_err(std::io::Error::other)?;
        Ok(Some(Self { words, spellings }))
    }

    /// How many different words there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}

/// Where ranges of about the same size begin, and how many words there are.
fn survey(words: &mut dyn Words) -> std::io::Result<(Vec<Vec<u8>>, u64)> {
    let (mut count, mut bytes) = (0u64, 0);
    let mut samples: Vec<Vec<u8>> = Vec::new();
    let mut step = 1;
    words.each(&mut |word| {
        if count % step == 0 {
            samples.push(fold(word));
            if samples.len() >= 2 * SAMPLES {
                let mut number = 0;
                samples.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                step *= 2;
            }
        }
        count += 1;
        bytes += word.len();
    })?;
    samples.sort_unstable();
    let ranges = bytes / RANGE;
    let mut starts: Vec<Vec<u8>> = (1..=ranges)
        .filter_map(|n| samples.get(n * samples.len() / (ranges + 1)).cloned())
        .collect();
    starts.dedup();
    Ok((starts, count))
}

/// The words of one range, one behind the other.
#[derive(Default)]
struct Range {
    text: Vec<u8>,
    /// Start and end of a word, and its place in the file.
    places: Vec<(u32, u32, u64)>,
    /// By places, words that are not written as they are folded.
    spellings: HashMap<u64, Box<[u8]>>,
}

impl Range {
    fn read(
        words: &mut dyn Words,
        from: Option<&Vec<u8>>,
        to: Option<&Vec<u8>>,
    ) -> std::io::Result<Self> {
        let mut found = Self::default();
        let mut number = 0;
        let mut folded = Vec::new();
        words.each(&mut |word| {
            let place = number;
            number += 1;
            folded.clear();
            folded.extend(word.iter().map(u8::to_ascii_lowercase));
            let inside =
                from.is_none_or(|from| folded >= *from) && to.is_none_or(|to| folded < *to);
            let position = |length: usize| u32::try_from(length).ok();
            let start = position(found.text.len());
            let end = position(found.text.len() + folded.len());
            if let (true, Some(start), Some(end)) = (inside, start, end) {
                found.text.extend_from_slice(&folded);
                found.places.push((start, end, place));
                if word != folded.as_slice() {
                    found.spellings.insert(place, word.into());
                }
            }
        })?;
        let text = &found.text;
        found.places.sort_unstable_by(|a, b| {
            word_at(text, a).cmp(word_at(text, b)).then_with(|| a.2.cmp(&b.2))
        });
        Ok(found)
    }

    /// Each word once, with the place where it came first.
    fn first_of_each(&self) -> impl Iterator<Item = (&[u8], u64)> + '_ {
        let mut last: Option<&[u8]> = None;
        self.places.iter().filter_map(move |place| {
            let word = word_at(&self.text, place);
            (last.replace(word) != Some(word)).then_some((word, place.2))
        })
    }
}

fn word_at<'t>(text: &'t [u8], place: &(u32, u32, u64)) -> &'t [u8] {
    text.get(place.0 as usize..place.1 as usize).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(in crate::classes) struct Rows(pub(in crate::classes) Vec<Vec<u8>>);

    impl Words for Rows {
        fn each(&mut self, visit: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
            self.0.iter().for_each(|word| visit(word));
            Ok(())
        }
    }

    #[test]
    fn every_word_is_there_with_its_first_place_and_spelling() {
        // More than one range, words that come twice, words in upper case.
        let seventh = |n: usize| n.is_multiple_of(7);
        let word = |n: usize| format!("{}ost{n}.example.net", if seventh(n) { 'H' } else { 'h' });
        let mut rows: Vec<Vec<u8>> = (0..250_000).rev().map(|n| word(n).into_bytes()).collect();
        rows.extend((0..100).map(|n| word(n).to_ascii_uppercase().into_bytes()));
        let mut words = Rows(rows);
        assert!(survey(&mut words).unwrap().0.len() > 1);
        let bulk = Bulk::read(&mut words, 10).unwrap();
        assert_eq!(bulk.len(), 250_000);
        for n in [0usize, 1, 7, 99, 100, 124_999, 249_999] {
            let folded = word(n).to_ascii_lowercase().into_bytes();
            let place = bulk.words.get(&folded).map(|output| output.value());
            assert_eq!(place, Some(10 + (249_999 - n) as u64));
            let spelled = bulk.spellings.get(folded.as_slice()).map(|word| word.to_vec());
            assert_eq!(spelled, seventh(n).then(|| word(n).into_bytes()));
        }
        assert!(bulk.words.get("host250000.example.net").is_none());
    }

    #[test]
    fn a_file_that_changes_is_refused() {
        struct Growing(usize);
        impl Words for Growing {
            fn each(&mut self, visit: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
                self.0 += 1;
                (0..self.0).for_each(|n| visit(n.to_string().as_bytes()));
                Ok(())
            }
        }
        assert!(Bulk::read(&mut Growing(1), 0).is_err());
    }
}
