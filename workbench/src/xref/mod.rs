//! Cross-reference: every mention of a ruleset, macro, class, map, mailer or option in a file, with its
//! place, so that it can be listed, drawn, found from an editor and renamed.
//!
//! Read from the bytes of one file; nothing is expanded. A name that is only known when rules run
//! (`$>$&{x}`, `$($1 ...`) is not found; such calls are in [`CrossReference::computed`]. Linear in the
//! size of the file but for sorting.

mod equates;
mod graph;
mod places;
mod program;
mod reading;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cf_parser::{Diagnostic, PlacedLine};

pub use graph::{Edge, Node, graph, is_mailer};
pub use places::{Place, Places};
pub use program::{BUILT_IN_MAILERS, BUILT_IN_MAPS, HOOKS, Hook, hook};
pub use rules::sides;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `S`
    Ruleset,
    /// `D`
    Macro,
    /// `C`, `F`, `T`
    Class,
    /// `K`
    Map,
    /// `M`
    Mailer,
    /// `O`, by its long name or its letter
    Option,
    /// `H`
    Header,
    /// `Q`
    QueueGroup,
    /// `X`
    Milter,
}

impl Kind {
    /// All kinds with their name for machines and for people.
    pub const NAMES: [(Self, &'static str, &'static str); 9] = [
        (Self::Ruleset, "ruleset", "ruleset"),
        (Self::Macro, "macro", "macro"),
        (Self::Class, "class", "class"),
        (Self::Map, "map", "map"),
        (Self::Mailer, "mailer", "mailer"),
        (Self::Option, "option", "option"),
        (Self::Header, "header", "header field"),
        (Self::QueueGroup, "queue_group", "queue group"),
        (Self::Milter, "milter", "mail filter"),
    ];

    /// The name for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// The name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, _, words)| words)
    }
}

/// A named thing. The name has no `$` and no braces; of a ruleset with a name and a number it is the
/// name, of an option the long name, of header fields and mailers it is in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: Vec<u8>,
}

impl Symbol {
    /// A symbol.
    #[must_use]
    pub fn new(kind: Kind, name: impl Into<Vec<u8>>) -> Self {
        Self { kind, name: name.into() }
    }

    /// As it is written where it is used: `$={w}`, `$>canonify`, `$#local`.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        let mut out = match self.kind {
            Kind::Macro => b"$".to_vec(),
            Kind::Class => b"$=".to_vec(),
            _ => return self.name.clone(),
        };
        cf_parser::Name::new(&self.name).write(&mut out);
        out
    }
}

/// What a line or a rule does with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A line of the file defines it, or adds to it.
    Define,
    /// A rule gives a macro its value, through a map of class `macro`.
    Set,
    /// `$x`, when the line is read.
    Read,
    /// The value is read when mail is handled: `$&x` and texts that are expanded late.
    ReadLate,
    /// `$?x`, `H?${x}?`: whether it has a value.
    Ask,
    /// `$=x` of a left-hand side.
    Member,
    /// `$~x` of a left-hand side.
    NotMember,
    /// `$=y` of a `C` line.
    Copy,
    /// `$>x` of a rule.
    Call,
    /// `S=` of a mailer.
    Sender,
    /// `R=` of a mailer.
    Recipient,
    /// `$>x` of an `H` line.
    Check,
    /// `$#x` of a rule.
    Choose,
    /// `$(x` of a rule.
    Lookup,
    /// A map listed by another map.
    Part,
}

impl Role {
    /// All roles with their name for machines and for people.
    pub const NAMES: [(Self, &'static str, &'static str); 15] = [
        (Self::Define, "define", "defined"),
        (Self::Set, "set", "set by rules of"),
        (Self::Read, "read", "read with the file"),
        (Self::ReadLate, "read_late", "read when mail is handled"),
        (Self::Ask, "ask", "asked for by"),
        (Self::Member, "member", "tested with $= by"),
        (Self::NotMember, "not_member", "tested with $~ by"),
        (Self::Copy, "copy", "copied into"),
        (Self::Call, "call", "called by"),
        (Self::Sender, "sender", "S= of"),
        (Self::Recipient, "recipient", "R= of"),
        (Self::Check, "check", "checks"),
        (Self::Choose, "choose", "chosen by"),
        (Self::Lookup, "lookup", "looked up by"),
        (Self::Part, "part", "part of"),
    ];

