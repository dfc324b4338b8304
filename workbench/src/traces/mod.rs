//! Renders events as the lines that debugging flags ask for (`-d21.12` and the like), byte for byte as
//! sendmail prints them. Pure: events in, text out.

mod addresses;
pub(crate) use addresses::definition;
pub mod lookups;
mod pointers;
mod rewriting;
pub mod startup;
pub mod tokens;

use cf_parser::debug::{Category, Levels};
use ruleset_vm::load::Configuration;
use ruleset_vm::trace::{Event, Scene};

use crate::show::Look;

/// What renderings look at besides the event.
#[derive(Clone, Copy)]
pub struct Traces<'a> {
    /// What is to be shown.
    pub levels: &'a Levels,
    /// For the names of mailers.
    pub configuration: &'a Configuration,
    /// Addresses are kept beyond the command, which sendmail shows among their flags.
    pub copies: bool,
}

impl Traces<'_> {
    /// Whether events about single rules are needed.
    #[must_use]
    pub fn wants_rules(&self) -> bool {
        self.levels.at(Category::Rewrite, 1)
    }

    /// Appends input or result of a ruleset, as it is shown outside of test mode.
    pub fn passage(&self, scene: Scene<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.levels.at(Category::Rewrite, 1)
            && let Some(line) = passage(self.levels, scene, event)
        {
            out.extend([b"rewrite: ruleset ", &line[..]].concat());
        }
    }

    /// Appends what the flags show of an event.
    pub fn write(&self, scene: Scene<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Enter { .. }
            | Event::Leave { .. }
            | Event::Message(_)
            | Event::Asked { .. }
            | Event::Answered { .. } => {}
            Event::Try { .. }
            | Event::Fail { .. }
            | Event::Match { .. }
            | Event::Copied { .. }
            | Event::Rewritten { .. }
            | Event::Macro { .. }
            | Event::MacroTokens(_)
            | Event::Skipped { .. }
            | Event::Looping { .. } => rewriting::write(self.levels, scene, event, out),
            Event::Scan { text, tokens } => tokens::scan(self.levels, text, *tokens, out),
            Event::Scanned(found) => tokens::scanned(self.levels, *found, out),
            _ => addresses::write(self, scene, event, out),
        }
    }
}

/// Width to which the names of rulesets are cut and padded.
const NAME_WIDTH: usize = 16;

/// The line about a ruleset that is entered or left (RS-074).
pub(crate) fn passage(levels: &Levels, scene: Scene<'_>, event: &Event<'_>) -> Option<Vec<u8>> {
    let (ruleset, label, workspace) = match event {
        Event::Enter { ruleset, workspace } => (*ruleset, b"   input:", *workspace),
        Event::Leave { ruleset, workspace } => (*ruleset, b" returns:", *workspace),
        _ => return None,
    };
    let mut line = scene.program.name(ruleset);
    line.truncate(NAME_WIDTH);
    line.resize(NAME_WIDTH, b' ');
    line.extend_from_slice(label);
    line.extend(Look::of(levels).workspace(workspace, scene.table));
    line.push(b'\n');
    Some(line)
}
