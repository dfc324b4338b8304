//! Commands, as they are typed behind `:` and as they stand in scripts.

use super::breakpoint::Breakpoint;
use super::motion::{Motion, Way};
use super::{task, watch};
use ruleset_vm::Role;

/// What a debugger can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Goes through the run.
    Go(Motion, Way),
    /// Sets a breakpoint; on the line looked at if `None`, where one is taken away.
    Break(Option<Breakpoint>),
    /// Takes breakpoints away: the one with this number, from 1, or all.
    Delete(Option<usize>),
    /// Watches a macro.
    Watch(Vec<u8>),
    /// Watches a class.
    Class(Vec<u8>),
    /// Watches neither the macro nor the class of this name; nothing at all if `None`.
    Unwatch(Option<Vec<u8>>),
    /// Replaces a line of the file; lets it be edited if there is no text, the line looked at if there is no number.
    Edit(Option<u32>, Option<Vec<u8>>),
    /// Takes the last edit back.
    Undo,
    /// Shows what the last edit has changed.
    Difference,
    /// Writes the file with its edits to a path.
    Write(Vec<u8>),
    /// Another address; asks for it if `None`.
    Address(Option<Vec<u8>>),
    /// What the address is.
    As(Role),
    /// Rewrites the address for a mailer.
    Mailer(Vec<u8>),
    /// Applies rulesets to the text.
    Rulesets(Vec<u8>),
    /// Resolves the address to its triple.
    Resolve,
    /// Looks for a text in the file, from the line looked at on; the last one again if `None`.
    Search(Option<Vec<u8>>),
    /// Looks at a line of the file.
    Look(u32),
    /// Looks at the rule that is at work.
    Here,
    /// Shows keys and commands.
    Help,
    /// Ends the debugger.
    Quit,
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is none of this name.
    #[error("no command {}; ? shows them", .0.escape_ascii())]
    Unknown(Vec<u8>),
    /// Something has to follow.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A number should be here.
    #[error("{} is no number", .0.escape_ascii())]
    NoNumber(Vec<u8>),
    /// Words of a role should be here.
    #[error("{} is none of envelope, header, sender, recipient", .0.escape_ascii())]
    NoRole(Vec<u8>),
}

/// A command of the language: how it is written, what it does, and how the text behind its name is read.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
    pub(super) does: &'static str,
    read: fn(&[u8]) -> Result<Command, CommandError>,
}

/// All commands. A name may be cut short as long as it is the first with such a beginning.
pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "step",
        arguments: "[back]",
        does: "to the next thing that happens, into rulesets that are called",
        read: |text| go(Motion::Into, text),
    },
    Verb {
        name: "next",
        arguments: "[back]",
        does: "to the next rule, over what this one calls and asks",
        read: |text| go(Motion::Over, text),
    },
    Verb {
        name: "out",
        arguments: "[back]",
        does: "out of this ruleset; back, to the rule that called it",
        read: |text| go(Motion::Out, text),
    },
    Verb {
        name: "fires",
        arguments: "[back]",
        does: "to the next rule that matches",
        read: |text| go(Motion::Fires, text),
    },
    Verb {
        name: "continue",
        arguments: "[back]",
        does: "to the next breakpoint, else to the end",
        read: |text| go(Motion::Continue, text),
    },
    Verb {
        name: "to",
        arguments: "LINE [back]",
        does: "to where the rule on this line is compared next",
        read: to,
    },
    Verb {
        name: "break",
        arguments: "[LINE [match]]",
        does: "stop at the rule on this line, or only if it matches; the line looked at without LINE, on or off",
        read: set_break,
    },
    Verb {
        name: "break ruleset",
        arguments: "NAME",
        does: "stop where this ruleset begins",
        read: set_break,
    },
    Verb {
        name: "break map",
        arguments: "NAME",
        does: "stop where this map is asked; any map if *",
        read: set_break,
    },
    Verb {
        name: "break macro",
        arguments: "NAME",
        does: "stop where this macro is read or changes",
        read: set_break,
    },
    Verb {
        name: "break value",
        arguments: "TEXT",
        does: "stop where this text comes into the workspace, or is in the answer of a map",
        read: set_break,
    },
    Verb {
        name: "end",
        arguments: "",
        does: "to the end",
        read: |_| Ok(Command::Go(Motion::All, Way::Forward)),
    },
    Verb {
        name: "begin",
        arguments: "",
        does: "to the beginning",
        read: |_| Ok(Command::Go(Motion::All, Way::Back)),
    },
    Verb {
        name: "delete",
        arguments: "[NUMBER]",
        does: "take a breakpoint away, or all",
        read: delete,
    },
    Verb {
        name: "watch",
        arguments: "MACRO",
        does: "show a macro's value: watch {client_addr}",
        read: |text| Ok(Command::Watch(needed(watch::bare(text), "a macro")?)),
    },
    Verb {
        name: "class",
        arguments: "CLASS",
        does: "show a class, and which of its members are in the workspace",
        read: |text| Ok(Command::Class(needed(watch::bare(text), "a class")?)),
    },
    Verb {
        name: "unwatch",
        arguments: "[NAME]",
        does: "no longer show a macro or class, or any",
        read: |text| Ok(Command::Unwatch(given(watch::bare(text)))),
    },
    Verb {
        name: "edit",
        arguments: "[LINE [TEXT]]",
        does: "change a line of the file, in memory, and run again",
        read: edit,
    },
    Verb {
        name: "undo",
        arguments: "",
        does: "take the last edit back",
        read: |_| Ok(Command::Undo),
    },
    Verb {
        name: "difference",
        arguments: "",
        does: "what the last edit has changed",
        read: |_| Ok(Command::Difference),
    },
    Verb {
        name: "write",
        arguments: "FILE",
        does: "write the file with its edits",
        read: |text| Ok(Command::Write(needed(text, "a file")?)),
    },
    Verb {
        name: "addr",
        arguments: "[ADDRESS]",
        does: "run with another address",
        read: |text| Ok(Command::Address(given(text))),
    },
    Verb {
        name: "as",
        arguments: "ROLE",
        does: "what the address is: envelope or header, sender or recipient",
        read: as_role,
    },
    Verb {
        name: "mailer",
        arguments: "NAME",
        does: "rewrite the address for this mailer",
        read: |text| Ok(Command::Mailer(needed(text, "a mailer")?)),
    },
    Verb {
        name: "rulesets",
        arguments: "NAME,...",
        does: "apply these rulesets to the text, as test mode does; $| may stand in it",
        read: |text| Ok(Command::Rulesets(needed(text, "a ruleset")?)),
    },
    Verb {
        name: "resolve",
        arguments: "",
        does: "resolve the address to its triple, as at the beginning",
        read: |_| Ok(Command::Resolve),
    },
    Verb {
        name: "search",
        arguments: "[TEXT]",
        does: "look for a text in the file; the last one again without TEXT",
        read: |text| Ok(Command::Search(given(text))),
    },
    Verb {
        name: "look",
        arguments: "LINE",
        does: "look at a line of the file",
        read: |text| Ok(Command::Look(number(text)?)),
    },
    Verb {
        name: "here",
        arguments: "",
        does: "look at the rule at work",
        read: |_| Ok(Command::Here),
    },
    Verb {
        name: "help",
        arguments: "",
        does: "show keys and commands",
        read: |_| Ok(Command::Help),
    },
    Verb { name: "quit", arguments: "", does: "end", read: |_| Ok(Command::Quit) },
];

