//! Why a rule did not fire: how far it matched, each time it was tried.

use ruleset_vm::machine::progress::progress;
use ruleset_vm::trace::{Event, Scene, Tracer};

use super::recorder::words;
use super::{Recorder, Words};
use crate::show::Look;

/// Attempts that are kept.
const MOST_ATTEMPTS: usize = 100;

/// One comparison of the rule with a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The ruleset's name.
    pub ruleset: Vec<u8>,
    /// The workspace.
    pub workspace: Words,
    /// It matched after all.
    pub matched: bool,
    /// The left-hand side as tokens.
    pub lhs: Words,
    /// How many of them match the beginning of the workspace.
    pub good: usize,
    /// How many words of the workspace those have used up, by the shortest way.
    pub used: usize,
}

/// Watches the rule that stands at a line, beside recording everything.
pub struct WhyNot {
    recorder: Recorder,
    line: u32,
    /// Each time it was tried.
    pub attempts: Vec<Attempt>,
    /// Its ruleset was entered so often.
    pub entered: usize,
}

impl WhyNot {
    /// Watches the rule of `line`.
    #[must_use]
    pub fn new(recorder: Recorder, line: u32) -> Self {
        Self { recorder, line, attempts: Vec::new(), entered: 0 }
    }

    /// The recorder.
    #[must_use]
    pub fn into_recorder(self) -> Recorder {
        self.recorder
    }

    fn stands_here(&self, span: cf_parser::Span) -> bool {
        (span.line..=span.last_line).contains(&self.line)
    }
}

impl Tracer for WhyNot {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Enter { ruleset, .. } => {
                let set = scene.program.ruleset(*ruleset);
                let here =
                    set.is_some_and(|set| set.rules.iter().any(|rule| self.stands_here(rule.span)));
                self.entered += usize::from(here);
            }
            Event::Try { ruleset, rule, subject } if self.attempts.len() < MOST_ATTEMPTS => {
                let set = scene.program.ruleset(*ruleset);
                let found = set.and_then(|set| Some((set, set.rules.get(*rule)?)));
                if let Some((set, rule)) = found.filter(|(_, rule)| self.stands_here(rule.span)) {
                    let code = set.code.get(rule.lhs.clone()).unwrap_or_default();
                    let far = progress(code, *subject);
                    let look = Look::default();
                    self.attempts.push(Attempt {
                        ruleset: scene.program.name(*ruleset),
                        workspace: words(subject.workspace, scene),
                        matched: false,
                        lhs: code.iter().map(|i| look.instruction(i, scene.table)).collect(),
                        good: far.instructions,
                        used: far.tokens,
                    });
                }
            }
            Event::Match { span, .. } if self.stands_here(*span) => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.matched = true;
                }
            }
            _ => {}
        }
        self.recorder.event(scene, event);
    }
}
