//! One command of a session, what rules had to say to it, and the reply.

use super::{Asked, Run, Said, Verdict};
use crate::story::{Firing, Step};

/// A command with what it led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What was typed; of a message all lines. Nothing for what the server says by itself.
    pub input: Vec<u8>,
    /// It is a message, with its lines.
    pub is_message: bool,
    /// The lines of the replies.
    pub replies: Vec<Vec<u8>>,
    /// The runs of rules.
    pub runs: Vec<Run>,
    /// What there was to say about the line itself.
    pub complaint: Option<String>,
}

impl Exchange {
    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What follows a verb, whatever its case: the path and the parameters of `MAIL FROM:` and `RCPT TO:`.
    #[must_use]
    pub fn behind(&self, verb: &[u8]) -> Option<&[u8]> {
        let line = self.input.trim_ascii_start();
        let (head, rest) = line.split_at_checked(verb.len())?;
        head.eq_ignore_ascii_case(verb).then(|| rest.trim_ascii())
    }

    /// The last reply: its code.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        let digits = self.replies.last()?.get(..3)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Whether the reply is a refusal.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.code().is_some_and(|code| code >= 400)
    }

    /// Whether it refuses the transaction: `MAIL`, `DATA` or the message.
    #[must_use]
    pub fn refuses_all(&self) -> bool {
        let whole = self.behind(b"MAIL FROM:").is_some() || self.behind(b"DATA").is_some();
        self.refused() && (self.is_message || whole)
    }

    /// The run that has refused, discarded or quarantined, if one has.
    #[must_use]
    pub fn objection(&self) -> Option<&Run> {
        self.runs.iter().rev().find(|run| match &run.said {
            Said::Verdict(Verdict::Accept) | Said::Workspace => false,
            Said::Verdict(_) => true,
            Said::Triple(parsed) => parsed
                .as_ref()
                .is_some_and(|parsed| matches!(parsed.triple.mailer, ruleset_vm::Target::Error(_))),
        })
    }

    /// The run of a hook ruleset.
    #[must_use]
    pub fn hook(&self, name: &[u8]) -> Option<&Run> {
        self.runs.iter().rev().find(|run| match &run.asked {
            Asked::Hook { ruleset, .. } => ruleset == name,
            _ => false,
        })
    }
}

impl Run {
    /// The rule behind what came of it. Behind consent there need not be one: nothing had anything against it.
    #[must_use]
    pub fn rule(&self) -> Option<&Firing> {
        match self.said {
            Said::Verdict(Verdict::Accept) => self.grant().or_else(|| self.story.decisive()),
            _ => self.story.settling(),
        }
    }

    /// The rule to name for consent: one that lets relay, one with a triple, else the last one of the ruleset itself that
    /// matched.
    #[must_use]
    pub fn consent(&self) -> Option<&Firing> {
        let last = || match self.story.steps.last() {
            Some(Step::Ruleset(passage)) => {
                passage.steps.iter().rev().find_map(|step| match step {
                    Step::Rule(firing) => Some(firing),
                    _ => None,
                })
            }
            _ => None,
        };
        self.rule().or_else(last)
    }

    /// The rule that says who may relay, in files made by m4: the first that leaves `RELAY` in front.
    #[must_use]
    pub fn grant(&self) -> Option<&Firing> {
        let relays = |firing: &&Firing| {
            let first = firing.after.as_ref().and_then(|after| after.first());
            first.is_some_and(|word| word == b"RELAY")
        };
        self.story.firings().into_iter().rfind(relays)
    }

    /// What was asked, in words: `check_rcpt <a@b>`.
    #[must_use]
    pub fn question(&self) -> Vec<u8> {
        match &self.asked {
            Asked::Hook { ruleset, arguments } => {
                [&ruleset[..], b" ", &arguments.join(&b" $| "[..])].concat()
            }
            Asked::Address { address, role } => {
                let what: &[u8] = if role.sender { b"sender " } else { b"recipient " };
                [what, address].concat()
            }
            Asked::Form(address) => [b"form of ", &address[..]].concat(),
            Asked::User(user) => [b"user ", &user[..]].concat(),
            Asked::Typed { rulesets, text } => [&rulesets[..], b" ", text].concat(),
        }
    }
}
