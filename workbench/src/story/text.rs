//! A story for people.

use super::{Asking, Attempt, Firing, Passage, Step, Story, Words};
use crate::source::Source;

/// How a story is shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The file, for places.
    pub source: &'a Source,
    /// Escapes of a terminal may be used.
    pub colour: bool,
}

/// Escapes for what stands out.
const BOLD: &[u8] = b"\x1b[1m";
const DIM: &[u8] = b"\x1b[2m";
const PLAIN: &[u8] = b"\x1b[0m";

impl Shown<'_> {
    /// All steps, each ruleset's below its name.
    #[must_use]
    pub fn story(self, story: &Story) -> Vec<u8> {
        let mut out = Vec::new();
        self.steps(&story.steps, 1, &mut out);
        if story.cut {
            line(&mut out, 1, &[b"... and more than is kept"]);
        }
        out
    }

    fn steps(self, steps: &[Step], depth: usize, out: &mut Vec<u8>) {
        for step in steps {
            match step {
                Step::Ruleset(passage) => self.passage(passage, depth, out),
                Step::Rule(firing) => self.firing(firing, depth, out),
                Step::Map(asking) => line(out, depth, &[&lookup(asking)]),
                Step::Macro { name, value } => {
                    line(out, depth, &[&macro_read(name, value.as_deref())])
                }
                Step::Skipped(name) => line(out, depth, &[b"ruleset ", name, b" has no rules"]),
                Step::Looping => line(out, depth, &[b"a rule was applied too often"]),
                Step::Message(text) => line(out, depth, &[b"message: ", text]),
            }
        }
    }

    fn passage(self, passage: &Passage, depth: usize, out: &mut Vec<u8>) {
        let Passage { name, before, after, steps, tried, .. } = passage;
        let name = self.styled(BOLD, name);
        if steps.is_empty() && before == after {
            let tried = match tried {
                0 => String::new(),
                tried => format!("  (none of its {tried} rules matches)"),
            };
            line(out, depth, &[&name, b"  ", &sentence(before), tried.as_bytes()]);
            return;
        }
        line(out, depth, &[&name, b"  ", &sentence(before)]);
        self.steps(steps, depth + 1, out);
        line(out, depth, &[&self.styled(DIM, b"returns"), b"  ", &sentence(after)]);
    }

    fn firing(self, firing: &Firing, depth: usize, out: &mut Vec<u8>) {
        let place = self.source.place(firing.span.line);
        let rule = [b"R", &firing.lhs[..], b"  ->  ", &firing.rhs].concat();
        line(out, depth, &[&self.styled(DIM, &place), b"  ", &rule]);
        line(out, depth + 1, &[b"   ", &sentence(&firing.before)]);
        let marks = marks(&firing.before, &firing.captures);
        if !marks.is_empty() {
            line(out, depth + 1, &[b"   ", &marks]);
        }
        self.steps(&firing.steps, depth + 1, out);
        match &firing.after {
            Some(after) => line(out, depth + 1, &[b"=> ", &sentence(after)]),
            None => line(out, depth + 1, &[b"=> could not be built"]),
        }
    }

    /// Why a rule did not fire.
    #[must_use]
    pub fn attempts(self, line_number: u32, attempts: &[Attempt], entered: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let place = self.source.place(line_number);
        line(
            &mut out,
            0,
            &[&self.styled(BOLD, b"why not "), &place, b"  ", self.source.line(line_number)],
        );
        if let Some(why) = never_tried(attempts, entered) {
            line(&mut out, 1, &[why]);
        }
        for attempt in attempts {
            self.attempt(attempt, &mut out);
        }
        out
    }

    fn attempt(self, attempt: &Attempt, out: &mut Vec<u8>) {
        let Attempt { ruleset, workspace, used, matched, .. } = attempt;
        line(out, 1, &[&ruleset[..], b"  ", &sentence(workspace)]);
        line(out, 2, &[&outcome(attempt)]);
        if *matched {
            return;
        }
        let before: usize = workspace.iter().take(*used).map(|word| word.len() + 1).sum();
        line(out, 2, &[&sentence(workspace)]);
        line(out, 2, &[&b" ".repeat(before), b"^"]);
    }

    fn styled(self, style: &[u8], text: &[u8]) -> Vec<u8> {
        if self.colour { [style, text, PLAIN].concat() } else { text.to_vec() }
    }
}

