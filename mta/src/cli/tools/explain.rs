//! `bangpath explain`: the story of addresses.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;

use mapper::SystemServices;
use ruleset_vm::mailer::find;
use ruleset_vm::trace::Tracer;
use ruleset_vm::{Exit, Parsed, Role, Target};
use workbench::engine::Engine;
use workbench::json::{Value, json, text};
use workbench::machine::NotAsked;
use workbench::source::Source;
use workbench::story::html::{self, Chapter};
use workbench::story::text::Shown;
use workbench::story::{self, Recorder, Story, WhyNot, sentence};

use super::conclusion;
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
    /// What the addresses are: envelope or header, sender or recipient, or two of them: header,sender
    #[arg(long = "as", value_name = "ROLE", value_delimiter = ',', value_parser = ["envelope", "header", "sender", "recipient"])]
    role: Vec<String>,
    /// Rewrites the addresses for this mailer, instead of resolving them
    #[arg(long, value_name = "MAILER")]
    mailer: Option<OsString>,
    /// Shows how far the rule on this line of the file matched, each time it was tried
    #[arg(long, value_name = "LINE")]
    why_not: Option<u32>,
    /// Writes one page of HTML, which needs no other file and no network, to FILE or standard output
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", conflicts_with = "format")]
    html: Option<OsString>,
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
    if let Some(path) = &explain.html {
        return match explain.page(path, mailer, &mut engine, &loaded, &source) {
            Ok(()) => exit::SAME,
            Err(error) => cannot(&format!("{}: {error}", path.to_string_lossy())),
        };
    }
    if explain.output.format == Format::Text {
        for line in unasked(&loaded) {
            terminal::print(&[&line[..], b"\n"].concat());
        }
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
        out.extend(self.conclusion(outcome, loaded).join(&b'\n'));
        out.extend_from_slice(b"\n\n");
        out
    }

    /// What came of the address: sentences, each a line.
    fn conclusion(&self, outcome: &Outcome, loaded: &Loaded) -> Vec<Vec<u8>> {
        if let Some((text, exit)) = &outcome.rewritten {
            let mailer = self.mailer.as_ref().map(|name| name.as_bytes()).unwrap_or_default();
            return vec![conclusion::rewritten(mailer, text, *exit)];
        }
        let alias = outcome.alias.as_deref();
        conclusion::resolved(loaded.configuration(), outcome.parsed.as_ref(), alias)
    }

    /// Writes the page, address by address.
    fn page(
        &self,
        path: &OsStr,
        mailer: Option<usize>,
        engine: &mut Engine<SystemServices>,
        loaded: &Loaded,
        source: &Source,
    ) -> io::Result<()> {
        let mut file = match path.as_bytes() {
            b"-" => None,
            path => Some(terminal::open_for_result(path)?),
        };
        let mut put = |part: &[u8]| match &mut file {
            Some(file) => file.write_all(part),
            None => {
                terminal::print(part);
                Ok(())
            }
        };
        let addresses: Vec<&[u8]> = self.addresses.iter().map(|given| given.as_bytes()).collect();
        put(&html::head(source, &addresses, &unasked(loaded)))?;
        for (index, address) in addresses.iter().enumerate() {
            let outcome = self.outcome(address, mailer, engine);
            let why_not = outcome.why_not.as_ref().zip(self.why_not);
            let chapter = Chapter {
                address,
                role: self.role_name(),
                story: &outcome.story,
                troubles: &outcome.complaints,
                why_not: why_not.map(|((attempts, entered), line)| (line, &attempts[..], *entered)),
                conclusion: &self.conclusion(&outcome, loaded),
            };
            put(&html::chapter(source, index + 1, chapter))?;
        }
        put(&html::tail())
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

/// What was not asked while the file was read: classes lack their members then. A line each.
fn unasked(loaded: &Loaded) -> Vec<Vec<u8>> {
    let line = |not_asked: &NotAsked| {
        let kind = not_asked.kind.name().as_bytes();
        [b"not asked for a class (--allow ", kind, b"): ", &not_asked.question].concat()
    };
    loaded.not_asked.iter().map(line).collect()
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
