//! What a tracer is told: `-bt`, `-d21`, explain, coverage and the debugger read these events.

use cf_parser::debug::Category;
use cf_parser::{Piece, Span};

use crate::machine::{Capture, Subject};
use crate::prescan::Scanned;
use crate::program::Program;
use crate::rewriter::Role;
use crate::status::Exit;
use crate::token::{Token, TokenTable};
use crate::triple::Triple;

/// One event of a run.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A ruleset is entered.
    Enter {
        /// Its number.
        ruleset: usize,
        /// The workspace.
        workspace: &'a [Token],
    },
    /// A ruleset is left.
    Leave {
        /// Its number.
        ruleset: usize,
        /// The workspace.
        workspace: &'a [Token],
    },
    /// A rule is compared with the workspace.
    Try {
        /// The ruleset's number.
        ruleset: usize,
        /// The rule's index, from 0.
        rule: usize,
        /// What it is compared with.
        subject: Subject<'a>,
    },
    /// The rule does not match.
    Fail {
        /// The ruleset's number.
        ruleset: usize,
        /// The rule's index, from 0.
        rule: usize,
    },
    /// The rule matches; before its right-hand side is built.
    Match {
        /// The ruleset's number.
        ruleset: usize,
        /// The rule's index, from 0.
        rule: usize,
        /// Where it stands.
        span: Span,
        /// The workspace it matched.
        workspace: &'a [Token],
        /// What its wildcards took.
        captures: &'a [Capture],
    },
    /// The rule's result is the new workspace.
    Rewritten {
        /// The ruleset's number.
        ruleset: usize,
        /// The rule's index, from 0.
        rule: usize,
        /// Where it stands.
        span: Span,
        /// The new workspace.
        workspace: &'a [Token],
    },
    /// A right-hand side puts what a wildcard took.
    Copied {
        /// The wildcard's number, from 1.
        number: u8,
        /// What it took.
        tokens: &'a [Token],
    },
    /// A macro was read with `$&`.
    Macro {
        /// Its name.
        name: &'a [u8],
        /// Its value, if defined.
        value: Option<&'a [u8]>,
    },
    /// The tokens of that macro's value; not told if there are none.
    MacroTokens(&'a [Token]),
    /// A called ruleset has no rules.
    Skipped {
        /// Its number.
        ruleset: usize,
    },
    /// A rule has been applied too often.
    Looping {
        /// The workspace.
        workspace: &'a [Token],
    },
    /// A text has been tokenized; complaints about it come next.
    Scan {
        /// The text.
        text: &'a [Piece],
        /// What came of it.
        tokens: Option<&'a [Scanned]>,
    },
    /// All has been said about the tokens of a text.
    Scanned(Option<&'a [Scanned]>),
    /// A map is asked.
    Asked {
        /// The map.
        map: &'a [u8],
        /// The key and the arguments.
        key: &'a [u8],
        /// The arguments.
        args: &'a [Vec<u8>],
    },
    /// A map has answered.
    Answered {
        /// The map.
        map: &'a [u8],
        /// The value, if found.
        value: Option<&'a [u8]>,
    },
    /// An address is being resolved.
    Parsing(&'a [u8]),
    /// An address has been resolved.
    Parsed {
        /// The address.
        address: &'a [u8],
        /// Its triple.
        triple: &'a Triple,
    },
    /// A triple is made of a workspace.
    Building {
        /// The workspace.
        workspace: &'a [Token],
        /// It is a sender, it stands in a header.
        role: Role,
    },
    /// The triple is complete.
    Built(&'a Triple),
    /// The result is kept for the address.
    Kept {
        /// The address.
        address: &'a [u8],
        /// As for [`Event::Building`].
        role: Role,
    },
    /// An address is rewritten for a mailer.
    Rewriting(&'a [u8]),
    /// It has been.
    RewrittenFor {
        /// The result.
        text: &'a [u8],
        /// How it went.
        exit: Exit,
    },
    /// A display text was looked for.
    Cracked {
        /// The address.
        address: &'a [u8],
        /// The text around it.
        template: &'a [u8],
    },
    /// An address has been put into the text around it.
    Filled {
        /// The text.
        template: &'a [u8],
        /// The address.
        address: &'a [u8],
        /// What came of it.
        text: &'a [u8],
    },
    /// A hook ruleset is asked.
    Hook {
        /// Its name.
        ruleset: &'a [u8],
        /// Its first argument.
        argument: &'a [u8],
    },
    /// A macro gets a value, or loses it.
    Defined {
        /// Its name.
        name: &'a [u8],
        /// The value.
        value: Option<&'a [u8]>,
        /// It had a value, or had lost it, before.
        again: bool,
    },
    /// A message for whoever runs this, in the oracle's words.
    Message(&'a [u8]),
}

/// What an event is about.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The rules.
    pub program: &'a Program,
    /// The texts of the tokens.
    pub table: &'a TokenTable,
}

/// Receives the events of a run.
pub trait Tracer {
    /// Whether this tracer wants `Enter` and `Leave`. `Message` always comes.
    fn wants_rulesets(&self) -> bool {
        true
    }

    /// Whether this tracer wants events about single rules.
    fn wants_rules(&self) -> bool {
        false
    }

    /// Whether this tracer wants the events of a debugging category; they need not come otherwise.
    fn wants(&self, _category: Category) -> bool {
        false
    }

    /// One event.
    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>);
}

/// A tracer that does not look.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTracer;

impl Tracer for NoTracer {
    fn wants_rulesets(&self) -> bool {
        false
    }

    fn event(&mut self, _scene: Scene<'_>, _event: &Event<'_>) {}
}
