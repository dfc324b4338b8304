//! The trace that test mode always prints: each ruleset's input and result (RS-074); what debugging
//! flags add is [`crate::traces`].

use std::cell::{Cell, RefCell};
use std::ops::Range;

use cf_parser::debug::Category;
use ruleset_vm::split_codes;
use ruleset_vm::token::Token;
use ruleset_vm::trace::{Event, Scene, Tracer};

use crate::show::Look;
use crate::traces::{Traces, passage_head};

/// Writes trace lines and messages.
pub(super) struct BtTracer<'a> {
    pub(super) out: &'a RefCell<Vec<u8>>,
    /// Where traces go, which may be the same.
    pub(super) traced: &'a RefCell<Vec<u8>>,
    pub(super) exit: &'a Cell<u8>,
    /// Whether a resolved address was no mailbox.
    pub(super) bad_address: &'a Cell<bool>,
    /// Leaves out what is not the configuration's fault.
    pub(super) quiet: bool,
    /// How tokens look.
    pub(super) look: Look,
    /// The workspace shown last, and where in the output it stands.
    pub(super) last: Vec<Token>,
    pub(super) last_text: Range<usize>,
    pub(super) generation: u64,
    /// What debugging flags ask for.
    pub(super) traces: Traces<'a>,
}

impl BtTracer<'_> {
    /// A line about a ruleset. What one returns is often what the next one gets: it is copied.
    fn passage(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        let mut out = self.out.borrow_mut();
        let Some(workspace) = passage_head(scene, event, &mut out) else { return };
        let start = out.len();
        let known = self.generation == scene.table.generation() && self.last == workspace;
        if known && self.last_text.end <= start {
            out.extend_from_within(self.last_text.clone());
        } else {
            self.look.workspace(workspace, scene.table, &mut out);
            self.last.clear();
            self.last.extend_from_slice(workspace);
        }
        self.last_text = start..out.len();
        self.generation = scene.table.generation();
        out.push(b'\n');
    }

    fn message(&self, text: &[u8]) {
        self.bad_address.set(self.bad_address.get() || text.starts_with(b"501 5.1."));
        if self.quiet && !text.starts_with(b"554 5.3") {
            return;
        }
        let mut out = self.out.borrow_mut();
        // Messages are shown in seven bits (observed).
        out.extend(split_codes(text).1.iter().map(|byte| byte & 0x7f));
        out.push(b'\n');
        let exit = match text {
            _ if text.starts_with(b"554 5.3") => 70,
            // Other flaws of an address set no status (observed).
            _ if text.starts_with(b"501 5.1.") && text.ends_with(b"(8-bit character)") => 64,
            _ => 0,
        };
        if self.exit.get() == 0 {
            self.exit.set(exit);
        }
    }
}

impl Tracer for BtTracer<'_> {
    fn wants_rules(&self) -> bool {
        self.traces.wants_rules()
    }

    fn wants(&self, category: Category) -> bool {
        self.traces.levels.on(category)
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Enter { .. } | Event::Leave { .. } => {
                self.passage(scene, event);
            }
            Event::Message(text) => self.message(text),
            _ => self.traces.write(scene, event, &mut self.traced.borrow_mut()),
        }
    }
}
