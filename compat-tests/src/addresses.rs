//! The addresses that are put through every configuration.

use crate::{Result, at};
use std::path::{Path, PathBuf};

/// `BANGPATH_COMPAT_ADDRESSES`: how many addresses each configuration is to get, 0 for all.
pub fn wished() -> Option<usize> {
    std::env::var("BANGPATH_COMPAT_ADDRESSES").ok()?.parse().ok()
}

/// The shared corpus beside the repository or beside a directory above it, when this machine has it.
pub fn corpus_dir() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|dir| dir.join("shared/corpus")).find(|dir| dir.join("cf").is_dir())
}

/// The list of addresses: the corpus where present, else `addresses.txt` of this directory.
pub fn all() -> Result<Vec<Vec<u8>>> {
    let shared = corpus_dir().map(|dir| dir.join("addresses.txt")).filter(|path| path.exists());
    let path =
        shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("addresses.txt"));
    Ok(parse(&at(&path, std::fs::read(&path))?))
}

/// `count` members at even distances, the sample number `turn` of those that cover all; everything
/// when `count` is 0.
pub fn spread(all: &[Vec<u8>], count: usize, turn: usize) -> Vec<Vec<u8>> {
    let total = all.len();
    if count == 0 || count >= total {
        return all.to_vec();
    }
    let shift = turn % total.div_ceil(count);
    (0..count).filter_map(|at| all.get((at * total / count + shift) % total)).cloned().collect()
}

fn parse(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|&b| b == b'\n');
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_cover_the_list() {
        let all: Vec<Vec<u8>> = (0..10u8).map(|n| vec![n]).collect();
        assert_eq!(spread(&all, 3, 0), [vec![0], vec![3], vec![6]]);
        assert_eq!(spread(&all, 3, 1), [vec![1], vec![4], vec![7]]);
        assert_eq!(spread(&all, 0, 5).len(), 10);
        let mut seen: Vec<Vec<u8>> = (0..4).flat_map(|turn| spread(&all, 3, turn)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, all);
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(parse(b"# x\n\na@b\n c \n"), [b"a@b".to_vec(), b" c ".to_vec()]);
    }
}
