//! Random single edits of configurations, the same ones for the same seed.

use bstr::ByteSlice as _;

/// A number that the environment may set, such as how many random cases are to be tried, or from which seed.
pub fn number_from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Numbers that look random (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap_or(1)).unwrap_or(0)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }
}

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What was done, in words.
    pub kind: &'static str,
    /// Nobody writes this on purpose: a check must find it.
    pub mistake: bool,
    /// The line, from 1.
    pub line: usize,
    /// As it was.
    pub before: Vec<u8>,
    /// As it is; `None` if it is gone.
    pub after: Option<Vec<u8>>,
}

/// An edit of a line: its name, whether it is a plain mistake, how it is done. `None` where there is nothing to edit.
type Kind = (&'static str, bool, fn(&[u8], &mut Dice) -> Option<Vec<u8>>);

const KINDS: &[Kind] = &[
    ("a wildcard is another one", false, |line, dice| other_of(line, &[b"$*", b"$+", b"$-"], dice)),
    ("a class is negated, or no longer", false, |line, dice| other_of(line, &[b"$=", b"$~"], dice)),
    ("a number of a wildcard is another one", false, |line, dice| {
        other_of(line, &[b"$1", b"$2", b"$3"], dice)
    }),
    ("the rule ends otherwise", false, |line, dice| {
        other_of(line, &[b"\t$: ", b"\t$@ ", b"\t"], dice)
    }),
    ("a letter is another one", false, letter),
    ("a bracket is gone", false, |line, dice| without(line, &[b"<", b">"], dice)),
    ("a called ruleset is not there", true, |line, dice| {
        let at = *dice.pick(&line.find_iter("$>").collect::<Vec<_>>())?;
        let (head, tail) = line.split_at(at + 2);
        Some([head, b"NoSuchRuleset", tail].concat())
    }),
    ("a wildcard is meant that there is not", true, |line, _| {
        let right = line.find_byte(b'\t')?;
        let at = right + line.get(right..)?.find("$1")?;
        Some([line.get(..at)?, b"$9", line.get(at + 2..)?].concat())
    }),
    ("blanks instead of the tabs", true, |line, _| {
        let both = line.find_byte(b'\t')?;
        (both > 0).then(|| line.replace("\t", " "))
    }),
];

/// Rules before and after are wanted by edits of whole lines.
fn is_rule(line: &[u8]) -> bool {
    line.first() == Some(&b'R')
}

/// Edits one random rule (or, one time in eight, another line that addresses depend on).
pub fn edit(cf: &[u8], dice: &mut Dice) -> Option<(Vec<u8>, Edit)> {
    let lines: Vec<&[u8]> = cf.split(|byte| *byte == b'\n').collect();
    // a line that others continue is left alone
    let alone =
        |at: usize| !matches!(lines.get(at + 1).and_then(|line| line.first()), Some(b' ' | b'\t'));
    let wanted = |line: &[u8], others: bool| match line.first() {
        Some(b'R') => !others,
        Some(b'D' | b'C' | b'S') => others,
        _ => false,
    };
    let others = dice.below(8) == 0;
    let places: Vec<usize> = (0..lines.len())
        .filter(|at| alone(*at) && lines.get(*at).is_some_and(|line| wanted(line, others)))
        .collect();
    for _ in 0..100 {
        let at = *dice.pick(&places)?;
        let before = *lines.get(at)?;
        let (kind, mistake, after) = match dice.below(KINDS.len() + 1) {
            last if last == KINDS.len() => ("the line is gone", false, None),
            number => {
                let (name, mistake, change) = KINDS.get(number)?;
                match change(before, dice).filter(|after| after != before) {
                    Some(after) => (*name, *mistake && is_rule(before), Some(after)),
                    None => continue,
                }
            }
        };
        let mut edited: Vec<&[u8]> = lines.clone();
        match &after {
            Some(after) => edited[at] = after,
            None => drop(edited.remove(at)),
        }
        let text = edited.join(&b'\n');
        return Some((text, Edit { kind, mistake, line: at + 1, before: before.to_vec(), after }));
    }
    None
}

/// One of the texts, where it stands, becomes another of them.
fn other_of(line: &[u8], texts: &[&[u8]], dice: &mut Dice) -> Option<Vec<u8>> {
    let places: Vec<(usize, &[u8])> =
        texts.iter().flat_map(|text| line.find_iter(text).map(|at| (at, *text))).collect();
    let (at, text) = *dice.pick(&places)?;
    let others: Vec<&[u8]> = texts.iter().copied().filter(|other| *other != text).collect();
    let other = dice.pick(&others)?;
    Some([line.get(..at)?, other, line.get(at + text.len()..)?].concat())
}

fn without(line: &[u8], texts: &[&[u8]], dice: &mut Dice) -> Option<Vec<u8>> {
    let places: Vec<(usize, &[u8])> =
        texts.iter().flat_map(|text| line.find_iter(text).map(|at| (at, *text))).collect();
    let (at, text) = *dice.pick(&places)?;
    Some([line.get(..at)?, line.get(at + text.len()..)?].concat())
}

/// A letter behind the first of the line becomes another.
fn letter(line: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let places: Vec<usize> = (1..line.len()).filter(|at| line[*at].is_ascii_lowercase()).collect();
    let at = *dice.pick(&places)?;
    let mut line = line.to_vec();
    line[at] = b'a' + u8::try_from(dice.below(26)).unwrap_or(0);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CF: &[u8] = b"V10\nDMexample.com\nSx\nR$* < @ $+ >\t\t$: $1 $2\tcomment\nR$=w\t$@ $>y $1\nSy\nR$-\t$@ $1\n";

    #[test]
    fn the_same_seed_gives_the_same_edit() {
        for seed in 0..200 {
            let (text, edit) = super::edit(CF, &mut Dice::new(seed)).unwrap();
            assert_ne!(text, CF, "{edit:?}");
            assert_eq!(super::edit(CF, &mut Dice::new(seed)), Some((text, edit)));
        }
    }

    #[test]
    fn every_kind_comes() {
        let mut kinds: Vec<&str> =
            (0..500).filter_map(|seed| Some(edit(CF, &mut Dice::new(seed))?.1.kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len() + 1, "{kinds:?}");
    }
}
