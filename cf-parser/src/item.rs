//! The typed lines of a configuration file.

mod class;
mod equates;
mod header;
mod option;
mod rule;
mod services;
mod value;

pub use services::{Milter, QueueGroup, Socket};

use crate::names::LongNames;
use crate::reading::Context;
use crate::span::Span;
use crate::text::{Name, Text};
use crate::translate::Line;

/// Reads a line whose first character is known; `None` when it gave diagnostics only. Nobody needs the
/// line afterwards.
pub(crate) type Read = fn(&mut Line, &mut Context) -> Option<Directive>;

/// The line types and who reads them.
const READERS: [(u8, Read); 15] = [
    (b'C', class::class),
    (b'D', value::define),
    (b'E', value::environment),
    (b'F', class::source),
    (b'H', header::header),
    (b'K', value::map),
    (b'M', equates::mailer),
    (b'O', option::option),
    (b'P', value::precedence),
    (b'Q', equates::queue_group),
    (b'R', rule::rule),
    (b'S', rule::ruleset),
    (b'T', value::trusted),
    (b'V', value::version),
    (b'X', equates::milter),
];

/// The reader for lines that begin with `letter`.
pub(crate) fn reader(letter: u8) -> Option<Read> {
    READERS.iter().find(|(l, _)| *l == letter).map(|(_, read)| *read)
}

/// A whole file: its lines in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Every understood line.
    pub items: Vec<Item>,
    /// The long names of macros and classes in the order in which sendmail meets them, which gives each
    /// its code: 0240 for the first (CF-070).
    pub long_names: LongNames,
}

/// One logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub directive: Directive,
}

/// What a line says, one variant per command letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `Cx words`: words are split after macro expansion, when the file is loaded.
    Class {
        /// The class.
        name: Name,
        /// The words, unexpanded.
        words: Text,
    },
    /// `Dxvalue`: quotes and backslashes already processed, not expanded.
    Macro {
        /// The macro.
        name: Name,
        /// Its value.
        value: Text,
    },
    /// `Ename=value`, or `Ename` to copy it from the caller's environment.
    Environment {
        /// The variable.
        name: Vec<u8>,
        /// Its value; `None` copies.
        value: Option<Text>,
    },
    /// `Fx…`
    ClassSource {
        /// The class.
        name: Name,
        /// `-o`: silent if missing.
        optional: bool,
        /// Where the members come from.
        source: ClassSource,
    },
    /// `H…`
    Header(Header),
    /// `Kname class args`, unexpanded, from behind the `K`.
    Map(Text),
    /// `Mname, X=…`
    Mailer {
        /// The mailer's name.
        name: Vec<u8>,
        /// The equates in order.
        equates: Vec<Equate>,
    },
    /// `O…`
    Option(OptionLine),
    /// `Pname=value`
    Precedence {
        /// The word of a Precedence: header.
        name: Vec<u8>,
        /// Its number.
        value: i64,
    },
    /// `Qname, X=…`
    QueueGroup {
        /// The group's name.
        name: Vec<u8>,
        /// The equates in order.
        equates: Vec<Equate>,
    },
    /// `R…`
    Rule {
        /// Left-hand side, unexpanded.
        lhs: Text,
        /// Right-hand side, unexpanded.
        rhs: Text,
        /// What stands behind the next tabs.
        comment: Vec<u8>,
    },
    /// `S…`: `name`, `n` or `name=n`, unexpanded; what is none of these the loader refuses (RS-025).
    Ruleset(Text),
    /// `Twords`
    Trusted(Vec<Text>),
    /// `Vn/vendor`
    Version {
        /// The level.
        level: i32,
        /// The vendor word, as written.
        vendor: Option<Vec<u8>>,
    },
    /// `Xname, X=…`
    Milter {
        /// The filter's name.
        name: Vec<u8>,
        /// The equates in order.
        equates: Vec<Equate>,
    },
}

/// `P=/bin/sh` and its like in M, Q and X lines. Only the first letter of the field name counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equate {
    /// The letter.
    pub letter: u8,
    /// The value, quotes and backslashes already processed, unexpanded.
    pub value: Text,
    /// Where the value begins.
    pub span: Span,
}

/// Where an `F` line takes its members from (CF-048..CF-056).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassSource {
    /// A file, read line by line with a `scanf` format (`%s` by default).
    File {
        /// Path, unexpanded.
        path: Text,
        /// Format, when one is given.
        format: Option<Text>,
    },
    /// The output of a program, run without a shell.
    Program {
        /// Path and arguments as the line gives them.
        command: Text,
        /// Always `None`: what follows the command on the line is not read (CF-052).
        format: Option<Text>,
    },
    /// One lookup, `key@class:spec` or `@LDAP`.
    Lookup {
        /// What stands before the `@`.
        key: Text,
        /// What stands behind it.
        spec: Text,
    },
}

/// An `H` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// When the field is added.
    pub condition: HeaderCondition,
    /// The field name; `*` for the default check.
    pub name: Vec<u8>,
    /// What the line does.
    pub action: HeaderAction,
}

/// The part between question marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderCondition {
    /// None: always.
    Always,
    /// `?DFM?`: when the mailer has one of these flags.
    MailerFlags(Vec<u8>),
    /// `?${macro}?`: when the macro is set.
    MacroSet(Name),
}

/// What an `H` line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderAction {
    /// Adds the field with this template (leading space kept).
    Template(Text),
    /// Checks the field's value with a ruleset.
    Check {
        /// The ruleset's name.
        ruleset: Vec<u8>,
        /// `$>+`: comments are kept.
        keep_comments: bool,
    },
}

/// An `O` line whose name was found in the option table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionLine {
    /// Index into [`crate::options::OPTIONS`].
    pub option: usize,
    /// What stands behind a dot in the name.
    pub suboption: Option<Vec<u8>>,
    /// The value, unexpanded; leading blanks removed in the long form only.
    pub value: Text,
    /// `Ox…` instead of `O Name=…`.
    pub short: bool,
}
