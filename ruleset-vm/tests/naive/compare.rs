//! The same rules and addresses through both engines.

use ruleset_vm::load::Configuration;
use ruleset_vm::machine::stepwise::{Verdict, walk};
use ruleset_vm::trace::{self, Scene, Tracer};
use ruleset_vm::{Machine, NoMaps, Rewriter};

use super::applier::{Ended, Event, Run};
use super::reader::{File, read};
use super::world::loaded;
use super::{Token, Undecided};

/// How many steps of plain backtracking are worth waiting for.
const PATIENCE: u64 = 60_000;

/// Rules under both engines.
pub(crate) struct Pair {
    file: File,
    configuration: Configuration,
    machine: Machine,
}

/// What became of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Rules that matched.
    pub(crate) matches: usize,
    /// Wildcards in them that took something.
    pub(crate) captures: usize,
    /// Messages.
    pub(crate) messages: usize,
    /// Runs without a verdict of the naive engine.
    pub(crate) undecided: usize,
}

impl Agreement {
    pub(crate) fn add(&mut self, other: Self) {
        self.matches += other.matches;
        self.captures += other.captures;
        self.messages += other.messages;
        self.undecided += other.undecided;
    }
}

impl Pair {
    /// Reads `cf` twice. Files of which the loader complains are not understood here.
    pub(crate) fn new(cf: &[u8]) -> Result<Self, Undecided> {
        let file = read(cf)?;
        let (configuration, diagnostics) = loaded(cf);
        if !diagnostics.is_empty() {
            return Err(Undecided::NotUnderstood);
        }
        let machine = Machine::new(configuration.program.clone());
        Ok(Self { file, configuration, machine })
    }

    /// The names of the rulesets in order of appearance.
    pub(crate) fn rulesets(&self) -> Vec<Vec<u8>> {
        self.file.names()
    }

    /// Puts an address through a ruleset of both engines, watched and unwatched.
    ///
    /// # Panics
    /// If they differ.
    pub(crate) fn agree(&mut self, ruleset: &[u8], address: &[u8]) -> Result<Agreement, Undecided> {
        let input = self.compiled(ruleset, address, None).0;
        let mut run = Run::new(&self.file, PATIENCE);
        let expected = run.ruleset(ruleset, input, 0)?;
        let events = run.events;
        // The machine records what comes twice and replays it from then on.
        for rules in [false, true, false, false] {
            let wanted: Vec<&Event> = events.iter().filter(|e| rules || is_outer(e)).collect();
            let (_, ended, seen) = self.compiled(ruleset, address, Some(rules));
            let difference = wanted.iter().zip(&seen).position(|(wanted, seen)| *wanted != seen);
            let at = difference.unwrap_or(wanted.len().min(seen.len()));
            assert!(
                wanted.len() == seen.len() && difference.is_none(),
                "event {at}, rules watched: {rules}\nnaive:    {:?}\ncompiled: {:?}",
                wanted.get(at),
                seen.get(at)
            );
            assert_eq!(expected, ended, "naive, compiled; rules watched: {rules}");
        }
        Ok(agreement(&events))
    }

    /// One address through the compiled engine: the tokens it began with, how it ended and, unless
    /// only the tokens are asked for, what the tracer saw.
    fn compiled(
        &mut self,
        ruleset: &[u8],
        address: &[u8],
        run: Option<bool>,
    ) -> (Vec<Token>, Ended, Vec<Event>) {
        let mut macros = self.configuration.macros.clone();
        let mut lookups = NoMaps;
        let mut watcher = Watcher {
            walked: Verdict::Unknown,
            rules: run.unwrap_or(false),
            events: Vec::new(),
            names: self.file.names(),
        };
        let number = self.configuration.program.number(ruleset);
        let mut rewriter = Rewriter {
            machine: &mut self.machine,
            configuration: &self.configuration,
            macros: &mut macros,
            lookups: &mut lookups,
            tracer: &mut watcher,
        };
        let tokens = rewriter.tokenize(address, None).0.unwrap_or_default();
        let texts = |machine: &Machine, tokens: &[_]| -> Vec<Token> {
            tokens.iter().map(|t| machine.table().join(std::slice::from_ref(t), None)).collect()
        };
        let input = texts(rewriter.machine, &tokens);
        if run.is_none() {
            return (input, Ended { workspace: Vec::new(), status: 0 }, Vec::new());
        }
        let outcome = rewriter.apply(number.expect("a ruleset of the file"), tokens);
        let workspace = texts(rewriter.machine, &outcome.workspace);
        // What the tokenizer said is not about rules.
        let start = watcher.events.iter().position(|event| matches!(event, Event::Enter { .. }));
        watcher.events.drain(..start.unwrap_or(0));
        (input, Ended { workspace, status: outcome.exit.0 }, watcher.events)
    }
}

