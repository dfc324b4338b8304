//! Makes a story of the events of a run.

use ruleset_vm::token::Token;
use ruleset_vm::trace::{Event, Scene, Tracer};

use super::{Asking, Firing, Passage, Step, Story, Words};
use crate::engine::Unasked;
use crate::show::Look;

/// Steps that are kept: an address of ordinary length takes some hundred.
const MOST_STEPS: usize = 200_000;

/// What has begun and not ended.
enum Open {
    Ruleset(Passage),
    Rule(Firing),
}

/// Records a run.
#[derive(Default)]
pub struct Recorder {
    story: Story,
    open: Vec<Open>,
    count: usize,
    /// Where in [`Unasked::lookup`]'s count the run began.
    first_lookup: usize,
}

impl Recorder {
    /// A recorder for an engine that has made so many lookups ([`crate::engine::Engine::lookups`]).
    #[must_use]
    pub fn new(lookups: usize) -> Self {
        Self { first_lookup: lookups, ..Self::default() }
    }

    /// What was recorded; lookups that were not asked are marked.
    #[must_use]
    pub fn finish(mut self, unasked: &[Unasked]) -> Story {
        while self.close() {}
        let mut number = self.first_lookup;
        mark(&mut self.story.steps, unasked, &mut number);
        self.story
    }

    fn add(&mut self, step: Step) {
        if self.count >= MOST_STEPS {
            self.story.cut = true;
            return;
        }
        self.count += 1;
        match self.open.last_mut() {
            Some(Open::Ruleset(passage)) => passage.steps.push(step),
            Some(Open::Rule(firing)) => firing.steps.push(step),
            None => self.story.steps.push(step),
        }
    }

    /// Ends what was begun last.
    fn close(&mut self) -> bool {
        let step = match self.open.pop() {
            Some(Open::Ruleset(passage)) => Step::Ruleset(passage),
            Some(Open::Rule(firing)) => Step::Rule(firing),
            None => return false,
        };
        self.add(step);
        true
    }

    fn leave(&mut self, after: Words) {
        // a rule that could not be built ends with its ruleset
        while matches!(self.open.last(), Some(Open::Rule(_))) {
            self.close();
        }
        if let Some(Open::Ruleset(passage)) = self.open.last_mut() {
            passage.after = after;
        }
        self.close();
    }
}

fn mark(steps: &mut [Step], unasked: &[Unasked], number: &mut usize) {
    for step in steps {
        match step {
            Step::Map(asking) => {
                let found = unasked.iter().find(|unasked| unasked.lookup == *number);
                asking.unasked = found.map(|unasked| unasked.what.kind);
                *number += 1;
            }
            Step::Rule(firing) => mark(&mut firing.steps, unasked, number),
            Step::Ruleset(passage) => mark(&mut passage.steps, unasked, number),
            _ => {}
        }
    }
}

/// The tokens of a workspace as they are shown.
pub(crate) fn words(tokens: &[Token], scene: Scene<'_>) -> Words {
    tokens.iter().map(|token| Look::default().token(*token, scene.table)).collect()
}

/// A rule that matches.
fn firing(scene: Scene<'_>, ruleset: usize, index: usize) -> Firing {
    let mut firing =
        Firing { ruleset: scene.program.name(ruleset), number: index + 1, ..Firing::default() };
    let set = scene.program.ruleset(ruleset);
    if let Some((set, rule)) = set.and_then(|set| Some((set, set.rules.get(index)?))) {
        let look = Look::default();
        let lhs = set.code.get(rule.lhs.clone()).unwrap_or_default();
        firing.lhs = look.instructions(lhs, scene.table).trim_ascii_end().to_vec();
        firing.rhs = look.right_side(set, rule, scene.table).trim_ascii_end().to_vec();
    }
    firing
}

impl Tracer for Recorder {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Enter { ruleset, workspace } => self.open.push(Open::Ruleset(Passage {
                number: *ruleset,
                name: scene.program.name(*ruleset),
                before: words(workspace, scene),
                ..Passage::default()
            })),
            Event::Leave { workspace, .. } => self.leave(words(workspace, scene)),
            Event::Try { .. } => {
                if let Some(Open::Ruleset(passage)) = self.open.last_mut() {
                    passage.tried += 1;
                }
            }
            Event::Match { ruleset, rule, span, workspace, captures } => {
                let mut firing = firing(scene, *ruleset, *rule);
                firing.span = *span;
                firing.before = words(workspace, scene);
                firing.captures = captures.iter().map(|taken| (taken.start, taken.end)).collect();
                self.open.push(Open::Rule(firing));
            }
            Event::Rewritten { workspace, .. } => {
                if let Some(Open::Rule(firing)) = self.open.last_mut() {
                    firing.after = Some(words(workspace, scene));
                    self.close();
                }
            }
            Event::Macro { name, value } => {
                self.add(Step::Macro { name: name.to_vec(), value: value.map(<[u8]>::to_vec) })
            }
            Event::Skipped { ruleset } => self.add(Step::Skipped(scene.program.name(*ruleset))),
            Event::Looping { .. } => self.add(Step::Looping),
            Event::Asked { map, key, args } => self.add(Step::Map(Asking {
                map: map.to_vec(),
                key: key.to_vec(),
                args: args.to_vec(),
                ..Asking::default()
            })),
            Event::Answered { value, .. } => {
                let steps = match self.open.last_mut() {
                    Some(Open::Rule(firing)) => &mut firing.steps,
                    Some(Open::Ruleset(passage)) => &mut passage.steps,
                    None => &mut self.story.steps,
                };
                if let Some(Step::Map(asking)) = steps.last_mut() {
                    asking.value = value.map(<[u8]>::to_vec);
                }
            }
            Event::Message(text) => self.add(Step::Message(text.to_vec())),
            _ => {}
        }
    }
}
