//! A story for machines (`docs/json.md`).

use super::{Attempt, Firing, Step, Story};
use crate::json::{Value, json, text, texts};

/// The steps of a story.
#[must_use]
pub fn story(story: &Story) -> Value {
    steps(&story.steps)
}

fn steps(list: &[Step]) -> Value {
    list.iter().map(step).collect()
}

fn step(step: &Step) -> Value {
    match step {
        Step::Ruleset(passage) => json!({
            "type": "ruleset",
            "ruleset": text(&passage.name),
            "number": passage.number,
            "before": texts(&passage.before),
            "after": texts(&passage.after),
            "tried": passage.tried,
            "steps": steps(&passage.steps),
        }),
        Step::Rule(firing) => rule(firing),
        Step::Map(asking) => json!({
            "type": "map",
            "map": text(&asking.map),
            "key": text(&asking.key),
            "args": texts(&asking.args),
            "value": asking.value.as_deref().map(text),
            "not_asked": asking.unasked.map(crate::machine::Kind::name),
        }),
        Step::Macro { name, value } => json!({
            "type": "macro",
            "name": text(name),
            "value": value.as_deref().map(text),
        }),
        Step::Skipped(name) => json!({ "type": "skipped", "ruleset": text(name) }),
        Step::Looping => json!({ "type": "looping" }),
        Step::Message(message) => json!({ "type": "message", "text": text(message) }),
    }
}

fn rule(firing: &Firing) -> Value {
    let captures: Value = firing.captures.iter().map(|(from, to)| json!([from, to])).collect();
    json!({
        "type": "rule",
        "ruleset": text(&firing.ruleset),
        "number": firing.number,
        "line": firing.span.line,
        "left": text(&firing.lhs),
        "right": text(&firing.rhs),
        "before": texts(&firing.before),
        "captures": captures,
        "after": firing.after.as_deref().map(texts),
        "steps": steps(&firing.steps),
    })
}

/// How far a rule matched.
#[must_use]
pub fn attempt(attempt: &Attempt) -> Value {
    json!({
        "ruleset": text(&attempt.ruleset),
        "workspace": texts(&attempt.workspace),
        "matched": attempt.matched,
        "left": texts(&attempt.lhs),
        "good": attempt.good,
        "used": attempt.used,
    })
}
