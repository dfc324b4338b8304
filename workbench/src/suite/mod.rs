//! Expectations of a configuration, one a line, for tests (`docs/test-format.md`).

mod judge;
pub mod junit;
mod parse;
mod report;
mod run;
mod write;

pub use judge::{Failure, judge, record};
pub use parse::{SuiteError, parse};
pub use report::{Report, Result, json, summary_json, tap, text};
pub use run::{Deciding, Got, Outcome, run};
pub use write::write;

use ruleset_vm::Role;

/// A file of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// Facts about the machine (`docs/host-facts.md`), each with its line.
    pub facts: Vec<(usize, Vec<u8>)>,
    /// The tests in order.
    pub tests: Vec<Test>,
}

impl Suite {
    /// The facts as a text with every fact on the line that it has in the file.
    #[must_use]
    pub fn facts_text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 1;
        for (line, fact) in &self.facts {
            while at < *line {
                out.push(b'\n');
                at += 1;
            }
            out.extend([&fact[..], b"\n"].concat());
            at += 1;
        }
        out
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Where its subject stands, from 1.
    pub line: usize,
    /// Its name; that of its subject if none was given.
    pub name: Option<Vec<u8>>,
    /// What is tried.
    pub subject: Subject,
    /// Macros that are set before, without braces.
    pub settings: Vec<(Vec<u8>, Vec<u8>)>,
    /// What is to come of it.
    pub expected: Vec<Expected>,
}

/// What a test tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `recipient`, `sender`, `header-recipient`, `header-sender`: where an address goes.
    Address {
        /// What the address is.
        role: Role,
        /// The address.
        address: Vec<u8>,
    },
    /// `rewrite ROLE MAILER ADDRESS`: how a mailer sees it.
    Rewrite {
        /// What the address is.
        role: Role,
        /// The mailer.
        mailer: Vec<u8>,
        /// The address.
        address: Vec<u8>,
    },
    /// `rules RULESET,... TEXT`: what rulesets make of a text; operators such as `$|` count in it.
    Rules {
        /// Names or numbers, commas between.
        rulesets: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// `hook RULESET ARGUMENT $| ARGUMENT`: the verdict of a hook ruleset.
    Hook {
        /// Its name.
        ruleset: Vec<u8>,
        /// Its arguments.
        arguments: Vec<Vec<u8>>,
    },
    /// `session`: lines as `bangpath session` takes them.
    Session(Vec<Vec<u8>>),
}

/// One thing that is to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Where it stands.
    pub line: usize,
    /// What.
    pub what: Expectation,
}

/// See [`Expected`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// `mailer NAME`
    Mailer(Vec<u8>),
    /// `host NAME`; without a name: none.
    Host(Vec<u8>),
    /// `user NAME`
    User(Vec<u8>),
    /// `deferred`: a map cannot answer now.
    Deferred,
    /// `nothing`: there is no address in it.
    Nothing,
    /// `gives TEXT`
    Gives(Vec<u8>),
    /// `accepted`
    Accepted,
    /// `refused TEXT`: the reply begins with this.
    Refused(Vec<u8>),
    /// `discarded`
    Discarded,
    /// `quarantined TEXT`: the reason begins with this.
    Quarantined(Vec<u8>),
    /// `< TEXT`: a line of the reply to the line typed last begins with this.
    Reply {
        /// How many lines had been typed.
        after: usize,
        /// How it begins.
        text: Vec<u8>,
    },
    /// `relayed yes`, `relayed no`
    Relayed(bool),
}

/// Roles by their names.
pub const ROLES: [(&str, Role); 4] = [
    ("recipient", Role { header: false, sender: false }),
    ("sender", Role { header: false, sender: true }),
    ("header-recipient", Role { header: true, sender: false }),
    ("header-sender", Role { header: true, sender: true }),
];

/// The name of a role.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(_, known)| *known == role).map_or("", |(name, _)| name)
}

impl Test {
    /// Its name, or what it tries.
    #[must_use]
    pub fn title(&self) -> Vec<u8> {
        if let Some(name) = &self.name {
            return name.clone();
        }
        match &self.subject {
            Subject::Address { role, address } => {
                [role_name(*role).as_bytes(), b" ", address].concat()
            }
            Subject::Rewrite { role, mailer, address } => {
                [role_name(*role).as_bytes(), b" ", address, b" for ", mailer].concat()
            }
            Subject::Rules { rulesets, text } => [&rulesets[..], b" ", text].concat(),
            Subject::Hook { ruleset, arguments } => {
                [&ruleset[..], b" ", &arguments.join(&b" $| "[..])].concat()
            }
            Subject::Session(_) => format!("session in line {}", self.line).into_bytes(),
        }
    }
}
