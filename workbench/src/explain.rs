//! Why an address goes where it goes: every rule that fired, with its place in the file.

use ruleset_vm::trace::{Event, Scene, Tracer};

use crate::show;

/// One rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The ruleset's name.
    pub ruleset: Vec<u8>,
    /// The line of the rule in its file.
    pub line: u32,
    /// The workspace it matched, tokens separated by spaces.
    pub before: Vec<u8>,
    /// What it made of it; of a rule that calls other rulesets, after their work.
    pub after: Vec<u8>,
}

/// Collects the rules that fire.
#[derive(Clone, Debug, Default)]
pub struct Firings {
    /// In the order in which they fired.
    pub fired: Vec<Firing>,
    /// What rules and maps had to say.
    pub messages: Vec<Vec<u8>>,
    /// Rules whose right-hand side is still at work, innermost last: index into `fired`.
    open: Vec<usize>,
}

impl Tracer for Firings {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        let text = |tokens: &[ruleset_vm::token::Token]| {
            show::workspace(tokens, scene.table).trim_ascii_start().to_vec()
        };
        match event {
            Event::Match { ruleset, span, workspace, .. } => {
                self.open.push(self.fired.len());
                self.fired.push(Firing {
                    ruleset: scene.program.name(*ruleset),
                    line: span.line,
                    before: text(workspace),
                    after: Vec::new(),
                });
            }
            Event::Rewritten { workspace, .. } => {
                let place = self.open.pop().and_then(|index| self.fired.get_mut(index));
                if let Some(firing) = place {
                    firing.after = text(workspace);
                }
            }
            Event::Message(text) => self.messages.push(text.to_vec()),
            _ => {}
        }
    }
}
