//! `bangpath explain`: the story of addresses.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use mapper::SystemServices;
use ruleset_vm::mailer::find;
use ruleset_vm::trace::Tracer;
use ruleset_vm::{Exit, Parsed, Role, Target};
use workbench::engine::Engine;
use workbench::json::{Value, json, text};
use workbench::source::Source;
use workbench::story::text::Shown;
use workbench::story::{self, Recorder, Story, WhyNot, sentence};

use super::exit;
use super::output::{self, Format, Output, cannot};
use super::subject::{Loaded, Subject};
use crate::sys::terminal;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// What the addresses are: envelope or header, sender or recipient
    #[arg(long = "as", value_name = "ROLE", num_args = 1..=2, value_parser = ["envelope", "header", "sender", "recipient"])]
    role: Vec<String>,
    /// Rewrites the addresses for this mailer, instead of resolving them
    #[arg(long, value_name = "MAILER")]
    mailer: Option<OsString>,
    /// Shows how far the rule on this line of the file matched, each time it was tried
    #[arg(long, value_name = "LINE")]
    why_not: Option<u32>,
    /// The addresses
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<OsString>,
}

/// What happened to one address.
struct Outcome {
    story: Story,
    parsed: Option<Parsed>,
    /// What the mailer sees, and whether a map failed for now.
    rewritten: Option<(Vec<u8>, Exit)>,
    alias: Option<Vec<u8>>,
    why_not: Option<(Vec<story::Attempt>, usize)>,
    complaints: Vec<Vec<u8>>,
}

/// Runs it.
pub(in crate::cli) fn run(explain: &Explain) -> u8 {
    let loaded = match explain.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let mailer = match &explain.mailer {
        None => None,
        Some(name) => match find(&loaded.configuration().mailers, name.as_bytes()) {
            Some(number) => Some(number),
            None => {
                return cannot(&format!("no mailer {}", name.to_string_lossy()));
            }
        },
    };
    let source = Source::new(&loaded.reading.path, &loaded.source);
    let mut engine = loaded.engine();
    if explain.output.format == Format::Text {
        terminal::print(&unasked(&loaded));
    }
    for address in &explain.addresses {
        let outcome = explain.outcome(address.as_bytes(), mailer, &mut engine);
        match explain.output.format {
            Format::Json => Output::object(&explain.object(address.as_bytes(), &outcome, &loaded)),
            Format::Text => {
                terminal::print(&explain.text(address.as_bytes(), &outcome, &loaded, &source));
            }
        }
    }
    exit::SAME
}

impl Explain {
    fn role(&self) -> Role {
        let has = |word: &str| self.role.iter().any(|given| given == word);
        Role { header: has("header"), sender: has("sender") }
    }

