//! What an edit has changed.

use super::run::{Happening, Run};

/// Two runs of the same address, before and after an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The line that was edited.
    pub line: u32,
    /// What it was, and what it is.
    pub text: [Vec<u8>; 2],
    /// What came of the address.
    pub conclusion: [Vec<Vec<u8>>; 2],
    /// The moment in the new run where the two part; `None` if they are the same.
    pub part: Option<usize>,
    /// What happens there in the old run, and in the new one.
    pub there: [Vec<u8>; 2],
    /// Lines of the rules that fire in only one of them.
    pub fired: [Vec<u32>; 2],
}

impl Difference {
    /// Compares two runs.
    #[must_use]
    pub fn new(line: u32, text: [Vec<u8>; 2], before: &Run, after: &Run) -> Self {
        let same = |at: &usize| {
            let (old, new) = (before.moments().get(*at), after.moments().get(*at));
            let (Some(old), Some(new)) = (old, new) else { return old.is_none() && new.is_none() };
            // how far a rule matches that does not is no difference; the edited rule is told in other tokens
            let same_event = match (&old.happening, &new.happening) {
                (Happening::Failed { .. }, Happening::Failed { .. }) => true,
                (one, other) => one == other,
            };
            same_event && old.rule == new.rule && before.workspace(*at) == after.workspace(*at)
        };
        let longest = before.moments().len().max(after.moments().len());
        let part = (0..longest).find(|at| !same(at));
        let there = [before, after].map(|run| match part {
            Some(at) if at < run.moments().len() => {
                let workspace = run.workspace(at).join(&b' ');
                [&super::report::moment(run, at)[..], b": ", &workspace].concat()
            }
            _ => Vec::new(),
        });
        let [old, new] = [fired(before), fired(after)];
        let only = |one: &[u32], other: &[u32]| {
            one.iter().copied().filter(|line| !other.contains(line)).collect()
        };
        Self {
            line,
            text,
            conclusion: [before.conclusion.clone(), after.conclusion.clone()],
            part: part.map(|at| at.min(after.last())),
            there,
            fired: [only(&old, &new), only(&new, &old)],
        }
    }

    /// In lines: a heading each, or what stands below it.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, Vec<u8>)> {
        let heading = |text: String| ("heading", text.into_bytes());
        let [was, is] = &self.text;
        let mut out =
            vec![heading(format!("Line {}", self.line)), ("was", was.clone()), ("now", is.clone())];
        let [was, is] = &self.conclusion;
        let outcome = if was == is { "The result is the same" } else { "The result is another" };
        out.push(heading(outcome.to_owned()));
        if was != is {
            out.extend(was.iter().map(|line| ("was", line.clone())));
        }
        out.extend(is.iter().map(|line| ("now", line.clone())));
        match self.part {
            None => out.push(heading("Both runs are the same".to_owned())),
            Some(_) => {
                out.push(heading("Where the runs part".to_owned()));
                let [was, is] = &self.there;
                out.extend([("was", was.clone()), ("now", is.clone())]);
            }
        }
        for (lines, tag, text) in [
            (&self.fired[0], "was", "Rules that no longer fire"),
            (&self.fired[1], "now", "Rules that did not fire before"),
        ] {
            if !lines.is_empty() {
                out.push(heading(text.to_owned()));
                let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
                let noun = if lines.len() == 1 { "line" } else { "lines" };
                out.push((tag, format!("{noun} {}", lines.join(", ")).into_bytes()));
            }
        }
        out
    }
}

/// The lines of the rules that fire, each once.
fn fired(run: &Run) -> Vec<u32> {
    let fires = |at: &usize| {
        matches!(run.moments().get(*at).map(|m| &m.happening), Some(Happening::Matched(_)))
    };
    let lines = (0..run.moments().len()).filter(fires).filter_map(|at| run.line(at));
    let lines: std::collections::BTreeSet<u32> = lines.collect();
    lines.into_iter().collect()
}
