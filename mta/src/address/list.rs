//! Lists of recipients in alias values, `.forward` and `:include:` files (AD-006, AD-023).
//!
//! Pure and linear in the text.

use ruleset_vm::operators::Operators;
use ruleset_vm::prescan::{Complaint, Mode, prescan};

/// One element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The address as written, comments and display text included.
    pub text: &'a [u8],
    /// The list from this element on; messages about its syntax name all of it.
    pub rest: &'a [u8],
    /// What is wrong with its syntax.
    pub complaints: Vec<Complaint>,
}

/// The elements of one line or alias value. Commas separate, blanks do not.
#[must_use]
pub fn elements<'a>(list: &'a [u8], operators: &Operators) -> Vec<Element<'a>> {
    let mut found = Vec::new();
    let mut rest = list;
    loop {
        let skipped = rest.iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return found;
        }
        let mode = Mode { operators, delimiter: Some(b','), comments: true, ignore: false };
        let scan = prescan(rest, mode);
        // A scan that gives up at once must not stop the walk.
        let used = scan.used.clamp(1, rest.len());
        let (text, after) = rest.split_at(used);
        let text = text.trim_ascii_end();
        found.push(Element { text, rest, complaints: scan.complaints });
        rest = after;
    }
}

/// One line of a file that is no comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Without the line end.
    pub text: &'a [u8],
    /// Where the next line begins, in bytes from the start of the file.
    pub next: usize,
}

/// The first line at or behind `from` that is neither empty nor a comment; `lines_before` lines stand
/// in front of `from`.
#[must_use]
pub fn next_line(content: &[u8], from: usize, lines_before: usize) -> Option<Line<'_>> {
    let (mut at, mut number) = (from, lines_before);
    loop {
        let rest = content.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        at += length + 1;
        number += 1;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() && text.first() != Some(&b'#') {
            return Some(Line { number, text, next: at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_unless_protected() {
        let check = |list: &str, expected: &[&str]| {
            let operators = Operators::new(b".:%@!^/[]+");
            let elements = elements(list.as_bytes(), &operators);
            let found: Vec<_> = elements.iter().map(|e| String::from_utf8_lossy(e.text)).collect();
            assert_eq!(found, expected, "{list:?}");
        };
        check("alice, bob ,, carol", &["alice", "bob", "carol"]); // AD-006
        check("a@x b@x", &["a@x b@x"]); // AD-023
        check("\"|cat a, b\", /tmp/f", &["\"|cat a, b\"", "/tmp/f"]);
        check("x (a, b), <@p,@q:r@s>, t", &["x (a, b)", "<@p,@q:r@s>", "t"]);
        check(":include:/l, \\me", &[":include:/l", "\\me"]);
        check(" , ", &[]);
    }

    #[test]
    fn lines_keep_their_numbers() {
        // AD-023
        let content = b"a\n\n# c\r\nb, c\r\n  (x)\nlast";
        let mut found = Vec::new();
        let (mut from, mut number) = (0, 0);
        while let Some(line) = next_line(content, from, number) {
            found.push((line.number, String::from_utf8_lossy(line.text)));
            (from, number) = (line.next, line.number);
        }
        let expected = [(1, "a"), (4, "b, c"), (5, "  (x)"), (6, "last")];
        assert_eq!(found, expected.map(|(n, text)| (n, text.into())));
    }

    proptest::proptest! {
        #[test]
        fn elements_lose_nothing_but_separators(list in "[a-c@<>\"(), \\\\]{0,60}") {
            let kept = |text: &[u8]| -> Vec<u8> {
                text.iter().copied().filter(|b| !b", ".contains(b)).collect()
            };
            let operators = Operators::new(b".@");
            let found: Vec<u8> =
                elements(list.as_bytes(), &operators).iter().flat_map(|e| e.text.to_vec()).collect();
            proptest::prop_assert_eq!(kept(&found), kept(list.as_bytes()));
        }
    }
}
