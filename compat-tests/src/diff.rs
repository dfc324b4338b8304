//! Readable differences of two texts.

use std::fmt::Write;

/// Texts whose numbers of lines multiply to more than this are not aligned line by line.
const MOST_CELLS: usize = 4_000_000;

/// The lines that differ, marked `-` (expected) and `+` (actual), each run of them after the last
/// common line. Empty when the texts are equal.
pub fn diff(expected: &str, actual: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let longest_end = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let end = end.min(longest_end);
    let middle_a = a.get(start..a.len() - end).unwrap_or_default();
    let middle_b = b.get(start..b.len() - end).unwrap_or_default();
    let mut out = String::new();
    let mut before = start.checked_sub(1).and_then(|at| a.get(at)).copied();
    for (sign, line) in edits(middle_a, middle_b) {
        if sign == ' ' {
            before = Some(line);
            continue;
        }
        if let Some(line) = before.take() {
            let _ = writeln!(out, "   {line}");
        }
        let _ = writeln!(out, " {sign} {line}");
    }
    out
}

/// The first line of a [`diff`] that only one side has.
pub fn first_difference(diff: &str) -> &str {
    diff.lines().find(|line| line.starts_with(" -") || line.starts_with(" +")).unwrap_or_default()
}

/// The two texts as one list of kept, removed and added lines, by their longest common subsequence.
fn edits<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<(char, &'a str)> {
    if a.len().saturating_mul(b.len()) > MOST_CELLS {
        let removed = a.iter().map(|line| ('-', *line));
        return removed.chain(b.iter().map(|line| ('+', *line))).collect();
    }
    let width = b.len() + 1;
    // lengths[i * width + j]: the longest common subsequence of a[i..] and b[j..]
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    let get =
        |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, x) in a.iter().enumerate().rev() {
        for (j, y) in b.iter().enumerate().rev() {
            let best = if x == y {
                get(&lengths, i + 1, j + 1) + 1
            } else {
                get(&lengths, i + 1, j).max(get(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    loop {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x == y => {
                out.push((' ', *x));
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), y) if y.is_none() || get(&lengths, i + 1, j) >= get(&lengths, i, j + 1) => {
                out.push(('-', *x));
                i += 1;
            }
            (_, Some(y)) => {
                out.push(('+', *y));
                j += 1;
            }
            _ => return out,
        }
    }
}

/// Bytes as text: what is not printable ASCII as `\xNN`, a tab as `\t`.
pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' | b' '..=b'~' => out.push(char::from(byte)),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_differs() {
        insta::assert_snapshot!(diff("a\nb\nc\nd", "a\nX\nY\nd"), @r"
           a
         - b
         - c
         + X
         + Y
        ");
        insta::assert_snapshot!(diff("a\na", "a"), @r"
           a
         - a
        ");
        assert_eq!(diff("x\n", "x\n"), "");
    }

    #[test]
    fn aligns_two_changes() {
        insta::assert_snapshot!(diff("1\nkeep\n2\nend", "one\nkeep\ntwo\nmore\nend"), @r"
         - 1
         + one
           keep
         - 2
         + two
         + more
        ");
        assert_eq!(first_difference("   a\n + b\n"), " + b");
    }

    #[test]
    fn printable_keeps_lines() {
        assert_eq!(printable(b"a\tb\r\n\x81\n"), "a\\tb\\r\n\\x81\n");
    }
}
