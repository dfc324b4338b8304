//! Cutting lines of text maps into columns (MAP-035, MAP-113).

use crate::flags::{self, Common};

/// Which columns of a text hold key and value, and what separates columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Key column, from 0.
    pub key: usize,
    /// Value column, from 0.
    pub value: usize,
    /// The delimiter; none: any run of blanks.
    pub delimiter: Option<u8>,
}

/// A flag for a column whose value is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("-{flag} should specify a number, not {}", String::from_utf8_lossy(.text))]
pub(crate) struct NoNumber {
    pub(crate) flag: char,
    pub(crate) text: Vec<u8>,
}

impl Columns {
    /// What the flags of a `K` line of class `text` say.
    ///
    /// # Errors
    /// What is wrong with them, each as a text.
    pub fn from_flags(flags: &[u8]) -> Result<Self, Vec<Vec<u8>>> {
        let mut common = Common::default();
        let mut errors = flags::parse(&mut common, flags);
        if !common.file.is_empty() {
            errors.push([b"no flag: ", &common.file[..]].concat());
        }
        let columns = Self::of(&common).map_err(|error| error.to_string().into_bytes());
        match columns {
            Ok(columns) if errors.is_empty() => Ok(columns),
            Ok(_) => Err(errors),
            Err(error) => Err([errors, vec![error]].concat()),
        }
    }

    /// What the flags `-k`, `-v` and `-z` of a map say.
    pub(crate) fn of(common: &Common) -> Result<Self, NoNumber> {
        let number = |flag, text: &[u8]| {
            column_number(text).ok_or_else(|| NoNumber { flag, text: text.to_vec() })
        };
        Ok(Self {
            key: number('k', &common.key_column)?,
            value: number('v', &common.value_column)?,
            delimiter: common.delimiter,
        })
    }

    /// Key and value of a line; `None` for comments and lines without these columns.
    #[must_use]
    pub fn cut<'a>(&self, line: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        if line.first() == Some(&b'#') {
            return None;
        }
        let column = |number| column(line, number, self.delimiter).map(shortened);
        Some((column(self.key)?, column(self.value)?))
    }
}

/// Most bytes of a column, and of the key that is looked for (observed).
pub(crate) const MAX_COLUMN: usize = 256;

/// What counts of a key or a column.
pub(crate) fn shortened(text: &[u8]) -> &[u8] {
    text.get(..MAX_COLUMN).unwrap_or(text)
}

/// Column `number` of a line. With a delimiter, an empty first column is no column. Without one,
/// blanks at the start of the line count as a separator, but column 0 is the first word all the
/// same; blanks at its end are followed by an empty column (observed).
fn column(line: &[u8], number: usize, delimiter: Option<u8>) -> Option<&[u8]> {
    let Some(delimiter) = delimiter else {
        let indented = line.first().is_some_and(|&b| is_blank(b));
        let end = line.last().is_some_and(|&b| is_blank(b)).then_some(&b""[..]);
        let words = line.split(|&b| is_blank(b)).filter(|word| !word.is_empty());
        let number = if indented { number.saturating_sub(1) } else { number };
        return words.chain(end).nth(number);
    };
    let column = line.split(|&b| b == delimiter).nth(number)?;
    (number > 0 || !column.is_empty()).then_some(column)
}

/// A column number; none given is 0.
fn column_number(text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let first_is_digit = text.first().is_some_and(u8::is_ascii_digit);
    first_is_digit.then(|| usize::try_from(crate::class::arith::number(text)).ok()).flatten()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_numbers() {
        assert_eq!(column_number(b""), Some(0));
        assert_eq!(column_number(b"12"), Some(12));
        assert_eq!(column_number(b"-1"), None);
        assert_eq!(column_number(b"foo"), None);
    }

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
        check(b"k  v1   v2  ", 3, None, Some(b""));
        check(b"k", 1, None, None);
        check(b"m\tn\to", 2, None, Some(b"o"));
        // MAP-113
        check(b"  l v v3", 0, None, Some(b"l"));
        check(b"  l v v3", 1, None, Some(b"l"));
        check(b"  l v v3", 2, None, Some(b"v"));
    }
}
