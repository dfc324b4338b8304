//! The addresses that are put through every configuration.

use crate::{Result, at};
use std::path::{Path, PathBuf};

/// How many addresses are taken by default; `BANGPATH_COMPAT_ADDRESSES` changes it, 0 takes all.
const DEFAULT_COUNT: usize = 500;

/// The shared corpus beside the repository, when this machine has it.
pub fn corpus_dir() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    dir.join("cf").is_dir().then_some(dir)
}

/// The list of addresses: the corpus where present, else `addresses.txt` of this directory.
pub fn all() -> Result<Vec<Vec<u8>>> {
    let shared = corpus_dir().map(|dir| dir.join("addresses.txt")).filter(|path| path.exists());
    let path =
        shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("addresses.txt"));
    Ok(parse(&at(&path, std::fs::read(&path))?))
}

/// A sample of the list, evenly spread over its sections.
pub fn sample() -> Result<Vec<Vec<u8>>> {
    let count = std::env::var("BANGPATH_COMPAT_ADDRESSES").ok().and_then(|n| n.parse().ok());
    Ok(spread(all()?, count.unwrap_or(DEFAULT_COUNT)))
}

/// `count` members at even distances; everything when `count` is 0.
pub fn spread(all: Vec<Vec<u8>>, count: usize) -> Vec<Vec<u8>> {
    let total = all.len();
    if count == 0 || count >= total {
        return all;
    }
    let picked = |at: usize| (at * count) / total != ((at + 1) * count) / total;
    all.into_iter().enumerate().filter(|(at, _)| picked(*at)).map(|(_, line)| line).collect()
}

fn parse(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|&b| b == b'\n');
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_evenly() {
        let all: Vec<Vec<u8>> = (0..10u8).map(|n| vec![n]).collect();
        assert_eq!(spread(all.clone(), 5).len(), 5);
        assert_eq!(spread(all.clone(), 3), [vec![3], vec![6], vec![9]]);
        assert_eq!(spread(all, 0).len(), 10);
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(parse(b"# x\n\na@b\n c \n"), [b"a@b".to_vec(), b" c ".to_vec()]);
    }
}
