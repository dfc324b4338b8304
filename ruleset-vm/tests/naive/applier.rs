//! "These are an ordered production system": rules in order, each as long as it matches.

use std::ops::Range;

use super::matcher::Matching;
use super::reader::{File, Part, Rule};
use super::{Token, Undecided, octet};

/// What happens while a ruleset runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Enter { ruleset: Vec<u8>, workspace: Vec<Token> },
    Try { ruleset: Vec<u8>, rule: usize },
    Fail { ruleset: Vec<u8>, rule: usize },
    Match { ruleset: Vec<u8>, rule: usize, taken: Vec<Range<usize>> },
    Rewritten { ruleset: Vec<u8>, rule: usize, workspace: Vec<Token> },
    Leave { ruleset: Vec<u8>, workspace: Vec<Token> },
    Message(Vec<u8>),
}

/// How a ruleset ended: what is in the workspace, and a `sysexits` value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) workspace: Vec<Token>,
    pub(crate) status: u8,
}

/// A run of one ruleset over one address.
pub(crate) struct Run<'a> {
    file: &'a File,
    pub(crate) events: Vec<Event>,
    /// How many steps are left before it is given up.
    patience: u64,
}

/// The right-hand side has failed for good: the ruleset ends at once, its workspace as it was.
struct Aborted {
    workspace: Option<Vec<Token>>,
    status: u8,
}

/// Where a `$>` is and the ruleset it names.
type Call = (usize, Vec<u8>);

const OK: u8 = 0;
const DATAERR: u8 = 65;
const CONFIG: u8 = 78;

const MAX_TOKENS: usize = 1000;
const MAX_APPLICATIONS: usize = 100;
const MAX_NESTED: usize = 50;
const MAX_CALLS: usize = 15;

impl<'a> Run<'a> {
    pub(crate) fn new(file: &'a File, patience: u64) -> Self {
        Self { file, events: Vec::new(), patience }
    }