    /// The role in words.
    fn role_name(&self) -> &'static str {
        match self.role() {
            Role { header: false, sender: false } => "envelope recipient",
            Role { header: false, sender: true } => "envelope sender",
            Role { header: true, sender: false } => "header recipient",
            Role { header: true, sender: true } => "header sender",
        }
    }

    fn outcome(
        &self,
        address: &[u8],
        mailer: Option<usize>,
        engine: &mut Engine<SystemServices>,
    ) -> Outcome {
        engine.reset();
        let recorder = Recorder::new(engine.lookups());
        let (recorder, why_not, (parsed, rewritten)) = match self.why_not {
            Some(line) => {
                let mut watching = WhyNot::new(recorder, line);
                let result = self.follow(address, mailer, engine, &mut watching);
                let why_not = (std::mem::take(&mut watching.attempts), watching.entered);
                (watching.into_recorder(), Some(why_not), result)
            }
            None => {
                let mut recorder = recorder;
                let result = self.follow(address, mailer, engine, &mut recorder);
                (recorder, None, result)
            }
        };
        let story = recorder.finish(&engine.take_unasked());
        let alias = parsed.as_ref().and_then(|parsed| engine.alias_of(&parsed.triple));
        let complaints = engine.take_complaints();
        Outcome { story, parsed, rewritten, alias, why_not, complaints }
    }

    /// Resolves the address, or rewrites it for a mailer.
    fn follow(
        &self,
        address: &[u8],
        mailer: Option<usize>,
        engine: &mut Engine<SystemServices>,
        tracer: &mut dyn Tracer,
    ) -> (Option<Parsed>, Option<(Vec<u8>, Exit)>) {
        let role = self.role();
        if let Some(mailer) = mailer {
            return (None, Some(engine.rewrite_for(address, mailer, role, tracer)));
        }
        (engine.resolve(address, role, tracer), None)
    }

    fn text(&self, address: &[u8], outcome: &Outcome, loaded: &Loaded, source: &Source) -> Vec<u8> {
        let shown = Shown { source, colour: output::colour() };
        let role = self.role_name().as_bytes();
        let mut out = [role, b" ", address, b"\n\n", &shown.story(&outcome.story)].concat();
        for complaint in &outcome.complaints {
            out.extend([b"trouble: ", &complaint[..], b"\n"].concat());
        }
        out.push(b'\n');
        if let (Some(line), Some((attempts, entered))) = (self.why_not, &outcome.why_not) {
            out.extend(shown.attempts(line, attempts, *entered));
            out.push(b'\n');
        }
        let configuration = loaded.configuration();
        match &outcome.rewritten {
            Some((text, exit)) => {
                let mailer = self.mailer.as_ref().map(|name| name.as_bytes()).unwrap_or_default();
                out.extend([b"For mailer ", mailer, b" it is ", &text[..], b"."].concat());
                if *exit == Exit::TEMPFAIL {
                    out.extend_from_slice(b" But a map could not answer now.");
                }
            }
            None => {
                if let Some(parsed) = &outcome.parsed {
                    out.extend(triple_line(parsed, loaded));
                }
                let parsed = outcome.parsed.as_ref();
                out.extend(sentence::closing(configuration, parsed, outcome.alias.as_deref()));
            }
        }
        out.extend_from_slice(b"\n\n");
        out
    }

    fn object(&self, address: &[u8], outcome: &Outcome, loaded: &Loaded) -> Value {
        let configuration = loaded.configuration();
        let parsed = outcome.parsed.as_ref();
        let mut object = json!({
            "type": "explanation",
            "address": text(address),
            "role": self.role_name(),
            "steps": story::json::story(&outcome.story),
            "cut": outcome.story.cut,
            "messages": outcome.complaints.iter().map(|c| text(c)).collect::<Value>(),
        });
        let mut put = |name: &str, value: Value| {
            if let Some(map) = object.as_object_mut() {
                map.insert(name.to_owned(), value);
            }
        };
        if let Some(mailer) = &self.mailer {
            put("mailer", text(mailer.as_bytes()));
        }
        if let Some((rewritten, exit)) = &outcome.rewritten {
            put("rewritten", text(rewritten));
            put("deferred", Value::from(*exit == Exit::TEMPFAIL));
        } else {
            put("triple", parsed.map_or(Value::Null, |parsed| triple(parsed, loaded)));
            let closing = sentence::closing(configuration, parsed, outcome.alias.as_deref());
            put("sentence", text(&closing));
            put("alias", outcome.alias.as_deref().map_or(Value::Null, text));
        }
        if let Some((attempts, entered)) = &outcome.why_not {
            put("line", Value::from(self.why_not));
            put("entered", Value::from(*entered));
            put("attempts", attempts.iter().map(story::json::attempt).collect());
        }
        object
    }
}

/// What was not asked while the file was read: classes lack their members then.
fn unasked(loaded: &Loaded) -> Vec<u8> {
    let lines = loaded.not_asked.iter().map(|not_asked| {
        let kind = not_asked.kind.name().as_bytes();
        [b"not asked for a class (--allow ", kind, b"): ", &not_asked.question, b"\n"].concat()
    });
    lines.collect::<Vec<_>>().concat()
}

/// `mailer esmtp, host example.com, user alice@example.com`
fn triple_line(parsed: &Parsed, loaded: &Loaded) -> Vec<u8> {
    let triple = &parsed.triple;
    let mailers = &loaded.configuration().mailers;
    let Target::Mailer(number) = &triple.mailer else { return Vec::new() };
    let name = mailers.get(*number).map(|mailer| &mailer.name[..]).unwrap_or_default();
    let mut out = [b"mailer ", name].concat();
    if let Some(host) = &triple.host {
        out.extend([b", host ", &host[..]].concat());
    }
    out.extend([b", user ", &triple.user[..], b"\n"].concat());
    out
}

fn triple(parsed: &Parsed, loaded: &Loaded) -> Value {
    let triple = &parsed.triple;
    match &triple.mailer {
        Target::Mailer(number) => {
            let mailer = loaded.configuration().mailers.get(*number);
            json!({
                "mailer": mailer.map(|mailer| text(&mailer.name)),
                "host": triple.host.as_deref().map(text),
                "user": text(&triple.user),
                "deferred": parsed.deferred,
            })
        }
        Target::Error(status) => json!({
            "mailer": "error",
            "reply": status.reply,
            "enhanced": status.enhanced.map(|enhanced| enhanced.to_string()),
            "text": text(&status.text),
            "deferred": parsed.deferred,
        }),
    }
}
