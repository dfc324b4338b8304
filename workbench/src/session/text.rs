//! A session for people.

use ruleset_vm::Target;
use ruleset_vm::load::Configuration;

use super::{Asked, Exchange, Run, Said, Verdict};
use crate::story::text::{Shown, lookup};

/// How a session is shown.
pub struct SessionText<'a> {
    /// How stories are.
    pub shown: Shown<'a>,
    /// For the names of mailers.
    pub configuration: &'a Configuration,
    /// All of each story, not only the rule that decided.
    pub verbose: bool,
}

impl SessionText<'_> {
    /// An exchange; what was typed is in it unless it stands on the terminal already.
    #[must_use]
    pub fn exchange(&self, exchange: &Exchange, typed: bool) -> Vec<u8> {
        let mut out = Vec::new();
        if !typed && !exchange.input.is_empty() {
            for line in exchange.input.split(|byte| *byte == b'\n') {
                out.extend([b">>> ", line, b"\n"].concat());
            }
        }
        if let Some(complaint) = &exchange.complaint {
            out.extend(format!("    {complaint}\n").into_bytes());
        }
        for run in &exchange.runs {
            out.extend(self.run(run));
        }
        for reply in &exchange.replies {
            out.extend([b"<<< ", &reply[..], b"\n"].concat());
        }
        out
    }

    fn run(&self, run: &Run) -> Vec<u8> {
        let interesting = match (&run.asked, &run.said) {
            (Asked::Hook { .. } | Asked::Typed { .. }, _) => true,
            (Asked::Address { .. }, Said::Triple(Some(_))) => true,
            _ => self.verbose,
        };
        if !interesting {
            return Vec::new();
        }
        let mut out = [b"    ", &run.question()[..], b": ", &self.outcome(run), b"\n"].concat();
        if self.verbose {
            let story = self.shown.story(&run.story);
            let lines = story.split_inclusive(|byte| *byte == b'\n');
            lines.for_each(|line| out.extend([b"      ", line].concat()));
            return out;
        }
        if let Some(rule) = run.rule().filter(|_| !matches!(run.asked, Asked::Address { .. }))
            && !matches!(run.said, Said::Workspace)
        {
            let place = self.shown.source.place(rule.span.line);
            out.extend(
                [b"        ", &place[..], b"  R", &rule.lhs, b"  ->  ", &rule.rhs, b"\n"].concat(),
            );
        }
        let mut said: Vec<Vec<u8>> = Vec::new();
        for asking in run.story.lookups() {
            // a map that only sets a macro has an empty answer
            let answered = asking.value.as_ref().is_some_and(|value| !value.is_empty());
            let text = lookup(asking);
            if (answered || asking.unasked.is_some()) && !said.contains(&text) {
                out.extend([b"        ", &text[..], b"\n"].concat());
                said.push(text);
            }
        }
        out
    }

    fn outcome(&self, run: &Run) -> Vec<u8> {
        let workspace = || match run.story.steps.last() {
            Some(crate::story::Step::Ruleset(passage)) => passage.after.join(&b' '),
            _ => Vec::new(),
        };
        match &run.said {
            Said::Workspace => workspace(),
            Said::Verdict(verdict) => verdict.words(),
            Said::Triple(None) => b"no address".to_vec(),
            Said::Triple(Some(parsed)) => match &parsed.triple.mailer {
                Target::Error(status) => Verdict::Reject(status.clone()).words(),
                Target::Mailer(number) => {
                    let mailer = self.configuration.mailers.get(*number);
                    let name = mailer.map(|mailer| &mailer.name[..]).unwrap_or_default();
                    let host = parsed.triple.host.as_deref().unwrap_or_default();
                    let host =
                        if host.is_empty() { Vec::new() } else { [b", host ", host].concat() };
                    [b"mailer ", name, &host[..], b", user ", &parsed.triple.user].concat()
                }
            },
        }
    }
}
