//! The shapes of lines that the package makes: hashes of rules without their blanks and comments, and of
//! what other lines name. For when the package is not at hand.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::attribute::Origin;

/// A hash and where such a line comes from, a line each; written by a test of `mta` (`UPDATE_SHAPES=1`).
const SHAPES: &str = include_str!("shapes.txt");

/// The table.
#[must_use]
pub fn shapes() -> &'static HashMap<u64, &'static str> {
    static TABLE: OnceLock<HashMap<u64, &str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows = SHAPES.lines().filter_map(|line| line.split_once(' '));
        rows.filter_map(|(hash, name)| Some((u64::from_str_radix(hash, 16).ok()?, name))).collect()
    })
}

/// Where a line of this shape comes from.
pub(super) fn origin(line: &[u8]) -> Origin {
    match shapes().get(&shape(line)) {
        Some(name) if name.contains('/') => Origin::Frame((*name).to_owned()),
        Some(name) => Origin::Shape((*name).to_owned()),
        None => Origin::Unknown,
    }
}

/// The hash of what a line is, whatever value it gives: of a rule both sides, of others what they name.
#[must_use]
pub fn shape(line: &[u8]) -> u64 {
    let words = |text: &[u8]| -> Vec<u8> {
        let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(&b' ')
    };
    let until = |ends: &[u8]| {
        let behind = line.get(1..).unwrap_or_default();
        let end = behind.iter().position(|byte| ends.contains(byte)).unwrap_or(behind.len());
        line.get(..end + 1).unwrap_or(line).to_vec()
    };
    let what = match line.first() {
        Some(b'R') => {
            let mut columns = line.split(|byte| *byte == b'\t').filter(|text| !text.is_empty());
            let (left, right) = (columns.next(), columns.next());
            [words(left.unwrap_or_default()), words(right.unwrap_or_default())].join(&b'\t')
        }
        Some(b'O') => words(line.split(|byte| *byte == b'=').next().unwrap_or_default()),
        Some(b'M' | b'X' | b'Q') => until(b","),
        Some(b'K') => until(b" \t"),
        Some(b'D' | b'C' | b'F') => match line.get(1) {
            Some(b'{') => until(b"}"),
            _ => line.get(..2).unwrap_or(line).to_vec(),
        },
        _ => words(line),
    };
    // FNV-1a: nobody gains by a clash.
    what.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
