//! Why a configuration decides as it does: the rule that made the triple, and what it could have depended on.

use ruleset_vm::token::meta;
use ruleset_vm::trace::{Event, Scene, Tracer};

use cf_parser::debug::Category;
use cf_parser::text::Op;

use super::session::SESSION;

/// The rule that decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// The name of its ruleset.
    pub ruleset: Vec<u8>,
    /// Its line in the file.
    pub line: u32,
}

/// A macro, by its place in the table of those of a session.
pub(super) type Macro = usize;

/// Watches a run: the first rule that put `$#` into the workspace to stay, and the macros of the session that were read.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    decision: Option<Decision>,
    macros: Vec<Macro>,
    /// The triple is there; what follows only rewrites its user.
    decided: bool,
}

impl Watcher {
    pub(super) fn finish(self) -> (Option<Decision>, Vec<Macro>) {
        (self.decision, self.macros)
    }
}

impl Tracer for Watcher {
    fn wants_rules(&self) -> bool {
        true
    }

    fn wants(&self, category: Category) -> bool {
        category == Category::Triple
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Building { .. } => self.decided = true,
            Event::Rewritten { ruleset, span, workspace, .. } if !self.decided => {
                if !workspace.contains(&meta(Op::Hash)) {
                    self.decision = None;
                } else if self.decision.is_none() {
                    let ruleset = scene.program.name(*ruleset);
                    self.decision = Some(Decision { ruleset, line: span.line });
                }
            }
            Event::Macro { name, .. } => {
                let known = SESSION.iter().position(|known| known == name);
                if let Some(number) = known.filter(|number| !self.macros.contains(number)) {
                    self.macros.push(number);
                }
            }
            _ => {}
        }
    }
}
