//! What stands beside the file: rows of text with a meaning, which a screen gives a colour.

use super::report;
use super::run::{Happening, Run};
use super::session::Debugger;
use super::shown;
use super::watch::{self, Watch};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Nothing special.
    Plain,
    /// A heading.
    Heading,
    /// Less important.
    Faint,
    /// Something succeeded.
    Good,
    /// Something failed.
    Bad,
    /// What the wildcard with this number, from 0, took.
    Took(usize),
}

/// A line of pieces.
pub(super) type Row = Vec<(Ink, String)>;

/// All that stands beside the file.
pub(super) fn rows<R>(debugger: &Debugger<R>, width: usize, unicode: bool) -> Vec<Row> {
    let (run, at) = (debugger.run(), debugger.at());
    let heading = |text: &str| vec![(Ink::Heading, text.to_owned())];
    let mut rows = vec![heading("Workspace")];
    rows.extend(workspace(run, at, width, unicode));
    rows.push(heading("Here"));
    rows.extend(happening(run, at, width, unicode));
    let stack = run.stack(at);
    if !stack.is_empty() {
        rows.push(heading("Rulesets"));
        rows.extend(calls(&stack, width, unicode));
    }
    let watches = watches(debugger, width, unicode);
    if !watches.is_empty() {
        rows.push(heading("Watched"));
        rows.extend(watches);
    }
    if !debugger.breakpoints().is_empty() {
        rows.push(heading("Breakpoints"));
        for (number, breakpoint) in debugger.breakpoints().iter().enumerate() {
            let here = if breakpoint.hits(run, at) { Ink::Bad } else { Ink::Plain };
            let text = format!("{} {}", number + 1, shown(&breakpoint.text(), unicode));
            rows.extend(wrapped(here, &text, width));
        }
    }
    rows
}

/// The workspace; below what a wildcard took stands its number, below the word that does not match `^`.
pub(super) fn workspace(run: &Run, at: usize, width: usize, unicode: bool) -> Vec<Row> {
    let words = run.workspace(at);
    let Some(moment) = run.moment(at) else { return Vec::new() };
    let none: &[(usize, usize)] = &[];
    let (took, broke) = match &moment.happening {
        Happening::Matched(took) => (&took[..], None),
        Happening::Failed { used, .. } => (none, Some(*used)),
        _ => (none, None),
    };
    if words.is_empty() {
        return vec![vec![(Ink::Faint, "(nothing)".to_owned())]];
    }
    let mut lines = Lines { width, row: Row::new(), marks: String::new(), rows: Vec::new() };
    for (index, word) in words.iter().enumerate() {
        let taker = took.iter().position(|(from, to)| (*from..*to).contains(&index));
        let mark = match taker {
            Some(number) => char::from_digit(u32::try_from(number + 1).unwrap_or(0), 36),
            None => (broke == Some(index)).then_some('^'),
        };
        let ink = match (taker, broke) {
            (Some(number), _) => Ink::Took(number),
            (None, Some(broke)) if index < broke => Ink::Good,
            (None, Some(broke)) if index == broke => Ink::Bad,
            _ => Ink::Plain,
        };
        let together =
            taker.is_some_and(|number| took.get(number).is_some_and(|(_, to)| index + 1 < *to));
        lines.word(&shown(word, unicode), ink, mark, together);
    }
    if broke == Some(words.len()) {
        lines.word(" ", Ink::Bad, Some('^'), false);
    }
    lines.end();
    lines.rows
}

/// Words in lines, marks below them.
struct Lines {
    width: usize,
    row: Row,
    marks: String,
    rows: Vec<Row>,
}

