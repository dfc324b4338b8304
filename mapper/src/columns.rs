//! Cutting lines of text maps into columns (MAP-035, MAP-113).

/// Which columns hold key and value, and what separates columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Key column, from 0.
    pub(crate) key: usize,
    /// Value column, from 0.
    pub(crate) value: usize,
    /// The delimiter; none: any run of blanks.
    pub(crate) delimiter: Option<u8>,
}

impl Columns {
    /// Key and value of a line; `None` for comments and lines without these columns.
    pub(crate) fn cut<'a>(&self, line: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        if line.first() == Some(&b'#') {
            return None;
        }
        Some((column(line, self.key, self.delimiter)?, column(line, self.value, self.delimiter)?))
    }
}

/// Column `number` of a line. With a delimiter, an empty first column is no column. Without one,
/// blanks at the start of the line count as a separator, but column 0 is the first word all the
/// same (observed).
fn column(line: &[u8], number: usize, delimiter: Option<u8>) -> Option<&[u8]> {
    let Some(delimiter) = delimiter else {
        let indented = line.first().is_some_and(|&b| is_blank(b));
        let mut words = line.split(|&b| is_blank(b)).filter(|word| !word.is_empty());
        return words.nth(if indented { number.saturating_sub(1) } else { number });
    };
    let column = line.split(|&b| b == delimiter).nth(number)?;
    (number > 0 || !column.is_empty()).then_some(column)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_observed() {
        let check = |line: &[u8], number, delimiter, expected: Option<&[u8]>| {
            assert_eq!(column(line, number, delimiter), expected);
        };
        check(b":a:b", 0, Some(b':'), None);
        check(b":a:b", 1, Some(b':'), Some(b"a"));
        check(b"a:b:c", 2, Some(b':'), Some(b"c"));
        check(b"a:b:c", 3, Some(b':'), None);
        check(b"empty::x", 1, Some(b':'), Some(b""));
        check(b"k  v1   v2  ", 1, None, Some(b"v1"));
        check(b"k  v1   v2  ", 2, None, Some(b"v2"));
        check(b"m\tn\to", 2, None, Some(b"o"));
        // MAP-113
        check(b"  l v v3", 0, None, Some(b"l"));
        check(b"  l v v3", 1, None, Some(b"l"));
        check(b"  l v v3", 2, None, Some(b"v"));
    }
}
