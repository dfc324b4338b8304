//! The format of an `F` line: the part of `scanf(3)` that picks one text out of a line (CF-049).

/// A format with one conversion whose text counts.
#[derive(Clone, Debug)]
pub(super) struct ScanFormat {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Any run of white space, even none.
    Blank,
    /// This octet.
    Literal(u8),
    /// A conversion.
    Convert { kind: Kind, width: usize, skipped: bool },
}

#[derive(Clone, Debug)]
enum Kind {
    /// `%s`: the next word.
    Word,
    /// `%c`: octets as they come.
    Octets,
    /// `%[…]`: the longest run of (or outside) a set of octets; at least one.
    Set(Box<[bool; 256]>),
}

impl Default for ScanFormat {
    fn default() -> Self {
        let word = Step::Convert { kind: Kind::Word, width: usize::MAX, skipped: false };
        Self { steps: vec![word] }
    }
}

impl ScanFormat {
    /// Reads a format; without a conversion it is `%s`.
    pub(super) fn parse(format: &[u8]) -> Self {
        let mut rest = format.trim_ascii();
        let mut steps = Vec::new();
        let mut counts = false;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                b'%' if rest.first() == Some(&b'%') => {
                    steps.push(Step::Literal(b'%'));
                    rest = &rest[1..];
                }
                b'%' => {
                    let step = conversion(&mut rest);
                    counts |= matches!(step, Step::Convert { skipped: false, .. });
                    steps.push(step);
                }
                byte if byte.is_ascii_whitespace() => steps.push(Step::Blank),
                byte => steps.push(Step::Literal(byte)),
            }
        }
        if counts { Self { steps } } else { Self::default() }
    }

    /// What the conversion takes of a line; empty if the line does not fit.
    pub(super) fn scan<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        let mut line = line;
        for step in &self.steps {
            match step {
                Step::Blank => line = line.trim_ascii_start(),
                Step::Literal(byte) => match line.split_first() {
                    Some((first, rest)) if first == byte => line = rest,
                    _ => return b"",
                },
                Step::Convert { kind, width, skipped } => {
                    let (taken, rest) = kind.take(line, *width);
                    if !skipped {
                        return taken;
                    }
                    if taken.is_empty() {
                        return b"";
                    }
                    line = rest;
                }
            }
        }
        b""
    }
}

/// What stands behind a `%`.
fn conversion(rest: &mut &[u8]) -> Step {
    let text = *rest;
    let (skipped, text) = match text.strip_prefix(b"*") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, text) = text.split_at(digits);
    let width = match crate::load::leading_number(number) {
        0 => None,
        number => usize::try_from(number).ok(),
    };
    let (kind, behind) = match text.split_first() {
        Some((b'[', set)) => set_of(set),
        Some((b'c', behind)) => (Kind::Octets, behind),
        Some((_, behind)) => (Kind::Word, behind),
        None => (Kind::Word, text),
    };
    *rest = behind;
    let usual = if matches!(kind, Kind::Octets) { 1 } else { usize::MAX };
    Step::Convert { kind, width: width.unwrap_or(usual), skipped }
}

/// The set behind `[`, and what follows its `]`.
fn set_of(text: &[u8]) -> (Kind, &[u8]) {
    let (negate, text) = match text.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // A bracket directly behind the opening one belongs to the set.
    let end = text.iter().skip(1).position(|b| *b == b']').map_or(text.len(), |at| at + 1);
    let (members, behind) = text.split_at(end);
    let mut inside = Box::new([negate; 256]);
    let mut at = 0;
    while let Some(&low) = members.get(at) {
        let high = match members.get(at + 1..at + 3) {
            Some(&[b'-', high]) => {
                at += 2;
                high
            }
            _ => low,
        };
        (low..=high).for_each(|byte| inside[usize::from(byte)] = !negate);
        at += 1;
    }
    (Kind::Set(inside), behind.get(1..).unwrap_or_default())
}

impl Kind {
    fn take<'l>(&self, line: &'l [u8], width: usize) -> (&'l [u8], &'l [u8]) {
        let line = if matches!(self, Self::Word) { line.trim_ascii_start() } else { line };
        let inside = |byte: &&u8| match self {
            Self::Word => !byte.is_ascii_whitespace(),
            Self::Octets => true,
            Self::Set(set) => set[usize::from(**byte)],
        };
        line.split_at(line.iter().take(width).take_while(inside).count())
    }
}

#[cfg(test)]
mod tests {
    use super::ScanFormat;

    #[test]
    fn formats_pick_one_text() {
        // CF-048, CF-049
        let rows = [
            ("%s", "  one two", "one"),
            ("%[^\\#]", "one two # x", "one two "),
            ("%[^ ]", "a b", "a"),
            ("%[^ ]", " b", ""),
            ("%*[^:]:%s", "key1:value1", "value1"),
            ("%*[^:]:%s", "none", ""),
            ("%*s %s", "a  b c", "b"),
            ("%[^:]", "key1:value1", "key1"),
            ("%3s", "abcdef", "abc"),
            ("x%s", "xab", "ab"),
            ("x%s", "yab", ""),
            ("%[a-c]", "abcd", "abc"),
            ("%[]x]", "]x]y", "]x]"),
            ("%%%s", "%a", "a"),
            ("", "a b", "a"),
            ("%", "a b", "a"),
        ];
        for (format, line, expected) in rows {
            let found = ScanFormat::parse(format.as_bytes()).scan(line.as_bytes());
            assert_eq!(String::from_utf8_lossy(found), expected, "{format} on {line}");
        }
    }
}
