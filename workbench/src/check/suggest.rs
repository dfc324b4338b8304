//! The name that was meant by a misspelt one.

/// The name among `known` that is nearest to `word`, if it is near: at most one letter in four is wrong,
/// missing, too many, or in the place of its neighbour. Case does not count.
pub(super) fn nearest<'k>(
    word: &[u8],
    known: impl IntoIterator<Item = &'k [u8]>,
) -> Option<&'k [u8]> {
    let most = (word.len() / 4).clamp(1, 3);
    if word.len() < 3 {
        return None;
    }
    let word = word.to_ascii_lowercase();
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(word.len()) <= most)
        .map(|name| (distance(&word, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be changed, put in, taken out or exchanged with their neighbour; names
/// longer than this are not compared.
const LONGEST: usize = 64;

fn distance(a: &[u8], b: &[u8]) -> usize {
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let left = row.get(j).copied().unwrap_or(usize::MAX);
            let above = last.get(j + 1).copied().unwrap_or(usize::MAX);
            let corner = last.get(j).copied().unwrap_or(usize::MAX);
            let mut best = (left + 1).min(above + 1).min(corner + usize::from(x != y));
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(before.get(j - 1).copied().unwrap_or(usize::MAX) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let known: [&[u8]; 4] = [b"LogLevel", b"MaxHopCount", b"AliasFile", b"smtp"];
        let rows: [(&[u8], Option<&[u8]>); 6] = [
            (b"loglevl", Some(b"LogLevel")),
            (b"MaxHopConut", Some(b"MaxHopCount")),
            (b"smpt", Some(b"smtp")),
            (b"Alias", None),
            (b"xy", None),
            (b"AliasFiles", Some(b"AliasFile")),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, known), expected, "{}", String::from_utf8_lossy(word));
        }
    }
}
