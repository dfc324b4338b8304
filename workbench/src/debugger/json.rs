//! A debugger for machines (`docs/json.md`).

use super::run::{Happening, Run};
use super::session::Debugger;
use super::watch::{self, Watch};
use super::{Difference, report};
use crate::json::{Value, json, text, texts};
use crate::story::Asking;

impl<R> Debugger<R> {
    /// Where the debugger is after a command; `None` before the first one.
    #[must_use]
    pub fn object(&self, command: Option<&[u8]>) -> Value {
        let (run, at) = (self.run(), self.at());
        let stack = run.stack(at);
        let stack = stack.iter().map(|(name, line)| json!({ "ruleset": text(name), "line": line }));
        json!({
            "type": "moment",
            "command": command.map(text),
            "message": text(self.message()),
            "moment": at + 1,
            "moments": run.last() + 1,
            "happens": happens(run, at),
            "text": text(&report::moment(run, at)),
            "line": run.rule(at).map(|rule| rule.span.line),
            "rulesets": stack.collect::<Value>(),
            "workspace": texts(run.workspace(at)),
            "watched": self.watches().iter().map(|watch| self.watched(watch)).collect::<Value>(),
            "difference": self.shown_difference().map(difference),
            "conclusion": texts(&run.conclusion),
            "troubles": texts(&run.troubles),
            "cut": run.cut,
        })
    }

    fn watched(&self, watch: &Watch) -> Value {
        let (run, at) = (self.run(), self.at());
        match watch {
            Watch::Macro(name) => {
                json!({ "macro": text(name), "value": run.macro_value(at, name).map(text) })
            }
            Watch::Class { name, count, .. } => {
                let classes = self.classes();
                let found = classes.map(|known| watch::members_in(run.workspace(at), name, known));
                json!({ "class": text(name), "words": count, "here": texts(&found.unwrap_or_default()) })
            }
        }
    }
}

fn happens(run: &Run, at: usize) -> Value {
    let Some(moment) = run.moment(at) else { return Value::Null };
    let named = |kind: &str, name: &[u8], value: Option<&[u8]>| json!({ "kind": kind, "macro": text(name), "value": value.map(text) });
    match &moment.happening {
        Happening::Entered => json!({ "kind": "entered" }),
        Happening::Failed { good, used } => {
            json!({ "kind": "failed", "good": good, "used": used })
        }
        Happening::Matched(took) => {
            let took: Value = took.iter().map(|(from, to)| json!([from, to])).collect();
            json!({ "kind": "matched", "captures": took })
        }
        Happening::Rewritten => json!({ "kind": "rewritten" }),
        Happening::Asked(asking) => asked("asked", asking),
        Happening::Answered(asking) => asked("answered", asking),
        Happening::Read { name, value } => named("read", name, value.as_deref()),
        Happening::Set { name, value } => named("set", name, value.as_deref()),
        Happening::Skipped(name) => json!({ "kind": "skipped", "ruleset": text(name) }),
        Happening::Looping => json!({ "kind": "looping" }),
        Happening::Said(message) => json!({ "kind": "said", "message": text(message) }),
        Happening::Left => json!({ "kind": "left" }),
        Happening::Ended => json!({ "kind": "ended" }),
    }
}

fn asked(kind: &str, asking: &Asking) -> Value {
    json!({
        "kind": kind,
        "map": text(&asking.map),
        "key": text(&asking.key),
        "args": texts(&asking.args),
        "value": asking.value.as_deref().map(text),
        "not_asked": asking.unasked.map(crate::machine::Kind::name),
    })
}

fn difference(difference: &Difference) -> Value {
    let Difference { line, text: [was, is], conclusion: [before, after], part, fired, .. } =
        difference;
    let [no_longer, new] = fired;
    json!({
        "line": line,
        "was": text(was),
        "now": text(is),
        "conclusion_was": texts(before),
        "conclusion_now": texts(after),
        "part": part.map(|at| at + 1),
        "no_longer_fire": no_longer,
        "newly_fire": new,
    })
}
