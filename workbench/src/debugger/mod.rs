//! A debugger of rules. A run is recorded from its beginning to its end, so that it can be gone through in both
//! directions; a rule can be changed and the run repeated.
//!
//! [`Debugger`] is the model: it takes keys and commands. [`view`] draws it, [`report`] says it in lines. Files, the
//! terminal and the engine are behind [`Runner`].

mod breakpoint;
mod command;
mod difference;
mod input;
mod json;
mod keys;
mod motion;
mod panel;
mod recording;
pub mod report;
mod run;
mod session;
mod task;
pub mod view;
mod watch;

pub use breakpoint::Breakpoint;
pub use command::{Command, CommandError};
pub use difference::Difference;
pub use keys::{Key, manual};
pub use motion::{Motion, Way};
pub use recording::Recording;
pub use run::{Happening, Moment, Run};
pub use session::{Debugger, Ended, Runner};
pub use task::Task;

/// Text as a screen shows it: what is not UTF-8, and what cannot be seen, as `\xff` and `\u{202e}`; tabs as they are.
/// Without `unicode` everything above ASCII is shown so.
#[must_use]
pub fn shown(text: &[u8], unicode: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' | ' '..='~' => out.push(character),
                '\u{0}'..='\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(character))),
                _ if unicode && !crate::html::is_unseen(character) => out.push(character),
                _ => out.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}
