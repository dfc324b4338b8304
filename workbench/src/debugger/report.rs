//! A debugger in lines, for scripts and for those who want no screen.

use super::panel::{self, Row};
use super::run::{Happening, Run};
use super::session::Debugger;
use super::shown;
use crate::story::Attempt;
use crate::story::text::{lookup, macro_read, outcome};

/// How wide lines of workspaces are.
const WIDTH: usize = 100;

/// What happens at a moment, in one line.
#[must_use]
pub fn moment(run: &Run, at: usize) -> Vec<u8> {
    let Some(moment) = run.moment(at) else { return Vec::new() };
    let line = |what: &str| {
        let line = run.rule(at).map_or(0, |rule| rule.span.line);
        format!("line {line} {what}").into_bytes()
    };
    let ruleset = || run.ruleset(at).map(|ruleset| &ruleset.name[..]).unwrap_or_default();
    match &moment.happening {
        Happening::Entered => [b"ruleset ", ruleset(), b" begins"].concat(),
        Happening::Left => [b"ruleset ", ruleset(), b" returns"].concat(),
        Happening::Failed { .. } => line("does not match"),
        Happening::Matched(_) => line("matches"),
        Happening::Rewritten => line("has made this"),
        Happening::Asked(asking) => {
            let mut out = [b"map ", &asking.map[..], b" is asked (", &asking.key].concat();
            asking.args.iter().for_each(|arg| out.extend([b", ", &arg[..]].concat()));
            out.push(b')');
            out
        }
        Happening::Answered(asking) => lookup(asking),
        Happening::Read { name, value } => macro_read(name, value.as_deref()),
        Happening::Set { name, value } => match value {
            Some(_) => [b"now ", &macro_read(name, value.as_deref())[..]].concat(),
            None => [&macro_read(name, None)[..], b" any more"].concat(),
        },
        Happening::Skipped(name) => [b"ruleset ", &name[..], b" has no rules"].concat(),
        Happening::Looping => b"a rule was applied too often".to_vec(),
        Happening::Said(text) => [b"message: ", &text[..]].concat(),
        Happening::Ended => b"the end".to_vec(),
    }
}

/// How far the rule matched that does not match here.
pub(super) fn how_far(run: &Run, at: usize) -> Option<Vec<u8>> {
    let Happening::Failed { good, used } = run.moment(at)?.happening else { return None };
    let attempt = Attempt {
        ruleset: Vec::new(),
        workspace: run.workspace(at).to_vec(),
        matched: false,
        lhs: run.rule(at)?.lhs.clone(),
        good,
        used,
    };
    Some(outcome(&attempt))
}

impl<R> Debugger<R> {
    /// Where the debugger is: what happens, the workspace, what is watched, and what there is to be said.
    #[must_use]
    pub fn report(&self) -> Vec<u8> {
        let (run, at) = (self.run(), self.at());
        let mut out = format!("[{} of {}] ", at + 1, run.last() + 1).into_bytes();
        out.extend_from_slice(moment(run, at).trim_ascii_end());
        out.push(b'\n');
        let mut rows = panel::happening(run, at, WIDTH, true);
        // the first one has been said
        rows.drain(..rows.len().min(1));
        rows.extend(panel::workspace(run, at, WIDTH, true));
        rows.extend(panel::watches(self, WIDTH, true));
        for row in &rows {
            put(row, &mut out);
        }
        for (tag, line) in self.difference_lines() {
            let tag = if tag == "heading" { String::new() } else { format!("  {tag}  ") };
            out.extend(tag.into_bytes());
            out.extend(shown(&line, true).into_bytes());
            out.push(b'\n');
        }
        if !self.message().is_empty() {
            out.extend([b"-- ", &shown(self.message(), true).into_bytes()[..], b"\n"].concat());
        }
        out
    }
}

fn put(row: &Row, out: &mut Vec<u8>) {
    let text: String = row.iter().map(|(_, text)| text.as_str()).collect();
    out.extend_from_slice(b"  ");
    out.extend(text.trim_end().bytes());
    out.push(b'\n');
}