impl Lines {
    fn word(&mut self, word: &str, ink: Ink, mark: Option<char>, together: bool) {
        let used: usize = self.row.iter().map(|(_, text)| text.chars().count()).sum();
        if used > 0 && used + word.chars().count() > self.width {
            self.end();
        }
        for piece in pieces(word, self.width) {
            let length = piece.chars().count();
            let mark_text: String = std::iter::repeat_n(
                mark.unwrap_or(' '),
                if mark == Some('^') { 1 } else { length },
            )
            .collect();
            self.marks.push_str(&format!("{mark_text:length$}"));
            self.marks.push(mark.filter(|_| together).unwrap_or(' '));
            self.row.push((ink, piece.to_owned()));
            self.row.push((if together { ink } else { Ink::Plain }, " ".to_owned()));
            if length >= self.width {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        let row = std::mem::take(&mut self.row);
        let marks = std::mem::take(&mut self.marks);
        if !row.is_empty() {
            self.rows.push(row);
        }
        if !marks.trim().is_empty() {
            self.rows.push(vec![(Ink::Faint, marks.trim_end().to_owned())]);
        }
    }
}

/// A text in parts that are no longer than `width`.
fn pieces(text: &str, width: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.char_indices().nth(width.max(1)).map_or(rest.len(), |(at, _)| at);
        let (head, tail) = rest.split_at(end);
        found.push(head);
        rest = tail;
        if rest.is_empty() {
            return found;
        }
    }
}

/// What happens, and the rule at work.
pub(super) fn happening(run: &Run, at: usize, width: usize, unicode: bool) -> Vec<Row> {
    let Some(moment) = run.moment(at) else { return Vec::new() };
    let text = |text: &[u8]| shown(text, unicode);
    let ink = match &moment.happening {
        Happening::Matched(_) | Happening::Rewritten => Ink::Good,
        Happening::Looping | Happening::Said(_) => Ink::Bad,
        _ => Ink::Plain,
    };
    let mut rows = wrapped(ink, &text(&report::moment(run, at)), width);
    if let Some(far) = report::how_far(run, at) {
        rows.extend(wrapped(Ink::Faint, &text(&far), width));
    }
    if let Happening::Matched(took) = &moment.happening {
        let words = run.workspace(at);
        for (number, (from, to)) in took.iter().enumerate() {
            let taken = words.get(*from..*to).unwrap_or_default().concat();
            let taken = if taken.is_empty() { "(nothing)".to_owned() } else { text(&taken) };
            rows.extend(wrapped(Ink::Took(number), &format!("${} {taken}", number + 1), width));
        }
    }
    let whole = matches!(moment.happening, Happening::Entered | Happening::Left);
    if let Some(rule) = run.rule(at).filter(|_| !whole) {
        let rule = [b"R", &rule.lhs.join(&b' ')[..], b" -> ", &rule.rhs].concat();
        rows.extend(wrapped(Ink::Faint, &text(&rule), width));
    }
    if moment.happening == Happening::Ended {
        for line in &run.conclusion {
            rows.extend(wrapped(Ink::Plain, &text(line), width));
        }
        for trouble in &run.troubles {
            rows.extend(wrapped(Ink::Bad, &text(trouble), width));
        }
        if run.cut {
            rows.extend(wrapped(Ink::Bad, "there was more than is kept", width));
        }
    }
    rows
}

/// The rulesets at work, each with the line that calls the next one.
fn calls(stack: &[(&[u8], Option<u32>)], width: usize, unicode: bool) -> Vec<Row> {
    let name = |(name, line): &(&[u8], Option<u32>)| match line {
        Some(line) => format!("{}:{line}", shown(name, unicode)),
        None => shown(name, unicode),
    };
    let names: Vec<String> = stack.iter().map(name).collect();
    wrapped(Ink::Plain, &names.join(" > "), width)
}

/// Macros and classes that are watched.
pub(super) fn watches<R>(debugger: &Debugger<R>, width: usize, unicode: bool) -> Vec<Row> {
    let (run, at) = (debugger.run(), debugger.at());
    let mut rows = Vec::new();
    for item in debugger.watches() {
        let name = shown(&item.text(), unicode);
        match item {
            Watch::Macro(macro_name) => {
                let now = run.macro_value(at, macro_name);
                let before = at.checked_sub(1).map(|before| run.macro_value(before, macro_name));
                let ink =
                    if before.is_some_and(|before| before != now) { Ink::Good } else { Ink::Plain };
                let value = now.map_or("(not defined)".to_owned(), |value| shown(value, unicode));
                rows.extend(wrapped(ink, &format!("{name} {value}"), width));
            }
            Watch::Class { name: class, count, members } => {
                let found = debugger
                    .classes()
                    .map(|classes| watch::members_in(run.workspace(at), class, classes));
                let here = shown(&found.unwrap_or_default().join(&b' '), unicode);
                let ink = if here.is_empty() { Ink::Plain } else { Ink::Good };
                let here =
                    if here.is_empty() { "none here".to_owned() } else { format!("here: {here}") };
                let words = if *count == 1 { "word" } else { "words" };
                rows.extend(wrapped(ink, &format!("{name} {count} {words}, {here}"), width));
                let some = shown(&members.join(&b' '), unicode);
                rows.extend(wrapped(Ink::Faint, &some, width).into_iter().take(MOST_ROWS));
            }
        }
    }
    rows
}

/// Rows of the members of a class that are shown.
const MOST_ROWS: usize = 3;

/// A text in lines that are no longer than `width`, broken at blanks where possible.
pub(super) fn wrapped(ink: Ink, text: &str, width: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace().flat_map(|word| pieces(word, width)) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            rows.push(vec![(ink, std::mem::take(&mut line))]);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    rows.push(vec![(ink, line)]);
    rows
}