fn is_outer(event: &Event) -> bool {
    matches!(event, Event::Enter { .. } | Event::Leave { .. } | Event::Message(_))
}

fn agreement(events: &[Event]) -> Agreement {
    let mut agreement = Agreement::default();
    for event in events {
        match event {
            Event::Match { taken, .. } => {
                agreement.matches += 1;
                agreement.captures += taken.iter().filter(|range| !range.is_empty()).count();
            }
            Event::Message(_) => agreement.messages += 1,
            _ => {}
        }
    }
    agreement
}

/// Writes down what the compiled engine does in the words of the naive one.
struct Watcher {
    rules: bool,
    /// What the walk for traces came to for the rule being tried.
    walked: Verdict,
    events: Vec<Event>,
    names: Vec<Vec<u8>>,
}

impl Watcher {
    fn translate(&self, scene: Scene<'_>, event: &trace::Event<'_>) -> Option<Event> {
        let name = |number: usize| -> Vec<u8> {
            let mut names = self.names.iter();
            let found = names.find(|name| scene.program.number(name) == Some(number));
            found.cloned().unwrap_or_else(|| number.to_string().into_bytes())
        };
        let texts = |tokens: &[_]| -> Vec<Token> {
            tokens.iter().map(|t| scene.table.join(std::slice::from_ref(t), None)).collect()
        };
        Some(match event {
            trace::Event::Enter { ruleset, workspace } => {
                Event::Enter { ruleset: name(*ruleset), workspace: texts(workspace) }
            }
            trace::Event::Leave { ruleset, workspace } => {
                Event::Leave { ruleset: name(*ruleset), workspace: texts(workspace) }
            }
            trace::Event::Try { ruleset, rule, .. } => {
                Event::Try { ruleset: name(*ruleset), rule: *rule }
            }
            trace::Event::Fail { ruleset, rule } => {
                Event::Fail { ruleset: name(*ruleset), rule: *rule }
            }
            trace::Event::Match { ruleset, rule, captures, .. } => Event::Match {
                ruleset: name(*ruleset),
                rule: *rule,
                taken: captures.iter().map(|capture| capture.start..capture.end).collect(),
            },
            trace::Event::Rewritten { ruleset, rule, workspace, .. } => Event::Rewritten {
                ruleset: name(*ruleset),
                rule: *rule,
                workspace: texts(workspace),
            },
            trace::Event::Message(text) => Event::Message(text.to_vec()),
            _ => return None,
        })
    }
}

impl Watcher {
    /// The walk that traces show comes to what the machine comes to.
    fn compare_walk(&mut self, scene: Scene<'_>, event: &trace::Event<'_>) {
        let machine = match event {
            trace::Event::Try { ruleset, rule, subject } => {
                let set = scene.program.ruleset(*ruleset).unwrap();
                let code = &set.code[set.rules[*rule].lhs.clone()];
                self.walked = walk(code, *subject, &mut |_| {});
                return;
            }
            trace::Event::Fail { .. } => Verdict::Fails,
            trace::Event::Match { captures, .. } => Verdict::Matches(captures.to_vec()),
            _ => return,
        };
        if self.walked != Verdict::Unknown {
            assert_eq!(self.walked, machine);
        }
    }
}

impl Tracer for Watcher {
    fn wants_rules(&self) -> bool {
        self.rules
    }

    fn event(&mut self, scene: Scene<'_>, event: &trace::Event<'_>) {
        self.compare_walk(scene, event);
        let event = self.translate(scene, event);
        self.events.extend(event);
    }
}
