//! What a worker hears of the machine.

use cf_parser::debug::Category;
use ruleset_vm::trace::{Event, Scene, Tracer};
use workbench::session::Watch;
use workbench::story::Recorder;
use workbench::traces::Traces;

use crate::sys::terminal;

/// Keeps the messages of a run and shows what debugging flags ask for.
pub(super) struct Listener<'a> {
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) traces: Traces<'a>,
    /// Whether any debugging flag is set.
    pub(super) shows: bool,
    /// Who looks on, and what is told in the end.
    pub(super) watch: Option<(Watch, Recorder)>,
}

impl Tracer for Listener<'_> {
    fn wants_rulesets(&self) -> bool {
        self.wants_rules()
    }

    fn wants_rules(&self) -> bool {
        self.watch.is_some() || self.traces.wants_rules()
    }

    fn wants(&self, category: Category) -> bool {
        self.traces.levels.on(category)
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        if let Some((watch, recorder)) = &mut self.watch {
            recorder.event(scene, event);
            watch.listen(|tracer| tracer.event(scene, event));
        }
        if let Event::Message(text) = event {
            self.messages.push(text.to_vec());
            return;
        }
        if !self.shows {
            return;
        }
        let mut out = Vec::new();
        self.traces.passage(scene, event, &mut out);
        self.traces.write(scene, event, &mut out);
        if !out.is_empty() {
            terminal::trace(&out);
        }
    }
}
