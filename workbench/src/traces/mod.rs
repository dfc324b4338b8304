//! Renders events as the lines that debugging flags ask for (`-d21.12` and the like), byte for byte as
//! sendmail prints them. Pure: events in, text out.

mod addresses;
pub mod closing;
pub(crate) use addresses::definition;
pub mod lookups;
mod pointers;
mod rewriting;
pub mod startup;
pub mod tokens;

use cf_parser::debug::{Category, Levels};
use ruleset_vm::load::Configuration;
use ruleset_vm::token::Token;
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
        if self.levels.at(Category::Rewrite, 1) {
            let start = out.len();
            out.extend_from_slice(b"rewrite: ruleset ");
            let told = out.len();
            passage(Look::of(self.levels), scene, event, out);
            if out.len() == told {
                out.truncate(start);
            }
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

/// Appends the line about a ruleset that is entered or left (RS-074); nothing for other events.
pub(crate) fn passage(look: Look, scene: Scene<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
    if let Some(workspace) = passage_head(scene, event, out) {
        look.workspace(workspace, scene.table, out);
        out.push(b'\n');
    }
}

/// The part of that line in front of the workspace, which is returned.
pub(crate) fn passage_head<'a>(
    scene: Scene<'_>,
    event: &Event<'a>,
    out: &mut Vec<u8>,
) -> Option<&'a [Token]> {
    let (ruleset, label, workspace) = match event {
        Event::Enter { ruleset, workspace } => (*ruleset, b"   input:", *workspace),
        Event::Leave { ruleset, workspace } => (*ruleset, b" returns:", *workspace),
        _ => return None,
    };
    let mut head = [b' '; NAME_WIDTH + 9];
    let number;
    let name = match scene.program.shown_name(ruleset) {
        Some(name) => name,
        None => {
            number = ruleset.to_string();
            number.as_bytes()
        }
    };
    head.iter_mut().zip(name.iter().take(NAME_WIDTH)).for_each(|(place, byte)| *place = *byte);
    head[NAME_WIDTH..].copy_from_slice(label);
    out.extend_from_slice(&head);
    Some(workspace)
}
