//! The lines of a file that say something, and how two files are aligned.

use std::collections::HashMap;

/// A line with its continuations; comments and empty lines are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its first physical line, from 1.
    pub number: u32,
    /// Its last physical line.
    pub last: u32,
    /// Its text without blanks at the ends of physical lines.
    pub text: Vec<u8>,
}

/// The lines that say something.
#[must_use]
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let mut open = false;
    for (index, physical) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let text = physical.trim_ascii_end();
        if physical.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            if let Some(line) = out.last_mut().filter(|_| open && !text.is_empty()) {
                line.text.push(b'\n');
                line.text.extend_from_slice(text);
                line.last = number;
            }
            continue;
        }
        open = !text.is_empty() && !text.starts_with(b"#");
        if open {
            out.push(Line { number, last: number, text: text.to_vec() });
        }
    }
    out
}

/// Most cells of the table that aligns two files; beyond, only their common beginning and end are.
const MOST_CELLS: usize = 64 << 20;

/// The pairs of equal lines in order, as many as possible: index of the first, index of the second.
#[must_use]
pub(super) fn aligned(old: &[Line], new: &[Line]) -> Vec<(usize, usize)> {
    let mut ids: HashMap<&[u8], u32> = HashMap::new();
    let mut number = |text| {
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        *ids.entry(text).or_insert(next)
    };
    let old: Vec<u32> = old.iter().map(|line| number(&line.text[..])).collect();
    let new: Vec<u32> = new.iter().map(|line| number(&line.text[..])).collect();
    let front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (rest_old, rest_new) =
        (old.get(front..).unwrap_or_default(), new.get(front..).unwrap_or_default());
    let back = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle_old = rest_old.get(..rest_old.len() - back).unwrap_or_default();
    let middle_new = rest_new.get(..rest_new.len() - back).unwrap_or_default();
    let mut pairs: Vec<(usize, usize)> = (0..front).map(|at| (at, at)).collect();
    if middle_old.len().saturating_mul(middle_new.len()) <= MOST_CELLS {
        let found = longest(middle_old, middle_new);
        pairs.extend(found.into_iter().map(|(a, b)| (front + a, front + b)));
    }
    pairs.extend((0..back).rev().map(|at| (old.len() - 1 - at, new.len() - 1 - at)));
    pairs
}

/// The longest common subsequence.
fn longest(old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut table = vec![0_u32; (old.len() + 1) * width];
    let cell = |table: &[u32], a: usize, b: usize| table.get(a * width + b).copied().unwrap_or(0);
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            let value = if old.get(a) == new.get(b) {
                cell(&table, a + 1, b + 1) + 1
            } else {
                cell(&table, a + 1, b).max(cell(&table, a, b + 1))
            };
            if let Some(place) = table.get_mut(a * width + b) {
                *place = value;
            }
        }
    }
    let (mut a, mut b) = (0, 0);
    let mut pairs = Vec::new();
    while a < old.len() && b < new.len() {
        if old.get(a) == new.get(b) {
            pairs.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if cell(&table, a + 1, b) >= cell(&table, a, b + 1) {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}
