//! Renders events as the lines that debugging flags ask for (`-d21.12` and the like), byte for byte as
//! sendmail prints them. Pure: events in, text out.

mod addresses;
pub mod lookups;
mod pointers;
mod rewriting;
pub mod startup;
pub mod tokens;

use cf_parser::debug::{Category, Levels};
use ruleset_vm::load::Configuration;
use ruleset_vm::trace::{Event, Scene};

/// What renderings look at besides the event.
#[derive(Clone, Copy)]
pub struct Traces<'a> {
    /// What is to be shown.
    pub levels: &'a Levels,
    /// For the names of mailers.
    pub configuration: &'a Configuration,
}

impl Traces<'_> {
    /// Whether events about single rules are needed.
    #[must_use]
    pub fn wants_rules(&self) -> bool {
        self.levels.at(Category::Rewrite, 1)
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
