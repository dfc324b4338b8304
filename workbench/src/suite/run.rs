//! Tries what tests are about; sessions are played by whoever can.

use std::collections::BTreeMap;

use ruleset_vm::mailer::find;
use ruleset_vm::trace::{Event, Scene, Tracer};
use ruleset_vm::{Exit, Parsed, Target};

use super::{Subject, Test};
use crate::answering::MapServices;
use crate::engine::Engine;
use crate::session::{Verdict, refusal};
use crate::story::{Firing, Recorder, Story};

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result.
    pub got: Got,
    /// The rule that decided it.
    pub rule: Option<Deciding>,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// There was nothing in the text.
    Nothing,
    /// An address goes here.
    Triple {
        /// The mailer.
        mailer: Vec<u8>,
        /// The host; empty for none.
        host: Vec<u8>,
        /// The user.
        user: Vec<u8>,
        /// A map could not answer now.
        deferred: bool,
    },
    /// An address is refused, with this reply.
    Refused(Vec<u8>),
    /// A text, and whether a map could not answer now.
    Text(Vec<u8>, bool),
    /// A hook ruleset has said this, and returned this workspace.
    Verdict(Verdict, Vec<u8>),
    /// A session.
    Session {
        /// Lines of replies, by how many lines had been typed.
        replies: BTreeMap<usize, Vec<Vec<u8>>>,
        /// Mail would be relayed.
        relayed: bool,
        /// Why, or why not.
        because: Vec<u8>,
    },
    /// It could not be tried, for this reason.
    Impossible(String),
}

/// A rule that has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// Its ruleset.
    pub ruleset: Vec<u8>,
    /// Where it stands.
    pub line: u32,
    /// Both sides.
    pub text: Vec<u8>,
}

impl Deciding {
    /// The rule in short.
    #[must_use]
    pub fn of(firing: &Firing) -> Self {
        let text = [b"R", &firing.lhs[..], b" -> ", &firing.rhs].concat();
        Self { ruleset: firing.ruleset.clone(), line: firing.span.line, text }
    }
}

/// Tells two of the same.
struct Both<'a>(Recorder, &'a mut dyn Tracer);

impl Tracer for Both<'_> {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        self.0.event(scene, event);
        self.1.event(scene, event);
    }
}

/// Tries a test that is no session; `also` hears every event.
pub fn run<S: MapServices>(test: &Test, engine: &mut Engine<S>, also: &mut dyn Tracer) -> Outcome {
    engine.reset();
    for (name, value) in &test.settings {
        engine.macros.set(name, value);
    }
    let mut tracer = Both(Recorder::new(engine.lookups()), also);
    let got = try_it(&test.subject, engine, &mut tracer);
    let story = tracer.0.finish(&engine.take_unasked());
    // what is wrong with maps is for others to say
    drop(engine.take_complaints());
    Outcome { got, rule: deciding(&test.subject, &story) }
}

fn deciding(subject: &Subject, story: &Story) -> Option<Deciding> {
    let firing = match subject {
        Subject::Address { .. } => story.decisive().or_else(|| story.settling()),
        _ => story.settling(),
    };
    firing.map(Deciding::of)
}

fn try_it<S: MapServices>(
    subject: &Subject,
    engine: &mut Engine<S>,
    tracer: &mut dyn Tracer,
) -> Got {
    match subject {
        Subject::Address { role, address } => match engine.resolve(address, *role, tracer) {
            None => Got::Nothing,
            Some(parsed) => triple(parsed, engine),
        },
        Subject::Rewrite { role, mailer, address } => {
            let Some(number) = find(&engine.configuration().mailers, mailer) else {
                return Got::Impossible(format!("there is no mailer {}", lossy(mailer)));
            };
            let (text, exit) = engine.rewrite_for(address, number, *role, tracer);
            Got::Text(text, exit == Exit::TEMPFAIL)
        }
        Subject::Rules { rulesets, text } => {
            let program = engine.configuration().program.clone();
            let mut numbers = Vec::new();
            for name in rulesets.split(|byte| *byte == b',') {
                match program.number(name) {
                    Some(number) => numbers.push(number),
                    None => {
                        return Got::Impossible(format!("there is no ruleset {}", lossy(name)));
                    }
                }
            }
            match engine.apply(&numbers, text, tracer) {
                None => Got::Nothing,
                Some(outcome) => Got::Text(words(engine, &outcome.workspace), false),
            }
        }
        Subject::Hook { ruleset, arguments } => {
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            match engine.hook(ruleset, &arguments, true, tracer) {
                None => Got::Impossible(format!("there is no ruleset {}", lossy(ruleset))),
                Some(outcome) => {
                    let answer = engine.verdict(&outcome.workspace);
                    let verdict = Verdict::of(&lossy(ruleset), answer);
                    Got::Verdict(verdict, words(engine, &outcome.workspace))
                }
            }
        }
        Subject::Session(_) => Got::Impossible("a session cannot be played here".to_owned()),
    }
}

fn triple<S: MapServices>(parsed: Parsed, engine: &Engine<S>) -> Got {
    match parsed.triple.mailer {
        Target::Error(status) => Got::Refused(refusal(&status)),
        Target::Mailer(number) => {
            let mailer = engine.configuration().mailers.get(number);
            Got::Triple {
                mailer: mailer.map(|mailer| mailer.name.clone()).unwrap_or_default(),
                host: parsed.triple.host.unwrap_or_default(),
                user: parsed.triple.user,
                deferred: parsed.deferred,
            }
        }
    }
}

/// A workspace as test mode shows it: words with blanks between.
fn words<S: MapServices>(engine: &Engine<S>, workspace: &[ruleset_vm::token::Token]) -> Vec<u8> {
    engine.words(workspace).join(&b' ')
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
