//! What a tracer is told: `-bt`, `-d21`, explain, coverage and the debugger read these events.

use cf_parser::Span;

use crate::machine::Capture;
use crate::program::Program;
use crate::token::{Token, TokenTable};

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
    /// A macro was read with `$&`.
    Macro {
        /// Its name.
        name: &'a [u8],
        /// Its value, if defined.
        value: Option<&'a [u8]>,
    },
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
    /// Whether this tracer wants events about single rules; `Enter`, `Leave` and `Message` always
    /// come.
    fn wants_rules(&self) -> bool {
        false
    }

    /// One event.
    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>);
}

/// A tracer that does not look.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTracer;

impl Tracer for NoTracer {
    fn event(&mut self, _scene: Scene<'_>, _event: &Event<'_>) {}
}
