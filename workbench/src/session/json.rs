//! A session for machines (`docs/json.md`).

use ruleset_vm::Target;
use ruleset_vm::load::Configuration;

use super::{Asked, Conclusion, Exchange, Run, Said, Verdict, refusal};
use crate::json::{Value, json, text, texts};
use crate::story;

/// An exchange.
#[must_use]
pub fn exchange(exchange: &Exchange, configuration: &Configuration) -> Value {
    json!({
        "type": "exchange",
        "input": text(&exchange.input),
        "replies": texts(&exchange.replies),
        "complaint": exchange.complaint,
        "runs": exchange.runs.iter().map(|it| run(it, configuration)).collect::<Value>(),
    })
}

/// The last line of a session.
#[must_use]
pub fn conclusion(conclusion: &Conclusion) -> Value {
    json!({
        "type": "conclusion",
        "relayed": conclusion.relayed,
        "because": text(&conclusion.because),
    })
}

fn run(run: &Run, configuration: &Configuration) -> Value {
    let (kind, ruleset, arguments) = match &run.asked {
        Asked::Hook { ruleset, arguments } => ("hook", text(ruleset), texts(arguments)),
        Asked::Address { address, role } => {
            let kind = if role.sender { "sender" } else { "recipient" };
            (kind, Value::Null, json!([text(address)]))
        }
        Asked::Form(address) => ("form", Value::Null, json!([text(address)])),
        Asked::User(user) => ("user", Value::Null, json!([text(user)])),
        Asked::Typed { rulesets, text: typed } => ("typed", text(rulesets), json!([text(typed)])),
    };
    json!({
        "type": "run",
        "asked": kind,
        "ruleset": ruleset,
        "arguments": arguments,
        "said": said(&run.said, configuration),
        "line": run.rule().map(|rule| rule.span.line),
        "steps": story::json::story(&run.story),
        "cut": run.story.cut,
    })
}

fn said(said: &Said, configuration: &Configuration) -> Value {
    let plain = |verdict: &str| json!({ "verdict": verdict });
    match said {
        Said::Workspace | Said::Triple(None) => Value::Null,
        Said::Verdict(Verdict::Accept) => plain("accept"),
        Said::Verdict(Verdict::Discard) => plain("discard"),
        Said::Verdict(Verdict::Quarantine(reason)) => {
            json!({ "verdict": "quarantine", "text": text(reason) })
        }
        Said::Verdict(Verdict::Reject(status)) => {
            json!({ "verdict": "reject", "text": text(&refusal(status)) })
        }
        Said::Triple(Some(parsed)) => match &parsed.triple.mailer {
            Target::Error(status) => {
                json!({ "verdict": "reject", "text": text(&refusal(status)) })
            }
            Target::Mailer(number) => json!({
                "mailer": configuration.mailers.get(*number).map(|mailer| text(&mailer.name)),
                "host": parsed.triple.host.as_deref().map(text),
                "user": text(&parsed.triple.user),
            }),
        },
    }
}