    /// Applies a ruleset that is nested in `depth` others.
    pub(crate) fn ruleset(
        &mut self,
        name: &[u8],
        workspace: Vec<Token>,
        depth: usize,
    ) -> Result<Ended, Undecided> {
        let mut workspace = workspace;
        self.spend(workspace.len())?;
        self.events.push(Event::Enter { ruleset: name.into(), workspace: workspace.clone() });
        if depth > MAX_NESTED {
            self.say(&[b"554 5.3.0 rewrite: excessive recursion (max 50), ruleset ", name]);
            return Ok(Ended { workspace, status: CONFIG });
        }
        let mut status = OK;
        'rules: for (index, rule) in self.rules(name).iter().enumerate() {
            let (prefix, right) = prefix(rule);
            for application in 0.. {
                if is(&workspace, b'#') {
                    break 'rules;
                }
                self.events.push(Event::Try { ruleset: name.into(), rule: index });
                if application == MAX_APPLICATIONS {
                    let number = (index + 1).to_string();
                    let number = number.as_bytes();
                    self.say(&[b"554 5.3.5 Infinite loop in ruleset ", name, b", rule ", number]);
                    break 'rules;
                }
                let mut matching = Matching {
                    file: self.file,
                    workspace: &workspace,
                    patience: &mut self.patience,
                };
                let Some(taken) = matching.whole(&rule.left)? else {
                    self.events.push(Event::Fail { ruleset: name.into(), rule: index });
                    break;
                };
                let event =
                    Event::Match { ruleset: name.into(), rule: index, taken: taken.clone() };
                self.events.push(event);
                self.spend(workspace.len())?;
                let built = match self.substitute(right, &workspace, &taken, depth)? {
                    Ok(built) => self.calls(built, &mut status, depth)?,
                    Err(aborted) => Err(aborted),
                };
                match built {
                    Ok(built) => workspace = built,
                    Err(aborted) => {
                        let workspace = aborted.workspace.unwrap_or(workspace);
                        return Ok(Ended { workspace, status: aborted.status });
                    }
                }
                let event = Event::Rewritten {
                    ruleset: name.into(),
                    rule: index,
                    workspace: workspace.clone(),
                };
                self.events.push(event);
                match prefix {
                    // "A $@ prefix causes the ruleset to return"
                    Some(b'@') => break 'rules,
                    // "A $: prefix causes the rule to terminate immediately, but the ruleset to
                    // continue"
                    Some(_) => break,
                    // "Normally, a rule that matches is retried"
                    None => {}
                }
            }
        }
        self.events.push(Event::Leave { ruleset: name.into(), workspace: workspace.clone() });
        Ok(Ended { workspace, status })
    }

    fn rules(&self, name: &[u8]) -> &'a [Rule] {
        self.file.rulesets.iter().find(|set| set.name == name).map_or(&[], |set| &set.rules)
    }

    /// "Tokens are copied directly from the RHS unless they begin with a dollar sign."
    fn substitute(
        &mut self,
        right: &[Part],
        workspace: &[Token],
        taken: &[Range<usize>],
        depth: usize,
    ) -> Result<Result<Vec<Token>, Aborted>, Undecided> {
        let mut built = Vec::new();
        for part in right {
            match part {
                Part::Literal(token) => built.push(token.clone()),
                Part::Argument(number) => {
                    let range = taken.get(number - 1).ok_or(Undecided::NotUnderstood)?;
                    built.extend_from_slice(&workspace[range.clone()]);
                }
                Part::Macro(name) => {
                    let value = self.file.macro_value(name);
                    let tokens = self.tokens(value)?;
                    if tokens.is_empty() && !value.is_empty() {
                        // The outermost ruleset leaves nothing.
                        let workspace = (depth == 0).then(Vec::new);
                        return Ok(Err(Aborted { workspace, status: DATAERR }));
                    }
                    built.extend(tokens);
                }
                _ => return Err(Undecided::NotUnderstood),
            }
            if built.len() > MAX_TOKENS {
                self.say(&[b"554 5.3.0 rewrite: expansion too long"]);
                return Ok(Err(Aborted { workspace: None, status: DATAERR }));
            }
        }
        Ok(Ok(built))
    }

    /// A macro's value as tokens; what stands in parentheses is a comment and dropped.
    fn tokens(&self, value: &[u8]) -> Result<Vec<Token>, Undecided> {
        let mut tokens: Vec<Token> = Vec::new();
        let (mut in_atom, mut in_comment) = (false, false);
        for &byte in value {
            let was_atom = std::mem::take(&mut in_atom);
            match byte {
                b'<' | b'>' => return Err(Undecided::NotUnderstood),
                b'(' if in_comment => return Err(Undecided::NotUnderstood),
                b'(' => in_comment = true,
                b')' if !in_comment => return Err(Undecided::NotUnderstood),
                b')' => in_comment = false,
                _ if in_comment => {}
                b' ' => {}
                _ if self.file.operators.contains(&byte) => tokens.push(vec![byte]),
                _ => {
                    in_atom = true;
                    match tokens.last_mut() {
                        Some(atom) if was_atom => atom.push(byte),
                        _ => tokens.push(vec![byte]),
                    }
                }
            }
        }
        if in_comment { Err(Undecided::NotUnderstood) } else { Ok(tokens) }
    }

    /// "The $> syntax expands everything after the ruleset name to the end of the replacement string
    /// and then passes that as the initial input to the ruleset."
    fn calls(
        &mut self,
        built: Vec<Token>,
        status: &mut u8,
        depth: usize,
    ) -> Result<Result<Vec<Token>, Aborted>, Undecided> {
        let mut built = built;
        let Some(calls) = self.find_calls(&mut built)? else {
            // They stay where they are, and the rule has been applied (observed).
            first(status, CONFIG);
            return Ok(Ok(built));
        };
        for (at, name) in calls.into_iter().rev() {
            let input = built[at + 2..].to_vec();
            let ended = self.ruleset(&name, input, depth + 1)?;
            built.truncate(at);
            built.extend(ended.workspace);
            if built.len() > MAX_TOKENS {
                self.say(&[b"554 5.3.0 rewrite: expansion too long"]);
                built.truncate(MAX_TOKENS);
                return Ok(Err(Aborted { workspace: Some(built), status: DATAERR }));
            }
            if ended.status != OK {
                first(status, ended.status);
                break;
            }
        }
        Ok(Ok(built))
    }

    /// Where the calls are and to which rulesets; those to rulesets without rules are taken out, and
    /// what moves into their place is not looked at (observed).
    fn find_calls(&mut self, built: &mut Vec<Token>) -> Result<Option<Vec<Call>>, Undecided> {
        let mut calls = Vec::new();
        let mut at = 0;
        while at < built.len() {
            if !is(&built[at..], b'>') {
                at += 1;
                continue;
            }
            if calls.len() == MAX_CALLS {
                self.say(&[b"554 5.3.0 Too many subroutine calls (16 max)"]);
                return Ok(None);
            }
            let name = built.get(at + 1).ok_or(Undecided::NotUnderstood)?;
            let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
            let name = name.to_vec();
            if !self.file.knows(&name)? {
                self.say(&[b"554 5.3.5 Unknown ruleset ", &name]);
                return Ok(None);
            }
            if self.rules(&name).is_empty() {
                built.drain(at..at + 2);
                at += 1;
            } else {
                calls.push((at, name));
                at += 2;
            }
        }
        Ok(Some(calls))
    }

    /// For a ruleset entered or a rule applied with so many tokens.
    fn spend(&mut self, tokens: usize) -> Result<(), Undecided> {
        let cost = 20 + tokens as u64;
        self.patience = self.patience.checked_sub(cost).ok_or(Undecided::TooLong)?;
        Ok(())
    }

    fn say(&mut self, parts: &[&[u8]]) {
        self.events.push(Event::Message(parts.concat()));
    }
}

/// The `$:` or `$@` in front of a right-hand side and what follows.
fn prefix(rule: &Rule) -> (Option<u8>, &[Part]) {
    if let Some((Part::Literal(first), rest)) = rule.right.split_first() {
        for letter in [b'@', b':'] {
            if octet(letter).is_some_and(|octet| *first == [octet]) {
                return (Some(letter), rest);
            }
        }
    }
    (None, &rule.right)
}

/// Whether this dollar operator stands in front.
fn is(workspace: &[Token], letter: u8) -> bool {
    let octet = octet(letter);
    workspace.first().is_some_and(|token| token.len() == 1 && token.first() == octet.as_ref())
}

/// The first failure is the status of a ruleset.
fn first(status: &mut u8, failure: u8) {
    if *status == OK {
        *status = failure;
    }
}
