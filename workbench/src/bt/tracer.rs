//! The trace that test mode always prints: each ruleset's input and result (RS-074); what debugging
//! flags add is [`crate::traces`].

use std::cell::{Cell, RefCell};

use cf_parser::debug::Category;
use ruleset_vm::split_codes;
use ruleset_vm::token::Token;
use ruleset_vm::trace::{Event, Scene, Tracer};

use crate::show;
use crate::traces::Traces;

/// Width to which ruleset names are cut and padded.
const NAME_WIDTH: usize = 16;

/// Writes trace lines and messages.
pub(super) struct BtTracer<'a> {
    pub(super) out: &'a RefCell<Vec<u8>>,
    pub(super) exit: &'a Cell<u8>,
    /// Whether a resolved address was no mailbox.
    pub(super) bad_address: &'a Cell<bool>,
    /// Leaves out what is not the configuration's fault.
    pub(super) quiet: bool,
    /// What debugging flags ask for.
    pub(super) traces: Traces<'a>,
}

impl BtTracer<'_> {
    fn line(&self, scene: Scene<'_>, ruleset: usize, label: &[u8], workspace: &[Token]) {
        let mut name = scene.program.name(ruleset);
        name.truncate(NAME_WIDTH);
        name.resize(NAME_WIDTH, b' ');
        let mut out = self.out.borrow_mut();
        out.extend(name);
        out.extend_from_slice(label);
        out.extend(show::workspace(workspace, scene.table));
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
        if self.exit.get() == 0 && text.starts_with(b"554 5.3") {
            self.exit.set(70);
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
            Event::Enter { ruleset, workspace } => {
                self.line(scene, *ruleset, b"   input:", workspace);
            }
            Event::Leave { ruleset, workspace } => {
                self.line(scene, *ruleset, b" returns:", workspace);
            }
            Event::Message(text) => self.message(text),
            _ => self.traces.write(scene, event, &mut self.out.borrow_mut()),
        }
    }
}