/// Why a rule was not tried at all.
pub(super) fn never_tried(attempts: &[Attempt], entered: usize) -> Option<&'static [u8]> {
    match (attempts, entered) {
        ([], 0) => Some(b"its ruleset was never called for this address"),
        ([], _) => {
            Some(b"it was never compared: an earlier rule returned, or resolved the address")
        }
        _ => None,
    }
}

/// How far a rule matched.
pub(crate) fn outcome(attempt: &Attempt) -> Vec<u8> {
    let Attempt { workspace, lhs, good, used, matched, .. } = attempt;
    if *matched {
        return b"it matched".to_vec();
    }
    let (head, tail) = lhs.split_at((*good).min(lhs.len()));
    let at = match workspace.get(*used) {
        Some(word) => [b"at \"", &word[..], b"\""].concat(),
        None => b"at the end of the workspace".to_vec(),
    };
    match tail.first() {
        Some(wanted) => {
            let head = if head.is_empty() { b"nothing".to_vec() } else { head.join(&b' ') };
            [b"matched ", &head[..], b", then wanted ", wanted, b" ", &at].concat()
        }
        None => [b"all of ", &head.join(&b' ')[..], b" matches, but text is left ", &at].concat(),
    }
}

/// `map access (key) = value`
pub(crate) fn lookup(asking: &Asking) -> Vec<u8> {
    let Asking { map, key, args, value, unasked } = asking;
    let mut out = [b"map ", &map[..], b" (", key].concat();
    for arg in args {
        out.extend([b", ", &arg[..]].concat());
    }
    out.push(b')');
    match (value, unasked) {
        (_, Some(kind)) => {
            let name = kind.name();
            out.extend(format!(" not asked; --allow {name} would").into_bytes());
        }
        (Some(value), None) => out.extend([b" = ", &value[..]].concat()),
        (None, None) => out.extend_from_slice(b" has nothing"),
    }
    out
}

/// `macro {name} = value`
pub(crate) fn macro_read(name: &[u8], value: Option<&[u8]>) -> Vec<u8> {
    let name = match name {
        [_] => name.to_vec(),
        _ => [b"{", name, b"}"].concat(),
    };
    match value {
        Some(value) => [b"macro ", &name[..], b" = ", value].concat(),
        None => [b"macro ", &name[..], b" is not defined"].concat(),
    }
}

fn line(out: &mut Vec<u8>, depth: usize, parts: &[&[u8]]) {
    out.extend(std::iter::repeat_n(b' ', depth * 2));
    parts.iter().for_each(|part| out.extend_from_slice(part));
    while out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

/// The words with blanks between; what is empty is shown as such.
fn sentence(words: &Words) -> Vec<u8> {
    if words.is_empty() { b"(nothing)".to_vec() } else { words.join(&b' ') }
}

/// A line below the words that has the number of each wildcard under what it took.
fn marks(words: &Words, captures: &[(usize, usize)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for (at, word) in words.iter().enumerate() {
        let taken = captures.iter().position(|(from, to)| (*from..*to).contains(&at));
        if let Some(number) = taken {
            out.resize(column, b' ');
            let digit = u8::try_from(number + 1).unwrap_or(b'?' - b'0').saturating_add(b'0');
            out.resize(column + word.len(), digit);
            // the blank within what one wildcard took belongs to it
            if captures.get(number).is_some_and(|(_, to)| at + 1 < *to) {
                out.push(digit);
            }
        }
        column += word.len() + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_marked_below_their_words() {
        let words: Words =
            [&b"alice"[..], b"@", b"example", b".", b"com"].map(<[u8]>::to_vec).into();
        assert_eq!(marks(&words, &[(0, 1), (2, 5)]), b"11111   2222222222222");
        assert_eq!(marks(&words, &[(0, 0), (0, 5)]), b"222222222222222222222");
        assert_eq!(marks(&words, &[]), b"");
    }
}