impl Command {
    /// Reads a command; `890` alone is a line to look at.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &[u8]) -> Result<Self, CommandError> {
        let text = text.trim_ascii();
        let (name, rest) = word(text);
        if name.first().is_some_and(u8::is_ascii_digit) && rest.is_empty() {
            return Ok(Self::Look(number(name)?));
        }
        if let Some(text) = text.strip_prefix(b"/") {
            return Ok(Self::Search(given(text)));
        }
        let begins = |verb: &&Verb| !name.is_empty() && verb.name.as_bytes().starts_with(name);
        match VERBS.iter().find(begins) {
            Some(verb) => (verb.read)(rest),
            None => Err(CommandError::Unknown(name.to_vec())),
        }
    }
}

/// The first word, and what follows the blanks behind it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii_start())
}

/// A number of a line or a breakpoint.
pub(super) fn number(text: &[u8]) -> Result<u32, CommandError> {
    let digits = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match digits {
        Some(number) => Ok(number),
        None if text.is_empty() => Err(CommandError::Missing("a number")),
        None => Err(CommandError::NoNumber(text.to_vec())),
    }
}

fn given(text: &[u8]) -> Option<Vec<u8>> {
    (!text.is_empty()).then(|| text.to_vec())
}

fn needed(text: &[u8], what: &'static str) -> Result<Vec<u8>, CommandError> {
    given(text).ok_or(CommandError::Missing(what))
}

fn way(text: &[u8]) -> Result<Way, CommandError> {
    match text {
        b"" => Ok(Way::Forward),
        b"back" => Ok(Way::Back),
        other => Err(CommandError::Unknown(other.to_vec())),
    }
}

fn go(motion: Motion, text: &[u8]) -> Result<Command, CommandError> {
    Ok(Command::Go(motion, way(text)?))
}

fn to(text: &[u8]) -> Result<Command, CommandError> {
    let (line, rest) = word(text);
    go(Motion::Rule(number(line)?), rest)
}

fn set_break(text: &[u8]) -> Result<Command, CommandError> {
    match text {
        b"" => Ok(Command::Break(None)),
        text => Ok(Command::Break(Some(Breakpoint::parse(text)?))),
    }
}

fn delete(text: &[u8]) -> Result<Command, CommandError> {
    match text {
        b"" => Ok(Command::Delete(None)),
        text => Ok(Command::Delete(Some(usize::try_from(number(text)?).unwrap_or(usize::MAX)))),
    }
}

fn edit(text: &[u8]) -> Result<Command, CommandError> {
    if text.is_empty() {
        return Ok(Command::Edit(None, None));
    }
    let (line, _) = word(text);
    // one blank ends the number: a line may begin with others
    let rest = text.get(line.len() + 1..);
    Ok(Command::Edit(Some(number(line)?), rest.map(<[u8]>::to_vec)))
}

fn as_role(text: &[u8]) -> Result<Command, CommandError> {
    let needed = needed(text, "what the address is")?;
    task::role(&needed).map(Command::As).ok_or(CommandError::NoRole(needed))
}
