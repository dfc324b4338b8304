//! Lines with holes: what a line looks like whose values are not known yet.

/// A line built with a mark in place of each unknown value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// The text in front of each hole, and behind the last.
    texts: Vec<Vec<u8>>,
    /// Which value each hole is for.
    pub(super) holes: Vec<usize>,
}

/// The mark of a value: a word that m4 and the package know nothing of.
pub(super) fn mark(number: usize) -> Vec<u8> {
    format!("xHole{number}x").into_bytes()
}

impl Template {
    /// The template of a built line; `None` if it has no mark.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let (mut texts, mut holes, mut rest) = (Vec::new(), Vec::new(), line);
        while let Some((at, number, len)) = next_mark(rest) {
            texts.push(rest.get(..at)?.to_vec());
            holes.push(number);
            rest = rest.get(at + len..)?;
        }
        if holes.is_empty() {
            return None;
        }
        texts.push(rest.to_vec());
        Some(Self { texts, holes })
    }

    /// What stands in the holes, if the line is one of these.
    pub(super) fn values(&self, line: &[u8]) -> Option<Vec<Vec<u8>>> {
        let (first, others) = self.texts.split_first()?;
        let mut rest = line.strip_prefix(&first[..])?;
        let mut values = Vec::new();
        for (at, text) in others.iter().enumerate() {
            let last = at + 1 == others.len();
            let end = if last {
                rest.len().checked_sub(text.len()).filter(|_| rest.ends_with(text))?
            } else if text.is_empty() {
                return None;
            } else {
                memchr::memmem::find(rest, text)?
            };
            values.push(rest.get(..end)?.to_vec());
            rest = rest.get(end + text.len()..)?;
        }
        Some(values)
    }

    /// How much of the line is known: more of it says more.
    pub(super) fn weight(&self) -> usize {
        self.texts.iter().map(Vec::len).sum()
    }
}

/// The next mark: where it is, its number, how long it is.
fn next_mark(text: &[u8]) -> Option<(usize, usize, usize)> {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(text.get(from..)?, b"xHole") {
        let at = from + found;
        let behind = text.get(at + 5..)?;
        let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(behind.get(..digits)?).ok().and_then(|n| n.parse().ok());
        if let (Some(number), Some(b'x')) = (number, behind.get(digits)) {
            return Some((at, number, 5 + digits + 1));
        }
        from = at + 5;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_holes() {
        let template = Template::of(b"Mlocal, P=xHole3x, A=xHole12x\n\tT=x").unwrap();
        assert_eq!(template.holes, [3, 12]);
        let values = template.values(b"Mlocal, P=/bin/x, A=x, y\n\tT=x").unwrap();
        assert_eq!(values, [b"/bin/x".to_vec(), b"x, y".to_vec()]);
        assert!(template.values(b"Mlocal, P=/bin/x\n\tT=x").is_none());
        assert!(Template::of(b"xHole xHolex xHole3").is_none());
        assert_eq!(Template::of(b"DSxHole0x").unwrap().values(b"DS"), Some(vec![Vec::new()]));
    }
}