    /// The name for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(role, ..)| *role == self).map_or("", |(_, name, _)| name)
    }

    /// The name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::NAMES.iter().find(|(role, ..)| *role == self).map_or("", |(_, _, words)| words)
    }
}

/// One mention of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What is named.
    pub symbol: Symbol,
    /// What is done with it.
    pub role: Role,
    /// The bytes of the name; of a macro or class with its braces, without `$`.
    pub place: Place,
    /// In whose lines it stands: the ruleset of a rule, the mailer of an `M` line.
    pub owner: Option<Symbol>,
    /// Index of its line in [`CrossReference::lines`].
    pub line: usize,
}

/// One line and what it belongs to.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line.
    pub line: PlacedLine,
    /// Of a rule the ruleset, of other lines what they define.
    pub owner: Option<Symbol>,
}

/// A file with every mention of a name.
#[derive(Clone, Debug, Default)]
pub struct CrossReference {
    /// The lines that are no comments, in order.
    pub lines: Vec<Entry>,
    /// Every mention, in order of place.
    pub mentions: Vec<Mention>,
    /// Rulesets that have a number beside their name.
    pub numbers: BTreeMap<Vec<u8>, usize>,
    /// The class of each map, as its last line has it.
    pub map_classes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Places of `$>`, `$#` and `$(` whose name is made when rules run.
    pub computed: Vec<Mention>,
    /// Where the lines of the file begin.
    pub places: Places,
    /// What the parser says.
    pub diagnostics: Vec<Diagnostic>,
    /// Where in `mentions` each symbol is.
    index: BTreeMap<Symbol, Vec<usize>>,
    /// How many rules each ruleset has.
    rules: BTreeMap<Vec<u8>, usize>,
}

impl CrossReference {
    /// Reads a file.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        reading::read(bytes)
    }

    /// Every symbol that is mentioned, sorted.
    #[must_use]
    pub fn symbols(&self) -> BTreeSet<&Symbol> {
        self.index.keys().collect()
    }

    /// The mentions of a symbol in order of place.
    pub fn mentions_of<'s>(
        &'s self,
        symbol: &Symbol,
    ) -> impl Iterator<Item = &'s Mention> + use<'s> {
        let places = self.index.get(symbol).map_or(&[][..], |places| places);
        places.iter().filter_map(|at| self.mentions.get(*at))
    }

    /// How many rules a ruleset has.
    #[must_use]
    pub fn rules_of(&self, symbol: &Symbol) -> usize {
        self.rules.get(&symbol.name).copied().unwrap_or(0)
    }

    /// Where a symbol is defined, or else set by rules.
    #[must_use]
    pub fn definitions(&self, symbol: &Symbol) -> Vec<&Mention> {
        let with = |role| self.mentions_of(symbol).filter(move |mention| mention.role == role);
        let mut found: Vec<_> = with(Role::Define).collect();
        if found.is_empty() {
            found = with(Role::Set).collect();
        }
        found
    }

    /// The mention whose name covers the byte at `offset`, or ends there.
    #[must_use]
    pub fn mention_at(&self, offset: usize) -> Option<&Mention> {
        let behind = self.mentions.partition_point(|mention| mention.place.start <= offset);
        let near = self.mentions.get(behind.saturating_sub(2)..behind).unwrap_or_default();
        near.iter().rev().find(|mention| {
            // The sign in front of a name belongs to it for who points at it.
            offset <= mention.place.end
        })
    }

    /// The line that covers a physical line (from 1).
    #[must_use]
    pub fn entry_at(&self, line: u32) -> Option<&Entry> {
        let behind = self.lines.partition_point(|entry| entry.line.span.line <= line);
        let entry = self.lines.get(behind.checked_sub(1)?)?;
        (line <= entry.line.span.last_line).then_some(entry)
    }

    /// The symbol of a ruleset's name or number.
    #[must_use]
    pub fn ruleset(&self, name: &[u8]) -> Symbol {
        let number = std::str::from_utf8(name).ok().and_then(|text| text.parse::<usize>().ok());
        let named = number.and_then(|number| {
            self.numbers.iter().find(|(_, known)| **known == number).map(|(name, _)| name.clone())
        });
        Symbol::new(Kind::Ruleset, named.unwrap_or_else(|| name.to_vec()))
    }
}
