//! Keys, and the table of what they do, which the help screen and `docs/debugger.md` show.

use super::command::VERBS;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Character(char),
    /// A character with the control key, as a small letter.
    Control(char),
    /// Return.
    Enter,
    /// Escape.
    Escape,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// The arrow to the left.
    Left,
    /// The arrow to the right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Runs this command.
    Runs(&'static str),
    /// Runs this command for the line looked at.
    RunsThere(&'static str, &'static str),
    /// Lets a command be typed that begins so.
    Types(&'static str),
    /// Looks at lines further down, or up.
    Moves(Move),
}

/// How far a key moves what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Line(i32),
    Page(i32),
    Sideways(i32),
    Beside(i32),
}

/// A key or several that do the same.
pub(super) struct Binding {
    pub(super) keys: &'static [Key],
    /// As they are shown.
    pub(super) shown: &'static str,
    pub(super) does: Does,
    /// In words.
    pub(super) help: &'static str,
}

const fn key(keys: &'static [Key], shown: &'static str, does: Does, help: &'static str) -> Binding {
    Binding { keys, shown, does, help }
}

/// All keys.
pub(super) const KEYS: &[Binding] = &[
    key(&[Key::Character('s')], "s", Does::Runs("step"), "step into"),
    key(&[Key::Character('n')], "n", Does::Runs("next"), "step over what the rule calls and asks"),
    key(&[Key::Character('o')], "o", Does::Runs("out"), "out of this ruleset"),
    key(&[Key::Character('f')], "f", Does::Runs("fires"), "to the next rule that matches"),
    key(&[Key::Character('c')], "c", Does::Runs("continue"), "continue to a breakpoint"),
    key(&[Key::Character('S')], "S", Does::Runs("step back"), "step back"),
    key(&[Key::Character('N')], "N", Does::Runs("next back"), "back over what a rule called"),
    key(
        &[Key::Character('O')],
        "O",
        Does::Runs("out back"),
        "back to the rule that called this ruleset",
    ),
    key(&[Key::Character('F')], "F", Does::Runs("fires back"), "back to a rule that matched"),
    key(&[Key::Character('C')], "C", Does::Runs("continue back"), "back to a breakpoint"),
    key(&[Key::Character('g'), Key::Home], "g Home", Does::Runs("begin"), "to the beginning"),
    key(&[Key::Character('G'), Key::End], "G End", Does::Runs("end"), "to the end"),
    key(
        &[Key::Down, Key::Character('j')],
        "Down j",
        Does::Moves(Move::Line(1)),
        "look at the next line",
    ),
    key(
        &[Key::Up, Key::Character('k')],
        "Up k",
        Does::Moves(Move::Line(-1)),
        "look at the line before",
    ),
    key(
        &[Key::PageDown, Key::Control('f')],
        "PgDn ^F",
        Does::Moves(Move::Page(1)),
        "look at the next page",
    ),
    key(
        &[Key::PageUp, Key::Control('b')],
        "PgUp ^B",
        Does::Moves(Move::Page(-1)),
        "look at the page before",
    ),
    key(&[Key::Left], "Left", Does::Moves(Move::Sideways(-8)), "columns to the left"),
    key(&[Key::Right], "Right", Does::Moves(Move::Sideways(8)), "columns to the right"),
    key(&[Key::Character(']')], "]", Does::Moves(Move::Beside(4)), "more of the right side"),
    key(&[Key::Character('[')], "[", Does::Moves(Move::Beside(-4)), "the right side from above"),
    key(&[Key::Character('.')], ".", Does::Runs("here"), "look at the rule at work"),
    key(&[Key::Character('r')], "r", Does::RunsThere("to", ""), "run to the rule looked at"),
    key(&[Key::Character('R')], "R", Does::RunsThere("to", "back"), "run back to it"),
    key(
        &[Key::Character('b'), Key::Character(' ')],
        "b Space",
        Does::Runs("break"),
        "breakpoint on the line looked at, on or off",
    ),
    key(&[Key::Character('e')], "e", Does::Runs("edit"), "edit the line looked at and run again"),
    key(&[Key::Character('u')], "u", Does::Runs("undo"), "take the last edit back"),
    key(&[Key::Character('d')], "d", Does::Runs("difference"), "what the last edit has changed"),
    key(&[Key::Character('a')], "a", Does::Types("addr "), "another address"),
    key(&[Key::Character('w')], "w", Does::Types("watch "), "watch a macro"),
    key(&[Key::Character('/')], "/", Does::Types("/"), "search in the file; / Enter searches on"),
    key(&[Key::Character(':')], ":", Does::Types(""), "type a command"),
    key(&[Key::Character('?'), Key::Character('h')], "? h", Does::Runs("help"), "this help"),
    key(&[Key::Character('q'), Key::Control('c')], "q ^C", Does::Runs("quit"), "end"),
];

/// What a key does.
pub(super) fn binding(key: Key) -> Option<Does> {
    KEYS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.does)
}

/// How a command is written.
fn usage(name: &str, arguments: &str) -> String {
    format!("{name} {arguments}").trim_end().to_owned()
}

/// The lines of the help screen.
pub(super) fn help() -> Vec<(String, &'static str)> {
    let keys = KEYS.iter().map(|binding| (binding.shown.to_owned(), binding.help));
    let commands = VERBS.iter().map(|verb| (usage(verb.name, verb.arguments), verb.does));
    let heading = |text: &str| (text.to_owned(), "");
    std::iter::once(heading("Keys"))
        .chain(keys)
        .chain([heading(""), heading("Commands, behind : or in a script")])
        .chain(commands)
        .collect()
}

/// The tables of `docs/debugger.md`.
#[must_use]
pub fn manual() -> String {
    let mut out = String::from("| key | does |\n|---|---|\n");
    for Binding { shown, help, .. } in KEYS {
        let shown: Vec<String> = shown.split(' ').map(|key| format!("`{key}`")).collect();
        out.push_str(&format!("| {} | {help} |\n", shown.join(" ")));
    }
    out.push_str("\n| command | does |\n|---|---|\n");
    for verb in VERBS {
        let usage = usage(verb.name, verb.arguments);
        // a bar would end the cell of a table
        let does = verb.does.replace('|', "\\|");
        out.push_str(&format!("| `{usage}` | {does} |\n"));
    }
    out
}
